//! The recipient picker: a tree of organisations with two tick boxes each, 主送 and 抄送.
//!
//! Works as a plain form: every box is posted whether its branch is open or hidden by a search,
//! and 全选 are submit buttons. The script `picker.js` only adds live counts and filtering.
//! Never here: which organisations exist or who may be reached; the caller says.

/// One organisation in the tree.
#[derive(Clone, Debug)]
pub struct PickRow {
    /// The organisation's id, posted as `to` or `cc`.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Region code or number, shown in soft ink; may be empty.
    pub code: String,
    /// Aliases and pinyin initials the search should also find, separated by spaces.
    pub aliases: String,
    /// Indentation below the branch: 0 for its head, 1 for what is under it.
    pub depth: u8,
    /// Ticked as 主送.
    pub primary: bool,
    /// Ticked as 抄送.
    pub copy: bool,
    /// Nobody there has a verified way.
    pub unreachable: bool,
    /// Whether the search finds it; without a search, true. Hidden rows keep their ticks.
    pub shown: bool,
}

/// A branch that opens and closes: one 市州 with its counties, or the bodies of one kind.
#[derive(Clone, Debug)]
pub struct PickBranch {
    /// Key of the 全选 buttons: posted as `do=all:{key}`, `do=copy:{key}`, `do=none:{key}`.
    pub key: String,
    /// E.g. 长沙市及所辖县市区.
    pub name: String,
    /// Whether it starts open (a search found something in it).
    pub open: bool,
    /// Its organisations in order.
    pub rows: Vec<PickRow>,
}

/// A group of branches, e.g. 各市州、县市区党委.
#[derive(Clone, Debug)]
pub struct PickGroup {
    /// Key of the 全选 buttons, as in [`PickBranch::key`].
    pub key: String,
    /// Its name, used in chips.
    pub name: String,
    /// Its branches.
    pub branches: Vec<PickBranch>,
}

/// The whole picker.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    /// What the search field holds.
    pub search: String,
    /// The tree.
    pub groups: Vec<PickGroup>,
}

/// What has been chosen, summed up: a whole group, a whole branch, or one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// E.g. 各市州、县市区党委.
    pub name: String,
    /// How many organisations it stands for.
    pub count: usize,
    /// Posted by its ✕ as `do`: `none:{key}` or `drop:{organisation}`.
    pub remove: String,
}

/// Chips for single organisations beyond which the rest is one number.
const SINGLE_CHIPS_MAX: usize = 12;

impl PickBranch {
    /// How many are ticked as 主送.
    #[must_use]
    pub fn primary_count(&self) -> usize {
        self.rows.iter().filter(|row| row.primary).count()
    }

    /// How many are ticked as 抄送.
    #[must_use]
    pub fn copy_count(&self) -> usize {
        self.rows.iter().filter(|row| row.copy).count()
    }

    /// Whether the search leaves anything of it to see.
    #[must_use]
    pub fn shown(&self) -> bool {
        self.rows.iter().any(|row| row.shown)
    }
}

impl PickGroup {
    /// How many organisations it holds.
    #[must_use]
    pub fn total(&self) -> usize {
        self.rows().count()
    }

    /// How many are ticked as 主送.
    #[must_use]
    pub fn primary_count(&self) -> usize {
        self.rows().filter(|row| row.primary).count()
    }

    /// How many are ticked as 抄送.
    #[must_use]
    pub fn copy_count(&self) -> usize {
        self.rows().filter(|row| row.copy).count()
    }

    /// Whether the search leaves anything of it to see.
    #[must_use]
    pub fn shown(&self) -> bool {
        self.rows().any(|row| row.shown)
    }

    fn rows(&self) -> impl Iterator<Item = &PickRow> {
        self.branches.iter().flat_map(|branch| &branch.rows)
    }
}

impl Picker {
    /// How many are ticked as 主送.
    #[must_use]
    pub fn primary_count(&self) -> usize {
        self.rows().filter(|row| row.primary).count()
    }

    /// How many are ticked as 抄送 and not also as 主送.
    #[must_use]
    pub fn copy_count(&self) -> usize {
        self.rows().filter(|row| row.copy && !row.primary).count()
    }

