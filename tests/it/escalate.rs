//! The engine on a real database: a whole 特提 ladder with the clock in our hands, two servers
//! over one database, signatures that race reminders, and what the story says of it all.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::account::Account;
use qianshou::domain::ids::{DeliveryId, LinkId};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::acknowledge::{
    Preparation, SignRequest, Signature, acknowledge, fresh_code, prepare,
};
use qianshou::service::escalate::{self, Fired};
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::{Sending, accounts, compose, demo, submit, visit};
use qianshou::store::links::FIRST_GENERATION;

use crate::support::HEADS;
use crate::support::house::execute;
use crate::support::stand::{Stand, resume_now};

/// 2026-11-24T02:02 in Changsha.
const NIGHT: Timestamp = Timestamp::from_micros(1_795_456_920_000_000);

struct Issue {
    stand: Stand,
}

impl Issue {
    /// The sample notice of the demonstration, issued as 特提.
    fn new() -> Option<Self> {
        let stand = Stand::new(NIGHT, MemoryMailer::default(), Sending::default())?;
        let service = &stand.service;
        let notice = demo::fill(service).unwrap().notice;
        let all = accounts::list(service).unwrap();
        let who = |login: &str| -> Account {
            all.iter().find(|account| account.login == login).unwrap().clone()
        };
        let (clerk, releaser) = (who("jingban"), who("hefa"));
        let seen = compose::load(service, &clerk, notice).unwrap().digest();
        submit::submit(service, &clerk, notice, seen).unwrap();
        let request = IssueRequest {
            notice,
            seen,
            form_key: "once".to_owned(),
            gap_reason: Some("先行发出，电话通知".to_owned()),
            left_out: None,
            unchanged: false,
        };
        let issued = release_and_issue(service, &releaser, &request).unwrap();
        assert!(matches!(issued, Issued::Now { .. }));
        Some(Self { stand })
    }

    /// Ticks until nothing is due.
    fn settle(&self) -> Fired {
        settle(&self.stand.service)
    }

    fn at(&self, minute: i64) -> Fired {
        self.stand.clock.set(NIGHT.plus(Span::minutes(minute)));
        self.settle()
    }

    fn count(&self, what: &str) -> i64 {
        self.stand.number(&format!("SELECT count(*) AS value FROM {what}"))
    }
}

fn settle(service: &qianshou::service::Service) -> Fired {
    let mut sum = Fired::default();
    loop {
        let fired = escalate::tick(service).unwrap();
        sum.add(&fired);
        if !fired.more {
            return sum;
        }
    }
}

#[test]
fn a_flash_notice_climbs_its_whole_ladder_and_the_calls_go_on() {
    let Some(town) = Issue::new() else { return };
    let primary = town.count("deliveries WHERE addressee = 'primary'");
    let with_gaps = town.count("rungs WHERE action = 'call_unreachable'");
    assert!(with_gaps > 0);
    let first = town.at(0);
    assert_eq!(town.count("call_tasks WHERE kind = 'call'"), with_gaps, "called at minute 0");
    assert!(first.gaps > 0, "who has no address is a gap and not silence");
    assert_eq!(town.settle(), Fired::default(), "nothing fires twice");
    assert_eq!(town.at(4), Fired::default(), "nothing fires early");
    assert!(town.at(5).messages > 0);
    assert_eq!(town.count("messages WHERE purpose = 'reminder' AND link_id IS NULL"), 0);
    town.at(10);
    assert_eq!(town.count("call_tasks WHERE kind = 'call'"), primary, "all unsigned are called");
    town.at(15);
    assert!(town.count("messages WHERE purpose = 'leader_prompt'") > 0);
    assert_eq!(town.count("messages WHERE purpose = 'leader_prompt' AND link_id IS NOT NULL"), 0);
    town.at(20);
    let lists = town.count("messages WHERE purpose = 'issuer_alert'");
    let leaders = town.stand.number(
        "SELECT count(DISTINCT address_id) AS value FROM messages WHERE purpose = 'issuer_alert'",
    );
    assert!(lists > 0, "the issuer's leader is told");
    let steps = town.stand.number(
        "SELECT count(DISTINCT step) AS value FROM messages WHERE purpose = 'issuer_alert'",
    );
    assert_eq!(lists, leaders * steps, "one list, not one mail for each delivery");
    town.at(30);
    assert_eq!(town.count("deliveries WHERE not_reached_at IS NOT NULL"), 0, "on time until then");
    town.stand.clock.advance(Span::seconds(1));
    town.settle();
    // No mail was sent in this test, so nothing ever arrived.
    assert_eq!(town.count("deliveries WHERE not_reached_at IS NOT NULL"), primary);
    assert_eq!(town.count("events WHERE kind = 'not_reached'"), primary);
    town.at(40);
    assert!(town.count("messages WHERE purpose = 'superior_request'") > 0);
    let raised = |town: &Issue| {
        town.stand.number("SELECT sum(raised) AS value FROM call_tasks WHERE kind = 'call'")
    };
    let before = raised(&town);
    town.at(60);
    assert_eq!(raised(&town), before + primary, "and again half an hour after the deadline");
    assert_eq!(town.at(89), Fired::default());
    town.at(90);
    assert_eq!(raised(&town), before + 2 * primary);
    // What fired has one event each; moot marks have none.
    let fired = town.count("rungs WHERE fired_at IS NOT NULL AND outcome <> 'moot'");
    let told = town.count(
        "events WHERE actor = 'system:escalate' AND kind IN \
         ('reminded', 'escalated', 'rung_gap', 'overdue', 'not_reached')",
    );
    assert_eq!(told, fired);
    let heads = town.count(HEADS);
    assert_eq!(heads, town.count("deliveries"), "each open delivery has one next step");
}

