//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod calendar;
pub mod delivery;
pub mod document_number;
pub mod human_time;
pub mod ids;
pub mod ladder;
pub mod notice;
pub mod text;
pub mod time;
pub mod urgency;
pub mod working_time;
