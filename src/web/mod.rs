//! Door 1: browsers. Parses, checks, calls one use-case, draws; never decides and never commits.

pub mod assets;
pub mod pages;
