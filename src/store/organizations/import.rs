//! Takes the organisations of a plan over: one batch for what is new, one for what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::directory_import::{ImportEffect, PlannedOrganization};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Superior;
use crate::domain::organization_tree::TreePlace;
use crate::domain::time::Timestamp;
use crate::store::engine::on_engine;
use crate::store::schema::{organization_aliases, organizations};
use crate::store::{ROWS_PER_INSERT_MAX, StoreError, Tx};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = organizations, treat_none_as_default_value = false)]
struct Row {
    id: String,
    code: String,
    name: String,
    short_name: String,
    kind: String,
    level: String,
    region_code: String,
    parent_id: Option<String>,
    superior_rule: String,
    superior_id: Option<String>,
    working_hours: Option<String>,
    tree_path: String,
    tree_depth: i32,
    changed_at: i64,
}

macro_rules! row_columns {
    () => {
        (
            organizations::id,
            organizations::code,
            organizations::name,
            organizations::short_name,
            organizations::kind,
            organizations::level,
            organizations::region_code,
            organizations::parent_id,
            organizations::superior_rule,
            organizations::superior_id,
            organizations::working_hours,
            organizations::tree_path,
            organizations::tree_depth,
            organizations::changed_at,
        )
    };
}

/// Makes the directory's organisations say what the plan says: the same code is updated, other
/// codes are added, and what the plan does not name keeps its facts and gets its new place.
/// `new_ids` are for those that turn out to be new, one for each entry of the plan; `places` has
/// the place of every organisation there will be. Returns the id of every code.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a place or a code named as parent is missing.
pub fn organization_import(
    tx: &mut Tx,
    planned: &[PlannedOrganization],
    new_ids: &[OrganizationId],
    places: &HashMap<String, TreePlace>,
    now: Timestamp,
) -> Result<(HashMap<String, OrganizationId>, ImportEffect), StoreError> {
    let known: HashMap<String, Row> = organizations::table
        .select(row_columns!())
        .load::<Row>(tx.db())?
        .into_iter()
        .map(|row| (row.code.clone(), row))
        .collect();
    let mut ids: HashMap<String, String> =
        known.iter().map(|(code, row)| (code.clone(), row.id.clone())).collect();
    for (organization, id) in planned.iter().zip(new_ids) {
        ids.entry(organization.code.clone()).or_insert_with(|| id.to_string());
    }
    let renamed = alias_changes(tx, planned, &ids)?;

    let mut effect = ImportEffect::default();
    let (mut strangers, mut rows) = (Vec::new(), Vec::new());
    for organization in planned {
        let wanted = wanted_row(organization, &ids, places, now)?;
        match known.get(&organization.code) {
            None => {
                effect.added += 1;
                strangers.push(without_relatives(&wanted));
                rows.push(wanted);
            }
            Some(row) if says_the_same(row, &wanted) => match renamed.contains_key(&row.id) {
                true => effect.changed += 1,
                false => effect.unchanged += 1,
            },
            Some(_) => {
                effect.changed += 1;
                rows.push(wanted);
            }
        }
    }
    rows.extend(moved_bystanders(&known, planned, places)?);

    // Relatives may stand in a later row or chunk, so everybody is there before any is named.
    row_upsert(tx, &strangers)?;
    row_upsert(tx, &rows)?;
    alias_replace(tx, &renamed)?;
    let parsed = ids.into_iter().map(|(code, id)| match id.parse() {
        Ok(parsed) => Ok((code, parsed)),
        Err(_) => Err(inconsistent(&code, format!("id {id}"))),
    });
    Ok((parsed.collect::<Result<_, _>>()?, effect))
}

fn wanted_row(
    organization: &PlannedOrganization,
    ids: &HashMap<String, String>,
    places: &HashMap<String, TreePlace>,
    now: Timestamp,
) -> Result<Row, StoreError> {
    let id_of = |code: &String| {
        ids.get(code)
            .cloned()
            .ok_or_else(|| inconsistent(&organization.code, format!("no organisation {code}")))
    };
    let place = place_of(&organization.code, places)?;
    Ok(Row {
        id: id_of(&organization.code)?,
        code: organization.code.clone(),
        name: organization.name.clone(),
        short_name: organization.short_name.clone(),
        kind: organization.kind.as_str().to_owned(),
        level: organization.level.as_str().to_owned(),
        region_code: organization.region_code.clone(),
        parent_id: organization.parent.as_ref().map(id_of).transpose()?,
        superior_rule: organization.superior.as_str().to_owned(),
        superior_id: organization.superior.key().map(id_of).transpose()?,
        working_hours: organization.working_hours.as_ref().map(ToString::to_string),
        tree_path: place.tree_path.clone(),
        tree_depth: i32::from(place.depth),
        changed_at: now.as_micros(),
    })
}

