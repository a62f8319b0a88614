//! From facts to the marks that pages show: sign, word, colour.

use crate::domain::delivery::{DeliveryFacts, DeliveryState, ReceiptMode};
use crate::domain::ladder::RungAct;
use crate::domain::message::Channel;
use crate::domain::time::{Span, Timestamp};
use crate::store::board::Owed;
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::StateMark;

/// The mark of one delivery.
pub(super) fn of_delivery(facts: &DeliveryFacts, now: Timestamp) -> StateMark {
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

/// `王某 机要室主任 0731-…`.
pub(super) fn joined(parts: &[&str]) -> String {
    let filled: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    filled.join(" ")
}
