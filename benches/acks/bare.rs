//! What the two programs beside the product share: tables of an ack and nothing else, tokens, the
//! requests, and an endpoint that verifies a token and asks somebody to sign.
//!
//! Never here: anything of the product; it would then be measured against itself.

use std::future::Future;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::database::Database;
use crate::support::load::RequestFile;
use crate::support::side::{Batches, Place, answer_owner, shuffled};

const KEY: &[u8; 32] = b"known to this program and no one";
/// Deliveries all fall due at the same instant, like those of one notice.
const DUE_AT: i64 = 1_795_000_000_000_000;
/// When everything is signed.
pub(crate) const NOW: i64 = DUE_AT - 1;

const TABLES: &str = "
    CREATE TABLE deliveries (
        id BIGINT PRIMARY KEY NOT NULL, notice_id BIGINT NOT NULL, organization TEXT NOT NULL,
        due_at BIGINT NOT NULL, acknowledged_at BIGINT);
    CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE acknowledged_at IS NULL;
    CREATE INDEX deliveries_open ON deliveries (notice_id, id) WHERE acknowledged_at IS NULL;";

/// Whoever signs deliveries durably.
pub(crate) trait Signs: Clone + Send + 'static {
    /// Whether the delivery was open; an error if nobody can say.
    fn sign(&self, id: i64) -> impl Future<Output = anyhow::Result<bool>>;
}

/// Makes the tables with `rows` open deliveries, and a request for each.
pub(crate) fn fill(place: &Place) -> anyhow::Result<Database> {
    let mut database = Database::open(&place.url)?;
    fill_tables(&mut database, place.rows)?;
    let mut requests = RequestFile::create(&Place::requests(&place.folder))?;
    for id in shuffled(place.rows) {
        let token = token(i64::try_from(id)?);
        let text = format!("POST /ack/{token} HTTP/1.1\r\nhost: bare\r\ncontent-length: 0\r\n\r\n");
        requests.push(text.as_bytes())?;
    }
    requests.finish()?;
    Ok(database)
}

fn fill_tables(database: &mut Database, rows: usize) -> anyhow::Result<()> {
    let (numbers, serial) = database.counting(rows);
    database.run(TABLES)?;
    database.run(&format!(
        "CREATE TABLE events (id {serial}, delivery_id BIGINT NOT NULL, \
         kind TEXT NOT NULL, happened_at BIGINT NOT NULL)"
    ))?;
    database.run(&format!(
        "{numbers} INSERT INTO deliveries (id, notice_id, organization, due_at) \
         SELECT n, 1, 'organization ' || n, {DUE_AT} FROM numbers"
    ))?;
    database.settle()
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

async fn acknowledge<S: Signs>(path: web::Path<String>, desk: web::Data<S>) -> HttpResponse {
    let Some(id) = verified(&path) else { return HttpResponse::NotFound().finish() };
    match desk.sign(id).await {
        Ok(true) => HttpResponse::Ok().body("signed"),
        Ok(false) => HttpResponse::Conflict().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// Serves acks until the owner's pipe closes.
pub(crate) fn serve<S: Signs>(desk: S, batches: Arc<Batches>) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            let desk = web::Data::new(desk.clone());
            App::new().app_data(desk).route("/ack/{token}", web::post().to(acknowledge::<S>))
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
    })
}

/// Compares what the database holds with what was answered.
pub(crate) fn recount(place: &Place, answered: usize) -> anyhow::Result<()> {
    let wanted = ["deliveries WHERE acknowledged_at IS NOT NULL", "events"];
    Database::open(&place.url)?.expect(&wanted, answered)
}
