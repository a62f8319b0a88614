//! 请市州代拨: a duty officer hands the calls of a 市州's counties on to the duty desk of that 市州,
//! which gets a link to their list. They come back when they are taken back, or when the desk
//! does not report in time; the ladder goes on meanwhile.

mod by_link;
mod end;
mod renew;

use std::collections::{BTreeMap, BTreeSet};

pub use by_link::{
    Arrival, Holder, ReportFaults, ReportRequest, Reported, Sheet, SheetCall, arrive, holder,
    report, sheet,
};
pub(super) use end::end_with_notice;
pub use end::{return_overdue, take_back};
pub use renew::renew_links;

use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call_task::TaskKind;
use crate::domain::delegation::{DelegationCounts, is_above};
use crate::domain::escalation::{Way, duty_desk};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{
    AddressId, DelegationId, DeliveryId, EventId, MessageId, NoticeId, OrganizationId, TaskId,
};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::NoticeState;
use crate::domain::organization::Level;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::call_list::{
    OpenTask, organization_names, task_delegate, task_list_open_of_notice,
};
use crate::store::contacts::reach_list;
use crate::store::delegation_links::{
    delegation_link_find, delegation_link_open, delegation_link_renew,
};
use crate::store::delegations::{
    Delegation, delegated_call_list, delegated_counts, delegation_insert, delegation_list_of,
    prefecture_list_above,
};
use crate::store::drafts::form_post_claim;
use crate::store::events::event_append;
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{notice_hold, notice_numbers};
use crate::store::organizations::organization_list_of;
use crate::store::{Conn, StoreError, Tx};

use self::by_link::closes_at;
use super::issue::lane_of;
use super::scope::Scope;

/// Calls that could be handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MayDelegate {
    /// Of which notice.
    pub notice_id: NoticeId,
    /// 等级.
    pub urgency: Urgency,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// To which 市州.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// Calls that were handed on, and how they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// The delegation.
    pub delegation: Delegation,
    /// The 市州, by name.
    pub name: String,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// In numbers.
    pub counts: DelegationCounts,
    /// When its page opens no more, once it has ended.
    pub closes_at: Option<Timestamp>,
    /// Some link still opens it.
    pub is_open_page: bool,
}

impl Delegated {
    /// Whether its page, which closes at that time, is there to be closed before.
    #[must_use]
    pub fn closes(&self, at: Timestamp, now: Timestamp) -> bool {
        now < at && self.is_open_page
    }
}

/// A call that one's own people would make, and that nobody has taken.
fn is_free(task: &OpenTask, now: Timestamp) -> bool {
    task.kind == TaskKind::Call && task.delegated_to.is_none() && task.holder(now).is_none()
}

/// What of these calls could be handed on, by notice and 市州.
pub(super) fn may_delegate(
    conn: &mut Conn,
    tasks: &[OpenTask],
    now: Timestamp,
) -> Result<Vec<MayDelegate>, StoreError> {
    let free: Vec<&OpenTask> = tasks.iter().filter(|task| is_free(task, now)).collect();
    let paths: Vec<&str> = free.iter().map(|task| task.tree_path.as_str()).collect();
    let mut found: BTreeMap<(NoticeId, String), MayDelegate> = BTreeMap::new();
    for (organization_id, name, path) in prefecture_list_above(conn, &paths)? {
        for task in free.iter().filter(|task| is_above(&path, &task.tree_path)) {
            let entry = found.entry((task.notice_id, path.clone()));
            let one = entry.or_insert_with(|| MayDelegate {
                notice_id: task.notice_id,
                urgency: task.urgency,
                document_number: task.document_number.clone(),
                version: task.version,
                organization_id,
                name: name.clone(),
                count: 0,
            });
            one.count += 1;
        }
    }
    Ok(found.into_values().collect())
}

/// What an office has handed on, or had lately.
pub(super) fn delegated(
    service: &Service,
    conn: &mut Conn,
    office: OrganizationId,
    now: Timestamp,
) -> Result<Vec<Delegated>, StoreError> {
    // As long as its page can be opened, so long it can be closed.
    let stays = service.settings.duty.delegated_page_stays;
    let all = delegation_list_of(conn, office, now.minus(stays))?;
    let ids: Vec<DelegationId> = all.iter().map(|one| one.id).collect();
    let calls = delegated_call_list(conn, &ids)?;
    let opened = delegation_link_open(conn, &ids)?;
    let desks: Vec<OrganizationId> = all.iter().map(|one| one.organization_id).collect();
    let names = organization_names(conn, &desks)?;
    let notices: Vec<NoticeId> = all.iter().map(|one| one.notice_id).collect();
    let numbers = notice_numbers(conn, &notices)?;
    let line = |delegation: Delegation| {
        let number = numbers.get(&delegation.notice_id).cloned();
        let (document_number, version) = number.unwrap_or_default();
        Delegated {
            document_number,
            version,
            name: names.get(&delegation.organization_id).cloned().unwrap_or_default(),
            closes_at: closes_at(service, &delegation),
            is_open_page: opened.contains(&delegation.id),
            counts: delegated_counts(calls.get(&delegation.id).map_or(&[], Vec::as_slice)),
            delegation,
        }
    };
    Ok(all.into_iter().map(line).collect())
}

