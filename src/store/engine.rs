//! The only file that may name a database engine, with the rooms below it: connecting, refusing
//! unsafe settings, and how a write transaction begins and ends. Never here: tables.

use diesel::connection::TransactionManagerStatus;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};

use super::error::StoreError;

mod failures;
mod held;
#[cfg(test)]
mod plans;
mod prepared;

pub(super) use held::RowLock;
#[cfg(test)]
pub(super) use plans::{builds_a_table, scans, statements};
pub(super) use prepared::{Prepared, bind};

/// A connection to whichever engine the URL named.
#[derive(diesel::MultiConnection)]
pub(super) enum DbConn {
    /// PostgreSQL, for several servers over one database.
    Pg(PgConnection),
    /// The embedded engine.
    Sqlite(SqliteConnection),
}

/// Runs the same tokens against the inner connection of either engine: for the statements the
/// multi-connection cannot express (batch insert, insert-or-ignore).
macro_rules! on_engine {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            $crate::store::engine::DbConn::Pg($inner) => $body,
            $crate::store::engine::DbConn::Sqlite($inner) => $body,
        }
    };
}
pub(super) use on_engine;

/// Inserts a burst of rows, each field a column of the same name, and says how many went in. One
/// statement over arrays on PostgreSQL, where each statement is a round trip; one prepared
/// statement for each row on SQLite, where reading a long statement costs more than running it.
/// With `missing`, what is there already stays as it is and does not count.
macro_rules! insert_burst {
    ($db:expr, $table:ident, $rows:expr, { $($column:ident: $kind:ty),+ $(,)? }) => {
        $crate::store::engine::insert_burst!(@ $db, $table, $rows, { $($column: $kind),+ }, "",
            |row| diesel::insert_into($table::table).values(row))
    };
    ($db:expr, missing $table:ident, $rows:expr, { $($column:ident: $kind:ty),+ $(,)? }) => {
        $crate::store::engine::insert_burst!(@ $db, $table, $rows, { $($column: $kind),+ },
            " ON CONFLICT DO NOTHING",
            |row| diesel::insert_into($table::table).values(row).on_conflict_do_nothing())
    };
    (@ $db:expr, $table:ident, $rows:expr, { $($column:ident: $kind:ty),+ }, $else:literal,
        |$row:ident| $one:expr) => {{
        use diesel::prelude::*;
        let rows = $rows;
        if rows.is_empty() {
            Ok(0)
        } else {
            match $db {
                $crate::store::engine::DbConn::Pg(conn) => {
                    let columns = [$(stringify!($column)),+];
                    let text =
                        $crate::store::engine::array_insert(stringify!($table), &columns, $else);
                    $(let $column = $crate::store::engine::bind::<
                        diesel::sql_types::Array<$kind>, _,
                    >(rows.iter().map(|row| &row.$column).collect::<Vec<_>>());)+
                    $crate::store::engine::Prepared::new(&text, &[$(&$column),+]).execute(conn)
                }
                $crate::store::engine::DbConn::Sqlite(conn) => {
                    rows.iter().try_fold(0usize, |sum, $row| {
                        let one = $one.execute(conn)?;
                        Ok::<_, diesel::result::Error>(sum.saturating_add(one))
                    })
                }
            }
        }
    }};
}
pub(super) use insert_burst;

/// `INSERT INTO table (columns) SELECT * FROM unnest(?, …)`, and what follows.
pub(super) fn array_insert(table: &str, columns: &[&str], what_else: &str) -> String {
    let (columns, binds) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
    format!("INSERT INTO {table} ({columns}) SELECT * FROM unnest({binds}){what_else}")
}

/// The inner connection, with an expression of its own for each engine: where one statement does
/// on PostgreSQL what SQLite does cheaper in several.
macro_rules! per_engine {
    ($db:expr, $inner:ident, postgres => $pg:expr, sqlite => $sqlite:expr $(,)?) => {
        match $db {
            $crate::store::engine::DbConn::Pg($inner) => $pg,
            $crate::store::engine::DbConn::Sqlite($inner) => $sqlite,
        }
    };
}
pub(super) use per_engine;

