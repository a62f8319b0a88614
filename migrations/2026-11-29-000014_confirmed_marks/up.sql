-- Files whose words a program could not read, or not all of them, by what they are.
CREATE TABLE unread_files (
    sha256 BYTEA PRIMARY KEY NOT NULL,
    legibility TEXT NOT NULL CHECK (legibility IN ('none', 'part')),
    found_at BIGINT NOT NULL
);

-- Who has looked through such a file for a notice, and says that it is not classified.
CREATE TABLE file_vouchers (
    event_id TEXT PRIMARY KEY NOT NULL,
    notice_id TEXT NOT NULL REFERENCES notices (id),
    sha256 BYTEA NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    vouched_at BIGINT NOT NULL,
    UNIQUE (notice_id, sha256)
);

-- What looked like a marking and was confirmed by a releaser to be ordinary words: the digest of
-- the line or file it stands in, which is part of the notice from then on.
CREATE TABLE confirmed_marks (
    notice_id TEXT NOT NULL REFERENCES notices (id),
    finding BYTEA NOT NULL,
    event_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    reason TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    PRIMARY KEY (notice_id, finding)
);
