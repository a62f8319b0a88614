//! Tells of every request once it is answered, gives it a number, and puts that number on the
//! page of a failure, so that a person at the telephone can name it.
//!
//! Told are method, route, status and time. Never told: paths (that of a link is a secret),
//! query strings (searches hold names), cookies, addresses.

use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use askama::Template;
use tracing::Instrument as _;

use super::pages::failure::{Failure, FailurePage};
use super::pages::parts::Link;
use super::route::Pattern;
use super::{service_of, session};
use crate::adapters::random;
use crate::domain::digest::hex;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};

/// Header that carries the request's number.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How addresses begin that people without an account come to.
const BY_LINK: [&str; 6] = ["/l/", "/receive/", "/d/", "/delegated/", "/s", "/verify"];

/// Left in an answer by `web/respond.rs`: the page of this failure is still to be drawn.
pub(super) struct Failed(pub(super) Failure);

/// The middleware. It is the outermost, so nothing is answered without it.
///
/// # Errors
/// What the rest answers; our own guards answer with pages instead.
pub(super) async fn tell<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let begun = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id, method = %method);
    let answered = async move {
        let answer = next.call(request).await?;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let pattern = answer.request().extensions().get::<Pattern>().copied();
        let route = pattern.map_or("none", |pattern| pattern.0);
        let status = answer.status().as_u16();
        tracing::info!(route = %route, status, micros, "answered");
        Ok(finish(answer, &id))
    };
    answered.instrument(span).await
}

/// Numbers the answer, and draws the page of a failure.
fn finish<B: MessageBody + 'static>(
    mut answer: ServiceResponse<B>,
    id: &str,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    if let Ok(value) = HeaderValue::from_str(id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    let failed = answer.response_mut().extensions_mut().remove::<Failed>();
    let Some(Failed(failure)) = failed else { return answer.map_into_left_body() };
    // Who brought a session is led back into the house, a stranger to its door; a visitor by a
    // link has no home here.
    let path = answer.request().path();
    let by_link = BY_LINK.iter().any(|begin| match begin.ends_with('/') {
        true => path.starts_with(begin),
        false => path == *begin,
    });
    let home_href = match session::secret_of(answer.request()) {
        Some(_) => Some("/".to_owned()),
        None if by_link => None,
        None => Some("/sign-in".to_owned()),
    };
    let way = if failure.goes_on() { way_on(path) } else { None };
    let request_id = id.to_owned();
    let page = FailurePage { failure, duty_phone: None, way, home_href, request_id };
    let body = page.render().unwrap_or_default();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, html);
    answer.map_body(|_, _| EitherBody::right(BoxBody::new(body)))
}

/// The page of what an address is about, from which the reader can see how it stands now. It is
/// only led to where the guard of the route had nothing against the reader.
fn way_on(path: &str) -> Option<Link> {
    let mut parts = path.split('/').skip(1);
    let (room, id) = (parts.next()?, parts.next()?);
    let text = match room {
        "notices" if id.parse::<NoticeId>().is_ok() => "看这份公文",
        "deliveries" if id.parse::<DeliveryId>().is_ok() => "看流转记录",
        "directory" if id.parse::<OrganizationId>().is_ok() => "看这个单位",
        "receive" if id.parse::<DeliveryId>().is_ok() => "回到签收页",
        _ => return None,
    };
    Some(Link { text: text.to_owned(), href: format!("/{room}/{id}"), current: false })
}

/// Twelve random digits: enough to find a line in a day's log, and telling nothing.
fn request_id(request: &ServiceRequest) -> String {
    let service = service_of(request.request()).ok();
    let bytes = service.and_then(|service| random::bytes::<6>(service.random.as_ref()).ok());
    hex(&bytes.unwrap_or_default())
}
