//! Random boards: counts are the rows, filters take what they count, nothing is shown twice.

use proptest::prelude::*;

use super::super::next_of;
use super::*;
use crate::domain::delivery::Addressee;
use crate::domain::ids::{AccountId, DeliveryId, NoticeId};
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::store::board::Owed;
use crate::store::deliveries::Delivery;
use crate::store::notices::Notice;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn entropy(n: u8) -> [u8; 10] {
    [n; 10]
}

fn line(n: u8, path: &str, facts: DeliveryFacts) -> BoardLine {
    let organization_id = OrganizationId::new(at(0), entropy(n));
    BoardLine {
        delivery: Delivery {
            id: DeliveryId::new(at(0), entropy(n)),
            notice_id: NoticeId::new(at(0), entropy(0)),
            version: 1,
            organization_id,
            organization_name: format!("单位{path}"),
            addressee: Addressee::Primary,
            reason: "各市州".into(),
            tree_path: path.into(),
            tree_depth: 0,
            deadline_origin: None,
            facts,
        },
        region_code: "430100".into(),
        signature: None,
        returns: Vec::new(),
        next: None,
        gap: None,
    }
}

fn board(lines: Vec<BoardLine>) -> Board {
    let tally = Tally::of(lines.iter().map(|line| &line.delivery.facts), at(100));
    let above = ["0001", "00010001", "00010002"]
        .map(|path| (path.to_owned(), (OrganizationId::new(at(0), entropy(99)), path.to_owned())));
    Board {
        notice: Notice {
            id: NoticeId::new(at(0), entropy(0)),
            issuer_id: OrganizationId::new(at(0), entropy(0)),
            issuer_name: "省委办公厅".into(),
            author_id: AccountId::new(at(0), entropy(0)),
            author_name: "王建国".into(),
            state: NoticeState::Issued,
            version: 1,
            revision: 1,
            created_at: at(0),
            saved_at: at(0),
            issued_at: Some(at(0)),
            deadline_at: None,
            draft: NoticeDraft::default(),
            digest: None,
            ladder: None,
            corrects_id: None,
            superseded_by_id: None,
            correction_reason: None,
        },
        lines,
        tally,
        above: above.into_iter().collect(),
        bounds: crate::service::board::Bounds::default(),
        debt: None,
        deadlines_before: BTreeMap::new(),
        read_at: at(100),
    }
}

fn shape(board: &Board, show: Show) -> Vec<String> {
    let rows = board.rows(show, "", Order::Tree);
    let row = |row: &BoardRow<'_>| match row {
        BoardRow::Above { name, depth, below, .. } => {
            format!("{depth} ({name}) {}/{}", below.unsigned(), below.total)
        }
        BoardRow::Delivery { line, depth, below } => {
            format!("{depth} {} {}/{}", line.delivery.tree_path, below.unsigned(), below.total)
        }
    };
    rows.iter().map(row).collect()
}

#[test]
fn parents_carry_the_sums_of_their_branches() {
    let signed = DeliveryFacts { acknowledged_at: Some(at(5)), ..DeliveryFacts::default() };
    let open = DeliveryFacts::default();
    let board = board(vec![
        line(1, "00010001", signed),
        line(2, "000100010001", open),
        line(3, "000100010002", signed),
        line(4, "000100020001", open),
    ]);
    let all = [
        "0 00010001 1/2",
        "1 000100010001 0/0",
        "1 000100010002 0/0",
        "0 (00010002) 1/1",
        "1 000100020001 0/0",
    ];
    assert_eq!(shape(&board, Show::All), all);
    // A parent that has signed still stands above its own who have not.
    let unsigned =
        ["0 (单位00010001) 1/2", "1 000100010001 0/0", "0 (00010002) 1/1", "1 000100020001 0/0"];
    assert_eq!(shape(&board, Show::Unsigned), unsigned);
}

#[test]
fn what_comes_next_is_still_to_come() {
    let rung = |minute, act: &str| (at(minute), Owed::Rung(act.to_owned()));
    let owed = || vec![rung(50, "remind"), rung(150, "call")];
    assert_eq!(next_of(owed(), at(100)), Some(rung(150, "call")));
    assert_eq!(next_of(owed(), at(200)), Some(rung(50, "remind")));
    assert_eq!(next_of(Vec::new(), at(0)), None);
    // A call that is owed comes before a reminder that will find nobody.
    let call = |minute| (at(minute), Owed::Call);
    let owed = |minute| {
        let mut owed = vec![rung(50, "remind"), rung(150, "call"), call(minute)];
        owed.sort_by_key(|(at, _)| *at);
        owed
    };
    assert_eq!(next_of(owed(20), at(100)), Some(call(20)));
    assert_eq!(next_of(owed(120), at(100)), Some(call(120)));
    assert_eq!(next_of(owed(180), at(100)), Some(rung(150, "call")), "later than the step");
    assert_eq!(next_of(owed(20), at(200)), Some(call(20)));
    assert_eq!(next_of(vec![call(20)], at(10)), Some(call(20)));
}

fn some_facts() -> impl Strategy<Value = DeliveryFacts> {
    let time = || proptest::option::of((0i64..200).prop_map(at));
    (time(), time(), time(), time(), time(), time(), any::<bool>()).prop_map(
        |(sent, opened, signed, returned, recalled, deadline, unreachable)| DeliveryFacts {
            handed_over_at: sent,
            opened_at: opened,
            acknowledged_at: signed,
            returned_at: returned,
            recalled_at: recalled,
            deadline,
            unreachable,
            ..DeliveryFacts::default()
        },
    )
}

proptest! {
    #[test]
    fn every_number_is_the_rows_it_leads_to(
        facts in proptest::collection::vec((some_facts(), 1u16..4, 0u16..4), 0..30),
    ) {
        let mut lines: Vec<BoardLine> = Vec::new();
        for (n, (facts, branch, leaf)) in facts.into_iter().enumerate() {
            let path = match leaf {
                0 => format!("0001{branch:04}"),
                leaf => format!("0001{branch:04}{leaf:04}"),
            };
            if lines.iter().all(|line| line.delivery.tree_path != path) {
                lines.push(line(u8::try_from(n).unwrap(), &path, facts));
            }
        }
        lines.sort_by(|a, b| a.delivery.tree_path.cmp(&b.delivery.tree_path));
        let board = board(lines);
        for show in Show::ALL {
            for order in Order::ALL {
                let rows = board.rows(*show, "", *order);
                let shown: Vec<_> = rows
                    .iter()
                    .filter_map(|row| match row {
                        BoardRow::Delivery { line, .. } => Some(line.delivery.id),
                        BoardRow::Above { .. } => None,
                    })
                    .collect();
                let distinct: std::collections::BTreeSet<_> = shown.iter().collect();
                prop_assert_eq!(distinct.len(), shown.len());
                prop_assert_eq!(i64::try_from(shown.len()).unwrap(), show.count(&board.tally));
            }
        }
    }
}
