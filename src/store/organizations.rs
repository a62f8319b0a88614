//! The directory's organisations: taken over from sheets, listed in tree order, searched.
//!
//! Never here: where an entry stands in the tree; `domain/organization_tree.rs` computes places.

use std::collections::{BTreeMap, HashSet};

use diesel::prelude::*;

use super::schema::{organization_aliases, organizations};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Level, Organization, OrganizationKind, Superior};
use crate::domain::working_time::WorkingHours;

mod import;

pub use import::organization_import;

diesel::define_sql_function! {
    /// Lower case, of ASCII at least.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text
}

/// An organisation as lists need it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OrganizationBrief {
    /// Identity.
    pub id: OrganizationId,
    /// The key by which sheets name it.
    pub code: String,
    /// Full legal name.
    pub name: String,
    /// Usual short name.
    pub short_name: String,
    /// What it is.
    pub kind: OrganizationKind,
    /// Level of its region.
    pub level: Level,
    /// Six digits of GB/T 2260.
    pub region_code: String,
    /// The entry above it in the tree.
    pub parent: Option<OrganizationId>,
    /// Steps below the root of its tree.
    pub depth: i32,
    /// Sorts as text into the order of the tree.
    pub tree_path: String,
}

macro_rules! brief_columns {
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
            organizations::tree_depth,
            organizations::tree_path,
        )
    };
}

/// Every organisation, in the order of the tree.
///
/// # Errors
/// The store's own.
pub fn organization_list(conn: &mut Conn) -> Result<Vec<OrganizationBrief>, StoreError> {
    Ok(organizations::table
        .filter(organizations::retired_at.is_null())
        .order(organizations::tree_path)
        .select(brief_columns!())
        .load(conn.db())?)
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationHit {
    /// The organisation.
    pub organization: OrganizationBrief,
    /// The first alias that matched, where neither name did.
    pub matched_alias: Option<String>,
}

/// Organisations whose name, short name or an alias contains `text`, in the order of the tree.
/// Letters match in either case; `%` and `_` stand for themselves.
///
/// # Errors
/// The store's own.
pub fn organization_search(
    conn: &mut Conn,
    text: &str,
) -> Result<Vec<OrganizationHit>, StoreError> {
    let pattern = contains_pattern(text);
    let by_name: HashSet<OrganizationId> = organizations::table
        .filter(
            lower(organizations::name).like(&pattern).escape('\\').or(lower(
                organizations::short_name,
            )
            .like(&pattern)
            .escape('\\')),
        )
        .select(organizations::id)
        .load::<OrganizationId>(conn.db())?
        .into_iter()
        .collect();
    let mut aliases: BTreeMap<OrganizationId, String> = BTreeMap::new();
    let matched: Vec<(OrganizationId, String)> = organization_aliases::table
        .filter(lower(organization_aliases::alias).like(&pattern).escape('\\'))
        .order((organization_aliases::organization_id, organization_aliases::alias))
        .select((organization_aliases::organization_id, organization_aliases::alias))
        .load(conn.db())?;
    for (id, alias) in matched {
        aliases.entry(id).or_insert(alias);
    }
    let hits = organization_list(conn)?.into_iter().filter_map(|organization| {
        let alias = aliases.remove(&organization.id);
        match by_name.contains(&organization.id) {
            true => Some(OrganizationHit { organization, matched_alias: None }),
            false => {
                alias.map(|alias| OrganizationHit { organization, matched_alias: Some(alias) })
            }
        }
    });
    Ok(hits.collect())
}

fn contains_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars().flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[derive(Queryable)]
struct Found {
    brief: OrganizationBrief,
    superior_rule: String,
    superior_id: Option<OrganizationId>,
    working_hours: Option<WorkingHours>,
}

/// The organisation of that id, with its aliases.
///
/// # Errors
/// The store's own.
pub fn organization_find(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let found: Option<Found> = organizations::table
        .filter(organizations::id.eq(id.to_string()))
        .select((
            brief_columns!(),
            organizations::superior_rule,
            organizations::superior_id,
            organizations::working_hours,
        ))
        .first(conn.db())
        .optional()?;
    let Some(Found { brief, superior_rule, superior_id, working_hours }) = found else {
        return Ok(None);
    };
    let aliases: Vec<String> = organization_aliases::table
        .filter(organization_aliases::organization_id.eq(id.to_string()))
        .order(organization_aliases::alias)
        .select(organization_aliases::alias)
        .load(conn.db())?;
    let superior = read_superior(&superior_rule, superior_id);
    Ok(Some(Organization {
        id,
        code: brief.code,
        name: brief.name,
        short_name: brief.short_name,
        aliases,
        kind: brief.kind,
        level: brief.level,
        region_code: brief.region_code,
        parent: brief.parent,
        superior,
        working_hours,
        depth: u16::try_from(brief.depth).unwrap_or(u16::MAX),
        tree_path: brief.tree_path,
    }))
}

/// The aliases of every organisation that has some.
///
/// # Errors
/// The store's own.
pub fn organization_alias_list(
    conn: &mut Conn,
) -> Result<BTreeMap<OrganizationId, Vec<String>>, StoreError> {
    let rows: Vec<(OrganizationId, String)> = organization_aliases::table
        .order((organization_aliases::organization_id, organization_aliases::alias))
        .select((organization_aliases::organization_id, organization_aliases::alias))
        .load(conn.db())?;
    let mut aliases: BTreeMap<OrganizationId, Vec<String>> = BTreeMap::new();
    for (id, alias) in rows {
        aliases.entry(id).or_default().push(alias);
    }
    Ok(aliases)
}

/// What is declared about who stands above each of these organisations.
///
/// # Errors
/// The store's own.
pub fn organization_superiors(
    conn: &mut Conn,
    ids: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Superior<OrganizationId>>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<(OrganizationId, String, Option<OrganizationId>)> = organizations::table
            .filter(organizations::id.eq_any(chunk))
            .select((organizations::id, organizations::superior_rule, organizations::superior_id))
            .load(conn.db())?;
        let read = |(id, rule, key): (_, String, _)| (id, read_superior(&rule, key));
        found.extend(rows.into_iter().map(read));
    }
    Ok(found)
}

