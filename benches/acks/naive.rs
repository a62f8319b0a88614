//! The naive endpoint: the same ack as it is written at first. A pool of connections; each request
//! takes one, updates and inserts in a transaction of its own, and answers after its own commit.
//!
//! Never here: anything of the product; it would then be measured against itself.

use std::sync::Arc;

use actix_web::web;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};

use crate::bare::{self, NOW, Signs};
use crate::support::side::{Batches, Place};

/// Connections: more only wait for each other (SQLite), or for the disk (PostgreSQL).
const POOL_SQLITE: u32 = 8;
const POOL_POSTGRES: u32 = 32;

diesel::table! {
    deliveries (id) {
        id -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    events (id) {
        id -> BigInt,
        delivery_id -> BigInt,
        kind -> Text,
        happened_at -> BigInt,
    }
}

/// The two statements of an ack; each engine opens its transaction in its own way.
macro_rules! sign {
    ($conn:expr, $id:expr) => {{
        let open = deliveries::table.find($id).filter(deliveries::acknowledged_at.is_null());
        let set = deliveries::acknowledged_at.eq(Some(NOW));
        let moved = diesel::update(open).set(set).execute($conn)?;
        if moved == 1 {
            let row = (
                events::delivery_id.eq($id),
                events::kind.eq("acknowledged"),
                events::happened_at.eq(NOW),
            );
            diesel::insert_into(events::table).values(row).execute($conn)?;
        }
        QueryResult::Ok(moved == 1)
    }};
}

#[derive(Clone)]
struct Desk {
    connections: Connections,
    batches: Arc<Batches>,
}

#[derive(Clone)]
enum Connections {
    Sqlite(Pool<ConnectionManager<SqliteConnection>>),
    Postgres(Pool<ConnectionManager<PgConnection>>),
}

impl Desk {
    fn sign_now(&self, id: i64) -> anyhow::Result<bool> {
        let signed = match &self.connections {
            Connections::Sqlite(pool) => {
                pool.get()?.immediate_transaction(|conn| sign!(conn, id))?
            }
            Connections::Postgres(pool) => pool.get()?.transaction(|conn| sign!(conn, id))?,
        };
        self.batches.note(1);
        Ok(signed)
    }
}

impl Signs for Desk {
    async fn sign(&self, id: i64) -> anyhow::Result<bool> {
        let desk = self.clone();
        web::block(move || desk.sign_now(id)).await?
    }
}

/// What every connection to SQLite is told that means to keep what it answers.
#[derive(Debug)]
struct Durable;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Durable {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(
            "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Fills the database and serves acks until the owner's pipe closes.
pub(crate) fn serve(place: &Place) -> anyhow::Result<()> {
    drop(bare::fill(place)?);
    let connections = if let Some(path) = place.url.strip_prefix("sqlite://") {
        let pool = Pool::builder().max_size(POOL_SQLITE).connection_customizer(Box::new(Durable));
        Connections::Sqlite(pool.build(ConnectionManager::new(path))?)
    } else {
        let pool = Pool::builder().max_size(POOL_POSTGRES);
        Connections::Postgres(pool.build(ConnectionManager::new(&place.url))?)
    };
    let batches = Arc::new(Batches::default());
    bare::serve(Desk { connections, batches: Arc::clone(&batches) }, batches)
}
