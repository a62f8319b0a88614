//! 更正: asks why, and leads to the draft of the next version.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Done, Sheet, answered, board_link, form, lines, named, over_for, page, press, reason};
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeAct;
use crate::service::Service;
use crate::service::acts::issued_notice;
use crate::service::supersede::{begin, begun};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::acts::ActPage;
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
        let begun = begin(&service, &staff.account, id, &form)
            .map(|draft| Done(edit_path(draft), Said::CorrectionBegun, 0));
        answered(begun, |errors| draw(&service, &staff, id, &path, &form.reason, errors))
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
