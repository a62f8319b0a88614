//! What this program shares with the integration suite.

#[path = "../support/engine.rs"]
pub(crate) mod engine;
#[path = "../support/house.rs"]
pub(crate) mod house;
#[path = "../support/http.rs"]
pub(crate) mod http;
#[path = "../support/mail.rs"]
pub(crate) mod mail;
#[path = "../support/pg.rs"]
pub(crate) mod pg;
#[path = "../support/recipient.rs"]
pub(crate) mod recipient;
#[path = "../support/smtp_sink.rs"]
pub(crate) mod smtp_sink;
#[path = "../support/trustcheck.rs"]
pub(crate) mod trustcheck;