#[test]
fn a_ladder_that_cannot_go_on_holds_up_no_other_and_stays_due() {
    let Some(town) = Issue::new() else { return };
    town.at(0);
    let one = town.stand.texts("SELECT id AS value FROM deliveries ORDER BY id LIMIT 1").remove(0);
    let of_it = format!("delivery_id = '{one}'");
    let rungs = format!("rungs WHERE fired_at IS NOT NULL AND {of_it}");
    let before = town.count(&rungs);
    execute(
        &town.stand.url,
        &format!(
            "UPDATE rungs SET closed_at = 1, closed_why = 'lost' WHERE fired_at IS NULL AND {of_it}"
        ),
    );
    let others = || town.count(&format!("rungs WHERE fired_at IS NOT NULL AND NOT {of_it}"));
    let fired = others();
    town.at(6);
    assert!(others() > fired, "the others go on");
    assert_eq!(town.count(&rungs), before);
    assert_eq!(town.count(&format!("{HEADS} AND {of_it}")), 1, "it stays due");
    assert_eq!(escalate::tick(&town.stand.service).unwrap().stuck, 1);
}

#[test]
fn after_a_night_without_a_server_each_rung_fires_once_and_says_how_late() {
    let Some(town) = Issue::new() else { return };
    town.at(0);
    let fired = town.at(8 * 60);
    assert!(fired.late_max >= Span::minutes(7 * 60));
    let order = town.stand.number(
        "SELECT count(*) AS value FROM rungs a JOIN rungs b ON a.delivery_id = b.delivery_id \
         AND a.step < b.step AND a.fired_at IS NULL AND a.closed_at IS NULL \
         AND b.fired_at IS NOT NULL",
    );
    assert_eq!(order, 0, "no rung is skipped");
    // Half-hour rounds from 60 to 480 minutes: made up for by none, and each on record.
    let rounds = 15 * town.count("deliveries WHERE addressee = 'primary'");
    assert_eq!(i64::try_from(fired.missed).unwrap(), rounds);
    let superseded = town.count("rungs WHERE closed_why = 'superseded_by_a_later_round'");
    assert_eq!(superseded, rounds, "none is passed over in silence");
    assert_eq!(town.count("events WHERE kind = 'rung_superseded'"), rounds);
    assert_eq!(town.settle(), Fired::default());
    // Back to before: nothing fires twice.
    assert_eq!(town.at(1), Fired::default());
}

