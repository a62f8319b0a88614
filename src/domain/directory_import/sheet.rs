//! Opens a sheet: checks its header and hands out rows whose cells are asked for by column.
//!
//! A cell that cannot be used leaves a fault behind and reads as nothing, so that one pass over
//! the sheet finds everything that is wrong with it.

use std::collections::HashMap;
use std::str::FromStr;

use super::fault::{Fault, RowFault};
use crate::domain::organization::Superior;
use crate::domain::phone::{PhoneFault, PhoneNumber};
use crate::domain::table::{Table, TableRow};
use crate::domain::words::UnknownWord;

/// The most rows of one sheet: all 42,000 organs of China with five contacts each.
pub(super) const ROWS_MAX: usize = 250_000;
/// The most characters of a code.
pub(super) const CODE_CHARS_MAX: usize = 40;
/// The most characters of a name, post or alias.
pub(super) const NAME_CHARS_MAX: usize = 120;
/// The most characters of any other cell.
pub(super) const CELL_CHARS_MAX: usize = 2_000;

/// Which of the three sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sheet {
    /// organizations.csv
    Organizations,
    /// desks.csv
    Desks,
    /// contacts.csv
    Contacts,
}

impl Sheet {
    /// The file it is kept in.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Organizations => "organizations.csv",
            Self::Desks => "desks.csv",
            Self::Contacts => "contacts.csv",
        }
    }

    /// The columns it must have, in any order; contacts may do without `webhook`.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Organizations => super::organizations::COLUMNS,
            Self::Desks => super::desks::COLUMNS,
            Self::Contacts => super::contacts::COLUMNS,
        }
    }
}

/// Rows that were read, each with its line, found by their code.
#[derive(Debug)]
pub(super) struct ByCode<T> {
    pub(super) rows: Vec<(u64, T)>,
    index: HashMap<String, usize>,
}

impl<T> ByCode<T> {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), index: HashMap::new() }
    }

    /// Keeps a row; the line of the earlier row if the code is taken.
    pub(super) fn add(&mut self, row: u64, code: &str, item: T) -> Result<(), u64> {
        if let Some(earlier) = self.index.get(code).and_then(|at| self.rows.get(*at)) {
            return Err(earlier.0);
        }
        self.index.insert(code.to_owned(), self.rows.len());
        self.rows.push((row, item));
        Ok(())
    }

    pub(super) fn get(&self, code: &str) -> Option<&T> {
        self.index.get(code).and_then(|at| self.rows.get(*at)).map(|(_, item)| item)
    }

    pub(super) fn into_planned(self) -> Vec<T> {
        self.rows.into_iter().map(|(_, item)| item).collect()
    }
}

/// One row, its cells found by column; remembers what is wrong with it.
pub(super) struct Row<'a> {
    sheet: Sheet,
    /// Line of the file.
    pub(super) number: u64,
    positions: &'a HashMap<&'static str, usize>,
    cells: &'a [String],
    faults: &'a mut Vec<RowFault>,
}

/// Calls `take` with every row of a table whose header is right.
pub(super) fn each_row(
    sheet: Sheet,
    table: &Table,
    faults: &mut Vec<RowFault>,
    mut take: impl FnMut(&mut Row<'_>),
) {
    let Some(positions) = check_header(sheet, &table.headers, faults) else { return };
    if table.rows.len() > ROWS_MAX {
        let fault = Fault::TooManyRows(table.rows.len(), ROWS_MAX);
        faults.push(RowFault { sheet, row: 1, column: None, fault });
        return;
    }
    for TableRow { number, cells } in &table.rows {
        if cells.len() != table.headers.len() {
            let fault = Fault::CellCount(cells.len(), table.headers.len());
            faults.push(RowFault { sheet, row: *number, column: None, fault });
            continue;
        }
        take(&mut Row { sheet, number: *number, positions: &positions, cells, faults });
    }
}

fn check_header(
    sheet: Sheet,
    headers: &[String],
    faults: &mut Vec<RowFault>,
) -> Option<HashMap<&'static str, usize>> {
    let faults_before = faults.len();
    let mut refuse = |column: &str, fault| {
        faults.push(RowFault { sheet, row: 1, column: Some(column.to_owned()), fault });
    };
    let mut positions = HashMap::new();
    for (position, header) in headers.iter().enumerate() {
        match sheet.columns().iter().find(|column| *column == header) {
            None => refuse(header, Fault::ColumnUnknown(sheet.columns().join(", "))),
            Some(column) if positions.insert(*column, position).is_some() => {
                refuse(header, Fault::ColumnTwice);
            }
            Some(_) => {}
        }
    }
    let missing = sheet.columns().iter().filter(|column| !positions.contains_key(**column));
    for column in missing.filter(|column| !super::contacts::OPTIONAL.contains(*column)) {
        refuse(column, Fault::ColumnMissing);
    }
    (faults.len() == faults_before).then_some(positions)
}

