// Live counts.
