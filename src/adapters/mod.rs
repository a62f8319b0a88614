//! Everything that is not us, each with a real and a fake half.

pub mod clock;
pub mod files;
pub mod mail;
pub mod outcall;
pub mod outcry;
pub mod outward;
pub mod random;
pub mod returned_mail;
pub mod secrets;
pub mod steady;
pub mod tables;
pub mod telling;
