//! Statements of our own wording that the connection keeps prepared.
//!
//! diesel prepares anew, at each run, what comes from `sql_query` and every UPDATE. A statement
//! that runs in each burst is worded here instead: parsed and planned once per connection.

use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

/// One value for a place in a [`Prepared`] statement.
pub(in crate::store) struct Bind<ST, V>(V, PhantomData<ST>);

/// A value of that SQL type.
pub(in crate::store) fn bind<ST, V>(value: V) -> Bind<ST, V> {
    Bind(value, PhantomData)
}

impl<DB, ST, V> QueryFragment<DB> for Bind<ST, V>
where
    DB: Backend + HasSqlType<ST>,
    V: ToSql<ST, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_bind_param::<ST, V>(&self.0)
    }
}

/// A statement with `?` for each value, in order; there may be no other `?` in it. Its text must
/// be one of few: each is kept for as long as the connection lives.
pub(in crate::store) struct Prepared<'q, DB: Backend> {
    text: &'q str,
    binds: &'q [&'q dyn QueryFragment<DB>],
}

impl<'q, DB: Backend> Prepared<'q, DB> {
    pub(in crate::store) fn new(text: &'q str, binds: &'q [&'q dyn QueryFragment<DB>]) -> Self {
        Self { text, binds }
    }
}

impl<DB: Backend> QueryFragment<DB> for Prepared<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut binds = self.binds.iter();
        for (place, part) in self.text.split('?').enumerate() {
            if place > 0
                && let Some(bind) = binds.next()
            {
                bind.walk_ast(out.reborrow())?;
            }
            out.push_sql(part);
        }
        Ok(())
    }
}

impl<DB: Backend> QueryId for Prepared<'_, DB> {
    type QueryId = ();

    // Told apart by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, Conn> RunQueryDsl<Conn> for Prepared<'_, DB> {}
