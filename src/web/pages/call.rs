//! 打电话: who is rung, what is read out, and one press for how it ended.

use askama::Template;

use super::duty::DutyLine;
use super::moment::Moment;
use super::parts::{Errors, Shell, UrgencyMark};

/// A call made before.
#[derive(Clone, Debug)]
pub struct CallMade {
    /// When.
    pub at: Moment,
    /// How it ended, by whom, with whom.
    pub text: String,
    /// The number, the note.
    pub quiet: String,
}

/// An organisation of the same desk that the call may speak for.
#[derive(Clone, Debug)]
pub struct CallBeside {
    /// Its delivery.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Ticked.
    pub chosen: bool,
}

/// A decision that a person owes: `offer_leader` or `offer_superior`.
#[derive(Clone, Debug)]
pub struct CallOffer {
    /// What is offered.
    pub label: String,
    /// Where it is decided.
    pub action: String,
    /// The act.
    pub act: String,
    /// The ladder offers it, and waits for an answer.
    pub may_decline: bool,
    /// The reason that was typed before a mistake.
    pub reason: String,
}

impl CallOffer {
    /// The id of its reason on the page.
    fn reason_field(&self) -> String {
        format!("reason-{}", self.act)
    }
}

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct CallTyped {
    /// 姓名.
    pub name: String,
    /// 职务.
    pub post: String,
    /// 号码.
    pub number: String,
    /// 答应几点前.
    pub promised: String,
    /// 复述的校验码.
    pub code: String,
    /// 代收.
    pub on_behalf: bool,
    /// 受谁委托.
    pub authority: String,
    /// 备注.
    pub note: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "call.html")]
pub struct CallPage {
    /// Frame.
    pub shell: Shell,
    /// The organisation.
    pub organization: String,
    /// The desk that answers.
    pub desk: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// 发电单位.
    pub organ: String,
    /// When it was issued, as it is read out.
    pub issued: String,
    /// `本件是第2版，代替第1版。更正理由：……`, read out; empty for a first version.
    pub replaces: String,
    /// The deadline, as it is read out; empty if there is none.
    pub due: String,
    /// `还剩 14 分钟`.
    pub countdown: String,
    /// Where it stands: `已签收（陈立，电话确认）`; empty while unsigned.
    pub answered: String,
    /// What to tell once the notice is over: `本件已撤回…`; empty while it is in force.
    pub ended: String,
    /// Where the notice stands, as the page says it.
    pub shown: String,
    /// Numbers, the first to be tried first.
    pub lines: Vec<DutyLine>,
    /// Who answers tonight, as the organisation told.
    pub tonight: Option<DutyLine>,
    /// `李某已接手`; empty when free or the reader's.
    pub held_by: String,
    /// Others of the desk.
    pub beside: Vec<CallBeside>,
    /// Calls made before.
    pub before: Vec<CallMade>,
    /// Decisions that wait.
    pub offers: Vec<CallOffer>,
    /// The digits to read out.
    pub digits: String,
    /// What carries them.
    pub code_token: String,
    /// What was typed.
    pub typed: CallTyped,
    /// What is wrong with it.
    pub errors: Errors,
    /// Key of the form.
    pub key: String,
    /// Where it is posted.
    pub action: String,
    /// The story.
    pub story_href: String,
    /// The print of all calls.
    pub record_href: String,
}