/// Loads rows and holds them until the end of the transaction, in the order of the query: others
/// may read and hold them too but not change them. SQLite has one writer, so there is nothing to
/// hold.
macro_rules! load_shared {
    ($db:expr, $query:expr) => {
        match $db {
            $crate::store::engine::DbConn::Pg(conn) => $query.for_share().load(conn),
            $crate::store::engine::DbConn::Sqlite(conn) => $query.load(conn),
        }
    };
}
pub(super) use load_shared;

/// Oldest SQLite without the race between a checkpoint and a write that could damage a database
/// (<https://sqlite.org/wal.html#walresetbug>).
const SQLITE_VERSION_MIN: i64 = 3_051_003;
const POSTGRES_VERSION_MIN: i64 = 140_000;
const BUSY_TIMEOUT_MS: u32 = 10_000;
/// How much of SQLite's main file the writer reads in place, instead of copying the pages that a
/// burst touches. Not for readers: each of them would map the file anew whenever it has grown.
const WRITER_MMAP_BYTES: u64 = 1 << 30;

/// Which database, and how much of its safety is asked for.
#[derive(Clone)]
pub struct EngineSettings {
    target: Target,
    durability: Durability,
}

/// Whether the engine must promise that a commit survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Refuse to start on settings that could lose a commit.
    Required,
    /// For throw-away databases of tests only.
    NotForEvidence,
}

#[derive(Clone)]
enum Target {
    Sqlite { path: String },
    Pg { url: String },
}

/// What a connection will be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
    Checkpoint,
}

impl EngineSettings {
    /// Picks the engine by the scheme of `url`: `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// Another scheme, or no path.
    pub fn parse(url: &str, durability: Durability) -> Result<Self, StoreError> {
        let target = match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Target::Sqlite { path: path.to_owned() },
            Some(("postgres" | "postgresql", _)) => Target::Pg { url: url.to_owned() },
            _ => {
                return Err(StoreError::Refused(
                    "the database URL must be sqlite://PATH or postgres://USER@HOST/NAME".into(),
                ));
            }
        };
        Ok(Self { target, durability })
    }

    /// `sqlite` or `postgres`, for logs and reports.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match self.target {
            Target::Sqlite { .. } => "sqlite",
            Target::Pg { .. } => "postgres",
        }
    }

    pub(super) fn wants_checkpoints(&self) -> bool {
        matches!(self.target, Target::Sqlite { .. })
    }

    /// Connections that write. SQLite has one place to write from; a third on PostgreSQL only made
    /// the groups smaller (`benches/run acks`, two cores).
    pub(super) fn writing_connections(&self) -> usize {
        match self.target {
            Target::Sqlite { .. } => 1,
            Target::Pg { .. } => 2,
        }
    }

    pub(super) fn connect(&self, purpose: Purpose) -> Result<DbConn, StoreError> {
        match &self.target {
            Target::Sqlite { path } => {
                let mut conn = SqliteConnection::establish(path)
                    .map_err(|error| StoreError::Lost(format!("cannot open {path}: {error}")))?;
                sqlite_prepare(&mut conn, purpose)?;
                Ok(DbConn::Sqlite(conn))
            }
            Target::Pg { url } => {
                let mut conn = PgConnection::establish(url).map_err(pg_connect_error)?;
                pg_prepare(&mut conn, purpose, self.durability)?;
                Ok(DbConn::Pg(conn))
            }
        }
    }

    /// Sets what must stand before the first pooled connection, and refuses unsafe settings.
    pub(super) fn prepare_database(&self) -> Result<(), StoreError> {
        match &self.target {
            Target::Sqlite { path } => {
                let mut conn = SqliteConnection::establish(path)
                    .map_err(|error| StoreError::Lost(format!("cannot open {path}: {error}")))?;
                conn.batch_execute(&format!("PRAGMA busy_timeout={BUSY_TIMEOUT_MS}"))?;
                // Several connections that switch at once lock each other out, so: once, here.
                conn.batch_execute("PRAGMA journal_mode=WAL")?;
                sqlite_refuse_unsafe(&mut conn)
            }
            Target::Pg { .. } => match self.connect(Purpose::Write)? {
                DbConn::Pg(mut conn) => pg_refuse_unsafe(&mut conn, self.durability),
                DbConn::Sqlite(_) => Err(StoreError::Refused("engine mixed up".into())),
            },
        }
    }
}

