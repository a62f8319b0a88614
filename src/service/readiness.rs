//! Whether this server can do its work now: database, tables, files; and whether its duties go
//! round. Answers in words that tell nothing secret.

use crate::service::Service;
use crate::service::watch::Duty;
use crate::store::{StoreError, migrate};

/// What stands in the way of serving; empty when nothing does.
#[must_use]
pub fn readiness(service: &Service) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let current = service.store.read(migrate::is_current);
    match current {
        Ok(true) => {}
        Ok(false) => missing.push("the database is not up to date"),
        Err(error) => {
            let error: StoreError = error;
            tracing::warn!(%error, "not ready: the database");
            missing.push("the database cannot be read");
        }
    }
    let tried = service.files.begin(1).and_then(|mut upload| upload.write(b"?"));
    if let Err(error) = tried {
        tracing::warn!(%error, "not ready: the files");
        missing.push("the file store cannot be written");
    }
    missing
}

/// Duties that have not finished a whole round begun after `ticket` was drawn.
#[must_use]
pub fn not_yet_round(service: &Service, ticket: u64) -> Vec<&'static str> {
    let waiting = |duty: &&Duty| !service.watch.finished_since(**duty, ticket);
    Duty::ALL.iter().filter(waiting).map(|duty| duty.as_str()).collect()
}
