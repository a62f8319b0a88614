//! 催签 by a person.

use actix_web::{HttpRequest, HttpResponse, web};

use super::marks;
use crate::domain::escalation::ways_zh;
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::service::remind_by_hand::{Candidate, Spared, candidates, remind_by_hand};
use crate::service::{Service, ServiceError};
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Place, UrgencyMark};
use crate::web::pages::remind::{RemindPage, RemindRow};
use crate::web::respond::{page, see_other};
use crate::web::session::Staff;
use crate::web::shell::shell;

/// Who would be reminded.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let account = staff.account.clone();
    let (found, key) = web::block(move || {
        let found = candidates(&service, &account, notice)?;
        Ok::<_, ServiceError>((found, service.form_key()?))
    })
    .await??;
    let (draft, now) = (&found.notice.draft, found.read_at);
    let row = |one: &Candidate| RemindRow {
        id: one.delivery.id.to_string(),
        name: one.delivery.organization_name.clone(),
        state: marks::of_delivery(&one.delivery.facts, now).word,
        ways: ways_zh(one.ways.iter()),
        spared: match one.spared {
            Some(Spared::Until(at)) => {
                format!("刚催过，{} 后可再催", Moment::in_table(at, now).short)
            }
            Some(Spared::NoAddress) => "没有可用的联系方式，请打电话".to_owned(),
            None => String::new(),
        },
    };
    page(&RemindPage {
        shell: shell(&staff, Place::Notices),
        urgency: UrgencyMark::of(&draft.urgency),
        number: draft.document_number.clone(),
        title: draft.title.clone(),
        board_href: format!("/notices/{notice}"),
        count: found.count(),
        rows: found.all.iter().map(row).collect(),
        key,
        action: format!("/notices/{notice}/remind"),
        read_at: Moment::in_table(now, now),
    })
}

/// Reminds them.
pub(in crate::web) async fn send(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let chosen: Vec<DeliveryId> =
        posted.0.all("delivery").filter_map(|text| text.parse().ok()).collect();
    let key = posted.0.text("key").to_owned();
    let account = staff.account;
    web::block(move || remind_by_hand(&service, &account, notice, &chosen, &key)).await??;
    Ok(see_other(&format!("/notices/{notice}")))
}
