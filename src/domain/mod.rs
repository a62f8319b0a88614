//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod ids;
pub mod network;
pub mod time;
