//! Ways to reach a person, one folder each, with the wording beside the way it travels.
//!
//! E-mail is the only way so far; what ways have in common is named when there is a second.
//! Never here: deciding whom to reach and when; storing; sending inside a transaction.

pub mod email;
