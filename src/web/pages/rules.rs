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