fn read_superior(rule: &str, key: Option<OrganizationId>) -> Superior<OrganizationId> {
    match (rule, key) {
        ("declared", Some(superior)) => Superior::Declared(superior),
        ("none", None) => Superior::None,
        _ => Superior::Unstated,
    }
}

/// The organisations of these ids, in the order of the tree; ids that name none are left out.
///
/// # Errors
/// The store's own.
pub fn organization_list_of(
    conn: &mut Conn,
    ids: &[OrganizationId],
) -> Result<Vec<OrganizationBrief>, StoreError> {
    let mut found: Vec<OrganizationBrief> = Vec::with_capacity(ids.len());
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        found.extend(
            organizations::table
                .filter(organizations::id.eq_any(chunk))
                .select(brief_columns!())
                .load::<OrganizationBrief>(conn.db())?,
        );
    }
    found.sort_by(|a, b| a.tree_path.cmp(&b.tree_path));
    Ok(found)
}

/// The organisations directly below one, in the order of the tree.
///
/// # Errors
/// The store's own.
pub fn organization_list_below(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<Vec<OrganizationBrief>, StoreError> {
    Ok(organizations::table
        .filter(organizations::parent_id.eq(id.to_string()))
        .filter(organizations::retired_at.is_null())
        .order(organizations::tree_path)
        .select(brief_columns!())
        .load(conn.db())?)
}

/// The organisation with that code.
///
/// # Errors
/// The store's own.
pub fn organization_find_by_code(
    conn: &mut Conn,
    code: &str,
) -> Result<Option<OrganizationBrief>, StoreError> {
    Ok(organizations::table
        .filter(organizations::code.eq(code))
        .select(brief_columns!())
        .first(conn.db())
        .optional()?)
}

pub(super) fn texts(ids: &[OrganizationId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
