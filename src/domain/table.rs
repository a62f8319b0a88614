//! A table as people bring it: a header line and rows of text, not yet understood.
//!
//! Never here: files, encodings and separators; `adapters/tables.rs` takes those away.

/// A header line and the rows below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns, in the order of the file.
    pub headers: Vec<String>,
    /// Rows that have anything in them.
    pub rows: Vec<TableRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Line of the file, the header being line 1: what a spreadsheet shows at its left.
    pub number: u64,
    /// Texts in the order of the columns; a damaged row may have too few or too many.
    pub cells: Vec<String>,
}
