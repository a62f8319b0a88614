-- Portable over SQLite and PostgreSQL. Times are microseconds UTC, ids and enums are text,
-- bytes are BYTEA, JSON is text; file content is never in a row.

-- Directory -------------------------------------------------------------------------------

CREATE TABLE organizations (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'org\_%' ESCAPE '\'),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    region_code TEXT NOT NULL,
    parent_id TEXT REFERENCES organizations (id),
    superior_rule TEXT NOT NULL CHECK (superior_rule IN ('declared', 'none', 'unstated')),
    superior_id TEXT REFERENCES organizations (id),
    working_hours TEXT,
    tree_path TEXT NOT NULL,
    tree_depth INTEGER NOT NULL,
    changed_at BIGINT NOT NULL,
    retired_at BIGINT,
    CHECK ((superior_rule = 'declared') = (superior_id IS NOT NULL))
);
CREATE INDEX organizations_in_tree_order ON organizations (tree_path);

CREATE TABLE organization_aliases (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    alias TEXT NOT NULL,
    PRIMARY KEY (organization_id, alias)
);

CREATE TABLE desks (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'dsk\_%' ESCAPE '\'),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('mail_room', 'duty_desk')),
    round_the_clock BOOLEAN NOT NULL,
    hours TEXT,
    phone TEXT,
    night_phone TEXT
);

CREATE TABLE desk_organizations (
    desk_id TEXT NOT NULL REFERENCES desks (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (desk_id, organization_id)
);
CREATE INDEX desk_organizations_by_organization ON desk_organizations (organization_id);

CREATE TABLE contacts (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ctc\_%' ESCAPE '\'),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    desk_id TEXT REFERENCES desks (id),
    role TEXT NOT NULL
        CHECK (role IN ('primary', 'deputy', 'duty_desk', 'duty_leader', 'office_head')),
    name TEXT NOT NULL,
    post TEXT,
    retired_at BIGINT
);
-- One contact for each role at each desk; some sit at no desk.
CREATE UNIQUE INDEX contacts_by_seat
    ON contacts (organization_id, role, coalesce(desk_id, ''));

CREATE TABLE contact_addresses (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'adr\_%' ESCAPE '\'),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    kind TEXT NOT NULL CHECK (kind IN ('email', 'phone', 'mobile', 'webhook')),
    address TEXT NOT NULL,
    place INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('unverified', 'verified', 'failing', 'retired')),
    status_at BIGINT NOT NULL,
    UNIQUE (contact_id, kind, address)
);

-- Accounts --------------------------------------------------------------------------------

