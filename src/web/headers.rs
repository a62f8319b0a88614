//! Headers that every answer carries, errors included: nothing is cached, framed, sniffed or
//! told to other sites, and pages run no script but ours.

use actix_web::middleware::DefaultHeaders;

/// What pages may load: our own styles, scripts and pictures, and nothing else.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The middleware that adds them where a handler did not set its own.
#[must_use]
pub fn on_every_answer(secure: bool) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", PAGE_POLICY))
        .add(("x-content-type-options", "nosniff"))
        // Not `no-referrer`: browsers would then hide our own origin from our own forms.
        .add(("referrer-policy", "same-origin"))
        .add(("x-frame-options", "DENY"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("cross-origin-resource-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), microphone=(), geolocation=()"))
        .add(("cache-control", "no-store"));
    if secure {
        headers.add(("strict-transport-security", "max-age=31536000; includeSubDomains"))
    } else {
        headers
    }
}
