//! The recipient's page in each of its states: to be signed, signed, or taken back.

mod fill;
pub(in crate::web) mod give_back;
pub(in crate::web) mod receipt;
pub(in crate::web) mod sign;
pub(in crate::web) mod take;
pub(in crate::web) mod tell_duty;
pub(in crate::web) mod viewing;

pub(super) use fill::date_words;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::delivery::ReceiptMode as Mode;
use crate::domain::human_time::{clock_zh, full_zh, length_zh};
use crate::domain::ids::DeliveryId;
use crate::domain::notice::NoticeState;
use crate::service::Service;
use crate::service::receive::{Receiving, receive};
use crate::service::visit::{VISIT_LASTS, follow};
use crate::store::receipts::Receipt;
use crate::web::error::WebError;
use crate::web::pages::closed::{
    ClosedPage, Closure, ClosureKind, CurrentVersion, NewerEnded, SignedBefore,
};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::Link;
use crate::web::pages::receive::{Pending, ReceivePage, SignForm};
use crate::web::pages::signed::{ReceiptBrief, ReceiptMode, SignedPage, ViewForm, Visitor};
use crate::web::respond::{page_with, see_other};
use crate::web::visit::{Seat, Visit, cookie, seat_of};

/// The page of a delivery, for those who came by its link.
pub(super) fn page_path(delivery: DeliveryId) -> String {
    format!("/receive/{delivery}")
}

/// The page.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let seat = seat_of(&request, visit.delivery);
    let receiving = load(&service, &visit).await?;
    draw(&receiving, &visit, seat, Forms::default(), StatusCode::OK)
}

/// A form that came back with mistakes stands at the address it was posted to; who asks for that
/// address is led to the page it belongs to.
pub(in crate::web) async fn back(visit: Visit) -> HttpResponse {
    see_other(&page_path(visit.delivery))
}

