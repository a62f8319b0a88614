//! From what was recorded to sentences that somebody who was not there can read. Pure.
//!
//! Bad news is as plain as good news; a gap is called a gap; what a machine did is never told as
//! the act of a person. The other server's own words stand in the quiet line, unchanged.

use std::collections::BTreeSet;

mod acts;
mod calls;
mod ladder;

use super::Story;
use crate::domain::address::AddressKind;
use crate::domain::delivery::{AskAgainReason, ReturnReason};
use crate::domain::evidence::EventKind;
use crate::domain::ids::{AccountId, AddressId, AttemptId, LinkId};
use crate::domain::message::MessagePurpose;
use crate::domain::time::{Span, Timestamp};
use crate::service::audit_look::Looked;
use crate::store::board::ReturnLine;
use crate::store::events::StoredEvent;
use crate::store::story::AttemptLine;

mod reaching;

/// How much a sentence weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// An ordinary fact.
    Plain,
    /// The answer: signed, returned.
    Answer,
    /// Something that went wrong, or did not happen.
    Gap,
}

/// One fact, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
    /// Words of the other server, numbers: the quiet line below. May be empty.
    pub quiet: String,
    /// How much it weighs.
    pub tone: Tone,
}

/// How long an attempt may be under way before it counts as never reported.
const UNDER_WAY: Span = Span::minutes(5);

/// Tells a story, oldest first: one sentence for every event, and for every attempt that left no
/// event.
#[must_use]
pub fn story_sentences(story: &Story) -> Vec<Sentence> {
    let told: BTreeSet<AttemptId> =
        story.events.iter().filter_map(|event| subject(event, "attempt")).collect();
    // What was written in one instant is told in the order in which such things come about.
    let mut events: Vec<&StoredEvent> = story.events.iter().collect();
    events.sort_by_key(|event| (event.at, EventKind::from_name(&event.kind)));
    let events = events.into_iter().map(|event| of_event(story, event));
    let silent = story.attempts.iter().filter(|attempt| !told.contains(&attempt.id));
    let mut sentences: Vec<Sentence> =
        events.chain(silent.map(|attempt| of_attempt(story, attempt))).collect();
    sentences.sort_by_key(|sentence| sentence.at);
    sentences
}

/// The account an actor names, if it is one.
pub(in crate::service) fn staff_of(actor: &str) -> Option<AccountId> {
    actor.strip_prefix("account:")?.parse().ok()
}

fn of_event(story: &Story, event: &StoredEvent) -> Sentence {
    let (tone, text, quiet) = match EventKind::from_name(&event.kind) {
        Some(kind) => tell(story, event, kind),
        None => (Tone::Plain, "发生了本版程序不认识的一件事。".to_owned(), event.kind.clone()),
    };
    Sentence { at: event.at, text, quiet, tone }
}

