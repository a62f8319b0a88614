//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod account;
pub mod canonical;
pub mod digest;
pub mod evidence;
pub mod file_name;
pub mod ids;
pub mod receipt;
pub mod receipt_number;
pub mod time;
