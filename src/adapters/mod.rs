//! Everything that is not us, each with a real and a fake half.

pub mod clock;
pub mod random;
pub mod telling;
