-- Whether addresses work, and the rules that an administrator may change.

-- A check of one address: by a mailed code or by a call that somebody made.
CREATE TABLE verification_rounds (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'vrd\_%' ESCAPE '\'),
    scope TEXT NOT NULL CHECK (scope IN ('all', 'due', 'branch')),
    organization_id TEXT REFERENCES organizations (id),
    started_at BIGINT NOT NULL,
    started_by TEXT NOT NULL REFERENCES accounts (id),
    ends_at BIGINT NOT NULL,
    CHECK ((scope = 'branch') = (organization_id IS NOT NULL))
);

CREATE TABLE address_verifications (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ver\_%' ESCAPE '\'),
    address_id TEXT NOT NULL REFERENCES contact_addresses (id),
    round_id TEXT REFERENCES verification_rounds (id),
    sent_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    confirmed_at BIGINT,
    how TEXT CHECK (how IN ('code', 'call')),
    confirmed_by TEXT REFERENCES accounts (id),
    UNIQUE (round_id, address_id),
    CHECK ((confirmed_at IS NULL) = (how IS NULL))
);
CREATE INDEX address_verifications_by_address ON address_verifications (address_id, sent_at);

-- Mails that came back to the return path, each taken once.
CREATE TABLE bounces (
    digest TEXT PRIMARY KEY NOT NULL,
    read_at BIGINT NOT NULL,
    kind TEXT NOT NULL
        CHECK (kind IN ('failed', 'delayed', 'delivered', 'automatic', 'unknown', 'forged')),
    message_id TEXT REFERENCES messages (id),
    status TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX bounces_by_message ON bounces (message_id);

-- Rules as text, one row per version; what is shipped is version 0 and has no row.
CREATE TABLE rule_versions (
    kind TEXT NOT NULL CHECK (kind IN ('policy', 'calendar')),
    version INTEGER NOT NULL CHECK (version > 0),
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    activated_at BIGINT NOT NULL,
    account_id TEXT REFERENCES accounts (id),
    reason TEXT NOT NULL,
    PRIMARY KEY (kind, version)
);
