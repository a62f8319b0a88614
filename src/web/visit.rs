//! Who came by a link: the first visit swaps the link's token for a cookie of its own per
//! delivery, so that two links in one browser never mix and the address bar holds no secret.

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieSpan};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};

use super::error::WebError;
use crate::domain::ids::{DeliveryId, LinkId};
use crate::service::visit as use_case;

/// A visit by a link that is good, put into the request by the guard of the route.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The delivery the link belongs to.
    pub delivery: DeliveryId,
    /// The link.
    pub link: LinkId,
    /// What forms of this visit must bring along.
    pub form_token: String,
}

impl FromRequest for Visit {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::NotFound))
    }
}

/// The visit of a request to a delivery's page.
///
/// # Errors
/// [`WebError::NotFound`], whether the delivery is absent or the cookie is another's.
pub(super) async fn holder_of(request: &HttpRequest) -> Result<Visit, WebError> {
    let named = request.match_info().get("delivery").unwrap_or_default();
    let delivery: DeliveryId = named.parse().map_err(|_| WebError::NotFound)?;
    let value = request.cookie(&cookie_name(delivery)).ok_or(WebError::NotFound)?;
    let value = value.value().to_owned();
    let service = super::service_of(request)?;
    let found = web::block(move || use_case::resume(&service, delivery, &value)).await??;
    let visiting = found.ok_or(WebError::NotFound)?;
    Ok(Visit { delivery, link: visiting.link, form_token: visiting.form_token })
}

/// The cookie that keeps a visit, for `seconds`.
pub(super) fn cookie(delivery: DeliveryId, token: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(cookie_name(delivery), token)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(CookieSpan::seconds(seconds))
        .finish()
}

fn cookie_name(delivery: DeliveryId) -> String {
    format!("__Host-{delivery}")
}
