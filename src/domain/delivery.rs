//! The state of one delivery, derived from its facts by one function that everything asks.
//!
//! Refuses to keep a state of its own: board, register, pages and exports all call
//! [`DeliveryState::derive`], and all counts are sums of [`Tally::one`], so they cannot disagree.

use std::ops::{AddAssign, SubAssign};

use super::time::Timestamp;
use super::words::stored_words;

/// 主送 must handle, 抄送 must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Addressee {
    /// 主送
    Primary,
    /// 抄送
    Copy,
}

stored_words!(Addressee, { Primary => "primary", Copy => "copy" });

impl Addressee {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Primary => "主送",
            Self::Copy => "抄送",
        }
    }
}

/// In which way an organisation signed; the later ones are weaker and never shown as the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptMode {
    /// The organisation itself, its duty officer included.
    OwnOrganization,
    /// 代收: someone with recorded authority.
    OnBehalf,
    /// 电话确认: by telephone, recorded by the issuer's duty desk.
    Phone,
}

stored_words!(ReceiptMode, {
    OwnOrganization => "self", OnBehalf => "on_behalf", Phone => "phone",
});

impl ReceiptMode {
    /// Whether a signature in this way may stand beside a receipt in the way of `answered`: by
    /// link after 电话确认, or by the organisation itself after 代收.
    #[must_use]
    pub const fn may_stand_beside(self, answered: Self) -> bool {
        match (self, answered) {
            (Self::OwnOrganization, Self::OnBehalf | Self::Phone)
            | (Self::OnBehalf, Self::Phone) => true,
            (Self::OwnOrganization | Self::OnBehalf | Self::Phone, _) => false,
        }
    }

    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::OwnOrganization => "本单位签收",
            Self::OnBehalf => "代收",
            Self::Phone => "电话确认",
        }
    }
}

/// Why an organisation sends a notice back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnReason {
    /// Meant for somebody else.
    Misdirected,
    /// Received before.
    Duplicate,
    /// Looks classified.
    SuspectedClassified,
    /// Something else, in words.
    Other,
}

stored_words!(ReturnReason, {
    Misdirected => "misdirected", Duplicate => "duplicate",
    SuspectedClassified => "suspected_classified", Other => "other",
});

impl ReturnReason {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Misdirected => "误投，不是发给本单位的",
            Self::Duplicate => "重复，已经收到过",
            Self::SuspectedClassified => "疑似涉密",
            Self::Other => "其他原因",
        }
    }
}

/// Why an organisation asks for a good copy (请求重发); the ladder goes on meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskAgainReason {
    /// A file cannot be opened or read.
    Unreadable,
    /// An attachment that the notice names is not there.
    AttachmentMissing,
}

stored_words!(AskAgainReason, {
    Unreadable => "unreadable", AttachmentMissing => "attachment_missing",
});

impl AskAgainReason {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Unreadable => "文件打不开或无法辨认",
            Self::AttachmentMissing => "缺少附件",
        }
    }
}

/// The issuer's answer to what an organisation sent back or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnDecision {
    /// The 退文 is taken back: the organisation is out of the round.
    Accepted,
    /// It is not: the chase goes on.
    Refused,
    /// A good copy was sent.
    Answered,
}

stored_words!(ReturnDecision, {
    Accepted => "accepted", Refused => "refused", Answered => "answered",
});

impl ReturnDecision {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Accepted => "已同意退文",
            Self::Refused => "未同意退文",
            Self::Answered => "已重发",
        }
    }
}

/// What is known of one delivery. Each time is a fact of its own; none is filled in from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFacts {
    /// The next server took a message.
    pub handed_over_at: Option<Timestamp>,
    /// Some program loaded the page; says nothing about a person.
    pub fetched_at: Option<Timestamp>,
    /// A person acted on the page.
    pub opened_at: Option<Timestamp>,
    /// A file was taken.
    pub downloaded_at: Option<Timestamp>,
    /// The organisation signed.
    pub acknowledged_at: Option<Timestamp>,
    /// The issuer took its 退文 back; one that waits for the answer is none.
    pub returned_at: Option<Timestamp>,
    /// The issuer recalled it.
    pub recalled_at: Option<Timestamp>,
    /// No way to the organisation is left at present.
    pub unreachable: bool,
    /// Until when it must be signed.
    pub deadline: Option<Timestamp>,
    /// How it was signed.
    pub receipt_mode: Option<ReceiptMode>,
}

/// Where a delivery stands; exactly one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Nothing has left yet.
    Pending,
    /// 已送出
    HandedOver,
    /// 已查看
    Opened,
    /// 已签收
    Acknowledged,
    /// 退文
    Returned,
    /// 已撤回
    Recalled,
}

stored_words!(DeliveryState, {
    Pending => "pending", HandedOver => "handed_over", Opened => "opened",
    Acknowledged => "acknowledged", Returned => "returned", Recalled => "recalled",
});

