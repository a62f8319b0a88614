//! Two sides by turns that are no servers: each is asked for its rate, and the pairs become a row.

use anyhow::bail;

use super::machine::Used;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    /// Pairs that count.
    pub(crate) rounds: usize,
    /// Pairs there is work for; those that others disturbed are done again.
    pub(crate) slots: usize,
    /// Percent of the machine that others may use.
    pub(crate) others_max: f64,
    /// Count disturbed pairs too.
    pub(crate) noisy: bool,
}

struct Pair {
    limit: f64,
    product: f64,
    others: f64,
}

/// The pairs that count.
pub(crate) struct Taken(Vec<Pair>);

impl Turns {
    /// Runs A B A B …; each side gets the number of the slot and says its rate per second.
    ///
    /// # Errors
    /// A side failed, or others use too much of the machine.
    pub(crate) fn take(
        &self,
        mut limit: impl FnMut(usize) -> anyhow::Result<f64>,
        mut product: impl FnMut(usize) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Taken> {
        let mut pairs = Vec::new();
        for slot in 0..self.slots {
            if pairs.len() == self.rounds {
                break;
            }
            let began = Used::now();
            let (limit, product) = (limit(slot)?, product(slot)?);
            let others = Used::now().by_others_since(&began);
            let disturbed = others > self.others_max;
            let verdict = if disturbed && !self.noisy { ": does not count" } else { "" };
            eprintln!(
                "  round {slot}: limit {limit:.0}/s, product {product:.0}/s, \
                 others {others:.1} %{verdict}"
            );
            if self.noisy || !disturbed {
                pairs.push(Pair { limit, product, others });
            }
        }
        if pairs.len() < self.rounds {
            bail!(
                "REFUSED: other programs used more than {} % of the machine in all but {} of {} \
                 rounds; wait until it is quiet, or try out with --noisy",
                self.others_max,
                pairs.len(),
                self.slots
            );
        }
        Ok(Taken(pairs))
    }
}

impl Taken {
    /// The row: medians, with the ratio taken pair by pair; `more` stands before the last words.
    pub(crate) fn row(&self, what: &str, more: &str, noisy: bool) -> String {
        let of = |read: &dyn Fn(&Pair) -> f64| {
            let mut values: Vec<f64> = self.0.iter().map(read).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let ratios = of(&|pair| pair.product / pair.limit);
        let ratio = median(&ratios);
        let spread = (ratios.last().unwrap_or(&0.0) - ratios.first().unwrap_or(&0.0)) / ratio;
        format!(
            "{what} limit={:.0} product={:.0} ratio={ratio:.2} spread={spread:.2} {more} \
             rounds={} others_max={:.1}%{}",
            median(&of(&|pair| pair.limit)),
            median(&of(&|pair| pair.product)),
            self.0.len(),
            of(&|pair| pair.others).last().unwrap_or(&0.0),
            if noisy { " NOISY" } else { "" },
        )
    }
}

/// The value below which that part of the values lies; 0.5 is the median.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = f64::from(u32::try_from(sorted.len().saturating_sub(1)).unwrap_or(0));
    // in range: the parts of a whole are no more than the whole
    let place = format!("{:.0}", last * part).parse::<usize>().unwrap_or(0);
    sorted.get(place).copied().unwrap_or(0.0)
}

fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}
