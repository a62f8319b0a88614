//! 告知今晚值班.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{fill, load, page_path};
use crate::service::Service;
use crate::service::tell_duty::{TellFaults, Told, tell_duty};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::link_parts::Field;
use crate::web::pages::tell_duty::TellDutyPage;
use crate::web::respond::{page_with, see_other};
use crate::web::visit::Visit;

const TOLD: &str = "told";

/// The form.
pub(in crate::web) async fn form(
    service: web::Data<Service>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let told = request.query_string() == TOLD;
    let nothing = [String::new(), String::new(), String::new()];
    draw(&service, &visit, nothing, TellFaults::default(), told, StatusCode::OK).await
}

/// Keeps it.
pub(in crate::web) async fn tell(
    service: web::Data<Service>,
    visit: Visit,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let typed = ["officer", "leader", "phone"].map(|name| posted.0.text(name).to_owned());
    let done = {
        let (service, visit) = (service.clone(), visit.clone());
        let [officer, leader, phone] = typed.clone();
        web::block(move || tell_duty(&service, &visit, &officer, &leader, &phone)).await??
    };
    match done {
        Told::Yes => Ok(see_other(&format!("{}/duty?{TOLD}", page_path(visit.delivery)))),
        Told::Mistaken(faults) => {
            draw(&service, &visit, typed, faults, false, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn draw(
    service: &web::Data<Service>,
    visit: &Visit,
    typed: [String; 3],
    faults: TellFaults,
    told: bool,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let receiving = load(service, visit).await?;
    let [officer, leader, phone] = typed;
    let field = |value, error| Field { value, error };
    let page = TellDutyPage {
        brief: fill::brief(&receiving),
        action: format!("{}/duty", page_path(visit.delivery)),
        form_token: visit.form_token.clone(),
        told,
        officer: field(officer, faults.officer),
        leader: field(leader, faults.leader),
        phone: field(phone, faults.phone),
    };
    page_with(status, &page)
}
