//! Acts on one delivery: 终止催签, and the answer to a 退文.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Done, Sheet, answered, form, lines, nothing_to_do, over_unless_out, page, press, reason,
};
use crate::domain::delivery::DeliveryState;
use crate::domain::evidence::EventKind;
use crate::domain::human_time::full_zh;
use crate::domain::ids::DeliveryId;
use crate::service::Service;
use crate::service::acts::issued_delivery;
use crate::service::decide_return::decide_return;
use crate::service::scope::Scope;
use crate::service::stop_chasing::stop_chasing;
use crate::service::story::{self, Story};
use crate::store::board::ReturnLine;
use crate::store::deliveries::Delivery;
use crate::store::notices::Notice;
use crate::web::address;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::acts::{ActPage, EndBanner};
use crate::web::pages::parts::{Errors, Link};
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Single {
    Stop,
    Return,
}

/// 终止催签: the page.
pub(in crate::web) async fn stop_form(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    show(service, staff, request, Single::Stop).await
}

/// 终止催签: the act.
pub(in crate::web) async fn stop_now(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    act(service, staff, request, posted, Single::Stop).await
}

/// The answer to a 退文: the page.
pub(in crate::web) async fn return_form(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    show(service, staff, request, Single::Return).await
}

/// The answer to a 退文: the act.
pub(in crate::web) async fn return_now(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    act(service, staff, request, posted, Single::Return).await
}

async fn show(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    which: Single,
) -> Answer {
    let id: DeliveryId = address::id(&request, "delivery")?;
    drawn(move || Drawn::page(&draw(&service, &staff, id, which, "", Errors::none())?)).await
}

async fn act(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
    which: Single,
) -> Answer {
    let id: DeliveryId = address::id(&request, "delivery")?;
    drawn(move || {
        issued_delivery(&service, &staff.account, id)?;
        let form = form(&posted.0)?;
        let done = match (which, posted.0.text("do")) {
            (Single::Stop, _) => stop_chasing(&service, &staff.account, id, &form),
            (Single::Return, "accept") => decide_return(&service, &staff.account, id, true, &form),
            (Single::Return, "refuse") => decide_return(&service, &staff.account, id, false, &form),
            (Single::Return, _) => return Err(WebError::Bad("neither accept nor refuse".into())),
        };
        let said = match (which, posted.0.text("do")) {
            (Single::Stop, _) => Said::Stopped,
            (Single::Return, "accept") => Said::ReturnAccepted,
            (Single::Return, _) => Said::ReturnRefused,
        };
        let done = done.map(|()| Done(format!("/deliveries/{id}"), said, 0));
        answered(done, |errors| draw(&service, &staff, id, which, &form.reason, errors))
    })
    .await
}

/// Why there is nothing to do: the notice is over, or the organisation has answered.
fn over(
    service: &Service,
    staff: &Staff,
    notice: &Notice,
    delivery: &Delivery,
    which: Single,
) -> Result<EndBanner, WebError> {
    let over = over_unless_out(service, staff, notice)?;
    if !over.words.is_empty() {
        return Ok(over);
    }
    let story = story::read(service, Scope::of(&staff.account), delivery.id)?;
    if which == Single::Return {
        if story.returns.iter().any(ReturnLine::waits_for_decision) {
            return Ok(EndBanner::default());
        }
        let accepted = done(&story, EventKind::ReturnAccepted, "该单位的退文已同意，不再催签。");
        let refused =
            done(&story, EventKind::ReturnRefused, "该单位的退文已答复不同意，照常催签。");
        let none = || nothing_to_do("没有等待答复的退文。");
        return Ok(accepted.or(refused).unwrap_or_else(none));
    }
    Ok(match DeliveryState::derive(&delivery.facts) {
        DeliveryState::Acknowledged => nothing_to_do("该单位已签收，不再催签。"),
        DeliveryState::Returned => nothing_to_do("该单位的退文已同意，不再催签。"),
        _ => done(&story, EventKind::ChaseStopped, "对该单位的催签已经终止。").unwrap_or_default(),
    })
}

/// What was done already: by whom, when and why.
fn done(story: &Story, kind: EventKind, words: &str) -> Option<EndBanner> {
    let told = story.last(kind)?;
    Some(EndBanner {
        words: words.to_owned(),
        reason: told.reason.unwrap_or_default(),
        by: format!("{} {}", told.who, full_zh(told.at)),
        ..EndBanner::default()
    })
}

fn draw(
    service: &Service,
    staff: &Staff,
    id: DeliveryId,
    which: Single,
    typed: &str,
    errors: Errors,
) -> Result<ActPage, WebError> {
    let (notice, delivery) = issued_delivery(service, &staff.account, id)?;
    let path = format!("/deliveries/{id}");
    let back = Link { text: "回到流转记录".to_owned(), href: path.clone(), current: false };
    let name = &delivery.organization_name;
    let over = over(service, staff, &notice, &delivery, which)?;
    let sheet = match which {
        Single::Stop => Sheet {
            heading: &format!("终止对{name}的催签"),
            meaning: lines(&[
                "不再催签，不再提级，待拨的电话不再拨。",
                "该单位仍计未签收，仍可签收。",
                "办理人姓名和理由记入流转记录。",
            ]),
            look: None,
            action: format!("{path}/stop-chasing"),
            back,
            rows_label: "",
            branches: Vec::new(),
            same: None,
            reason: reason("终止理由", "如 已当面送达，对方次日补签", typed),
            presses: vec![press("终止催签", "stop")],
            over,
        },
        Single::Return => Sheet {
            heading: &format!("{name}退文"),
            meaning: lines(&[
                "同意：该单位退出本件，不再催签。",
                "不同意：催签照常进行，该单位仍须签收。",
                "退文人会收到答复和理由。",
            ]),
            look: None,
            action: format!("{path}/return"),
            back,
            rows_label: "",
            branches: Vec::new(),
            same: None,
            reason: reason("答复理由", "退文人会看到", typed),
            presses: vec![press("同意退文", "accept"), press("不同意，继续催签", "refuse")],
            over,
        },
    };
    Ok(page(staff, &notice, service.form_key()?, sheet, errors))
}
