//! What the engines say of how they run a statement: which are made, and which of them read a table
//! or an index from one end to the other.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use diesel::deserialize::{self, QueryableByName};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::{DbConn, on_engine};
use crate::store::{StoreError, Tx};

/// The statements that `run` makes.
pub(in crate::store) fn statements(
    tx: &mut Tx,
    run: impl FnOnce(&mut Tx) -> Result<(), StoreError>,
) -> Result<Vec<String>, StoreError> {
    let made = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&made);
    let listen = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let text = text.split(" -- binds:").next().unwrap_or_default().to_owned();
            tell.lock().unwrap().push(text);
        }
    };
    on_engine!(tx.db(), conn => conn.set_instrumentation(listen));
    run(tx)?;
    on_engine!(tx.db(), conn => conn.set_instrumentation(|_: InstrumentationEvent<'_>| {}));
    let made = made.lock().unwrap().clone();
    Ok(made)
}

/// Whether SQLite builds a table for itself each time it runs a statement.
pub(in crate::store) fn builds_a_table(tx: &mut Tx, statement: &str) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Instruction {
        #[diesel(sql_type = Text)]
        opcode: String,
    }
    let DbConn::Sqlite(conn) = tx.db() else { return Ok(false) };
    let program: Vec<Instruction> = sql_query(format!("EXPLAIN {statement}")).load(conn)?;
    Ok(program.iter().any(|step| step.opcode == "OpenEphemeral"))
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// PostgreSQL calls its column by a name that no field can have.
struct Line(String);

impl QueryableByName<Pg> for Line {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        Ok(Self(NamedRow::get::<Text, _>(row, "QUERY PLAN")?))
    }
}

/// Where the plan of a statement, for whatever it is given, reads a table or an index from one end
/// to the other.
pub(in crate::store) fn scans(tx: &mut Tx, statement: &str) -> Result<Vec<String>, StoreError> {
    match tx.db() {
        DbConn::Sqlite(conn) => {
            let plan: Vec<Step> =
                sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn)?;
            let steps = plan.into_iter().map(|step| step.detail);
            Ok(steps.filter(|step| step.starts_with("SCAN")).collect())
        }
        DbConn::Pg(conn) => {
            let given = (1..99).take_while(|n| statement.contains(&format!("${n}")));
            let given = vec!["NULL"; given.count()].join(", ");
            let given = if given.is_empty() { given } else { format!("({given})") };
            conn.batch_execute(&format!("PREPARE looked_at AS {statement}"))?;
            let plan: Vec<Line> =
                sql_query(format!("EXPLAIN EXECUTE looked_at{given}")).load(conn)?;
            conn.batch_execute("DEALLOCATE looked_at")?;
            let next = plan.iter().skip(1).map(|line| line.0.as_str()).chain([""]);
            let whole = |line: &str, next: &str| {
                let by_index = line.contains("Index Scan") || line.contains("Index Only Scan");
                // All there is to an index of some rows is no condition either.
                let narrowed = next.contains("Index Cond:") && !next.contains("IS NOT NULL)");
                line.contains("Seq Scan") || by_index && !narrowed
            };
            let whole = plan.iter().zip(next).filter(|(line, next)| whole(&line.0, next));
            Ok(whole.map(|(line, _)| line.0.clone()).collect())
        }
    }
}
