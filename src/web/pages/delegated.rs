//! 代拨: the list of calls that the desk of a 市州 makes for another office, with one form to report
//! them. Says level, number and title, which the call has to name, and nothing more of it.

use askama::Template;

use super::link_parts::{Mistake, Person, Phone, mistakes};
use super::moment::Moment;
use super::parts::UrgencyMark;

/// A number to ring.
#[derive(Clone, Debug)]
pub struct DelegatedLine {
    /// Whose it is.
    pub whose: String,
    /// As read.
    pub shown: String,
    /// As dialled.
    pub dial: String,
}

/// One call.
#[derive(Clone, Debug)]
pub struct DelegatedRow {
    /// The task, for the names of its fields.
    pub task: String,
    /// The organisation.
    pub name: String,
    /// How it stands, once it is reported or answered.
    pub standing: String,
    /// It is still to be made.
    pub open: bool,
    /// Numbers, the first to be tried first.
    pub lines: Vec<DelegatedLine>,
    /// 已通知 was ticked.
    pub told: bool,
    /// 未联系上 was ticked.
    pub not_reached: bool,
    /// Who answered, as typed.
    pub callee: String,
}

/// The list. Field names: `outcome-…` and `callee-…` for each task, `name`, `post`, `phone`,
/// hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "delegated.html")]
pub struct DelegatedPage {
    /// Whose desk calls.
    pub name: String,
    /// For whom.
    pub issuer: String,
    /// That office's duty phone.
    pub issuer_phone: Option<Phone>,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Until when the organisations are to sign.
    pub deadline: Moment,
    /// Until when the desk is to report.
    pub report_by: Moment,
    /// Why nothing is to be called any more; empty while something is.
    pub ended: String,
    /// Something may still be reported, be it only what was told before the end.
    pub takes_reports: bool,
    /// That nobody could be reached is worth a report too.
    pub offers_lost: bool,
    /// A report was just kept.
    pub said: bool,
    /// The calls.
    pub rows: Vec<DelegatedRow>,
    /// What is wrong with what was ticked.
    pub call_mistakes: Vec<Mistake>,
    /// Who reports.
    pub person: Person,
    /// Where it posts to.
    pub action: String,
    /// The form token.
    pub form_token: String,
}

impl DelegatedPage {
    fn mistakes(&self) -> Vec<Mistake> {
        let of_person = mistakes(&[
            ("name", &self.person.name.error),
            ("post", &self.person.post.error),
            ("phone", &self.person.phone.error),
        ]);
        self.call_mistakes.iter().cloned().chain(of_person).collect()
    }

    fn owed(&self) -> usize {
        self.rows.iter().filter(|row| row.open).count()
    }
}