fn tell(story: &Story, event: &StoredEvent, kind: EventKind) -> (Tone, String, String) {
    use EventKind as Kind;
    let who = actor(story, event);
    let said = relay_words(event);
    let plain = |text: String| (Tone::Plain, text, String::new());
    let room = acts::tell(story, event, kind).or_else(|| calls::tell(story, event, kind));
    if let Some(told) = room {
        return told;
    }
    match kind {
        Kind::NoticeSubmitted => plain(format!("{who}送核发。")),
        Kind::NoticeSentBack => (Tone::Plain, format!("{who}退回修改。"), reason(event)),
        Kind::DraftDeleted => plain(format!("{who}删除草稿。")),
        Kind::NoticeReleased => (Tone::Plain, format!("{who}核发。"), reason(event)),
        Kind::NoticeIssued if is_later(story) => {
            (Tone::Plain, format!("{who}发出本件，名单上没有本单位。"), String::new())
        }
        Kind::NoticeIssued => {
            let word = story.delivery.addressee.word_zh();
            let why = format!("选自“{}”", story.delivery.reason);
            (Tone::Plain, format!("{who}发出，本单位为{word}。"), why)
        }
        Kind::ClassifiedRefused => {
            plain(format!("{who}填写的内容疑似涉密，未予受理，没有保存。"))
        }
        Kind::FileVouched => plain(format!("{who}看过一个无法自动检查的文件，确认不涉密。")),
        Kind::MarkConfirmed => plain(format!("{who}确认一处疑似密级标志为误判。")),
        Kind::AuditorLooked => plain(format!("审计{who}查阅{}。", looked_at(event))),
        Kind::MessageHandedOver
        | Kind::MessageNotSent
        | Kind::MessageRejected
        | Kind::MessageUncertain
        | Kind::MessageCancelled
        | Kind::MessageDead => {
            let (tone, text) = of_message(story, event, kind);
            let to = subject(event, "address").and_then(|id| story.names.addresses.get(&id));
            let to = to.map(|owner| owner.address.as_str());
            (tone, text, quietly(&[to.unwrap_or_default(), &said]))
        }
        Kind::Reminded => ladder::reminded(event, &who),
        Kind::Escalated => ladder::escalated(story, event),
        Kind::RungGap => ladder::gap(event),
        Kind::RungSuperseded => ladder::superseded(event),
        Kind::NextWayTaken => ladder::next_way(event),
        Kind::Resent => (Tone::Plain, format!("{who}重发。"), reason(event)),
        Kind::LinkFetched => plain("链接被访问过，分不清是程序还是人，不计查看。".to_owned()),
        Kind::Opened => {
            let what = if fact(event, "what") == "file" { "文件" } else { "正文" };
            plain(format!("在页面上打开{what}（{who}）。"))
        }
        Kind::Downloaded => plain(format!("下载文件（{who}）。")),
        Kind::Acknowledged => of_signature(story, event),
        Kind::SignedBeside => {
            let text = format!("{}在页面上签收，与此前的签收并列。", person(event));
            (Tone::Answer, text, String::new())
        }
        Kind::ViewingRegistered => plain(format!("{}登记查看，此前已签收。", person(event))),
        Kind::ReceiptCorrected => {
            let text = format!("更正签收人：{}。原来的记录保留。", person(event));
            (Tone::Answer, text, String::new())
        }
        Kind::Returned | Kind::AskedAgain => of_return(story, event, kind),
        Kind::Unreachable => {
            let text = match fact(event, "reason").as_str() {
                "no_message_could_be_handed_over" => {
                    "发给本单位的邮件都没有送出，暂无法联系，要打电话送达。"
                }
                "all_bounced" => "发给本单位的邮件都被退回，暂无法联系，要打电话送达。",
                _ => "本单位没有可用的联系方式，暂无法联系，要打电话送达。",
            };
            (Tone::Gap, text.to_owned(), String::new())
        }
        Kind::Overdue => {
            (Tone::Gap, "到时限仍未签收，记为逾期未签收。".into(), ladder::lateness(event))
        }
        Kind::NotReached => {
            (Tone::Gap, "到时限仍未送到，记为未通知到。".into(), ladder::lateness(event))
        }
        Kind::DeadlineMoved => reaching::deadline_moved(event),
        Kind::Bounced => {
            let to = subject(event, "address").map_or_else(String::new, |id| owner(story, id));
            reaching::bounced(event, &to)
        }
        Kind::AccountCreated
        | Kind::AccountChanged
        | Kind::SignedIn
        | Kind::SignInRefused
        | Kind::DirectoryImported
        | Kind::RulesChanged
        | Kind::RoundStarted
        | Kind::AddressVerified
        | Kind::AlarmRaised
        | Kind::AlarmCleared
        | Kind::ClockLeapt
        // Told above.
        | Kind::NoticeRecalled
        | Kind::NoticeRevoked
        | Kind::NoticeAbolished
        | Kind::NoticeSuperseded
        | Kind::NoticeClosed
        | Kind::GapExplained
        | Kind::ChaseStopped
        | Kind::ReturnAccepted
        | Kind::ReturnRefused
        | Kind::RecipientAdded
        | Kind::IssuedWithGap
        | Kind::ReleasedAfterwards
        | Kind::CallMade
        | Kind::CallsDelegated
        | Kind::DelegationLinks
        | Kind::DelegationReported
        | Kind::DelegationEnded
        | Kind::DutyTonightTold
        | Kind::EscalatedByHand
        | Kind::OfferDeclined => {
            (Tone::Plain, "另有一条与本单位无关的记录。".to_owned(), event.kind.clone())
        }
    }
}

/// 补发: the organisation came to the list after the issue.
fn is_later(story: &Story) -> bool {
    story.events.iter().any(|event| event.kind == EventKind::RecipientAdded.as_str())
}

fn looked_at(event: &StoredEvent) -> &'static str {
    let known = fact(event, "page").parse::<Looked>().map(Looked::word_zh);
    known.unwrap_or("本件")
}

