//! 值班: what the duty desk of one office has before it: calls in the order in which they are
//! owed, merged per desk and notice; the steps of the coming hour; urgent notices not fully
//! signed. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use super::channel_health::{self, WayHealth};
use super::delegate::{Delegated, MayDelegate, delegated, may_delegate};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call_point::{CallPoint, call_point};
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::Tally;
use crate::domain::ids::{AccountId, DeliveryId, DeskId, NoticeId, OrganizationId};
use crate::domain::organization::Reach;
use crate::domain::reach::Hours;
use crate::domain::time::{Span, Timestamp};
use crate::domain::working_time::WorkingHours;
use crate::store::alarms::{Alarm, alarm_list_open};
use crate::store::call_list::{
    OpenTask, account_names, call_counts, organization_names, task_count_open, task_list_open,
};
use crate::store::calls::call_wrong_numbers;
use crate::store::contacts::reach_list;
use crate::store::duty::{
    ComingStep, UrgentNotice, notice_list_urgent, step_list_coming, unsigned_names,
};
use crate::store::duty_tonight::{DutyTonight, duty_tonight_list_of};
use crate::store::release_debts::{OpenDebt, release_debt_list_open};
use crate::store::tallies::tally_find;
use crate::store::{Conn, StoreError};

/// What is telephoned about.
pub const CALLED: &[TaskKind] = &[TaskKind::Call, TaskKind::ConfirmGrade, TaskKind::TellEnd];
/// What is looked at on the page of the delivery.
pub const LOOKED_AT: &[TaskKind] =
    &[TaskKind::Returned, TaskKind::AskedAgain, TaskKind::HeldSubmission];
/// What a person decides.
pub const DECIDED: &[TaskKind] = &[TaskKind::OfferLeader, TaskKind::OfferSuperior];

/// Tasks read for one page, at most; how many more there are is said.
const TASKS_MAX: i64 = 240;
const STEPS_MAX: i64 = 40;
const NOTICES_MAX: i64 = 12;
const NAMES_MAX: i64 = 6;
/// How far ahead the steps are shown.
const AHEAD: Span = Span::hours(1);

/// One call to make: a desk, about one notice, for every organisation it receives for.
#[derive(Debug, Clone)]
pub struct CallToMake {
    /// The tasks, the first owed first; never empty.
    pub tasks: Vec<OpenTask>,
    /// Where to ring.
    pub point: CallPoint,
    /// Who answers tonight, as the organisation told.
    pub tonight: Option<DutyTonight>,
    /// Who has taken it.
    pub holder: Option<(AccountId, String)>,
    /// The 市州 that was asked to make it.
    pub delegated: Option<String>,
    /// Calls made so far.
    pub calls: i64,
}

/// An urgent notice that is not fully signed.
#[derive(Debug, Clone)]
pub struct UrgentRow {
    /// The notice.
    pub notice: UrgentNotice,
    /// Its counts.
    pub tally: Tally,
    /// Some of those that have not signed, with whether they cannot be reached.
    pub missing: Vec<(DeliveryId, String, bool)>,
}

/// What the duty desk has before it, at one instant.
#[derive(Debug, Clone)]
pub struct DutyBoard {
    /// How the ways out stand.
    pub ways: Vec<WayHealth>,
    /// What is wrong with the server or a way out.
    pub alarms: Vec<Alarm>,
    /// Calls, in order.
    pub calls: Vec<CallToMake>,
    /// Tasks that are called about, whether shown or not.
    pub call_count: i64,
    /// Calls that could be handed on to a 市州.
    pub may_delegate: Vec<MayDelegate>,
    /// Calls that were.
    pub delegated: Vec<Delegated>,
    /// What waits for a look.
    pub looks: Vec<OpenTask>,
    /// What waits for a decision.
    pub offers: Vec<OpenTask>,
    /// Formal 核发 that are owed after an oral approval.
    pub releases: Vec<OpenDebt>,
    /// Steps of the coming hour.
    pub coming: Vec<ComingStep>,
    /// Urgent notices not fully signed.
    pub urgent: Vec<UrgentRow>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// Reads it for the office of this account.
///
/// # Errors
/// The store's own.
pub fn read(service: &Service, account: &Account) -> Result<DutyBoard, ServiceError> {
    let now = service.now();
    let office = account.organization_id;
    let ways = channel_health::read(service)?;
    service.store.read(|conn| {
        let tasks = task_list_open(conn, office, CALLED, TASKS_MAX)?;
        let urgent = notice_list_urgent(conn, office, NOTICES_MAX)?;
        let urgent = urgent.into_iter().map(|notice| {
            Ok::<_, StoreError>(UrgentRow {
                tally: tally_find(conn, notice.id)?,
                missing: unsigned_names(conn, notice.id, NAMES_MAX)?,
                notice,
            })
        });
        let urgent = urgent.collect::<Result<_, _>>()?;
        Ok(DutyBoard {
            ways: ways.clone(),
            alarms: alarm_list_open(conn)?,
            may_delegate: may_delegate(conn, &tasks, now)?,
            delegated: delegated(service, conn, office, now)?,
            urgent,
            calls: to_make(service, conn, tasks, now)?,
            call_count: task_count_open(conn, office, CALLED)?,
            looks: task_list_open(conn, office, LOOKED_AT, TASKS_MAX)?,
            offers: task_list_open(conn, office, DECIDED, TASKS_MAX)?,
            releases: release_debt_list_open(conn, office, NOTICES_MAX)?,
            coming: step_list_coming(conn, office, now.plus(AHEAD), STEPS_MAX)?,
            read_at: now,
        })
    })
}

/// What is known of where organisations are rung.
pub(super) struct Ringing {
    reach: BTreeMap<OrganizationId, Reach>,
    wrong: BTreeMap<OrganizationId, Vec<String>>,
    tonight: BTreeMap<OrganizationId, DutyTonight>,
}

impl Ringing {
    pub(super) fn read(
        conn: &mut Conn,
        organizations: &[OrganizationId],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let reach = reach_list(conn, organizations)?;
        Ok(Self {
            reach: reach.into_iter().map(|one| (one.organization, one)).collect(),
            wrong: call_wrong_numbers(conn, organizations)?,
            tonight: duty_tonight_list_of(conn, organizations, now)?,
        })
    }

