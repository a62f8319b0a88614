//! Who came by a link: the first visit swaps the link's token for a cookie of its own per
//! delivery, so that two links in one browser never mix and the address bar holds no secret.

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieSpan};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};

use super::error::WebError;
use crate::domain::ids::{DeliveryId, EventId};
use crate::service::{Service, visit as use_case};

/// A visit by a link that is good, put into the request by the guard of the route.
pub type Visit = use_case::Visiting;

impl FromRequest for Visit {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::NotFound))
    }
}

/// Who brings the cookie of a visit, put into the request by the guard of the route.
pub(super) type Bearer = use_case::Bearer;

impl FromRequest for Bearer {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::NotFound))
    }
}

/// The visit of a request to a delivery's page.
///
/// # Errors
/// [`WebError::LinkRefused`], whether the delivery is absent or the cookie is another's.
pub(super) async fn holder_of(request: &HttpRequest) -> Result<Visit, WebError> {
    let bearer = bearer_of(request)?;
    proved(&*super::service_of(request)?, bearer).await
}

/// Who brings the cookie of a visit to a delivery's page. Whether its link still opens the
/// delivery is for the handler to find out.
///
/// # Errors
/// As [`holder_of`], as far as the cookie tells.
pub(super) fn bearer_of(request: &HttpRequest) -> Result<Bearer, WebError> {
    let named = request.match_info().get("delivery").unwrap_or_default();
    let delivery: DeliveryId = named.parse().map_err(|_| WebError::LinkRefused)?;
    let value = request.cookie(&cookie_name(delivery)).ok_or(WebError::LinkRefused)?;
    let service = super::service_of(request)?;
    use_case::bearer(&service, delivery, value.value()).ok_or(WebError::LinkRefused)
}

/// The visit of a bearer, if its link still opens the delivery.
///
/// # Errors
/// [`WebError::LinkRefused`] if it does not.
pub(super) async fn proved(service: &Service, bearer: Bearer) -> Result<Visit, WebError> {
    let resuming = use_case::resume(service, bearer);
    if resuming.must_read {
        let service = service.clone();
        // Not awaited: it also reads for others, and the answer comes by itself.
        drop(web::block(move || use_case::read_waiting(&service)));
    }
    use_case::resumed(resuming).await?.ok_or(WebError::LinkRefused)
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

/// What this browser did at a delivery; decides only which words its page begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// It signed.
    Signer,
    /// Its signature came second, and was not taken as another one.
    Second,
    /// It registered a viewing, which this event tells of.
    Viewer(EventId),
}

const SIGNER: &str = "signed";
const SECOND: &str = "second";

/// The cookie that remembers what this browser did.
pub(super) fn seat_cookie(delivery: DeliveryId, seat: Seat) -> Cookie<'static> {
    let value = match seat {
        Seat::Signer => SIGNER.to_owned(),
        Seat::Second => SECOND.to_owned(),
        Seat::Viewer(event) => event.to_string(),
    };
    let seconds = use_case::VISIT_LASTS.as_seconds();
    let mut cookie = cookie(delivery, value, seconds);
    cookie.set_name(seat_cookie_name(delivery));
    cookie
}

/// What this browser did, as far as it remembers.
pub(super) fn seat_of(request: &HttpRequest, delivery: DeliveryId) -> Option<Seat> {
    let cookie = request.cookie(&seat_cookie_name(delivery))?;
    match cookie.value() {
        SIGNER => Some(Seat::Signer),
        SECOND => Some(Seat::Second),
        event => event.parse().ok().map(Seat::Viewer),
    }
}

fn seat_cookie_name(delivery: DeliveryId) -> String {
    format!("{}-seat", cookie_name(delivery))
}
