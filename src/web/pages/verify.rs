//! 核验联系方式: where whoever got a code in a mail sends it back. The page shows nothing that is
//! not known to everybody, and answers alike whether an address is known here or not.

use askama::Template;

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    /// Not sent yet.
    Open,
    /// It counted.
    Done,
    /// It did not count.
    Refused,
}

/// The form, and what came of it.
#[derive(Debug, Template)]
#[template(path = "verify.html")]
pub struct VerifyPage {
    /// The check that the link in the mail names; empty: the address is asked for.
    pub check: String,
    /// The address as typed.
    pub address: String,
    /// What came of it.
    pub outcome: VerifyOutcome,
}

impl VerifyPage {
    /// Whether the code counted.
    #[must_use]
    pub fn done(&self) -> bool {
        self.outcome == VerifyOutcome::Done
    }

    /// Whether it did not.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.outcome == VerifyOutcome::Refused
    }
}
