//! The self-check finds each fault that is planted, tells it once, and ends the alarm when the
//! fault is gone; only a pass that found nothing gives the sign of life.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qianshou::adapters::mail::MemoryMailer;
use qianshou::adapters::outward::Outward;
use qianshou::domain::address::WebhookUrl;
use qianshou::domain::alarm::AlarmKind;
use qianshou::domain::ids::RungId;
use qianshou::domain::ladder::RungAct;
use qianshou::domain::time::Span;
use qianshou::domain::urgency::Urgency;
use qianshou::service::Service;
use qianshou::service::readiness::{not_yet_round, readiness};
use qianshou::service::self_check::{Pass, pass};
use qianshou::service::watch::{Duty, Watch, WatchSettings, round_finished};
use qianshou::store::StoreError;
use qianshou::store::rungs::{NewRung, rung_insert_all};

use crate::support::fixture::{Fixture, IssuedNotice};

const HEAD_ON: &str = "UPDATE deliveries SET next_step = 1, next_due_at = (SELECT planned_at \
    FROM rungs WHERE delivery_id = deliveries.id AND step = 1)";
const HEAD_OFF: &str = "UPDATE deliveries SET next_step = NULL, next_due_at = NULL";

/// A notice of that level with a ladder of two steps, the first due in five minutes.
fn issue(at: &Fixture, urgency: Urgency) -> IssuedNotice {
    let issued = at.issue(urgency, 1, 1);
    let now = at.now();
    let rungs: Vec<NewRung> = [(1u16, 5), (2, 10)]
        .iter()
        .map(|(step, minutes)| NewRung {
            id: RungId::new(now, [u8::try_from(*step).unwrap(); 10]),
            delivery_id: issued.deliveries[0].id,
            step: *step,
            act: RungAct::Remind,
            ways: None,
            planned_at: now.plus(Span::minutes(*minutes)),
            done: false,
        })
        .collect();
    at.service.store.write("fixture", move |tx| rung_insert_all(tx, &rungs, now)).unwrap();
    at.sql(HEAD_ON);
    at.sql("UPDATE messages SET state = 'handed_over', due_at = NULL");
    issued
}

fn told_to(at: &Fixture, folder: &Path) -> Service {
    let told = folder.join("told");
    let line = format!("cat >> '{}'", told.display());
    let settings = WatchSettings {
        command: ["sh", "-c", &line].map(str::to_owned).to_vec(),
        heartbeat_file: Some(folder.join("beat")),
        mail_to: Some("ops@office.example".to_owned()),
        ..WatchSettings::default()
    };
    Service { watch: Arc::new(Watch::new(settings)), ..at.service.clone() }
}

fn kinds(pass: &Pass) -> Vec<AlarmKind> {
    pass.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn each_planted_fault_is_found_told_once_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = MemoryMailer::new();
    let Some(at) = Fixture::new(mailer.clone()) else { return };
    let service = told_to(&at, folder.path());
    issue(&at, Urgency::Flash);
    let (beat, told) = (folder.path().join("beat"), folder.path().join("told"));

    assert_eq!(pass(&service).unwrap(), Pass::default(), "nothing is wrong yet");
    assert!(fs::read_to_string(&beat).unwrap().ends_with("ok\n"));

    let long_ago = at.now().as_micros() - 10 * 60 * 1_000_000;
    let fired = format!("fired_at = {}", at.now().as_micros());
    let quiet = "UPDATE messages SET state = 'handed_over', due_at = NULL, lease_token = NULL";
    let planned = at.texts("SELECT CAST(planned_at AS TEXT) AS value FROM rungs WHERE step = 1");
    let on_time = format!("UPDATE rungs SET planned_at = {} WHERE step = 1; {HEAD_ON}", planned[0]);
    let plants: [(AlarmKind, String, &str); 7] = [
        (AlarmKind::StepMissing, HEAD_OFF.to_owned(), HEAD_ON),
        (AlarmKind::StepMissing, "UPDATE deliveries SET next_step = 9".to_owned(), HEAD_ON),
        (
            AlarmKind::StepMissing,
            "UPDATE deliveries SET next_due_at = next_due_at + 1".to_owned(),
            HEAD_ON,
        ),
        (
            AlarmKind::StepOverdue,
            format!("UPDATE rungs SET planned_at = {long_ago} WHERE step = 1; {HEAD_ON}"),
            &on_time,
        ),
        (
            AlarmKind::StepWithoutEffect,
            format!("UPDATE rungs SET outcome = 'acted', {fired} WHERE step = 1"),
            "UPDATE rungs SET outcome = 'gap' WHERE step = 1",
        ),
        (
            AlarmKind::LeaseOverdue,
            format!(
                "UPDATE messages SET state = 'leased', lease_token = 'gone', due_at = {long_ago}"
            ),
            quiet,
        ),
        (
            AlarmKind::MessageOverdue,
            format!("UPDATE messages SET state = 'waiting', due_at = {long_ago}"),
            quiet,
        ),
    ];
    let run = |statements: &str| {
        for one in statements.split("; ") {
            at.sql(one);
        }
    };
    for (kind, plant, mend) in plants {
        fs::remove_file(&beat).unwrap();
        drop(fs::remove_file(&told));
        mailer.clear();
        run(&plant);
        if kind == AlarmKind::StepWithoutEffect {
            at.sql(&HEAD_ON.replace('1', "2"));
        }
        let found = pass(&service).unwrap();
        assert_eq!(kinds(&found), [kind]);
        assert_eq!(found.raised, 1);
        let again = pass(&service).unwrap();
        assert_eq!((kinds(&again), again.raised), (vec![kind], 0), "it is known already");
        assert!(!beat.exists(), "{kind}: no sign of life while something is wrong");
        let text = fs::read_to_string(&told).unwrap();
        assert_eq!(text.matches(kind.word_zh()).count(), 1, "told once: {text}");
        assert!(text.contains(kind.remedy_zh()), "what to do: {text}");
        assert_eq!(mailer.mail_to("ops@office.example").len(), 1);
        assert_eq!(service.watch.alarms().len(), 1, "staff pages show it");
        run(mend);
        let mended = pass(&service).unwrap();
        assert_eq!((mended.findings.len(), mended.cleared), (0, 1), "{kind} is over");
        assert!(beat.exists() && service.watch.alarms().is_empty());
    }
    let events = at.texts("SELECT kind AS value FROM events WHERE kind LIKE 'alarm_%'");
    assert_eq!(events.iter().filter(|kind| *kind == "alarm_raised").count(), 7);
    assert_eq!(events.iter().filter(|kind| *kind == "alarm_cleared").count(), 7);
}

