//! Refuses changing requests that another site started.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, or on older ones `Origin`. A
//! request with neither must still bring the form token (`web/forms.rs`), which no other site
//! knows.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::error::WebError;
use super::site::Site;

/// Refuses a request that says it was started elsewhere. Whether a hidden origin is let through
/// depends on whether the form brings a token.
///
/// # Errors
/// [`WebError::CrossSite`].
pub(super) fn require_same(request: &HttpRequest, brings_token: bool) -> Result<(), WebError> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(from) = text("sec-fetch-site") {
        // `none` is the person's own act, such as a reload of the answer to a form.
        return match from {
            "same-origin" | "none" => Ok(()),
            _ => Err(WebError::CrossSite),
        };
    }
    let ours = request.app_data::<actix_web::web::Data<Site>>().map(|site| site.origin());
    // Older browsers say `null` where a policy hides the origin: the form token decides then.
    let same = |origin: &str| ours == Some(origin) || (brings_token && origin == "null");
    let all_same =
        request.headers().get_all(header::ORIGIN).all(|origin| origin.to_str().is_ok_and(same));
    if all_same { Ok(()) } else { Err(WebError::CrossSite) }
}