CREATE TABLE accounts (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'acc\_%' ESCAPE '\'),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    login TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    phone TEXT,
    password_hash TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE account_roles (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL CHECK (role IN ('clerk', 'releaser', 'duty', 'administrator', 'auditor')),
    PRIMARY KEY (account_id, role)
);

CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    epoch INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE sign_in_tries (
    login_hash BYTEA PRIMARY KEY NOT NULL,
    failed INTEGER NOT NULL,
    last_failed_at BIGINT NOT NULL,
    blocked_until BIGINT
);

CREATE TABLE bootstrap_secrets (
    secret_hash BYTEA PRIMARY KEY NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE form_posts (
    form_key TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    subject TEXT NOT NULL,
    posted_at BIGINT NOT NULL
);

-- Notices ---------------------------------------------------------------------------------

CREATE TABLE notices (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ntc\_%' ESCAPE '\'),
    issuer_id TEXT NOT NULL REFERENCES organizations (id),
    author_id TEXT NOT NULL REFERENCES accounts (id),
    state TEXT NOT NULL CHECK (state IN ('draft', 'awaiting_release', 'issued', 'closed',
        'archived', 'recalled', 'revoked', 'abolished', 'superseded')),
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    title TEXT NOT NULL,
    urgency TEXT NOT NULL,
    document_number TEXT NOT NULL,
    number_code TEXT,
    number_year INTEGER,
    number_serial INTEGER,
    created_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    issued_at BIGINT,
    deadline_at BIGINT,
    -- 更正: the notice whose place this one takes when it is issued, and, there, which one took it.
    corrects_id TEXT REFERENCES notices (id),
    superseded_by_id TEXT REFERENCES notices (id),
    UNIQUE (issuer_id, number_code, number_year, number_serial),
    CHECK ((issued_at IS NULL) = (state IN ('draft', 'awaiting_release')))
);
CREATE INDEX notices_of_issuer ON notices (issuer_id, saved_at);

CREATE TABLE notice_versions (
    notice_id TEXT NOT NULL REFERENCES notices (id),
    version INTEGER NOT NULL,
    header TEXT NOT NULL,
    digest BYTEA,
    ladder TEXT,
    issued_at BIGINT,
    issued_by TEXT REFERENCES accounts (id),
    PRIMARY KEY (notice_id, version)
);

CREATE TABLE notice_files (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'fil\_%' ESCAPE '\'),
    notice_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    place INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('main', 'attachment')),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    FOREIGN KEY (notice_id, version) REFERENCES notice_versions (notice_id, version)
);
CREATE INDEX notice_files_by_version ON notice_files (notice_id, version);

CREATE TABLE notice_picks (
    notice_id TEXT NOT NULL REFERENCES notices (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    addressee TEXT NOT NULL CHECK (addressee IN ('primary', 'copy')),
    reason TEXT NOT NULL,
    PRIMARY KEY (notice_id, organization_id)
);

CREATE TABLE notice_decisions (
    event_id TEXT PRIMARY KEY NOT NULL,
    notice_id TEXT NOT NULL REFERENCES notices (id),
    version INTEGER NOT NULL,
    decision TEXT NOT NULL
        CHECK (decision IN ('submitted', 'sent_back', 'released', 'oral_approval',
            'released_after', 'refused_after')),
    digest BYTEA NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    decided_at BIGINT NOT NULL,
    reason TEXT,
    approver_name TEXT,
    approver_phone TEXT
);
CREATE INDEX notice_decisions_by_notice ON notice_decisions (notice_id, decided_at);

CREATE TABLE notice_tallies (
    notice_id TEXT PRIMARY KEY NOT NULL REFERENCES notices (id),
    pending BIGINT NOT NULL,
    handed_over BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    acknowledged BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    recalled BIGINT NOT NULL,
    unreachable BIGINT NOT NULL
);

-- Deliveries ------------------------------------------------------------------------------

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'dlv\_%' ESCAPE '\'),
    notice_id TEXT NOT NULL REFERENCES notices (id),
    version INTEGER NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    organization_name TEXT NOT NULL,
    addressee TEXT NOT NULL CHECK (addressee IN ('primary', 'copy')),
    reason TEXT NOT NULL,
    tree_path TEXT NOT NULL,
    tree_depth INTEGER NOT NULL,
    deadline_at BIGINT,
    deadline_origin TEXT,
    unreachable BOOLEAN NOT NULL,
    handed_over_at BIGINT,
    fetched_at BIGINT,
    opened_at BIGINT,
    downloaded_at BIGINT,
    -- The signature that answered: when, and its receipt. Here and not looked for among the
    -- receipts, so that there is one and no more, and no index by delivery has to be kept.
    acknowledged_at BIGINT,
    receipt_id TEXT,
    returned_at BIGINT,
    recalled_at BIGINT,
    -- What was recorded at the deadline: it was there and unsigned, or it had never arrived.
    overdue_at BIGINT,
    not_reached_at BIGINT,
    -- 终止催签 by a named person; who and why stands in chase_stops.
    chase_stopped_at BIGINT,
    -- The head of its ladder: the next of its rungs, and when that is due; none once nobody is
    -- chased any more. Here and not with the rungs, so that an answer ends the ladder in the row
    -- it changes anyway, and steps cannot overtake each other.
    next_step INTEGER,
    next_due_at BIGINT,
    UNIQUE (notice_id, organization_id),
    CHECK ((next_step IS NULL) = (next_due_at IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (receipt_id IS NULL))
);
CREATE INDEX deliveries_due ON deliveries (next_due_at) WHERE next_due_at IS NOT NULL;
-- Those the self-check asks about each minute: unanswered, and nothing is next. Whoever is still
-- chased is not among them, so that an answer leaves it alone.
CREATE INDEX deliveries_headless ON deliveries (notice_id) WHERE next_due_at IS NULL
    AND acknowledged_at IS NULL AND recalled_at IS NULL AND chase_stopped_at IS NULL;

CREATE TABLE links (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'lnk\_%' ESCAPE '\'),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    address_id TEXT NOT NULL REFERENCES contact_addresses (id),
    generation INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    UNIQUE (delivery_id, address_id)
);

CREATE TABLE rungs (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'rng\_%' ESCAPE '\'),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    step INTEGER NOT NULL,
    action TEXT NOT NULL,
    ways TEXT CHECK (ways IN ('every', 'first')),
    planned_at BIGINT NOT NULL,
    fired_at BIGINT,
    -- What firing it came to: messages or tasks were made, or nobody could be reached by it.
    outcome TEXT CHECK (outcome = 'acted' OR outcome = 'gap' OR outcome = 'moot'),
    -- Nothing will come of it, or the issue itself has done it. What an end leaves of a ladder
    -- is not closed row by row: it has no head any more.
    closed_at BIGINT,
    closed_why TEXT,
    UNIQUE (delivery_id, step),
    CHECK (fired_at IS NULL OR closed_at IS NULL)
);

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'msg\_%' ESCAPE '\'),
    -- A message about a notice as a whole, or about an address, has no delivery.
    notice_id TEXT REFERENCES notices (id),
    version INTEGER NOT NULL,
    delivery_id TEXT REFERENCES deliveries (id),
    address_id TEXT NOT NULL REFERENCES contact_addresses (id),
    -- The id of what it tells of, where that is neither notice nor delivery.
    about TEXT,
    link_id TEXT REFERENCES links (id),
    -- Words are compared one by one: for a list of three or more, SQLite builds and drops a table
    -- at each row that is written.
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'webhook'),
    step INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    lane INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state = 'waiting' OR state = 'leased' OR state = 'handed_over'
            OR state = 'cancelled' OR state = 'dead'),
    -- When a worker may next take it: the retry time while waiting, the end of the lease while
    -- leased. So a stale lease needs no sweeper: it is simply due again.
    due_at BIGINT,
    lease_token TEXT,
    -- Attempts begun, counted before each; of these, how many use up no try (the way was broken,
    -- or the lease ended before this message's turn); how many may have arrived unseen.
    attempts INTEGER NOT NULL,
    spared INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    finished_why TEXT,
    UNIQUE (delivery_id, version, address_id, channel, purpose, step),
    CHECK ((due_at IS NULL)
        = (state = 'handed_over' OR state = 'cancelled' OR state = 'dead')),
    CHECK ((lease_token IS NOT NULL) = (state = 'leased'))
);
CREATE UNIQUE INDEX messages_once_without_delivery
    ON messages (purpose, about, address_id, channel, step) WHERE delivery_id IS NULL;
