//! Coming by a link: the token is proved, swapped for a visit, and the visit proved again at
//! every request, so that a revoked link stops at once.
//!
//! Reading changes nothing; that some program fetched the page is noted elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Service, ServiceError};
use crate::adapters::secrets::links::{Visit, parse_link_token};
use crate::adapters::secrets::shown::Shown;
use crate::domain::address::AddressStatus;
use crate::domain::delivery::DeliveryFacts;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Span;
use crate::store::corrections::{link_of_address, successor_find};
use crate::store::deliveries::{Delivery, DeliveryBrief};
use crate::store::links::{Link, link_find, link_list};
use crate::store::{Answer, Gather};

/// A visit by a good link, as its holder's request found it; or, from [`as_shown`], as the page of
/// the visit showed it.
#[derive(Debug, Clone)]
pub struct Visiting {
    /// The link.
    pub link: LinkId,
    /// Which of its generations was come by.
    pub generation: i32,
    /// The delivery it opens.
    pub delivery: DeliveryId,
    /// That delivery as it stood when the link was proved, so that nobody reads it twice. As
    /// shown, it has no facts but its deadline.
    pub found: Arc<DeliveryBrief>,
    /// Of which notice.
    pub notice: NoticeId,
    /// Where that notice stands; as shown, issued.
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
    link.standing().opens()
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

/// Whoever brings the genuine cookie of a visit. Whether its link still opens the delivery is not
/// known yet.
#[derive(Debug, Clone)]
pub struct Bearer {
    visit: Visit,
    /// The delivery whose page was visited.
    pub delivery: DeliveryId,
    /// What forms of this visit must bring along.
    pub form_token: String,
}

/// The bearer of a cookie: nothing if it keeps no visit of that delivery.
#[must_use]
pub fn bearer(service: &Service, delivery: DeliveryId, cookie: &str) -> Option<Bearer> {
    let visit = service.keys.read_visit(cookie, service.now())?;
    let form_token = service.keys.form_token(&visit.link.to_bytes());
    (visit.delivery == delivery).then_some(Bearer { visit, delivery, form_token })
}

/// The visit as the page showed it that a form comes from: nothing is read, and whether the link
/// still opens anything is not known. Good for one thing: to prepare a signature on, because the
/// write looks at all of it that can change.
#[must_use]
pub fn as_shown(service: &Service, bearer: &Bearer, token: &str) -> Option<Visiting> {
    let visit = &bearer.visit;
    let shown = service.keys.read_shown(token, visit.link, visit.delivery)?;
    let facts = DeliveryFacts { deadline: shown.deadline, ..DeliveryFacts::default() };
    Some(Visiting {
        link: visit.link,
        generation: i32::try_from(visit.generation).ok()?,
        delivery: visit.delivery,
        notice: shown.notice,
        notice_state: NoticeState::Issued,
        version: shown.version,
        address: shown.address,
        address_is_verified: shown.address_is_verified,
        channel: shown.channel,
        form_token: bearer.form_token.clone(),
        found: Arc::new(DeliveryBrief {
            id: visit.delivery,
            notice_id: shown.notice,
            organization_id: shown.organization,
            organization_name: shown.organization_name,
            facts,
        }),
    })
}

impl Visiting {
    /// What a page that shows `version` of the delivery to sign for keeps in its form, for
    /// [`as_shown`].
    #[must_use]
    pub fn shown_token(&self, service: &Service, delivery: &Delivery, version: i32) -> String {
        service.keys.shown_token(&Shown {
            link: self.link,
            delivery: self.delivery,
            notice: delivery.notice_id,
            version,
            organization: delivery.organization_id,
            organization_name: delivery.organization_name.clone(),
            address: self.address,
            address_is_verified: self.address_is_verified,
            channel: self.channel.clone(),
            deadline: delivery.facts.deadline,
        })
    }
}

/// A bearer's visit while its link is being read.
pub struct Resuming {
    bearer: Bearer,
    link: Answer<Option<Link>>,
    /// Nobody reads yet: [`read_waiting`] must be run where reading may take its time.
    pub must_read: bool,
}

/// Begins to prove the visit of a bearer.
#[must_use]
pub fn resume(service: &Service, bearer: Bearer) -> Resuming {
    let (link, must_read) = service.visits.0.ask(bearer.visit.link);
    Resuming { bearer, link, must_read }
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
pub async fn resumed(resuming: Resuming) -> Result<Option<Visiting>, ServiceError> {
    let Resuming { bearer: Bearer { visit, form_token, .. }, link, .. } = resuming;
    let link = link.ready().await?;
    let delivery = visit.delivery;
    let good = link.filter(|link| {
        opens(link) && generation(link) == visit.generation && link.delivery.id == delivery
    });
    Ok(good.map(|link| Visiting {
        link: link.id,
        generation: link.generation,
        delivery,
        notice: link.delivery.notice_id,
        notice_state: link.notice_state,
        version: link.notice_version,
        address: link.address_id,
        address_is_verified: link.address_status == AddressStatus::Verified,
        channel: link.channel,
        form_token,
        found: Arc::new(link.delivery),
    }))
}

fn generation(link: &Link) -> u32 {
    u32::try_from(link.generation).unwrap_or(0)
}
