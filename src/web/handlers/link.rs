//! Coming by a link: the token is swapped for a cookie, and the browser led on to an address
//! that holds no secret. Only a GET leaves a note, and only that some program was here.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::receive::page_path;
use crate::service::visit::{self as use_case, Arrival, VISIT_LASTS};
use crate::service::{Service, ServiceError, fetch_note::note_fetched};
use crate::store::Answer;
use crate::web::bad_links::BadLinks;
use crate::web::client;
use crate::web::error::WebError;
use crate::web::respond::see_other;
use crate::web::visit;

/// Swaps a link's token for a visit. Whatever is wrong with a token, the answer is the same.
pub(in crate::web) async fn arrive(
    service: web::Data<Service>,
    bad_links: web::Data<BadLinks>,
    token: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let leaves_note = request.method() == Method::GET;
    let now = service.now();
    let begun = web::block(move || begin(&service, &token, leaves_note)).await?;
    let (arrival, noted) = match begun {
        Ok(begun) => begun,
        Err(ServiceError::NotFound) => {
            bad_links.met(client::address_of(&request), now).await;
            return Err(WebError::LinkRefused);
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(noted) = noted
        && let Err(error) = noted.ready().await
    {
        // The note is the least of it: whoever came to sign is let in all the same.
        tracing::warn!(delivery = %arrival.delivery, %error, "a fetch was not noted");
    }
    led_on(arrival)
}

/// The answer that gives a visit its cookie, and leads to the page.
pub(super) fn led_on(arrival: Arrival) -> Result<HttpResponse, WebError> {
    let mut answer = see_other(&page_path(arrival.delivery));
    let cookie = visit::cookie(arrival.delivery, arrival.cookie, VISIT_LASTS.as_seconds());
    answer.add_cookie(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
    answer
        .headers_mut()
        .insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

fn begin(
    service: &Service,
    token: &str,
    leaves_note: bool,
) -> Result<(Arrival, Option<Answer<bool>>), ServiceError> {
    let arrival = use_case::begin(service, token)?;
    let noted = if leaves_note { note_fetched(service, &arrival)? } else { None };
    Ok((arrival, noted))
}
