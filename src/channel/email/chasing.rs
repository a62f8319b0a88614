//! Words of 提级催签: to the recipient's leader, to the issuer's own, to the superior's desk.
//!
//! None of them carries a link: only the manned point and the A and B clerks sign.

use super::sheet::Sheet;
use super::{Rendered, WordsError, when};
use crate::channel::NoticeWords;
use crate::domain::time::Timestamp;

/// Organisations one list names; the rest is counted.
const LISTED_MAX: usize = 100;

/// A leader of the recipient is asked to look at the desk: no link, no title, no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderPromptWords {
    /// The notice; only level, organ and phone are told.
    pub notice: NoticeWords,
    /// The organisation that has not signed.
    pub organization_name: String,
    /// The leader, or the seat.
    pub leader: String,
    /// Until when to sign.
    pub deadline: Option<Timestamp>,
    /// When it is written.
    pub now: Timestamp,
}

impl LeaderPromptWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let NoticeWords { urgency_word, dispatching_organ, .. } = &self.notice;
        let deadline = until_when(self.deadline, self.now);
        Sheet {
            subject: format!("【{urgency_word}】请提醒值班室查收公文 — {}", self.organization_name),
            urgency_word: Some(urgency_word.clone()),
            to: format!("{} {}", self.organization_name, self.leader),
            opening: vec![format!(
                "{dispatching_organ}发给贵单位的一份{}至今尚未签收{deadline}。\
                 请提醒值班室或收文人员立即查看邮箱，打开其中的链接签收。",
                self.notice.what()
            )],
            closing: vec![
                "本邮件只作提醒，不含公文内容；公文的链接只发给值班室和收文人员。".to_owned(),
                self.notice.ask_at("有疑问，请致电发文单位值班室："),
            ],
            ..Sheet::default()
        }
        .render()
    }
}

/// One organisation on the list of who has not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedLine {
    /// Its name.
    pub organization_name: String,
    /// Where it stands, in words.
    pub standing: &'static str,
    /// The number to call.
    pub phone: Option<String>,
    /// When it is to be called next.
    pub next_call_at: Option<Timestamp>,
}

impl UnsignedLine {
    fn told(&self, now: Timestamp) -> String {
        let phone = match &self.phone {
            Some(phone) => format!("；电话 {phone}"),
            None => "；没有登记电话".to_owned(),
        };
        let call = match self.next_call_at {
            Some(at) if at <= now => "；现在应打电话".to_owned(),
            Some(at) => format!("；下一次电话 {}", when::short(at)),
            None => String::new(),
        };
        format!("{}：{}{phone}{call}", self.organization_name, self.standing)
    }
}

/// The issuer's own duty leader gets one list, as it stands when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerAlertWords {
    /// The notice.
    pub notice: NoticeWords,
    /// The leader, or the seat, with the organisation.
    pub leader: String,
    /// Who has not signed, in the order of the directory.
    pub unsigned: Vec<UnsignedLine>,
    /// The earliest deadline among them.
    pub deadline: Option<Timestamp>,
    /// When it is written.
    pub now: Timestamp,
}

impl IssuerAlertWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let count = self.unsigned.len();
        let urgency_word = &self.notice.urgency_word;
        let beyond = count.saturating_sub(LISTED_MAX);
        let mut closing = Vec::new();
        if beyond > 0 {
            closing.push(format!("另有{beyond}家没有列出，请在系统的签收登记表中查看。"));
        }
        closing.push("发出后又签收的，以系统中的签收登记表为准。".to_owned());
        Sheet {
            subject: format!("【{urgency_word}】仍有{count}家未签收 — {}", self.notice.called()),
            urgency_word: Some(urgency_word.clone()),
            to: self.leader.clone(),
            opening: vec![format!(
                "截至{}，下列{count}家单位没有签收{}{}。",
                when::full(self.now),
                self.notice.called(),
                until_when(self.deadline, self.now)
            )],
            list: self.unsigned.iter().take(LISTED_MAX).map(|one| one.told(self.now)).collect(),
            closing,
            ..Sheet::default()
        }
        .render()
    }
}

