//! Acts that ask about several organisations: 办结 with an explanation of each, 重发 to chosen ones.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Sheet, answered, board_link, form, lines, named, page, press, reason};
use crate::domain::delivery::{Addressee, DeliveryState};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::acts::issued_notice;
use crate::service::board;
use crate::service::close::{close, gap_field, to_close};
use crate::service::resend::resend;
use crate::service::scope::Scope;
use crate::store::deliveries::Delivery;
use crate::web::address::query;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::acts::{ActPage, ActRow, Asked};
use crate::web::pages::parts::Errors;
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
        let typed: BTreeMap<DeliveryId, String> = posted
            .0
            .pairs()
            .filter_map(|(name, text)| {
                Some((name.strip_prefix("gap-")?.parse().ok()?, text.to_owned()))
            })
            .collect();
        let done = close(&service, &staff.account, id, &act, &typed).map(|()| path.clone());
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
        row_of(delivery, field, Asked::Sentence { text, error }, seen.read_at)
    };
    let count = seen.unsigned.len();
    let (meaning, rows, wanted) = match (seen.each_explained, count) {
        (_, 0) => (lines(&["各单位都已答复。"]), Vec::new(), "办结说明"),
        (true, _) => (
            vec![format!("还有 {count} 个单位未签收。特提须逐个写明情况，才能办结。")],
            seen.unsigned.iter().map(row).collect(),
            "",
        ),
        (false, _) => {
            (vec![format!("还有 {count} 个单位未签收，办结后不再催签。")], Vec::new(), "办结理由")
        }
    };
    let mut meaning = meaning;
    meaning.extend(lines(&["办结后仍可签收，未签收的仍计未签收。"]));
    let field = reason(wanted, "记入流转记录", typed.text("reason"));
    let sheet = Sheet {
        heading: "办结",
        meaning,
        action: format!("{path}/close"),
        back: board_link(path),
        rows_label: "逐个写明",
        rows,
        reason: field.filter(|_| !wanted.is_empty()),
        presses: vec![press("办结本件", "close")],
    };
    Ok(page(staff, &seen.notice, service.form_key()?, sheet, errors))
}

fn row_of(delivery: &Delivery, field: String, asked: Asked, now: Timestamp) -> ActRow {
    let badge = delivery.facts.badge(now);
    ActRow {
        field,
        name: delivery.organization_name.clone(),
        state: format!("{} {}", badge.sign, badge.word_zh),
        asked,
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
        let chosen: Vec<DeliveryId> = meant.into_iter().collect();
        Drawn::page(&draw_resend(&service, &staff, id, &path, &chosen, "", Errors::none())?)
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
        let chosen: Vec<DeliveryId> = posted
            .0
            .pairs()
            .filter_map(|(name, _)| name.strip_prefix("to-")?.parse().ok())
            .collect();
        let done = resend(&service, &staff.account, id, &chosen, &act).map(|()| path.clone());
        answered(done, |errors| {
            draw_resend(&service, &staff, id, &path, &chosen, &act.reason, errors)
        })
    })
    .await
}

fn draw_resend(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    chosen: &[DeliveryId],
    typed: &str,
    errors: Errors,
) -> Result<ActPage, WebError> {
    let notice = issued_notice(service, &staff.account, id)?;
    let board = board::read(service, Scope::of(&staff.account), id)?;
    let asks = |line: &board::BoardLine| line.waits_for_copy();
    let fits = |line: &&board::BoardLine| {
        DeliveryState::derive(&line.delivery.facts).is_unsigned() || asks(line)
    };
    let rows = board.lines.iter().filter(fits).map(|line| {
        let one = &line.delivery;
        let ticked = chosen.contains(&one.id) || (chosen.is_empty() && asks(line));
        let mut row =
            row_of(one, format!("to-{}", one.id), Asked::Choice { ticked }, board.read_at);
        if one.addressee == Addressee::Copy {
            row.state.push_str("，抄送");
        }
        if asks(line) {
            row.state.push_str("，请求重发");
        }
        row
    });
    let sheet = Sheet {
        heading: "重发",
        meaning: lines(&[
            "把同一份公文再发给所选单位现有的全部邮箱，链接不变。",
            "签收时限和催签不变。请求重发的单位视为已答复。",
        ]),
        action: format!("{path}/resend"),
        back: board_link(path),
        rows_label: "发给",
        rows: rows.collect(),
        reason: reason("重发理由", "记入流转记录", typed),
        presses: vec![press("重发", "resend")],
    };
    Ok(page(staff, &notice, service.form_key()?, sheet, errors))
}
