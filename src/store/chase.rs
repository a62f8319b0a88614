//! What the engine reads of deliveries it is about to chase, and the records it makes on them.
//!
//! Rows are held in the order of every other write: notices, then deliveries. Deliveries that
//! somebody else holds, such as one that is just signing, are passed over and found again.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::engine::RowLock;
use super::ladders::Head;
use super::schema::{deliveries, links, messages, notice_versions, notices};
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::Addressee;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId, OrganizationId};
use crate::domain::ladder::{LadderSnapshot, Rung, RungAct, Ways};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;

/// A delivery as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chased {
    /// Its id.
    pub id: DeliveryId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Which version of it.
    pub version: i32,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Until when to sign.
    pub deadline_at: Option<Timestamp>,
    /// A message was handed over, or somebody was on its page.
    pub arrived: bool,
    /// It was sent back.
    pub returned: bool,
    /// Answered, taken back, or the chase was stopped.
    pub ended: bool,
    /// A missed deadline is on record.
    pub marked: bool,
    /// The next step of its ladder.
    pub head: Option<Head>,
}

/// What deliveries of one notice have in common.
#[derive(Debug, Clone)]
pub struct ChasedNotice {
    /// Whose it is.
    pub issuer_id: OrganizationId,
    /// It is out, and nothing has ended it.
    pub out: bool,
    /// How urgent.
    pub urgency: Urgency,
    /// Its level's rules, frozen at issue.
    pub ladder: Option<LadderSnapshot>,
    /// Marked 连夜办理.
    pub overnight: bool,
}

impl ChasedNotice {
    /// Whether the level writes by every way at once, so that no way may be left untried.
    #[must_use]
    pub fn takes_every_way(&self) -> bool {
        let rules = self.ladder.as_ref().map(|ladder| ladder.first_ways() == Ways::Every);
        rules.unwrap_or(self.urgency == Urgency::Flash)
    }

    /// Whether its people telephone whoever nothing can be written to.
    #[must_use]
    pub fn is_called_about(&self) -> bool {
        let calls = |rung: &Rung| matches!(rung.act, RungAct::Call | RungAct::CallUnreachable);
        let rules = self.ladder.as_ref().map(|ladder| ladder.policy.rungs.iter().any(calls));
        rules.unwrap_or(self.urgency == Urgency::Flash)
    }
}

type Facts = (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>);
type Row = (
    (DeliveryId, NoticeId, i32, OrganizationId, Addressee, Option<Timestamp>),
    Facts,
    (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>, Option<Timestamp>),
    (Option<Timestamp>, Option<Timestamp>),
    (Option<i32>, Option<Timestamp>),
);

/// Holds deliveries, their notices first, and reads them as they stand: an answer committed
/// before is seen, and none can come in between. Whatever another holds is left out.
///
/// # Errors
/// The store's own.
pub fn chase_hold(tx: &mut Tx, ids: &[DeliveryId]) -> Result<Vec<Chased>, StoreError> {
    let mut wanted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let notices: BTreeSet<String> = deliveries::table
        .filter(deliveries::id.eq_any(&wanted))
        .select(deliveries::notice_id)
        .distinct()
        .load::<String>(tx.db())?
        .into_iter()
        .collect();
    let notices: Vec<String> = notices.into_iter().collect();
    tx.db().lock_rows("notices", &notices, RowLock::Shared)?;
    let held = tx.db().lock_free_rows("deliveries", &wanted)?;
    read(tx, &held)
}

/// Reads deliveries that the caller holds already.
///
/// # Errors
/// The store's own.
pub fn chase_read(tx: &mut Tx, ids: &[DeliveryId]) -> Result<Vec<Chased>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    read(tx, &texts)
}

fn read(tx: &mut Tx, held: &[String]) -> Result<Vec<Chased>, StoreError> {
    let rows: Vec<Row> = deliveries::table
        .filter(deliveries::id.eq_any(held))
        .order(deliveries::id)
        .select((
            (
                deliveries::id,
                deliveries::notice_id,
                deliveries::version,
                deliveries::organization_id,
                deliveries::addressee,
                deliveries::deadline_at,
            ),
            (deliveries::handed_over_at, deliveries::opened_at, deliveries::downloaded_at),
            (
                deliveries::acknowledged_at,
                deliveries::recalled_at,
                deliveries::chase_stopped_at,
                deliveries::returned_at,
            ),
            (deliveries::overdue_at, deliveries::not_reached_at),
            (deliveries::next_step, deliveries::next_due_at),
        ))
        .load(tx.db())?;
    let chased = |(of, arrived, ends, marks, (step, due_at)): Row| Chased {
        id: of.0,
        notice_id: of.1,
        version: of.2,
        organization_id: of.3,
        addressee: of.4,
        deadline_at: of.5,
        arrived: arrived.0.or(arrived.1).or(arrived.2).is_some(),
        returned: ends.3.is_some(),
        ended: ends.0.or(ends.1).or(ends.2).is_some(),
        marked: marks.0.or(marks.1).is_some(),
        head: step.zip(due_at).map(|(step, due_at)| Head { step, due_at }),
    };
    Ok(rows.into_iter().map(chased).collect())
}