fn of_message(story: &Story, event: &StoredEvent, kind: EventKind) -> (Tone, String) {
    use EventKind as Kind;
    let to = subject(event, "address").map_or_else(String::new, |id| owner(story, id));
    let (item, taker) = item_and_taker(event);
    let mail = format!("发给{to}的{item}");
    let nth = match event.facts.get("attempt").and_then(serde_json::Value::as_i64) {
        Some(n) if n > 1 => format!("（第 {n} 次）"),
        _ => String::new(),
    };
    let crossed = is(event, "crossed");
    match kind {
        Kind::MessageHandedOver if crossed => {
            (Tone::Plain, format!("{mail}已交给{taker}；这封在路上时，对方已经答复。"))
        }
        Kind::MessageHandedOver if is(event, "lease_lost") => {
            (Tone::Plain, format!("{mail}已交给{taker}，可能与另一次重复，编号相同。"))
        }
        Kind::MessageHandedOver => (Tone::Plain, format!("{mail}已交给{taker}{nth}。")),
        Kind::MessageNotSent => (Tone::Gap, format!("{mail}这一次没有送出{nth}，会再试。")),
        Kind::MessageRejected => (Tone::Gap, format!("{mail}被{taker}拒收，不再重发。")),
        Kind::MessageUncertain if crossed => {
            (Tone::Gap, format!("{mail}是否送到没有回音；这封在路上时，对方已经答复。"))
        }
        Kind::MessageUncertain => {
            (Tone::Gap, format!("{mail}是否送到没有回音{nth}，会以同一编号再发一次。"))
        }
        Kind::MessageCancelled => {
            (Tone::Plain, format!("{mail}不再发送，因为{}。", cancelled_zh(&fact(event, "why"))))
        }
        _ => (Tone::Gap, format!("{mail}多次没有送出，已停止再试。请换一种方式联系。")),
    }
}

/// What was sent, and who takes such things over.
fn item_and_taker(event: &StoredEvent) -> (String, &'static str) {
    let (way, taker) = match fact(event, "channel").as_str() {
        "sms" => ("短信", "短信平台"),
        "webhook" => ("接口消息", "对方系统"),
        _ => ("邮件", "对方邮件服务器"),
    };
    let purpose = match fact(event, "purpose").parse() {
        Ok(MessagePurpose::Reminder) => "催签",
        Ok(MessagePurpose::Resend) => "重发",
        Ok(MessagePurpose::LeaderPrompt) => "请带班领导过问的",
        Ok(MessagePurpose::IssuerAlert) => "未签收清单",
        Ok(MessagePurpose::SuperiorRequest) => "“请协助联系”",
        Ok(MessagePurpose::DelegatedCalls) => "请代拨电话的",
        Ok(MessagePurpose::Withdrawal) => "撤回、撤销、废止或更正通知",
        Ok(MessagePurpose::ReturnDecision) => "退文答复",
        Ok(MessagePurpose::Verification) => "核验",
        Ok(MessagePurpose::Invitation) | Err(_) => "",
    };
    (format!("{purpose}{way}"), taker)
}

fn cancelled_zh(why: &str) -> &'static str {
    match why {
        "recalled" => "公文已撤回",
        "notice_ended" => "公文已经结束",
        "chase_stopped" => "已终止催签",
        "address_retired" => "这个联系方式已停用",
        "link_revoked" => "其中的链接已作废",
        "nobody_is_outstanding" => "已经没有未签收的单位",
        _ => "对方已经答复",
    }
}

fn of_signature(story: &Story, event: &StoredEvent) -> (Tone, String, String) {
    let Some(signed) = &story.signature else {
        return (Tone::Answer, format!("{}签收。", person(event)), String::new());
    };
    let who = named(&signed.signer_name, &signed.signer_post);
    let late = story.delivery.facts.deadline.filter(|due| signed.acknowledged_at > *due);
    let on_time = late.map_or_else(String::new, |due| {
        format!("，晚 {}", duration(signed.acknowledged_at.since(due)))
    });
    let way = signed.mode.word_zh();
    if fact(event, "channel") == "phone" {
        let caller = actor(story, event);
        let quiet = format!("{way}，回执 {}，拨打 {}", signed.number, signed.signer_phone);
        let text = format!("{caller}打电话读出标题、文号，{who}确认收到，记为{way}{on_time}。");
        return (Tone::Answer, text, quiet);
    }
    let quiet = format!("{way}，回执 {}，电话 {}", signed.number, signed.signer_phone);
    (Tone::Answer, format!("{who}签收{on_time}。"), quiet)
}

fn of_return(story: &Story, event: &StoredEvent, kind: EventKind) -> (Tone, String, String) {
    let row = story.returns.iter().find(|row| row.at == event.at);
    let who = row.map_or_else(|| person(event), |row| named(&row.name, &row.post));
    let why = row.map_or_else(|| return_reason(&fact(event, "reason")), ReturnLine::reason_zh);
    let quiet = row.map(|row| row.explanation.clone()).unwrap_or_default();
    match kind {
        EventKind::Returned => (Tone::Answer, format!("{who}退文：{why}。"), quiet),
        _ => (Tone::Answer, format!("{who}请求重发：{why}。催签照常进行。"), quiet),
    }
}

