//! 误投退回 and 请求重发: the form, what comes of it, and the form again with its mistakes.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Forms, draw, fill, load, page_path};
use crate::domain::delivery::{AskAgainReason, ReturnDecision, ReturnReason};
use crate::service::Service;
use crate::service::ask_again::{Asked, ask_again};
use crate::service::receive::Receiving;
use crate::service::return_notice::{GiveBackFaults, GiveBackRequest, Returned, return_notice};
use crate::store::returns::{Return, ReturnKind};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::give_back::{GiveBack, GiveBackPage, Outcome, OutcomePage, ReasonChoice};
use crate::web::pages::moment::Moment;
use crate::web::respond::{page, page_with, see_other};
use crate::web::visit::{Visit, seat_of};

/// The form of 误投退回; once it was sent, what comes of it.
pub(in crate::web) async fn return_form(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let receiving = load(&service, &visit).await?;
    if receiving.receipt.is_some() || receiving.withdrawn().is_some() {
        let seat = seat_of(&request, visit.delivery);
        return draw(&receiving, &visit, seat, Forms::default(), StatusCode::OK);
    }
    // Who was refused may send it back again.
    let stands =
        |one: &&Return| one.answer.is_none_or(|(decision, _)| decision == ReturnDecision::Accepted);
    match receiving.returned().filter(stands) {
        Some(returned) => page(&outcome(&receiving, returned)),
        None => page(&form(&receiving, &visit, GiveBack::Return, &Typed::default())),
    }
}

/// Sends the notice back.
pub(in crate::web) async fn send_back(
    service: web::Data<Service>,
    visit: Visit,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let typed = read(&posted.0);
    let done = {
        let (service, visit, typed) = (service.clone(), visit.clone(), typed.clone());
        web::block(move || return_notice(&service, &visit, &typed)).await??
    };
    match done {
        Returned::Mistaken(faults) => {
            mistaken(&service, &visit, GiveBack::Return, Typed { typed, faults }).await
        }
        Returned::Yes => Ok(see_other(&format!("{}/return", page_path(visit.delivery)))),
        // The page itself says who signed, or who took it back.
        Returned::AlreadySigned | Returned::Withdrawn(_) => {
            Ok(see_other(&page_path(visit.delivery)))
        }
    }
}

/// The form of 请求重发; with `?sent` what comes of the last request.
pub(in crate::web) async fn ask_form(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let receiving = load(&service, &visit).await?;
    match receiving.asked() {
        Some(asked) if request.query_string() == SENT => page(&outcome(&receiving, asked)),
        _ => page(&form(&receiving, &visit, GiveBack::AskAgain, &Typed::default())),
    }
}

const SENT: &str = "sent";

/// Asks for a good copy.
pub(in crate::web) async fn ask(
    service: web::Data<Service>,
    visit: Visit,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let typed = read(&posted.0);
    let done = {
        let (service, visit, typed) = (service.clone(), visit.clone(), typed.clone());
        web::block(move || ask_again(&service, &visit, &typed)).await??
    };
    match done {
        Asked::Mistaken(faults) => {
            mistaken(&service, &visit, GiveBack::AskAgain, Typed { typed, faults }).await
        }
        Asked::Yes => Ok(see_other(&format!("{}/ask-again?{SENT}", page_path(visit.delivery)))),
    }
}

/// A form as typed and what is wrong with it.
#[derive(Default)]
struct Typed {
    typed: GiveBackRequest,
    faults: GiveBackFaults,
}

fn read(fields: &Fields) -> GiveBackRequest {
    let text = |name: &str| fields.text(name).to_owned();
    GiveBackRequest {
        reason: text("reason"),
        detail: text("detail"),
        name: text("name"),
        post: text("post"),
        phone: text("phone"),
    }
}

async fn mistaken(
    service: &web::Data<Service>,
    visit: &Visit,
    act: GiveBack,
    typed: Typed,
) -> Result<HttpResponse, WebError> {
    let receiving = load(service, visit).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &form(&receiving, visit, act, &typed))
}

fn form(receiving: &Receiving, visit: &Visit, act: GiveBack, typed: &Typed) -> GiveBackPage {
    let path = page_path(visit.delivery);
    let Typed { typed, faults } = typed;
    let choice = |value: &'static str, label: &'static str, hint: &'static str| ReasonChoice {
        value,
        label,
        hint,
        chosen: typed.reason == value,
    };
    let (action, reasons) = match act {
        GiveBack::Return => {
            let choices = ReturnReason::ALL.iter().map(|reason| {
                let hint = match reason {
                    ReturnReason::SuspectedClassified => "不要转发、拍照，先拨值班电话",
                    _ => "",
                };
                choice(reason.as_str(), reason.word_zh(), hint)
            });
            ("return", choices.collect())
        }
        GiveBack::AskAgain => {
            let choices = AskAgainReason::ALL
                .iter()
                .map(|reason| choice(reason.as_str(), reason.word_zh(), ""));
            ("ask-again", choices.collect())
        }
    };
    GiveBackPage {
        act,
        brief: fill::brief(receiving),
        action: format!("{path}/{action}"),
        form_token: visit.form_token.clone(),
        reasons,
        reason_error: faults.reason.clone(),
        detail: fill::field(&typed.detail, faults.detail.clone()),
        person: fill::person([&typed.name, &typed.post, &typed.phone], faults.person.clone()),
    }
}

fn outcome(receiving: &Receiving, done: &Return) -> OutcomePage {
    let at = Moment::at(done.returned_at, receiving.now);
    let outcome = match done.kind {
        ReturnKind::Return(reason) => Outcome::Returned { reason: reason.word_zh().to_owned(), at },
        ReturnKind::AskAgain(reason) => Outcome::Asked { reason: reason.word_zh().to_owned(), at },
    };
    OutcomePage { outcome, brief: fill::brief(receiving) }
}
