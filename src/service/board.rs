//! The board of one notice: its deliveries with who signed and what comes next, in the tree.
//!
//! The counts are sums over the rows that are shown, by the one function that counts; so board
//! and rows cannot disagree. Never here: words and marks.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::{DeliveryFacts, DeliveryState, Tally};
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;
use crate::domain::words::stored_words;
use crate::store::board::{
    Owed, ReceiptLine, ReturnLine, owed_list_of_notice, place_names, region_list_of_notice,
    return_list_of_notice, signature_list_of_notice,
};
use crate::store::corrections::{Corrects, Latest, corrects_find, successor_notice_find};
use crate::store::deadline_moves::move_list_of_notice;
use crate::store::deliveries::{Delivery, delivery_list_of_notice};
use crate::store::ends::{EndLine, end_find};
use crate::store::gap_issues::{GapIssueLine, gap_issue_list};
use crate::store::notices::Notice;
use crate::store::release_debts::{DebtLine, release_debt_find};
use crate::store::{Conn, StoreError};

mod rows;

pub use rows::{BoardRow, since};

/// Which deliveries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// 未签收
    #[default]
    Unsigned,
    /// 全部
    All,
    /// 已签收
    Signed,
    /// 逾期
    Overdue,
    /// 未查看
    Unopened,
    /// 退文
    Returned,
    /// 暂无法联系
    Unreachable,
    /// Not signed when the notice ended.
    Recalled,
}

stored_words!(Show, {
    Unsigned => "unsigned", All => "all", Signed => "signed", Overdue => "overdue",
    Unopened => "unopened", Returned => "returned", Unreachable => "unreachable",
    Recalled => "recalled",
});

impl Show {
    /// Whether a delivery with these facts is shown.
    #[must_use]
    pub fn takes(self, facts: &DeliveryFacts, now: Timestamp) -> bool {
        let state = DeliveryState::derive(facts);
        match self {
            Self::Unsigned => state.is_unsigned(),
            Self::All => true,
            Self::Signed => state == DeliveryState::Acknowledged,
            Self::Overdue => facts.is_overdue(now),
            Self::Unopened => state.is_unsigned() && state != DeliveryState::Opened,
            Self::Returned => state == DeliveryState::Returned,
            Self::Unreachable => facts.is_unreachable(),
            Self::Recalled => state == DeliveryState::Recalled,
        }
    }

    /// How many of a tally are shown.
    #[must_use]
    pub const fn count(self, tally: &Tally) -> i64 {
        match self {
            Self::Unsigned => tally.unsigned(),
            Self::All => tally.total,
            Self::Signed => tally.acknowledged,
            Self::Overdue => tally.overdue,
            Self::Unopened => tally.pending + tally.handed_over,
            Self::Returned => tally.returned,
            Self::Unreachable => tally.unreachable,
            Self::Recalled => tally.recalled,
        }
    }
}

/// In which order rows stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As in the tree, each parent above its own.
    #[default]
    Tree,
    /// Those that cannot be reached first, then the longest waiting.
    Waiting,
    /// What is to happen soonest first.
    Next,
}

stored_words!(Order, { Tree => "tree", Waiting => "waiting", Next => "next" });

/// One delivery on the board.
#[derive(Debug, Clone)]
pub struct BoardLine {
    /// The delivery.
    pub delivery: Delivery,
    /// Region code of the organisation.
    pub region_code: String,
    /// Who signed.
    pub signature: Option<ReceiptLine>,
    /// What was sent back or asked for, oldest first.
    pub returns: Vec<ReturnLine>,
    /// What comes next, and when.
    pub next: Option<(Timestamp, Owed)>,
    /// 对该单位先行发出, where the directory lacked something.
    pub gap: Option<GapIssueLine>,
}

impl BoardLine {
    /// It asked for a good copy and has none yet.
    #[must_use]
    pub fn waits_for_copy(&self) -> bool {
        self.returns.iter().any(ReturnLine::waits_for_copy)
    }

    /// It sent the notice back and has no answer yet; so far it counts as unsigned.
    #[must_use]
    pub fn waits_for_decision(&self) -> bool {
        self.returns.iter().any(ReturnLine::waits_for_decision)
    }
}

