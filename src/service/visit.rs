//! Coming by a link: the token is proved, swapped for a visit, and the visit proved again at
//! every request, so that a revoked link stops at once.
//!
//! Reading changes nothing; that some program fetched the page is noted elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Service, ServiceError};
use crate::adapters::secrets::links::{Visit, parse_link_token};
use crate::domain::address::AddressStatus;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Span;
use crate::store::corrections::{link_of_address, successor_find};
use crate::store::deliveries::DeliveryBrief;
use crate::store::links::{Link, link_find, link_list};
use crate::store::{Answer, Gather};

/// A visit by a good link, as its holder's request found it.
#[derive(Debug, Clone)]
pub struct Visiting {
    /// The link.
    pub link: LinkId,
    /// The delivery it opens.
    pub delivery: DeliveryId,
    /// That delivery as it stood when the link was proved, so that nobody reads it twice.
    pub found: Arc<DeliveryBrief>,
    /// Of which notice.
    pub notice: NoticeId,
    /// Where that notice stands.
    pub notice_state: NoticeState,
    /// Which version of it is in force.
    pub version: i32,
    /// The address the link was sent to.
    pub address: AddressId,
    /// Whether that address had been shown to work.
    pub address_is_verified: bool,
    /// The way the link travelled.
    pub channel: String,
    /// What forms of this visit must bring along.
    pub form_token: String,
}

/// A good link that was just come by.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The link.
    pub link: LinkId,
    /// The delivery it opens.
    pub delivery: DeliveryId,
    /// Of which notice.
    pub notice: NoticeId,
    /// Which version of it is in force.
    pub version: i32,
    /// Whether some program came by a link of this delivery before.
    pub was_fetched: bool,
    /// The value of the visit's cookie.
    pub cookie: String,
}

/// How long a visit lasts without coming by the link again.
pub const VISIT_LASTS: Span = Span::hours(12);

fn opens(link: &Link) -> bool {
    link.revoked_at.is_none() && link.address_status.may_be_used()
}

/// Proves a link's token. Changes nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] for every token that opens nothing, whatever the cause.
pub fn begin(service: &Service, token: &str) -> Result<Arrival, ServiceError> {
    let (id, mac) = parse_link_token(token).ok_or(ServiceError::NotFound)?;
    let link = service.store.read(|conn| link_find(conn, id))?.ok_or(ServiceError::NotFound)?;
    let generation = generation(&link);
    if !opens(&link) || !service.keys.verify_link(id, generation, mac) {
        return Err(ServiceError::NotFound);
    }
    let expires = service.now().plus(VISIT_LASTS);
    let visit = Visit { delivery: link.delivery.id, link: id, generation, expires };
    Ok(Arrival {
        link: id,
        delivery: link.delivery.id,
        notice: link.delivery.notice_id,
        version: link.notice_version,
        was_fetched: link.delivery.facts.fetched_at.is_some(),
        cookie: service.keys.visit_token(&visit),
    })
}

/// The visit of the delivery that stands in the place of this one, for the same address; none if
/// the notice in force does not go to the organisation or not to that address.
///
/// # Errors
/// The store's own.
pub fn follow(service: &Service, visiting: &Visiting) -> Result<Option<Arrival>, ServiceError> {
    let old = &visiting.found;
    let found = service.store.read(|conn| {
        let next = successor_find(conn, old.notice_id, old.organization_id)?;
        let Some(delivery) = next.and_then(|next| next.delivery) else { return Ok(None) };
        let link = link_of_address(conn, delivery, visiting.address)?;
        match link {
            Some((id, _)) => link_find(conn, id),
            None => Ok(None),
        }
    })?;
    let Some(link) = found.filter(opens) else { return Ok(None) };
    let expires = service.now().plus(VISIT_LASTS);
    let visit =
        Visit { delivery: link.delivery.id, link: link.id, generation: generation(&link), expires };
    Ok(Some(Arrival {
        link: link.id,
        delivery: link.delivery.id,
        notice: link.delivery.notice_id,
        version: link.notice_version,
        was_fetched: link.delivery.facts.fetched_at.is_some(),
        cookie: service.keys.visit_token(&visit),
    }))
}

/// Visits whose links wait to be read. Cheap to clone; clones lead to the same reader.
#[derive(Clone, Default)]
pub struct Visits(Arc<Gather<LinkId, Option<Link>>>);

/// A visit whose cookie is genuine, while its link is being read.
pub struct Resuming {
    visit: Visit,
    link: Answer<Option<Link>>,
    /// Nobody reads yet: [`read_waiting`] must be run where reading may take its time.
    pub must_read: bool,
}

/// Begins to resume the visit that a cookie keeps: nothing if it keeps none of that delivery.
#[must_use]
pub fn resume(service: &Service, delivery: DeliveryId, cookie: &str) -> Option<Resuming> {
    let visit = service.keys.read_visit(cookie, service.now())?;
    if visit.delivery != delivery {
        return None;
    }
    let (link, must_read) = service.visits.0.ask(visit.link);
    Some(Resuming { visit, link, must_read })
}

/// Reads the links that are waited for, many at once, until nobody waits any more.
pub fn read_waiting(service: &Service) {
    service.visits.0.read_all(|ids| {
        let found = service.store.read(|conn| link_list(conn, ids))?;
        let found: HashMap<LinkId, Link> = found.into_iter().map(|one| (one.id, one)).collect();
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    });
}

/// The visit, if its link still opens that delivery.
///
/// # Errors
/// The store's own.
pub async fn resumed(
    service: &Service,
    resuming: Resuming,
) -> Result<Option<Visiting>, ServiceError> {
    let Resuming { visit, link, .. } = resuming;
    let link = link.ready().await?;
    let delivery = visit.delivery;
    let good = link.filter(|link| {
        opens(link) && generation(link) == visit.generation && link.delivery.id == delivery
    });
    Ok(good.map(|link| Visiting {
        link: link.id,
        delivery,
        notice: link.delivery.notice_id,
        notice_state: link.notice_state,
        version: link.notice_version,
        address: link.address_id,
        address_is_verified: link.address_status == AddressStatus::Verified,
        channel: link.channel,
        form_token: service.keys.form_token(&link.id.to_bytes()),
        found: Arc::new(link.delivery),
    }))
}

fn generation(link: &Link) -> u32 {
    u32::try_from(link.generation).unwrap_or(0)
}
