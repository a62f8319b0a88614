//! Limit and product by turns, and the one row that comes of it.

use anyhow::{bail, ensure};

use super::load::Seen;
use super::machine::Used;
use super::side::Side;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Pairs of runs that count.
    pub(crate) rounds: usize,
    /// Requests of one run.
    pub(crate) requests: usize,
    /// Pairs there are requests for; those that others disturbed are done again.
    pub(crate) slots: usize,
    /// Requests before the first run, uncounted.
    pub(crate) warm_up: usize,
    /// Percent of the machine that others may use.
    pub(crate) others_max: f64,
    /// Count disturbed pairs too.
    pub(crate) noisy: bool,
}

struct Pair {
    limit: Seen,
    product: Seen,
    others: f64,
}

/// What came of it.
pub(crate) struct Outcome {
    pairs: Vec<Pair>,
    batches: [f64; 2],
    /// Requests each side answered, those that do not count included.
    pub(crate) answered: usize,
}

/// Runs A B A B … until enough undisturbed pairs are there.
///
/// # Errors
/// A failed request, or others use too much of the machine.
pub(crate) fn alternate(
    limit: &mut Side,
    product: &mut Side,
    plan: &Plan,
) -> anyhow::Result<Outcome> {
    let mut answered = 0;
    for side in [&*limit, &*product] {
        answered = side.load(0..plan.warm_up, plan.connections)?.answered;
    }
    let before = [limit.batches()?, product.batches()?];
    let mut pairs = Vec::new();
    for slot in 0..plan.slots {
        if pairs.len() == plan.rounds {
            break;
        }
        let start = plan.warm_up + slot * plan.requests;
        let range = start..start + plan.requests;
        let began = Used::now();
        let pair = Pair {
            limit: limit.load(range.clone(), plan.connections)?,
            product: product.load(range, plan.connections)?,
            others: Used::now().by_others_since(&began),
        };
        ensure!(pair.limit.answered == pair.product.answered, "the sides did unequal work");
        answered += pair.product.answered;
        let disturbed = pair.others > plan.others_max;
        eprintln!(
            "  round {slot}: limit {:.0}/s, product {:.0}/s, others {:.1} %{}",
            pair.limit.per_second(),
            pair.product.per_second(),
            pair.others,
            if disturbed && !plan.noisy { ": does not count" } else { "" },
        );
        if plan.noisy || !disturbed {
            pairs.push(pair);
        }
    }
    if pairs.len() < plan.rounds {
        bail!(
            "REFUSED: other programs used more than {} % of the machine in all but {} of {} \
             rounds; wait until it is quiet, or try out with --noisy",
            plan.others_max,
            pairs.len(),
            plan.slots
        );
    }
    let after = [limit.batches()?, product.batches()?];
    let mean = |side: usize| {
        let (groups, items) = (after[side].0 - before[side].0, after[side].1 - before[side].1);
        let float = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        float(items) / float(groups.max(1))
    };
    Ok(Outcome { pairs, batches: [mean(0), mean(1)], answered })
}

impl Outcome {
    /// The row: medians, with the ratio taken pair by pair.
    pub(crate) fn row(&self, name: &str, engine: &str, plan: &Plan) -> String {
        let of = |read: &dyn Fn(&Pair) -> f64| sorted(self.pairs.iter().map(read).collect());
        let ratios = of(&|pair| pair.product.per_second() / pair.limit.per_second());
        let ratio = median(&ratios);
        let spread = (ratios.last().unwrap_or(&0.0) - ratios.first().unwrap_or(&0.0)) / ratio;
        let millis = |read: &dyn Fn(&Pair) -> std::time::Duration| {
            1_000.0 * median(&of(&|pair| read(pair).as_secs_f64()))
        };
        let [limit_batch, product_batch] = self.batches;
        format!(
            "{name} {engine} {} limit={:.0} product={:.0} ratio={ratio:.2} spread={spread:.2} \
             limit_p50_ms={:.1} limit_p99_ms={:.1} product_p50_ms={:.1} product_p99_ms={:.1} \
             limit_batch={limit_batch:.1} product_batch={product_batch:.1} rounds={} \
             others_max={:.1}%{}",
            plan.connections,
            median(&of(&|pair| pair.limit.per_second())),
            median(&of(&|pair| pair.product.per_second())),
            millis(&|pair| pair.limit.p50),
            millis(&|pair| pair.limit.p99),
            millis(&|pair| pair.product.p50),
            millis(&|pair| pair.product.p99),
            self.pairs.len(),
            of(&|pair| pair.others).last().unwrap_or(&0.0),
            if plan.noisy { " NOISY" } else { "" },
        )
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}
