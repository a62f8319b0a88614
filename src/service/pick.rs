//! Who gets a notice: the directory as the tree people pick from, and what their ticks amount to.
//!
//! Each organisation gets a notice once; 主送 outweighs 抄送. The reason it is on the list is read
//! from the ticks: a whole group, a whole branch, or one by one.

use std::collections::{BTreeMap, HashSet};

use super::{Service, ServiceError};
use crate::domain::delivery::Addressee;
use crate::domain::escalation::can_be_written_to;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Level, OrganizationKind};
use crate::store::contacts::reach_list;
use crate::store::drafts::Pick;
use crate::store::organizations::{
    OrganizationBrief, organization_alias_list, organization_list, organization_search,
};

/// The whole directory, grouped for picking.
#[derive(Debug, Clone, Default)]
pub struct PickTree {
    /// Groups in the order of the page.
    pub groups: Vec<PickGroup>,
}

/// A group of branches, such as 各市州、县市区党委.
#[derive(Debug, Clone)]
pub struct PickGroup {
    /// Names it in forms.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its branches.
    pub branches: Vec<PickBranch>,
}

/// A branch, such as one 市州 with its counties.
#[derive(Debug, Clone)]
pub struct PickBranch {
    /// Names it in forms.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its organisations, in the order of the directory.
    pub rows: Vec<OrganizationBrief>,
}

/// The ticks, as they came from a form. Ids that name nothing are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticks {
    /// 主送.
    pub primary: HashSet<OrganizationId>,
    /// 抄送.
    pub copy: HashSet<OrganizationId>,
}

impl Ticks {
    /// The ticks of a draft.
    #[must_use]
    pub fn of(picks: &[Pick]) -> Self {
        let of = |wanted| {
            let those = picks.iter().filter(move |pick| pick.addressee == wanted);
            those.map(|pick| pick.organization_id).collect()
        };
        Self { primary: of(Addressee::Primary), copy: of(Addressee::Copy) }
    }

    /// Takes an organisation off both lists.
    pub fn drop_one(&mut self, organization: OrganizationId) {
        self.primary.remove(&organization);
        self.copy.remove(&organization);
    }

    /// Puts organisations on one list and off the other, or (with `None`) off both.
    pub fn tick_all(
        &mut self,
        organizations: impl Iterator<Item = OrganizationId>,
        addressee: Option<Addressee>,
    ) {
        for organization in organizations {
            self.drop_one(organization);
            match addressee {
                Some(Addressee::Primary) => self.primary.insert(organization),
                Some(Addressee::Copy) => self.copy.insert(organization),
                None => false,
            };
        }
    }
}

/// The directory as a tree to pick from.
///
/// # Errors
/// The store's own.
pub fn tree(service: &Service) -> Result<PickTree, ServiceError> {
    Ok(PickTree::of(service.store.read(organization_list)?))
}

/// What a page needs beside the tree.
#[derive(Debug, Clone, Default)]
pub struct TreeNotes {
    /// Other names each is found by.
    pub aliases: BTreeMap<OrganizationId, Vec<String>>,
    /// Those that nothing can be written to.
    pub unreachable: HashSet<OrganizationId>,
    /// Those that a search found; none if nothing was looked for.
    pub found: Option<HashSet<OrganizationId>>,
}

/// Notes on the organisations of a tree, with what `search` finds if it says anything.
///
/// # Errors
/// The store's own.
pub fn notes(service: &Service, tree: &PickTree, search: &str) -> Result<TreeNotes, ServiceError> {
    let ids: Vec<OrganizationId> = tree.rows().map(|row| row.id).collect();
    let open = service.outlets.open();
    service.store.read(|conn| {
        let unreachable = reach_list(conn, &ids)?
            .iter()
            .filter(|reach| !can_be_written_to(reach, open))
            .map(|reach| reach.organization)
            .collect();
        let found = match search.trim() {
            "" => None,
            text => Some(
                organization_search(conn, text)?.iter().map(|hit| hit.organization.id).collect(),
            ),
        };
        Ok(TreeNotes { aliases: organization_alias_list(conn)?, unreachable, found })
    })
}

/// Where an organisation stands among groups and branches; sorts into the order of the page.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    group: Group,
    branch: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Committees,
    Governments,
    Province,
    Zones,
    Other,
}

