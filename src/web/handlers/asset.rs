//! Style sheets and scripts, found by their hashed names and kept by browsers for a year.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::web::assets;
use crate::web::error::WebError;

/// One asset.
pub(in crate::web) async fn show(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let name = request.match_info().get("name").unwrap_or_default();
    let asset = assets::lookup(name).ok_or(WebError::NotFound)?;
    let kept = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-store" };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.mime))
        .insert_header((header::CACHE_CONTROL, kept))
        .body(asset.bytes))
}
