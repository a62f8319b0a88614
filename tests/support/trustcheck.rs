//! The promises about deliveries, ladders and messages, checked from the rows alone: whoever has a
//! database can ask. Each violation is a line that begins with the number of its promise.

use std::collections::BTreeMap;

use diesel::sql_types::Text;
use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query,
};
use qianshou::domain::delivery::Addressee;
use qianshou::domain::digest::Sha256Digest;
use qianshou::domain::ids::OrganizationId;
use qianshou::domain::notice::recipients_digest;

/// A connection of the checker's own.
pub(crate) enum Books {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Books {
    pub(crate) fn open(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).unwrap();
                sql_query("PRAGMA busy_timeout = 10000").execute(&mut conn).unwrap();
                Self::Sqlite(conn)
            }
            None => Self::Postgres(PgConnection::establish(url).unwrap()),
        }
    }

    /// The column `line` of what a query finds.
    pub(crate) fn lines(&mut self, query: &str) -> Vec<String> {
        let found: Vec<Line> = match self {
            Self::Sqlite(conn) => sql_query(query).load(conn).unwrap(),
            Self::Postgres(conn) => sql_query(query).load(conn).unwrap(),
        };
        found.into_iter().map(|line| line.line).collect()
    }

    pub(crate) fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(conn) => sql_query(sql).execute(conn).map(drop),
            Self::Postgres(conn) => sql_query(sql).execute(conn).map(drop),
        }
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// Promises of which each query finds the rows that break one. Portable over both engines.
const QUERIES: &[(&str, &str)] = &[
    (
        "I1 an organisation has two deliveries of one notice",
        "SELECT notice_id || ' ' || organization_id AS line FROM deliveries \
         GROUP BY notice_id, organization_id HAVING COUNT(*) > 1",
    ),
    (
        "I4 an answered delivery has not exactly one receipt and one event",
        "SELECT d.id AS line FROM deliveries d WHERE d.acknowledged_at IS NOT NULL AND (1 <> \
         (SELECT COUNT(*) FROM receipts r WHERE r.id = d.receipt_id AND r.delivery_id = d.id AND \
         NOT r.beside AND r.acknowledged_at = d.acknowledged_at) OR 1 <> \
         (SELECT COUNT(*) FROM events e WHERE e.notice_id = d.notice_id AND \
         e.delivery_id = d.id AND e.kind = 'acknowledged'))",
    ),
    (
        "I6 a receipt that is not the answer, and stands beside none",
        "SELECT r.id AS line FROM receipts r LEFT JOIN deliveries d ON d.id = r.delivery_id \
         WHERE d.receipt_id IS NULL OR (NOT r.beside AND d.receipt_id <> r.id)",
    ),
    (
        "I10 counts differ from the rows",
        "SELECT t.notice_id AS line FROM notice_tallies t WHERE t.acknowledged <> (SELECT COUNT(*) \
         FROM deliveries d WHERE d.notice_id = t.notice_id AND d.acknowledged_at IS NOT NULL)",
    ),
    (
        "I11 the next step of a ladder is not its first open one",
        "SELECT d.id AS line FROM deliveries d WHERE d.next_step IS NOT NULL AND (EXISTS \
         (SELECT 1 FROM rungs r WHERE r.delivery_id = d.id AND r.step < d.next_step AND \
         r.fired_at IS NULL AND r.closed_at IS NULL) OR NOT EXISTS (SELECT 1 FROM rungs r WHERE \
         r.delivery_id = d.id AND r.step = d.next_step AND r.fired_at IS NULL AND \
         r.closed_at IS NULL AND r.planned_at = d.next_due_at))",
    ),
    (
        "I13 a step fired before one that stands before it",
        "SELECT b.id AS line FROM rungs a JOIN rungs b ON b.delivery_id = a.delivery_id AND \
         b.step > a.step WHERE b.fired_at IS NOT NULL AND a.fired_at IS NULL AND \
         a.closed_at IS NULL",
    ),
    (
        "I13 steps fired out of order",
        "SELECT b.id AS line FROM rungs a JOIN rungs b ON b.delivery_id = a.delivery_id AND \
         b.step > a.step WHERE b.fired_at + 5000000 < a.fired_at",
    ),
    (
        "I12 a step fired before its time, and no gap handed it on",
        "SELECT r.id AS line FROM rungs r WHERE r.fired_at < r.planned_at AND NOT EXISTS (SELECT 1 \
         FROM rungs g WHERE g.delivery_id = r.delivery_id AND g.step < r.step AND g.outcome = \
         'gap' AND g.fired_at = r.fired_at)",
    ),
    (
        "I14 a step is still due, or fired, after the answer",
        "SELECT d.id AS line FROM deliveries d WHERE d.acknowledged_at IS NOT NULL AND \
         (d.next_due_at IS NOT NULL OR EXISTS (SELECT 1 FROM rungs r WHERE \
         r.delivery_id = d.id AND r.fired_at > d.acknowledged_at + 5000000))",
    ),
    (
        "I14 a message is still owed, or was written, after the answer",
        "SELECT m.id AS line FROM messages m JOIN deliveries d ON d.id = m.delivery_id \
         WHERE d.acknowledged_at IS NOT NULL AND m.purpose IN ('invitation', 'reminder', \
         'leader_prompt', 'superior_request') AND (m.due_at IS NOT NULL OR \
         m.created_at > d.acknowledged_at + 5000000)",
    ),
    (
        "I18 a repeated step does not stand a whole number of rounds after the deadline",
        "SELECT r.id AS line FROM rungs r JOIN deliveries d ON d.id = r.delivery_id \
         WHERE r.planned_at > d.deadline_at AND r.action <> 'mark_deadline' AND \
         (r.planned_at - d.deadline_at) % 60000000 <> 0",
    ),
    (
        "I21 a message ended without its end",
        "SELECT id AS line FROM messages WHERE (due_at IS NULL) <> (finished_at IS NOT NULL)",
    ),
    (
        "I28 an attempt was not counted before it was made",
        "SELECT m.id AS line FROM messages m WHERE m.attempts < (SELECT MAX(a.number) \
         FROM attempts a WHERE a.message_id = m.id) OR m.attempts <> (SELECT COUNT(*) \
         FROM attempts a WHERE a.message_id = m.id)",
    ),
    (
        "I37 a fired step does not have exactly one event",
        "SELECT r.id AS line FROM rungs r WHERE r.fired_at IS NOT NULL AND r.outcome <> 'moot' AND \
         (SELECT COUNT(*) FROM events e WHERE e.notice_id = (SELECT d.notice_id FROM deliveries d \
         WHERE d.id = r.delivery_id) AND e.delivery_id = r.delivery_id AND e.kind IN \
         ('reminded', 'escalated', 'overdue', 'not_reached', 'rung_gap')) <> (SELECT COUNT(*) \
         FROM rungs f WHERE f.delivery_id = r.delivery_id AND f.fired_at IS NOT NULL AND \
         f.outcome <> 'moot')",
    ),
    (
        "I37 a superseded step does not have exactly one event",
        "SELECT d.id AS line FROM deliveries d WHERE (SELECT COUNT(*) FROM events e WHERE \
         e.notice_id = d.notice_id AND e.delivery_id = d.id AND e.kind = 'rung_superseded') <> \
         (SELECT COUNT(*) FROM rungs r WHERE r.delivery_id = d.id AND \
         r.closed_why = 'superseded_by_a_later_round')",
    ),
    (
        "I37 a missed deadline is not on record exactly once",
        "SELECT d.id AS line FROM deliveries d WHERE (SELECT COUNT(*) FROM events e WHERE \
         e.notice_id = d.notice_id AND e.delivery_id = d.id AND \
         e.kind IN ('overdue', 'not_reached')) <> \
         (CASE WHEN d.overdue_at IS NULL THEN 0 ELSE 1 END) + \
         (CASE WHEN d.not_reached_at IS NULL THEN 0 ELSE 1 END)",
    ),
    (
        "I14 a ladder goes on although the chase has ended",
        "SELECT d.id AS line FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE \
         d.next_due_at IS NOT NULL AND (n.state <> 'issued' OR d.acknowledged_at IS NOT NULL OR \
         d.recalled_at IS NOT NULL OR d.chase_stopped_at IS NOT NULL OR EXISTS (SELECT 1 FROM \
         returns t WHERE t.delivery_id = d.id AND t.decision = 'accepted'))",
    ),
    (
        "I14 a ladder goes on although its notice was taken back",
        "SELECT d.id AS line FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE \
         n.state IN ('recalled', 'revoked', 'abolished', 'superseded') AND \
         d.next_due_at IS NOT NULL",
    ),
    (
        "I14 a message is still owed, or was written, although its notice was taken back",
        "SELECT m.id AS line FROM messages m JOIN notice_ends e ON e.notice_id = m.notice_id \
         WHERE e.act IN ('recall', 'revoke', 'abolish', 'supersede') AND m.purpose IN \
         ('invitation', 'reminder', 'leader_prompt', 'superior_request', 'issuer_alert') AND \
         (m.due_at IS NOT NULL OR m.created_at > e.ended_at + 5000000)",
    ),
    (
        "I14 a step fired although its notice was taken back",
        "SELECT r.id AS line FROM rungs r JOIN deliveries d ON d.id = r.delivery_id JOIN \
         notice_ends e ON e.notice_id = d.notice_id WHERE e.act <> 'close' AND \
         r.fired_at > e.ended_at + 5000000",
    ),
    (
        "I14 a stopped chase goes on",
        "SELECT d.id AS line FROM chase_stops s JOIN deliveries d ON d.id = s.delivery_id WHERE \
         d.next_due_at IS NOT NULL OR EXISTS (SELECT 1 FROM rungs r WHERE \
         r.delivery_id = d.id AND r.fired_at > s.stopped_at + 5000000)",
    ),
    (
        "I13 an open ladder of a level that never ends has no next step",
        "SELECT d.id AS line FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE \
         n.state = 'issued' AND d.acknowledged_at IS NULL AND d.recalled_at IS NULL AND \
         d.chase_stopped_at IS NULL AND d.addressee = 'primary' AND d.next_due_at IS NULL AND \
         NOT EXISTS (SELECT 1 FROM returns t WHERE t.delivery_id = d.id AND \
         t.decision = 'accepted')",
    ),
    (
        "a list to the issuer is told of more than once",
        "SELECT m.id AS line FROM messages m WHERE m.delivery_id IS NULL AND \
         m.purpose = 'issuer_alert' AND m.step < 10000 AND NOT EXISTS (SELECT 1 FROM rungs r \
         JOIN deliveries d ON d.id = r.delivery_id WHERE d.notice_id = m.notice_id AND \
         r.step = m.step)",
    ),
];