fn pg_connect_error(error: diesel::ConnectionError) -> StoreError {
    let text = error.to_string();
    let hint = if text.contains("SSL support is not compiled in") {
        " (this build has no TLS to PostgreSQL: build with the feature pg-tls)"
    } else {
        ""
    };
    StoreError::Lost(format!("cannot reach PostgreSQL: {}{hint}", text.trim()))
}

fn sqlite_prepare(conn: &mut SqliteConnection, purpose: Purpose) -> Result<(), StoreError> {
    // The writer walks its whole cache after each commit that moved pages about, so a large one
    // costs it more than it saves; the file lies in the system's cache anyway.
    let cache_kib = if purpose == Purpose::Write { 16_384 } else { 65_536 };
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout={BUSY_TIMEOUT_MS}; PRAGMA synchronous=FULL; \
         PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-{cache_kib};"
    ))?;
    match purpose {
        Purpose::Read => conn.batch_execute("PRAGMA query_only=ON")?,
        // A second connection checkpoints, so that no signature waits for it.
        Purpose::Write => conn.batch_execute(&format!(
            "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size={WRITER_MMAP_BYTES};"
        ))?,
        Purpose::Checkpoint => {}
    }
    sqlite_refuse_unsafe(conn)
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Figure {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn sqlite_refuse_unsafe(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let version = sql_query("SELECT sqlite_version() AS value").get_result::<Setting>(conn)?.value;
    let number = version.split('.').fold(0i64, |sum, part| {
        sum.saturating_mul(1_000).saturating_add(part.parse::<i64>().unwrap_or(0))
    });
    if number < SQLITE_VERSION_MIN {
        return Err(StoreError::Refused(format!(
            "SQLite {version} can damage a database under load; 3.51.3 or later is needed"
        )));
    }
    let mode = sql_query("SELECT journal_mode AS value FROM pragma_journal_mode")
        .get_result::<Setting>(conn)?
        .value;
    if mode != "wal" {
        return Err(StoreError::Refused(format!(
            "SQLite's journal mode is {mode}, not wal: is the data folder on a network drive?"
        )));
    }
    for (name, wanted) in [("synchronous", 2i64), ("foreign_keys", 1)] {
        let text = format!("SELECT \"{name}\" AS value FROM pragma_{name}");
        let found = sql_query(text).get_result::<Figure>(conn)?.value;
        if found < wanted && name == "foreign_keys" || name == "synchronous" && found != wanted {
            return Err(StoreError::Refused(format!("SQLite's {name} is {found}, not {wanted}")));
        }
    }
    Ok(())
}

fn pg_prepare(
    conn: &mut PgConnection,
    purpose: Purpose,
    durability: Durability,
) -> Result<(), StoreError> {
    // Statements are prepared, and PostgreSQL keeps their plans: one made while a table was empty
    // would read all of it ever after. Nothing here needs a whole table where an index will do,
    // nor a plan of its own for each length of a list, which is what it would make by itself.
    conn.batch_execute(
        "SET client_min_messages = warning; SET idle_in_transaction_session_timeout = '60s'; \
         SET lock_timeout = '20s'; SET timezone = 'UTC'; SET tcp_user_timeout = '20s'; \
         SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan;",
    )?;
    if purpose == Purpose::Read {
        conn.batch_execute("SET default_transaction_read_only = on")?;
        return Ok(());
    }
    // A server that is stopped or cut off in the middle of a write holds its rows, and what holds
    // rows holds up rungs. Shorter than the shortest lease, so that the lease alone is the bound.
    conn.batch_execute("SET idle_in_transaction_session_timeout = '4s'")?;
    if durability == Durability::Required {
        conn.batch_execute("SET synchronous_commit = on")?;
    }
    Ok(())
}

fn pg_refuse_unsafe(conn: &mut PgConnection, durability: Durability) -> Result<(), StoreError> {
    let mut show = |name: &str| -> Result<String, StoreError> {
        let text = format!("SELECT current_setting('{name}') AS value");
        Ok(sql_query(text).get_result::<Setting>(conn)?.value)
    };
    let version = show("server_version_num")?;
    if version.parse::<i64>().unwrap_or(0) < POSTGRES_VERSION_MIN {
        return Err(StoreError::Refused("PostgreSQL 14 or later is needed".into()));
    }
    if show("server_encoding")? != "UTF8" {
        return Err(StoreError::Refused("the database must be created with encoding UTF8".into()));
    }
    let language = show("lc_messages")?;
    if !failures::are_understood_in(&language) {
        return Err(StoreError::Refused(format!(
            "PostgreSQL tells its errors in the language {language}, and that two writes wait for \
             each other is recognised by the English words. Have a superuser run: ALTER DATABASE \
             … SET lc_messages = 'C'"
        )));
    }
    if durability == Durability::Required {
        for (name, refused) in
            [("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")]
        {
            if show(name)? == refused {
                return Err(StoreError::Refused(format!(
                    "PostgreSQL runs with {name} = {refused}: a power cut could lose signatures. \
                     Set {name} = on"
                )));
            }
        }
    }
    Ok(())
}

impl DbConn {
    /// What ends a select that picks work from a queue: rows another server holds are passed over
    /// instead of waited for. SQLite has one writer, so there is nobody to pass over.
    pub(super) fn passing_over_held(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Pg(_) => "FOR NO KEY UPDATE SKIP LOCKED",
        }
    }

    /// Begins a transaction that means to write: on SQLite at once, because one that only finds
    /// out later fails without waiting for the other writer.
    pub(super) fn begin_write(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
            }
            Self::Pg(conn) => {
                <AnsiTransactionManager as TransactionManager<PgConnection>>::begin_transaction(
                    conn,
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn commit_write(&mut self) -> Result<(), StoreError> {
        <Self as Connection>::TransactionManager::commit_transaction(self)?;
        Ok(())
    }

    /// Leaves the transaction if there is one; an error here means the connection is lost.
    pub(super) fn rollback_write(&mut self) -> Result<(), StoreError> {
        if self.depth() > 0 {
            <Self as Connection>::TransactionManager::rollback_transaction(self)?;
        }
        Ok(())
    }

    /// How many transactions and savepoints are open.
    pub(super) fn depth(&mut self) -> u32 {
        let status: &TransactionManagerStatus = match self {
            Self::Sqlite(conn) => AnsiTransactionManager::transaction_manager_status_mut(conn),
            Self::Pg(conn) => AnsiTransactionManager::transaction_manager_status_mut(conn),
        };
        match status.transaction_depth() {
            Ok(Some(depth)) => depth.get(),
            Ok(None) => 0,
            Err(_) => u32::MAX,
        }
    }

    /// A name for the open transaction by which [`Self::was_committed`] can ask about it later.
    /// Only PostgreSQL can leave a commit in doubt; SQLite answers within the process.
    pub(super) fn transaction_name(&mut self) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Pg(conn) => {
                let name = sql_query("SELECT pg_current_xact_id()::text AS value")
                    .get_result::<Setting>(conn)?
                    .value;
                Ok(Some(name))
            }
        }
    }

    /// Whether the transaction of that name was committed; waits while it is in progress.
    pub(super) fn was_committed(&mut self, name: &str) -> Result<bool, StoreError> {
        let Self::Pg(conn) = self else { return Ok(false) };
        for _ in 0..200 {
            let status = sql_query("SELECT coalesce(pg_xact_status($1::xid8), 'lost') AS value")
                .bind::<Text, _>(name)
                .get_result::<Setting>(conn)?
                .value;
            match status.as_str() {
                "committed" => return Ok(true),
                "aborted" => return Ok(false),
                "in progress" => std::thread::sleep(std::time::Duration::from_millis(50)),
                _ => break,
            }
        }
        Err(StoreError::CommitUnknown)
    }

    /// Moves what is committed from SQLite's log into its main file, without making a writer wait;
    /// with `reset` also cuts the log when nobody reads it. Returns the pages left in the log.
    pub(super) fn checkpoint(&mut self, reset: bool) -> Result<i64, StoreError> {
        let Self::Sqlite(conn) = self else { return Ok(0) };
        #[derive(QueryableByName)]
        struct Progress {
            #[diesel(sql_type = BigInt)]
            log: i64,
            #[diesel(sql_type = BigInt)]
            checkpointed: i64,
        }
        let mode = if reset { "TRUNCATE" } else { "PASSIVE" };
        let done =
            sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result::<Progress>(conn)?;
        Ok(done.log.saturating_sub(done.checkpointed))
    }

    /// Runs statements that answer nothing, in the words of each engine.
    pub(super) fn run_script(&mut self, sqlite: &str, postgres: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sqlite)?,
            Self::Pg(conn) => conn.batch_execute(postgres)?,
        }
        Ok(())
    }
}
