//! Everything that is not us, each with a real and a fake half.

pub mod clock;
pub mod files;
pub mod mail;
pub mod outcall;
pub mod random;
pub mod secrets;
pub mod tables;
pub mod telling;
