//! The other side of 代拨: the desk of the 市州 comes by its link, reads its list and reports what
//! came of each call. No account; the link names the desk, and ends when the calls are taken back.

use std::collections::BTreeSet;

use super::super::duty::Ringing;
use super::super::{Service, ServiceError};
use super::end::end;
use crate::adapters::random;
use crate::adapters::secrets::delegations::DelegationVisit;
use crate::adapters::secrets::keys::Keys;
use crate::domain::call_point::Line;
use crate::domain::call_task::TaskKind;
use crate::domain::delegation::{DelegatedOutcome, DelegationEnd};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{AddressId, DelegationId, EventId, OrganizationId, TaskId};
use crate::domain::notice::NoticeState;
use crate::domain::stated_person::{PersonFaults, STATED_NAME_CHARS_MAX, StatedPerson};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::end_notice::owe_word;
use crate::service::issue::lane_of;
use crate::service::visit::VISIT_LASTS;
use crate::store::call_list::organization_names;
use crate::store::call_tasks::NewTask;
use crate::store::delegation_links::delegation_link_find;
use crate::store::delegations::{
    DelegatedCall, Delegation, delegated_call_list, delegated_call_report, delegation_find,
    delegation_note_report, task_leave_alone, task_take_back,
};
use crate::store::deliveries::delivery_lock;
use crate::store::ends::{EndLine, end_find};
use crate::store::events::event_append;
use crate::store::notices::{notice_find, notice_hold};
use crate::store::{StoreError, Tx};

/// Somebody who came by the link of a delegation.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The delegation it opens.
    pub delegation: DelegationId,
    /// The address that the link was sent to.
    pub address: AddressId,
    /// What its form must bring along.
    pub form_token: String,
}

/// A good link that was just come by.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The delegation it opens.
    pub delegation: DelegationId,
    /// The value of the visit's cookie.
    pub cookie: String,
}

/// Proves the token of a link. Changes nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] for every token that opens nothing, whatever the cause.
pub fn arrive(service: &Service, token: &str) -> Result<Arrival, ServiceError> {
    let named = Keys::parse_delegation_token(token);
    let (delegation, address) = named.ok_or(ServiceError::NotFound)?;
    let link = open(service, delegation, address)?;
    if !service.keys.verify_delegation_token(token, &link) {
        return Err(ServiceError::NotFound);
    }
    let until = service.now().plus(VISIT_LASTS);
    Ok(Arrival { delegation, cookie: service.keys.delegation_visit(&link, until) })
}

/// The holder that a cookie keeps. The link is proved again each time, so that one that is
/// revoked, renewed or over stops at once.
///
/// # Errors
/// [`ServiceError::NotFound`] if it keeps none of that delegation, or it opens nothing more.
pub fn holder(service: &Service, id: DelegationId, cookie: &str) -> Result<Holder, ServiceError> {
    let visit = service.keys.read_delegation_visit(cookie, service.now());
    let visit = visit.filter(|visit| visit.delegation == id).ok_or(ServiceError::NotFound)?;
    if open(service, id, visit.address)? != visit {
        return Err(ServiceError::NotFound);
    }
    let form_token = service.keys.form_token(&id.to_bytes());
    Ok(Holder { delegation: id, address: visit.address, form_token })
}

/// The link as it stands, if it opens something: what was taken back opens nothing any more; what
/// ended otherwise still says so for a while.
fn open(
    service: &Service,
    id: DelegationId,
    address: AddressId,
) -> Result<DelegationVisit, ServiceError> {
    let now = service.now();
    let found = service.store.read(|conn| {
        Ok::<_, StoreError>((delegation_find(conn, id)?, delegation_link_find(conn, id, address)?))
    })?;
    let (Some(delegation), Some(link)) = found else { return Err(ServiceError::NotFound) };
    let over = closes_at(service, &delegation).is_some_and(|at| now >= at);
    let good = link.revoked_at.is_none() && link.address_status.may_be_used();
    if over || !good || delegation.ended_why == Some(DelegationEnd::Revoked) {
        return Err(ServiceError::NotFound);
    }
    let generation = u32::try_from(link.generation).unwrap_or(0);
    Ok(DelegationVisit { delegation: id, address, generation })
}

