-- What the times of a delivery were reckoned from, where working days count: so that a corrected
-- holiday table, and nothing else that changed meanwhile, moves what is still to come. Deliveries
-- whose clock never stops have no row.
CREATE TABLE delivery_clocks (
    delivery_id TEXT PRIMARY KEY NOT NULL REFERENCES deliveries (id),
    counted_from BIGINT NOT NULL,
    -- The deadline that the notice itself states, if it does.
    explicit_at BIGINT,
    hours TEXT NOT NULL,
    manned BOOLEAN NOT NULL
);
