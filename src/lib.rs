//! 签收 (`qianshou`): distributes official notices and proves who received, opened and signed
//! for them.
//!
//! # The house
//!
//! | floor | what it is |
//! |---|---|
//! | [`domain`] | the rules: pure values and functions, no I/O, no clock, no SQL |
//! | [`store`] | SQL; the only floor that knows diesel |
//! | [`adapters`] | everything that is not us, each with a real and a fake half |
//! | [`channel`] | ways to reach a person, and the words that travel on them |
//! | [`service`] | use-cases; the only floor that opens write transactions |
//! | [`web`] | door 1: browsers |
//! | [`workers`] | door 2: time |
//! | [`cli`] | door 3: operators |
//!
//! `tests/tidy.rs` holds the table of which floor may import which, and checks it.
//!
//! # What is absent, on purpose
//!
//! 1. Nothing outside `adapters/clock.rs` asks the time; a unit of work asks once and passes `now`.
//! 2. Nothing outside `service/` commits, and no message leaves while a transaction is open.
//! 3. Nothing updates or deletes evidence; triggers in the database refuse as well.

pub mod adapters;
pub mod app;
pub mod channel;
pub mod cli;
pub mod config;
pub mod domain;
pub mod service;
pub mod store;
pub mod web;
pub mod workers;
