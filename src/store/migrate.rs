//! Brings the tables up to date at start, and the guards with them.

use diesel::migration::MigrationSource;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl as _, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;
use super::engine::{DbConn, EngineSettings, Purpose, on_engine};
use super::error::StoreError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Any number that nothing else on the same PostgreSQL uses: "qianshou" as bytes, cut to fit.
const MIGRATION_LOCK: i64 = 0x7169_616e_7368;

/// Applies what is missing, under a lock where several servers share the database.
///
/// # Errors
/// A step failed (nothing of it remains), or the database cannot be reached.
pub fn bring_up_to_date(settings: &EngineSettings) -> Result<Vec<String>, StoreError> {
    settings.prepare_database()?;
    let mut conn = settings.connect(Purpose::Write)?;
    let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
    conn.run_script("", &lock)?;
    let applied = apply(&mut conn);
    let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
    conn.run_script("", &unlock)?;
    applied
}

/// Whether every step of this version was applied; asks and changes nothing.
///
/// # Errors
/// The database cannot be asked.
pub fn is_current(conn: &mut Conn) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let applied: Vec<Applied> =
        sql_query("SELECT version FROM __diesel_schema_migrations").load(conn.db())?;
    let wanted = on_engine!(conn.db(), inner => versions(inner))?;
    Ok(wanted.iter().all(|version| applied.iter().any(|one| one.version == *version)))
}

/// The steps of this version, for the engine of `_conn`.
fn versions<C: Connection>(_conn: &mut C) -> Result<Vec<String>, StoreError> {
    let steps = MigrationSource::<C::Backend>::migrations(&MIGRATIONS)
        .map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(steps.iter().map(|step| step.name().version().to_string()).collect())
}

fn apply(conn: &mut DbConn) -> Result<Vec<String>, StoreError> {
    let applied = on_engine!(conn, inner => inner
        .run_pending_migrations(MIGRATIONS)
        .map(|done| done.iter().map(ToString::to_string).collect::<Vec<_>>()));
    let applied =
        applied.map_err(|error| StoreError::Database(format!("a migration failed: {error}")))?;
    conn.run_script(include_str!("guards/sqlite.sql"), include_str!("guards/postgres.sql"))?;
    Ok(applied)
}
