//! 登记查看.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::{Forms, draw, fill, load, page_path};
use crate::service::Service;
use crate::service::register_viewing::{Registered, register_viewing};
use crate::web::error::WebError;
use crate::web::forms::Posted;
use crate::web::pages::signed::ViewForm;
use crate::web::respond::see_other;
use crate::web::visit::{Seat, Visit, seat_cookie};

/// Registers who looked after the signature.
pub(in crate::web) async fn register(
    service: web::Data<Service>,
    visit: Visit,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let fields = posted.0;
    let typed = ["name", "post", "phone"].map(|name| fields.text(name).to_owned());
    let registered = {
        let (service, visit) = (service.clone(), visit.clone());
        let [name, post, phone] = typed.clone();
        web::block(move || register_viewing(&service, &visit, &name, &post, &phone)).await??
    };
    match registered {
        Registered::Yes(event) => {
            let mut answer = see_other(&page_path(visit.delivery));
            let cookie = seat_cookie(visit.delivery, Seat::Viewer(event));
            answer.add_cookie(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
            Ok(answer)
        }
        Registered::NotSigned => Ok(see_other(&page_path(visit.delivery))),
        Registered::Mistaken(faults) => {
            let receiving = load(&service, &visit).await?;
            let [name, post, phone] = &typed;
            let person = fill::person([name, post, phone], faults);
            let view = ViewForm { person, ..ViewForm::default() };
            let forms = Forms { view, ..Forms::default() };
            draw(&receiving, &visit, None, forms, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}