#[test]
fn two_servers_over_one_database_fire_each_rung_once() {
    let Some(town) = Issue::new() else { return };
    let primary = town.count("deliveries WHERE addressee = 'primary'");
    town.at(0);
    town.stand.clock.set(NIGHT.plus(Span::minutes(41)));
    let again = town.stand.second();
    let (one, two) = (town.stand.service.clone(), again);
    let threads = [one.clone(), two.clone(), one, two].map(|service| {
        std::thread::spawn(move || (0..20).map(|_| settle(&service).rungs).sum::<usize>())
    });
    let counts: Vec<usize> = threads.into_iter().map(|it| it.join().unwrap()).collect();
    let total: usize = counts.iter().sum();
    let fired = town.count("rungs WHERE fired_at IS NOT NULL");
    let at_once = town.count(&format!("rungs WHERE fired_at = {}", NIGHT.as_micros()));
    assert_eq!(i64::try_from(total).unwrap(), fired - at_once, "{counts:?}");
    assert!(fired - at_once >= primary * 5, "the ladder was climbed");
    let twice = town.stand.number(
        "SELECT count(*) AS value FROM (SELECT bytes FROM events WHERE \
         actor = 'system:escalate' AND kind = 'escalated' GROUP BY delivery_id, bytes \
         HAVING count(*) > 1) t",
    );
    assert_eq!(twice, 0);
}

/// All organisations sign while two servers fire the reminders to them. The answer cancels what
/// is owed, so a reminder that is still owed to a signed delivery was committed after the answer.
#[test]
fn no_reminder_is_committed_after_the_answer() {
    let races: usize =
        env::var_os("QIANSHOU_TEST_RACES").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(1_000);
    let (mut done, mut before, began) = (0, 0, Instant::now());
    while done < races {
        let Some(town) = Issue::new() else { return };
        town.at(0);
        town.stand.clock.set(NIGHT.plus(Span::minutes(5)));
        let fixture = &town.stand;
        let linked = fixture.texts("SELECT DISTINCT delivery_id AS value FROM links");
        let ids: Vec<DeliveryId> = linked.iter().map(|id| id.parse().unwrap()).collect();
        let count = ids.len();
        let signatures: Vec<_> = ids.iter().map(|id| signature(fixture, *id)).collect();
        let over = AtomicBool::new(false);
        let (service, second) = (fixture.service.clone(), fixture.second());
        std::thread::scope(|scope| {
            for service in [&service, &second] {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        settle(service);
                    }
                    settle(service);
                });
            }
            for signature in signatures {
                drop(acknowledge(&service, signature).wait().unwrap());
            }
            over.store(true, Ordering::SeqCst);
        });
        let signed = fixture
            .number("SELECT count(*) AS value FROM deliveries WHERE acknowledged_at IS NOT NULL");
        assert_eq!(usize::try_from(signed).unwrap(), count);
        let ghosts = "FROM messages WHERE purpose = 'reminder'";
        before += fixture.number(&format!("SELECT count(*) AS value {ghosts}"));
        let after =
            fixture.number(&format!("SELECT count(*) AS value {ghosts} AND state = 'waiting'"));
        assert_eq!(after, 0, "reminders committed after the answer");
        let heads = "SELECT count(*) AS value FROM deliveries WHERE acknowledged_at IS NOT NULL \
                     AND next_due_at IS NOT NULL";
        assert_eq!(fixture.number(heads), 0, "ladders that go on after the answer");
        done += count;
    }
    let took = began.elapsed().as_secs_f64();
    println!("races: {done} in {took:.0} s; reminders before the answer: {before}; after it: 0");
}

fn signature(fixture: &Stand, id: DeliveryId) -> Signature {
    let link = fixture.texts(&format!("SELECT id AS value FROM links WHERE delivery_id = '{id}'"));
    let link: LinkId = link[0].parse().unwrap();
    let generation = u32::try_from(FIRST_GENERATION).unwrap();
    let service = &fixture.service;
    let arrival = visit::begin(service, &service.keys.link_token(link, generation)).unwrap();
    let visiting = resume_now(service, id, &arrival.cookie).unwrap();
    let code = fresh_code(service, id, visiting.version, fixture.service.now()).unwrap();
    let request = SignRequest {
        name: "王某".into(),
        post: "机要员".into(),
        phone: "0731-88062345".into(),
        on_behalf: false,
        authority: String::new(),
        code: code.digits,
        code_token: code.token,
    };
    match prepare(service, &visiting, &request).unwrap() {
        Preparation::Ready(signature) => *signature,
        _ => panic!("not to be signed"),
    }
}
