//! A mailed code comes back. Looking at the page changes nothing; only the form does.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::ids::VerificationId;
use crate::service::Service;
use crate::service::verify_address::{Claim, confirm_code};
use crate::web::address::query;
use crate::web::error::WebError;
use crate::web::forms::PostedByAnyone;
use crate::web::pages::verify::{VerifyOutcome, VerifyPage};
use crate::web::respond::{page, page_with};

/// The form, filled from the link in the mail.
pub(in crate::web) async fn form(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    let check = known_shape(asked.text("check"));
    page(&VerifyPage { check, address: String::new(), outcome: VerifyOutcome::Open })
}

/// An id of a check, or nothing: what else stands in the address is not repeated.
fn known_shape(text: &str) -> String {
    text.parse::<VerificationId>().map_or_else(|_| String::new(), |id| id.to_string())
}

/// Takes the code.
pub(in crate::web) async fn take(
    service: web::Data<Service>,
    posted: PostedByAnyone,
) -> Result<HttpResponse, WebError> {
    let fields = posted.0;
    let check = known_shape(fields.text("check"));
    let address = fields.text("address").to_owned();
    let claim = match check.parse() {
        Ok(id) => Claim::Check(id),
        Err(_) => Claim::Address(address.clone()),
    };
    let code = fields.text("code").to_owned();
    let counted = web::block(move || confirm_code(&service, &claim, &code)).await??;
    let (status, outcome) = match counted {
        true => (StatusCode::OK, VerifyOutcome::Done),
        false => (StatusCode::UNPROCESSABLE_ENTITY, VerifyOutcome::Refused),
    };
    page_with(status, &VerifyPage { check, address, outcome })
}
