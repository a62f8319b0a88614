//! 删除草稿: asks once more, and leads back to the list.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Sheet, danger, form, lines, named, nothing_to_do, or_how_it_stands, page};
use crate::domain::ids::NoticeId;
use crate::service::Service;
use crate::service::compose::load;
use crate::service::delete_draft::{delete_draft, may_be_deleted};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::handlers::compose::refused;
use crate::web::pages::acts::{ActPage, EndBanner};
use crate::web::pages::parts::{Errors, Link};
use crate::web::said::Said;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

/// The page.
pub(in crate::web) async fn ask(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        let made = draw(&service, &staff, id, &path).and_then(|page| Drawn::page(&page));
        or_how_it_stands(&service, &staff, id, false, made)
    })
    .await
}

/// The act.
pub(in crate::web) async fn throw_away(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, _) = named(&request)?;
    drawn(move || {
        let form = form(&posted.0)?;
        let done = delete_draft(&service, &staff.account, id, &form.key).map_err(refused);
        let made = done.map(|()| Drawn::next("/notices").saying(Said::DraftDeleted, 0));
        or_how_it_stands(&service, &staff, id, true, made)
    })
    .await
}

fn draw(service: &Service, staff: &Staff, id: NoticeId, path: &str) -> Result<ActPage, WebError> {
    let open = load(service, &staff.account, id).map_err(refused)?;
    let over = match may_be_deleted(&open) {
        true => EndBanner::default(),
        false => nothing_to_do("本稿送过核发或退回过，记录要保留，不能删除。"),
    };
    let files = match open.files.len() {
        0 => "已填的内容和选好的单位一并删除。".to_owned(),
        n => format!("已填的内容、选好的单位和 {n} 份文件一并删除。"),
    };
    let sheet = Sheet {
        heading: "删除草稿",
        meaning: lines(&[&files, "删除后不能恢复。谁在什么时候删除，留有记录。"]),
        look: None,
        action: format!("{path}/delete"),
        back: Link {
            text: "回到草稿".to_owned(), href: format!("{path}/edit"), current: false
        },
        rows_label: "",
        branches: Vec::new(),
        same: None,
        reason: None,
        presses: vec![danger("删除草稿", "delete")],
        over,
    };
    Ok(page(staff, &open.notice, service.form_key()?, sheet, Errors::none()))
}