/// When the page of a delegation that has ended opens no more.
pub(super) fn closes_at(service: &Service, one: &Delegation) -> Option<Timestamp> {
    one.ended_at.map(|at| at.plus(service.settings.duty.delegated_page_stays))
}

/// One call on the list.
#[derive(Debug, Clone)]
pub struct SheetCall {
    /// The call, and how it stands.
    pub call: DelegatedCall,
    /// Where to ring; empty once there is nothing to ring for.
    pub lines: Vec<Line>,
    /// Who answers tonight, as the organisation told: name and number.
    pub tonight: Option<(String, String)>,
}

/// The list. It says level, number and title, which the call has to name, and nothing more of
/// the notice.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The delegation.
    pub delegation: Delegation,
    /// The desk's organisation, by name.
    pub name: String,
    /// The office that asks.
    pub issuer_name: String,
    /// Its duty phone.
    pub duty_phone: String,
    /// 等级.
    pub urgency: Option<Urgency>,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// 标题, which a call has to name.
    pub title: String,
    /// Until when the organisations are to sign.
    pub deadline_at: Option<Timestamp>,
    /// Where the notice stands.
    pub state: NoticeState,
    /// How it ended, if it did.
    pub ended: Option<EndLine>,
    /// When the list opens no more, once the calls are no longer the desk's.
    pub closes_at: Option<Timestamp>,
    /// The calls, in the order of the tree.
    pub calls: Vec<SheetCall>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Sheet {
    /// Whether something may be reported: while the calls are the desk's, and late, where it may
    /// have told somebody before it knew that they were its own no more.
    #[must_use]
    pub fn takes_reports(&self) -> bool {
        self.delegation.ended_why.is_none() || self.calls.iter().any(|one| self.is_open(&one.call))
    }

    /// Whether a call may still be reported.
    #[must_use]
    pub fn is_open(&self, call: &DelegatedCall) -> bool {
        match self.delegation.ended_why {
            None => call.is_owed(),
            Some(why) if why.takes_late_reports() => {
                // After the notice ended over them it matters who has to hear of that.
                let of_use = self.state.is_taken_back() || self.is_to_be_signed();
                of_use && call.outcome.is_none() && !call.is_answered
            }
            Some(_) => false,
        }
    }

    /// Whether the notice still wants signatures, so that it helps to know who was not reached.
    #[must_use]
    pub fn is_to_be_signed(&self) -> bool {
        self.state == NoticeState::Issued
    }
}

/// Reads the list.
///
/// # Errors
/// [`ServiceError::NotFound`] if there is none.
pub fn sheet(service: &Service, id: DelegationId) -> Result<Sheet, ServiceError> {
    let now = service.now();
    service.store.read(|conn| {
        let delegation = delegation_find(conn, id)?.ok_or(ServiceError::NotFound)?;
        let notice = notice_find(conn, delegation.notice_id)?.ok_or(ServiceError::NotFound)?;
        let calls = delegated_call_list(conn, &[id])?.remove(&id).unwrap_or_default();
        let is_open = delegation.ended_at.is_none();
        let ringed = calls.iter().filter(|call| is_open && call.is_owed());
        let ringed: Vec<OrganizationId> = ringed.map(|call| call.organization_id).collect();
        let ringing = Ringing::read(conn, &ringed, now)?;
        let line = |call: DelegatedCall| {
            let organization = call.organization_id;
            let tonight = ringing.tonight(organization);
            SheetCall {
                lines: ringing.point(service, organization, now).lines,
                tonight: tonight.map(|it| (it.officer_name.clone(), it.phone.clone())),
                call,
            }
        };
        let mut names = organization_names(conn, &[delegation.organization_id])?;
        Ok(Sheet {
            name: names.remove(&delegation.organization_id).unwrap_or_default(),
            issuer_name: notice.issuer_name,
            duty_phone: notice.draft.duty_phone.clone(),
            urgency: notice.draft.urgency.parse().ok(),
            document_number: notice.draft.document_number.clone(),
            version: notice.version,
            title: notice.draft.title.clone(),
            deadline_at: notice.deadline_at,
            closes_at: closes_at(service, &delegation),
            state: notice.state,
            ended: match notice.state {
                NoticeState::Issued => None,
                _ => end_find(conn, notice.id)?,
            },
            calls: calls.into_iter().map(line).collect(),
            delegation,
            read_at: now,
        })
    })
}

