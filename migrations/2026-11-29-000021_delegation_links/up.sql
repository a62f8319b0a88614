-- The links to the list of a 代拨: one for each address of the desk that it was sent to. A new
-- generation makes every earlier token of it worthless.
CREATE TABLE delegation_links (
    delegation_id TEXT NOT NULL REFERENCES delegations (id),
    address_id TEXT NOT NULL REFERENCES contact_addresses (id),
    generation INTEGER NOT NULL CHECK (generation > 0),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (delegation_id, address_id)
);