/// Takes calls on this machine, answers each with this, and keeps what it heard.
fn listener(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/up", listener.local_addr().unwrap().port());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&heard);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut chunk = [0; 8192];
            let mut text = String::new();
            while !text.contains("\r\n\r\n") || (text.contains("text") && !text.ends_with('}')) {
                match socket.read(&mut chunk) {
                    Ok(count) if count > 0 => text += &String::from_utf8_lossy(&chunk[..count]),
                    _ => break,
                }
            }
            told.lock().unwrap().push(text);
            drop(socket.write_all(answer.as_bytes()));
        }
    });
    (url, heard)
}

/// Waits for what happens beside.
fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never happened");
}

const YES: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const NO: &str = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";

fn outward(url: &str, method: &'static str) -> Outward {
    Outward::open(WebhookUrl::parse(url).unwrap(), method, None).unwrap()
}

#[test]
fn a_clean_pass_calls_the_operators_address_and_waits_for_nothing() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let (good, heard) = listener(YES);
    let (bad, _) = listener(NO);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://127.0.0.1:{}/", silent.local_addr().unwrap().port());
    let watching = |url: &str| {
        let settings =
            WatchSettings { heartbeat_url: Some(outward(url, "GET")), ..WatchSettings::default() };
        Service { watch: Arc::new(Watch::new(settings)), ..at.service.clone() }
    };
    let service = watching(&good);
    assert_eq!(pass(&service).unwrap(), Pass::default());
    until(|| heard.lock().unwrap().iter().any(|text| text.starts_with("GET /up HTTP/1.1")));
    let alarm = "SELECT detail AS value FROM alarms WHERE kind = 'heartbeat_failed' AND \
                 cleared_at IS NULL";
    assert!(at.texts(alarm).is_empty());

    // What is refused is counted, and an alarm from the next pass on, until it is taken again.
    let refused = watching(&bad);
    let failures = |service: &Service| {
        service.watch.settings.heartbeat_url.as_ref().unwrap().standing().failed
    };
    pass(&refused).unwrap();
    until(|| failures(&refused) == 1);
    pass(&refused).unwrap();
    assert_eq!(at.texts(alarm), ["1 in a row, 1 since the start: HTTP 500"]);
    assert!(pass(&service).unwrap().findings.is_empty(), "it is no fault of the chase");
    pass(&service).unwrap();
    assert!(at.texts(alarm).is_empty());

    // Who does not answer holds nobody up, and is not called a second time meanwhile.
    let stuck = watching(&silent);
    let began = std::time::Instant::now();
    for _ in 0..3 {
        pass(&stuck).unwrap();
    }
    assert!(began.elapsed() < qianshou::adapters::outcall::CALL_WITHIN, "nobody waited");

    // While something is wrong there is no sign of life.
    issue(&at, Urgency::Flash);
    at.sql(HEAD_OFF);
    let before = heard.lock().unwrap().len();
    assert!(!pass(&service).unwrap().findings.is_empty());
    assert_eq!(heard.lock().unwrap().len(), before);
}