impl Group {
    const fn of(organization: &OrganizationBrief) -> Self {
        use OrganizationKind as Kind;
        match (organization.kind, organization.level) {
            (Kind::DevelopmentZone, _) => Self::Zones,
            (_, Level::Province) => Self::Province,
            (Kind::PartyCommittee, Level::Prefecture | Level::County) => Self::Committees,
            (Kind::Government, Level::Prefecture | Level::County) => Self::Governments,
            _ => Self::Other,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Committees => "committees",
            Self::Governments => "governments",
            Self::Province => "province",
            Self::Zones => "zones",
            Self::Other => "other",
        }
    }

    const fn name_zh(self) -> &'static str {
        match self {
            Self::Committees => "各市州、县市区党委",
            Self::Governments => "各市州、县市区政府",
            Self::Province => "省直单位",
            Self::Zones => "开发区、管理区",
            Self::Other => "其他单位",
        }
    }
}

/// Digits of a region code that name the prefecture (GB/T 2260).
const PREFECTURE_DIGITS: usize = 4;

impl PickTree {
    /// Groups a directory that comes in the order of its tree.
    #[must_use]
    pub fn of(list: Vec<OrganizationBrief>) -> Self {
        let mut stands: BTreeMap<Stand, Vec<OrganizationBrief>> = BTreeMap::new();
        for organization in list {
            let group = Group::of(&organization);
            let branch = match group {
                Group::Committees | Group::Governments => {
                    organization.region_code.chars().take(PREFECTURE_DIGITS).collect()
                }
                Group::Zones => String::new(),
                Group::Province | Group::Other => {
                    let place = OrganizationKind::ALL
                        .iter()
                        .position(|kind| *kind == organization.kind)
                        .unwrap_or_default();
                    format!("{place:02}")
                }
            };
            stands.entry(Stand { group, branch }).or_default().push(organization);
        }
        let mut groups: Vec<PickGroup> = Vec::new();
        for (Stand { group, branch }, rows) in stands {
            let key = format!("{}-{branch}", group.key());
            let name = branch_name(group, &rows);
            let branch = PickBranch { key, name, rows };
            match groups.last_mut() {
                Some(last) if last.key == group.key() => last.branches.push(branch),
                _ => groups.push(PickGroup {
                    key: group.key().to_owned(),
                    name: group.name_zh().to_owned(),
                    branches: vec![branch],
                }),
            }
        }
        Self { groups }
    }

    /// The organisations of the group or branch of that key.
    pub fn of_key<'t>(&'t self, key: &'t str) -> impl Iterator<Item = OrganizationId> + 't {
        self.groups
            .iter()
            .flat_map(move |group| {
                group.branches.iter().filter(move |it| group.key == key || it.key == key)
            })
            .flat_map(|branch| branch.rows.iter().map(|row| row.id))
    }

    /// Every organisation, in the order of the page.
    pub fn rows(&self) -> impl Iterator<Item = &OrganizationBrief> {
        self.groups.iter().flat_map(|group| &group.branches).flat_map(|branch| &branch.rows)
    }

    /// What the ticks amount to: each organisation once, with why it is on the list, in the
    /// order of the tree.
    #[must_use]
    pub fn resolve(&self, ticks: &Ticks) -> Vec<Pick> {
        let mut picks = Vec::new();
        for group in &self.groups {
            for branch in &group.branches {
                for row in &branch.rows {
                    let addressee = if ticks.primary.contains(&row.id) {
                        Addressee::Primary
                    } else if ticks.copy.contains(&row.id) {
                        Addressee::Copy
                    } else {
                        continue;
                    };
                    let set = match addressee {
                        Addressee::Primary => &ticks.primary,
                        Addressee::Copy => &ticks.copy,
                    };
                    let reason = reason(group, branch, set, addressee);
                    picks.push(Pick { organization_id: row.id, addressee, reason });
                }
            }
        }
        picks
    }
}

/// The name of a branch comes from its head, or from what all in it are.
fn branch_name(group: Group, rows: &[OrganizationBrief]) -> String {
    let head = rows.iter().min_by_key(|row| row.depth);
    match (group, head) {
        (Group::Committees | Group::Governments, Some(head)) if rows.len() > 1 => {
            format!("{}及所辖", head.short_name)
        }
        (Group::Committees | Group::Governments, Some(head)) => head.short_name.clone(),
        (Group::Province | Group::Other, Some(head)) => head.kind.word_zh().to_owned(),
        _ => group.name_zh().to_owned(),
    }
}

