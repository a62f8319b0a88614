//! Rungs that fall due: how many a second the engine fires, against a bare claim of as many rows
//! with an event for each, and how late they are when the real workers run.

use std::time::{Duration, Instant};

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Array, BigInt};
use diesel::{QueryableByName, RunQueryDsl as _};
use qianshou::domain::ladder::RungAct;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::escalate;
use qianshou::workers::Workers;

use crate::Ground;
use crate::database::Database;
use crate::mail::rate;
use crate::relay::Relay;
use crate::support::turns::quantile;
use crate::town::Town;

/// Rows of one claim, as many as the engine takes.
const CHUNK: i64 = 500;
/// How long rungs are spread that are not due together.
const SCATTERED: Span = Span::seconds(20);
/// Senders as shipped.
const SENDERS: usize = 4;
const PROMISED_MS: f64 = 2_000.0;

pub(crate) fn measure(ground: &Ground<'_>) -> anyhow::Result<Vec<String>> {
    let relay = Relay::start(Duration::ZERO)?;
    let [limit_url, url] = &ground.urls;
    let mut limit = Database::open(limit_url)?;
    limit.make_steps(ground.rows)?;
    let mut town = Town::open(url, ground.folder, relay.port())?;
    // A list to the issuer is one message for all, so that hardly anything is written but what the
    // limit writes too; a reminder is a message for each.
    let kinds = [("rungs-claim", RungAct::AlertIssuer), ("rungs-remind", RungAct::Remind)];
    let mut rows = Vec::new();
    for (name, act) in kinds {
        let taken = ground
            .turns
            .take(|_| limit.claim_all(ground.rows), |_| fire_all(&mut town, ground.rows, act))?;
        let what = format!("{name} {} 1", ground.engine);
        rows.push(taken.row(&what, &format!("due={}", ground.rows), ground.turns.noisy));
    }
    for (name, spread) in [("together", Span::ZERO), ("scattered", SCATTERED)] {
        let mut late = Vec::new();
        for _ in 0..LATENESS_ROUNDS {
            late.extend(lateness(&mut town, ground.rows, spread)?);
            drop(relay.drain());
        }
        let p99 = quantile(&late, 0.99);
        rows.push(format!(
            "rungs-late-{name} {} 1 p50_ms={:.0} p99_ms={p99:.0} max_ms={:.0} \
             promised_p99_ms={PROMISED_MS:.0} due={} rounds={LATENESS_ROUNDS}{}{}",
            ground.engine,
            quantile(&late, 0.5),
            quantile(&late, 1.0),
            ground.rows,
            if p99 > PROMISED_MS { " TOO LATE" } else { "" },
            if ground.turns.noisy { " NOISY" } else { "" },
        ));
    }
    Ok(rows)
}

const LATENESS_ROUNDS: usize = 3;
/// Steps of a ladder of 特提 before its deadline.
const STEPS: usize = 8;

/// One more notice to as many, whose ladders have their first step before them, and nothing else
/// that is due.
fn issue_anew(town: &mut Town, rows: usize, act: RungAct) -> anyhow::Result<()> {
    town.database.run(
        "UPDATE deliveries SET next_step = NULL, next_due_at = NULL WHERE next_due_at IS NOT NULL; \
         UPDATE messages SET state = 'cancelled', due_at = NULL, lease_token = NULL, \
         finished_at = created_at WHERE due_at IS NOT NULL",
    )?;
    town.issue(Urgency::Flash, rows, &[act; STEPS])?;
    Ok(())
}

/// Makes the next step of every delivery due, spread from that instant on.
fn make_due(town: &mut Town, from: Timestamp, spread: Span) -> anyhow::Result<()> {
    let from = from.as_micros();
    // a stride that is prime to the spread: neighbours in the table are not neighbours in time
    let at = match spread.as_micros() {
        0 => from.to_string(),
        spread => match &town.database {
            Database::Sqlite(_) => format!("{from} + (deliveries.rowid * 7919 * 1009) % {spread}"),
            Database::Pg(_) => {
                format!("{from} + (abs(hashtext(deliveries.id)::bigint) * 7919) % {spread}")
            }
        },
    };
    town.database.run(&format!(
        "UPDATE deliveries SET next_due_at = {at} WHERE next_due_at IS NOT NULL; \
         UPDATE rungs SET planned_at = (SELECT next_due_at FROM deliveries WHERE id = delivery_id) \
         WHERE delivery_id IN (SELECT id FROM deliveries WHERE next_due_at IS NOT NULL) \
         AND step = (SELECT next_step FROM deliveries WHERE id = delivery_id)"
    ))?;
    town.database.settle()
}

/// Fires what is due, chunk by chunk, as the worker does.
fn fire_all(town: &mut Town, rows: usize, act: RungAct) -> anyhow::Result<f64> {
    issue_anew(town, rows, act)?;
    let now = town.app.service.now();
    make_due(town, now, Span::ZERO)?;
    let began = Instant::now();
    let mut fired = 0;
    while fired < rows {
        let done = escalate::tick(&town.app.service)?;
        ensure!(done.rungs > 0, "{fired} of {rows} rungs fired");
        fired += done.rungs;
    }
    Ok(rate(fired, began.elapsed()))
}

