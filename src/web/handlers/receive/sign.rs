//! The POST that signs. While it waits for the durable commit it holds no thread.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Forms, draw, fill, load, page_path};
use crate::domain::ids::DeliveryId;
use crate::domain::stated_person::StatedPerson;
use crate::service::Service;
use crate::service::acknowledge::{
    Acknowledged, Preparation, SignFaults, SignRequest, acknowledge, is_at_hand, prepare,
};
use crate::service::receive::Receiving;
use crate::service::visit::as_shown;
use crate::store::corrections::Successor;
use crate::store::receipts::Receipt;
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::closed::{LinkRefusedPage, Refusal};
use crate::web::pages::receive::SignForm;
use crate::web::respond::{page_with, see_other};
use crate::web::visit::{Bearer, Seat, Visit, proved, seat_cookie, seat_of};

/// How often a signature is prepared anew because what it was prepared on changed meanwhile.
const TRIES: usize = 3;

/// Signs. Posting the same form twice is one signature and the same redirect.
///
/// Most signatures are prepared on what their page showed, in less time than another thread takes
/// to be woken; the write looks whether it still holds. All that does not end so is done anew on
/// what the database says, in a box of its own, so that the task of those that sign stays small.
pub(in crate::web) async fn sign(
    service: web::Data<Service>,
    bearer: Bearer,
    posted: Posted,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let typed = read(&posted.0);
    // Who has signed already is told so; there is nothing to prepare.
    let seat = seat_of(&request, bearer.delivery);
    let is_first = !matches!(seat, Some(Seat::Signer | Seat::Second));
    let shown = as_shown(&service, &bearer, posted.0.text("shown"));
    if let Some(visit) = shown.filter(|visit| is_first && is_at_hand(&service, visit))
        && let Preparation::Ready(signature) = prepare(&service, &visit, &typed)?
    {
        match acknowledge(&service, *signature).ready().await? {
            Acknowledged::Signed(_) => return signed(bearer.delivery, Seat::Signer),
            Acknowledged::AlreadySigned(receipt) => {
                return signed(bearer.delivery, seat_beside(&receipt, &typed));
            }
            _ => {}
        }
    }
    Box::pin(sign_as_read(&service, bearer, &typed, &request)).await
}

/// Signs on what the database says.
async fn sign_as_read(
    service: &web::Data<Service>,
    bearer: Bearer,
    typed: &SignRequest,
    request: &HttpRequest,
) -> Result<HttpResponse, WebError> {
    for _ in 0..TRIES {
        let visit = proved(service, bearer.clone()).await?;
        let prepared = if is_at_hand(service, &visit) {
            prepare(service, &visit, typed)?
        } else {
            let (service, visit, typed) = (service.clone(), visit.clone(), typed.clone());
            web::block(move || prepare(&service, &visit, &typed)).await??
        };
        let outcome = match prepared {
            Preparation::Ready(signature) => acknowledge(service, *signature).ready().await?,
            Preparation::Settled(outcome) => outcome,
            Preparation::Mistaken(faults) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return redraw(service, &visit, typed, faults, status).await;
            }
        };
        return match outcome {
            Acknowledged::Signed(_) => signed(visit.delivery, Seat::Signer),
            Acknowledged::AlreadySigned(receipt) => {
                signed(visit.delivery, seat_beside(&receipt, typed))
            }
            Acknowledged::Superseded { shown, current } => {
                superseded(service, &visit, shown, current).await
            }
            Acknowledged::Withdrawn(_) => withdrawn(service, &visit, request).await,
            Acknowledged::Outdated => continue,
        };
    }
    Err(WebError::Busy)
}

fn read(fields: &Fields) -> SignRequest {
    let text = |name: &str| fields.text(name).to_owned();
    SignRequest {
        name: text("name"),
        post: text("post"),
        phone: text("phone"),
        on_behalf: fields.text("mode") == "on_behalf",
        authority: text("authority"),
        code: text("code"),
        code_token: text("code_token"),
    }
}

/// A second press of the same button is by the same person, even if the first answer was lost.
/// Whoever else signs on a page that somebody signed, in the same browser or in another, is told
/// that it was not taken as another signature.
fn seat_beside(receipt: &Receipt, typed: &SignRequest) -> Seat {
    let person = StatedPerson::check(&typed.name, &typed.post, &typed.phone);
    match person.is_ok_and(|person| person == receipt.signer) {
        true => Seat::Signer,
        false => Seat::Second,
    }
}

fn signed(delivery: DeliveryId, seat: Seat) -> Result<HttpResponse, WebError> {
    let mut answer = see_other(&page_path(delivery));
    let cookie = seat_cookie(delivery, seat);
    answer.add_cookie(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(answer)
}

async fn withdrawn(
    service: &web::Data<Service>,
    visit: &Visit,
    request: &HttpRequest,
) -> Result<HttpResponse, WebError> {
    let receiving = load(service, visit).await?;
    let goes_on = |next: &&Successor| next.delivery.is_some() && next.ended.is_none();
    if let Some(next) = receiving.successor.as_ref().filter(goes_on) {
        return replaced(&receiving, visit, next);
    }
    let seat = seat_of(request, visit.delivery);
    draw(&receiving, visit, seat, Forms::default(), StatusCode::CONFLICT)
}

/// The notice was replaced between the drawing of the page and the signature.
fn replaced(
    receiving: &Receiving,
    visit: &Visit,
    next: &Successor,
) -> Result<HttpResponse, WebError> {
    let offer = &receiving.offer;
    let reason = receiving.ended.as_ref().map(|end| end.reason.clone());
    let refusal = Refusal::NewVersion {
        shown: format!("{} 第{}版", offer.header.document_number, offer.version),
        current: format!("{} 第{}版", next.document_number, next.version),
        what_changed: reason.unwrap_or_else(|| "见新版。".to_owned()),
        href: format!("{}/current", page_path(visit.delivery)),
    };
    page_with(StatusCode::CONFLICT, &LinkRefusedPage { refusal })
}

async fn superseded(
    service: &web::Data<Service>,
    visit: &Visit,
    shown: i32,
    current: i32,
) -> Result<HttpResponse, WebError> {
    let receiving = load(service, visit).await?;
    let number = &receiving.offer.header.document_number;
    let refusal = Refusal::NewVersion {
        shown: format!("{number} 第{shown}版"),
        current: format!("第{current}版"),
        what_changed: "见新版。".to_owned(),
        href: page_path(visit.delivery),
    };
    page_with(StatusCode::CONFLICT, &LinkRefusedPage { refusal })
}

/// The page again with everything as typed, except the code, of which a fresh one is shown.
async fn redraw(
    service: &web::Data<Service>,
    visit: &Visit,
    typed: &SignRequest,
    faults: SignFaults,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let receiving = load(service, visit).await?;
    // Fresh digits are shown, so the old ones are of no use to anybody.
    let again = "已换新码，请再填一次".to_owned();
    let sign = SignForm {
        person: fill::person([&typed.name, &typed.post, &typed.phone], faults.person),
        on_behalf: typed.on_behalf,
        authority: fill::field(&typed.authority, faults.authority),
        code: fill::field("", Some(faults.code.unwrap_or(again))),
        ..SignForm::default()
    };
    draw(&receiving, visit, None, Forms { sign, ..Forms::default() }, status)
}