/// On SQLite rows stand in the order of their commits.
const ON_SQLITE: &[(&str, &str)] = &[
    (
        "I24 a message that was refused for good goes on",
        "SELECT m.id AS line FROM messages m JOIN events e ON e.notice_id = m.notice_id AND \
         e.delivery_id = m.delivery_id AND e.kind = 'message_rejected' WHERE \
         m.finished_why IS NOT 'rejected' AND CAST(e.bytes AS TEXT) LIKE '%' || m.id || '%'",
    ),
    (
        "I14 a step was recorded after the answer",
        "SELECT b.id AS line FROM events a JOIN events b ON b.notice_id = a.notice_id AND \
         b.delivery_id = a.delivery_id AND b.rowid > a.rowid WHERE a.kind = 'acknowledged' AND \
         b.kind IN ('reminded', 'escalated', 'overdue', 'not_reached', 'rung_gap')",
    ),
];

/// I1: the recipients of a notice are those that its issue bound, and those that were added on
/// record since. Issues that bound no list, as tests write them by hand, are passed over.
fn unrecorded(books: &mut Books) -> Vec<String> {
    let bytes =
        if books.is_sqlite() { "CAST(bytes AS TEXT)" } else { "convert_from(bytes, 'UTF8')" };
    let issues =
        books.lines(&format!("SELECT {bytes} AS line FROM events WHERE kind = 'notice_issued'"));
    let added = "(SELECT COUNT(*) FROM events e WHERE e.notice_id = d.notice_id AND \
                 e.delivery_id = d.id AND e.kind = 'recipient_added')";
    let rows = books.lines(&format!(
        "SELECT d.notice_id || ' ' || d.organization_id || ' ' || d.addressee || ' ' || \
         CAST({added} AS TEXT) AS line FROM deliveries d"
    ));
    let stray = books.lines(
        "SELECT e.id AS line FROM events e WHERE e.kind = 'recipient_added' AND NOT EXISTS \
         (SELECT 1 FROM deliveries d WHERE d.id = e.delivery_id)",
    );
    let mut found: Vec<String> =
        stray.into_iter().map(|id| format!("I1 added on record and not there: {id}")).collect();
    let mut first: BTreeMap<String, Vec<(OrganizationId, Addressee)>> = BTreeMap::new();
    for row in &rows {
        let parts: Vec<&str> = row.split(' ').collect();
        let [notice, organization, addressee, added] = parts[..] else { panic!("{row}") };
        match added {
            "0" => first
                .entry(notice.to_owned())
                .or_default()
                .push((organization.parse().unwrap(), addressee.parse().unwrap())),
            "1" => {}
            _ => found.push(format!("I1 added on record {added} times: {row}")),
        }
    }
    for issue in &issues {
        let event: serde_json::Value = serde_json::from_str(issue).unwrap();
        let Some(bound) = event["digests"]["recipients"].as_str() else { continue };
        let notice = event["subjects"]["notice"].as_str().unwrap();
        let there = first.get(notice).map_or(&[][..], Vec::as_slice);
        if Sha256Digest::from_bytes(recipients_digest(there)).to_string() != bound {
            found.push(format!("I1 the recipients are not those of the issue: {notice}"));
        }
    }
    found
}

