//! The sheet of organisations: codes and names of their own, parents and superiors that exist.

use std::collections::{HashMap, HashSet};

use super::PlannedOrganization;
use super::fault::{Fault, RowFault};
use super::sheet::{ByCode, Row, Sheet, each_row};
use crate::domain::organization_tree::{TreeFault, TreeNode, tree_order};

pub(super) const COLUMNS: &[&str] = &[
    "code",
    "name",
    "short_name",
    "aliases",
    "kind",
    "level",
    "region_code",
    "parent_code",
    "superior",
    "working_hours",
];

const REGION_CODE_DIGITS: usize = 6;

pub(super) fn read(table: &crate::domain::table::Table, faults: &mut Vec<RowFault>) -> Rows {
    let mut rows = Rows::new();
    let mut names: HashMap<String, u64> = HashMap::new();
    each_row(Sheet::Organizations, table, faults, |row| {
        let Some(organization) = read_row(row) else { return };
        let (number, code) = (row.number, organization.code.clone());
        if let Some(earlier) = names.insert(organization.name.clone(), number) {
            row.refuse("name", Fault::Duplicate(organization.name.clone(), earlier));
        }
        if let Err(earlier) = rows.add(number, &code, organization) {
            row.refuse("code", Fault::Duplicate(code, earlier));
        }
    });
    check_references(&rows, faults);
    rows
}

pub(super) type Rows = ByCode<PlannedOrganization>;

fn read_row(row: &mut Row<'_>) -> Option<PlannedOrganization> {
    // Every cell is looked at before any is given up, so that one pass names all faults.
    let code = row.required_code("code");
    let name = row.required_name("name");
    let short_name = row.name("short_name");
    let aliases = row.list("aliases");
    let kind = row.word("kind");
    let level = row.word("level");
    let region_code = row.required_name("region_code").filter(|text| {
        let fits = text.len() == REGION_CODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if !fits {
            row.refuse("region_code", Fault::BadRegionCode(text.clone()));
        }
        fits
    });
    let parent = row.code("parent_code");
    let superior = row.superior("superior");
    let working_hours = row.parsed("working_hours", str::parse, |_, why| Fault::Hours(why));
    let name = name?;
    Some(PlannedOrganization {
        code: code?,
        short_name: short_name.unwrap_or_else(|| name.clone()),
        name,
        aliases,
        kind: kind?,
        level: level?,
        region_code: region_code?,
        parent,
        superior,
        working_hours,
        depth: 0,
        tree_path: String::new(),
    })
}

fn check_references(rows: &Rows, faults: &mut Vec<RowFault>) {
    let parent = |organization: &PlannedOrganization| organization.parent.clone();
    let superior = |organization: &PlannedOrganization| organization.superior.key().cloned();
    check_chain(rows, "parent_code", parent, faults);
    check_chain(rows, "superior", superior, faults);
}

/// Every code in the column exists, and following them never leads back.
fn check_chain(
    rows: &Rows,
    column: &str,
    above: impl Fn(&PlannedOrganization) -> Option<String>,
    faults: &mut Vec<RowFault>,
) {
    let mut refuse = |row: u64, fault| {
        let (sheet, column) = (Sheet::Organizations, Some(column.to_owned()));
        faults.push(RowFault { sheet, row, column, fault });
    };
    let mut settled: HashSet<String> = HashSet::new();
    for (number, organization) in &rows.rows {
        if let Some(code) = above(organization).filter(|code| rows.get(code).is_none()) {
            refuse(*number, Fault::UnknownReference(code, Sheet::Organizations.file_name()));
        }
        let mut path: Vec<String> = Vec::new();
        let mut next = Some(organization.code.clone());
        while let Some(code) = next.filter(|code| !settled.contains(code)) {
            if let Some(start) = path.iter().position(|seen| *seen == code) {
                let circle = path.get(start..).unwrap_or_default().join(" → ");
                refuse(*number, Fault::Circle(format!("{circle} → {code}")));
                break;
            }
            next = rows.get(&code).and_then(&above);
            path.push(code);
        }
        settled.extend(path);
    }
}

/// Gives each organisation its place and puts them into the order of the tree.
pub(super) fn in_tree_order(
    mut organizations: Vec<PlannedOrganization>,
) -> Result<Vec<PlannedOrganization>, TreeFault> {
    let nodes: Vec<TreeNode<'_>> = organizations.iter().map(PlannedOrganization::node).collect();
    let places = tree_order(&nodes)?;
    for (organization, place) in organizations.iter_mut().zip(places) {
        organization.depth = place.depth;
        organization.tree_path = place.tree_path;
    }
    organizations.sort_by(|a, b| a.tree_path.cmp(&b.tree_path));
    Ok(organizations)
}

impl PlannedOrganization {
    /// What decides its place in the tree.
    #[must_use]
    pub fn node(&self) -> TreeNode<'_> {
        let (code, region_code) = (self.code.as_str(), self.region_code.as_str());
        TreeNode { code, parent: self.parent.as_deref(), region_code, kind: self.kind }
    }
}
