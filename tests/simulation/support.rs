//! What this program shares with the integration suite.

#[path = "../support/engine.rs"]
pub(crate) mod engine;
#[path = "../support/pg.rs"]
pub(crate) mod pg;
#[path = "../support/stand.rs"]
pub(crate) mod stand;
#[path = "../support/trustcheck.rs"]
pub(crate) mod trustcheck;
