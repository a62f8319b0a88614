//! 交接班表, 电话通知记录 and the night's signatures, on paper.

use askama::Template;

/// A list on such a sheet: a caption, heads, rows; or a sentence where there is nothing.
#[derive(Clone, Debug)]
pub struct SheetTable {
    /// What it lists.
    pub caption: String,
    /// Heads of the columns.
    pub heads: Vec<&'static str>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// What stands there when no row does.
    pub nothing: &'static str,
}

/// A sheet of lists.
#[derive(Clone, Debug, Template)]
#[template(path = "duty_print.html")]
pub struct DutySheet {
    /// 交接班表.
    pub heading: String,
    /// Lines under it: office, hours.
    pub under: Vec<String>,
    /// The lists.
    pub tables: Vec<SheetTable>,
    /// Who signs on the paper: 交班人, 接班人.
    pub signs: Vec<&'static str>,
    /// When and by whom it was printed.
    pub printed: String,
    /// Where it came from.
    pub back_href: String,
    /// That place's name.
    pub back_word: &'static str,
}