/// Every breach that the rows show now.
pub(crate) fn breaches(books: &mut Books) -> Vec<String> {
    let mut found = unrecorded(books);
    let ordered = if books.is_sqlite() { ON_SQLITE } else { &[] };
    for (what, query) in QUERIES.iter().chain(ordered) {
        found.extend(books.lines(query).into_iter().map(|row| format!("{what}: {row}")));
    }
    found
}

/// What must never change once it is there, from one look to the next.
#[derive(Default)]
pub(crate) struct Memory {
    answers: BTreeMap<String, String>,
    finished: BTreeMap<String, String>,
    planned: BTreeMap<String, String>,
    ladders: BTreeMap<String, String>,
    messages: usize,
}

impl Memory {
    /// Compares with the last look.
    pub(crate) fn compare(&mut self, books: &mut Books) -> Vec<String> {
        let mut found = Vec::new();
        let mut keep = |what: &str, known: &mut BTreeMap<String, String>, rows: Vec<String>| {
            for row in rows {
                let (id, value) = row.split_once('|').unwrap_or((&row, ""));
                let before = known.entry(id.to_owned()).or_insert_with(|| value.to_owned());
                if before != value {
                    found.push(format!("{what}: {id} was {before}, is {value}"));
                }
            }
        };
        let answers = "SELECT d.id || '|' || CAST(d.acknowledged_at AS TEXT) || r.jws AS line \
                       FROM deliveries d JOIN receipts r ON r.id = d.receipt_id";
        keep("I3 an answer changed", &mut self.answers, books.lines(answers));
        let finished = "SELECT id || '|' || state AS line FROM messages \
                        WHERE state IN ('handed_over', 'cancelled', 'dead')";
        let finished = books.lines(finished);
        let ended = finished.len();
        keep("I21 an ended message goes on", &mut self.finished, finished);
        let ladders = "SELECT notice_id || '|' || ladder AS line FROM notice_versions WHERE ladder \
                       IS NOT NULL UNION ALL SELECT id || '|' || CAST(step AS TEXT) || action || \
                       COALESCE(ways, '-') AS line FROM rungs";
        keep("I17 an issued ladder changed", &mut self.ladders, books.lines(ladders));
        let planned = "SELECT r.id || '|' || CAST(r.planned_at AS TEXT) AS line FROM rungs r \
                       WHERE r.action <> 'mark_deadline'";
        keep("I18 a planned time moved", &mut self.planned, books.lines(planned));
        if ended < self.finished.len() {
            let owed = self.finished.len() - ended;
            found.push(format!("I21 {owed} ended messages are owed again"));
        }
        let count = books.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM messages");
        let count = count[0].parse().unwrap();
        if count < self.messages {
            found.push(format!("I21 messages disappeared: {} became {count}", self.messages));
        }
        self.messages = count;
        found
    }
}