/// Hands the free calls of one notice to everybody below a 市州 on to its duty desk; says how
/// many. The same form again does nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's notice; [`ServiceError::Conflict`] says in the
/// words of a page why it cannot be done.
pub fn delegate_calls(
    service: &Service,
    account: &Account,
    notice: NoticeId,
    to: Option<OrganizationId>,
    form_key: &str,
) -> Result<usize, ServiceError> {
    let conflict = |text: &str| ServiceError::Conflict(text.to_owned());
    let now = service.now();
    let office = account.organization_id;
    let (desk, reach, tasks) = service.store.read(|conn| {
        Scope::Office(office).notice(conn, notice)?;
        let chosen: Vec<OrganizationId> = to.into_iter().collect();
        let desk = organization_list_of(conn, &chosen)?.pop();
        let desk = desk.filter(|desk| desk.level == Level::Prefecture);
        let desk = desk.ok_or_else(|| conflict("只能请市州代拨，请返回值班页重选。"))?;
        let mut tasks = task_list_open_of_notice(conn, office, notice)?;
        tasks.retain(|task| is_free(task, now) && is_above(&desk.tree_path, &task.tree_path));
        Ok::<_, ServiceError>((desk, reach_list(conn, &chosen)?.pop(), tasks))
    })?;
    let to = desk.id;
    let Some(first) = tasks.first() else {
        return Err(conflict("没有可以请其代拨的电话：都已有人接手，或对方已答复。"));
    };
    let ways = reach.map(|reach| duty_desk(&reach, service.outlets.open())).unwrap_or_default();
    if ways.is_empty() {
        return Err(conflict("该市州值班室没有可用的联系方式，不能请其代拨，请自行拨打。"));
    }
    let id = DelegationId::new(now, service.entropy()?);
    let delegation = Delegation {
        id,
        notice_id: notice,
        issuer_id: office,
        organization_id: to,
        account_id: account.id,
        asked_at: now,
        due_at: now.plus(service.settings.duty.delegated_calls_return_after),
        reporter_name: None,
        reported_at: None,
        ended_at: None,
        ended_why: None,
    };
    let lane = lane_of(first.urgency);
    let calls: Vec<(TaskId, DeliveryId)> =
        tasks.iter().map(|task| (task.id, task.delivery_id)).collect();
    let mut events = Vec::with_capacity(tasks.len());
    for task in &tasks {
        let event_id = EventId::new(now, service.entropy()?);
        let actor = Actor::Account(account.id);
        events.push(
            Event::new(event_id, EventKind::CallsDelegated, now, actor)
                .delivery(task.delivery_id)
                .organization(to)
                .fact("delegation", id.to_string())
                .fact("to", desk.name.clone())
                .fact("due_at", delegation.due_at.to_string()),
        );
    }
    let mut messages = Vec::with_capacity(ways.len());
    for way in ways {
        let id = MessageId::new(now, service.entropy()?);
        messages.push((id, way));
    }
    let (key, by) = (form_key.to_owned(), account.id);
    let handed = service.store.write("delegate_calls", move |tx: &mut Tx| {
        let subject = format!("delegate:{notice}:{to}");
        if form_post_claim(tx, &key, by, &subject, now)?.is_some() {
            return Ok(0);
        }
        let (_, state, version) =
            notice_hold(tx, &[notice])?.pop().ok_or(ServiceError::NotFound)?;
        if state != NoticeState::Issued {
            let text = format!("本件{}，不用再打电话。", state.word_zh());
            return Err(ServiceError::Conflict(text));
        }
        let ids: Vec<TaskId> = calls.iter().map(|(task, _)| *task).collect();
        // Read before, so a smaller count means that somebody was faster.
        if task_delegate(tx, &ids, to, now)? < ids.len() {
            let text = "有的电话刚刚有人接手或已不用打，请回到值班页再看一遍。";
            return Err(ServiceError::Conflict(text.to_owned()));
        }
        delegation_insert(tx, &delegation, &calls)?;
        write_to(tx, &delegation, version, lane, &messages, now)?;
        let number = u32::try_from(version).unwrap_or(0);
        let events: Vec<Event> =
            events.iter().map(|event| event.clone().notice(notice, number)).collect();
        event_append(tx, &events)?;
        Ok(calls.len())
    })?;
    service.bell.ring();
    Ok(handed)
}

/// Gives the desk's addresses new links and owes the letters that carry them.
fn write_to(
    tx: &mut Tx,
    delegation: &Delegation,
    version: i32,
    lane: i32,
    messages: &[(MessageId, Way)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = delegation.id;
    let addresses: Vec<AddressId> = messages.iter().map(|(_, way)| way.address).collect();
    delegation_link_renew(tx, id, &addresses, now)?;
    let mut new = Vec::with_capacity(messages.len());
    for (message, way) in messages {
        let link = delegation_link_find(tx, id, way.address)?.ok_or(StoreError::NotFound)?;
        new.push(NewMessage {
            id: *message,
            notice_id: Some(delegation.notice_id),
            version,
            delivery_id: None,
            address_id: way.address,
            about: Some(id.to_string()),
            link_id: None,
            channel: way.channel,
            // Each generation is told once.
            step: link.generation.saturating_sub(1),
            purpose: MessagePurpose::DelegatedCalls,
            lane,
            due_at: now,
        });
    }
    message_insert_all(tx, &new, now)
}

/// The deliveries of calls that are still to be made.
fn owed(calls: &[crate::store::delegations::DelegatedCall]) -> (Vec<TaskId>, BTreeSet<DeliveryId>) {
    let owed = || calls.iter().filter(|call| call.is_owed());
    (owed().map(|call| call.task_id).collect(), owed().map(|call| call.delivery_id).collect())
}
