//! The whole house on a database of its own, as `app.rs` puts it together.

use std::path::Path;

use diesel::{Connection as _, RunQueryDsl as _, sql_query};
use qianshou::app::{App, Halves, create_keys};
use qianshou::config::Config;
use qianshou::store::{Durability, EngineSettings, migrate};

use super::engine::Engine;

/// A house on a fresh database of this run's engine, and the settings that open it again.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) url: String,
}

impl House {
    /// Opens one with its folders below `folder`; `None`: no PostgreSQL on this machine, skip.
    pub(crate) fn open(folder: &Path) -> Option<Self> {
        let url = Engine::of_this_run().fresh_url(folder, |url| {
            let settings = EngineSettings::parse(url, Durability::NotForEvidence).unwrap();
            migrate::bring_up_to_date(&settings).unwrap();
        })?;
        create_keys(&folder.join("keys")).unwrap();
        let settings = settings(folder, &url);
        let set: Vec<(&str, &str)> = settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let config = Config::assemble(None, &[], &set).unwrap();
        let halves = Halves { durability: Durability::NotForEvidence, ..Halves::default() };
        Some(Self { app: App::open_with(&config, halves).unwrap(), url })
    }

    /// Runs a statement past the house; how many rows it touched.
    pub(crate) fn execute(&self, sql: &str) -> usize {
        execute(&self.url, sql)
    }

    /// What `select count(*)` of this text says.
    pub(crate) fn count(&self, from: &str) -> i64 {
        count(&self.url, from)
    }
}

/// Settings of a house that writes its mails into a folder.
pub(crate) fn settings(folder: &Path, url: &str) -> Vec<(&'static str, String)> {
    let at = |name: &str| folder.join(name).display().to_string();
    vec![
        ("database.url", url.to_owned()),
        ("data_dir", at("data")),
        // The running program is the tests'.
        ("text_reader", env!("CARGO_BIN_EXE_qianshou").to_owned()),
        ("keys_dir", at("keys")),
        ("listen", "127.0.0.1:0".to_owned()),
        ("public_url", "http://127.0.0.1:8080".to_owned()),
        ("mail.transport", "folder".to_owned()),
        ("mail.folder", at("mail")),
        ("mail.from_address", "qianshou@issuer.example".to_owned()),
    ]
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// What `select count(*)` of this text says, in the database of `url`.
pub(crate) fn count(url: &str, from: &str) -> i64 {
    let sql = format!("select count(*) as n from {from}");
    match url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            sql_query(sql).get_result::<Count>(&mut conn).unwrap().n
        }
        None => {
            let mut conn = diesel::PgConnection::establish(url).unwrap();
            sql_query(sql).get_result::<Count>(&mut conn).unwrap().n
        }
    }
}

/// Runs a statement in the database of `url`; how many rows it touched.
pub(crate) fn execute(url: &str, sql: &str) -> usize {
    match url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            sql_query(sql).execute(&mut conn).unwrap()
        }
        None => sql_query(sql).execute(&mut diesel::PgConnection::establish(url).unwrap()).unwrap(),
    }
}

#[derive(diesel::QueryableByName)]
struct Words {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// Texts, from a select that calls them `value`, in the database of `url`.
pub(crate) fn texts(url: &str, select: &str) -> Vec<String> {
    let found: Vec<Words> = match url.strip_prefix("sqlite://") {
        Some(path) => {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            sql_query(select).load(&mut conn).unwrap()
        }
        None => sql_query(select).load(&mut diesel::PgConnection::establish(url).unwrap()).unwrap(),
    };
    found.into_iter().map(|words| words.value).collect()
}
