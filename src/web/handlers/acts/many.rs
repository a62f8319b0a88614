//! Acts that ask about several organisations: 办结 with an explanation of each, 重发 to chosen ones.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::branches::{FILL, by_branch, only_ticks, press as press_on};
use super::{
    Done, Sheet, answered, board_link, form, lines, named, over_for, over_unless_out, page, press,
    reason,
};
use crate::domain::delivery::{Addressee, DeliveryState};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::notice::NoticeAct;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::acts::issued_notice;
use crate::service::board;
use crate::service::close::{close, gap_field, to_close};
use crate::service::resend::{last_resent, resend};
use crate::service::scope::Scope;
use crate::store::deliveries::Delivery;
use crate::web::address::query;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::acts::{ActPage, ActRow, Sentence};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::Errors;
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

/// 办结: the page.
pub(in crate::web) async fn close_form(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        let nothing = Fields::default();
        Drawn::page(&draw_close(&service, &staff, id, &path, &nothing, Errors::none())?)
    })
    .await
}

/// 办结: the act.
pub(in crate::web) async fn close_now(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let act = form(&posted.0)?;
        if only_ticks(&posted.0) {
            return redrawn(draw_close(&service, &staff, id, &path, &posted.0, Errors::none())?);
        }
        let typed: BTreeMap<DeliveryId, String> = posted
            .0
            .pairs()
            .filter_map(|(name, text)| {
                Some((name.strip_prefix("gap-")?.parse().ok()?, text.to_owned()))
            })
            .collect();
        let done = close(&service, &staff.account, id, &act, &typed)
            .map(|()| Done(path.clone(), Said::Closed, 0));
        answered(done, |errors| draw_close(&service, &staff, id, &path, &posted.0, errors))
    })
    .await
}

fn draw_close(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    typed: &Fields,
    errors: Errors,
) -> Result<ActPage, WebError> {
    let seen = to_close(service, &staff.account, id)?;
    let first = !typed.has("key");
    let row = |delivery: &Delivery| {
        let field = gap_field(delivery.id);
        let known = seen.known.get(&delivery.id).filter(|_| first);
        let text = known.cloned().unwrap_or_else(|| typed.text(&field).to_owned());
        let error = errors.of(&field).to_owned();
        let value = delivery.id.to_string();
        let ticked = typed.all("pick").any(|one| one == value);
        let row = row_of(delivery, ("pick", value), ticked, seen.read_at);
        (
            delivery.organization_id,
            ActRow { field, sentence: Some(Sentence { text, error }), ..row },
        )
    };
    let count = seen.unsigned.len();
    let asks = seen.each_explained && count > 0;
    let mut branches = match asks {
        true => by_branch(service, seen.unsigned.iter().map(row))?,
        false => Vec::new(),
    };
    let (mut meaning, wanted) = match (count, asks) {
        (0, _) => (lines(&["各单位都已答复。"]), "办结说明"),
        (_, true) => {
            (vec![format!("还有 {count} 个单位未签收。特提须逐个写明情况，才能办结。")], "")
        }
        (_, false) => (vec![format!("还有 {count} 个单位未签收，办结后不再催签。")], "办结理由"),
    };
    let slips = press_on(&mut branches, typed);
    let same = if slips.is_empty() && typed.text("do") == FILL { "" } else { typed.text("same") };
    let errors = if errors.is_empty() { slips } else { errors };
    meaning.extend(lines(&["办结后仍可签收，未签收的仍计未签收。"]));
    let field = reason(wanted, "记入流转记录", typed.text("reason"));
    let sheet = Sheet {
        heading: "办结",
        meaning,
        look: None,
        action: format!("{path}/close"),
        back: board_link(path),
        rows_label: "逐个写明",
        branches,
        same: asks.then(|| same.to_owned()),
        reason: field.filter(|_| !wanted.is_empty()),
        presses: vec![press("办结本件", "close")],
        over: over_for(service, staff, &seen.notice, NoticeAct::Close)?,
    };
    Ok(page(staff, &seen.notice, service.form_key()?, sheet, errors))
}