/// The way from a page that was replaced to the one in force: a visit of its own.
pub(in crate::web) async fn current(
    service: web::Data<Service>,
    visit: Visit,
) -> Result<HttpResponse, WebError> {
    let own = page_path(visit.delivery);
    let Some(arrival) = web::block(move || follow(&service, &visit)).await?? else {
        return Ok(see_other(&own));
    };
    let mut answer = see_other(&page_path(arrival.delivery));
    let cookie = cookie(arrival.delivery, arrival.cookie, VISIT_LASTS.as_seconds());
    answer.add_cookie(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(answer)
}

/// Reads what the page shows.
async fn load(service: &web::Data<Service>, visit: &Visit) -> Result<Receiving, WebError> {
    let (service, visit) = (service.clone(), visit.clone());
    Ok(web::block(move || receive(&service, &visit)).await??)
}

/// Forms that come back with mistakes; empty ones otherwise.
#[derive(Default)]
struct Forms {
    sign: SignForm,
    view: ViewForm,
}

fn draw(
    receiving: &Receiving,
    visit: &Visit,
    seat: Option<Seat>,
    forms: Forms,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    if let Some(state) = receiving.withdrawn() {
        return page_with(status, &closed_page(receiving, visit, state));
    }
    match &receiving.receipt {
        Some(receipt) => {
            let page = signed_page(receiving, receipt, visit, seat, forms.view);
            page_with(status, &page)
        }
        None => page_with(status, &receive_page(receiving, &visit.form_token, forms.sign)),
    }
}

/// The page as a recipient will find it, for those who write, judge and send the notice. The
/// delivery does not exist, so that nothing on it can be signed; the files are opened by the
/// office's own way.
pub(super) fn sample_page(receiving: &Receiving, back: Link) -> ReceivePage {
    let mut page = receive_page(receiving, "", SignForm::default());
    let notice = format!("/notices/{}", receiving.offer.notice);
    page.slip.body = fill::body_shown(&receiving.offer.header);
    page.slip.return_href = None;
    for (line, file) in page.slip.files.iter_mut().zip(&receiving.offer.files) {
        line.look_href = Some(format!("{notice}/files/{}", file.id));
        (line.open_action, line.download_action) = (None, None);
    }
    let over = receiving.withdrawn().map(NoticeState::word_zh);
    ReceivePage { sample: Some(back), over, ..page }
}

fn receive_page(receiving: &Receiving, form_token: &str, form: SignForm) -> ReceivePage {
    let path = page_path(receiving.delivery.id);
    let now = receiving.now;
    let facts = &receiving.delivery.facts;
    let seen_note =
        facts.opened_at.map(|at| format!("本单位已有人于 {} 打开，尚未签收。", clock_zh(at, now)));
    let returned = receiving.returned_open().map(|one| one.returned_at);
    let asked = receiving.asked().filter(|one| one.answer.is_none()).map(|one| one.returned_at);
    let pending = match (returned, asked) {
        (Some(at), _) => Some(Pending::Returned { at: Moment::at(at, now) }),
        (None, Some(at)) => Some(Pending::Asked { at: Moment::at(at, now) }),
        (None, None) => None,
    };
    let form = SignForm {
        action: format!("{path}/acknowledge"),
        code_token: receiving.code.token.clone(),
        code_shown: receiving.code.digits.clone(),
        shown: receiving.shown.clone(),
        ..form
    };
    let ask_again_href = format!("{path}/ask-again");
    ReceivePage {
        slip: fill::slip(receiving, form_token),
        seen_note,
        pending,
        form,
        ask_again_href,
        sample: None,
        over: None,
    }
}

fn signed_page(
    receiving: &Receiving,
    receipt: &Receipt,
    visit: &Visit,
    seat: Option<Seat>,
    view: ViewForm,
) -> SignedPage {
    let path = page_path(visit.delivery);
    let now = receiving.now;
    let second = |refused| Visitor::Second {
        form: ViewForm { action: format!("{path}/viewing"), ..view.clone() },
        refused,
    };
    let visitor = match seat {
        Some(Seat::Signer) => Visitor::Signer,
        Some(Seat::Viewer(event)) => match receiving.viewing(event) {
            Some(viewing) => Visitor::Registered {
                name: viewing.person.name.clone(),
                at: Moment::at(viewing.registered_at, now),
            },
            None => second(false),
        },
        Some(Seat::Second) => second(true),
        None => second(false),
    };
    let late = receiving
        .delivery
        .facts
        .deadline
        .filter(|_| receipt.late)
        .map(|deadline| format!("逾期 {}", length_zh(receipt.acknowledged_at.since(deadline))));
    let grade_note = receiving.is_below_wanted_grade().then(|| {
        "本级别要求的验证更高。签收已生效、不再催签；发文单位值班室可能会拨您填写的电话核对一次。"
            .to_owned()
    });
    let receipt = ReceiptBrief {
        number: receipt.number.clone(),
        at: Moment::at(receipt.acknowledged_at, now),
        late,
        signer_name: receipt.signer.name.clone(),
        signer_post: receipt.signer.post.clone(),
        signer_phone: receipt.signer.phone.clone(),
        mode: match receipt.mode {
            Mode::OwnOrganization => ReceiptMode::Own,
            Mode::OnBehalf => ReceiptMode::OnBehalf,
            Mode::Phone => ReceiptMode::Phone,
        },
        beside: receiving.beside.as_ref().map(|one| {
            let (name, post) = (&one.signer.name, &one.signer.post);
            format!("{} {name}（{post}）", full_zh(one.acknowledged_at))
        }),
        authority: receipt.authority.clone(),
        grade_note,
        download_href: format!("{path}/receipt.jws"),
        print_href: format!("{path}/receipt"),
    };
    SignedPage {
        slip: fill::slip(receiving, &visit.form_token),
        receipt,
        visitor,
        ask_again_href: format!("{path}/ask-again"),
    }
}

/// A weaker way of signing is never shown as if it were the organisation's own.
fn signed_words(receipt: &Receipt) -> String {
    let words = format!("{} {}", full_zh(receipt.acknowledged_at), receipt.signer.name);
    match receipt.mode {
        Mode::OwnOrganization => words,
        Mode::OnBehalf | Mode::Phone => format!("{words}（{}）", receipt.mode.word_zh()),
    }
}

/// Who took it back, when and why is told as far as it is recorded.
fn closed_page(receiving: &Receiving, visit: &Visit, state: NoticeState) -> ClosedPage {
    let kind = match state {
        NoticeState::Superseded => ClosureKind::Superseded,
        NoticeState::Revoked => ClosureKind::Revoked,
        NoticeState::Abolished => ClosureKind::Abolished,
        _ => ClosureKind::Recalled,
    };
    let ended = receiving.ended.as_ref();
    let at = ended.map(|end| end.ended_at).or(receiving.delivery.facts.recalled_at);
    let current = receiving.successor.as_ref().and_then(|next| {
        next.delivery.filter(|_| next.ended.is_none())?;
        Some(CurrentVersion {
            label: format!("{} 第{}版", next.document_number, next.version),
            href: format!("{}/current", page_path(visit.delivery)),
        })
    });
    let newer = receiving.successor.as_ref().and_then(|next| {
        let end = next.ended.as_ref()?;
        Some(NewerEnded {
            version: next.version,
            act: end.act.word_zh(),
            reason: end.reason.clone(),
            at: Moment::at(end.ended_at, receiving.now),
        })
    });
    let path = page_path(visit.delivery);
    let signed = receiving.receipt.as_ref().map(|receipt| SignedBefore {
        words: signed_words(receipt),
        download_href: format!("{path}/receipt.jws"),
        print_href: format!("{path}/receipt"),
    });
    let closure = Closure {
        kind,
        reason: ended.map_or_else(|| "未记录".to_owned(), |end| end.reason.clone()),
        at: at.map_or_else(Moment::unrecorded_in_full, |at| Moment::at(at, receiving.now)),
        by: receiving.offer.header.dispatching_organ.clone(),
        signed,
        current,
        newer,
    };
    ClosedPage { slip: fill::slip(receiving, &visit.form_token), closure }
}