/// Why a ticked organisation is on the list, in the words of pages.
fn reason(
    group: &PickGroup,
    branch: &PickBranch,
    ticked: &HashSet<OrganizationId>,
    addressee: Addressee,
) -> String {
    let whole = |branch: &PickBranch| branch.rows.iter().all(|row| ticked.contains(&row.id));
    let size: usize = group.branches.iter().map(|branch| branch.rows.len()).sum();
    let word = addressee.word_zh();
    if size > 1 && group.branches.iter().all(whole) {
        format!("{word}：{}", group.name)
    } else if branch.rows.len() > 1 && whole(branch) {
        format!("{word}：{}", branch.name)
    } else {
        format!("{word}：手工选择")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn row(n: u8, kind: OrganizationKind, level: Level, region: &str) -> OrganizationBrief {
        OrganizationBrief {
            id: OrganizationId::new(Timestamp::default(), [n; 10]),
            code: n.to_string(),
            name: format!("单位{n}"),
            short_name: format!("单位{n}"),
            kind,
            level,
            region_code: region.to_owned(),
            parent: None,
            depth: i32::from(level == Level::County),
            tree_path: n.to_string(),
        }
    }

    fn tree() -> PickTree {
        use OrganizationKind::{Court, PartyCommittee};
        PickTree::of(vec![
            row(1, Court, Level::Province, "430000"),
            row(2, PartyCommittee, Level::Prefecture, "430100"),
            row(3, PartyCommittee, Level::County, "430102"),
            row(4, PartyCommittee, Level::Prefecture, "430200"),
            row(5, PartyCommittee, Level::County, "430202"),
        ])
    }

    fn id(n: u8) -> OrganizationId {
        OrganizationId::new(Timestamp::default(), [n; 10])
    }

    fn reasons(primary: &[u8], copy: &[u8]) -> Vec<(u8, Addressee, String)> {
        let set = |ids: &[u8]| ids.iter().map(|n| id(*n)).collect();
        let picks = tree().resolve(&Ticks { primary: set(primary), copy: set(copy) });
        let number = |known: OrganizationId| (0..9).find(|n| id(*n) == known).unwrap();
        let told = |pick: Pick| (number(pick.organization_id), pick.addressee, pick.reason);
        picks.into_iter().map(told).collect()
    }

    #[test]
    fn a_reason_names_the_largest_whole() {
        let all = "主送：各市州、县市区党委".to_owned();
        let told = reasons(&[2, 3, 4, 5], &[]);
        assert!(told.iter().all(|(_, _, reason)| *reason == all), "{told:?}");
        let told = reasons(&[2, 3, 4], &[1]);
        assert_eq!(told[0].2, "主送：单位2及所辖");
        assert_eq!(told[2], (4, Addressee::Primary, "主送：手工选择".to_owned()));
        assert_eq!(told[3], (1, Addressee::Copy, "抄送：手工选择".to_owned()));
    }

    #[test]
    fn each_organisation_once_and_primary_outweighs_copy() {
        let told = reasons(&[2], &[2, 3]);
        let kinds: Vec<_> = told.iter().map(|(n, addressee, _)| (*n, *addressee)).collect();
        assert_eq!(kinds, [(2, Addressee::Primary), (3, Addressee::Copy)]);
    }

    #[test]
    fn keys_name_groups_and_branches() {
        let tree = tree();
        assert_eq!(tree.of_key("committees").count(), 4);
        assert_eq!(tree.of_key("committees-4301").collect::<Vec<_>>(), [id(2), id(3)]);
        let mut ticks = Ticks::default();
        ticks.tick_all(tree.of_key("committees"), Some(Addressee::Copy));
        ticks.tick_all(tree.of_key("committees-4301"), Some(Addressee::Primary));
        assert_eq!((ticks.primary.len(), ticks.copy.len()), (2, 2));
        ticks.tick_all(tree.of_key("committees"), None);
        assert_eq!(ticks, Ticks::default());
    }
}
