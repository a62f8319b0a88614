//! 先发后补: the formal 核发 that is owed for a notice that went out on an oral approval.

use diesel::prelude::*;

use super::schema::{accounts, notice_decisions, notices, release_debts};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{AccountId, EventId, NoticeId, OrganizationId};
use crate::domain::notice::ReleaseOutcome;
use crate::domain::time::Timestamp;

/// What an oral approval owes.
#[derive(Debug, Clone, Copy)]
pub struct NewDebt {
    /// Which notice went out on it.
    pub notice_id: NoticeId,
    /// The event of the oral approval.
    pub oral_event_id: EventId,
    /// When it went out.
    pub opened_at: Timestamp,
    /// Until when the formal 核发 is due.
    pub due_at: Timestamp,
}

/// Keeps what is owed.
///
/// # Errors
/// [`StoreError::Unique`] if the notice owes one already.
pub fn release_debt_insert(tx: &mut Tx, new: &NewDebt) -> Result<(), StoreError> {
    diesel::insert_into(release_debts::table)
        .values((
            release_debts::notice_id.eq(new.notice_id.to_string()),
            release_debts::oral_event_id.eq(new.oral_event_id.to_string()),
            release_debts::opened_at.eq(new.opened_at.as_micros()),
            release_debts::due_at.eq(new.due_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The releaser's answer.
#[derive(Debug, Clone)]
pub struct Settled<'a> {
    /// For which notice.
    pub notice_id: NoticeId,
    /// How.
    pub outcome: ReleaseOutcome,
    /// Why, where it is refused.
    pub why: Option<&'a str>,
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
}

/// Settles what is owed; false if the same answer, or a release, stands already. A release may
/// follow a refusal.
///
/// # Errors
/// The store's own.
pub fn release_debt_settle(tx: &mut Tx, settled: &Settled<'_>) -> Result<bool, StoreError> {
    let taken: &[&str] = match settled.outcome {
        ReleaseOutcome::Released => &["released"],
        ReleaseOutcome::Refused => &["released", "refused"],
    };
    let open = release_debts::outcome
        .is_null()
        .or(diesel::dsl::not(release_debts::outcome.assume_not_null().eq_any(taken)));
    let moved = diesel::update(
        release_debts::table
            .filter(release_debts::notice_id.eq(settled.notice_id.to_string()))
            .filter(open),
    )
    .set((
        release_debts::outcome.eq(Some(settled.outcome.as_str())),
        release_debts::settled_at.eq(Some(settled.at.as_micros())),
        release_debts::settled_by.eq(Some(settled.by.to_string())),
        release_debts::why.eq(settled.why),
    ))
    .execute(tx.db())?;
    Ok(moved == 1)
}

/// What a notice owes or owed, as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebtLine {
    /// Who approved by word of mouth.
    pub approver_name: String,
    /// By which telephone or other way.
    pub approver_phone: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// Until when the formal 核发 is due.
    pub due_at: Timestamp,
    /// The answer, its reason and its instant.
    pub answer: Option<(ReleaseOutcome, Option<String>, Timestamp)>,
    /// Name of who answered.
    pub settled_by: Option<String>,
}

type Row = (
    (Option<String>, Option<String>, String),
    (Timestamp, Option<ReleaseOutcome>, Option<String>, Option<Timestamp>, Option<AccountId>),
);

/// What a notice owes or owed; none if a second person released it before it went out.
///
/// # Errors
/// The store's own.
pub fn release_debt_find(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Option<DebtLine>, StoreError> {
    let row: Option<Row> = release_debts::table
        .inner_join(
            notice_decisions::table.on(notice_decisions::event_id.eq(release_debts::oral_event_id)),
        )
        .inner_join(accounts::table.on(accounts::id.eq(notice_decisions::account_id)))
        .filter(release_debts::notice_id.eq(notice.to_string()))
        .select((
            (
                notice_decisions::approver_name,
                notice_decisions::approver_phone,
                accounts::display_name,
            ),
            (
                release_debts::due_at,
                release_debts::outcome,
                release_debts::why,
                release_debts::settled_at,
                release_debts::settled_by,
            ),
        ))
        .first(conn.db())
        .optional()?;
    let Some((approved, (due_at, outcome, why, at, by))) = row else { return Ok(None) };
    let settled_by = match by {
        Some(by) => accounts::table
            .filter(accounts::id.eq(by.to_string()))
            .select(accounts::display_name)
            .first(conn.db())
            .optional()?,
        None => None,
    };
    Ok(Some(DebtLine {
        approver_name: approved.0.unwrap_or_default(),
        approver_phone: approved.1.unwrap_or_default(),
        recorded_by: approved.2,
        due_at,
        answer: outcome.zip(at).map(|(outcome, at)| (outcome, why, at)),
        settled_by,
    }))
}

/// A formal 核发 that is still owed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OpenDebt {
    /// For which notice.
    pub notice_id: NoticeId,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// 标题.
    pub title: String,
    /// Level as stored.
    pub urgency: String,
    /// When it went out.
    pub opened_at: Timestamp,
    /// Until when.
    pub due_at: Timestamp,
}

/// Those of an office that nobody has answered yet, the soonest due first.
///
/// # Errors
/// The store's own.
pub fn release_debt_list_open(
    conn: &mut Conn,
    issuer: OrganizationId,
    limit: i64,
) -> Result<Vec<OpenDebt>, StoreError> {
    Ok(release_debts::table
        .inner_join(notices::table.on(notices::id.eq(release_debts::notice_id)))
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(release_debts::outcome.is_null())
        .order((release_debts::due_at, release_debts::notice_id))
        .limit(limit)
        .select((
            notices::id,
            notices::document_number,
            notices::version,
            notices::title,
            notices::urgency,
            release_debts::opened_at,
            release_debts::due_at,
        ))
        .load(conn.db())?)
}

/// Those of all offices that were due before `now` and have no answer.
///
/// # Errors
/// The store's own.
pub fn release_debt_list_late(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(NoticeId, String)>, StoreError> {
    Ok(release_debts::table
        .inner_join(notices::table.on(notices::id.eq(release_debts::notice_id)))
        .filter(release_debts::outcome.is_null())
        .filter(release_debts::due_at.lt(now.as_micros()))
        .order((release_debts::due_at, release_debts::notice_id))
        .limit(limit)
        .select((notices::id, notices::document_number))
        .load(conn.db())?)
}
