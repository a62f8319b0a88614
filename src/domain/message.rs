//! Outgoing messages: how far a hand-over got, what that means, and what comes next.
//!
//! Pure: answers what an attempt amounts to, and sends nothing. Never here: sockets, clocks, SQL.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::ids::MessageId;
use super::time::{Span, Timestamp};
use super::words::{stored_words, word_enum};

word_enum! {
    /// By which way a message goes.
    pub enum Channel {
        /// Mail.
        Email = "email", "邮件";
        /// Short message.
        Sms = "sms", "短信";
        /// A call to a system of the recipient's.
        Webhook = "webhook", "系统接口";
    }
}

word_enum! {
    /// What a message is for, and so which words it carries. Only the first three carry a link.
    pub enum MessagePurpose {
        /// The first notification of a delivery.
        Invitation = "invitation", "通知";
        /// 催签.
        Reminder = "reminder", "催签";
        /// 重发: the same item again, or the good copy that was asked for.
        Resend = "resend", "重发";
        /// 提级催签: the recipient's leader is asked to look at the desk; no title, no number.
        LeaderPrompt = "leader_prompt", "提级催签：带班领导";
        /// The issuer's own duty leader gets one list of who has not signed.
        IssuerAlert = "issuer_alert", "我方带班领导";
        /// The superior's duty desk is asked to help (请协助联系).
        SuperiorRequest = "superior_request", "请上级值班室协助联系";
        /// The desk of a 市州 is asked to make calls, with a link to their list.
        DelegatedCalls = "delegated_calls", "请市州代拨";
        /// 撤回, 撤销, 废止: told to whoever was notified before.
        Withdrawal = "withdrawal", "撤回通知";
        /// The issuer's answer to a 退文.
        ReturnDecision = "return_decision", "退文答复";
        /// A code that shows an address to work.
        Verification = "verification", "联系方式核验";
    }
}

impl MessagePurpose {
    /// Whether it brings the recipient to the page, so that its hand-over is the delivery's.
    #[must_use]
    pub const fn carries_link(self) -> bool {
        matches!(self, Self::Invitation | Self::Reminder | Self::Resend)
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Due now or later; nobody holds it.
    Waiting,
    /// A sender holds it until its lease ends.
    Leased,
    /// The next server took it over with 250 to the final dot.
    HandedOver,
    /// No longer wanted, for instance because the organisation signed.
    Cancelled,
    /// Given up, with an alarm.
    Dead,
}

stored_words!(MessageState, {
    Waiting => "waiting", Leased => "leased", HandedOver => "handed_over",
    Cancelled => "cancelled", Dead => "dead"
});

impl MessageState {
    /// Nothing will be done with this message any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::HandedOver | Self::Cancelled | Self::Dead)
    }
}

/// How far an SMTP transaction got: the step whose answer was awaited when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Building the message; no server was involved yet.
    Prepare,
    /// Resolving the name and opening the connection.
    Connect,
    /// Waiting for the banner.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS or the TLS handshake.
    Tls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    Recipient,
    /// DATA, before 354.
    Data,
    /// Writing the message, the final dot not yet begun.
    Body,
    /// The final dot was written, perhaps only in part: from here the server may have it.
    FinalDotWritten,
}

stored_words!(Phase, {
    Prepare => "prepare", Connect => "connect", Greeting => "greeting", Hello => "hello",
    Tls => "tls", Auth => "auth", MailFrom => "mail_from", Recipient => "recipient",
    Data => "data", Body => "body", FinalDotWritten => "final_dot_written"
});

/// What ended the phase that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A well-formed reply that belongs to this phase's command.
    Reply {
        /// Three-digit code.
        code: u16,
        /// Code and text on one line.
        text: String,
    },
    /// No connection: name unknown, port closed, no route.
    Unreachable(String),
    /// Nothing came in time.
    Timeout,
    /// The connection ended.
    Cut,
    /// The server's certificate does not verify for its name.
    BadCertificate(String),
    /// The server lacks what the configuration demands (STARTTLS, a way to log in).
    NotOffered(String),
    /// Unparsable reply, a reply too many, or a reply that answers something else.
    Garbled(String),
    /// The message itself cannot be built.
    Unbuildable(String),
}

