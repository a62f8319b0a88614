//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod calendar;
pub mod document_number;
pub mod ids;
pub mod text;
pub mod time;
pub mod urgency;
pub mod working_time;