/// The form as typed: what was ticked for a call, and who answered.
#[derive(Debug, Clone, Default)]
pub struct ReportRequest {
    /// By task: the outcome, and the name of who was told.
    pub calls: Vec<(String, String, String)>,
    /// Who reports.
    pub name: String,
    /// That person's post.
    pub post: String,
    /// That person's phone.
    pub phone: String,
}

/// What is wrong with the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFaults {
    /// Who reports.
    pub person: PersonFaults,
    /// Of the calls, each in a sentence of its own.
    pub calls: Vec<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// So many calls were reported by it.
    Yes(usize),
    /// To be corrected.
    Mistaken(ReportFaults),
}

/// Keeps what the desk reports. What was reported before stays as it was.
///
/// # Errors
/// [`ServiceError::Conflict`] if the calls are no longer the desk's.
pub fn report(
    service: &Service,
    holder: &Holder,
    request: &ReportRequest,
) -> Result<Reported, ServiceError> {
    let now = service.now();
    let id = holder.delegation;
    let sheet = sheet(service, id)?;
    if is_repeated(&sheet, request) {
        return Ok(Reported::Yes(0));
    }
    let conflict = || ServiceError::Conflict("这些电话已由发文单位收回，不用再报。".to_owned());
    if !sheet.takes_reports() {
        return Err(conflict());
    }
    let (person, made) = match check(&sheet, request) {
        Ok(checked) => checked,
        Err(faults) => return Ok(Reported::Mistaken(faults)),
    };
    let lane = lane_of(sheet.urgency.unwrap_or(Urgency::Ordinary));
    let level = sheet.urgency.unwrap_or(Urgency::Ordinary);
    let wait = service.settings.duty.cool_down.of(level);
    let seed: [u8; 16] = random::bytes(service.random.as_ref())?;
    let mut events = Vec::with_capacity(made.len());
    for one in &made {
        let event_id = EventId::new(now, service.entropy()?);
        let event = Event::new(event_id, EventKind::DelegationReported, now, Actor::Delegate(id))
            .delivery(one.call.delivery_id)
            .organization(sheet.delegation.organization_id)
            .address(holder.address)
            .fact("delegation", id.to_string())
            .fact("from", sheet.name.clone())
            .fact("outcome", one.outcome.as_str());
        let mut personal = vec![
            ("reporter_name", person.name.as_str()),
            ("reporter_post", person.post.as_str()),
            ("reporter_phone", person.phone.as_str()),
        ];
        personal.extend(one.callee.as_deref().map(|name| ("name", name)));
        events.push(service.with_personal(event, &personal)?);
    }
    let delegation = sheet.delegation;
    service.store.write("report_calls", move |tx: &mut Tx| {
        let held = notice_hold(tx, &[delegation.notice_id])?.pop();
        let (_, state, version) = held.ok_or(ServiceError::NotFound)?;
        let deliveries: Vec<_> = made.iter().map(|one| one.call.delivery_id).collect();
        delivery_lock(tx, &deliveries)?;
        if !delegation_note_report(tx, id, (&person.name, &person.phone), now)? {
            return Err(conflict());
        }
        let (mut told, mut lost, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for (one, event) in made.iter().zip(&events) {
            let (task, callee) = (one.call.task_id, one.callee.as_deref());
            if !delegated_call_report(tx, id, task, one.outcome, callee, now)? {
                continue;
            }
            match one.outcome {
                DelegatedOutcome::Told => told.push(task),
                DelegatedOutcome::NotReached => lost.push(task),
            }
            let version = u32::try_from(version).unwrap_or(0);
            kept.push(event.clone().notice(delegation.notice_id, version));
        }
        event_append(tx, &kept)?;
        let mut ids = IdSource::new(seed);
        if state.is_taken_back() {
            // What they were told does not hold any more, whenever it was that they were told.
            let of = |task: &TaskId| made.iter().find(|one| one.call.task_id == *task);
            let misled = told.iter().filter_map(of).map(|one| NewTask {
                id: TaskId::new(now, ids.entropy()),
                issuer_id: delegation.issuer_id,
                notice_id: delegation.notice_id,
                delivery_id: one.call.delivery_id,
                kind: TaskKind::TellEnd,
                reason: String::new(),
                lane,
                due_at: now,
            });
            owe_word(tx, delegation.notice_id, misled.collect(), now)?;
        }
        // Who was told is left alone for a while; who was not reached is the issuer's at once.
        task_take_back(tx, &told, now.plus(wait))?;
        task_leave_alone(tx, &told, now.plus(wait), now)?;
        task_take_back(tx, &lost, now)?;
        let calls = delegated_call_list(tx, &[id])?.remove(&id).unwrap_or_default();
        if !calls.iter().any(DelegatedCall::is_owed) {
            let by = Actor::Delegate(id);
            end(tx, &delegation, DelegationEnd::Reported, by, &mut ids, now)?;
        }
        Ok(Reported::Yes(kept.len()))
    })
}

/// One call as it is reported.
struct Made {
    call: DelegatedCall,
    outcome: DelegatedOutcome,
    callee: Option<String>,
}

/// The same was reported before: of every call that is ticked, what is on record.
fn is_repeated(sheet: &Sheet, request: &ReportRequest) -> bool {
    let mut ticked = request.calls.iter().filter_map(|(task, outcome, _)| {
        let outcome = outcome.parse::<DelegatedOutcome>().ok()?;
        let task = task.parse::<TaskId>().ok()?;
        let call = sheet.calls.iter().find(|one| one.call.task_id == task)?;
        Some(call.call.outcome == Some(outcome))
    });
    ticked.next() == Some(true) && ticked.all(|same| same)
}

fn check(
    sheet: &Sheet,
    request: &ReportRequest,
) -> Result<(StatedPerson, Vec<Made>), ReportFaults> {
    let (mut made, mut faults) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (task, outcome, callee) in &request.calls {
        let Ok(outcome) = outcome.parse::<DelegatedOutcome>() else { continue };
        let task = task.parse::<TaskId>().ok();
        let call = sheet.calls.iter().map(|one| &one.call);
        let Some(call) = call.clone().find(|call| Some(call.task_id) == task) else { continue };
        if !sheet.is_open(call) || !seen.insert(call.task_id) {
            continue;
        }
        let name = &call.organization_name;
        let callee = match clean_line(callee, STATED_NAME_CHARS_MAX) {
            Ok(text) => Some(text).filter(|text| !text.is_empty()),
            Err(fault) => {
                faults.push(format!("{name}接电话的人：{}", fault.message_zh()));
                None
            }
        };
        if outcome == DelegatedOutcome::Told && callee.is_none() && faults.is_empty() {
            faults.push(format!("{name}已通知的，请写明接电话的人的姓名"));
        }
        made.push(Made { call: call.clone(), outcome, callee });
    }
    if made.is_empty() {
        faults.push("还没有选结果。打过的单位请选“已通知”或“未联系上”".to_owned());
    }
    let person = StatedPerson::check(&request.name, &request.post, &request.phone);
    match person {
        Ok(person) if faults.is_empty() => Ok((person, made)),
        person => Err(ReportFaults { person: person.err().unwrap_or_default(), calls: faults }),
    }
}
