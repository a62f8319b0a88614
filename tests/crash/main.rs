//! kill -9 at random moments, while messages go out through an SMTP sink and their links are
//! being signed; then the books are compared.
//!
//! - No message is lost: every address got its mail at least once.
//! - Whatever was sent again carries the same Message-ID, and is counted.
//! - No signature that a browser was told of is missing, and each keeps its receipt number.
//! - No signature is in the books that nobody asked for.
//! - The books keep every promise that can be read off them (`tests/support/trustcheck.rs`),
//!   between the kills and at the end, and agree with what the sink took.
//!
//! Short form by default; the long one is asked for with `QIANSHOU_TEST_CRASH_KILLS=200` and
//! `QIANSHOU_TEST_CRASH_MESSAGES=5000`. `QIANSHOU_TEST_ENGINE` picks the engine as for the
//! integration suite, `QIANSHOU_TEST_CRASH_SEED` other pauses.

#[cfg(test)]
mod drill;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod server;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod sink_log;
#[cfg(test)]
#[expect(dead_code, reason = "the integration suite uses the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ground::Ground;
use server::ServerProcess;
use signing::Signers;
use sink_log::{DOMAIN, plant, sink_breaches};
use support::trustcheck::{Books, Memory, breaches};

const KILLS: u32 = 25;
const MESSAGES: usize = 600;
const SIGNERS: usize = 4;
/// All promises are looked at after every so many kills.
const CHECK_EVERY: u32 = 5;
/// Nothing may take longer than this once the killing has stopped.
const SETTLE: Duration = Duration::from_secs(240);

fn figure(name: &str, default: u32) -> u32 {
    std::env::var_os(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(default)
}

/// Repeatable "random" pauses: the seed is printed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn nothing_is_lost_when_the_server_is_killed_again_and_again() {
    let kills = figure("QIANSHOU_TEST_CRASH_KILLS", KILLS);
    let messages =
        usize::try_from(figure("QIANSHOU_TEST_CRASH_MESSAGES", u32::try_from(MESSAGES).unwrap()))
            .unwrap();
    let seed = u64::from(figure("QIANSHOU_TEST_CRASH_SEED", 20_261_123));
    let Some(ground) = Ground::prepare(messages) else {
        println!("crash: skipped, no PostgreSQL on this machine");
        return;
    };
    let mut dice = Dice(seed);
    let stop = Arc::new(AtomicBool::new(false));
    let signers = Signers::start(SIGNERS, &ground, &stop);
    let mut killed = 0;
    let mut memory = Memory::default();
    let mut books = Books::open(ground.url());
    while killed < kills {
        let server = ServerProcess::start(&ground);
        std::thread::sleep(Duration::from_millis(150 + dice.below(1_000)));
        server.kill();
        killed += 1;
        let mut found = memory.compare(&mut books);
        if killed % CHECK_EVERY == 0 {
            found.extend(breaches(&mut books));
        }
        assert!(found.is_empty(), "after kill {killed}: {found:#?}");
    }
    let last = ServerProcess::start(&ground);
    last.until_it_listens(&ground);
    let deadline = Instant::now() + SETTLE;
    while Instant::now() < deadline && !(ground.all_mails_arrived() && signers.all_signed(messages))
    {
        std::thread::sleep(Duration::from_millis(200));
    }
    stop.store(true, Ordering::SeqCst);
    let told = signers.finish();
    last.stop();

    let mails = ground.mails_by_address();
    let lost = ground.addresses().filter(|address| !mails.contains_key(*address)).count();
    let repeats: usize = mails.values().map(|ids| ids.len() - 1).sum();
    let renamed =
        mails.values().filter(|ids| ids.iter().collect::<BTreeSet<_>>().len() != 1).count();
    let kept: BTreeMap<String, String> = ground.receipts();
    let missing =
        told.iter().filter(|(delivery, number)| kept.get(*delivery) != Some(*number)).count();
    let (retried, open) = ground.retried_and_open();
    println!(
        "crash: seed {seed}, kills {killed}, messages {messages}, signatures told {}, kept {}, \
         lost {lost}, missing {missing}, repeats {repeats}, renamed {renamed}, \
         messages tried again {retried}, still open {open}",
        told.len(),
        kept.len()
    );
    assert_eq!(lost, 0, "a message was lost");
    assert_eq!(renamed, 0, "a repeat carried another Message-ID");
    assert_eq!(missing, 0, "a signature that was told is missing or changed");
    assert_eq!(open, 0, "a message never came to an end");
    assert_eq!(kept.len(), messages, "signatures in the books");
    assert!(repeats <= usize::try_from(retried).unwrap(), "a repeat was not counted");
    let mut found = memory.compare(&mut books);
    found.extend(breaches(&mut books));
    found.extend(sink_breaches(&mut books, &ground.received(), DOMAIN));
    assert!(found.is_empty(), "{found:#?}");
    let seen = plant(&mut books, &ground);
    println!("crash: trustcheck after {killed} kills: 0 breaches; {seen} planted ones, all seen");
    drop(books);
    ground.check_books();
}