#[test]
fn an_alarm_is_posted_to_the_operators_address() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let (url, heard) = listener(YES);
    let settings =
        WatchSettings { alarm_url: Some(outward(&url, "POST")), ..WatchSettings::default() };
    let service = Service { watch: Arc::new(Watch::new(settings)), ..at.service.clone() };
    issue(&at, Urgency::Flash);
    at.sql(HEAD_OFF);
    assert_eq!(pass(&service).unwrap().raised, 1);
    let all = heard.lock().unwrap().concat();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /up HTTP/1.1"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains(AlarmKind::StepMissing.word_zh()), "{text}");
    pass(&service).unwrap();
    assert_eq!(heard.lock().unwrap().len(), 1, "told once");
}

#[test]
fn what_was_answered_stopped_or_ended_needs_no_next_step() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let issued = issue(&at, Urgency::Flash);
    let delivery = issued.deliveries[0].id;
    at.sql(HEAD_OFF);
    assert_eq!(kinds(&pass(&at.service).unwrap()), [AlarmKind::StepMissing]);
    let ended = [
        (
            format!("UPDATE deliveries SET chase_stopped_at = 1 WHERE id = '{delivery}'"),
            "UPDATE deliveries SET chase_stopped_at = NULL",
        ),
        ("UPDATE notices SET state = 'recalled'".into(), "UPDATE notices SET state = 'issued'"),
    ];
    for (end, open) in ended {
        at.sql(&end);
        assert_eq!(kinds(&pass(&at.service).unwrap()), [], "{end}");
        at.sql(open);
        assert_eq!(kinds(&pass(&at.service).unwrap()), [AlarmKind::StepMissing]);
    }
    at.acknowledge(delivery);
    assert_eq!(kinds(&pass(&at.service).unwrap()), []);
}

#[test]
fn a_step_without_effect_stays_an_alarm_until_it_is_mended() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    issue(&at, Urgency::Flash);
    let is_told = || kinds(&pass(&at.service).unwrap()).contains(&AlarmKind::StepWithoutEffect);
    assert!(!is_told());
    let taken = at.now().as_micros();
    at.sql(&format!("UPDATE rungs SET fired_at = {taken}, outcome = 'acted' WHERE step = 1"));
    assert!(is_told());
    for _ in 0..2 {
        at.clock.advance(Span::hours(25));
        assert!(is_told(), "a day makes it no better");
    }
    let anew = Service { watch: Arc::default(), ..at.service.clone() };
    let found = pass(&anew).unwrap();
    assert!(
        kinds(&found).contains(&AlarmKind::StepWithoutEffect),
        "nor does a server started anew"
    );
    assert_eq!(found.raised, 0, "it was known");
    at.sql("UPDATE rungs SET outcome = 'gap' WHERE step = 1");
    assert!(!is_told());
    // Committed after the look, at an instant a little before it.
    let late = at.now().minus(Span::minutes(1)).as_micros();
    at.sql(&format!("UPDATE rungs SET fired_at = {late}, outcome = 'acted' WHERE step = 2"));
    assert!(is_told());
}

#[test]
fn the_ladder_of_a_level_that_never_ends_has_always_a_next_step() {
    for (urgency, wrong) in [(Urgency::Flash, true), (Urgency::Ordinary, false)] {
        let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
        issue(&at, urgency);
        let now = at.now().as_micros();
        at.sql(HEAD_OFF);
        at.sql(&format!("UPDATE rungs SET fired_at = {now}, outcome = 'gap'"));
        let found = kinds(&pass(&at.service).unwrap());
        assert_eq!(found.contains(&AlarmKind::StepMissing), wrong, "{urgency}");
    }
}

#[test]
fn a_duty_that_stands_still_is_an_alarm_unless_another_server_goes_on() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let settings = WatchSettings { silent_after: Duration::from_millis(1), ..Default::default() };
    let service = Service { watch: Arc::new(Watch::new(settings)), ..at.service.clone() };
    std::thread::sleep(Duration::from_millis(5));
    let found = pass(&service).unwrap();
    let silent: Vec<&str> = found.findings.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(silent, Duty::ALL.iter().map(|duty| duty.as_str()).collect::<Vec<_>>());
    // Another server over the same database finishes its rounds, by the common clock just now.
    let other = Service { watch: Arc::default(), ..at.service.clone() };
    let ticket = other.watch.ticket();
    assert_eq!(not_yet_round(&other, ticket).len(), Duty::ALL.len());
    let next = other.watch.ticket();
    for duty in Duty::ALL {
        round_finished(&other, *duty, next);
    }
    // Rounds are written down without being waited for; this write comes after them.
    other.store.write("after", |_| Ok::<_, StoreError>(())).unwrap();
    assert!(not_yet_round(&other, ticket).is_empty(), "each duty went round since");
    assert!(!not_yet_round(&other, next).is_empty(), "but not since it was asked again");
    let settled = pass(&service).unwrap();
    assert_eq!((settled.findings.len(), settled.cleared), (0, Duty::ALL.len()));
}

#[test]
fn a_server_with_current_tables_and_writable_files_is_ready() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    assert_eq!(readiness(&at.service), Vec::<&str>::new());
    at.sql("DELETE FROM __diesel_schema_migrations");
    assert_eq!(readiness(&at.service), ["the database is not up to date"]);
}
