//! Puts the real halves together.
