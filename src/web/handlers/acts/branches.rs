//! The organisations of an act page by the branches of the picker, and what its buttons do to them
//! without script: 全选, 清空, 填入所选.

use std::collections::BTreeMap;

use crate::domain::ids::OrganizationId;
use crate::service::{Service, ServiceError, pick};
use crate::web::forms::Fields;
use crate::web::pages::acts::{ActBranch, ActRow};
use crate::web::pages::parts::Errors;

/// What a press of a button fills in.
pub(super) const FILL: &str = "fill";

/// Whether the pressed button only ticks or fills, and the act itself is not meant.
pub(in crate::web::handlers) fn only_ticks(fields: &Fields) -> bool {
    let pressed = fields.text("do");
    pressed == FILL || pressed.starts_with("all:") || pressed.starts_with("none:")
}

/// Groups rows by branch, in the order of the picker; the rest stands at the end.
pub(in crate::web::handlers) fn by_branch(
    service: &Service,
    rows: impl IntoIterator<Item = (OrganizationId, ActRow)>,
) -> Result<Vec<ActBranch>, ServiceError> {
    let tree = pick::tree(service)?;
    let mut branches: Vec<ActBranch> = Vec::new();
    let mut places: BTreeMap<OrganizationId, usize> = BTreeMap::new();
    for branch in tree.groups.into_iter().flat_map(|group| group.branches) {
        places.extend(branch.rows.iter().map(|row| (row.id, branches.len())));
        branches.push(ActBranch { key: branch.key, name: branch.name, rows: Vec::new() });
    }
    let mut others =
        ActBranch { key: "others".to_owned(), name: "其他单位".to_owned(), rows: Vec::new() };
    for (organization, row) in rows {
        let place = places.get(&organization).and_then(|place| branches.get_mut(*place));
        place.unwrap_or(&mut others).rows.push(row);
    }
    branches.push(others);
    branches.retain(|branch| !branch.rows.is_empty());
    Ok(branches)
}

/// Does what the pressed button says to the rows.
pub(in crate::web::handlers) fn press(branches: &mut [ActBranch], fields: &Fields) -> Errors {
    let mut errors = Errors::none();
    let pressed = fields.text("do");
    if pressed == FILL {
        fill(branches, fields.text("same"), &mut errors);
        return errors;
    }
    let (ticks, key) = match pressed.split_once(':') {
        Some(("all", key)) => (true, key),
        Some(("none", key)) => (false, key),
        _ => return errors,
    };
    for branch in branches.iter_mut().filter(|branch| branch.key == key) {
        for row in branch.rows.iter_mut().filter(|row| row.spared.is_empty()) {
            row.ticked = ticks;
        }
    }
    errors
}

/// One text into the sentence of every row that is ticked; the ticks have done their work.
fn fill(branches: &mut [ActBranch], same: &str, errors: &mut Errors) {
    if same.is_empty() {
        errors.add("same", "请先写明共同的情况，再填入所选单位");
    }
    let rows = branches.iter_mut().flat_map(|branch| &mut branch.rows);
    let mut meant: Vec<&mut ActRow> = rows.filter(|row| row.ticked).collect();
    if meant.is_empty() {
        errors.add("same", "还没有勾选单位，请先勾选情况相同的单位");
    }
    if !errors.is_empty() {
        return;
    }
    for row in &mut meant {
        row.ticked = false;
        if let Some(sentence) = &mut row.sentence {
            same.clone_into(&mut sentence.text);
            sentence.error.clear();
        }
    }
}
