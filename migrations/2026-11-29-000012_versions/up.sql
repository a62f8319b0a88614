-- What a person answered for when a notice went out.

-- 对该单位先行发出: what the directory lacked for the organisation, who decided, and why.
CREATE TABLE gap_issues (
    delivery_id TEXT PRIMARY KEY NOT NULL REFERENCES deliveries (id),
    event_id TEXT NOT NULL,
    gaps TEXT NOT NULL,
    reason TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    decided_at BIGINT NOT NULL
);

-- 先发后补: the formal 核发 that is owed for a notice that went out on an oral approval. A refusal
-- is an answer too, and the releaser may still give it later.
CREATE TABLE release_debts (
    notice_id TEXT PRIMARY KEY NOT NULL REFERENCES notices (id),
    oral_event_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    outcome TEXT CHECK (outcome IN ('released', 'refused')),
    settled_at BIGINT,
    settled_by TEXT REFERENCES accounts (id),
    why TEXT,
    CHECK ((outcome IS NULL) = (settled_at IS NULL))
);
CREATE INDEX release_debts_open ON release_debts (due_at) WHERE outcome IS NULL;
