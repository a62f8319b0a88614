//! What can be wrong with a sheet, where it is, and what to do about it.

use std::fmt;

use super::sheet::Sheet;
use crate::domain::email::EmailFault;
use crate::domain::organization_tree::TreeFault;
use crate::domain::phone::PhoneFault;
use crate::domain::webhook_url::WebhookFault;
use crate::domain::words::UnknownWord;
use crate::domain::working_time::BadHours;

/// One thing that is wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The sheet.
    pub sheet: Sheet,
    /// Line of the file; the header is line 1.
    pub row: u64,
    /// The column, where the fault has one.
    pub column: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}", self.sheet.file_name(), self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header lacks a column.
    #[error("the header lacks this column; add it, its cells may be empty where nothing is known")]
    ColumnMissing,
    /// The header has a column that the sheet does not know.
    #[error("unknown column; remove it or use one of: {0}")]
    ColumnUnknown(String),
    /// The header names a column twice.
    #[error("the header names this column twice; remove one")]
    ColumnTwice,
    /// More rows than a sheet may have.
    #[error("the sheet has {0} rows and {1} are the most; split the import")]
    TooManyRows(usize, usize),
    /// A row that does not fit the header.
    #[error("the row has {0} cells and the header {1}; look for a missing quotation mark or comma")]
    CellCount(usize, usize),
    /// A required cell is empty.
    #[error("is empty; fill it in")]
    Empty,
    /// A text too long for its column.
    #[error("has {0} characters and {1} are the most; shorten it")]
    TooLong(usize, usize),
    /// A line break, tab or other control character.
    #[error("{0:?} contains a line break or control character; write it on one line")]
    ControlCharacter(String),
    /// A code with characters that codes do not have.
    #[error("{0:?} is no code; use ASCII letters, digits, - and _")]
    BadCode(String),
    /// Not six digits.
    #[error("{0:?} is no region code; write six digits such as 430100")]
    BadRegionCode(String),
    /// A word that is not in the list of its column.
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    /// The same key again.
    #[error("{0:?} stands already in row {1}; every row needs its own")]
    Duplicate(String, u64),
    /// The same item again within one cell or row.
    #[error("{0:?} is given twice in this row; remove one")]
    GivenTwice(String),
    /// A code that no row has.
    #[error("{0:?} is no code in {1}; add that row or correct the code")]
    UnknownReference(String, &'static str),
    /// An entry above itself.
    #[error("{0} leads back to itself; correct one of them")]
    Circle(String),
    /// Office hours that cannot be read.
    #[error(transparent)]
    Hours(#[from] BadHours),
    /// A desk that never closes has no hours.
    #[error("the desk is manned round the clock; leave the hours empty or write no there")]
    HoursOfOpenDesk,
    /// A mail address that is refused.
    #[error("{0:?}: {1}")]
    Email(String, EmailFault),
    /// A telephone number that is refused.
    #[error("{0:?}: {1}")]
    Phone(String, PhoneFault),
    /// An address of a system that is refused.
    #[error("{0:?}: {1}")]
    Webhook(String, WebhookFault),
    /// A desk that does not receive for the contact's organisation.
    #[error("desk {0:?} does not receive for {1:?}; add the organisation to the desk's row")]
    DeskOfOthers(String, String),
    /// The organisations form no tree.
    #[error(transparent)]
    Tree(#[from] TreeFault),
}

/// The sheets were refused, all of them; nothing may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRefused {
    /// Everything that is wrong, in the order of sheets and rows.
    pub faults: Vec<RowFault>,
}

impl From<TreeFault> for ImportRefused {
    fn from(fault: TreeFault) -> Self {
        let column = Some("parent_code".to_owned());
        let fault = Fault::Tree(fault);
        Self { faults: vec![RowFault { sheet: Sheet::Organizations, row: 1, column, fault }] }
    }
}

impl fmt::Display for ImportRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the sheets were refused and nothing was changed; faults: {}",
            self.faults.len()
        )?;
        for fault in &self.faults {
            write!(f, "\n{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportRefused {}
