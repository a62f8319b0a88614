//! 联系情况: which organisations could not be reached, and what is missing at each.

use askama::Template;

use super::moment::Moment;
use super::parts::{Link, Shell};

/// One organisation with what it lacks.
#[derive(Clone, Debug)]
pub struct CoverageRow {
    /// Its page, where it is mended.
    pub href: String,
    /// Full name.
    pub name: String,
    /// 省, 市州, 县市区.
    pub level: String,
    /// What is missing, in words; the worst first.
    pub lacks: Vec<&'static str>,
    /// Whether it cannot be reached at this moment.
    pub lost: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "coverage.html")]
pub struct CoveragePage {
    /// Frame.
    pub shell: Shell,
    /// Organisations in all.
    pub total: usize,
    /// When it was looked.
    pub at: Moment,
    /// Counts that filter.
    pub filters: Vec<Link>,
    /// Of this page.
    pub rows: Vec<CoverageRow>,
    /// How many in all pages.
    pub found: usize,
    /// Address of the page before; empty on the first.
    pub back_href: String,
    /// Address of the page after; empty on the last.
    pub more_href: String,
    /// Whether 核验 rounds are offered.
    pub may_ask: bool,
}
