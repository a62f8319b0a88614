//! The drill, in real time with the real program and a ladder of seconds: the process is stopped
//! across due times, killed and in good order, and what was due then fires once, late, with its
//! lateness on record. Then a worker that holds the mails of a 特提 is killed, paused or cut off
//! from the database, and the delay this brings is measured beside the bound that is stated for
//! it: lease + poll.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ground::{Ground, LEASE_S, POLL_MS};
use crate::proxy::Proxy;
use crate::server::ServerProcess;
use crate::support::engine::Engine;
use crate::support::house::{count, texts};
use crate::support::smtp_sink::{Mode, Modes, SinkSetup, SmtpSink};
use crate::support::trustcheck::{Books, breaches};

/// What is promised: nothing holds a rung or a mail of 特提 up for longer.
const BOUND: Duration = Duration::from_millis(LEASE_S * 1_000 + POLL_MS);
/// What a busy machine may need to start a program and to notice; no part of the promise. Wide,
/// because what is measured is printed beside the bound, and a neighbour must not turn this red:
/// a worker that nobody follows is later by minutes.
const SLACK: Duration = Duration::from_secs(20);
/// How often a scene is set again that a busy machine has spoilt before the harm came.
const SCENES: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);
const ORGANISATIONS: usize = 12;

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < patience, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

fn skipped(test: &str) {
    println!("drill: {test} skipped, no PostgreSQL on this machine");
}

/// Microseconds since 1970, as rows have them.
fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

fn number(ground: &Ground, select: &str) -> Option<i64> {
    texts(ground.url(), select).first().and_then(|text| text.parse().ok())
}

/// The next due time of all.
fn next_due(ground: &Ground) -> Option<i64> {
    let select = "SELECT COALESCE(CAST(MIN(next_due_at) AS TEXT), '') AS value FROM deliveries";
    number(ground, select)
}

/// Waits until a rung is due within the second, ends the server so that it is down when the rung
/// is due, and starts it again a while after.
fn miss(ground: &Ground, server: ServerProcess, end: fn(ServerProcess)) -> (ServerProcess, i64) {
    let mut due = 0;
    until("a rung ahead", || match next_due(ground) {
        Some(at) if at > now() + 800_000 && at < now() + 1_800_000 => {
            due = at;
            true
        }
        _ => false,
    });
    end(server);
    assert!(now() < due, "the machine is too busy to end the program in time");
    std::thread::sleep(Duration::from_micros(u64::try_from(due + 1_500_000 - now()).unwrap()));
    let started = now();
    let server = ServerProcess::start(ground);
    server.until_it_listens(ground);
    until("the missed rung", || {
        count(ground.url(), &format!("rungs where planned_at = {due} and fired_at is null")) == 0
    });
    let fired = format!(
        "SELECT CAST(MIN(fired_at) AS TEXT) AS value FROM rungs WHERE \
                         planned_at = {due} AND fired_at IS NOT NULL"
    );
    let fired = number(ground, &fired).unwrap();
    assert!(fired >= started, "it fired while no server was there");
    (server, fired - due)
}

#[test]
fn drill_rungs_missed_by_a_stopped_server_fire_once_and_late() {
    let Some(ground) = Ground::prepare_drill(ORGANISATIONS, 24) else { return skipped("stop") };
    let begun = Instant::now();
    let server = ServerProcess::start(&ground);
    server.until_it_listens(&ground);
    until("first mails", || ground.all_mails_arrived());
    let (server, late_killed) = miss(&ground, server, ServerProcess::kill);
    let (server, late_stopped) = miss(&ground, server, ServerProcess::stop);
    until("the deadline", || {
        count(ground.url(), "events where kind in ('overdue', 'not_reached')")
            == i64::try_from(ORGANISATIONS).unwrap()
    });
    until("the end of the ladder", || {
        count(
            ground.url(),
            "deliveries d join rungs r on r.delivery_id = d.id and r.step = d.next_step \
             where r.action <> 'call'",
        ) == 0
    });
    until("the last mails", || {
        count(ground.url(), "messages where state in ('waiting', 'leased')") == 0
    });
    server.stop();
    let late = check_firings(&ground);
    println!(
        "drill {:?}: down across two due times, fired once each: {} ms late after kill -9, {} ms \
         late after an orderly end; {} firings on record, the latest {} ms late; {:.0} s",
        Engine::of_this_run(),
        late_killed / 1_000,
        late_stopped / 1_000,
        late.len(),
        late.iter().max().unwrap(),
        begun.elapsed().as_secs_f64()
    );
    assert!(late.iter().any(|ms| *ms >= 1_500), "no lateness is on record");
    let mut books = Books::open(ground.url());
    let found = breaches(&mut books);
    assert!(found.is_empty(), "{found:#?}");
}

