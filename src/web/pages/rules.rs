//! 等级规则, 放假安排: the text in force, what a new one would change, and every version before.

use askama::Template;

use super::moment::Moment;
use super::parts::{Errors, Shell};

/// A line of a comparison.
#[derive(Clone, Debug)]
pub struct DiffLine {
    /// `+`, `−` or a space.
    pub sign: &'static str,
    /// The line.
    pub text: String,
}

/// What changes under one heading.
#[derive(Clone, Debug)]
pub struct DiffBlock {
    /// 特提 …, or empty.
    pub heading: String,
    /// Lines.
    pub lines: Vec<DiffLine>,
}

/// What a text says, in the words of an office.
#[derive(Clone, Debug)]
pub struct RuleBlock {
    /// 特提 …
    pub heading: String,
    /// Sentences.
    pub lines: Vec<String>,
}

/// The holidays of one year.
#[derive(Clone, Debug)]
pub struct YearTable {
    /// Which year.
    pub year: i16,
    /// Shown open.
    pub open: bool,
    /// Name, free days, worked weekend days.
    pub rows: Vec<(String, String, String)>,
}

/// One version.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Its number; 0 is what is shipped.
    pub version: i32,
    /// From when on it held.
    pub at: Moment,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What it changed.
    pub diff: Vec<DiffLine>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "rules.html")]
pub struct RulesPage {
    /// Frame.
    pub shell: Shell,
    /// 等级规则 or 放假安排.
    pub title: &'static str,
    /// What it decides, in a sentence.
    pub about: &'static str,
    /// Where the form goes.
    pub action: &'static str,
    /// The version that is in force.
    pub seen: i32,
    /// What the policy in force says; empty for the holiday table.
    pub standing: Vec<RuleBlock>,
    /// What the English words of the text mean; empty for the holiday table.
    pub words: Vec<(String, String)>,
    /// The holiday table in force by year; empty for the policy.
    pub years: Vec<YearTable>,
    /// A year that is wanted and not there.
    pub missing_year: Option<i16>,
    /// The text as typed.
    pub text: String,
    /// The reason as typed.
    pub reason: String,
    /// What is wrong.
    pub errors: Errors,
    /// What would change; empty before a look.
    pub preview: Vec<DiffBlock>,
    /// Every version, the newest first.
    pub versions: Vec<VersionRow>,
}
