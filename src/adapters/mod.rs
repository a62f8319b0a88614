//! Everything that is not us, each with a real and a fake half.

pub mod clock;
pub mod mail;
pub mod random;
pub mod tables;
pub mod telling;
