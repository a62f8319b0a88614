//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod account;
pub mod address;
pub mod calendar;
pub mod canonical;
pub mod digest;
pub mod directory_import;
pub mod document_number;
pub mod email;
pub mod evidence;
pub mod file_name;
pub mod ids;
pub mod message;
pub mod network;
pub mod office_hours;
pub mod organization;
pub mod organization_tree;
pub mod phone;
pub mod receipt;
pub mod receipt_number;
pub mod table;
pub mod text;
pub mod time;
pub mod urgency;
pub mod words;
pub mod working_time;
