//! Sentences about mails that came back and deadlines that were reckoned anew.

use super::{Tone, fact};
use crate::domain::human_time::full_zh;
use crate::domain::time::Timestamp;
use crate::store::events::StoredEvent;

pub(super) fn deadline_moved(event: &StoredEvent) -> (Tone, String, String) {
    let at = |name: &str| {
        let micros = event.facts.get(name).and_then(serde_json::Value::as_i64);
        micros.map_or_else(|| "未记录".to_owned(), |at| full_zh(Timestamp::from_micros(at)))
    };
    let text = format!("签收时限由{}改为{}：放假安排有更正。", at("old_at"), at("new_at"));
    (Tone::Plain, text, String::new())
}

pub(super) fn bounced(event: &StoredEvent, to: &str) -> (Tone, String, String) {
    let status = fact(event, "status");
    let quiet = [status, fact(event, "detail")].join(" ").trim().to_owned();
    (Tone::Gap, format!("发给{to}的邮件被退回，没有送到；该邮箱记为投递失败。"), quiet)
}
