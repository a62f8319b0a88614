//! From facts to the marks that pages show: sign, word, colour.

use crate::domain::delivery::{DeliveryFacts, DeliveryState, ReceiptMode};
use crate::domain::ladder::RungAct;
use crate::domain::message::Channel;
use crate::domain::notice::NoticeState;
use crate::domain::time::{Span, Timestamp};
use crate::store::board::Owed;
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::StateMark;

/// The mark of one delivery of a notice that stands so.
pub(super) fn of_delivery(facts: &DeliveryFacts, notice: NoticeState, now: Timestamp) -> StateMark {
    let badge = facts.badge(now);
    let alarming = facts.is_unreachable() || facts.is_overdue(now);
    let class = match DeliveryState::derive(facts) {
        _ if alarming => "late",
        DeliveryState::Pending | DeliveryState::Recalled => "pending",
        DeliveryState::HandedOver => "handed-over",
        DeliveryState::Opened => "opened",
        DeliveryState::Acknowledged => "acknowledged",
        DeliveryState::Returned => "returned",
    };
    // A weaker way of signing is never shown as if it were the organisation's own.
    let weaker = facts.receipt_mode.filter(|mode| *mode != ReceiptMode::OwnOrganization);
    let word = match weaker.filter(|_| facts.acknowledged_at.is_some()) {
        Some(mode) if facts.is_late() => format!("{}（逾期）", mode.word_zh()),
        Some(mode) => mode.word_zh().to_owned(),
        None if DeliveryState::derive(facts) == DeliveryState::Recalled => {
            notice.word_of_unsigned_zh().to_owned()
        }
        None => badge.word_zh.to_owned(),
    };
    StateMark { class, sign: badge.sign, word }
}

/// How long after its time a step is still under way rather than left undone.
const GRACE: Span = Span::minutes(1);

/// `14:47 提级催签：带班领导`.
pub(super) fn of_owed(owed: &(Timestamp, Owed), now: Timestamp) -> String {
    let (at, what) = owed;
    let words = match what {
        Owed::Rung(act) => act.parse::<RungAct>().map_or("下一步催签", RungAct::word_zh).to_owned(),
        // A person does it, so it is not left undone a minute later.
        Owed::Call if *at <= now => {
            return format!("{} 起待打电话", Moment::in_table(*at, now).short);
        }
        Owed::Call => "打电话".to_owned(),
        Owed::Message { channel, tries, leased } => {
            let way = channel.parse::<Channel>().map_or("消息", Channel::word_zh);
            if *leased && *at >= now {
                return format!("正在发送{way}");
            }
            match tries {
                0 => format!("发送{way}"),
                n => format!("再发{way}（第 {} 次）", n.saturating_add(1)),
            }
        }
    };
    let clock = Moment::in_table(*at, now).short;
    if at.plus(GRACE) < now {
        format!("{clock} {words}，尚未执行")
    } else {
        format!("{clock} {words}")
    }
}

/// `湘办发电〔2026〕35号 第2版`; the first version is the number alone.
pub(super) fn numbered(number: &str, version: i32) -> String {
    match version {
        ..2 => number.to_owned(),
        _ => format!("{number} 第{version}版"),
    }
}

/// `王某 机要室主任 0731-…`.
pub(super) fn joined(parts: &[&str]) -> String {
    let filled: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    filled.join(" ")
}

/// `820 字节`, `48 KB`, `1.2 MB`.
pub(super) fn size_words(bytes: i64) -> String {
    const KB: i64 = 1_024;
    const MB: i64 = 1_024 * KB;
    match bytes {
        bytes if bytes < KB => format!("{bytes} 字节"),
        bytes if bytes < MB => format!("{} KB", (bytes + KB / 2) / KB),
        bytes => {
            let tenths = (bytes * 10 + MB / 2) / MB;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_same_for_everybody() {
        let words = [820, 28_400, 49_152, 1_258_291].map(size_words);
        assert_eq!(words, ["820 字节", "28 KB", "48 KB", "1.2 MB"]);
    }

    #[test]
    fn the_first_version_is_the_number_alone() {
        assert_eq!(numbered("湘办发电〔2026〕35号", 1), "湘办发电〔2026〕35号");
        assert_eq!(numbered("湘办发电〔2026〕35号", 2), "湘办发电〔2026〕35号 第2版");
    }
}
