//! Door 1: browsers.

pub mod assets;
pub mod pages;
