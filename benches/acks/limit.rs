//! The limit: the smallest program that does an ack and nothing else. An endpoint verifies an
//! HMAC token and hands the delivery to one writer, which commits whatever waits as one durable
//! batch — guarded update of the deliveries, insert of the events — and answers after the commit.
//!
//! Never here: anything of the product; it would then be measured against itself.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Array, BigInt};
use diesel::{QueryableByName, RunQueryDsl as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::database::Database;
use crate::support::load::RequestFile;
use crate::support::side::{Batches, Place, answer_owner, shuffled};

const KEY: &[u8; 32] = b"known to this program and no one";
/// Acks that share a commit, at most; as many as the product allows.
const BATCH_MAX: usize = 512;
/// Deliveries all fall due at the same instant, like those of one notice.
const DUE_AT: i64 = 1_795_000_000_000_000;
const NOW: i64 = DUE_AT - 1;

const TABLES: &str = "
    CREATE TABLE deliveries (
        id BIGINT PRIMARY KEY NOT NULL, notice_id BIGINT NOT NULL, organization TEXT NOT NULL,
        due_at BIGINT NOT NULL, acknowledged_at BIGINT);
    CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE acknowledged_at IS NULL;
    CREATE INDEX deliveries_open ON deliveries (notice_id, id) WHERE acknowledged_at IS NULL;";

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
    fn fill(&mut self, rows: usize) -> anyhow::Result<()> {
        let (numbers, serial) = match self {
            Self::Sqlite(_) => (
                format!(
                    "WITH RECURSIVE numbers (n) AS \
                     (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {rows})"
                ),
                "INTEGER PRIMARY KEY",
            ),
            Self::Pg(_) => (
                format!("WITH numbers AS (SELECT n FROM generate_series(0, {rows} - 1) AS s (n))"),
                "BIGSERIAL PRIMARY KEY",
            ),
        };
        self.run(TABLES)?;
        self.run(&format!(
            "CREATE TABLE events (id {serial}, delivery_id BIGINT NOT NULL, \
             kind TEXT NOT NULL, happened_at BIGINT NOT NULL)"
        ))?;
        self.run(&format!(
            "{numbers} INSERT INTO deliveries (id, notice_id, organization, due_at) \
             SELECT n, 1, 'organization ' || n, {DUE_AT} FROM numbers"
        ))?;
        self.settle()
    }

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

fn mac(id: i64) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    block[..KEY.len()].copy_from_slice(KEY);
    Hmac::<Sha256>::new((&block).into()).chain_update(id.to_be_bytes())
}

fn token(id: i64) -> String {
    let mac = mac(id).finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([&id.to_be_bytes()[..], mac.as_slice()].concat())
}

fn verified(token: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, carried) = bytes.split_first_chunk::<8>()?;
    let id = i64::from_be_bytes(*id);
    mac(id).verify_slice(carried).ok().map(|()| id)
}

async fn acknowledge(path: web::Path<String>, writer: web::Data<Desk>) -> HttpResponse {
    let Some(id) = verified(&path) else { return HttpResponse::NotFound().finish() };
    let (tell, told) = oneshot::channel();
    let sent = writer.asks.lock().map(|asks| asks.send(Ask { id, tell }).is_ok());
    if !sent.unwrap_or(false) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match told.await {
        Ok(true) => HttpResponse::Ok().body("signed"),
        Ok(false) => HttpResponse::Conflict().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

struct Desk {
    asks: Mutex<mpsc::Sender<Ask>>,
}

/// Fills the database and serves acks until the owner's pipe closes.
pub(crate) fn serve(place: &Place) -> anyhow::Result<()> {
    let mut database = Database::open(&place.url)?;
    database.fill(place.rows)?;
    let mut requests = RequestFile::create(&Place::requests(&place.folder))?;
    for id in shuffled(place.rows) {
        let token = token(i64::try_from(id)?);
        let text =
            format!("POST /ack/{token} HTTP/1.1\r\nhost: limit\r\ncontent-length: 0\r\n\r\n");
        requests.push(text.as_bytes())?;
    }
    requests.finish()?;
    let batches = Arc::new(Batches::default());
    let (asks, asked) = mpsc::channel();
    let counted = Arc::clone(&batches);
    let writer = std::thread::spawn(move || write_until_hung_up(database, &asked, &counted));
    let url = place.url.clone();
    if url.starts_with("sqlite://") {
        std::thread::spawn(move || checkpoint_for_ever(&url));
    }
    let desk = web::Data::new(Desk { asks: Mutex::new(asks) });
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new().app_data(desk.clone()).route("/ack/{token}", web::post().to(acknowledge))
        })
        .bind("127.0.0.1:0")?;
        let at = *server.addrs().first().context("no address")?;
        let server = server.disable_signals().run();
        let handle = server.handle();
        let owner = std::thread::spawn(move || answer_owner(at, &batches));
        actix_web::rt::spawn(async move {
            let told = web::block(move || owner.join()).await;
            handle.stop(true).await;
            told
        });
        server.await?;
        anyhow::Ok(())
    })?;
    writer.join().ok().context("the writer panicked")?
}

/// Compares what the database holds with what was answered.
pub(crate) fn recount(place: &Place, answered: usize) -> anyhow::Result<()> {
    let wanted = ["deliveries WHERE acknowledged_at IS NOT NULL", "events"];
    Database::open(&place.url)?.expect(&wanted, answered)
}
