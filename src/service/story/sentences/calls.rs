//! Calls and what people of both offices told each other about who answers.

use super::{Tone, actor, fact, is, person, reason};
use crate::domain::call::CallOutcome;
use crate::domain::delegation::{DelegatedOutcome, DelegationEnd};
use crate::domain::evidence::EventKind as Kind;
use crate::domain::human_time::full_zh;
use crate::domain::time::Timestamp;
use crate::service::story::Story;
use crate::store::events::StoredEvent;

/// The sentence of such an event; none for every other kind.
pub(super) fn tell(
    story: &Story,
    event: &StoredEvent,
    kind: Kind,
) -> Option<(Tone, String, String)> {
    let who = actor(story, event);
    Some(match kind {
        Kind::CallMade => call(event, &who),
        Kind::CallsDelegated => {
            let text = format!("{who}请{}值班室代为电话联系。", fact(event, "to"));
            (Tone::Plain, text, String::new())
        }
        Kind::DelegationReported => {
            let from = fact(event, "from");
            let text = match fact(event, "outcome").parse() {
                Ok(DelegatedOutcome::Told) => {
                    format!("{from}值班室报来：已电话告知{}，请其签收。", personal(event, "name"))
                }
                _ => format!("{from}值班室报来：未联系上。"),
            };
            let by = format!("报告人{}", personal(event, "reporter_name"));
            (Tone::Plain, text, by)
        }
        Kind::DelegationEnded => {
            let text = match fact(event, "why").parse() {
                Ok(DelegationEnd::Revoked) => format!("{who}收回了请市州代拨的电话。"),
                Ok(DelegationEnd::Overdue) => "市州没有按时报来，电话转回本单位拨打。".to_owned(),
                Ok(DelegationEnd::Undelivered) => {
                    "请市州代拨的邮件没有送到，电话转回本单位拨打。".to_owned()
                }
                Ok(DelegationEnd::NoticeEnded) => {
                    "公文已不在办理，请市州代拨的电话不用再拨。".to_owned()
                }
                _ => "请市州代拨的电话已办完。".to_owned(),
            };
            (Tone::Plain, text, String::new())
        }
        Kind::DelegationLinks => {
            let text = match fact(event, "act").as_str() {
                "renewed" => format!("{who}换了代拨页面的链接，原链接作废。"),
                _ => format!("{who}停用了代拨页面的链接。"),
            };
            (Tone::Plain, text, String::new())
        }
        Kind::DutyTonightTold => {
            let phone = personal(event, "phone");
            let leader = match personal(event, "leader").as_str() {
                "" => String::new(),
                leader => format!("，带班领导{leader}"),
            };
            let text = format!("本单位报来今晚值班：{}{leader}，电话 {phone}。", person(event));
            (Tone::Plain, text, String::new())
        }
        Kind::EscalatedByHand => {
            let what = match fact(event, "act").as_str() {
                "leader_prompt" => "提级催签至本单位带班领导",
                _ => "请上级值班室协助联系",
            };
            (Tone::Plain, format!("{who}决定{what}。"), reason(event))
        }
        Kind::OfferDeclined => (Tone::Plain, format!("{who}决定暂不提级催签。"), reason(event)),
        _ => return None,
    })
}

fn call(event: &StoredEvent, who: &str) -> (Tone, String, String) {
    let callee = person(event);
    let text = match fact(event, "outcome").parse::<CallOutcome>() {
        Ok(CallOutcome::Confirmed) => format!("{who}打电话核实，{callee}确认已收到。"),
        Ok(CallOutcome::Told) => format!("{who}打电话告知{callee}，请其经链接签收。"),
        Ok(CallOutcome::Promised) => {
            let until = event.facts.get("promised_until").and_then(serde_json::Value::as_i64);
            let until = until.map(|at| full_zh(Timestamp::from_micros(at)));
            let until = until.map_or_else(|| "稍后".to_owned(), |at| format!("在{at}前"));
            format!("{who}打电话催签，{callee}答应{until}签收。")
        }
        Ok(CallOutcome::Refused) => format!("{who}打电话催签，{callee}没有接受。"),
        Ok(other) => format!("{who}打电话，{}。", other.word_zh()),
        Err(_) => format!("{who}打过电话。"),
    };
    let gap = matches!(
        fact(event, "outcome").as_str(),
        "no_answer" | "busy" | "wrong_number" | "refused"
    );
    let mut quiet: Vec<String> = Vec::new();
    quiet.extend(Some(personal(event, "phone")).filter(|text| !text.is_empty()));
    if is(event, "number_differs") {
        quiet.push("号码与通讯录不同".to_owned());
    }
    quiet.extend(Some(personal(event, "note")).filter(|text| !text.is_empty()));
    (if gap { Tone::Gap } else { Tone::Plain }, text, quiet.join("；"))
}

fn personal(event: &StoredEvent, name: &str) -> String {
    event.personal.get(name).cloned().unwrap_or_default()
}
