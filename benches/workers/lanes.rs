//! 特提 to 300 organisations behind a full queue of ordinary mails, over a relay that takes its
//! time: how soon all 300 are handed over. The limit is a sender that has nothing else to do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use qianshou::domain::urgency::Urgency;
use qianshou::workers::Workers;

use crate::Ground;
use crate::mail::rate;
use crate::pipelined;
use crate::relay::Relay;
use crate::support::turns::quantile;
use crate::town::Town;

const FLASH: usize = 300;
const ORDINARY: usize = 20_000;
/// A relay in the same province.
const DELAY: Duration = Duration::from_millis(20);
/// Senders as shipped, and the one that only ever takes 特提.
const SENDERS: usize = 4;
const PROMISED: Duration = Duration::from_secs(60);

pub(crate) fn measure(ground: &Ground<'_>) -> anyhow::Result<Vec<String>> {
    let relay = Relay::start(DELAY)?;
    let [_, url] = &ground.urls;
    let mut town = Town::open(url, ground.folder, relay.port())?;
    let queue = town.issue(Urgency::Ordinary, ORDINARY, &[])?;
    let flash = town.issue(Urgency::Flash, FLASH, &[])?;
    town.write_mails(&queue, 0)?;
    town.database.settle()?;
    let workers = Workers::start(&town.app.service, SENDERS)?;
    let mut waits = Vec::new();
    let taken = ground.turns.take(
        |_| {
            // The product's senders go on with their queue meanwhile: they sleep, mostly.
            let limit = Relay::start(DELAY)?;
            let took = pipelined::send(limit.port(), SENDERS + 1, 0..FLASH)?;
            Ok(rate(FLASH, took))
        },
        |slot| {
            let owed = "messages WHERE lane > 0 AND due_at IS NOT NULL";
            let behind = town.database.count(owed)?;
            ensure!(behind > 1_000, "the queue is empty: only {behind} ordinary mails are left");
            drop(relay.drain());
            let began = Instant::now();
            town.write_mails(&flash, i32::try_from(slot)?)?;
            town.app.service.bell.ring();
            let mut last = None;
            let mut seen = 0;
            while seen < FLASH {
                ensure!(began.elapsed() < PROMISED * 2, "only {seen} were handed over");
                std::thread::sleep(Duration::from_millis(5));
                for (to, at) in relay.drain() {
                    if to.ends_with(".n2@post.example") {
                        seen += 1;
                        last = last.max(Some(at));
                    }
                }
            }
            let took = last.context("nothing was handed over")?.duration_since(began);
            waits.push(took.as_secs_f64());
            Ok(rate(FLASH, took))
        },
    )?;
    let left = town.database.count("messages WHERE lane > 0 AND due_at IS NOT NULL")?;
    ensure!(workers.stop(), "the workers did not stop");
    let slowest = quantile(&waits, 1.0);
    ensure!(slowest <= PROMISED.as_secs_f64(), "{slowest:.1} s until all 300 were handed over");
    let more = format!(
        "all_300_s={:.1} slowest_s={slowest:.1} promised_s={} delay_ms={} behind={ORDINARY} \
         left={left}",
        quantile(&waits, 0.5),
        PROMISED.as_secs(),
        DELAY.as_millis(),
    );
    let what = format!("lanes {} {}", ground.engine, SENDERS + 1);
    Ok(vec![taken.row(&what, &more, ground.turns.noisy)])
}
