//! 退文: the organisation sends a notice back with a reason. It ends nothing by itself: until the
//! issuer accepts it, the organisation counts as unsigned and may still sign.

use super::acts::lane_of;
use super::note::event_of_visit;
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::acknowledgement::{ReturnVerdict, decide_return};
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::ReturnReason;
use crate::domain::evidence::EventKind;
use crate::domain::ids::{ReturnId, TaskId};
use crate::domain::notice::NoticeState;
use crate::domain::stated_person::{PersonFaults, StatedPerson};
use crate::domain::text::clean_block;
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::call_tasks::{NewTask, task_raise_all};
use crate::store::deliveries::delivery_lock;
use crate::store::events::event_append;
use crate::store::notices::{notice_find, notice_hold};
use crate::store::returns::{Return, ReturnKind, return_insert, return_open_find};

/// Characters in an explanation.
pub(super) const EXPLANATION_CHARS_MAX: usize = 500;

/// The form of 退文 or 请求重发 as typed.
#[derive(Clone, Default)]
pub struct GiveBackRequest {
    /// Code of the reason.
    pub reason: String,
    /// 说明.
    pub detail: String,
    /// 姓名.
    pub name: String,
    /// 职务.
    pub post: String,
    /// 电话.
    pub phone: String,
}

/// What is wrong with such a form, each in the words of a page; `None` is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GiveBackFaults {
    /// No reason, or an unknown one.
    pub reason: Option<String>,
    /// The explanation.
    pub detail: Option<String>,
    /// Who does it.
    pub person: PersonFaults,
}

/// What became of a 退文.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// It is with the issuer; also when it was before.
    Yes,
    /// The organisation has signed; there is nothing to return.
    AlreadySigned,
    /// The notice was taken back.
    Withdrawn(NoticeState),
    /// The form has mistakes.
    Mistaken(GiveBackFaults),
}

/// Sends a notice back.
///
/// # Errors
/// The store's own.
pub fn return_notice(
    service: &Service,
    visiting: &Visiting,
    request: &GiveBackRequest,
) -> Result<Returned, ServiceError> {
    let now = service.now();
    let checked = check(request, |reason| reason == ReturnReason::Other);
    let (reason, detail, person) = match checked {
        Ok(checked) => checked,
        Err(faults) => return Ok(Returned::Mistaken(faults)),
    };
    let kind = ReturnKind::Return(reason);
    let id = ReturnId::new(now, service.entropy()?);
    let event = event_of_visit(service, visiting, EventKind::Returned, now)?
        .returned(id)
        .fact("reason", reason.as_str());
    let event = service.with_personal(event, &personal(&person, &detail))?;
    let new = Return {
        id,
        delivery_id: visiting.delivery,
        kind,
        explanation: detail,
        person,
        returned_at: now,
        event_id: event.id,
        answer: None,
    };
    let task = owed_task(service, visiting, TaskKind::Returned, reason.as_str(), now)?;
    let notice = visiting.notice;
    service.store.write("return_notice", move |tx: &mut Tx| {
        let standing = notice_hold(tx, &[notice])?.pop().ok_or(ServiceError::NotFound)?;
        let delivery = delivery_lock(tx, &[new.delivery_id])?.pop();
        let delivery = delivery.ok_or(ServiceError::NotFound)?;
        let waits = return_open_find(tx, delivery.id)?.is_some();
        match decide_return(&delivery.facts, standing.1, waits) {
            ReturnVerdict::Return => {}
            ReturnVerdict::AlreadyReturned => return Ok(Returned::Yes),
            ReturnVerdict::AlreadySigned => return Ok(Returned::AlreadySigned),
            ReturnVerdict::Withdrawn(state) => return Ok(Returned::Withdrawn(state)),
        }
        event_append(tx, std::slice::from_ref(&event))?;
        return_insert(tx, &new)?;
        task_raise_all(tx, std::slice::from_ref(&task), now)?;
        Ok::<_, ServiceError>(Returned::Yes)
    })
}

/// The task that a recipient's 退文 or 请求重发 puts on the issuer's desk at once.
pub(super) fn owed_task(
    service: &Service,
    visiting: &Visiting,
    kind: TaskKind,
    reason: &str,
    now: Timestamp,
) -> Result<NewTask, ServiceError> {
    let found = service.store.read(|conn| notice_find(conn, visiting.notice))?;
    let notice = found.ok_or(ServiceError::NotFound)?;
    Ok(NewTask {
        id: TaskId::new(now, service.entropy()?),
        issuer_id: notice.issuer_id,
        notice_id: notice.id,
        delivery_id: visiting.delivery,
        kind,
        reason: reason.to_owned(),
        lane: lane_of(&notice),
        due_at: now,
    })
}

/// Reads a form of 退文 or 请求重发.
pub(super) fn check<R: std::str::FromStr + Copy>(
    request: &GiveBackRequest,
    needs_detail: impl Fn(R) -> bool,
) -> Result<(R, String, StatedPerson), GiveBackFaults> {
    let reason: Option<R> = request.reason.parse().ok();
    let detail = match clean_block(&request.detail, EXPLANATION_CHARS_MAX) {
        Ok(text) if text.is_empty() && reason.is_some_and(&needs_detail) => {
            Err("选“其他”时请写明原因".to_owned())
        }
        Ok(text) => Ok(text),
        Err(fault) => Err(fault.message_zh()),
    };
    let person = StatedPerson::check(&request.name, &request.post, &request.phone);
    match (reason, detail, person) {
        (Some(reason), Ok(detail), Ok(person)) => Ok((reason, detail, person)),
        (reason, detail, person) => Err(GiveBackFaults {
            reason: reason.is_none().then(|| "没有选原因，请选一项".to_owned()),
            detail: detail.err(),
            person: person.err().unwrap_or_default(),
        }),
    }
}

/// The personal values of a form that a recipient filled in without signing.
pub(super) fn personal<'a>(
    person: &'a StatedPerson,
    detail: &'a str,
) -> Vec<(&'static str, &'a str)> {
    let mut values = vec![
        ("name", person.name.as_str()),
        ("post", person.post.as_str()),
        ("phone", person.phone.as_str()),
    ];
    if !detail.is_empty() {
        values.push(("explanation", detail));
    }
    values
}
