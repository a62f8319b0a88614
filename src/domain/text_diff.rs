//! What changed between two texts, line by line. Pure.

/// A line of the one, the other, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChange<'t> {
    /// In both.
    Same(&'t str),
    /// Only in the old one.
    Gone(&'t str),
    /// Only in the new one.
    New(&'t str),
}

/// The fewest lines to strike out and to put in, in order.
#[must_use]
pub fn line_diff<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<LineChange<'t>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (_, old_rest) = old.split_at(head);
    let (common, new_rest) = new.split_at(head);
    // longest[i][j]: lines common to what follows old line i and new line j
    let wide = new_rest.len() + 1;
    let mut longest = vec![0usize; wide * (old_rest.len() + 1)];
    let at = |table: &[usize], i: usize, j: usize| table.get(i * wide + j).copied().unwrap_or(0);
    for (i, a) in old_rest.iter().enumerate().rev() {
        for (j, b) in new_rest.iter().enumerate().rev() {
            let found = if a == b {
                at(&longest, i + 1, j + 1) + 1
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(cell) = longest.get_mut(i * wide + j) {
                *cell = found;
            }
        }
    }
    let mut changes: Vec<LineChange<'t>> =
        common.iter().map(|line| LineChange::Same(line)).collect();
    let (mut i, mut j) = (0, 0);
    loop {
        match (old_rest.get(i), new_rest.get(j)) {
            (Some(a), Some(b)) if a == b => {
                changes.push(LineChange::Same(a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(&longest, i + 1, j) >= at(&longest, i, j + 1) => {
                changes.push(LineChange::Gone(a));
                i += 1;
            }
            (_, Some(b)) => {
                changes.push(LineChange::New(b));
                j += 1;
            }
            _ => return changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_line_changed_is_one_out_and_one_in() {
        let found = line_diff(&["a", "b", "c"], &["a", "x", "c", "d"]);
        assert_eq!(
            found,
            [
                LineChange::Same("a"),
                LineChange::Gone("b"),
                LineChange::New("x"),
                LineChange::Same("c"),
                LineChange::New("d")
            ]
        );
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_back(
            old in proptest::collection::vec("[ab]", 0..12),
            new in proptest::collection::vec("[ab]", 0..12),
        ) {
            let old: Vec<&str> = old.iter().map(String::as_str).collect();
            let new: Vec<&str> = new.iter().map(String::as_str).collect();
            let found = line_diff(&old, &new);
            let of = |skip_new: bool| -> Vec<&str> {
                found.iter().filter_map(|change| match change {
                    LineChange::Same(line) => Some(*line),
                    LineChange::Gone(line) => skip_new.then_some(*line),
                    LineChange::New(line) => (!skip_new).then_some(*line),
                }).collect()
            };
            prop_assert_eq!(of(true), old);
            prop_assert_eq!(of(false), new);
        }
    }
}
