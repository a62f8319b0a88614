//! What the pages show: one room per noun, each a template with the values it needs, ready to
//! print. Handlers fill them; nothing here reads a store or knows a request.

pub mod accounts;
pub mod board;
pub mod compose;
pub mod directory;
#[cfg(test)]
mod gallery;
pub mod moment;
pub mod notices;
pub mod parts;
pub mod picker;
pub mod review;
pub mod story;
