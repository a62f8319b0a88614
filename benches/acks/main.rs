//! Durable acknowledgements per second through the whole product, against the smallest program
//! that does only that work. `benches/README.md` says how to run it and read its rows.

#![expect(clippy::indexing_slicing, reason = "a bench stops at the first thing that is wrong")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};

mod bare;
mod database;
mod fill;
mod limit;
mod naive;
#[expect(dead_code, reason = "tests use the rest of it")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a cluster that does not start ends all")]
#[path = "../../tests/support/pg.rs"]
mod pg;
mod product;
#[expect(dead_code, reason = "the bench of workers uses the rest")]
#[path = "../support/mod.rs"]
mod support;

use support::rounds::{Plan, alternate};
use support::side::{Place, Side};

/// Measures acknowledgements; prints one row per engine.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Engines to measure.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    engines: Vec<String>,
    /// Open deliveries in each database; each is signed once at most.
    #[arg(long, default_value_t = 160_000)]
    rows: usize,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Rounds: in each, every side runs once.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Percent of the machine that other programs may use during a round that counts.
    #[arg(long, default_value_t = 8.0)]
    others_max: f64,
    /// Count disturbed rounds too. Good for trying out, never for quoting.
    #[arg(long)]
    noisy: bool,
    /// Put the limit on both sides: the ratio must then be near 1, or the bench is crooked.
    #[arg(long)]
    control: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What this program does when it starts itself.
#[derive(Subcommand)]
#[command(hide = true)]
enum Role {
    /// Serves one side.
    Serve { side: String, url: String, folder: PathBuf, rows: usize },
    /// Loads a server.
    Load { to: SocketAddr, requests: PathBuf, start: usize, end: usize, connections: usize },
}

const LIMIT: &str = "limit";
const PRODUCT: &str = "product";
const NAIVE: &str = "naive";
const CONTROL: &str = "control";
/// Rounds there are requests for beyond those wanted, in case others disturb.
const SPARE_SLOTS: usize = 3;
const ROUNDS_MIN: usize = 3;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.role {
        None => measure(&arguments),
        Some(Role::Serve { side, url, folder, rows }) => {
            let place = Place { url: url.clone(), folder: folder.clone(), rows: *rows };
            match side.as_str() {
                PRODUCT => product::serve(&place),
                NAIVE => naive::serve(&place),
                _ => limit::serve(&place),
            }
        }
        Some(Role::Load { to, requests, start, end, connections }) => {
            let seen = support::load::replay(*to, requests, *start..*end, *connections)?;
            println!("{}", seen.to_line());
            Ok(())
        }
    }
}

fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(arguments.rounds >= ROUNDS_MIN, "fewer than {ROUNDS_MIN} rounds say nothing");
    let slots = arguments.rounds + SPARE_SLOTS;
    let warm_up = arguments.rows / 20;
    let plan = Plan {
        connections: arguments.connections,
        rounds: arguments.rounds,
        requests: (arguments.rows - warm_up) / slots,
        slots,
        warm_up,
        others_max: arguments.others_max,
        noisy: arguments.noisy,
    };
    for engine in &arguments.engines {
        let folder = tempfile::tempdir()?;
        let row = match engine.as_str() {
            "sqlite" => {
                let at = folder.path().display();
                let url = |side: &str| format!("sqlite://{at}/{side}.db");
                compare(arguments, engine, &plan, folder.path(), &url)?
            }
            "postgres" => {
                let cluster = pg::Cluster::start(pg::Durability::Durable)
                    .context("PostgreSQL is not installed")?;
                let url = |_: &str| cluster.fresh_database();
                compare(arguments, engine, &plan, folder.path(), &url)?
            }
            other => anyhow::bail!("unknown engine {other}: write sqlite or postgres"),
        };
        println!("{row}");
    }
    Ok(())
}

fn compare(
    arguments: &Arguments,
    engine: &str,
    plan: &Plan,
    folder: &Path,
    url_of: &dyn Fn(&str) -> String,
) -> anyhow::Result<String> {
    let mut places = Vec::new();
    let mut sides = Vec::new();
    let rows = arguments.rows;
    let names: &[&'static str] =
        if arguments.control { &[LIMIT, CONTROL] } else { &[LIMIT, PRODUCT, NAIVE] };
    for &name in names {
        let place = Place { url: url_of(name), folder: folder.join(name), rows };
        std::fs::create_dir(&place.folder)?;
        let path = place.folder.display().to_string();
        let arguments = ["serve", name, &place.url, &path, &rows.to_string()];
        let requests = Place::requests(&place.folder);
        sides.push(Side::start(name, requests, &arguments.map(str::to_owned))?);
        places.push(place);
    }
    let outcome = alternate(&mut sides, plan)?;
    for side in sides {
        side.stop()?;
    }
    for (name, place) in names.iter().zip(&places) {
        match *name {
            PRODUCT => product::recount(place, outcome.answered)?,
            _ => bare::recount(place, outcome.answered)?,
        }
    }
    Ok(outcome.row(if arguments.control { "control" } else { "acks" }, engine, plan))
}
