//! Looking into the directory: the list, a search, one organisation and how it is reached.

use std::collections::BTreeMap;

use super::{Service, ServiceError};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Level, Organization, Reach};
use crate::store::contacts::reach_list;
use crate::store::duty_tonight::{DutyTonight, duty_tonight_list_of};
use crate::store::organizations::{
    OrganizationBrief, OrganizationHit, organization_find, organization_list,
    organization_list_below, organization_list_of, organization_search,
};

/// The whole directory in the order of the tree, for pickers and trees.
///
/// # Errors
/// The store's own.
pub fn list(service: &Service) -> Result<Vec<OrganizationBrief>, ServiceError> {
    Ok(service.store.read(organization_list)?)
}

/// One page of what was looked for.
#[derive(Debug, Clone)]
pub struct FoundPage {
    /// The organisations of this page with the alias that matched, in the order of the tree.
    pub hits: Vec<OrganizationHit>,
    /// How each of them can be reached, in the same order.
    pub reach: Vec<Reach>,
    /// How many there are in all pages.
    pub found: usize,
    /// How many of each level were found before `level` was applied.
    pub by_level: BTreeMap<Level, usize>,
}

/// Organisations whose name or alias contains `text` (all, if it is empty), of `level` if one is
/// asked for; `page` counts from 0 and has `rows_max` rows.
///
/// # Errors
/// The store's own.
pub fn search(
    service: &Service,
    text: &str,
    level: Option<Level>,
    page: usize,
    rows_max: usize,
) -> Result<FoundPage, ServiceError> {
    let text = text.trim().to_owned();
    Ok(service.store.read(|conn| {
        let mut hits = match text.is_empty() {
            false => organization_search(conn, &text)?,
            true => {
                let unmatched =
                    |organization| OrganizationHit { organization, matched_alias: None };
                organization_list(conn)?.into_iter().map(unmatched).collect()
            }
        };
        let mut by_level = BTreeMap::new();
        for hit in &hits {
            *by_level.entry(hit.organization.level).or_default() += 1;
        }
        hits.retain(|hit| level.is_none_or(|level| hit.organization.level == level));
        let found = hits.len();
        let hits: Vec<OrganizationHit> =
            hits.into_iter().skip(page.saturating_mul(rows_max)).take(rows_max).collect();
        let ids: Vec<OrganizationId> = hits.iter().map(|hit| hit.organization.id).collect();
        let reach = reach_list(conn, &ids)?;
        Ok::<_, crate::store::StoreError>(FoundPage { hits, reach, found, by_level })
    })?)
}

/// One organisation with everything the directory says about it.
#[derive(Debug, Clone)]
pub struct OrganizationView {
    /// The organisation.
    pub organization: Organization,
    /// Who stands above it, where one is declared.
    pub superior: Option<OrganizationBrief>,
    /// The entry above it in the tree.
    pub parent: Option<OrganizationBrief>,
    /// The entries directly below it.
    pub below: Vec<OrganizationBrief>,
    /// How it can be reached.
    pub reach: Reach,
    /// Who answers tonight, as it told through its link.
    pub tonight: Option<DutyTonight>,
    /// Names of the other organisations that its desks receive for.
    pub names: BTreeMap<OrganizationId, String>,
}

/// One organisation.
///
/// # Errors
/// [`ServiceError::NotFound`] if there is none of that id.
pub fn look(service: &Service, id: OrganizationId) -> Result<OrganizationView, ServiceError> {
    let now = service.now();
    service.store.read(|conn| {
        let organization = organization_find(conn, id)?.ok_or(ServiceError::NotFound)?;
        let reach = reach_list(conn, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        let superior = organization.superior.key().copied();
        let mut named: Vec<OrganizationId> =
            reach.desks.iter().flat_map(|desk| desk.organizations.iter().copied()).collect();
        named.extend(superior);
        named.extend(organization.parent);
        named.sort_unstable();
        named.dedup();
        let named: BTreeMap<OrganizationId, OrganizationBrief> =
            organization_list_of(conn, &named)?.into_iter().map(|one| (one.id, one)).collect();
        Ok(OrganizationView {
            superior: superior.and_then(|id| named.get(&id).cloned()),
            parent: organization.parent.and_then(|id| named.get(&id).cloned()),
            below: organization_list_below(conn, id)?,
            names: named.into_iter().map(|(id, one)| (id, one.name)).collect(),
            tonight: duty_tonight_list_of(conn, &[id], now)?.remove(&id),
            organization,
            reach,
        })
    })
}
