-- The self-check looks every minute at the steps taken lately, however many there ever were.
CREATE INDEX rungs_fired ON rungs (fired_at) WHERE fired_at IS NOT NULL;
