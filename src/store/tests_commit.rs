//! Commits on PostgreSQL, seen by a relay between us and the server that can act at the word
//! COMMIT. Cut there, before or after passing it on, each write must take effect exactly once; held
//! there, the next group runs. And which slices run beside which.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::tests::{note, notes, pg};
use super::{Durability, EngineSettings, SliceAct, Store, StoreError, Tx, migrate};

const ROUNDS: i64 = 100;
const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;
const HOLD: u8 = 3;
const HOLDING: u8 = 4;
/// A commit is held no longer, so that a write that waits for it fails the test, not hangs it.
const HELD_MAX: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(100);

/// What the relay does at the next COMMIT.
#[derive(Default)]
struct Line(AtomicU8);

impl Line {
    fn set(&self, what: u8) {
        self.0.store(what, Ordering::SeqCst);
    }

    fn is(&self, what: u8) -> bool {
        self.0.load(Ordering::SeqCst) == what
    }

    /// What is to be done at this COMMIT; it is done once.
    fn order(&self) -> u8 {
        let once = |what| (what != HOLDING).then_some(PASS);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, once).unwrap_or(PASS)
    }

    fn wait_until_holding(&self) {
        while !self.is(HOLDING) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn hold(&self) {
        self.set(HOLDING);
        let held = std::time::Instant::now();
        while self.is(HOLDING) && held.elapsed() < HELD_MAX {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.set(PASS);
    }
}

/// Passes bytes on to the server, and does at the next COMMIT what `line` says.
fn relay_to(server: String, line: Arc<Line>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, line) = (client.unwrap(), Arc::clone(&line));
            let upstream = TcpStream::connect(&server).unwrap();
            let (mut from, mut to) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || pass(client, upstream, &line));
        }
    });
    port
}

fn pass(mut client: TcpStream, mut upstream: TcpStream, line: &Line) {
    let mut buffer = [0u8; 16_384];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let bytes = &buffer[..count];
        let commits = bytes.windows(6).any(|word| word == b"COMMIT");
        match if commits { line.order() } else { PASS } {
            HOLD => line.hold(),
            cut @ (CUT_BEFORE | CUT_AFTER) => {
                // The answer must not get through: close towards the client first.
                let _ = client.shutdown(Shutdown::Both);
                if cut == CUT_AFTER {
                    let _ = upstream.write_all(bytes);
                    std::thread::sleep(Duration::from_millis(20));
                }
                let _ = upstream.shutdown(Shutdown::Both);
                return;
            }
            _ => {}
        }
        if upstream.write_all(bytes).is_err() {
            return;
        }
    }
    let _ = upstream.shutdown(Shutdown::Both);
}

/// A fresh database, reached directly, and a store that reaches it over the relay.
fn relayed() -> Option<(EngineSettings, Store, Arc<Line>)> {
    let url = pg::cluster()?.fresh_database();
    let direct = EngineSettings::parse(&url, Durability::NotForEvidence).unwrap();
    migrate::bring_up_to_date(&direct).unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let line = Arc::new(Line::default());
    let port = relay_to(server.to_owned(), Arc::clone(&line));
    let relayed = format!("{scheme}://{user}@127.0.0.1:{port}/{name}");
    let settings = EngineSettings::parse(&relayed, Durability::NotForEvidence).unwrap();
    Some((direct, Store::open(settings, 1).unwrap(), line))
}

#[test]
fn a_commit_cut_off_takes_effect_exactly_once() {
    let Some((direct, store, line)) = relayed() else { return };
    for round in 0..ROUNDS {
        let cut = if round % 2 == 0 { CUT_AFTER } else { CUT_BEFORE };
        line.set(cut);
        let written: Result<(), StoreError> =
            store.write("cut", move |tx| note(tx, &format!("round {round}")));
        assert_eq!(written, Ok(()), "round {round}, cut {cut}");
        assert!(line.is(PASS), "the line was not cut in round {round}");
    }
    let fresh = Store::open(direct, 1).unwrap();
    assert_eq!(fresh.read(notes).unwrap(), ROUNDS);
}

/// While one commit hangs, the next write is done and answered; the first is answered when its own
/// commit is through, not before.
#[test]
fn the_next_group_runs_while_one_commits() {
    let Some((_, store, line)) = relayed() else { return };
    line.set(HOLD);
    let first = store.submit("first", |tx| note(tx, "first"));
    line.wait_until_holding();
    let second: Result<(), StoreError> = store.write("second", |tx| note(tx, "second"));
    assert_eq!(second, Ok(()));
    assert!(line.is(HOLDING), "the second write waited for the first one's commit");
    assert_eq!(store.read(notes).unwrap(), 1, "only the second is there");
    line.set(PASS);
    assert_eq!(first.wait().unwrap(), Ok(()));
    assert_eq!(store.read(notes).unwrap(), 2);
}

/// A slice that says when it runs, and ends when it is told to.
struct Meeting {
    runs: Mutex<Sender<()>>,
    may_end: Mutex<Receiver<()>>,
}

impl SliceAct for Meeting {
    type Item = bool;
    type Answer = bool;
    const NAME: &'static str = "meeting";
    const KEEPS_ORDER: bool = true;

    fn run(&self, _: &mut Tx, items: &[bool]) -> Result<Vec<bool>, StoreError> {
        let waits = |waits: &bool| {
            self.runs.lock().unwrap().send(()).unwrap();
            *waits && self.may_end.lock().unwrap().recv_timeout(HELD_MAX).is_err()
        };
        Ok(items.iter().map(waits).collect())
    }
}

#[test]
fn slices_that_keep_the_order_run_beside_each_other_and_beside_no_other_write() {
    let Some((_, store, _)) = relayed() else { return };
    let (runs, seen) = channel();
    let (end, may_end) = channel();
    let lane = store.lane(Meeting { runs: Mutex::new(runs), may_end: Mutex::new(may_end) });
    let first = lane.submit(true);
    seen.recv_timeout(HELD_MAX).unwrap();
    let second = lane.submit(false);
    assert!(seen.recv_timeout(HELD_MAX / 2).is_ok(), "the second slice waited for the first");
    assert_eq!(second.wait(), Ok(false));
    let wrote = Arc::new(AtomicBool::new(false));
    let write = store.submit("other", {
        let wrote = Arc::clone(&wrote);
        move |tx| {
            wrote.store(true, Ordering::SeqCst);
            note(tx, "other")
        }
    });
    std::thread::sleep(MOMENT);
    assert!(!wrote.load(Ordering::SeqCst), "another write ran beside a slice");
    end.send(()).unwrap();
    assert_eq!(first.wait(), Ok(false), "the first slice was told to end");
    assert_eq!(write.wait().unwrap(), Ok(()));
}
