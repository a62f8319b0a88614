DROP TABLE delegated_calls;
DROP TABLE delegations;
CREATE TABLE delegation_reports (
    event_id TEXT PRIMARY KEY NOT NULL,
    notice_id TEXT NOT NULL REFERENCES notices (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    reached BIGINT NOT NULL,
    unreached BIGINT NOT NULL,
    reporter_name TEXT NOT NULL,
    note TEXT,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    reported_at BIGINT NOT NULL
);
CREATE INDEX delegation_reports_by_notice ON delegation_reports (notice_id, reported_at);
