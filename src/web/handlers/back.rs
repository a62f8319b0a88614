//! A staff form that came back with mistakes stands at the address it was posted to. Whoever asks
//! for that address by a reload or a bookmark is led to the page the form belongs to.
//!
//! Every address that staff posts to is asked for too (the route test compares them); what is
//! foreign or absent looks here as everywhere.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::ids::{AccountId, DeliveryId, NoticeId, OrganizationId};
use crate::service::acts::issued_delivery;
use crate::service::compose::load_whatever_state;
use crate::service::{Service, ServiceError, accounts, directory};
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::respond::see_other;
use crate::web::session::Staff;

type Answer = Result<HttpResponse, WebError>;

/// From the acts on a draft to where it is judged; once it is out, to its board.
pub(in crate::web) async fn notice(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let notice: NoticeId = id(&request, "notice")?;
    let open = web::block(move || load_whatever_state(&service, &staff.account, notice)).await??;
    Ok(see_other(&match open.notice.issued_at {
        None => format!("/notices/{notice}/preview"),
        Some(_) => format!("/notices/{notice}"),
    }))
}

/// From what the duty desk does with the calls of a notice.
pub(in crate::web) async fn duty_of_notice(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let notice: NoticeId = id(&request, "notice")?;
    web::block(move || load_whatever_state(&service, &staff.account, notice)).await??;
    Ok(see_other("/duty"))
}

/// From taking a call.
pub(in crate::web) async fn duty(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    of_own_delivery(service, staff, &request).await?;
    Ok(see_other("/duty"))
}

/// From a decision about a delivery to the page of its call.
pub(in crate::web) async fn call(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let delivery = of_own_delivery(service, staff, &request).await?;
    Ok(see_other(&format!("/deliveries/{delivery}/call")))
}

async fn of_own_delivery(
    service: web::Data<Service>,
    staff: Staff,
    request: &HttpRequest,
) -> Result<DeliveryId, WebError> {
    let delivery: DeliveryId = id(request, "delivery")?;
    web::block(move || issued_delivery(&service, &staff.account, delivery)).await??;
    Ok(delivery)
}

/// From a contact confirmed by telephone.
pub(in crate::web) async fn organization(
    service: web::Data<Service>,
    request: HttpRequest,
) -> Answer {
    let organization: OrganizationId = id(&request, "organization")?;
    web::block(move || directory::look(&service, organization)).await??;
    Ok(see_other(&format!("/directory/{organization}")))
}

/// From an act on an account.
pub(in crate::web) async fn accounts(service: web::Data<Service>, request: HttpRequest) -> Answer {
    let account: AccountId = id(&request, "account")?;
    web::block(move || {
        accounts::find(&service, account)?;
        Ok::<_, ServiceError>(())
    })
    .await??;
    Ok(see_other("/accounts"))
}
