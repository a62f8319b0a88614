//! 补核发: the releaser's answer to what went out on an oral approval.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Sheet, board_link, form, lines, mistakes, named, owed_release, page, press, reason};
use crate::domain::human_time::full_zh;
use crate::domain::ids::NoticeId;
use crate::domain::notice::ReleaseOutcome;
use crate::service::Service;
use crate::service::acts::issued_notice;
use crate::service::release_afterwards::{owing, release_afterwards};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::acts::{ActPage, EndBanner};
use crate::web::pages::parts::{Errors, Link};
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

/// The page; the board, where nothing is owed.
pub(in crate::web) async fn ask(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || match draw(&service, &staff, id, &path, "", Errors::none())? {
        Some(page) => Drawn::page(&page),
        None => Ok(Drawn::next(&path)),
    })
    .await
}

/// The act.
pub(in crate::web) async fn answer(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let form = form(&posted.0)?;
        let outcome = match posted.0.text("do") {
            "release" => ReleaseOutcome::Released,
            "refuse" => ReleaseOutcome::Refused,
            _ => return Err(WebError::Bad("neither release nor refuse".into())),
        };
        let said = match outcome {
            ReleaseOutcome::Released => Said::ReleasedAfter,
            ReleaseOutcome::Refused => Said::RefusedAfter,
        };
        match release_afterwards(&service, &staff.account, id, &form, outcome) {
            Ok(()) => Ok(Drawn::next(&path).saying(said, 0)),
            Err(refused) => {
                let (status, errors) = mistakes(refused)?;
                match draw(&service, &staff, id, &path, &form.reason, errors)? {
                    Some(page) => Drawn::page_with(status, &page),
                    None => Ok(Drawn::next(&path)),
                }
            }
        }
    })
    .await
}

fn draw(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    typed: &str,
    errors: Errors,
) -> Result<Option<ActPage>, WebError> {
    let notice = issued_notice(service, &staff.account, id)?;
    let debt = match owing(service, &staff.account, id) {
        Ok(owing) => owing.debt,
        Err(crate::service::ServiceError::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let over = match &debt.answer {
        Some((ReleaseOutcome::Released, ..)) => EndBanner {
            words: owed_release(staff, &notice, Some(&debt), service.now()).words,
            calm: true,
            ..EndBanner::default()
        },
        _ => EndBanner::default(),
    };
    let mut meaning = vec![format!(
        "本件由{}口头批准发出（{}，{}代录），须于{}前补核发。",
        debt.approver_name,
        debt.approver_phone,
        debt.recorded_by,
        full_zh(debt.due_at)
    )];
    if let Some((ReleaseOutcome::Refused, why, at)) = &debt.answer {
        let who = debt.settled_by.as_deref().unwrap_or_default();
        let why = why.as_deref().unwrap_or_default();
        meaning.push(format!("{who}已于{}拒绝补核发，理由：{why}。仍可补核发。", full_zh(*at)));
    }
    meaning.extend(lines(&[
        "请先看公文原文，与口头批准的内容核对；同意的，按“补核发”。",
        "不同意的，写明理由并拒绝：记录在案，系统告警；已发出的不会因此收回，收回须另行撤回或撤销。",
    ]));
    let sheet = Sheet {
        heading: "补核发",
        meaning,
        look: Some(Link {
            text: "看公文原文".to_owned(),
            href: format!("{path}/preview/page"),
            current: false,
        }),
        action: format!("{path}/release-after"),
        back: board_link(path),
        rows_label: "",
        branches: Vec::new(),
        same: None,
        reason: reason("拒绝的理由", "同意补核发的不用填；拒绝的必须写明，记入流转记录", typed),
        presses: vec![press("补核发", "release"), press("拒绝补核发", "refuse")],
        over,
    };
    Ok(Some(page(staff, &notice, service.form_key()?, sheet, errors)))
}
