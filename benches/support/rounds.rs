//! Limit, product and whoever else is compared, by turns, and the one row that comes of it.

use anyhow::{bail, ensure};

use super::load::Seen;
use super::machine::Used;
use super::side::Side;

/// The first side, that which is compared with.
const LIMIT: usize = 0;
/// The second side.
const PRODUCT: usize = 1;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Rounds that count; in each, every side runs once.
    pub(crate) rounds: usize,
    /// Requests of one run.
    pub(crate) requests: usize,
    /// Rounds there are requests for; those that others disturbed are done again.
    pub(crate) slots: usize,
    /// Requests before the first run, uncounted.
    pub(crate) warm_up: usize,
    /// Percent of the machine that others may use.
    pub(crate) others_max: f64,
    /// Count disturbed rounds too.
    pub(crate) noisy: bool,
}

/// What each side did in one round, in the order of the sides.
struct Round {
    seen: Vec<Seen>,
    others: f64,
}

/// What came of it.
pub(crate) struct Outcome {
    names: Vec<&'static str>,
    rounds: Vec<Round>,
    batches: Vec<f64>,
    /// Requests each side answered, those that do not count included.
    pub(crate) answered: usize,
}

/// Runs A B A B …, or A B C A B C …, until enough undisturbed rounds are there.
///
/// # Errors
/// A failed request, or others use too much of the machine.
pub(crate) fn alternate(sides: &mut [Side], plan: &Plan) -> anyhow::Result<Outcome> {
    let mut answered = 0;
    for side in &*sides {
        answered = side.load(0..plan.warm_up, plan.connections)?.answered;
    }
    let before = batches(sides)?;
    let mut rounds = Vec::new();
    for slot in 0..plan.slots {
        if rounds.len() == plan.rounds {
            break;
        }
        let start = plan.warm_up + slot * plan.requests;
        let range = start..start + plan.requests;
        let began = Used::now();
        let load = |side: &Side| side.load(range.clone(), plan.connections);
        let seen = sides.iter().map(load).collect::<anyhow::Result<Vec<Seen>>>()?;
        let others = Used::now().by_others_since(&began);
        let done = seen.first().map_or(0, |first| first.answered);
        ensure!(seen.iter().all(|one| one.answered == done), "the sides did unequal work");
        answered += done;
        let disturbed = others > plan.others_max;
        let rates: Vec<String> = sides
            .iter()
            .zip(&seen)
            .map(|(side, seen)| format!("{} {:.0}/s", side.name, seen.per_second()))
            .collect();
        let verdict = if disturbed && !plan.noisy { ": does not count" } else { "" };
        eprintln!("  round {slot}: {}, others {others:.1} %{verdict}", rates.join(", "));
        if plan.noisy || !disturbed {
            rounds.push(Round { seen, others });
        }
    }
    if rounds.len() < plan.rounds {
        bail!(
            "REFUSED: other programs used more than {} % of the machine in all but {} of {} \
             rounds; wait until it is quiet, or try out with --noisy",
            plan.others_max,
            rounds.len(),
            plan.slots
        );
    }
    let after = batches(sides)?;
    let mean = |(before, after): (&(u64, u64), &(u64, u64))| {
        let float = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        float(after.1 - before.1) / float((after.0 - before.0).max(1))
    };
    Ok(Outcome {
        names: sides.iter().map(|side| side.name).collect(),
        batches: before.iter().zip(&after).map(mean).collect(),
        rounds,
        answered,
    })
}

fn batches(sides: &mut [Side]) -> anyhow::Result<Vec<(u64, u64)>> {
    sides.iter_mut().map(Side::batches).collect()
}

impl Outcome {
    /// The row: medians, with the product's ratio to each other side taken round by round. The
    /// first side is the limit, the second the product.
    pub(crate) fn row(&self, name: &str, engine: &str, plan: &Plan) -> String {
        let of = |read: &dyn Fn(&Round) -> f64| sorted(self.rounds.iter().map(read).collect());
        let rate = |side: usize| median(&of(&|round| round.seen[side].per_second()));
        let ratios = |side: usize| {
            of(&|round| round.seen[PRODUCT].per_second() / round.seen[side].per_second())
        };
        let against_limit = ratios(LIMIT);
        let ratio = median(&against_limit);
        let spread =
            (against_limit.last().unwrap_or(&0.0) - against_limit.first().unwrap_or(&0.0)) / ratio;
        let mut words = vec![format!(
            "{name} {engine} {} limit={:.0} product={:.0} ratio={ratio:.2} spread={spread:.2}",
            plan.connections,
            rate(LIMIT),
            rate(PRODUCT),
        )];
        for (side, name) in self.names.iter().enumerate().skip(PRODUCT + 1) {
            let times = median(&ratios(side));
            words.push(format!("{name}={:.0} over_{name}={times:.2}", rate(side)));
        }
        let millis = |read: &dyn Fn(&Round) -> std::time::Duration| {
            1_000.0 * median(&of(&|round| read(round).as_secs_f64()))
        };
        for (side, name) in self.names.iter().enumerate() {
            words.push(format!(
                "{name}_p50_ms={:.1} {name}_p99_ms={:.1} {name}_batch={:.1}",
                millis(&|round| round.seen[side].p50),
                millis(&|round| round.seen[side].p99),
                self.batches[side],
            ));
        }
        words.push(format!(
            "rounds={} others_max={:.1}%{}",
            self.rounds.len(),
            of(&|round| round.others).last().unwrap_or(&0.0),
            if plan.noisy { " NOISY" } else { "" },
        ));
        words.join(" ")
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
