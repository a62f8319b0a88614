//! Which engine a test run is about, and where a fresh database for one test comes from.

use std::env;

use super::pg;

/// The engines of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engine named by `QIANSHOU_TEST_ENGINE`; SQLite when it is unset.
    ///
    /// # Panics
    /// The variable names something else: a typing mistake must not test the wrong engine.
    pub(crate) fn of_this_run() -> Self {
        let named = env::var_os("QIANSHOU_TEST_ENGINE").unwrap_or_default();
        match named.to_str() {
            Some("" | "sqlite") => Self::Sqlite,
            Some("postgres") => Self::Postgres,
            _ => panic!("QIANSHOU_TEST_ENGINE is {named:?}: write sqlite or postgres"),
        }
    }

    /// URL of a database of its own for one test: a file in `folder`, or a copy of the template
    /// that `migrate` has filled once. `None`: no PostgreSQL on this machine, skip.
    pub(crate) fn fresh_url(
        self,
        folder: &std::path::Path,
        migrate: impl FnOnce(&str),
    ) -> Option<String> {
        match self {
            Self::Sqlite => Some(format!("sqlite://{}", folder.join("test.db").display())),
            Self::Postgres => {
                let cluster = pg::cluster()?;
                cluster.template(migrate);
                Some(cluster.fresh_database())
            }
        }
    }
}
