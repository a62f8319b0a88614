//! Coming by a link: the token is proved, swapped for a visit, and the visit proved again at
//! every request, so that a revoked link stops at once.
//!
//! Reading changes nothing; that some program fetched the page is noted elsewhere.

use super::{Service, ServiceError};
use crate::adapters::secrets::links::{Visit, parse_link_token};
use crate::domain::ids::{DeliveryId, LinkId};
use crate::domain::time::{Span, Timestamp};
use crate::store::links::{Link, link_find};

/// A visit by a good link.
#[derive(Debug, Clone)]
pub struct Visiting {
    /// The link.
    pub link: LinkId,
    /// The delivery it opens.
    pub delivery: DeliveryId,
    /// What forms of this visit must bring along.
    pub form_token: String,
}

/// How long a visit lasts without coming by the link again.
pub const VISIT_LASTS: Span = Span::hours(12);

fn opens(link: &Link) -> bool {
    link.revoked_at.is_none() && !link.address_retired
}

/// Proves a link's token; the delivery it opens and the value of the visit's cookie.
///
/// # Errors
/// [`ServiceError::NotFound`] for every token that opens nothing, whatever the cause.
pub fn begin(service: &Service, token: &str) -> Result<(DeliveryId, String), ServiceError> {
    let (id, mac) = parse_link_token(token).ok_or(ServiceError::NotFound)?;
    let link = service.store.read(|conn| link_find(conn, id))?.ok_or(ServiceError::NotFound)?;
    let generation = generation(&link);
    if !opens(&link) || !service.keys.verify_link(id, generation, mac) {
        return Err(ServiceError::NotFound);
    }
    let expires = service.now().plus(VISIT_LASTS);
    let visit = Visit { delivery: link.delivery_id, link: id, generation, expires };
    Ok((link.delivery_id, service.keys.visit_token(&visit)))
}

/// The visit a cookie keeps, if its link still opens that delivery.
///
/// # Errors
/// The store's own.
pub fn resume(
    service: &Service,
    delivery: DeliveryId,
    cookie: &str,
) -> Result<Option<Visiting>, ServiceError> {
    let now: Timestamp = service.now();
    let Some(visit) = service.keys.read_visit(cookie, now) else { return Ok(None) };
    if visit.delivery != delivery {
        return Ok(None);
    }
    let link = service.store.read(|conn| link_find(conn, visit.link))?;
    let good = link.filter(|link| opens(link) && generation(link) == visit.generation);
    Ok(good.map(|link| Visiting {
        link: link.id,
        delivery,
        form_token: service.keys.form_token(&link.id.to_bytes()),
    }))
}

fn generation(link: &Link) -> u32 {
    u32::try_from(link.generation).unwrap_or(0)
}
