//! 值班: three bands, readable from four metres: calls to make, the coming hour, urgent notices
//! not fully signed; above them what is wrong with the ways out.
//!
//! The bands alone are a template too, for the script that refreshes them in place.

use askama::Template;

use super::moment::Moment;
use super::parts::{Shell, UrgencyMark};

/// A number to ring.
#[derive(Clone, Debug, Default)]
pub struct DutyLine {
    /// Whose it is.
    pub whose: String,
    /// As read.
    pub shown: String,
    /// As dialled.
    pub dial: String,
    /// It was somebody else's, or failed, before.
    pub doubtful: bool,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct DutyCall {
    /// Its `id` in the page: stays while the call is owed.
    pub id: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// The organisation, or the desk where it answers for several.
    pub name: String,
    /// The organisations of a desk that answers for several; empty else.
    pub organizations: Vec<String>,
    /// The number to ring first; none if nothing is known.
    pub line: Option<DutyLine>,
    /// Tonight's officer, as the organisation told.
    pub tonight: String,
    /// 发文字号.
    pub number: String,
    /// Why it is owed: `到时限未签收`, `核实签收`.
    pub reason: String,
    /// `已拨 2 次`; empty before the first.
    pub calls: String,
    /// When it is owed.
    pub due: Moment,
    /// Owed by now.
    pub is_due: bool,
    /// `李某接手`, `已请长沙市代拨`; empty while it is free.
    pub holder: String,
    /// The reader has it.
    pub is_mine: bool,
    /// Where the call is recorded; empty for who may only look.
    pub href: String,
    /// Where it is taken.
    pub claim_action: String,
    /// The other deliveries it speaks for.
    pub also: Vec<String>,
}

impl DutyCall {
    /// No call at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            id: String::new(),
            urgency: UrgencyMark::of(""),
            name: String::new(),
            organizations: Vec::new(),
            line: None,
            tonight: String::new(),
            number: String::new(),
            reason: String::new(),
            calls: String::new(),
            due: Moment::none(),
            is_due: false,
            holder: String::new(),
            is_mine: false,
            href: String::new(),
            claim_action: String::new(),
            also: Vec::new(),
        }
    }
}

/// Something a person decides or looks at.
#[derive(Clone, Debug)]
pub struct DutyLook {
    /// Its `id` in the page.
    pub id: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// The organisation.
    pub name: String,
    /// What is to be done.
    pub what: String,
    /// 发文字号.
    pub number: String,
    /// Since when.
    pub since: Moment,
    /// Where it is done.
    pub href: String,
}

/// A step of the coming hour.
#[derive(Clone, Debug)]
pub struct DutyStep {
    /// When.
    pub at: Moment,
    /// Level.
    pub urgency: UrgencyMark,
    /// What happens.
    pub what: String,
    /// For whom.
    pub whom: String,
    /// 发文字号.
    pub number: String,
    /// Where more is to be seen.
    pub href: String,
}

/// An urgent notice that is not fully signed.
#[derive(Clone, Debug)]
pub struct DutyNotice {
    /// Its `id` in the page.
    pub id: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Its board.
    pub href: String,
    /// `还剩 14 分钟`.
    pub countdown: String,
    /// The clock time of the deadline.
    pub due: Moment,
    /// The deadline is past.
    pub late: bool,
    /// Share of the time that is gone, 0 to 100.
    pub gone: u8,
    /// Organisations that have not signed.
    pub unsigned: i64,
    /// Of these, cannot be reached.
    pub unreachable: i64,
    /// All organisations.
    pub total: i64,
    /// Some of those that are missing, with their story.
    pub missing: Vec<(String, String, bool)>,
    /// How many more are missing.
    pub more: i64,
}

/// Something that is wrong with the server or a way out.
#[derive(Clone, Debug)]
pub struct DutyAlarm {
    /// One sentence.
    pub text: String,
    /// What to do.
    pub remedy: &'static str,
    /// Since when.
    pub since: Moment,
}

/// Calls that could be handed on to a 市州.
#[derive(Clone, Debug)]
pub struct DutyHandOn {
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// The 市州.
    pub name: String,
    /// Its id, for the form.
    pub organization: String,
    /// How many calls.
    pub count: usize,
    /// Where the form posts to.
    pub action: String,
}

/// Calls that were handed on.
#[derive(Clone, Debug)]
pub struct DutyHanded {
    /// Its id, for the form.
    pub id: String,
    /// The 市州.
    pub name: String,
    /// 发文字号.
    pub number: String,
    /// `代拨 9 个：已通知 3，未联系上 1，未报 5`.
    pub counts: String,
    /// `02:20 前报来`, or how it ended.
    pub standing: String,
    /// It can still be taken back.
    pub open: bool,
    /// It has ended, and its page can still be closed.
    pub closes: bool,
    /// Where a new link is asked for.
    pub renew: String,
    /// Where that is posted to.
    pub action: String,
}

/// The part that keeps itself fresh.
#[derive(Clone, Debug, Template)]
#[template(path = "duty_live.html")]
pub struct DutyLive {
    /// Ways out that do not go as they should, and what that means.
    pub ways: Vec<String>,
    /// What is wrong.
    pub alarms: Vec<DutyAlarm>,
    /// Calls, in order.
    pub calls: Vec<DutyCall>,
    /// All calls that are owed, by organisation.
    pub call_count: i64,
    /// Of these, not in the list.
    pub calls_beyond: i64,
    /// Calls that could be handed on.
    pub hand_on: Vec<DutyHandOn>,
    /// Calls that were.
    pub handed: Vec<DutyHanded>,
    /// The key of the forms that hand on.
    pub key: String,
    /// What waits for a decision or a look.
    pub looks: Vec<DutyLook>,
    /// The coming hour.
    pub steps: Vec<DutyStep>,
    /// Urgent notices.
    pub notices: Vec<DutyNotice>,
    /// When it was read: `02:14:05`.
    pub read_at: String,
    /// What is new makes a sound: the ids of calls that are owed now and of alarms.
    pub gaps: String,
    /// The token of the forms.
    pub form_token: String,
    /// The reader may take and record calls.
    pub may_call: bool,
    /// Large type, nothing to press.
    pub wall: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "duty.html")]
pub struct DutyPage {
    /// Frame.
    pub shell: Shell,
    /// The bands.
    pub live: DutyLive,
    /// Why what was pressed was not done: one sentence, or empty.
    pub refused: String,
}

/// The same for a screen on the wall: large, dark, without the frame.
#[derive(Debug, Template)]
#[template(path = "duty_wall.html")]
pub struct DutyWall {
    /// Name of the office.
    pub office: String,
    /// The bands.
    pub live: DutyLive,
    /// Dark ground.
    pub dark: bool,
}