type NoticeRow = (NoticeId, OrganizationId, NoticeState, Urgency, (Option<String>, String));

/// What the deliveries of each of these notices have in common.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a version cannot be read back, else the store's own.
pub fn chase_notices(
    conn: &mut Conn,
    ids: &[NoticeId],
) -> Result<BTreeMap<NoticeId, ChasedNotice>, StoreError> {
    let texts: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<NoticeRow> = notices::table
        .inner_join(
            notice_versions::table.on(notice_versions::notice_id
                .eq(notices::id)
                .and(notice_versions::version.eq(notices::version))),
        )
        .filter(notices::id.eq_any(texts))
        .select((
            notices::id,
            notices::issuer_id,
            notices::state,
            notices::urgency,
            (notice_versions::ladder, notice_versions::header),
        ))
        .load(conn.db())?;
    let mut found = BTreeMap::new();
    for (id, issuer_id, state, urgency, (ladder, header)) in rows {
        let broken = |error: serde_json::Error| StoreError::Inconsistent {
            table: "notice_versions",
            id: id.to_string(),
            what: error.to_string(),
        };
        let header: NoticeDraft = serde_json::from_str(&header).map_err(broken)?;
        let ladder = ladder.as_deref().map(LadderSnapshot::from_json).transpose();
        let notice = ChasedNotice {
            issuer_id,
            out: state == NoticeState::Issued,
            urgency,
            ladder: ladder.map_err(broken)?,
            overnight: header.overnight,
        };
        found.insert(id, notice);
    }
    Ok(found)
}

/// Of these deliveries, those that a first notification was written for.
///
/// # Errors
/// The store's own.
pub fn chase_notified(
    conn: &mut Conn,
    ids: &[DeliveryId],
) -> Result<BTreeSet<DeliveryId>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found: Vec<Option<DeliveryId>> = messages::table
        .filter(messages::delivery_id.eq_any(&texts))
        .filter(messages::purpose.eq(MessagePurpose::Invitation.as_str()))
        .select(messages::delivery_id)
        .distinct()
        .load(conn.db())?;
    Ok(found.into_iter().flatten().collect())
}

/// What is written to the first line.
const FIRST_LINE: [&str; 3] = [
    MessagePurpose::Invitation.as_str(),
    MessagePurpose::Reminder.as_str(),
    MessagePurpose::Resend.as_str(),
];

/// The addresses that first-line messages of these deliveries went to, dead ones too.
///
/// # Errors
/// The store's own.
pub fn chase_tried(
    conn: &mut Conn,
    ids: &[DeliveryId],
) -> Result<BTreeSet<(DeliveryId, AddressId)>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found: Vec<(Option<DeliveryId>, AddressId)> = messages::table
        .filter(messages::delivery_id.eq_any(&texts))
        .filter(messages::purpose.eq_any(FIRST_LINE))
        .select((messages::delivery_id, messages::address_id))
        .load(conn.db())?;
    Ok(found.into_iter().filter_map(|(id, address)| Some((id?, address))).collect())
}

/// The links that deliveries have, by address, and whether they open anything.
pub type LinksAt = BTreeMap<(DeliveryId, AddressId), (LinkId, bool)>;

/// The links of these deliveries.
///
/// # Errors
/// The store's own.
pub fn chase_links(conn: &mut Conn, ids: &[DeliveryId]) -> Result<LinksAt, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(DeliveryId, AddressId, LinkId, Option<Timestamp>)> = links::table
        .filter(links::delivery_id.eq_any(&texts))
        .select((links::delivery_id, links::address_id, links::id, links::revoked_at))
        .load(conn.db())?;
    let by_place = |(delivery, address, id, revoked): (_, _, _, Option<_>)| {
        ((delivery, address), (id, revoked.is_none()))
    };
    Ok(rows.into_iter().map(by_place).collect())
}

/// Puts a missed deadline on record, once.
///
/// # Errors
/// The store's own.
pub fn chase_mark(
    tx: &mut Tx,
    overdue: &[DeliveryId],
    not_reached: &[DeliveryId],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let (overdue, not_reached): (Vec<String>, Vec<String>) = (
        overdue.iter().map(ToString::to_string).collect(),
        not_reached.iter().map(ToString::to_string).collect(),
    );
    let late = diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&overdue))
            .filter(deliveries::overdue_at.is_null()),
    )
    .set(deliveries::overdue_at.eq(Some(now.as_micros())))
    .execute(tx.db())?;
    let missed = diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&not_reached))
            .filter(deliveries::not_reached_at.is_null()),
    )
    .set(deliveries::not_reached_at.eq(Some(now.as_micros())))
    .execute(tx.db())?;
    Ok(late + missed)
}
