-- A form belongs to one delivery and signs at most once, so the receipt it gave is the memory of
-- its nonce: no table of its own, and nothing to forget.
ALTER TABLE receipts ADD COLUMN form_nonce BYTEA;
DROP TABLE spent_nonces;
