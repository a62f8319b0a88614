//! Puts organisations into the order of a tree: each parent directly before its branch, siblings
//! by kind, then region code, then code.
//!
//! Each gets a `tree_path` of digits alone, so that `order by tree_path` gives the same order
//! under every collation, and `like 'path%'` is the whole branch. A path depends on the siblings:
//! compute it over the whole directory whenever an entry is added or moves.

use std::collections::HashMap;

use super::organization::OrganizationKind;

const SIBLINGS_MAX: usize = 9_999;

/// What decides the place of an organisation.
#[derive(Debug, Clone, Copy)]
pub struct TreeNode<'a> {
    /// Its own key, unique in the tree.
    pub code: &'a str,
    /// Key of the entry above it.
    pub parent: Option<&'a str>,
    /// Region code.
    pub region_code: &'a str,
    /// What it is.
    pub kind: OrganizationKind,
}

/// The place of an organisation in the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreePlace {
    /// Steps below its root.
    pub depth: u16,
    /// Four digits for each step from its root.
    pub tree_path: String,
}

/// Why organisations form no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// A parent is not among the nodes.
    #[error("organisation {code:?} names the parent {parent:?}, which does not exist")]
    UnknownParent {
        /// Who names it.
        code: String,
        /// What it names.
        parent: String,
    },
    /// An entry stands below itself.
    #[error("organisation {code:?} stands below itself; correct one parent in its line")]
    Cycle {
        /// The first such entry by code.
        code: String,
    },
    /// More entries below one parent than a path can count.
    #[error("more than {SIBLINGS_MAX} organisations stand below one parent; group them")]
    TooManySiblings,
}

/// Places for `nodes`, in the order of `nodes`.
///
/// # Errors
/// The nodes form no tree.
pub fn tree_order(nodes: &[TreeNode<'_>]) -> Result<Vec<TreePlace>, TreeFault> {
    let known: HashMap<&str, usize> = nodes.iter().enumerate().map(|(i, n)| (n.code, i)).collect();
    let mut children: HashMap<Option<&str>, Vec<(usize, &TreeNode<'_>)>> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent.filter(|parent| !known.contains_key(parent)) {
            let (code, parent) = (node.code.to_owned(), parent.to_owned());
            return Err(TreeFault::UnknownParent { code, parent });
        }
        children.entry(node.parent).or_default().push((index, node));
    }
    for siblings in children.values_mut() {
        if siblings.len() > SIBLINGS_MAX {
            return Err(TreeFault::TooManySiblings);
        }
        siblings.sort_by_key(|(_, node)| (node.kind, node.region_code, node.code));
    }

    let mut places: Vec<Option<TreePlace>> = vec![None; nodes.len()];
    // Parents whose children are still to be placed, with their own place.
    let mut open: Vec<(Option<&str>, Option<TreePlace>)> = vec![(None, None)];
    while let Some((parent, above)) = open.pop() {
        let siblings = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
        for (ordinal, (index, node)) in (1..).zip(siblings) {
            let place = below(above.as_ref(), ordinal);
            open.push((Some(node.code), Some(place.clone())));
            if let Some(slot) = places.get_mut(*index) {
                *slot = Some(place);
            }
        }
    }
    // What no root leads to goes round in a circle.
    let lost = nodes.iter().zip(&places).filter(|(_, place)| place.is_none());
    if let Some(code) = lost.map(|(node, _)| node.code).min() {
        return Err(TreeFault::Cycle { code: code.to_owned() });
    }
    Ok(places.into_iter().flatten().collect())
}

fn below(above: Option<&TreePlace>, ordinal: usize) -> TreePlace {
    match above {
        None => TreePlace { depth: 0, tree_path: format!("{ordinal:04}") },
        Some(place) => TreePlace {
            depth: place.depth.saturating_add(1),
            tree_path: format!("{}{ordinal:04}", place.tree_path),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node<'a>(
        code: &'a str,
        parent: Option<&'a str>,
        region_code: &'a str,
        kind: OrganizationKind,
    ) -> TreeNode<'a> {
        TreeNode { code, parent, region_code, kind }
    }

    #[test]
    fn a_branch_follows_its_parent_and_siblings_follow_kind_then_region() {
        use OrganizationKind::{DevelopmentZone, Government, PartyCommittee, PartyDepartment};
        let nodes = [
            node("zone", Some("zhuzhou"), "430201", DevelopmentZone),
            node("gov", None, "430000", Government),
            node("dept", Some("party"), "430000", PartyDepartment),
            node("zhuzhou", Some("party"), "430200", PartyCommittee),
            node("you", Some("zhuzhou"), "430223", PartyCommittee),
            node("party", None, "430000", PartyCommittee),
            node("changsha", Some("party"), "430100", PartyCommittee),
        ];
        let places = tree_order(&nodes).unwrap();
        let mut shown: Vec<_> = nodes.iter().zip(&places).collect();
        shown.sort_by(|a, b| a.1.tree_path.cmp(&b.1.tree_path));
        let shown: Vec<_> = shown.iter().map(|(n, p)| (n.code, p.depth)).collect();
        let wanted = [
            ("party", 0),
            ("changsha", 1),
            ("zhuzhou", 1),
            ("you", 2),
            ("zone", 2),
            ("dept", 1),
            ("gov", 0),
        ];
        assert_eq!(shown, wanted);
        assert_eq!(places[0].tree_path, "000100020002");
    }

    #[test]
    fn a_circle_and_an_unknown_parent_are_named() {
        let kind = OrganizationKind::Government;
        let circle = [
            node("root", None, "430000", kind),
            node("b", Some("a"), "430000", kind),
            node("a", Some("b"), "430000", kind),
        ];
        assert_eq!(tree_order(&circle), Err(TreeFault::Cycle { code: "a".into() }));
        let orphan = [node("a", Some("nobody"), "430000", kind)];
        assert!(matches!(tree_order(&orphan), Err(TreeFault::UnknownParent { .. })));
    }
}
