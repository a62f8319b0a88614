//! Everything that is not us, each with a real and a fake half.

pub mod clock;
pub mod files;
pub mod random;
pub mod secrets;
