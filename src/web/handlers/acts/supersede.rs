//! 更正: asks why, and leads to the draft of the next version.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{Done, Sheet, answered, board_link, form, lines, named, over_for, page, press, reason};
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeAct;
use crate::service::Service;
use crate::service::acts::{ActRefused, issued_notice};
use crate::service::supersede::{begin_confirmed, begun};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::handlers::compose::confirmer;
use crate::web::handlers::compose_form::errors_of;
use crate::web::pages::acts::ActPage;
use crate::web::pages::compose::ConfirmForm;
use crate::web::pages::parts::Errors;
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

fn edit_path(draft: NoticeId) -> String {
    format!("/notices/{draft}/edit")
}

/// The page; where a draft is begun already, the draft.
pub(in crate::web) async fn ask(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        if let Some(draft) = begun(&service, &staff.account, id)? {
            return Ok(Drawn::next(&edit_path(draft)));
        }
        Drawn::page(&draw(&service, &staff, id, &path, "", Errors::none())?)
    })
    .await
}

/// The act.
pub(in crate::web) async fn start(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let form = form(&posted.0)?;
        let again = |errors, confirm| {
            let page = draw(&service, &staff, id, &path, &form.reason, errors)?;
            Ok::<_, WebError>(ActPage { confirm, ..page })
        };
        let confirmer = match confirmer(&service, &staff, &posted.0)? {
            Ok(confirmer) => confirmer,
            Err(typed) => {
                let errors = errors_of([("do", typed.error.clone())]);
                let page = again(errors, Some(typed))?;
                return Drawn::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
        };
        let begun = begin_confirmed(&service, &staff.account, id, &form, confirmer.as_ref());
        let confirm = match &begun {
            Err(ActRefused::Classified(found)) if found.is_confirmable() => {
                Some(ConfirmForm::default())
            }
            _ => None,
        };
        let begun = begun.map(|draft| Done(edit_path(draft), Said::CorrectionBegun, 0));
        answered(begun, |errors| again(errors, confirm))
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
) -> Result<ActPage, WebError> {
    let notice = issued_notice(service, &staff.account, id)?;
    let sheet = Sheet {
        heading: "更正",
        meaning: lines(&[
            "先起草新版：文头、正文、附件和收文单位照抄本件，改好后照常送核发、发出。",
            "新版发出之前，本件照常有效，照常催签。",
            "新版发出的同时，本件停止催签，各处都引到新版；已签收本件的，也须签收新版。",
            "不在新版名单上的单位，会收到本件已被更正的通知。",
        ]),
        look: None,
        action: format!("{path}/supersede"),
        back: board_link(path),
        rows_label: "",
        branches: Vec::new(),
        same: None,
        reason: reason("更正理由", "收件单位会看到，并记入流转记录；写定后不能再改", typed),
        presses: vec![press("起草新版", "supersede")],
        over: over_for(service, staff, &notice, NoticeAct::Supersede)?,
    };
    Ok(page(staff, &notice, service.form_key()?, sheet, errors))
}
