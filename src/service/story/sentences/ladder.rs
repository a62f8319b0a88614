//! What the engine did by itself, told: who was reached, by which way, and how late.

use super::{Tone, duration, fact, owner, quietly, reason, subject};
use crate::domain::ladder::RungAct;
use crate::domain::message::Channel;
use crate::domain::time::Span;
use crate::service::story::Story;
use crate::store::events::StoredEvent;

/// Told only from here on: a few seconds are how the server works.
const LATE_MS: i64 = 5_000;

type Told = (Tone, String, String);

/// 催签, by the engine or by a person.
pub(super) fn reminded(event: &StoredEvent, who: &str) -> Told {
    if event.actor.starts_with("account:") {
        return (Tone::Plain, format!("{who}催签。"), reason(event));
    }
    let text = format!("系统催签（{}）。", channels(event));
    (Tone::Plain, text, lateness(event))
}

/// A rung that reached somebody else than the desk, or asks a person to.
pub(super) fn escalated(story: &Story, event: &StoredEvent) -> Told {
    let to = || subject(event, "address").map_or_else(String::new, |id| owner(story, id));
    let way = channels(event);
    let text = match act(event) {
        Some(RungAct::PromptLeader) => format!("提级催签：{}（{way}），请其查看收文点。", to()),
        Some(RungAct::AskSuperior) => format!("请上级值班室协助联系：{}（{way}）。", to()),
        Some(RungAct::AlertIssuer) => {
            format!("未签收名单报我方带班领导（{way}），本单位在列。")
        }
        Some(RungAct::List) => format!("未签收名单报我方收文点（{way}），本单位在列。"),
        Some(RungAct::CallUnreachable) => {
            "本单位联系方式不全，请我方值班人员立即打电话。".to_owned()
        }
        Some(RungAct::Call) if count(event, "repeat") > 0 => {
            "过了时限仍未签收，再请我方值班人员打电话。".to_owned()
        }
        Some(RungAct::Call) => "尚未签收，请我方值班人员打电话。".to_owned(),
        Some(RungAct::OfferLeader) => "请我方值班人员决定是否提级催签至对方带班领导。".to_owned(),
        Some(RungAct::OfferSuperior) => "请我方值班人员决定是否请上级值班室协助联系。".to_owned(),
        Some(RungAct::Remind | RungAct::MarkDeadline) | None => "提级催签。".to_owned(),
    };
    (Tone::Plain, text, quietly(&[&handed_on(event), &lateness(event), &reason(event)]))
}

/// A rung that reached nobody.
pub(super) fn gap(event: &StoredEvent) -> Told {
    let what = match act(event) {
        Some(RungAct::Remind) => "催签：本单位此时没有可用的联系方式",
        Some(RungAct::PromptLeader) => "提级催签：没有已验证的带班领导或办公室主任联系方式",
        Some(RungAct::AlertIssuer) => "我方带班领导没有已验证的联系方式",
        Some(RungAct::List) => "我方收文点没有可用的联系方式",
        Some(RungAct::AskSuperior) => "请上级协助联系：上级值班室没有可用的联系方式",
        _ => "此步没有可以联系的人",
    };
    let text = format!("缺口：{what}，此步没有联系到任何人。");
    (Tone::Gap, text, quietly(&[&handed_on(event), &lateness(event)]))
}

/// A round that came and went while no server was at work.
pub(super) fn superseded(event: &StoredEvent) -> Told {
    let what = match act(event) {
        Some(RungAct::List) => "一次未签收名单",
        _ => "一轮电话催签",
    };
    let ago = duration(Span::micros(count(event, "late_ms") * 1_000));
    let text = format!("{what}到时没有执行（应在 {ago}前），由这一次代替。");
    let further = match count(event, "further") {
        0 => String::new(),
        rounds => format!("在它之前还有 {rounds} 次"),
    };
    (Tone::Gap, text, further)
}

/// The next way after one that closed.
pub(super) fn next_way(event: &StoredEvent) -> Told {
    let text = format!("一种方式被拒收，立即改用下一种方式（{}）。", channels(event));
    (Tone::Plain, text, String::new())
}

/// `比应执行时间晚 12 秒`, from five seconds on.
pub(super) fn lateness(event: &StoredEvent) -> String {
    let late = count(event, "late_ms");
    if late <= LATE_MS {
        return String::new();
    }
    let words = duration(Span::micros(late * 1_000));
    format!("比应执行时间晚 {words}")
}

fn handed_on(event: &StoredEvent) -> String {
    let yes = event.facts.get("handed_on").and_then(serde_json::Value::as_bool) == Some(true);
    if yes { "上一步没有联系到人，提前执行".to_owned() } else { String::new() }
}

fn act(event: &StoredEvent) -> Option<RungAct> {
    fact(event, "act").parse().ok()
}

fn count(event: &StoredEvent, name: &str) -> i64 {
    event.facts.get(name).and_then(serde_json::Value::as_i64).unwrap_or(0)
}

fn channels(event: &StoredEvent) -> String {
    let known = fact(event, "channels");
    let words = known.split(',').filter_map(|word| word.parse::<Channel>().ok());
    let words: Vec<&str> = words.map(Channel::word_zh).collect();
    if words.is_empty() { "邮件".to_owned() } else { words.join("、") }
}