CREATE INDEX messages_due ON messages (lane, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE attempts (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'att\_%' ESCAPE '\'),
    message_id TEXT NOT NULL REFERENCES messages (id),
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    UNIQUE (message_id, number)
);

-- How an attempt ended; an attempt without a row here was never reported. A table of its own, so
-- that what differs from row to row is inserted in one statement and never updated.
CREATE TABLE attempt_outcomes (
    attempt_id TEXT PRIMARY KEY NOT NULL REFERENCES attempts (id),
    ended_at BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'not_sent', 'channel_fault', 'rejected',
        'unknown', 'not_tried')),
    phase TEXT,
    relay TEXT,
    -- What the relay said, or what happened: one line, without addresses.
    reply TEXT NOT NULL,
    -- The mail was on its way when the answer was committed.
    crossed BOOLEAN NOT NULL
);

CREATE TABLE receipts (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'rcp\_%' ESCAPE '\'),
    -- No foreign key: the write that makes a receipt holds its delivery, no delivery is ever
    -- deleted, and a burst would look each of them up once more.
    delivery_id TEXT NOT NULL,
    -- A signature by link that came after a 电话确认 or 代收: it stands beside the receipt that
    -- answered, and changes nothing about it.
    beside BOOLEAN NOT NULL,
    -- Its last ten characters are those of the id, so a number is looked for among the ids of
    -- its day and needs no index of its own.
    number TEXT NOT NULL,
    -- As of messages: no list, because a receipt is written for each signature of a burst.
    mode TEXT NOT NULL CHECK (mode = 'self' OR mode = 'on_behalf' OR mode = 'phone'),
    grade TEXT NOT NULL,
    authority TEXT,
    signer_name TEXT NOT NULL,
    signer_post TEXT NOT NULL,
    signer_phone TEXT NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    late BOOLEAN NOT NULL,
    event_id TEXT NOT NULL,
    jws TEXT NOT NULL
);
CREATE UNIQUE INDEX receipts_beside ON receipts (delivery_id) WHERE beside;

CREATE TABLE returns (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'ret\_%' ESCAPE '\'),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    kind TEXT NOT NULL CHECK (kind IN ('return', 'ask_again')),
    reason TEXT NOT NULL,
    explanation TEXT NOT NULL,
    name TEXT NOT NULL,
    post TEXT NOT NULL,
    phone TEXT NOT NULL,
    returned_at BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    -- The issuer's answer: a 退文 accepted or refused, a good copy sent.
    decision TEXT CHECK (decision IN ('accepted', 'refused', 'answered')),
    decided_at BIGINT,
    decided_by TEXT REFERENCES accounts (id),
    decided_why TEXT,
    CHECK ((decision IS NULL) = (decided_at IS NULL))
);
CREATE INDEX returns_by_delivery ON returns (delivery_id);

CREATE TABLE viewings (
    event_id TEXT PRIMARY KEY NOT NULL,
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    name TEXT NOT NULL,
    post TEXT NOT NULL,
    phone TEXT NOT NULL,
    registered_at BIGINT NOT NULL
);
CREATE INDEX viewings_by_delivery ON viewings (delivery_id);

-- Nonces begin with the instant of their form, so that one more touches the last page only.
CREATE TABLE spent_nonces (
    nonce BYTEA PRIMARY KEY NOT NULL,
    ends_at BIGINT NOT NULL
);

-- Evidence --------------------------------------------------------------------------------

CREATE TABLE events (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'evt\_%' ESCAPE '\'),
    kind TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    notice_id TEXT,
    delivery_id TEXT,
    bytes BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL
);
CREATE INDEX events_by_subject ON events (notice_id, delivery_id);

-- The personal values of an event and their salts by name, JSON; deleting the row forgets them.
CREATE TABLE event_personal (
    -- No foreign key: written with its event, which is never deleted.
    event_id TEXT PRIMARY KEY NOT NULL,
    known TEXT NOT NULL
);
