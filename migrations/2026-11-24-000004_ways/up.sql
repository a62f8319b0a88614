-- Ways to reach people beside mail.

-- What a code in a short message is found by: a MAC of it, never the code. One for each link;
-- two links may share a code, then the phone's last digits tell them apart.
CREATE TABLE short_codes (
    link_id TEXT PRIMARY KEY NOT NULL REFERENCES links (id),
    code_hash BYTEA NOT NULL,
    ends_at BIGINT NOT NULL,
    -- Wrong digits typed for it; at the limit it opens nothing any more.
    tries INTEGER NOT NULL
);
CREATE INDEX short_codes_by_hash ON short_codes (code_hash);

-- The health of a way is read from what ended lately.
CREATE INDEX attempt_outcomes_lately ON attempt_outcomes (ended_at);
