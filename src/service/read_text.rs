//! The child that reads the words of one file and ends; the server starts it for each file.

use crate::adapters::files::text::child;

/// Reads a file of that ending from standard input, and writes its words.
///
/// # Errors
/// What stopped it, for whoever runs it by hand.
pub fn read_text(ending: &str) -> Result<(), String> {
    child::run(ending).map_err(|error| error.to_string())
}
