//! Secrets, split by what they mean: passwords, keys, links and forms, signed receipts.
//!
//! Keys live in a folder outside the database, so that a stolen database yields no working link
//! and no receipt. Nothing here logs, and every `Debug` is redacted.

pub mod delegations;
pub mod jws_provider;
pub mod keys;
pub mod links;
pub mod passwords;
pub mod receipts;
pub mod return_path;
pub mod shown;
pub mod webhooks;

pub use keys::Keys;
pub use passwords::{PasswordFault, Passwords, Weak, check_policy};