fn place_of<'p>(
    code: &str,
    places: &'p HashMap<String, TreePlace>,
) -> Result<&'p TreePlace, StoreError> {
    places.get(code).ok_or_else(|| inconsistent(code, "no place in the tree".to_owned()))
}

fn inconsistent(code: &str, what: String) -> StoreError {
    StoreError::Inconsistent { table: "organizations", id: code.to_owned(), what }
}

fn says_the_same(row: &Row, wanted: &Row) -> bool {
    Row { changed_at: row.changed_at, ..wanted.clone() } == *row
}

fn without_relatives(row: &Row) -> Row {
    let superior_rule = Superior::<String>::Unstated.as_str().to_owned();
    Row { parent_id: None, superior_rule, superior_id: None, ..row.clone() }
}

/// Entries that the plan does not name but whose place it shifts.
fn moved_bystanders(
    known: &HashMap<String, Row>,
    planned: &[PlannedOrganization],
    places: &HashMap<String, TreePlace>,
) -> Result<Vec<Row>, StoreError> {
    let named: HashSet<&str> = planned.iter().map(|one| one.code.as_str()).collect();
    let mut moved = Vec::new();
    for row in known.values().filter(|row| !named.contains(row.code.as_str())) {
        let place = place_of(&row.code, places)?;
        if row.tree_path != place.tree_path {
            let (tree_path, tree_depth) = (place.tree_path.clone(), i32::from(place.depth));
            moved.push(Row { tree_path, tree_depth, ..row.clone() });
        }
    }
    Ok(moved)
}

fn row_upsert(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn => diesel::insert_into(organizations::table)
            .values(chunk)
            .on_conflict(organizations::id)
            .do_update()
            .set((
                organizations::name.eq(excluded(organizations::name)),
                organizations::short_name.eq(excluded(organizations::short_name)),
                organizations::kind.eq(excluded(organizations::kind)),
                organizations::level.eq(excluded(organizations::level)),
                organizations::region_code.eq(excluded(organizations::region_code)),
                organizations::parent_id.eq(excluded(organizations::parent_id)),
                organizations::superior_rule.eq(excluded(organizations::superior_rule)),
                organizations::superior_id.eq(excluded(organizations::superior_id)),
                organizations::working_hours.eq(excluded(organizations::working_hours)),
                organizations::tree_path.eq(excluded(organizations::tree_path)),
                organizations::tree_depth.eq(excluded(organizations::tree_depth)),
                organizations::changed_at.eq(excluded(organizations::changed_at)),
            ))
            .execute(conn))?;
    }
    Ok(())
}

/// The aliases of those entries whose aliases are not what the plan says, by id.
fn alias_changes<'p>(
    tx: &mut Tx,
    planned: &'p [PlannedOrganization],
    ids: &HashMap<String, String>,
) -> Result<BTreeMap<String, BTreeSet<&'p str>>, StoreError> {
    let pairs: Vec<(String, String)> = organization_aliases::table
        .select((organization_aliases::organization_id, organization_aliases::alias))
        .load(tx.db())?;
    let mut known: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (id, alias) in pairs {
        known.entry(id).or_default().insert(alias);
    }
    let wanted = planned.iter().filter_map(|organization| {
        let id = ids.get(&organization.code)?;
        let wanted: BTreeSet<&str> = organization.aliases.iter().map(String::as_str).collect();
        let is_same = match known.get(id) {
            Some(known) => known.iter().map(String::as_str).eq(wanted.iter().copied()),
            None => wanted.is_empty(),
        };
        (!is_same).then(|| (id.clone(), wanted))
    });
    Ok(wanted.collect())
}

#[derive(Insertable)]
#[diesel(table_name = organization_aliases)]
struct AliasRow<'a> {
    organization_id: &'a str,
    alias: &'a str,
}

fn alias_replace(
    tx: &mut Tx,
    changes: &BTreeMap<String, BTreeSet<&str>>,
) -> Result<(), StoreError> {
    let ids: Vec<&String> = changes.keys().collect();
    for chunk in ids.chunks(ROWS_PER_INSERT_MAX) {
        diesel::delete(
            organization_aliases::table
                .filter(organization_aliases::organization_id.eq_any(chunk.iter().copied())),
        )
        .execute(tx.db())?;
    }
    let rows: Vec<AliasRow<'_>> = changes
        .iter()
        .flat_map(|(organization_id, aliases)| {
            aliases.iter().map(move |alias| AliasRow { organization_id, alias })
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(organization_aliases::table).values(chunk).execute(conn))?;
    }
    Ok(())
}