    /// Names ticked twice. They get the notice once, as 主送.
    #[must_use]
    pub fn duplicates(&self) -> Vec<&str> {
        self.rows().filter(|row| row.primary && row.copy).map(|row| row.name.as_str()).collect()
    }

    /// How many the search finds.
    #[must_use]
    pub fn found(&self) -> usize {
        self.rows().filter(|row| row.shown).count()
    }

    /// Chips of 主送, whole groups and branches first.
    #[must_use]
    pub fn primary_chips(&self) -> Vec<Chip> {
        self.chips(|row| row.primary)
    }

    /// Chips of 抄送.
    #[must_use]
    pub fn copy_chips(&self) -> Vec<Chip> {
        self.chips(|row| row.copy)
    }

    fn chips(&self, ticked: impl Fn(&PickRow) -> bool) -> Vec<Chip> {
        let (mut wholes, mut singles) = (Vec::new(), Vec::new());
        for group in &self.groups {
            if group.total() > 1 && group.rows().all(&ticked) {
                wholes.push(chip(&group.name, group.total(), format!("none:{}", group.key)));
                continue;
            }
            for branch in &group.branches {
                if branch.rows.len() > 1 && branch.rows.iter().all(&ticked) {
                    let remove = format!("none:{}", branch.key);
                    wholes.push(chip(&branch.name, branch.rows.len(), remove));
                    continue;
                }
                let alone = branch.rows.iter().filter(|row| ticked(row));
                singles.extend(alone.map(|row| chip(&row.name, 1, format!("drop:{}", row.id))));
            }
        }
        let rest = singles.len().saturating_sub(SINGLE_CHIPS_MAX);
        singles.truncate(SINGLE_CHIPS_MAX);
        wholes.append(&mut singles);
        if rest > 0 {
            wholes.push(chip("另选单位", rest, String::new()));
        }
        wholes
    }

    fn rows(&self) -> impl Iterator<Item = &PickRow> {
        self.groups.iter().flat_map(PickGroup::rows)
    }
}

fn chip(name: &str, count: usize, remove: String) -> Chip {
    Chip { name: name.to_owned(), count, remove }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(key: &str, ticks: &[bool]) -> PickBranch {
        let rows = ticks.iter().enumerate().map(|(i, &primary)| PickRow {
            id: format!("{key}{i}"),
            name: format!("{key}{i}委"),
            code: String::new(),
            aliases: String::new(),
            depth: u8::from(i > 0),
            primary,
            copy: key == "b" && i == 0,
            unreachable: false,
            shown: true,
        });
        PickBranch { key: key.into(), name: key.into(), open: false, rows: rows.collect() }
    }

    fn picker(branches: Vec<PickBranch>) -> Picker {
        let group = PickGroup { key: "g".into(), name: "各市州".into(), branches };
        Picker { search: String::new(), groups: vec![group] }
    }

    #[test]
    fn chips_say_the_largest_whole_that_is_ticked() {
        let whole = picker(vec![branch("a", &[true, true]), branch("b", &[true, true])]);
        assert_eq!(whole.primary_chips(), [chip("各市州", 4, "none:g".into())]);
        let part = picker(vec![branch("a", &[true, true]), branch("b", &[true, false])]);
        let expected = [chip("a", 2, "none:a".into()), chip("b0委", 1, "drop:b0".into())];
        assert_eq!(part.primary_chips(), expected);
    }

    #[test]
    fn who_is_ticked_twice_is_counted_once() {
        let picker = picker(vec![branch("a", &[true, false]), branch("b", &[true, true])]);
        assert_eq!(picker.duplicates(), ["b0委"]);
        assert_eq!((picker.primary_count(), picker.copy_count()), (3, 0));
    }

    #[test]
    fn many_single_ticks_end_in_a_number() {
        let ticks: Vec<bool> = (0..40).map(|i| i != 0).collect();
        let chips = picker(vec![branch("a", &ticks)]).primary_chips();
        assert_eq!(chips.len(), SINGLE_CHIPS_MAX + 1);
        assert_eq!(chips.iter().map(|chip| chip.count).sum::<usize>(), 39);
    }
}