fn of_attempt(story: &Story, attempt: &AttemptLine) -> Sentence {
    let to = owner(story, attempt.address_id);
    let n = attempt.number;
    let (tone, text) = match attempt.outcome.as_deref() {
        None if story.read_at.since(attempt.started_at) < UNDER_WAY => {
            (Tone::Plain, format!("正在发送给{to}的邮件（第 {n} 次）。"))
        }
        None => {
            let text = format!("给{to}的第 {n} 次发送没有下文：程序当时中断，是否送到不知道。");
            (Tone::Gap, text)
        }
        Some("not_tried") => (Tone::Plain, format!("给{to}的第 {n} 次发送没有开始。")),
        Some("accepted" | "unknown") => {
            (Tone::Gap, format!("给{to}的第 {n} 次发送可能与另一次重复，编号相同。"))
        }
        Some(_) => (Tone::Plain, format!("给{to}的第 {n} 次发送没有送出，已由另一次代替。")),
    };
    let quiet = attempt.reply.clone().unwrap_or_default();
    Sentence { at: attempt.ended_at.unwrap_or(attempt.started_at), text, quiet, tone }
}

impl ReturnLine {
    /// Why it was sent back or asked for, in the words of pages.
    #[must_use]
    pub fn reason_zh(&self) -> String {
        return_reason(&self.reason)
    }
}

fn return_reason(word: &str) -> String {
    let returned = word.parse::<ReturnReason>().map(ReturnReason::word_zh);
    let asked = || word.parse::<AskAgainReason>().map(AskAgainReason::word_zh);
    returned.or_else(|_| asked()).unwrap_or("未记录原因").to_owned()
}

/// Who did it: a person of the staff, the seat behind a link, or the server itself.
fn actor(story: &Story, event: &StoredEvent) -> String {
    if let Some(id) = staff_of(&event.actor) {
        return story.names.accounts.get(&id).cloned().unwrap_or_else(|| "工作人员".to_owned());
    }
    let link = event.actor.strip_prefix("link:").and_then(|id| id.parse::<LinkId>().ok());
    match link.and_then(|id| story.names.links.get(&id)) {
        Some(address) => format!("经发给{}的链接", owner(story, *address)),
        None if event.actor.starts_with("link:") => "经链接".to_owned(),
        None => "系统".to_owned(),
    }
}

/// Whose an address is: `机要室A角王某`.
fn owner(story: &Story, id: AddressId) -> String {
    story.names.addresses.get(&id).map_or_else(
        || "本单位".to_owned(),
        |owner| {
            let way = match owner.kind {
                AddressKind::Email => "",
                AddressKind::Phone | AddressKind::Mobile => "手机",
                AddressKind::Webhook => "系统接口",
            };
            let role = owner.role.word_zh();
            let of = owner.organization.as_deref().unwrap_or_default();
            if owner.name.contains(role) {
                format!("{of}{}{way}", owner.name)
            } else {
                format!("{of}{role}{}{way}", owner.name)
            }
        },
    )
}

fn person(event: &StoredEvent) -> String {
    let personal = |name: &str| event.personal.get(name).cloned().unwrap_or_default();
    let named_as = |prefix: &str| personal(&format!("{prefix}name"));
    let name = [named_as("signer_"), named_as("")].concat();
    if name.is_empty() { "对方".to_owned() } else { named(&name, &personal("post")) }
}

fn named(name: &str, post: &str) -> String {
    if post.is_empty() { name.to_owned() } else { format!("{name}（{post}）") }
}

fn reason(event: &StoredEvent) -> String {
    event.personal.get("reason").cloned().unwrap_or_else(|| fact(event, "reason"))
}

/// `mx.example 回复 250 …`, as far as it is known.
fn relay_words(event: &StoredEvent) -> String {
    match (fact(event, "relay").as_str(), fact(event, "reply").as_str()) {
        (_, "") => String::new(),
        ("folder", reply) if reply.starts_with("250 ") => "已存入演示的邮件夹".to_owned(),
        ("", reply) => reply.to_owned(),
        (relay, reply) => format!("{relay} 回复 {reply}"),
    }
}

/// What is known of these, one after the other.
fn quietly(parts: &[&str]) -> String {
    let known: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    known.join("；")
}

fn fact(event: &StoredEvent, name: &str) -> String {
    let text = event.facts.get(name).and_then(serde_json::Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn is(event: &StoredEvent, name: &str) -> bool {
    event.facts.get(name).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

fn subject<Id: std::str::FromStr>(event: &StoredEvent, name: &str) -> Option<Id> {
    event.subjects.get(name)?.as_str()?.parse().ok()
}

fn duration(span: Span) -> String {
    let seconds = span.as_micros() / 1_000_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} 秒"),
        (0, m, 0) => format!("{m} 分"),
        (0, m, s) => format!("{m} 分 {s} 秒"),
        (h, m, _) => format!("{h} 小时 {m} 分"),
    }
}

#[cfg(test)]
#[path = "sentences_tests.rs"]
mod tests;
