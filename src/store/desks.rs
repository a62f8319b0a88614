//! Desks: mail rooms and duty desks, and the organisations each receives for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::engine::on_engine;
use super::organizations::texts;
use super::schema::{desk_organizations, desks};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::directory_import::{ImportEffect, PlannedDesk};
use crate::domain::ids::{DeskId, OrganizationId};
use crate::domain::organization::{Desk, DeskKind};
use crate::domain::phone::PhoneNumber;
use crate::domain::working_time::WorkingHours;

#[derive(Queryable)]
struct Found {
    id: DeskId,
    code: String,
    name: String,
    kind: DeskKind,
    round_the_clock: bool,
    hours: Option<WorkingHours>,
    phone: Option<String>,
    night_phone: Option<String>,
}

impl Found {
    fn into_desk(self, organizations: Vec<OrganizationId>) -> Result<Desk, StoreError> {
        let id = self.id;
        let number = |text: Option<String>| {
            text.map(|text| PhoneNumber::parse(&text)).transpose().map_err(|fault| {
                StoreError::Inconsistent {
                    table: "desks",
                    id: id.to_string(),
                    what: fault.to_string(),
                }
            })
        };
        Ok(Desk {
            id,
            code: self.code,
            name: self.name,
            kind: self.kind,
            round_the_clock: self.round_the_clock,
            hours: self.hours,
            phone: number(self.phone)?,
            night_phone: number(self.night_phone)?,
            organizations,
        })
    }
}

/// The desks that receive for each of these organisations, mail rooms first. A desk that receives
/// for several stands in the list of each, and names them all.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a row cannot be read back, else the store's own.
pub fn desk_list_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<Desk>>, StoreError> {
    let mut serving: BTreeSet<DeskId> = BTreeSet::new();
    for chunk in texts(organizations).chunks(ROWS_PER_INSERT_MAX) {
        serving.extend(
            desk_organizations::table
                .filter(desk_organizations::organization_id.eq_any(chunk))
                .select(desk_organizations::desk_id)
                .load::<DeskId>(conn.db())?,
        );
    }
    let serving: Vec<String> = serving.iter().map(ToString::to_string).collect();
    let mut lists: BTreeMap<OrganizationId, Vec<Desk>> = BTreeMap::new();
    for chunk in serving.chunks(ROWS_PER_INSERT_MAX) {
        let mut served: BTreeMap<DeskId, Vec<OrganizationId>> = BTreeMap::new();
        let pairs: Vec<(DeskId, OrganizationId)> = desk_organizations::table
            .filter(desk_organizations::desk_id.eq_any(chunk))
            .select((desk_organizations::desk_id, desk_organizations::organization_id))
            .load(conn.db())?;
        for (desk, organization) in pairs {
            served.entry(desk).or_default().push(organization);
        }
        let found: Vec<Found> = desks::table
            .filter(desks::id.eq_any(chunk))
            .select((
                desks::id,
                desks::code,
                desks::name,
                desks::kind,
                desks::round_the_clock,
                desks::hours,
                desks::phone,
                desks::night_phone,
            ))
            .load(conn.db())?;
        for found in found {
            let mut organizations = served.remove(&found.id).unwrap_or_default();
            organizations.sort_unstable();
            let desk = found.into_desk(organizations)?;
            for organization in &desk.organizations {
                lists.entry(*organization).or_default().push(desk.clone());
            }
        }
    }
    let asked: BTreeSet<&OrganizationId> = organizations.iter().collect();
    lists.retain(|organization, _| asked.contains(organization));
    for list in lists.values_mut() {
        list.sort_by(|a, b| (a.kind, &a.code).cmp(&(b.kind, &b.code)));
    }
    Ok(lists)
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = desks, treat_none_as_default_value = false)]
struct Row {
    id: String,
    code: String,
    name: String,
    kind: String,
    round_the_clock: bool,
    hours: Option<String>,
    phone: Option<String>,
    night_phone: Option<String>,
}

