//! 撤回, 撤销, 废止.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Done, Sheet, answered, board_link, danger, form, lines, named, over_for, page, reason,
};
use crate::domain::account::Account;
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeAct;
use crate::service::Service;
use crate::service::acts::{ActForm, ActRefused, issued_notice};
use crate::service::end_notice::{abolish, recall, revoke};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::acts::ActPage;
use crate::web::pages::parts::Errors;
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;
type Act = fn(&Service, &Account, NoticeId, &ActForm) -> Result<(), ActRefused>;

macro_rules! both_ways {
    ($($ask:ident $go:ident $act:ident $does:ident;)+) => {$(
        /// The page.
        pub(in crate::web) async fn $ask(
            service: web::Data<Service>,
            staff: Staff,
            request: HttpRequest,
        ) -> Answer {
            show(service, staff, request, NoticeAct::$act).await
        }

        /// The act.
        pub(in crate::web) async fn $go(
            service: web::Data<Service>,
            staff: Staff,
            request: HttpRequest,
            posted: Posted,
        ) -> Answer {
            act(service, staff, request, posted, NoticeAct::$act, $does).await
        }
    )+};
}

both_ways! {
    recall_form recall_now Recall recall;
    revoke_form revoke_now Revoke revoke;
    abolish_form abolish_now Abolish abolish;
}

async fn show(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    act: NoticeAct,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || Drawn::page(&draw(&service, &staff, id, &path, act, "", Errors::none())?)).await
}

async fn act(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
    act: NoticeAct,
    does: Act,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let form = form(&posted.0)?;
        let done =
            does(&service, &staff.account, id, &form).map(|()| Done(path.clone(), said(act), 0));
        answered(done, |errors| draw(&service, &staff, id, &path, act, &form.reason, errors))
    })
    .await
}

const fn said(act: NoticeAct) -> Said {
    match act {
        NoticeAct::Revoke => Said::Revoked,
        NoticeAct::Abolish => Said::Abolished,
        _ => Said::Recalled,
    }
}

fn draw(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    act: NoticeAct,
    typed: &str,
    errors: Errors,
) -> Result<ActPage, WebError> {
    let notice = issued_notice(service, &staff.account, id)?;
    let mut meaning = match act {
        NoticeAct::Revoke => lines(&["本件自始无效。已签收的记录保留。"]),
        NoticeAct::Abolish => lines(&["本件从现在起失效。已签收的记录保留。"]),
        _ => lines(&["收回本件，未签收的单位不必再签收。已签收的记录保留。"]),
    };
    meaning.extend(lines(&[
        "催签和未发出的邮件随即停止，待拨的电话不再拨。",
        "已经通知过的单位和人员，都会收到通知；对方页面上会写明理由。",
        "办理后不能恢复。",
    ]));
    let word = act.word_zh();
    let sheet = Sheet {
        heading: word,
        meaning,
        look: None,
        action: format!("{path}/{}", act.as_str()),
        back: board_link(path),
        rows_label: "",
        branches: Vec::new(),
        same: None,
        reason: reason(&format!("{word}理由"), "收件单位会看到，并记入流转记录", typed),
        presses: vec![danger(&format!("{word}本件"), act.as_str())],
        over: over_for(service, staff, &notice, act)?,
    };
    Ok(page(staff, &notice, service.form_key()?, sheet, errors))
}