/// The board of one notice, as it was at one instant.
#[derive(Debug, Clone)]
pub struct Board {
    /// The notice.
    pub notice: Notice,
    /// Its deliveries in the order of the tree.
    pub lines: Vec<BoardLine>,
    /// Their counts.
    pub tally: Tally,
    /// How the notice ended, and what stands before and after it.
    pub bounds: Bounds,
    /// The formal 核发 it owes or owed after an oral approval.
    pub debt: Option<DebtLine>,
    /// Deadlines as they were before a corrected holiday table moved them.
    pub deadlines_before: BTreeMap<DeliveryId, Timestamp>,
    /// Entries of the tree that stand above deliveries and got none themselves.
    above: BTreeMap<String, (OrganizationId, String)>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Board {
    /// Whether a line is shown; with the 退文 those too that wait for an answer. Who sent it back
    /// or asked for a good copy has looked at the page.
    #[must_use]
    pub fn shows(&self, show: Show, line: &BoardLine) -> bool {
        let takes = show.takes(&line.delivery.facts, self.read_at);
        match show {
            Show::Returned => takes || line.waits_for_decision(),
            Show::Unopened => takes && line.returns.is_empty(),
            _ => takes,
        }
    }

    /// What is looked for first: who is missing, and after the end of the notice everybody.
    #[must_use]
    pub const fn shown_first(&self) -> Show {
        if self.notice.state.is_taken_back() { Show::All } else { Show::Unsigned }
    }

    /// How many lines are shown.
    #[must_use]
    pub fn count(&self, show: Show) -> i64 {
        match show {
            Show::Returned | Show::Unopened => {
                let shown = self.lines.iter().filter(|line| self.shows(show, line)).count();
                i64::try_from(shown).unwrap_or(i64::MAX)
            }
            _ => show.count(&self.tally),
        }
    }
}

/// How a notice ended, and what stands before and after it.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// The act that ended it.
    pub end: Option<EndLine>,
    /// The last notice in its place.
    pub successor: Option<Latest>,
    /// What it replaces.
    pub corrects: Option<Corrects>,
}

impl Bounds {
    pub(super) fn read(conn: &mut Conn, id: NoticeId) -> Result<Self, StoreError> {
        Ok(Self {
            end: end_find(conn, id)?,
            successor: successor_notice_find(conn, id)?,
            corrects: corrects_find(conn, id)?,
        })
    }
}

/// How a notice of the account's own office ended, and what stands before and after it.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the notice is absent or out of reach.
pub fn bounds(service: &Service, account: &Account, id: NoticeId) -> Result<Bounds, ServiceError> {
    let scope = Scope::Office(account.organization_id);
    service.store.read(|conn| {
        scope.notice(conn, id)?;
        Ok(Bounds::read(conn, id)?)
    })
}

/// What comes next of all that is owed (earliest first): a call that a person owes by then, else
/// the first that is still to come, else the first that is overdue and was not done.
pub(super) fn next_of(
    mut owed: Vec<(Timestamp, Owed)>,
    now: Timestamp,
) -> Option<(Timestamp, Owed)> {
    let place = owed.iter().position(|(at, _)| *at >= now).unwrap_or(0);
    let call = owed.iter().position(|(_, what)| *what == Owed::Call);
    let place = call.filter(|call| *call < place || place == 0).unwrap_or(place);
    (place < owed.len()).then(|| owed.swap_remove(place))
}

/// Reads a board.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the notice is absent or out of reach.
pub fn read(service: &Service, scope: Scope, id: NoticeId) -> Result<Board, ServiceError> {
    let now = service.now();
    service.store.read(|conn| {
        let notice = scope.notice(conn, id)?;
        let deliveries = delivery_list_of_notice(conn, id)?;
        let mut signatures = signature_list_of_notice(conn, id)?;
        let mut owed = owed_list_of_notice(conn, id)?;
        let regions = region_list_of_notice(conn, id)?;
        let mut returns: BTreeMap<_, Vec<ReturnLine>> = BTreeMap::new();
        for one in return_list_of_notice(conn, id)? {
            returns.entry(one.delivery_id).or_default().push(one);
        }
        let tally = Tally::of(deliveries.iter().map(|delivery| &delivery.facts), now);
        let places: BTreeSet<&str> = deliveries
            .iter()
            .flat_map(|delivery| rows::places_above(&delivery.tree_path))
            .collect();
        let above = place_names(conn, &places.into_iter().collect::<Vec<_>>())?;
        let mut gaps: BTreeMap<_, GapIssueLine> =
            gap_issue_list(conn, id)?.into_iter().map(|gap| (gap.delivery_id, gap)).collect();
        let lines = deliveries.into_iter().map(|delivery| BoardLine {
            region_code: regions.get(&delivery.organization_id).cloned().unwrap_or_default(),
            // Read after the delivery: a signature that came in between waits for the next look.
            signature: signatures
                .remove(&delivery.id)
                .filter(|_| delivery.facts.acknowledged_at.is_some()),
            returns: returns.remove(&delivery.id).unwrap_or_default(),
            next: next_of(owed.remove(&delivery.id).unwrap_or_default(), now),
            gap: gaps.remove(&delivery.id),
            delivery,
        });
        let lines = lines.collect();
        let bounds = Bounds::read(conn, id)?;
        let debt = release_debt_find(conn, id)?;
        let deadlines_before = move_list_of_notice(conn, id)?;
        Ok(Board { notice, lines, tally, bounds, debt, deadlines_before, above, read_at: now })
    })
}
