//! 催签 by a person.

use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::{by_branch, end_banner, only_ticks, press_on};
use super::marks;
use crate::domain::escalation::ways_zh;
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::service::board;
use crate::service::remind_by_hand::{Candidate, Spared, candidates, remind_by_hand};
use crate::service::{Service, ServiceError};
use crate::web::address::id;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::acts::{ActRow, EndBanner};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Errors, Link, Place, UrgencyMark};
use crate::web::pages::remind::RemindPage;
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// Who would be reminded.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    drawn(move || Drawn::page(&draw(&service, &staff, notice, &Fields::default())?)).await
}

fn draw(
    service: &Service,
    staff: &Staff,
    notice: NoticeId,
    typed: &Fields,
) -> Result<RemindPage, WebError> {
    let found = candidates(service, &staff.account, notice)?;
    let over = match found.notice.state {
        NoticeState::Issued => EndBanner::default(),
        ended => end_banner(ended, &board::bounds(service, &staff.account, notice)?),
    };
    let (draft, now) = (&found.notice.draft, found.read_at);
    let first = !typed.has("key");
    let rows = found.all.iter().map(|one| {
        let value = one.delivery.id.to_string();
        let ticked = first || typed.all("delivery").any(|known| known == value);
        (one.delivery.organization_id, row(one, found.notice.state, value, ticked, now))
    });
    let mut branches = by_branch(service, rows)?;
    press_on(&mut branches, typed);
    let rows = branches.iter().flat_map(|branch| &branch.rows);
    let count = rows.filter(|row| row.ticked).count();
    Ok(RemindPage {
        shell: shell(staff, Place::Notices),
        urgency: UrgencyMark::of(&draft.urgency),
        number: marks::numbered(&draft.document_number, found.notice.version),
        title: draft.title.clone(),
        back: Link {
            text: "回到看板".to_owned(),
            href: format!("/notices/{notice}"),
            current: false,
        },
        over,
        errors: Errors::none(),
        count,
        may_remind: found.count() > 0,
        branches,
        key: service.form_key()?,
        action: format!("/notices/{notice}/remind"),
        read_at: Moment::in_table(now, now),
    })
}

fn row(one: &Candidate, state: NoticeState, value: String, ticked: bool, now: Timestamp) -> ActRow {
    let spared = match one.spared {
        Some(Spared::Until(at)) => format!("刚催过，{} 后可再催", Moment::in_table(at, now).short),
        Some(Spared::NoAddress) => "没有可用的联系方式，请打电话".to_owned(),
        None => String::new(),
    };
    let mark = marks::of_delivery(&one.delivery.facts, state, now);
    let ways = ways_zh(one.ways.iter());
    ActRow {
        pick: "delivery".to_owned(),
        value,
        field: String::new(),
        name: one.delivery.organization_name.clone(),
        state: format!("{} {}　{ways}", mark.sign, mark.word).trim_end().to_owned(),
        ticked: ticked && spared.is_empty(),
        spared,
        sentence: None,
    }
}

/// Reminds them.
pub(in crate::web) async fn send(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    drawn(move || {
        let typed = posted.0;
        if only_ticks(&typed) {
            return Drawn::page(&draw(&service, &staff, notice, &typed)?);
        }
        let chosen: Vec<DeliveryId> =
            typed.all("delivery").filter_map(|text| text.parse().ok()).collect();
        let path = format!("/notices/{notice}");
        match remind_by_hand(&service, &staff.account, notice, &chosen, typed.text("key")) {
            Ok(0) => Ok(Drawn::next(&path).saying(Said::RemindedNobody, 0)),
            Ok(count) => Ok(Drawn::next(&path).saying(Said::Reminded, count)),
            // It ended meanwhile: the page says how, and offers nothing.
            Err(ServiceError::Conflict(_)) => Ok(Drawn::next(&format!("{path}/remind"))),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
