//! `/health/…`: for whoever keeps the server running. Words only, and nothing secret in them.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::adapters::clock::Stopwatch;
use crate::service::readiness;
use crate::web::error::WebError;
use crate::web::service_of;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The process answers.
pub(in crate::web) async fn live() -> HttpResponse {
    answer(&[])
}

/// Database, tables and files are there.
pub(in crate::web) async fn ready(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let service = service_of(&request)?;
    let missing = web::block(move || readiness::readiness(&service)).await?;
    Ok(answer(&missing))
}

/// Every duty of this server finishes one whole round that began after this question.
pub(in crate::web) async fn engine(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let service = service_of(&request)?;
    let ticket = service.watch.ticket();
    service.bell.ring();
    let began = Stopwatch::start();
    loop {
        let waiting = readiness::not_yet_round(&service, ticket);
        if waiting.is_empty() {
            return Ok(answer(&[]));
        }
        if began.elapsed() >= service.watch.settings.round_within {
            let lines: Vec<String> = waiting
                .iter()
                .map(|duty| format!("{duty}: no whole round in {} ms", began.elapsed().as_millis()))
                .collect();
            return Ok(answer(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn answer(missing: &[&str]) -> HttpResponse {
    let (status, text) = if missing.is_empty() {
        (StatusCode::OK, "ok".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n"))
    };
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text + "\n")
}
