-- What people of the issuing office and of the recipients tell each other about who answers.

-- Who sits at a recipient's duty desk tonight, as told through its link; the last word counts,
-- until the morning.
CREATE TABLE duty_tonight (
    event_id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    officer_name TEXT NOT NULL,
    leader_name TEXT,
    phone TEXT NOT NULL,
    told_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
CREATE INDEX duty_tonight_by_organization ON duty_tonight (organization_id, until_at);

-- What a 市州 reported back of the calls it was asked to make to its counties.
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

CREATE INDEX calls_by_time ON calls (called_at);
CREATE INDEX calls_by_notice ON calls (notice_id, called_at);
