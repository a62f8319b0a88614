//! The limit: the smallest program that does an ack and nothing else, as fast as it can be done.
//! The endpoint hands the delivery to one writer, which commits whatever waits as one durable
//! batch — guarded update of the deliveries, insert of the events — and answers after the commit.
//!
//! Never here: anything of the product; it would then be measured against itself.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Array, BigInt};
use diesel::{QueryableByName, RunQueryDsl as _};
use tokio::sync::oneshot;

use crate::bare::{self, NOW, Signs};
use crate::database::Database;
use crate::support::side::{Batches, Place};

/// Acks that share a commit, at most; as many as the product allows.
const BATCH_MAX: usize = 512;

struct Ask {
    id: i64,
    tell: oneshot::Sender<bool>,
}

#[derive(QueryableByName)]
struct Signed {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl Database {
    /// Signs what is open of `ids` and is durable when it returns; says which.
    fn sign(&mut self, ids: &[i64]) -> anyhow::Result<Vec<i64>> {
        let signed: Vec<Signed> = match self {
            Self::Pg(conn) => diesel::sql_query(format!(
                "WITH signed AS (UPDATE deliveries SET acknowledged_at = {NOW} \
                 FROM unnest($1) AS asked (id) \
                 WHERE deliveries.id = asked.id AND acknowledged_at IS NULL \
                 RETURNING deliveries.id) \
                 INSERT INTO events (delivery_id, kind, happened_at) \
                 SELECT id, 'acknowledged', {NOW} FROM signed RETURNING delivery_id AS id"
            ))
            .bind::<Array<BigInt>, _>(ids)
            .load(conn)?,
            Self::Sqlite(conn) => {
                let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
                conn.batch_execute("BEGIN IMMEDIATE")?;
                let signed: Vec<Signed> = diesel::sql_query(format!(
                    "UPDATE deliveries SET acknowledged_at = {NOW} \
                     WHERE id IN ({list}) AND acknowledged_at IS NULL RETURNING id"
                ))
                .load(conn)?;
                let rows: Vec<String> = signed
                    .iter()
                    .map(|row| format!("({}, 'acknowledged', {NOW})", row.id))
                    .collect();
                if !rows.is_empty() {
                    let rows = rows.join(",");
                    conn.batch_execute(&format!(
                        "INSERT INTO events (delivery_id, kind, happened_at) VALUES {rows}"
                    ))?;
                }
                conn.batch_execute("COMMIT")?;
                signed
            }
        };
        Ok(signed.into_iter().map(|row| row.id).collect())
    }
}

fn write_until_hung_up(
    mut database: Database,
    asked: &mpsc::Receiver<Ask>,
    batches: &Batches,
) -> anyhow::Result<()> {
    while let Ok(first) = asked.recv() {
        let batch: Vec<Ask> =
            std::iter::once(first).chain(asked.try_iter().take(BATCH_MAX - 1)).collect();
        let ids: Vec<i64> = batch.iter().map(|ask| ask.id).collect();
        let signed = database.sign(&ids)?;
        batches.note(u64::try_from(signed.len())?);
        for ask in batch {
            // whoever asked may have hung up
            ask.tell.send(signed.contains(&ask.id)).ok();
        }
    }
    Ok(())
}

/// A second connection moves the log into the file, so that no ack waits for it.
fn checkpoint_for_ever(url: &str) -> anyhow::Result<()> {
    let Database::Sqlite(mut conn) = Database::open(url)? else { return Ok(()) };
    loop {
        std::thread::sleep(Duration::from_millis(250));
        // busy now, done a quarter second later
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").ok();
    }
}

/// The writer's letterbox.
#[derive(Clone)]
struct Letterbox(Arc<Mutex<mpsc::Sender<Ask>>>);

impl Signs for Letterbox {
    async fn sign(&self, id: i64) -> anyhow::Result<bool> {
        let (tell, told) = oneshot::channel();
        let sent = self.0.lock().map(|asks| asks.send(Ask { id, tell }).is_ok());
        anyhow::ensure!(sent.unwrap_or(false), "the writer is gone");
        Ok(told.await?)
    }
}

/// Fills the database and serves acks until the owner's pipe closes.
pub(crate) fn serve(place: &Place) -> anyhow::Result<()> {
    let database = bare::fill(place)?;
    let batches = Arc::new(Batches::default());
    let (asks, asked) = mpsc::channel();
    let counted = Arc::clone(&batches);
    let writer = std::thread::spawn(move || write_until_hung_up(database, &asked, &counted));
    let url = place.url.clone();
    if url.starts_with("sqlite://") {
        std::thread::spawn(move || checkpoint_for_ever(&url));
    }
    bare::serve(Letterbox(Arc::new(Mutex::new(asks))), batches)?;
    writer.join().ok().context("the writer panicked")?
}
