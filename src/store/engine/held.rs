//! Rows held until a write ends. SQLite has one writer, so there is nothing to hold there.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::DbConn;
use crate::store::StoreError;

/// How rows are held until the write ends.
pub(in crate::store) enum RowLock {
    /// Others may read it, but not change it.
    Shared,
    /// Others wait.
    Exclusive,
}

impl DbConn {
    /// Holds rows by id, in the order given. SQLite has one writer, so there is nothing to hold.
    pub(in crate::store) fn lock_rows(
        &mut self,
        table: &'static str,
        ids: &[String],
        lock: RowLock,
    ) -> Result<(), StoreError> {
        let Self::Pg(conn) = self else { return Ok(()) };
        let strength = match lock {
            RowLock::Shared => "SHARE",
            RowLock::Exclusive => "NO KEY UPDATE",
        };
        sql_query(format!("SELECT id FROM {table} WHERE id = ANY($1) ORDER BY id FOR {strength}"))
            .bind::<diesel::sql_types::Array<Text>, _>(ids)
            .execute(conn)?;
        Ok(())
    }

    /// Holds those of these rows that nobody else holds, in the order given, and says which.
    pub(in crate::store) fn lock_free_rows(
        &mut self,
        table: &'static str,
        ids: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let Self::Pg(conn) = self else { return Ok(ids.to_vec()) };
        #[derive(QueryableByName)]
        struct Held {
            #[diesel(sql_type = Text)]
            id: String,
        }
        let select = format!(
            "SELECT id FROM {table} WHERE id = ANY($1) ORDER BY id \
             FOR NO KEY UPDATE SKIP LOCKED"
        );
        let held: Vec<Held> =
            sql_query(select).bind::<diesel::sql_types::Array<Text>, _>(ids).load(conn)?;
        Ok(held.into_iter().map(|row| row.id).collect())
    }
}