/// Whose fault it is that a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Passes by itself: try again later.
    Temporary,
    /// The way itself is broken (log-in refused, bad certificate): alarm, keep every row.
    Channel,
}

/// What one attempt amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The next server answered 250 to the final dot.
    Accepted {
        /// Its answer.
        remote_reply: String,
    },
    /// The server certainly does not have it.
    NotSent {
        /// Whose fault.
        fault: Fault,
        /// In words.
        why: String,
    },
    /// Refused for good at this address.
    Rejected {
        /// In words, usually the server's.
        why: String,
    },
    /// The server may have it: tried again with the same Message-ID, a possible duplicate.
    Unknown {
        /// In words.
        why: String,
    },
}

impl AttemptOutcome {
    /// The word under which the kind of outcome is stored and logged.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::NotSent { fault: Fault::Temporary, .. } => "not_sent",
            Self::NotSent { fault: Fault::Channel, .. } => "channel_fault",
            Self::Rejected { .. } => "rejected",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether another try may reach somebody who already has the message.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Unknown { .. })
    }

    /// The sentence that says what happened.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Accepted { remote_reply } => remote_reply,
            Self::NotSent { why, .. } | Self::Rejected { why } | Self::Unknown { why } => why,
        }
    }
}

/// What an attempt amounts to, from the phase it reached and what happened there.
///
/// Nothing counts as accepted but 250 to the final dot. A refusal before MAIL FROM concerns us,
/// not the addressee, so it never kills a row; neither does a relay that refuses our sender.
#[must_use]
pub fn classify(phase: Phase, happening: &Happening) -> AttemptOutcome {
    use Happening as H;
    let not_sent = |fault, why: String| AttemptOutcome::NotSent { fault, why };
    let at = phase.as_str();
    match happening {
        H::Unbuildable(why) => AttemptOutcome::Rejected { why: why.clone() },
        H::BadCertificate(why) | H::NotOffered(why) => not_sent(Fault::Channel, why.clone()),
        H::Unreachable(why) => not_sent(Fault::Temporary, why.clone()),
        H::Timeout if phase == Phase::FinalDotWritten => {
            AttemptOutcome::Unknown { why: "no reply to the final dot in time".to_owned() }
        }
        H::Cut if phase == Phase::FinalDotWritten => {
            AttemptOutcome::Unknown { why: "connection cut after the final dot".to_owned() }
        }
        H::Timeout => not_sent(Fault::Temporary, format!("no answer in time at {at}")),
        H::Cut => not_sent(Fault::Temporary, format!("connection cut at {at}")),
        // Before MAIL no transaction exists, so even a babbling server cannot have taken it.
        H::Garbled(why) if phase < Phase::MailFrom => not_sent(Fault::Temporary, why.clone()),
        H::Garbled(why) => AttemptOutcome::Unknown { why: why.clone() },
        H::Reply { code, text } => classify_reply(phase, *code, text),
    }
}

fn classify_reply(phase: Phase, code: u16, text: &str) -> AttemptOutcome {
    let why = text.to_owned();
    match (code, phase) {
        (250, Phase::FinalDotWritten) => AttemptOutcome::Accepted { remote_reply: why },
        (400..=499, _) => AttemptOutcome::NotSent { fault: Fault::Temporary, why },
        (500..=599, Phase::Recipient | Phase::Data | Phase::Body | Phase::FinalDotWritten) => {
            AttemptOutcome::Rejected { why }
        }
        (500..=599, _) => AttemptOutcome::NotSent { fault: Fault::Channel, why },
        _ => classify(phase, &Happening::Garbled(format!("reply out of place: {text}"))),
    }
}

/// Longest list of waits.
pub const RETRY_WAITS_MAX: usize = 20;
/// Longest single wait, in seconds.
pub const RETRY_WAIT_S_MAX: u32 = 86_400;

/// Why a list of waits is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// Too few or too many waits.
    #[error("a retry schedule has 1 to {RETRY_WAITS_MAX} waits, this one has {0}")]
    Count(usize),
    /// A wait is zero or too long.
    #[error("each wait is 1 to {RETRY_WAIT_S_MAX} seconds, one is {0}")]
    Wait(u32),
}

/// How long to wait after each failed try. `n` waits make `n + 1` tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule(Vec<u32>);

