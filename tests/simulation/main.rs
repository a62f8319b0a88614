//! Deterministic simulation of the engine: the real use-cases over a real database, with virtual
//! time, several servers and every fault at every write and mail, chosen by a seed.
//!
//! - The same seed decides the same in the same order (the trace). Instants of single events may
//!   still differ on a busy machine: a sender gives up its turn by a real stopwatch.
//! - After every step the rows are asked whether a promise is broken (`trustcheck`).
//! - When the faults stop, whatever is due happens at once.
//! - Every planted mutant is caught.
//! - SQLite and PostgreSQL come to the same state by the same history.
//!
//! `QIANSHOU_TEST_SIMULATION_HOURS=1000000` asks for the long form,
//! `QIANSHOU_TEST_SIMULATION_SEED=n` plays one seed alone,
//! `QIANSHOU_TEST_SIMULATION_SEQUENCES=n` compares more histories on model and engines.

#[cfg(test)]
mod acts;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod play;
#[cfg(test)]
#[expect(dead_code, reason = "the integration suite uses the rest")]
mod support;
#[cfg(test)]
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use mutants::MUTANTS;
use play::play;

/// Hours of the short form.
const HOURS: i64 = 20_000;
/// Simulated hours within which a mutant must be caught.
const MUTANT_HOURS: i64 = 100_000;
/// Where the seeds of a run begin.
const FIRST_SEED: u64 = 1;
/// Names the one seed that is to be played, and told line by line.
const ALONE: &str = "QIANSHOU_TEST_SIMULATION_SEED";

fn figure(name: &str) -> Option<u64> {
    std::env::var_os(name).and_then(|text| text.to_str()?.parse().ok())
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).min(8)
}

#[test]
fn no_promise_is_broken_under_any_fault() {
    let alone = figure(ALONE);
    let wanted = figure("QIANSHOU_TEST_SIMULATION_HOURS").map_or(HOURS, |n| n.cast_signed());
    let next = AtomicU64::new(alone.unwrap_or(FIRST_SEED));
    let sum = Mutex::new((0i64, 0u64, Vec::<String>::new(), BTreeMap::<String, u64>::new()));
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let over = sum.lock().unwrap().0 >= wanted;
                    if over || alone.is_some_and(|alone| seed > alone) {
                        break;
                    }
                    let Some(report) = play(seed, None) else { break };
                    let mut sum = sum.lock().unwrap();
                    sum.0 += report.hours;
                    sum.1 += 1;
                    let seeded = |what: &String| format!("seed {seed}: {what}");
                    sum.2.extend(report.violations.iter().map(seeded));
                    for (kind, count) in report.hits {
                        *sum.3.entry(kind).or_default() += count;
                    }
                }
            });
        }
    });
    let (hours, seeds, violations, hits) = sum.into_inner().unwrap();
    let first = alone.unwrap_or(FIRST_SEED);
    println!(
        "simulation: {hours} simulated hours, {seeds} seeds from {first}, {} violations",
        violations.len()
    );
    for (kind, count) in hits {
        println!("simulation:   {count:>8} × {kind}");
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(hours >= wanted || alone.is_some(), "only {hours} hours were simulated");
}

#[test]
fn model_and_engines_come_to_the_same_by_the_same_history() {
    let wanted = figure("QIANSHOU_TEST_SIMULATION_SEQUENCES").unwrap_or(differential::SEQUENCES);
    let (next, lines) = (AtomicU64::new(FIRST_SEED), AtomicU64::new(0));
    let both = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= FIRST_SEED + wanted {
                        break;
                    }
                    let (agree, postgres) = differential::compare(seed);
                    lines.fetch_add(u64::try_from(agree).unwrap(), Ordering::SeqCst);
                    both.fetch_add(u64::from(postgres), Ordering::SeqCst);
                }
            });
        }
    });
    let (lines, both) = (lines.into_inner(), both.into_inner());
    println!(
        "simulation: {wanted} histories agree on model and SQLite, {both} of them on PostgreSQL \
         too, in {lines} lines of state and leaves"
    );
    assert!(both == wanted || both == 0, "PostgreSQL went away");
}

/// The lines of a state without their instants.
fn facts(state: &[String]) -> Vec<String> {
    let words = |line: &String| {
        let words = line.split(' ').filter(|word| word.parse::<i64>().is_err());
        words.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = state.iter().map(words).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_same_seed_plays_the_same_history() {
    for seed in [1, 2, 3] {
        let (Some(one), Some(two)) = (play(seed, None), play(seed, None)) else { return };
        assert_eq!(one.trace, two.trace, "seed {seed}");
        assert_eq!(facts(&one.state), facts(&two.state), "seed {seed}");
        println!("simulation: seed {seed} has trace {:016x}", one.trace);
    }
}

#[test]
fn every_planted_mutant_is_caught() {
    if support::engine::Engine::of_this_run() != support::engine::Engine::Sqlite {
        return; // They are planted as SQLite's triggers.
    }
    let next = AtomicU64::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(|| {
                loop {
                    let place = usize::try_from(next.fetch_add(1, Ordering::SeqCst)).unwrap();
                    let Some(mutant) = MUTANTS.get(place) else { break };
                    let mut hours = 0;
                    let mut caught = None;
                    for seed in FIRST_SEED.. {
                        let Some(report) = play(seed, Some(mutant)) else { return };
                        hours += report.hours;
                        let finds = |what: &String| what.starts_with(mutant.by);
                        caught = report.violations.into_iter().find(finds);
                        if caught.is_some() || hours >= MUTANT_HOURS {
                            break;
                        }
                    }
                    match caught {
                        Some(by) => {
                            let by: String = by.chars().take(120).collect();
                            println!("simulation: caught in {hours} h: {} — {by}", mutant.name);
                        }
                        None => missed.lock().unwrap().push(mutant.name),
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    let caught = MUTANTS.len() - missed.len();
    println!("simulation: {caught} mutants caught of {} planted", MUTANTS.len());
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
