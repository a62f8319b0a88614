-- What enforces a notice after it was issued: calls, ends, explanations, and the engine's own marks.

-- Calls that a person owes --------------------------------------------------------------------

-- One open task per delivery and kind: a later step of the ladder raises the same task again.
CREATE TABLE call_tasks (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'tsk\_%' ESCAPE '\'),
    issuer_id TEXT NOT NULL REFERENCES organizations (id),
    notice_id TEXT NOT NULL REFERENCES notices (id),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    kind TEXT NOT NULL CHECK (kind IN ('call', 'confirm_grade', 'returned', 'asked_again',
        'held_submission', 'offer_leader', 'offer_superior', 'tell_end')),
    -- Why it is owed: the code of a rung's act, of a gap, or of what the recipient did.
    reason TEXT NOT NULL,
    -- Rank of the notice's level, 0 for 特提.
    lane INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    -- When it is owed (again): raised by each call rung, moved by 答应×时前签收.
    due_at BIGINT NOT NULL,
    raised INTEGER NOT NULL,
    claimed_by TEXT REFERENCES accounts (id),
    claimed_until BIGINT,
    -- The 市州 whose desk was asked to make its counties' calls.
    delegated_to TEXT REFERENCES organizations (id),
    closed_at BIGINT,
    closed_why TEXT,
    closed_by TEXT REFERENCES accounts (id)
);
CREATE UNIQUE INDEX call_tasks_open ON call_tasks (delivery_id, kind) WHERE closed_at IS NULL;
CREATE INDEX call_tasks_in_order ON call_tasks (issuer_id, lane, due_at) WHERE closed_at IS NULL;

CREATE TABLE calls (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'cal\_%' ESCAPE '\'),
    task_id TEXT REFERENCES call_tasks (id),
    notice_id TEXT NOT NULL REFERENCES notices (id),
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    caller_id TEXT NOT NULL REFERENCES accounts (id),
    called_at BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('confirmed', 'told', 'promised', 'no_answer',
        'busy', 'wrong_number', 'refused')),
    callee_name TEXT,
    callee_post TEXT,
    number TEXT,
    -- The number is none that the directory holds for the organisation.
    number_differs BOOLEAN NOT NULL,
    promised_until BIGINT,
    read_back BOOLEAN NOT NULL,
    note TEXT,
    event_id TEXT NOT NULL
);
CREATE INDEX calls_by_delivery ON calls (delivery_id, called_at);

-- Ends and bends ------------------------------------------------------------------------------

CREATE TABLE notice_ends (
    event_id TEXT PRIMARY KEY NOT NULL,
    notice_id TEXT NOT NULL REFERENCES notices (id),
    act TEXT NOT NULL CHECK (act IN ('recall', 'revoke', 'abolish', 'supersede', 'close')),
    reason TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    ended_at BIGINT NOT NULL
);
CREATE INDEX notice_ends_by_notice ON notice_ends (notice_id, ended_at);

CREATE TABLE chase_stops (
    event_id TEXT PRIMARY KEY NOT NULL,
    delivery_id TEXT NOT NULL UNIQUE REFERENCES deliveries (id),
    reason TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    stopped_at BIGINT NOT NULL
);

-- 特提 is not closed while an organisation is unexplained: each has its own sentence.
CREATE TABLE gap_explanations (
    event_id TEXT PRIMARY KEY NOT NULL,
    delivery_id TEXT NOT NULL UNIQUE REFERENCES deliveries (id),
    explanation TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    explained_at BIGINT NOT NULL
);

-- A deadline that moved, as when the holiday table was corrected: both stay on record.
CREATE TABLE deadline_changes (
    event_id TEXT PRIMARY KEY NOT NULL,
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    old_at BIGINT NOT NULL,
    new_at BIGINT NOT NULL,
    why TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX deadline_changes_by_delivery ON deadline_changes (delivery_id, changed_at);

-- The engine's own marks ----------------------------------------------------------------------

-- The steady clock's high-water mark, and when each duty last finished a round.
CREATE TABLE engine_marks (
    name TEXT PRIMARY KEY NOT NULL,
    marked_at BIGINT NOT NULL,
    detail TEXT
);

CREATE TABLE alarms (
    id TEXT PRIMARY KEY NOT NULL CHECK (id LIKE 'alm\_%' ESCAPE '\'),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    cleared_at BIGINT
);
CREATE UNIQUE INDEX alarms_open ON alarms (kind, subject) WHERE cleared_at IS NULL;
