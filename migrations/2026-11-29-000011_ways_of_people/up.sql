-- The calls that the desk of a 市州 makes for an issuing office, and what it reports of them.

DROP TABLE delegation_reports;

CREATE TABLE delegations (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'dlg\_%' ESCAPE '\'),
    notice_id TEXT NOT NULL REFERENCES notices (id),
    issuer_id TEXT NOT NULL REFERENCES organizations (id),
    -- The 市州 whose desk calls.
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    asked_at BIGINT NOT NULL,
    -- What is not reported by then, the issuer's own people call.
    due_at BIGINT NOT NULL,
    -- Who reported last, and when.
    reporter_name TEXT,
    reporter_phone TEXT,
    reported_at BIGINT,
    ended_at BIGINT,
    ended_why TEXT CHECK (
        ended_why IN ('reported', 'revoked', 'overdue', 'answered', 'notice_ended',
            'undelivered')),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE INDEX delegations_due ON delegations (due_at) WHERE ended_at IS NULL;
CREATE INDEX delegations_of_issuer ON delegations (issuer_id, asked_at);

CREATE TABLE delegated_calls (
    delegation_id TEXT NOT NULL REFERENCES delegations (id),
    task_id TEXT NOT NULL REFERENCES call_tasks (id),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    outcome TEXT CHECK (outcome IN ('told', 'not_reached')),
    callee_name TEXT,
    reported_at BIGINT,
    PRIMARY KEY (delegation_id, task_id),
    CHECK ((outcome IS NULL) = (reported_at IS NULL))
);
