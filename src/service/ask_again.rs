//! 请求重发: a file cannot be read or is missing. The delivery's state and its ladder go on as
//! they were; the issuer sees the request and sends a good copy.

use super::note::event_of_visit;
use super::return_notice::{GiveBackFaults, GiveBackRequest, check, owed_task, personal};
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::AskAgainReason;
use crate::domain::evidence::EventKind;
use crate::domain::ids::ReturnId;
use crate::domain::time::Span;
use crate::store::Tx;
use crate::store::call_tasks::task_raise_all;
use crate::store::deliveries::delivery_lock;
use crate::store::events::event_append;
use crate::store::returns::{Return, ReturnKind, return_insert, return_list_of_delivery};

/// The same request again within this time is the same request: a form posted twice.
const SAME_REQUEST_WITHIN: Span = Span::minutes(10);

/// Requests of one delivery that wait for an answer. A link that leaked must not bury the issuer.
const OPEN_MAX: usize = 10;
const FULL_ZH: &str = "已有 10 次请求等发文单位答复，请拨值班电话";

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is with the issuer; also when it was before.
    Yes,
    /// The form has mistakes.
    Mistaken(GiveBackFaults),
}

/// Asks for a good copy.
///
/// # Errors
/// The store's own.
pub fn ask_again(
    service: &Service,
    visiting: &Visiting,
    request: &GiveBackRequest,
) -> Result<Asked, ServiceError> {
    let now = service.now();
    let (reason, detail, person) = match check::<AskAgainReason>(request, |_| false) {
        Ok(checked) => checked,
        Err(faults) => return Ok(Asked::Mistaken(faults)),
    };
    let id = ReturnId::new(now, service.entropy()?);
    let event = event_of_visit(service, visiting, EventKind::AskedAgain, now)?
        .returned(id)
        .fact("reason", reason.as_str());
    let event = service.with_personal(event, &personal(&person, &detail))?;
    let new = Return {
        id,
        delivery_id: visiting.delivery,
        kind: ReturnKind::AskAgain(reason),
        explanation: detail,
        person,
        returned_at: now,
        event_id: event.id,
        answer: None,
    };
    let task = owed_task(service, visiting, TaskKind::AskedAgain, reason.as_str(), now)?;
    service.store.write("ask_again", move |tx: &mut Tx| {
        // Held, so that of two equal requests at the same moment the second sees the first.
        delivery_lock(tx, &[new.delivery_id])?.pop().ok_or(ServiceError::NotFound)?;
        let earlier = return_list_of_delivery(tx, new.delivery_id)?;
        let is_same = |one: &Return| {
            (one.kind, &one.explanation, &one.person) == (new.kind, &new.explanation, &new.person)
                && now.since(one.returned_at) <= SAME_REQUEST_WITHIN
        };
        let open = earlier.iter().filter(|one| one.answer.is_none()).count();
        if open >= OPEN_MAX {
            return Err(ServiceError::Conflict(FULL_ZH.to_owned()));
        }
        if !earlier.iter().any(is_same) {
            event_append(tx, std::slice::from_ref(&event))?;
            return_insert(tx, &new)?;
            task_raise_all(tx, std::slice::from_ref(&task), now)?;
        }
        Ok::<_, ServiceError>(Asked::Yes)
    })
}
