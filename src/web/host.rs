//! Refuses requests that were meant for another host: nothing of ours is ever built from what a
//! request says about hosts, and a name that is not ours gets no page either.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};

use super::error::WebError;
use super::site::Site;

/// The middleware: 421 unless the request names exactly one host and it is ours.
///
/// # Errors
/// What the rest answers.
pub(super) async fn require_ours<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if is_ours(&request) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let answer = WebError::Misdirected.error_response();
    Ok(request.into_response(answer).map_into_right_body())
}

fn is_ours(request: &ServiceRequest) -> bool {
    let Some(site) = request.app_data::<web::Data<Site>>() else { return false };
    let mut named = request.headers().get_all(header::HOST);
    let (Some(host), None) = (named.next(), named.next()) else { return false };
    // A request to a proxy names its host in the first line as well.
    let in_line = request.uri().authority().map(|authority| authority.as_str());
    let fits = |text: &str| site.answers_to(text);
    host.to_str().is_ok_and(fits) && in_line.is_none_or(fits)
}
