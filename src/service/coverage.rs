//! Who could not be reached: the whole directory looked over, in a handful of statements however
//! many organisations there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Service, ServiceError};
use crate::domain::coverage::{Lack, lacks};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Superior;
use crate::domain::reach::Hours;
use crate::domain::time::Timestamp;
use crate::domain::verification::is_due;
use crate::domain::working_time::{ClockTime, WorkingHours};
use crate::store::StoreError;
use crate::store::contacts::reach_list;
use crate::store::organizations::{OrganizationBrief, organization_list, organization_superiors};
use crate::store::verifications::address_standings;

/// The hour that stands for the night.
const NIGHT: &str = "02:00";

/// The directory, looked over.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// Organisations in all.
    pub total: usize,
    /// How many lack each thing.
    pub counts: BTreeMap<Lack, usize>,
    /// Organisations that lack anything (or the thing asked for), in the order of the tree.
    pub rows: Vec<(OrganizationBrief, Vec<Lack>)>,
    /// When it was looked.
    pub at: Timestamp,
}

/// Looks the directory over; `only` leaves the organisations that lack just that.
///
/// # Errors
/// The store's own.
pub fn look_over(service: &Service, only: Option<Lack>) -> Result<Coverage, ServiceError> {
    let now = service.now();
    let night = NIGHT.parse().map_or(now, |hour: ClockTime| hour.next_from(now));
    let calendar = service.rules.calendar();
    let usual = WorkingHours::usual();
    let hours = Hours { calendar: &calendar, default: &usual };
    let (all, reach, superiors, due) = service.store.read(|conn| {
        let all = organization_list(conn)?;
        let ids: Vec<OrganizationId> = all.iter().map(|one| one.id).collect();
        let reach = reach_list(conn, &ids)?;
        let superiors = organization_superiors(conn, &ids)?;
        let due: BTreeSet<OrganizationId> = address_standings(conn, None)?
            .into_iter()
            .filter(|one| is_due(one.status, one.status_at, now))
            .map(|one| one.organization)
            .collect();
        Ok::<_, StoreError>((all, reach, superiors, due))
    })?;
    let total = all.len();
    let mut counts: BTreeMap<Lack, usize> = Lack::ALL.iter().map(|lack| (*lack, 0)).collect();
    let mut rows = Vec::new();
    for (organization, reach) in all.into_iter().zip(&reach) {
        let superior = superiors.get(&organization.id).unwrap_or(&Superior::Unstated);
        let mut found = lacks(reach, superior, &hours, (now, night));
        if due.contains(&organization.id) {
            found.push(Lack::Due);
        }
        for lack in &found {
            *counts.entry(*lack).or_default() += 1;
        }
        if only.map_or(!found.is_empty(), |only| found.contains(&only)) {
            rows.push((organization, found));
        }
    }
    Ok(Coverage { total, counts, rows, at: now })
}
