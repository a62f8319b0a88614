//! Coming by a short message: code and digits are swapped for a visit, as a link's token is.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::link;
use crate::service::short_code as use_case;
use crate::service::{Service, ServiceError};
use crate::web::client;
use crate::web::error::WebError;
use crate::web::forms::PostedByAnyone;
use crate::web::pages::short_code::{ShortCodePage, ShortCodeRefusal};
use crate::web::respond::{page, page_with};

/// The page.
pub(in crate::web) async fn form() -> Result<HttpResponse, WebError> {
    page(&ShortCodePage { code: String::new(), refused: None })
}

/// Opens the page a code leads to.
pub(in crate::web) async fn enter(
    service: web::Data<Service>,
    request: HttpRequest,
    posted: PostedByAnyone,
) -> Result<HttpResponse, WebError> {
    let from = client::address_of(&request);
    let code = posted.0.text("code").to_owned();
    let digits = posted.0.text("digits").to_owned();
    let typed = code.clone();
    match web::block(move || use_case::arrive(&service, from, &typed, &digits)).await? {
        Ok(arrival) => link::led_on(arrival),
        Err(ServiceError::NotFound) => {
            refuse(code, ShortCodeRefusal::Wrong, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(ServiceError::Busy) => {
            refuse(code, ShortCodeRefusal::Busy, StatusCode::TOO_MANY_REQUESTS)
        }
        Err(other) => Err(other.into()),
    }
}

fn refuse(
    code: String,
    refusal: ShortCodeRefusal,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    page_with(status, &ShortCodePage { code, refused: Some(refusal) })
}
