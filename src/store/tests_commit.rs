//! The commit whose answer never came: a relay between us and PostgreSQL cuts the line at the
//! word COMMIT, before or after passing it on. Each write must take effect exactly once.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::tests::{note, notes, pg};
use super::{Durability, EngineSettings, Store, StoreError, migrate};

const ROUNDS: i64 = 100;
const PASS: u8 = 0;
const CUT_BEFORE: u8 = 1;
const CUT_AFTER: u8 = 2;

/// Passes bytes on to the server, until `what` says to cut at the next COMMIT.
fn relay_to(server: String, what: Arc<AtomicU8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, what) = (client.unwrap(), Arc::clone(&what));
            let upstream = TcpStream::connect(&server).unwrap();
            let (mut from, mut to) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || pass(client, upstream, &what));
        }
    });
    port
}

fn pass(mut client: TcpStream, mut upstream: TcpStream, what: &AtomicU8) {
    let mut buffer = [0u8; 16_384];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let bytes = &buffer[..count];
        let commits = bytes.windows(6).any(|word| word == b"COMMIT");
        let cut = if commits { what.swap(PASS, Ordering::SeqCst) } else { PASS };
        if cut == CUT_AFTER {
            // The answer must not get through: close towards the client first.
            let _ = client.shutdown(Shutdown::Both);
            let _ = upstream.write_all(bytes);
            std::thread::sleep(Duration::from_millis(20));
        }
        if cut != PASS {
            let _ = client.shutdown(Shutdown::Both);
            let _ = upstream.shutdown(Shutdown::Both);
            return;
        }
        if upstream.write_all(bytes).is_err() {
            return;
        }
    }
    let _ = upstream.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_cut_off_takes_effect_exactly_once() {
    let Some(cluster) = pg::cluster() else { return };
    let url = cluster.fresh_database();
    let direct = EngineSettings::parse(&url, Durability::NotForEvidence).unwrap();
    migrate::bring_up_to_date(&direct).unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let what = Arc::new(AtomicU8::new(PASS));
    let port = relay_to(server.to_owned(), Arc::clone(&what));
    let relayed = format!("{scheme}://{user}@127.0.0.1:{port}/{name}");
    let settings = EngineSettings::parse(&relayed, Durability::NotForEvidence).unwrap();
    let store = Store::open(settings, 1).unwrap();
    for round in 0..ROUNDS {
        let cut = if round % 2 == 0 { CUT_AFTER } else { CUT_BEFORE };
        what.store(cut, Ordering::SeqCst);
        let written: Result<(), StoreError> =
            store.write("cut", move |tx| note(tx, &format!("round {round}")));
        assert_eq!(written, Ok(()), "round {round}, cut {cut}");
        assert_eq!(what.load(Ordering::SeqCst), PASS, "the line was not cut in round {round}");
    }
    let fresh = Store::open(direct, 1).unwrap();
    assert_eq!(fresh.read(notes).unwrap(), ROUNDS);
}