/// Each rung fired once, in order, and says in its event how late: what the row says too.
fn check_firings(ground: &Ground) -> Vec<i64> {
    let fired = "SELECT id || ' ' || CAST(fired_at - planned_at AS TEXT) AS value FROM rungs \
                 WHERE fired_at IS NOT NULL AND outcome = 'acted'";
    let rows: BTreeMap<String, i64> = texts(ground.url(), fired)
        .iter()
        .map(|row| row.split_once(' ').unwrap())
        .map(|(id, late)| (id.to_owned(), late.parse().unwrap()))
        .collect();
    let bytes = match Engine::of_this_run() {
        Engine::Sqlite => "CAST(bytes AS TEXT)",
        Engine::Postgres => "convert_from(bytes, 'UTF8')",
    };
    let told = texts(
        ground.url(),
        &format!("SELECT {bytes} AS value FROM events WHERE actor = 'system:escalate'"),
    );
    let mut late = BTreeMap::new();
    for event in &told {
        let event: Value = serde_json::from_str(event).unwrap();
        let rung = event["subjects"]["rung"].as_str().unwrap().to_owned();
        let ms = event["facts"]["late_ms"].as_i64().unwrap();
        if let Some(row) = rows.get(&rung) {
            assert_eq!(ms, row / 1_000, "row and event of {rung} disagree");
            assert!(ms >= 0, "{rung} fired before its time");
        }
        assert_eq!(late.insert(rung, ms), None, "a rung is told of twice");
    }
    assert!(rows.keys().all(|rung| late.contains_key(rung)), "a firing without its event");
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in ground.received() {
        seen.entry(mail.message_id).or_default().insert(mail.recipient);
    }
    let written = count(ground.url(), "messages");
    assert_eq!(i64::try_from(seen.len()).unwrap(), written, "each message once under its name");
    assert!(seen.values().all(|to| to.len() == 1));
    let kinds = "SELECT delivery_id || purpose || address_id || CAST(step AS TEXT) AS value \
                 FROM messages WHERE delivery_id IS NOT NULL";
    let kinds = texts(ground.url(), kinds);
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "written twice");
    late.into_values().collect()
}

/// What happens to the worker that holds the mails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Harm {
    Killed,
    Paused,
    CutOff,
}

/// A server whose relay never says a word takes the mails and keeps its leases; then the harm
/// comes, and another server has to notice. The delay of the last mail, from the harm on.
fn delay_of_mails(harm: Harm) -> Option<Duration> {
    for _ in 0..SCENES {
        match one_delay_of_mails(harm) {
            Scene::NoPostgres => return None,
            Scene::Spoilt(why) => println!("drill: {harm:?}: set again, {why}"),
            Scene::Delay(delay) => return Some(delay),
        }
    }
    panic!("{harm:?}: the scene was spoilt {SCENES} times; is the machine that busy?");
}

