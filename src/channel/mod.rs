//! Ways to reach a person, one folder each, with the wording beside the way it travels.
//!
//! Never here: deciding whom to reach and when; storing; sending inside a transaction.

pub mod email;
mod notice_words;
mod outlets;
pub mod sms;
pub mod webhook;

pub use notice_words::NoticeWords;
pub use outlets::{Outlets, Standing};