impl RetrySchedule {
    /// From waits in seconds.
    ///
    /// # Errors
    /// The list is empty or too long, or a wait is out of range.
    pub fn new(waits_s: Vec<u32>) -> Result<Self, BadSchedule> {
        if waits_s.is_empty() || waits_s.len() > RETRY_WAITS_MAX {
            return Err(BadSchedule::Count(waits_s.len()));
        }
        if let Some(bad) = waits_s.iter().find(|wait| !(1..=RETRY_WAIT_S_MAX).contains(*wait)) {
            return Err(BadSchedule::Wait(*bad));
        }
        Ok(Self(waits_s))
    }

    /// Waits for 特提: the next minutes are what counts.
    #[must_use]
    pub fn flash() -> Self {
        Self(vec![5, 15, 30, 60, 60, 120, 300, 600, 1_800])
    }

    /// Waits for everything else.
    #[must_use]
    pub fn ordinary() -> Self {
        Self(vec![60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800])
    }

    /// How often a message is tried at most.
    #[must_use]
    pub fn tries_max(&self) -> usize {
        self.0.len().saturating_add(1)
    }

    /// What the schedule adds up to, for the log at start and for the configuration's reader.
    #[must_use]
    pub fn in_words(&self) -> String {
        let total = self.0.iter().fold(0u64, |sum, wait| sum.saturating_add(u64::from(*wait)));
        format!("{} tries; the last one {} after the first", self.tries_max(), span_words(total))
    }

    fn wait_after(&self, attempts_made: u32) -> Option<Span> {
        let place = usize::try_from(attempts_made.saturating_sub(1)).ok()?;
        self.0.get(place).map(|wait| Span::seconds(i64::from(*wait)))
    }

    fn longest(&self) -> Span {
        Span::seconds(i64::from(self.0.iter().max().copied().unwrap_or(RETRY_WAIT_S_MAX)))
    }
}

fn span_words(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut words = String::new();
    for (count, unit) in [(hours, "h"), (minutes, "min"), (rest, "s")] {
        if count > 0 {
            let gap = if words.is_empty() { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(words, "{gap}{count} {unit}");
        }
    }
    words
}

/// What to do with a message after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Handed over.
    Done,
    /// Try again then, with the same Message-ID.
    RetryAt(Timestamp),
    /// Give up, with an alarm; for 特提 the next way is used at once.
    Dead {
        /// In words, for the alarm and the delivery's story.
        why: String,
    },
}

/// What follows an attempt. `attempts_made` counts it, so it is at least 1.
///
/// A fault of the channel uses up no tries: the rows are kept until the way is mended or the
/// message expires.
#[must_use]
pub fn after_attempt(
    outcome: &AttemptOutcome,
    attempts_made: u32,
    now: Timestamp,
    schedule: &RetrySchedule,
    expires_at: Timestamp,
) -> NextStep {
    let scheduled = schedule.wait_after(attempts_made);
    let wait = match outcome {
        AttemptOutcome::Accepted { .. } => return NextStep::Done,
        AttemptOutcome::Rejected { why } => return NextStep::Dead { why: why.clone() },
        AttemptOutcome::NotSent { fault: Fault::Channel, .. } => {
            Some(scheduled.unwrap_or_else(|| schedule.longest()))
        }
        AttemptOutcome::NotSent { .. } | AttemptOutcome::Unknown { .. } => scheduled,
    };
    let Some(wait) = wait else {
        return NextStep::Dead {
            why: format!("given up after {attempts_made} tries; the last: {}", outcome.why()),
        };
    };
    let at = now.plus(wait);
    if at > expires_at {
        return NextStep::Dead {
            why: format!("expired at {expires_at}; the last try: {}", outcome.why()),
        };
    }
    NextStep::RetryAt(at)
}

/// The Message-ID header of a message: the same at every attempt, and telling nothing.
///
/// The id's text is hashed because it begins with a time and would sort.
#[must_use]
pub fn message_id_header(id: MessageId, domain: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"qianshou message-id 1\0")
        .chain_update(id.to_string().as_bytes())
        .finalize();
    let mut header = String::with_capacity(40 + domain.len());
    header.push('<');
    for byte in digest.iter().take(16) {
        let _ = write!(header, "{byte:02x}");
    }
    let _ = write!(header, "@{domain}>");
    header
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
