CREATE TABLE spent_nonces (
    nonce BYTEA PRIMARY KEY NOT NULL,
    ends_at BIGINT NOT NULL
);
ALTER TABLE receipts DROP COLUMN form_nonce;
