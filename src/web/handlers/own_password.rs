//! Changing one's own password; all sessions end, this one too.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::service::Service;
use crate::service::accounts::{self, AccountRefused};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::own_password::OwnPasswordPage;
use crate::web::pages::parts::{Errors, Place};
use crate::web::respond::{page_with, see_other};
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The form.
pub(in crate::web) async fn form(staff: Staff) -> Result<HttpResponse, WebError> {
    draw(&staff, Errors::none())
}

fn draw(staff: &Staff, errors: Errors) -> Result<HttpResponse, WebError> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page_with(status, &OwnPasswordPage { shell: shell(staff, Place::Own), errors })
}

/// Changes it.
pub(in crate::web) async fn change(
    service: web::Data<Service>,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    // A password is taken as typed: spaces at its ends may be part of it.
    let typed = |name: &str| posted.0.all(name).next().unwrap_or_default().to_owned();
    let (current, new, again) = (typed("current"), typed("password"), typed("password_again"));
    let mut errors = Errors::none();
    if new != again {
        errors.add("password_again", "两次输入的新口令不一样，请重新输入。");
        return draw(&staff, errors);
    }
    let id = staff.account.id;
    let done =
        web::block(move || accounts::change_own_password(&service, id, &current, &new)).await?;
    match done {
        Ok(()) => Ok(see_other("/sign-in")),
        Err(AccountRefused::Service(error)) => Err(error.into()),
        Err(refused) => {
            let (field, message) = refused.message_zh();
            errors.add(field, &message);
            draw(&staff, errors)
        }
    }
}
