//! What benches share: load, alternation of two sides, and who else uses the machine.

pub(crate) mod load;
pub(crate) mod machine;
pub(crate) mod rounds;
pub(crate) mod side;
pub(crate) mod turns;
