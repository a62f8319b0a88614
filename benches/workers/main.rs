//! What the workers do, against the smallest program that does only that: rungs that fall due,
//! mails that leave, and 特提 behind a full queue. `benches/README.md` says how to read the rows.

#![expect(clippy::indexing_slicing, reason = "a bench stops at the first thing that is wrong")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};

#[path = "../acks/database.rs"]
mod database;
mod lanes;
mod mail;
#[expect(dead_code, reason = "tests use the rest of it")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a cluster that does not start ends all")]
#[path = "../../tests/support/pg.rs"]
mod pg;
mod pipelined;
mod relay;
mod rungs;
#[expect(dead_code, reason = "the bench of signatures uses the rest")]
#[path = "../support/mod.rs"]
mod support;
mod town;

use support::turns::Turns;

/// Measures what workers do; prints rows per engine.
#[derive(Parser)]
struct Arguments {
    /// What to measure.
    what: What,
    /// Engines to measure.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    engines: Vec<String>,
    /// Deliveries of which each run takes all: rungs that are due, mails that leave.
    #[arg(long, default_value_t = 10_000)]
    rows: usize,
    /// Pairs of runs, limit and product by turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Percent of the machine that other programs may use during a pair that counts.
    #[arg(long, default_value_t = 8.0)]
    others_max: f64,
    /// Count disturbed pairs too. Good for trying out, never for quoting.
    #[arg(long)]
    noisy: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Rungs,
    Mail,
    Lanes,
}

/// Pairs there is work for beyond those wanted, in case others disturb.
const SPARE_SLOTS: usize = 3;
const ROUNDS_MIN: usize = 3;

/// Where one engine is measured.
struct Ground<'a> {
    engine: &'a str,
    folder: &'a Path,
    /// Databases of the limit and of the product.
    urls: [String; 2],
    rows: usize,
    turns: Turns,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.rounds >= ROUNDS_MIN, "fewer than {ROUNDS_MIN} rounds say nothing");
    let turns = Turns {
        rounds: arguments.rounds,
        slots: arguments.rounds + SPARE_SLOTS,
        others_max: arguments.others_max,
        noisy: arguments.noisy,
    };
    for engine in &arguments.engines {
        let folder = tempfile::tempdir()?;
        let cluster;
        let urls = match engine.as_str() {
            "sqlite" => ["limit", "product"]
                .map(|side| format!("sqlite://{}/{side}.db", folder.path().display())),
            "postgres" => {
                cluster = pg::Cluster::start(pg::Durability::Durable)
                    .context("PostgreSQL is not installed")?;
                [cluster.fresh_database(), cluster.fresh_database()]
            }
            other => anyhow::bail!("unknown engine {other}: write sqlite or postgres"),
        };
        let ground = Ground { engine, folder: folder.path(), urls, rows: arguments.rows, turns };
        let rows = match arguments.what {
            What::Rungs => rungs::measure(&ground)?,
            What::Mail => mail::measure(&ground)?,
            What::Lanes => lanes::measure(&ground)?,
        };
        for row in rows {
            println!("{row}");
        }
    }
    Ok(())
}
