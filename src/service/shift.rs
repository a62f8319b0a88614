//! What a shift hands over: who has not signed, which calls were made, what was promised, what is
//! still owed; and what was signed at night, for 补登 in the morning. Reads only.

use super::scope::Scope;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::{Span, Timestamp};
use crate::domain::working_time::ClockTime;
use crate::store::call_list::{OpenTask, task_list_open};
use crate::store::calls::{CallLine, call_list_of_delivery, call_list_of_notice, call_list_since};
use crate::store::deliveries::Delivery;
use crate::store::duty::{
    NightSignature, UrgentNotice, notice_list_urgent, signature_list_between, unsigned_names,
};
use crate::store::notices::Notice;

/// One unsigned delivery: which, the organisation's name, whether no way leads there.
pub type UnsignedLine = (DeliveryId, String, bool);

/// How long a shift is, for the sheet that is printed at its end.
const SHIFT: Span = Span::hours(24);
/// Organisations of one notice that are named on the sheet; the register names all.
const NAMES_MAX: i64 = 500;
const NOTICES_MAX: i64 = 100;
const TASKS_MAX: i64 = 1_000;

/// A shift, as it is handed over.
#[derive(Debug, Clone)]
pub struct Shift {
    /// From when.
    pub from: Timestamp,
    /// Until now.
    pub until: Timestamp,
    /// Urgent notices not fully signed, with who is missing.
    pub unsigned: Vec<(UrgentNotice, Vec<UnsignedLine>)>,
    /// Calls made, oldest first.
    pub calls: Vec<CallLine>,
    /// What is still owed.
    pub open: Vec<OpenTask>,
}

impl Shift {
    /// Promises that are still to be kept.
    pub fn promises(&self) -> impl Iterator<Item = &CallLine> {
        self.calls
            .iter()
            .filter(|call| call.promised_until.is_some() && call.acknowledged_at.is_none())
    }
}

/// Reads the last day's shift of the account's office.
///
/// # Errors
/// The store's own.
pub fn handover(service: &Service, account: &Account) -> Result<Shift, ServiceError> {
    let until = service.now();
    let from = Timestamp::from_micros(until.as_micros() - SHIFT.as_micros());
    let office = account.organization_id;
    service.store.read(|conn| {
        let mut unsigned = Vec::new();
        for notice in notice_list_urgent(conn, office, NOTICES_MAX)? {
            let names = unsigned_names(conn, notice.id, NAMES_MAX)?;
            unsigned.push((notice, names));
        }
        let kinds = crate::domain::call_task::TaskKind::ALL;
        Ok(Shift {
            from,
            until,
            unsigned,
            calls: call_list_since(conn, office, from)?,
            open: task_list_open(conn, office, kinds, TASKS_MAX)?,
        })
    })
}

/// What was signed between last evening and this morning.
#[derive(Debug, Clone)]
pub struct Night {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Signatures, by notice and time.
    pub signed: Vec<NightSignature>,
}

/// Reads the last night of the account's office: from the evening's quiet hour to the morning's,
/// or until now.
///
/// # Errors
/// The store's own.
pub fn last_night(service: &Service, account: &Account) -> Result<Night, ServiceError> {
    let now = service.now();
    let (from, until) = night_before(now);
    let office: OrganizationId = account.organization_id;
    // What was signed at this very instant belongs to it.
    let end = until.plus(Span::micros(1));
    let signed = service.store.read(|conn| signature_list_between(conn, office, from, end))?;
    Ok(Night { from, until, signed })
}

/// 18:00 to 08:00, the last such time that has begun; until now while it lasts.
fn night_before(now: Timestamp) -> (Timestamp, Timestamp) {
    let clock =
        |text: &str, at: Timestamp| text.parse::<ClockTime>().map_or(at, |time| time.next_from(at));
    let yesterday = Timestamp::from_micros(now.as_micros() - Span::hours(24).as_micros());
    let from = clock("18:00", yesterday);
    let until = clock("08:00", from);
    (from, if until < now { until } else { now })
}

/// All calls about a notice, oldest first, for the register.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the notice is absent or out of reach.
pub fn calls_of_notice(
    service: &Service,
    scope: Scope,
    id: NoticeId,
) -> Result<Vec<CallLine>, ServiceError> {
    service.store.read(|conn| {
        scope.notice(conn, id)?;
        Ok(call_list_of_notice(conn, id)?)
    })
}

/// All calls about one delivery, for 电话通知记录.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// The notice.
    pub notice: Notice,
    /// The delivery.
    pub delivery: Delivery,
    /// Its calls, oldest first.
    pub calls: Vec<CallLine>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Reads it.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the delivery is absent or out of reach.
pub fn call_record(
    service: &Service,
    scope: Scope,
    id: DeliveryId,
) -> Result<CallRecord, ServiceError> {
    let read_at = service.now();
    service.store.read(|conn| {
        let delivery = scope.delivery(conn, id)?;
        let notice = scope.notice(conn, delivery.notice_id)?;
        Ok(CallRecord { calls: call_list_of_delivery(conn, id)?, notice, delivery, read_at })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        crate::domain::human_time::parse_moment(text).unwrap()
    }

    #[test]
    fn the_night_ends_at_eight_and_lasts_until_now_before_that() {
        let night = |now: &str| night_before(at(now));
        let evening = at("2026-11-23 18:00");
        assert_eq!(night("2026-11-24 09:30"), (evening, at("2026-11-24 08:00")));
        assert_eq!(night("2026-11-24 02:14"), (evening, at("2026-11-24 02:14")));
        let tonight = at("2026-11-24 18:00");
        assert_eq!(night("2026-11-24 19:00"), (tonight, at("2026-11-24 19:00")));
    }
}
