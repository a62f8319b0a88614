//! Mails per second: built for each recipient, handed over, and the outcome of each stored
//! durably; against a sender that builds and hands over and stores nothing.

use std::time::{Duration, Instant};

use anyhow::ensure;
use qianshou::domain::urgency::Urgency;
use qianshou::workers::Workers;

use crate::Ground;
use crate::pipelined;
use crate::relay::Relay;
use crate::town::{Issued, Town};

/// Connections to the relay.
const CONNECTIONS: usize = 8;
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(crate) fn measure(ground: &Ground<'_>) -> anyhow::Result<Vec<String>> {
    let relay = Relay::start(Duration::ZERO)?;
    let [_, url] = &ground.urls;
    let mut town = Town::open(url, ground.folder, relay.port())?;
    let to = town.issue(Urgency::Priority, ground.rows, &[])?;
    let mut sent = 0;
    let taken = ground.turns.take(
        |_| {
            let took = pipelined::send(relay.port(), CONNECTIONS, 0..ground.rows)?;
            ensure!(relay.drain().len() == ground.rows, "the relay missed mails");
            Ok(rate(ground.rows, took))
        },
        |slot| {
            let rate = product(&mut town, &to, &relay, i32::try_from(slot)?)?;
            sent += ground.rows;
            Ok(rate)
        },
    )?;
    let outcomes = ["messages WHERE state = 'handed_over'", "attempts", "attempt_outcomes"];
    town.database.expect(&outcomes, sent)?;
    town.database.expect(&["events WHERE kind = 'message_handed_over'"], sent)?;
    let what = format!("mail {} {CONNECTIONS}", ground.engine);
    Ok(vec![taken.row(&what, &format!("mails={}", ground.rows), ground.turns.noisy)])
}

fn product(town: &mut Town, to: &Issued, relay: &Relay, step: i32) -> anyhow::Result<f64> {
    town.write_mails(to, step)?;
    town.database.settle()?;
    let wanted = relay.count() + usize::try_from(town.database.count(OWED)?)?;
    let began = Instant::now();
    let workers = Workers::start(&town.app.service, CONNECTIONS)?;
    while relay.count() < wanted || town.database.count(OWED)? > 0 {
        std::thread::sleep(LOOK_EVERY);
    }
    let took = began.elapsed();
    ensure!(workers.stop(), "the workers did not stop");
    let mails = relay.drain().len();
    ensure!(mails == wanted, "{mails} mails instead of {wanted}");
    Ok(rate(mails, took))
}

/// Messages that have not come to their end.
pub(crate) const OWED: &str = "(SELECT 1 FROM messages WHERE due_at IS NOT NULL) AS owed";

pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}