/// A desk of the organisation that has not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskLine {
    /// Name on the door.
    pub name: String,
    /// Its numbers.
    pub phones: Vec<String>,
}

/// 请协助联系: the superior's duty desk is asked to help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperiorRequestWords {
    /// The notice.
    pub notice: NoticeWords,
    /// The superior's desk, with its organisation.
    pub to: String,
    /// The organisation that has not signed.
    pub organization_name: String,
    /// The desks that receive for it.
    pub desks: Vec<DeskLine>,
    /// Until when to sign.
    pub deadline: Option<Timestamp>,
    /// When it is written.
    pub now: Timestamp,
}

impl SuperiorRequestWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let organ = &self.notice.dispatching_organ;
        let mut facts = vec![("请联系", self.organization_name.clone())];
        facts.extend(self.desks.iter().map(|desk| {
            let phones = desk.phones.join("、");
            let phones = if phones.is_empty() { "没有登记电话".to_owned() } else { phones };
            ("收文点", format!("{}（{phones}）", desk.name))
        }));
        facts.extend(self.notice.facts());
        Sheet {
            subject: format!(
                "【{}】请协助联系{}",
                self.notice.urgency_word, self.organization_name
            ),
            urgency_word: Some(self.notice.urgency_word.clone()),
            to: self.to.clone(),
            opening: vec![format!(
                "{organ}发给{}的一份{}至今尚未签收{}，多次催签没有答复。\
                 请协助联系该单位，请其立即查看邮箱，打开其中的链接签收。",
                self.organization_name,
                self.notice.what(),
                until_when(self.deadline, self.now)
            )],
            facts,
            closing: vec![
                self.notice.ask_at("联系上了，或该单位换了联系方式，请告诉发文单位值班室："),
            ],
            ..Sheet::default()
        }
        .render()
    }
}

/// `，签收时限为……`, and whether it is over.
fn until_when(deadline: Option<Timestamp>, now: Timestamp) -> String {
    match deadline {
        Some(at) if now > at => format!("，签收时限为{}，已经超过", when::full(at)),
        Some(at) => format!("，签收时限为{}", when::full(at)),
        None => String::new(),
    }
}

/// The desk of a 市州 is asked to make calls. The link leads to their list, not to the notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedCallsWords {
    /// The notice; number and title, which a call has to name, where the network allows it.
    pub notice: NoticeWords,
    /// The desk, with its organisation.
    pub to: String,
    /// Whom to call, in the order of the tree.
    pub organizations: Vec<String>,
    /// Until when to report.
    pub report_by: Timestamp,
    /// Where the list is.
    pub page: String,
}

impl DelegatedCallsWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// The page's address is no web address, or a template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        if !self.page.starts_with("https://") && !self.page.starts_with("http://") {
            return Err(WordsError::Link);
        }
        let NoticeWords { urgency_word, dispatching_organ, .. } = &self.notice;
        let count = self.organizations.len();
        let by = when::full(self.report_by);
        Sheet {
            subject: format!("【{urgency_word}】请代拨 {count} 个电话，{by}前报来结果"),
            urgency_word: Some(urgency_word.clone()),
            to: self.to.clone(),
            opening: vec![format!(
                "{dispatching_organ}的一份{}，下列{count}家单位尚未签收。请逐个打电话，请对方打开收到的\
                 邮件签收，并在{by}前从下面的页面报来结果。到时未报的，由发文单位自行拨打。",
                self.notice.what()
            )],
            facts: self
                .notice
                .named()
                .then(|| ("公文", self.notice.called()))
                .into_iter()
                .chain([("号码和填报页面", self.page.clone())])
                .collect(),
            list: self.organizations.iter().take(LISTED_MAX).cloned().collect(),
            closing: vec![self.notice.ask_at("有疑问，请致电发文单位值班室：")],
            ..Sheet::default()
        }
        .render()
    }
}
