//! Rules: pure values and functions. Never here: I/O, clocks, randomness, SQL, async.

pub mod address;
pub mod directory_import;
pub mod email;
pub mod ids;
pub mod office_hours;
pub mod organization;
pub mod organization_tree;
pub mod phone;
pub mod table;
pub mod time;
pub mod words;