/// The page again after a button that only ticks or fills.
fn redrawn(page: ActPage) -> Result<Drawn, WebError> {
    let status = match page.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Drawn::page_with(status, &page)
}

fn row_of(
    delivery: &Delivery,
    (pick, value): (&str, String),
    ticked: bool,
    now: Timestamp,
) -> ActRow {
    let badge = delivery.facts.badge(now);
    ActRow {
        pick: pick.to_owned(),
        value,
        field: String::new(),
        name: delivery.organization_name.clone(),
        state: format!("{} {}", badge.sign, badge.word_zh),
        ticked,
        spared: String::new(),
        sentence: None,
    }
}

/// 重发: the page.
pub(in crate::web) async fn resend_form(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    let meant: Option<DeliveryId> = query(&request).text("to").parse().ok();
    drawn(move || {
        let nothing = Fields::default();
        let chosen: Vec<DeliveryId> = meant.into_iter().collect();
        Drawn::page(&draw_resend(&service, &staff, id, &path, &chosen, &nothing, Errors::none())?)
    })
    .await
}

/// 重发: the act.
pub(in crate::web) async fn resend_now(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let act = form(&posted.0)?;
        let typed = &posted.0;
        let chosen: Vec<DeliveryId> =
            typed.all("to").filter_map(|text| text.parse().ok()).collect();
        if only_ticks(typed) {
            let none = Errors::none();
            return redrawn(draw_resend(&service, &staff, id, &path, &chosen, typed, none)?);
        }
        let done = resend(&service, &staff.account, id, &chosen, &act)
            .map(|()| Done(path.clone(), Said::Resent, chosen.len()));
        answered(done, |errors| draw_resend(&service, &staff, id, &path, &chosen, typed, errors))
    })
    .await
}

fn draw_resend(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    chosen: &[DeliveryId],
    typed: &Fields,
    errors: Errors,
) -> Result<ActPage, WebError> {
    let notice = issued_notice(service, &staff.account, id)?;
    let board = board::read(service, Scope::of(&staff.account), id)?;
    let resent = last_resent(service, id)?;
    let asks = |line: &board::BoardLine| line.waits_for_copy();
    let fits = |line: &&board::BoardLine| {
        DeliveryState::derive(&line.delivery.facts).is_unsigned() || asks(line)
    };
    let rows = board.lines.iter().filter(fits).map(|line| {
        let one = &line.delivery;
        let first = chosen.is_empty() && !typed.has("key");
        let ticked = chosen.contains(&one.id) || (first && asks(line));
        let mut row = row_of(one, ("to", one.id.to_string()), ticked, board.read_at);
        if one.addressee == Addressee::Copy {
            row.state.push_str("，抄送");
        }
        if asks(line) {
            row.state.push_str("，请求重发");
        }
        if let Some(at) = resent.get(&one.id) {
            let when = Moment::in_table(*at, board.read_at).short;
            row.state.push_str(&format!("，{when} 已重发"));
        }
        (one.organization_id, row)
    });
    let mut branches = by_branch(service, rows)?;
    press_on(&mut branches, typed);
    let sheet = Sheet {
        heading: "重发",
        meaning: lines(&[
            "把同一份公文再发给所选单位现有的全部邮箱，链接不变。",
            "签收时限和催签不变。请求重发的单位视为已答复。",
        ]),
        look: None,
        action: format!("{path}/resend"),
        back: board_link(path),
        rows_label: "发给",
        branches,
        same: None,
        reason: reason("重发理由", "记入流转记录", typed.text("reason")),
        presses: vec![press("重发", "resend")],
        over: over_unless_out(service, staff, &notice)?,
    };
    Ok(page(staff, &notice, service.form_key()?, sheet, errors))
}
