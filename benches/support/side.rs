//! One side of a ratio: a server in a process of its own, told what to do over its pipes.
//!
//! The server fills its database, writes its file of requests, says `ready ADDRESS` and then
//! answers every line it is sent with `GROUPS ITEMS`: how many commits it made, for how many
//! acts. When its input ends, it stops.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};

use super::load::Seen;

/// Commits made, and acts in them.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    groups: AtomicU64,
    items: AtomicU64,
}

impl Batches {
    pub(crate) fn note(&self, items: u64) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(items, Ordering::Relaxed);
    }
}

/// The server's half of the talk: says that it is ready, answers, returns when the pipe closes.
pub(crate) fn answer_owner(at: SocketAddr, batches: &Batches) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "ready {at}")?;
    for line in std::io::stdin().lines() {
        line?;
        let [groups, items] =
            [&batches.groups, &batches.items].map(|count| count.load(Ordering::Relaxed));
        writeln!(out, "{groups} {items}")?;
    }
    Ok(())
}

/// The owner's half: a running server and the requests it is to be asked.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    requests: PathBuf,
    address: SocketAddr,
    server: Child,
    ask: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Side {
    /// Starts this same program with the arguments that make it a server, and waits for it.
    pub(crate) fn start(
        name: &'static str,
        requests: PathBuf,
        arguments: &[String],
    ) -> anyhow::Result<Self> {
        let mut server = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = server.stdin.take();
        let mut told = BufReader::new(server.stdout.take().context("no pipe")?);
        let mut line = String::new();
        told.read_line(&mut line)?;
        let address = line.trim().strip_prefix("ready ");
        let address = address.with_context(|| format!("the {name} did not start"))?.parse()?;
        Ok(Self { name, requests, address, server, ask, told })
    }

    /// Commits and acts so far.
    pub(crate) fn batches(&mut self) -> anyhow::Result<(u64, u64)> {
        self.ask.as_mut().context("stopped")?.write_all(b"\n")?;
        let mut line = String::new();
        self.told.read_line(&mut line)?;
        let (groups, items) = line.trim().split_once(' ').context("the server is gone")?;
        Ok((groups.parse()?, items.parse()?))
    }

    /// Sends the requests of `range` from another process.
    pub(crate) fn load(&self, range: Range<usize>, connections: usize) -> anyhow::Result<Seen> {
        let output = Command::new(std::env::current_exe()?)
            .args(["load", &self.address.to_string()])
            .arg(&self.requests)
            .args([range.start, range.end, connections].map(|number| number.to_string()))
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "the load on the {} failed", self.name);
        Seen::from_line(&String::from_utf8_lossy(&output.stdout))
    }

    /// Lets the server end, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        drop(self.ask.take());
        let status = self.server.wait()?;
        ensure!(status.success(), "the {} ended with {status}", self.name);
        Ok(())
    }
}

/// Requests in an order as random as the order in which people sign, and the same every time.
pub(crate) fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for last in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bound = u64::try_from(last + 1).unwrap_or(u64::MAX);
        order.swap(last, usize::try_from(state % bound).unwrap_or(0));
    }
    order
}

/// Where a server finds its place: a database, a folder, how many rows.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) folder: PathBuf,
    pub(crate) rows: usize,
}

impl Place {
    /// The file of requests in a folder.
    pub(crate) fn requests(folder: &Path) -> PathBuf {
        folder.join("requests")
    }
}