/// Everything that the history amounts to, the same text on every engine.
pub(crate) fn state(books: &mut Books) -> Vec<String> {
    let queries = [
        "SELECT 'delivery ' || id || ' ' || COALESCE(CAST(acknowledged_at AS TEXT), '-') || ' ' || \
         COALESCE(CAST(handed_over_at AS TEXT), '-') || ' ' || \
         COALESCE(CAST(overdue_at AS TEXT), '-') || ' ' || \
         COALESCE(CAST(not_reached_at AS TEXT), '-') || ' ' || \
         COALESCE(CAST(next_step AS TEXT), '-') || ' ' || \
         COALESCE(CAST(next_due_at AS TEXT), '-') AS line FROM deliveries",
        "SELECT 'rung ' || delivery_id || ' ' || CAST(step AS TEXT) || ' ' || action || ' ' || \
         CAST(planned_at AS TEXT) || ' ' || COALESCE(CAST(fired_at AS TEXT), '-') || ' ' || \
         COALESCE(outcome, '-') AS line FROM rungs",
        "SELECT 'message ' || address_id || ' ' || purpose || ' ' || CAST(step AS TEXT) || ' ' || \
         state || ' ' || CAST(attempts AS TEXT) || ' ' || COALESCE(finished_why, '-') AS line \
         FROM messages",
        "SELECT 'event ' || kind || ' ' || COALESCE(delivery_id, '-') || ' ' || \
         CAST(happened_at AS TEXT) AS line FROM events",
        "SELECT 'task ' || delivery_id || ' ' || kind || ' ' || CAST(raised AS TEXT) AS line \
         FROM call_tasks",
    ];
    let mut lines: Vec<String> = queries.iter().flat_map(|query| books.lines(query)).collect();
    lines.sort_unstable();
    lines
}
