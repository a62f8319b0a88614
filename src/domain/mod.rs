//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod account;
pub mod ids;
pub mod time;