#[derive(QueryableByName)]
struct Late {
    #[diesel(sql_type = BigInt)]
    late: i64,
}

/// How late rungs fired, in milliseconds, while all workers ran and the reminders went out.
fn lateness(town: &mut Town, rows: usize, spread: Span) -> anyhow::Result<Vec<f64>> {
    issue_anew(town, rows, RungAct::Remind)?;
    let due = town.app.service.now().plus(Span::seconds(4));
    make_due(town, due, spread)?;
    let workers = Workers::start(&town.app.service, SENDERS)?;
    let [due, last] = [due, due.plus(spread)].map(Timestamp::as_micros);
    // Found by the index, so that looking costs those who fire nothing.
    while town
        .database
        .count(&format!("(SELECT 1 FROM deliveries WHERE next_due_at <= {last}) AS owing"))?
        > 0
    {
        std::thread::sleep(Duration::from_millis(250));
    }
    while town.database.count("(SELECT 1 FROM messages WHERE due_at IS NOT NULL) AS owed")? > 0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    ensure!(workers.stop(), "the workers did not stop");
    let select = format!(
        "SELECT fired_at - planned_at AS late FROM rungs \
         WHERE planned_at BETWEEN {due} AND {last} AND fired_at IS NOT NULL"
    );
    let found: Vec<Late> = match &mut town.database {
        Database::Sqlite(conn) => diesel::sql_query(select).load(conn)?,
        Database::Pg(conn) => diesel::sql_query(select).load(conn)?,
    };
    ensure!(found.len() == rows, "{} of {rows} rungs fired", found.len());
    ensure!(found.iter().all(|one| one.late >= 0), "a rung fired before its time");
    let millis = |one: &Late| f64::from(i32::try_from(one.late / 1_000).unwrap_or(i32::MAX));
    Ok(found.iter().map(millis).collect())
}

/// The limit: the smallest table that can be claimed from.
impl Database {
    fn make_steps(&mut self, rows: usize) -> anyhow::Result<()> {
        let (numbers, serial) = self.counting(rows);
        self.run(&format!(
            "CREATE TABLE steps (id BIGINT PRIMARY KEY NOT NULL, due_at BIGINT, \
             fired_at BIGINT); \
             CREATE INDEX steps_due ON steps (due_at) WHERE due_at IS NOT NULL; \
             CREATE TABLE fired (id {serial}, step_id BIGINT NOT NULL, kind TEXT NOT NULL, \
             happened_at BIGINT NOT NULL)"
        ))?;
        self.run(&format!("{numbers} INSERT INTO steps (id) SELECT n FROM numbers"))
    }

    /// Claims all rows, each chunk with its events in one durable commit.
    fn claim_all(&mut self, rows: usize) -> anyhow::Result<f64> {
        self.run("UPDATE steps SET due_at = 1, fired_at = NULL")?;
        self.settle()?;
        let began = Instant::now();
        let mut claimed = 0;
        while claimed < rows {
            let count = match self {
                Self::Sqlite(conn) => claim_on_sqlite(conn)?,
                Self::Pg(conn) => claim_on_postgres(conn)?,
            };
            ensure!(count > 0, "{claimed} of {rows} rows claimed");
            claimed += count;
        }
        Ok(rate(claimed, began.elapsed()))
    }
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn claim_on_sqlite(conn: &mut diesel::SqliteConnection) -> anyhow::Result<usize> {
    conn.batch_execute("BEGIN IMMEDIATE")?;
    let found: Vec<Claimed> = diesel::sql_query(format!(
        "UPDATE steps SET due_at = NULL, fired_at = 2 WHERE id IN (SELECT id FROM steps \
         WHERE due_at <= 2 ORDER BY due_at LIMIT {CHUNK}) RETURNING id"
    ))
    .load(conn)?;
    let rows: Vec<String> = found.iter().map(|row| format!("({}, 'fired', 2)", row.id)).collect();
    if !rows.is_empty() {
        conn.batch_execute(&format!(
            "INSERT INTO fired (step_id, kind, happened_at) VALUES {}",
            rows.join(",")
        ))?;
    }
    conn.batch_execute("COMMIT")?;
    Ok(found.len())
}

fn claim_on_postgres(conn: &mut diesel::PgConnection) -> anyhow::Result<usize> {
    conn.batch_execute("BEGIN")?;
    let found: Vec<Claimed> = diesel::sql_query(format!(
        "UPDATE steps SET due_at = NULL, fired_at = 2 WHERE id IN (SELECT id FROM steps \
         WHERE due_at <= 2 ORDER BY due_at LIMIT {CHUNK} FOR UPDATE SKIP LOCKED) RETURNING id"
    ))
    .load(conn)?;
    let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
    diesel::sql_query(
        "INSERT INTO fired (step_id, kind, happened_at) \
         SELECT id, 'fired', 2 FROM unnest($1) AS ids (id)",
    )
    .bind::<Array<BigInt>, _>(&ids)
    .execute(conn)?;
    conn.batch_execute("COMMIT")?;
    Ok(found.len())
}