/// What came of one scene.
enum Scene {
    NoPostgres,
    /// Before the harm came, the mails were not where they should have been.
    Spoilt(&'static str),
    Delay(Duration),
}

fn one_delay_of_mails(harm: Harm) -> Scene {
    // The ladder is far away: only the first mails are looked at.
    let Some(ground) = Ground::prepare_drill(4, 3_000) else { return Scene::NoPostgres };
    let setup = SinkSetup { modes: always(Mode::Silent), ..SinkSetup::default() };
    let silent = SmtpSink::start(setup).unwrap();
    let (proxy, url) = match Engine::of_this_run() {
        Engine::Sqlite => (None, None),
        Engine::Postgres => {
            let (before, port, after) = around_port(ground.url());
            let proxy = Proxy::before(port);
            let url = format!("{before}{}{after}", proxy.port());
            (Some(proxy), Some(url))
        }
    };
    let holder_config = ground.second_config("holder", url.as_deref(), silent.port());
    let holder = ServerProcess::start_with(&ground, &holder_config);
    let held = || count(ground.url(), "messages where state = 'leased'") == 4;
    until("the mails in the holder's hands", held);
    // So long that a lease which is not kept would have ended: the holder keeps its own.
    std::thread::sleep(Duration::from_secs(2));
    if !held() {
        holder.kill();
        return Scene::Spoilt("the holder did not keep its leases");
    }
    let other = (Engine::of_this_run() == Engine::Postgres).then(|| {
        let other = ServerProcess::start(&ground);
        other.until_it_listens(&ground);
        std::thread::sleep(Duration::from_millis(600));
        other
    });
    if !ground.received().is_empty() {
        holder.kill();
        other.into_iter().for_each(ServerProcess::kill);
        return Scene::Spoilt("the other server has them already");
    }
    let harmed = Instant::now();
    let at = now();
    let mut holder = Some(holder);
    match harm {
        Harm::Killed => holder.take().unwrap().kill(),
        Harm::Paused => holder.as_ref().unwrap().signal("-STOP"),
        Harm::CutOff => proxy.as_ref().unwrap().cut(),
    }
    // On SQLite there is one server: it is started again, as a supervisor would.
    let other = other.unwrap_or_else(|| ServerProcess::start(&ground));
    until("the mails", || ground.all_mails_arrived());
    assert!(harmed.elapsed() < PATIENCE);
    let last = "SELECT CAST(MAX(started_at) AS TEXT) AS value FROM attempts WHERE number > 1";
    let delay = u64::try_from(number(&ground, last).unwrap() - at).unwrap();
    let handed_over = "messages where state = 'handed_over' and attempts > 1";
    until("the outcomes", || count(ground.url(), handed_over) == 4);
    if let Some(holder) = holder {
        // What it believes to hold by now changes nothing.
        if harm == Harm::Paused {
            holder.signal("-CONT");
        }
        std::thread::sleep(Duration::from_secs(1));
        holder.kill();
    }
    assert_eq!(count(ground.url(), handed_over), 4);
    let mails = ground.received();
    assert_eq!(mails.len(), 4, "each mail once");
    other.kill();
    Scene::Delay(Duration::from_micros(delay))
}

fn always(mode: Mode) -> Modes {
    Modes::Seeded { seed: 1, weighted: vec![(1, mode)] }
}

/// `postgres://…:` the port `/…`.
fn around_port(url: &str) -> (String, u16, String) {
    let from = url.rfind(':').unwrap() + 1;
    let to = from + url[from..].find('/').unwrap();
    (url[..from].to_owned(), url[from..to].parse().unwrap(), url[to..].to_owned())
}

fn within_the_bound(what: &str, delay: Option<Duration>) {
    let Some(delay) = delay else { return skipped(what) };
    println!(
        "drill {:?}: mails of 特提 held by a worker that is {what}: {:.2} s delay; bound lease + \
         poll = {:.1} s",
        Engine::of_this_run(),
        delay.as_secs_f64(),
        BOUND.as_secs_f64()
    );
    assert!(delay <= BOUND + SLACK, "{what}: {delay:?} is more than {BOUND:?}");
}

#[test]
fn drill_a_killed_worker_delays_a_mail_by_no_more_than_lease_and_poll() {
    within_the_bound("killed", delay_of_mails(Harm::Killed));
}

#[test]
fn drill_a_paused_worker_delays_a_mail_by_no_more_than_lease_and_poll() {
    if Engine::of_this_run() == Engine::Postgres {
        within_the_bound("paused", delay_of_mails(Harm::Paused));
    }
}

#[test]
fn drill_a_worker_cut_off_from_the_database_delays_a_mail_by_no_more_than_lease_and_poll() {
    if Engine::of_this_run() == Engine::Postgres {
        within_the_bound("cut off", delay_of_mails(Harm::CutOff));
    }
}

/// The worst moment: a server holds the rows of the rungs it fires when its wire goes dead, just
/// before the commit. Another server fires them as soon as the database lets go of the rows.
#[test]
fn drill_a_worker_cut_off_in_the_middle_of_firing_delays_rungs_by_no_more_than_lease_and_poll() {
    if Engine::of_this_run() != Engine::Postgres {
        return;
    }
    let Some(ground) = Ground::prepare_drill(4, 60) else { return skipped("cut while firing") };
    let (before, port, after) = around_port(ground.url());
    let proxy = Proxy::before(port);
    let url = format!("{before}{}{after}", proxy.port());
    let sink = SmtpSink::start(SinkSetup::default()).unwrap();
    let holder_config = ground.second_config("holder", Some(&url), sink.port());
    let holder = ServerProcess::start_with(&ground, &holder_config);
    until("first mails", || sink.received().len() >= 4);
    proxy.cut_at_commit_of("\"rungs\"");
    until("the cut in the middle of firing", || proxy.cut_since().is_some());
    let held = next_due(&ground).unwrap();
    let other = ServerProcess::start(&ground);
    until("the rungs", || {
        count(ground.url(), &format!("rungs where planned_at = {held} and fired_at is null")) == 0
    });
    let last = format!(
        "SELECT CAST(MAX(fired_at) AS TEXT) AS value FROM rungs WHERE \
                        planned_at = {held}"
    );
    let delay = number(&ground, &last).unwrap() - held;
    holder.kill();
    other.kill();
    let late = Duration::from_micros(u64::try_from(delay).unwrap());
    println!(
        "drill {:?}: rungs of 特提 held by a worker that is cut off before its commit: {:.2} s \
         delay; bound lease + poll = {:.1} s",
        Engine::of_this_run(),
        late.as_secs_f64(),
        BOUND.as_secs_f64()
    );
    assert!(late <= BOUND + SLACK, "{late:?} is more than {BOUND:?}");
    let twice = "(SELECT delivery_id FROM events WHERE kind = 'reminded' GROUP BY delivery_id \
                 HAVING count(*) > 1) t";
    assert_eq!(count(ground.url(), twice), 0);
}