    /// Who answers tonight, as the organisation told.
    pub(super) fn tonight(&self, organization: OrganizationId) -> Option<&DutyTonight> {
        self.tonight.get(&organization)
    }

    /// Where to ring it.
    pub(super) fn point(
        &self,
        service: &Service,
        organization: OrganizationId,
        now: Timestamp,
    ) -> CallPoint {
        let usual = WorkingHours::usual();
        let calendar = service.rules.calendar();
        let hours = Hours { calendar: &calendar, default: &usual };
        let wrong = self.wrong.get(&organization);
        let is_wrong = |number: &crate::domain::phone::PhoneNumber| {
            wrong.is_some_and(|known| known.contains(&number.to_string()))
        };
        let nothing = CallPoint { desk: None, lines: Vec::new() };
        self.reach
            .get(&organization)
            .map_or(nothing, |reach| call_point(reach, &hours, now, is_wrong))
    }
}

/// What is rung once: one desk (or an organisation without one) about one notice, by one party.
type Key = (NoticeId, Option<DeskId>, Option<OrganizationId>, Option<OrganizationId>);

fn to_make(
    service: &Service,
    conn: &mut Conn,
    tasks: Vec<OpenTask>,
    now: Timestamp,
) -> Result<Vec<CallToMake>, StoreError> {
    let organizations: BTreeSet<_> = tasks.iter().map(|task| task.organization_id).collect();
    let organizations: Vec<OrganizationId> = organizations.into_iter().collect();
    let ringing = Ringing::read(conn, &organizations, now)?;
    let holders: Vec<AccountId> = tasks.iter().filter_map(|task| task.holder(now)).collect();
    let names = account_names(conn, &holders)?;
    let delegates: Vec<_> = tasks.iter().filter_map(|task| task.delegated_to).collect();
    let delegates = organization_names(conn, &delegates)?;
    let ids: Vec<DeliveryId> = tasks.iter().map(|task| task.delivery_id).collect();
    let counts = call_counts(conn, &ids)?;
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut calls: Vec<CallToMake> = Vec::new();
    for task in tasks {
        let point = ringing.point(service, task.organization_id, now);
        let desk = point.desk.as_ref().map(|(id, _)| *id);
        let alone = desk.is_none().then_some(task.organization_id);
        let key = (task.notice_id, desk, alone, task.delegated_to);
        let made = counts.get(&task.delivery_id).copied().unwrap_or(0);
        let holder = task
            .holder(now)
            .map(|id| (id, names.get(&id).cloned().unwrap_or_else(|| "另一人".to_owned())));
        let tonight = ringing.tonight(task.organization_id).cloned();
        match places.get(&key).and_then(|place| calls.get_mut(*place)) {
            Some(call) => {
                call.calls = call.calls.max(made);
                call.holder = call.holder.take().or(holder);
                call.tonight = call.tonight.take().or(tonight);
                call.tasks.push(task);
            }
            None => {
                places.insert(key, calls.len());
                let delegated = task.delegated_to.and_then(|id| delegates.get(&id).cloned());
                let tasks = vec![task];
                calls.push(CallToMake { tasks, point, tonight, holder, delegated, calls: made });
            }
        }
    }
    Ok(calls)
}
