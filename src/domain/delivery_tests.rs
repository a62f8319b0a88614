//! Deliveries through random histories: one state each, and counts that are the rows.

use proptest::prelude::*;

use super::*;
use crate::domain::time::Span;

const DUE: Timestamp = Timestamp::from_micros(1_000_000_000);

fn after(seconds: i64) -> Timestamp {
    DUE.plus(Span::seconds(seconds))
}

#[test]
fn each_fact_moves_the_state_and_a_fetch_does_not() {
    let mut facts = DeliveryFacts { deadline: Some(DUE), ..DeliveryFacts::default() };
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Pending);
    facts.fetched_at = Some(after(-9));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Pending);
    facts.handed_over_at = Some(after(-9));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::HandedOver);
    facts.downloaded_at = Some(after(-8));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Opened);
    facts.returned_at = Some(after(-7));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Returned);
    facts.recalled_at = Some(after(-6));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Recalled);
    facts.acknowledged_at = Some(after(-5));
    assert_eq!(DeliveryState::derive(&facts), DeliveryState::Acknowledged);
}

#[test]
fn a_tie_is_on_time() {
    let open = DeliveryFacts { deadline: Some(DUE), ..DeliveryFacts::default() };
    assert!(!open.is_overdue(DUE));
    assert!(open.is_overdue(DUE.plus(Span::micros(1))));
    let signed = DeliveryFacts { acknowledged_at: Some(DUE), ..open };
    assert!(!signed.is_late());
    assert!(!signed.is_overdue(after(99)), "a signed delivery is never overdue");
    assert!(DeliveryFacts { acknowledged_at: Some(after(1)), ..open }.is_late());
    assert!(!DeliveryFacts::default().is_overdue(after(99)), "no deadline, never overdue");
}

#[test]
fn rows_show_what_is_urgent_first() {
    let sent = DeliveryFacts {
        handed_over_at: Some(after(-60)),
        deadline: Some(DUE),
        ..DeliveryFacts::default()
    };
    let lost = DeliveryFacts { unreachable: true, ..sent };
    let signed = DeliveryFacts { acknowledged_at: Some(after(-1)), ..lost };
    let shown = |facts: &DeliveryFacts, at| {
        let badge = facts.badge(at);
        format!("{} {}", badge.sign, badge.word_zh)
    };
    assert_eq!(shown(&sent, DUE), "○ 已送出");
    assert_eq!(shown(&sent, after(1)), "▲ 逾期未签收");
    assert_eq!(shown(&lost, DUE), "▲ 暂无法联系");
    assert_eq!(shown(&lost, after(1)), "▲ 未通知到");
    assert_eq!(shown(&signed, after(1)), "● 已签收");
    let late = DeliveryFacts { acknowledged_at: Some(after(5)), ..sent };
    assert_eq!(shown(&late, after(9)), "● 已签收（逾期）");
}

#[test]
fn stored_words_are_those_of_the_tables() {
    let words: Vec<&str> = ReceiptMode::ALL.iter().map(|mode| mode.as_str()).collect();
    assert_eq!(words, ["self", "on_behalf", "phone"]);
    assert_eq!("suspected_classified".parse(), Ok(ReturnReason::SuspectedClassified));
    assert_eq!("attachment_missing".parse(), Ok(AskAgainReason::AttachmentMissing));
    assert!(ReturnReason::ALL.iter().all(|reason| !reason.word_zh().is_empty()));
}

/// One thing that can happen to a delivery.
fn apply(facts: &mut DeliveryFacts, what: u8, at: Timestamp) {
    let fact = match what {
        0 => &mut facts.handed_over_at,
        1 => &mut facts.fetched_at,
        2 => &mut facts.opened_at,
        3 => &mut facts.downloaded_at,
        4 => &mut facts.acknowledged_at,
        5 => &mut facts.returned_at,
        6 => &mut facts.recalled_at,
        _ => {
            facts.unreachable = !facts.unreachable;
            return;
        }
    };
    fact.get_or_insert(at);
}

proptest! {
    #[test]
    fn the_counts_are_the_rows_whatever_happens(
        happenings in proptest::collection::vec((0usize..12, 0u8..8, -50i64..50), 0..200),
        look in -60i64..60,
    ) {
        let now = after(look);
        let fresh = DeliveryFacts { deadline: Some(DUE), ..DeliveryFacts::default() };
        let mut rows = vec![fresh; 12];
        rows[11].deadline = None;
        let mut kept = Tally::of(&rows, now);
        for (row, what, at) in happenings {
            let before = rows[row];
            apply(&mut rows[row], what, after(at));
            kept += Tally::change(&before, &rows[row], now);

            let fresh = Tally::of(&rows, now);
            prop_assert_eq!(kept, fresh);
            let parts = fresh.pending + fresh.handed_over + fresh.opened
                + fresh.acknowledged + fresh.returned + fresh.recalled;
            prop_assert_eq!(parts, fresh.total);
            prop_assert!(fresh.unreachable <= fresh.unsigned());
            prop_assert!(fresh.overdue <= fresh.unsigned());
            if before.acknowledged_at.is_some() {
                prop_assert_eq!(DeliveryState::derive(&rows[row]), DeliveryState::Acknowledged);
            }
        }
    }
}
