//! Which rows of a board are shown, in which order, with the sums of their branches. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Board, BoardLine, Order, Show};
use crate::domain::delivery::{DeliveryFacts, DeliveryState, Tally};
use crate::domain::ids::OrganizationId;
use crate::domain::time::Timestamp;

/// Digits of one step in a tree path.
const STEP: usize = 4;

/// One row: a delivery, or an entry of the tree above some.
#[derive(Debug, Clone)]
pub enum BoardRow<'b> {
    /// An entry that stands above deliveries and has none itself that is shown.
    Above {
        /// Its id.
        id: OrganizationId,
        /// Its name.
        name: &'b str,
        /// Indentation, from 0.
        depth: usize,
        /// Counts of the deliveries below it, shown or not.
        below: Tally,
    },
    /// A delivery.
    Delivery {
        /// It.
        line: &'b BoardLine,
        /// Indentation, from 0.
        depth: usize,
        /// Counts of the deliveries below it, shown or not; a total of 0 if there are none.
        below: Tally,
    },
}

/// The paths above a path, from the root down.
pub(super) fn places_above(path: &str) -> impl Iterator<Item = &str> {
    (STEP..path.len()).step_by(STEP).filter_map(|end| path.get(..end))
}

/// Since when a delivery has been in its state; unknown while nothing has happened to it.
#[must_use]
pub fn since(facts: &DeliveryFacts) -> Option<Timestamp> {
    match DeliveryState::derive(facts) {
        DeliveryState::Pending => None,
        DeliveryState::HandedOver => facts.handed_over_at,
        DeliveryState::Opened => facts.opened_at.or(facts.downloaded_at),
        DeliveryState::Acknowledged => facts.acknowledged_at,
        DeliveryState::Returned => facts.returned_at,
        DeliveryState::Recalled => facts.recalled_at,
    }
}

impl Board {
    /// The rows that pass the filter and whose organisation fits the search, in order.
    #[must_use]
    pub fn rows(&self, show: Show, search: &str, order: Order) -> Vec<BoardRow<'_>> {
        let taken = |line: &&BoardLine| self.shows(show, line) && fits(line, search.trim());
        let mut lines: Vec<&BoardLine> = self.lines.iter().filter(taken).collect();
        match order {
            Order::Tree => return self.in_tree(&lines),
            Order::Waiting => lines.sort_by_key(|line| {
                let facts = &line.delivery.facts;
                let unsigned = DeliveryState::derive(facts).is_unsigned();
                (Reverse(unsigned), Reverse(facts.is_unreachable()), since(facts))
            }),
            Order::Next => lines.sort_by_key(|line| {
                line.next.as_ref().map_or((true, None), |(at, _)| (false, Some(*at)))
            }),
        }
        let flat = |line| BoardRow::Delivery { line, depth: 0, below: Tally::default() };
        lines.into_iter().map(flat).collect()
    }

    fn in_tree<'b>(&'b self, lines: &[&'b BoardLine]) -> Vec<BoardRow<'b>> {
        let sums = self.sums();
        let by_path: BTreeMap<&str, &BoardLine> =
            self.lines.iter().map(|line| (line.delivery.tree_path.as_str(), line)).collect();
        // What stands above every delivery would only repeat the totals.
        let trunk = self.trunk();
        let mut rows = Vec::with_capacity(lines.len());
        let mut standing: Vec<&str> = Vec::new();
        for line in lines {
            let path = line.delivery.tree_path.as_str();
            standing.retain(|above| path.starts_with(above));
            for place in places_above(path).filter(|place| place.len() > trunk) {
                if standing.contains(&place) {
                    continue;
                }
                let known = by_path
                    .get(place)
                    .map(|line| {
                        (line.delivery.organization_id, line.delivery.organization_name.as_str())
                    })
                    .or_else(|| self.above.get(place).map(|(id, name)| (*id, name.as_str())));
                let Some((id, name)) = known else { continue };
                let below = sums.get(place).copied().unwrap_or_default();
                rows.push(BoardRow::Above { id, name, depth: standing.len(), below });
                standing.push(place);
            }
            let below = sums.get(path).copied().unwrap_or_default();
            rows.push(BoardRow::Delivery { line, depth: standing.len(), below });
            standing.push(path);
        }
        rows
    }

    /// Counts below each place, the place itself left out.
    fn sums(&self) -> BTreeMap<&str, Tally> {
        let mut sums: BTreeMap<&str, Tally> = BTreeMap::new();
        for line in &self.lines {
            let one = Tally::one(&line.delivery.facts, self.read_at);
            for place in places_above(&line.delivery.tree_path) {
                *sums.entry(place).or_default() += one;
            }
        }
        sums
    }

    /// Length of the path that all deliveries have in common and none of them has to itself.
    fn trunk(&self) -> usize {
        let mut paths = self.lines.iter().map(|line| line.delivery.tree_path.as_str());
        let Some(first) = paths.next() else { return 0 };
        let steps = places_above(first).map(str::len).collect::<Vec<_>>();
        let shared = |end: &usize| {
            let place = first.get(..*end).unwrap_or_default();
            self.lines.iter().all(|line| {
                let path = line.delivery.tree_path.as_str();
                path.len() > place.len() && path.starts_with(place)
            })
        };
        steps.into_iter().take_while(shared).last().unwrap_or(0)
    }
}

fn fits(line: &BoardLine, search: &str) -> bool {
    search.is_empty()
        || line.delivery.organization_name.contains(search)
        || line.region_code.starts_with(search)
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
