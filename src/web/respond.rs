//! From a filled page to an answer. Never here: what is on the page.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::error::WebError;
use super::pages::closed::{LinkRefusedPage, Refusal};
use super::pages::failure::Failure;
use super::said::{self, Said};
use super::telling::Failed;

/// A page with status 200.
///
/// # Errors
/// [`WebError::Internal`] if the template fails, which only a bug in it can cause.
pub(super) fn page(template: &impl Template) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::OK, template)
}

/// A page with another status, such as a form that comes back with mistakes (422).
///
/// # Errors
/// [`WebError::Internal`] if the template fails, which only a bug in it can cause.
pub(super) fn page_with(
    status: StatusCode,
    template: &impl Template,
) -> Result<HttpResponse, WebError> {
    let body = template.render().map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(html(HttpResponse::build(status), body))
}

/// An answer with a page in it.
pub(super) fn html(mut answer: HttpResponseBuilder, body: String) -> HttpResponse {
    answer.insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(body)
}

/// Leads on after a form was posted; a reload then repeats nothing.
pub(super) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// The same, and the page it leads to says what was done.
pub(super) fn see_other_saying(path: &str, said: Said, count: usize) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::SET_COOKIE, said::cookie(said, count)))
        .finish()
}

/// What everybody sees whose link opens nothing.
pub(super) fn link_refused(status: StatusCode) -> HttpResponse {
    let page = LinkRefusedPage { refusal: Refusal::Unknown };
    html(HttpResponse::build(status), page.render().unwrap_or_default())
}

/// After how many seconds a browser turned away may try again.
const RETRY_SECONDS: u32 = 5;

/// An answer without a page yet: `web/telling.rs` draws it when the request's number is known.
pub(super) fn failure(error: &WebError, status: StatusCode) -> HttpResponse {
    let failure = match error {
        WebError::SignInNeeded | WebError::CrossSite | WebError::StaleForm => Failure::FormExpired,
        WebError::Forbidden => {
            Failure::Forbidden { need: "您的角色不能做这件事".to_owned() }
        }
        WebError::NotFound | WebError::LinkRefused => Failure::NotFound,
        WebError::Bad(_) | WebError::Misdirected | WebError::TooSlow => Failure::Unreadable,
        WebError::State(wrong) => Failure::Conflict { what: wrong.message_zh() },
        WebError::Gone(what) => Failure::Gone { what: what.clone() },
        WebError::Conflict(what) => {
            Failure::Conflict { what: what.trim_end_matches('。').to_owned() }
        }
        WebError::Classified(what) => Failure::Classified { what: what.clone() },
        WebError::TooLarge => Failure::TooLarge { limit: "本系统的上限".to_owned() },
        WebError::Busy => Failure::Busy { seconds: RETRY_SECONDS },
        WebError::Internal(_) => Failure::Internal,
    };
    let mut answer = HttpResponse::build(status);
    if matches!(error, WebError::Busy) {
        answer.insert_header((header::RETRY_AFTER, RETRY_SECONDS));
    }
    let mut answer = answer.finish();
    answer.extensions_mut().insert(Failed(failure));
    answer
}