impl DeliveryState {
    /// The state that the facts amount to.
    ///
    /// A signature outweighs everything: it is never undone by what comes after it.
    #[must_use]
    pub fn derive(facts: &DeliveryFacts) -> Self {
        if facts.acknowledged_at.is_some() {
            Self::Acknowledged
        } else if facts.recalled_at.is_some() {
            Self::Recalled
        } else if facts.returned_at.is_some() {
            Self::Returned
        } else if facts.opened_at.or(facts.downloaded_at).is_some() {
            Self::Opened
        } else if facts.handed_over_at.is_some() {
            Self::HandedOver
        } else {
            Self::Pending
        }
    }

    /// Neither signed nor out of the round.
    #[must_use]
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::Pending | Self::HandedOver | Self::Opened)
    }

    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Pending => "待送出",
            Self::HandedOver => "已送出",
            Self::Opened => "已查看",
            Self::Acknowledged => "已签收",
            Self::Returned => "退文",
            Self::Recalled => "已撤回",
        }
    }

    /// The sign beside the word, readable without colour.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Pending => "◌",
            Self::HandedOver => "○",
            Self::Opened => "◐",
            Self::Acknowledged => "●",
            Self::Returned => "↩",
            Self::Recalled => "×",
        }
    }
}

/// The sign and word that a row shows: the state, or what is urgent about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// The sign.
    pub sign: &'static str,
    /// The word.
    pub word_zh: &'static str,
}

impl DeliveryFacts {
    /// Unsigned and past the deadline; the deadline itself is on time.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        DeliveryState::derive(self).is_unsigned() && self.deadline.is_some_and(|due| now > due)
    }

    /// Signed after the deadline; the deadline itself is on time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.acknowledged_at.zip(self.deadline).is_some_and(|(signed, due)| signed > due)
    }

    /// Unsigned, and no way is left to reach it.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.unreachable && DeliveryState::derive(self).is_unsigned()
    }

    /// What the row shows at `now`.
    #[must_use]
    pub fn badge(&self, now: Timestamp) -> Badge {
        let state = DeliveryState::derive(self);
        let word_zh = match (self.is_unreachable(), self.is_overdue(now), self.is_late()) {
            (true, true, _) => "未通知到",
            (true, false, _) => "暂无法联系",
            (false, true, _) => "逾期未签收",
            (false, false, true) => "已签收（逾期）",
            (false, false, false) => state.word_zh(),
        };
        let alarming = self.is_unreachable() || self.is_overdue(now);
        Badge { sign: if alarming { "▲" } else { state.sign() }, word_zh }
    }
}

/// Counts over deliveries; the exclusive states add up to `total`.
///
/// Signed numbers, so that a tally can also be a difference that is added to a stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All deliveries.
    pub total: i64,
    /// In state pending.
    pub pending: i64,
    /// In state handed over.
    pub handed_over: i64,
    /// In state opened.
    pub opened: i64,
    /// In state acknowledged.
    pub acknowledged: i64,
    /// In state returned.
    pub returned: i64,
    /// In state recalled.
    pub recalled: i64,
    /// Of the unsigned: no way is left.
    pub unreachable: i64,
    /// Of the unsigned: past the deadline.
    pub overdue: i64,
}

impl Tally {
    /// The tally of one delivery.
    #[must_use]
    pub fn one(facts: &DeliveryFacts, now: Timestamp) -> Self {
        let state = DeliveryState::derive(facts);
        let is = |wanted| i64::from(state == wanted);
        Self {
            total: 1,
            pending: is(DeliveryState::Pending),
            handed_over: is(DeliveryState::HandedOver),
            opened: is(DeliveryState::Opened),
            acknowledged: is(DeliveryState::Acknowledged),
            returned: is(DeliveryState::Returned),
            recalled: is(DeliveryState::Recalled),
            unreachable: i64::from(facts.is_unreachable()),
            overdue: i64::from(facts.is_overdue(now)),
        }
    }

    /// The tally of many.
    #[must_use]
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a DeliveryFacts>, now: Timestamp) -> Self {
        facts.into_iter().fold(Self::default(), |mut tally, one| {
            tally += Self::one(one, now);
            tally
        })
    }

    /// What changes in a tally when one delivery goes from `before` to `after`.
    #[must_use]
    pub fn change(before: &DeliveryFacts, after: &DeliveryFacts, now: Timestamp) -> Self {
        let mut delta = Self::one(after, now);
        delta -= Self::one(before, now);
        delta
    }

    /// Neither signed nor out of the round.
    #[must_use]
    pub const fn unsigned(&self) -> i64 {
        self.pending + self.handed_over + self.opened
    }

    fn merge(&mut self, other: Self, sign: i64) {
        self.total += sign * other.total;
        self.pending += sign * other.pending;
        self.handed_over += sign * other.handed_over;
        self.opened += sign * other.opened;
        self.acknowledged += sign * other.acknowledged;
        self.returned += sign * other.returned;
        self.recalled += sign * other.recalled;
        self.unreachable += sign * other.unreachable;
        self.overdue += sign * other.overdue;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.merge(other, 1);
    }
}

impl SubAssign for Tally {
    fn sub_assign(&mut self, other: Self) {
        self.merge(other, -1);
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
