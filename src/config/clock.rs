//! `[clock]`: which time is believed, and when.

use super::layers::Layers;
use crate::domain::steady::SteadyRules;
use crate::domain::time::Span;

/// Reads the settings; notes every fault.
pub(super) fn read(from: &mut Layers) -> SteadyRules {
    SteadyRules {
        differs: Span::seconds(from.number("clock.differs_s", 5..=600)),
        looks: from.number("clock.looks", 2..=1_000),
        every: Span::seconds(from.number("clock.look_every_s", 1..=60)),
        off_at_most: Span::minutes(from.number("clock.off_at_most_minutes", 5..=10_080)),
    }
}
