//! That a statement finds its rows by an index, on either engine: what the engines say of it.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use diesel::deserialize::{self, QueryableByName};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::chase_by_hand::{hand_next_step, hand_reminded_at};
use super::deliveries::delivery_list_of_notice;
use super::ends::{
    end_find, message_cancel_of_notice, message_cancel_words, phoned_list_of_notice,
    told_list_of_notice, written_list_of_notice,
};
use super::engine::{DbConn, on_engine};
use super::tests::worlds;
use super::{StoreError, Tx};
use crate::domain::ids::NoticeId;
use crate::domain::time::Timestamp;

/// The statements that `run` makes.
fn statements(
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
fn scans(tx: &mut Tx, statement: &str) -> Result<Vec<String>, StoreError> {
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

/// There are millions of messages, and signatures wait for the write that ends a notice.
#[test]
fn who_was_told_of_a_notice_is_found_without_reading_all_messages() {
    let now = Timestamp::from_micros(1_795_456_920_000_000);
    let id = NoticeId::new(now, [7; 10]);
    for world in worlds() {
        let look = move |tx: &mut Tx| {
            let made = statements(tx, |tx| {
                message_cancel_of_notice(tx, id, "recall", now)?;
                message_cancel_words(tx, id, "recall", now)?;
                told_list_of_notice(tx, id)?;
                written_list_of_notice(tx, id)?;
                phoned_list_of_notice(tx, id)?;
                delivery_list_of_notice(tx, id)?;
                end_find(tx, id)?;
                hand_reminded_at(tx, id)?;
                hand_next_step(tx, id)?;
                Ok(())
            })?;
            assert!(made.len() >= 10, "{made:?}");
            for statement in &made {
                let scans = scans(tx, statement)?;
                assert!(scans.is_empty(), "{statement}\n{scans:#?}");
            }
            // It would tell of one that does.
            let all = "SELECT id FROM messages WHERE finished_why = 'x'";
            assert!(!scans(tx, all)?.is_empty());
            Ok::<_, StoreError>(())
        };
        world.store.write("test", look).unwrap();
    }
}