/// Makes the desks say what the plan says. For every organisation of the plan, the desks that
/// receive for it are exactly those that the plan names. `new_ids` are for those that turn out to
/// be new, one for each entry. Returns the id of every desk of the plan by its code.
///
/// # Errors
/// [`StoreError::Inconsistent`] if the plan names an organisation that is not in `organizations`.
pub fn desk_import(
    tx: &mut Tx,
    planned: &[PlannedDesk],
    new_ids: &[DeskId],
    organizations: &HashMap<String, OrganizationId>,
    planned_organizations: &[OrganizationId],
) -> Result<(HashMap<String, DeskId>, ImportEffect), StoreError> {
    let known: HashMap<String, Row> = desks::table
        .select((
            desks::id,
            desks::code,
            desks::name,
            desks::kind,
            desks::round_the_clock,
            desks::hours,
            desks::phone,
            desks::night_phone,
        ))
        .load::<Row>(tx.db())?
        .into_iter()
        .map(|row| (row.code.clone(), row))
        .collect();
    let mut ids = HashMap::new();
    let mut rows = BTreeMap::new();
    let mut wanted_pairs = BTreeSet::new();
    let mut effect = ImportEffect::default();
    let mut changed = BTreeSet::new();
    for (desk, new_id) in planned.iter().zip(new_ids) {
        let row = known.get(&desk.code);
        let id = row.map_or_else(|| new_id.to_string(), |row| row.id.clone());
        for code in &desk.organization_codes {
            let organization = organizations
                .get(code)
                .ok_or_else(|| inconsistent(&desk.code, format!("no organisation {code}")))?;
            wanted_pairs.insert((id.clone(), organization.to_string()));
        }
        let wanted = wanted_row(desk, &id);
        let parsed = id.parse().map_err(|_| inconsistent(&desk.code, format!("id {id}")))?;
        ids.insert(desk.code.clone(), parsed);
        if row.is_none() {
            effect.added += 1;
        } else if row != Some(&wanted) {
            changed.insert(id.clone());
        }
        if row != Some(&wanted) {
            rows.insert(id, wanted);
        }
    }
    let rows: Vec<Row> = rows.into_values().collect();
    row_upsert(tx, &rows)?;
    let touched = pairs_replace(tx, &wanted_pairs, planned_organizations)?;
    let new: BTreeSet<&String> =
        rows.iter().map(|row| &row.id).filter(|id| !changed.contains(*id)).collect();
    let relinked = touched.iter().filter(|id| !new.contains(id) && !changed.contains(*id));
    let of_plan: BTreeSet<String> = ids.values().map(DeskId::to_string).collect();
    effect.changed = changed.len() + relinked.filter(|id| of_plan.contains(*id)).count();
    effect.unchanged = planned.len().saturating_sub(effect.added + effect.changed);
    Ok((ids, effect))
}

fn wanted_row(desk: &PlannedDesk, id: &str) -> Row {
    Row {
        id: id.to_owned(),
        code: desk.code.clone(),
        name: desk.name.clone(),
        kind: desk.kind.as_str().to_owned(),
        round_the_clock: desk.round_the_clock,
        hours: desk.hours.as_ref().map(ToString::to_string),
        phone: desk.phone.as_ref().map(ToString::to_string),
        night_phone: desk.night_phone.as_ref().map(ToString::to_string),
    }
}

fn inconsistent(code: &str, what: String) -> StoreError {
    StoreError::Inconsistent { table: "desks", id: code.to_owned(), what }
}

fn row_upsert(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn => diesel::insert_into(desks::table)
            .values(chunk)
            .on_conflict(desks::id)
            .do_update()
            .set((
                desks::name.eq(excluded(desks::name)),
                desks::kind.eq(excluded(desks::kind)),
                desks::round_the_clock.eq(excluded(desks::round_the_clock)),
                desks::hours.eq(excluded(desks::hours)),
                desks::phone.eq(excluded(desks::phone)),
                desks::night_phone.eq(excluded(desks::night_phone)),
            ))
            .execute(conn))?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = desk_organizations)]
struct PairRow<'p> {
    desk_id: &'p str,
    organization_id: &'p str,
}

/// Makes the desks of these organisations exactly those wanted; the desks this touched.
fn pairs_replace(
    tx: &mut Tx,
    wanted: &BTreeSet<(String, String)>,
    organizations: &[OrganizationId],
) -> Result<BTreeSet<String>, StoreError> {
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for chunk in texts(organizations).chunks(ROWS_PER_INSERT_MAX) {
        known.extend(
            desk_organizations::table
                .filter(desk_organizations::organization_id.eq_any(chunk))
                .select((desk_organizations::desk_id, desk_organizations::organization_id))
                .load::<(String, String)>(tx.db())?,
        );
    }
    let mut gone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (desk, organization) in known.difference(wanted) {
        gone.entry(desk).or_default().push(organization);
    }
    for (desk, organizations) in &gone {
        for chunk in organizations.chunks(ROWS_PER_INSERT_MAX) {
            diesel::delete(
                desk_organizations::table
                    .filter(desk_organizations::desk_id.eq(*desk))
                    .filter(desk_organizations::organization_id.eq_any(chunk.iter().copied())),
            )
            .execute(tx.db())?;
        }
    }
    let rows: Vec<PairRow<'_>> = wanted
        .difference(&known)
        .map(|(desk_id, organization_id)| PairRow { desk_id, organization_id })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(desk_organizations::table).values(chunk).execute(conn))?;
    }
    Ok(wanted.symmetric_difference(&known).map(|(desk, _)| desk.clone()).collect())
}
