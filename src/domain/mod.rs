//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod account;
pub mod calendar;
pub mod canonical;
pub mod digest;
pub mod document_number;
pub mod evidence;
pub mod file_name;
pub mod ids;
pub mod receipt;
pub mod receipt_number;
pub mod text;
pub mod time;
pub mod urgency;
pub mod working_time;