impl<'a> Row<'a> {
    /// Notes what is wrong with a column of this row.
    pub(super) fn refuse(&mut self, column: &'static str, fault: impl Into<Fault>) {
        let (sheet, row, column) = (self.sheet, self.number, Some(column.to_owned()));
        self.faults.push(RowFault { sheet, row, column, fault: fault.into() });
    }

    /// A cell of at most `chars_max` characters on one line; `None` if empty or refused.
    fn cell(&mut self, column: &'static str, chars_max: usize) -> Option<&'a str> {
        let position = self.positions.get(column)?;
        let text = self.cells.get(*position)?.as_str();
        let chars = text.chars().count();
        if chars > chars_max {
            self.refuse(column, Fault::TooLong(chars, chars_max));
            return None;
        }
        // An inner line break in a name once crashed a mail library and could add a header.
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            self.refuse(column, Fault::ControlCharacter(text.to_owned()));
            return None;
        }
        (!text.is_empty()).then_some(text)
    }

    fn required(&mut self, column: &'static str, chars_max: usize) -> Option<&'a str> {
        let faults_before = self.faults.len();
        let cell = self.cell(column, chars_max);
        if cell.is_none() && self.faults.len() == faults_before {
            self.refuse(column, Fault::Empty);
        }
        cell
    }

    /// A name, post or other short text; may be empty.
    pub(super) fn name(&mut self, column: &'static str) -> Option<String> {
        self.cell(column, NAME_CHARS_MAX).map(str::to_owned)
    }

    /// A name that must be there.
    pub(super) fn required_name(&mut self, column: &'static str) -> Option<String> {
        self.required(column, NAME_CHARS_MAX).map(str::to_owned)
    }

    /// A code that may be empty.
    pub(super) fn code(&mut self, column: &'static str) -> Option<String> {
        let text = self.cell(column, CODE_CHARS_MAX)?;
        self.check_code(column, text)
    }

    /// A code that must be there.
    pub(super) fn required_code(&mut self, column: &'static str) -> Option<String> {
        let text = self.required(column, CODE_CHARS_MAX)?;
        self.check_code(column, text)
    }

    fn check_code(&mut self, column: &'static str, text: &str) -> Option<String> {
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Some(text.to_owned());
        }
        self.refuse(column, Fault::BadCode(text.to_owned()));
        None
    }

    /// A superior: a code, `none`, or nothing.
    pub(super) fn superior(&mut self, column: &'static str) -> Superior<String> {
        match self.code(column) {
            None => Superior::Unstated,
            Some(word) if word == "none" => Superior::None,
            Some(code) => Superior::Declared(code),
        }
    }

    /// Items separated by `;`, none twice.
    pub(super) fn list(&mut self, column: &'static str) -> Vec<String> {
        let cell = self.cell(column, CELL_CHARS_MAX).unwrap_or_default();
        let mut items: Vec<String> = Vec::new();
        for item in cell.split([';', '；']).map(str::trim).filter(|item| !item.is_empty()) {
            let chars = item.chars().count();
            if chars > NAME_CHARS_MAX {
                self.refuse(column, Fault::TooLong(chars, NAME_CHARS_MAX));
            } else if items.iter().any(|known| known == item) {
                self.refuse(column, Fault::GivenTwice(item.to_owned()));
            } else {
                items.push(item.to_owned());
            }
        }
        items
    }

    /// A word of a closed list, which must be there.
    pub(super) fn word<T: FromStr<Err = UnknownWord>>(
        &mut self,
        column: &'static str,
    ) -> Option<T> {
        let text = self.required(column, CODE_CHARS_MAX)?;
        text.parse().map_err(|fault: UnknownWord| self.refuse(column, fault)).ok()
    }

    /// An answer, which must be given.
    pub(super) fn yes_no(&mut self, column: &'static str) -> Option<bool> {
        match self.required(column, CODE_CHARS_MAX)? {
            "yes" => Some(true),
            "no" => Some(false),
            other => {
                let (word, allowed) = (other.to_owned(), vec!["yes", "no"]);
                self.refuse(column, UnknownWord { word, allowed });
                None
            }
        }
    }

    /// A value that may be empty and is read by its own rules.
    pub(super) fn parsed<T, E>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        fault: impl FnOnce(String, E) -> Fault,
    ) -> Option<T> {
        let text = self.cell(column, CELL_CHARS_MAX)?;
        parse(text).map_err(|why| self.refuse(column, fault(text.to_owned(), why))).ok()
    }

    /// A telephone number that may be empty.
    pub(super) fn phone(
        &mut self,
        column: &'static str,
        parse: fn(&str) -> Result<PhoneNumber, PhoneFault>,
    ) -> Option<PhoneNumber> {
        self.parsed(column, parse, Fault::Phone)
    }
}
