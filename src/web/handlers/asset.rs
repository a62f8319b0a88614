//! Style sheets and scripts, found by their hashed names and kept by browsers for a year.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::web::assets;
use crate::web::error::WebError;

/// One asset.
pub(in crate::web) async fn show(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let asset = assets::lookup(request.path()).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.mime))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.bytes))
}
