//! A connection beside the server: to make tables, to fill them, and to count afterwards.

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection};

/// Either engine.
pub(crate) enum Database {
    Sqlite(SqliteConnection),
    Pg(PgConnection),
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Database {
    /// Opens it with the settings a writer has that means to keep what it answers.
    pub(crate) fn open(url: &str) -> anyhow::Result<Self> {
        let Some(path) = url.strip_prefix("sqlite://") else {
            return Ok(Self::Pg(PgConnection::establish(url)?));
        };
        let mut conn = SqliteConnection::establish(path)?;
        conn.batch_execute(
            "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
             PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536;",
        )?;
        Ok(Self::Sqlite(conn))
    }

    /// How this engine names the numbers below `rows` (as `numbers (n)`, before a statement), and a
    /// key that counts by itself.
    pub(crate) fn counting(&self, rows: usize) -> (String, &'static str) {
        match self {
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
        }
    }

    /// Runs statements.
    pub(crate) fn run(&mut self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sql)?,
            Self::Pg(conn) => conn.batch_execute(sql)?,
        }
        Ok(())
    }

    /// Leaves a full database as it is after a quiet hour: log folded, statistics taken.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(_) => self.run("PRAGMA wal_checkpoint(TRUNCATE)"),
            Self::Pg(_) => {
                self.run("VACUUM ANALYZE")?;
                self.run("CHECKPOINT")
            }
        }
    }

    /// How many rows there are of `what`: a table, with WHERE if need be.
    pub(crate) fn count(&mut self, what: &str) -> anyhow::Result<i64> {
        let query = diesel::sql_query(format!("SELECT count(*) AS n FROM {what}"));
        let count: Count = match self {
            Self::Sqlite(conn) => query.get_result(conn)?,
            Self::Pg(conn) => query.get_result(conn)?,
        };
        Ok(count.n)
    }

    /// Counts each of `what` and refuses another number than `wanted`.
    pub(crate) fn expect(&mut self, what: &[&str], wanted: usize) -> anyhow::Result<()> {
        for what in what {
            let found = self.count(what)?;
            anyhow::ensure!(found == i64::try_from(wanted)?, "{found} {what} instead of {wanted}");
        }
        Ok(())
    }
}
