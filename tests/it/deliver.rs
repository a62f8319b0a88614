//! Sending what is due: every outcome ends in the right state, nothing is lost or sent too late,
//! and the counts agree with the deliveries whatever happens.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qianshou::adapters::mail::{
    MailSession, Mailer, MemoryMailer, OutgoingMail, SendLimits, SendReport,
};
use qianshou::domain::delivery::Tally;
use qianshou::domain::ids::{AttemptId, LinkId, NoticeId};
use qianshou::domain::message::{Channel, Happening, Phase, RetrySchedule};
use qianshou::domain::time::Span;
use qianshou::domain::urgency::Urgency;
use qianshou::service::Sending;
use qianshou::service::deliver::{Delivered, Dispatch, Sender, Share, keep_leases, tick};
use qianshou::store::events::event_list_of_delivery;
use qianshou::store::outbox::{TakeOrder, Taken, message_take_due};
use qianshou::workers::Workers;

use crate::support::fixture::{Fixture, IssuedNotice};

type Hook = Arc<Mutex<Option<Box<dyn FnMut(&OutgoingMail) + Send>>>>;

/// A mailer into memory that lets a test act while a mail is on its way, or just before.
#[derive(Clone, Default)]
struct HookedMailer {
    memory: MemoryMailer,
    before: Hook,
    during: Hook,
}

impl HookedMailer {
    fn call(hook: &Hook, mail: &OutgoingMail) {
        if let Some(act) = hook.lock().unwrap().as_mut() {
            act(mail);
        }
    }
}

fn set(hook: &Hook, act: impl FnMut(&OutgoingMail) + Send + 'static) {
    *hook.lock().unwrap() = Some(Box::new(act));
}

fn any_mail() -> OutgoingMail {
    let nobody = qianshou::adapters::mail::Mailbox { name: String::new(), address: String::new() };
    OutgoingMail {
        return_path: None,
        from: nobody.clone(),
        to: nobody,
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        message_id: String::new(),
        date: qianshou::domain::time::Timestamp::from_micros(0),
    }
}

impl Mailer for HookedMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(self.clone())
    }
}

impl MailSession for HookedMailer {
    fn prepare(&mut self, limits: SendLimits) -> Result<(), Box<SendReport>> {
        Self::call(&self.before, &any_mail());
        self.memory.prepare(limits)
    }

    fn send(&mut self, mail: &OutgoingMail, limits: SendLimits) -> SendReport {
        Self::call(&self.during, mail);
        self.memory.send(mail, limits)
    }
}

struct Post {
    at: Arc<Fixture>,
    memory: MemoryMailer,
    hooks: HookedMailer,
    dispatch: Dispatch,
}

fn post() -> Option<Post> {
    let hooks = HookedMailer::default();
    Some(Post::over(Fixture::new(hooks.clone())?, hooks))
}

fn post_with(sending: Sending) -> Option<Post> {
    let hooks = HookedMailer::default();
    Some(Post::over(Fixture::with_sending(hooks.clone(), sending)?, hooks))
}

impl Post {
    fn over(at: Fixture, hooks: HookedMailer) -> Self {
        let at = Arc::new(at);
        let dispatch = Dispatch::open(&at.service);
        Self { at, memory: hooks.memory.clone(), hooks, dispatch }
    }

    fn sender(&self) -> Sender {
        Sender::open(&self.at.service, &self.dispatch, "test", Share::All)
    }

    fn tick(&self) -> Delivered {
        tick(&self.at.service, &mut self.sender()).unwrap()
    }

    fn answers(&self, phase: Phase, happening: &Happening) {
        self.memory.answer_next([(phase, happening.clone())]);
    }

    /// State, why, attempts, uncertain of the only message, or of the first.
    fn message(&self) -> String {
        let select = "SELECT state || ' ' || coalesce(finished_why, '-') || ' ' || attempts || \
                      ' ' || spared || ' ' || uncertain AS value FROM messages ORDER BY id";
        self.at.texts(select).remove(0)
    }

    fn outcomes(&self) -> Vec<String> {
        self.at.texts(
            "SELECT o.outcome || CASE WHEN o.crossed THEN ' crossed' ELSE '' END AS value \
             FROM attempts a LEFT JOIN attempt_outcomes o ON o.attempt_id = a.id \
             WHERE o.attempt_id IS NOT NULL ORDER BY a.number, a.id",
        )
    }

    fn events(&self, issued: &IssuedNotice, place: usize) -> Vec<String> {
        let delivery = issued.deliveries[place].id;
        let found =
            self.at.service.store.read(|conn| event_list_of_delivery(conn, issued.id, delivery));
        found.unwrap().into_iter().map(|event| event.kind).collect()
    }

    fn counts(&self, notice: NoticeId) -> Tally {
        self.at.assert_counts(notice)
    }

    fn take(&self, token: &str, limit: usize) -> Vec<Taken> {
        let now = self.at.now();
        let order = TakeOrder {
            token: token.into(),
            now,
            until: now.plus(Span::seconds(15)),
            lanes: 0..5,
            flash_ways: Channel::ALL.to_vec(),
            other_ways: Channel::ALL.to_vec(),
            attempts: (0..limit)
                .map(|_| AttemptId::new(now, self.at.service.entropy().unwrap()))
                .collect(),
        };
        self.at.service.store.write("take", move |tx| message_take_due(tx, &order)).unwrap()
    }
}

fn reply(code: u16, text: &str) -> Happening {
    Happening::Reply { code, text: text.into() }
}

#[test]
fn a_notice_goes_out_once_to_every_address_and_is_on_record() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 3, 2);
    let done = post.tick();
    assert_eq!((done.taken, done.handed_over), (6, 6));
    assert_eq!(post.tick(), Delivered::default());
    let mails = post.memory.received();
    let to: BTreeSet<&str> = mails.iter().map(|mail| mail.to.address.as_str()).collect();
    let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    let links: BTreeSet<&str> = mails
        .iter()
        .filter_map(|mail| mail.text.lines().find(|line| line.starts_with("https://")))
        .collect();
    assert_eq!((mails.len(), to.len(), ids.len(), links.len()), (6, 6, 6, 6));
    assert!(
        mails[0].subject.starts_with("【特提】湘办发电〔2026〕0号 关于"),
        "{}",
        mails[0].subject
    );
    assert_eq!(post.message(), "handed_over - 1 0 0");
    assert_eq!(post.events(&issued, 0), ["message_handed_over", "message_handed_over"]);
    assert_eq!(post.counts(issued.id).handed_over, 3);
}

#[test]
fn every_outcome_leads_to_its_state() {
    let cases = [
        (Phase::FinalDotWritten, reply(250, "250 ok"), "handed_over - 1 0 0", "handed_over"),
        (Phase::Connect, Happening::Unreachable("refused".into()), "waiting - 1 0 0", "not_sent"),
        (Phase::Greeting, reply(421, "421 busy"), "waiting - 1 0 0", "not_sent"),
        (Phase::Auth, reply(535, "535 no"), "waiting - 1 1 0", "not_sent"),
        (Phase::Tls, Happening::BadCertificate("expired".into()), "waiting - 1 1 0", "not_sent"),
        (Phase::MailFrom, Happening::Cut, "waiting - 1 0 0", "not_sent"),
        (Phase::Recipient, reply(450, "450 later"), "waiting - 1 0 0", "not_sent"),
        (Phase::Recipient, reply(550, "550 a@b no"), "dead rejected 1 0 0", "rejected"),
        (Phase::Data, reply(452, "452 full"), "waiting - 1 0 0", "not_sent"),
        (Phase::Body, Happening::Timeout, "waiting - 1 0 0", "not_sent"),
        (Phase::FinalDotWritten, Happening::Cut, "waiting - 1 0 1", "uncertain"),
        (Phase::FinalDotWritten, Happening::Timeout, "waiting - 1 0 1", "uncertain"),
        (Phase::FinalDotWritten, Happening::Garbled("?".into()), "waiting - 1 0 1", "uncertain"),
        (Phase::FinalDotWritten, reply(451, "451 later"), "waiting - 1 0 0", "not_sent"),
        (Phase::FinalDotWritten, reply(554, "554 spam"), "dead rejected 1 0 0", "rejected"),
    ];
    for (phase, happening, wanted, event) in cases {
        let Some(post) = post() else { return };
        let issued = post.at.issue(Urgency::Flash, 1, 1);
        post.answers(phase, &happening);
        post.tick();
        assert_eq!(post.message(), wanted, "{phase:?} {happening:?}");
        let events = post.events(&issued, 0);
        assert_eq!(events[0], format!("message_{event}"), "{phase:?} {happening:?}");
        let counts = post.counts(issued.id);
        let dead = wanted.starts_with("dead");
        assert_eq!(counts.unreachable, i64::from(dead), "{phase:?} {happening:?}");
        assert_eq!(events.get(1).map(String::as_str), dead.then_some("unreachable"));
        let failing = "SELECT count(*) AS value FROM contact_addresses WHERE status = 'failing'";
        let refused = dead && phase == Phase::Recipient;
        assert_eq!(post.at.number(failing), i64::from(refused), "{phase:?} {happening:?}");
        let named = "SELECT count(*) AS value FROM attempt_outcomes WHERE reply LIKE '%@%'";
        assert_eq!(post.at.number(named), 0, "{phase:?} {happening:?}");
        if wanted.starts_with("waiting") {
            post.at.advance(Span::seconds(31));
            post.tick();
            assert!(post.message().starts_with("handed_over"), "{phase:?} {happening:?}");
            assert_eq!(post.counts(issued.id).handed_over, 1);
        }
    }
}

#[test]
fn an_unknown_outcome_is_tried_again_with_the_same_message_id_and_counted() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Ordinary, 1, 1);
    post.answers(Phase::FinalDotWritten, &Happening::Cut);
    post.tick();
    post.at.advance(Span::seconds(59));
    assert_eq!(post.tick().taken, 0, "nothing is tried before its wait is over");
    post.at.advance(Span::seconds(2));
    assert_eq!(post.tick().handed_over, 1);
    let mails = post.memory.received();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    assert_eq!(post.message(), "handed_over - 2 0 1");
    assert_eq!(post.outcomes(), ["unknown", "accepted"]);
    assert_eq!(post.events(&issued, 0), ["message_uncertain", "message_handed_over"]);
}

#[test]
fn a_killed_sender_loses_nothing_and_its_message_counts_as_uncertain() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 1, 1);
    let taken = post.take("dead", 16);
    assert_eq!(taken.len(), 1);
    assert_eq!(post.tick().taken, 0, "nobody takes what is leased");
    post.at.advance(Span::seconds(15));
    assert_eq!(post.tick().handed_over, 1);
    assert_eq!(post.message(), "handed_over - 2 0 1");
    // Both at the same instant of a clock that stands still: in any order.
    let told: BTreeSet<String> = post.events(&issued, 0).into_iter().collect();
    let wanted = ["message_handed_over", "message_uncertain"].map(str::to_owned);
    assert_eq!(told, BTreeSet::from(wanted));
    assert_eq!(post.counts(issued.id).handed_over, 1);
}

#[test]
fn the_report_of_a_lost_lease_moves_nothing_but_stays_on_record() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 1, 1);
    let inner = Arc::new(Mutex::new(None));
    let (at, taken) = (Arc::clone(&post.at), Arc::clone(&inner));
    let token: Arc<str> = "other".into();
    let stealer = Post {
        at: Arc::clone(&post.at),
        memory: post.memory.clone(),
        hooks: post.hooks.clone(),
        dispatch: post.dispatch.clone(),
    };
    set(&post.hooks.during, move |_| {
        at.advance(Span::seconds(16));
        *taken.lock().unwrap() = Some(stealer.take(&token, 16));
    });
    let done = post.tick();
    *post.hooks.during.lock().unwrap() = None;
    assert_eq!(inner.lock().unwrap().as_ref().map(Vec::len), Some(1));
    assert_eq!((done.lease_lost, done.handed_over), (1, 0));
    assert_eq!(post.message(), "leased - 2 0 1");
    assert_eq!(post.outcomes(), ["accepted"]);
    let held = "SELECT lease_token AS value FROM messages";
    assert_eq!(post.at.texts(held), ["other"]);
    // It did arrive, and that is a fact of the delivery.
    assert_eq!(post.counts(issued.id).handed_over, 1);
}

#[test]
fn an_answer_between_taking_and_sending_stops_the_mail() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 1, 1);
    let (at, id) = (Arc::clone(&post.at), issued.deliveries[0].id);
    let mut once = true;
    set(&post.hooks.before, move |_| {
        if std::mem::take(&mut once) {
            at.acknowledge(id);
        }
    });
    assert_eq!(post.tick().cancelled, 1);
    assert!(post.memory.tried().is_empty());
    assert_eq!(post.message(), "cancelled acknowledged 1 0 0");
    assert_eq!(post.outcomes(), ["not_tried"]);
    assert_eq!(post.counts(issued.id).acknowledged, 1);
}

#[test]
fn an_answer_while_the_mail_is_on_its_way_is_recorded_as_crossed() {
    for (answer, outcome) in [(None, "accepted crossed"), (Some(Happening::Cut), "unknown crossed")]
    {
        let Some(post) = post() else { return };
        let issued = post.at.issue(Urgency::Flash, 1, 1);
        let (at, id) = (Arc::clone(&post.at), issued.deliveries[0].id);
        set(&post.hooks.during, move |_| at.acknowledge(id));
        if let Some(happening) = &answer {
            post.answers(Phase::FinalDotWritten, happening);
        }
        assert_eq!(post.tick().crossed, 1);
        assert_eq!(post.message(), "cancelled acknowledged 1 0 0");
        assert_eq!(post.outcomes(), [outcome]);
        assert_eq!(post.counts(issued.id).acknowledged, 1);
        let handed = "SELECT count(*) AS value FROM deliveries WHERE handed_over_at IS NOT NULL";
        assert_eq!(post.at.number(handed), i64::from(answer.is_none()));
        assert_eq!(post.events(&issued, 0).len(), 1);
    }
}

#[test]
fn what_must_not_go_out_is_cancelled_with_its_reason() {
    let cases = [
        ("UPDATE contact_addresses SET status = 'retired'", "address_retired", true),
        ("UPDATE contacts SET retired_at = 1", "address_retired", true),
        ("UPDATE links SET revoked_at = 1", "link_revoked", true),
        ("UPDATE notices SET state = 'recalled'", "notice_ended", false),
    ];
    for (change, why, lost) in cases {
        let Some(post) = post() else { return };
        let issued = post.at.issue(Urgency::Flash, 1, 1);
        post.at.sql(change);
        assert_eq!(post.tick().cancelled, 1, "{change}");
        assert!(post.memory.tried().is_empty(), "{change}");
        assert_eq!(post.message(), format!("cancelled {why} 1 1 0"));
        assert_eq!(post.events(&issued, 0)[0], "message_cancelled");
        assert_eq!(post.counts(issued.id).unreachable, i64::from(lost), "{change}");
    }
}

#[test]
fn a_delivery_is_unreachable_only_when_its_last_way_is_closed() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 2, 2);
    let lost = issued.deliveries[0].id;
    let no = reply(550, "550 no such mailbox");
    let later = reply(450, "450 later");
    let memory = post.memory.clone();
    set(&post.hooks.during, move |mail| {
        let answer = match mail.to.address.split_once(".n").map(|(front, _)| front) {
            Some("a0.o0" | "a0.o1") => &no,
            Some("a1.o0") if memory.tried().len() < 4 => &later,
            Some("a1.o0") => &no,
            _ => return,
        };
        memory.answer_next([(Phase::Recipient, answer.clone())]);
    });
    let done = post.tick();
    assert_eq!((done.dead, done.retried, done.handed_over), (2, 1, 1));
    assert_eq!(post.counts(issued.id).unreachable, 0, "one way is still open");
    post.at.advance(Span::seconds(6));
    assert_eq!(post.tick().dead, 1);
    assert_eq!(post.counts(issued.id).unreachable, 1);
    let flagged = "SELECT id AS value FROM deliveries WHERE unreachable";
    assert_eq!(post.at.texts(flagged), [lost.to_string()]);
    assert_eq!(post.events(&issued, 0).last().map(String::as_str), Some("unreachable"));
    // A verified address that takes mail is a way again.
    *post.hooks.during.lock().unwrap() = None;
    let back = format!(
        "UPDATE messages SET state = 'waiting', due_at = 1, finished_at = NULL, \
         finished_why = NULL WHERE address_id = '{}'",
        issued.deliveries[0].addresses[0]
    );
    for (status, unreachable) in [("failing", 1), ("verified", 0)] {
        post.at.sql(&back);
        post.at.sql(&format!("UPDATE contact_addresses SET status = '{status}'"));
        assert_eq!(post.tick().handed_over, 1);
        assert_eq!(post.counts(issued.id).unreachable, unreachable, "{status}");
    }
}

#[test]
fn a_poisoned_row_dies_alone_with_an_alarm() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 3, 1);
    let poisoned = issued.deliveries[1].messages[0];
    post.at.sql(&format!("UPDATE messages SET link_id = NULL WHERE id = '{poisoned}'"));
    let done = post.tick();
    assert_eq!((done.dead, done.handed_over), (1, 2));
    assert_eq!(post.events(&issued, 1), ["message_dead", "unreachable"]);
    let why = "SELECT finished_why AS value FROM messages WHERE state = 'dead'";
    assert_eq!(post.at.texts(why), ["unwritable"]);
    assert_eq!(post.counts(issued.id).unreachable, 1);
}

#[test]
fn a_row_that_panics_or_kills_its_sender_is_given_up_after_its_tries() {
    let tries =
        Sending { retry_flash: RetrySchedule::new(vec![1, 1]).unwrap(), ..Sending::default() };
    let Some(post) = post_with(tries.clone()) else { return };
    let issued = post.at.issue(Urgency::Flash, 1, 1);
    set(&post.hooks.during, |_| panic!("planted"));
    for _ in 0..4 {
        post.hooks.during.clear_poison();
        post.tick();
        post.at.advance(Span::seconds(2));
    }
    post.hooks.during.clear_poison();
    assert_eq!(post.message(), "dead given_up 3 0 3");
    assert_eq!(post.counts(issued.id).unreachable, 1);

    let Some(post) = post_with(tries) else { return };
    let issued = post.at.issue(Urgency::Flash, 1, 1);
    for _ in 0..3 {
        assert_eq!(post.take("killed", 16).len(), 1);
        post.at.advance(Span::seconds(15));
    }
    assert_eq!(post.tick().dead, 1);
    assert!(post.memory.tried().is_empty());
    assert_eq!(post.message(), "dead given_up 4 0 3");
    assert_eq!(post.counts(issued.id).unreachable, 1);
}

#[test]
fn a_broken_way_costs_no_tries_and_the_sender_rests() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Flash, 5, 1);
    let mut sender = post.sender();
    post.answers(Phase::Auth, &reply(535, "535 wrong password"));
    let done = tick(&post.at.service, &mut sender).unwrap();
    assert_eq!((done.taken, done.retried, done.handed_back), (5, 1, 4));
    let spared = "SELECT count(*) AS value FROM messages WHERE spared = 1 AND attempts = 1";
    assert_eq!(post.at.number(spared), 5);
    post.at.advance(Span::seconds(29));
    assert_eq!(tick(&post.at.service, &mut sender).unwrap().taken, 0, "it rests");
    post.at.advance(Span::seconds(1));
    assert_eq!(tick(&post.at.service, &mut sender).unwrap().handed_over, 5);
    assert_eq!(post.counts(issued.id).handed_over, 5);
}

#[test]
fn the_most_urgent_overtakes_whatever_waits() {
    let Some(post) = post() else { return };
    let ordinary = post.at.issue(Urgency::Ordinary, 2_000, 1);
    post.at.advance(Span::minutes(10));
    let flash = post.at.issue(Urgency::Flash, 20, 1);
    let begun = post.tick();
    assert_eq!(begun.handed_over, 16);
    assert_eq!(post.counts(flash.id).handed_over, 16);
    let mut reserved = Sender::open(&post.at.service, &post.dispatch, "flash", Share::FlashOnly);
    assert_eq!(tick(&post.at.service, &mut reserved).unwrap().handed_over, 4);
    assert_eq!(tick(&post.at.service, &mut reserved).unwrap().taken, 0);
    assert_eq!(post.counts(ordinary.id).handed_over, 0);
    assert_eq!(post.tick().handed_over, 16);
    assert_eq!(post.counts(ordinary.id).handed_over, 16);
}

#[test]
fn a_message_whose_turn_comes_too_late_goes_back_untried() {
    let lease = Span::millis(600);
    let Some(post) = post_with(Sending { lease, ..Sending::default() }) else { return };
    let issued = post.at.issue(Urgency::Flash, 10, 1);
    set(&post.hooks.during, |_| std::thread::sleep(Duration::from_millis(70)));
    let done = post.tick();
    assert!((1..=5).contains(&done.handed_over), "{done:?}");
    assert_eq!(done.handed_over + done.handed_back, 10);
    let state = "SELECT count(*) AS value FROM messages WHERE state = 'waiting' AND spared = 1";
    assert_eq!(post.at.number(state), i64::try_from(done.handed_back).unwrap());
    *post.hooks.during.lock().unwrap() = None;
    assert_eq!(post.tick().handed_over, done.handed_back);
    assert_eq!(post.memory.received().len(), 10);
    assert_eq!(post.counts(issued.id).handed_over, 10);
}

#[test]
fn a_slow_mail_keeps_its_lease_and_lets_go_of_those_behind_it() {
    let lease = Span::millis(200);
    let Some(post) = post_with(Sending { lease, ..Sending::default() }) else { return };
    let issued = post.at.issue(Urgency::Flash, 3, 1);
    let (at, dispatch) = (Arc::clone(&post.at), post.dispatch.clone());
    let kept = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&kept);
    let mut once = true;
    set(&post.hooks.during, move |_| {
        if std::mem::take(&mut once) {
            // Three leases long, while the keeper does its duty.
            for _ in 0..6 {
                std::thread::sleep(Duration::from_millis(25));
                at.advance(Span::millis(100));
                *seen.lock().unwrap() += keep_leases(&at.service, &dispatch).unwrap();
            }
            let waiting = "SELECT count(*) AS value FROM messages WHERE state = 'waiting'";
            assert_eq!(at.number(waiting), 2, "those behind it are free meanwhile");
        }
    });
    let mut slow = post.sender();
    let done = tick(&post.at.service, &mut slow).unwrap();
    assert_eq!((done.handed_over, done.lease_lost), (1, 0), "{done:?}");
    assert_eq!(*kept.lock().unwrap(), 6);
    assert_eq!(post.tick().handed_over, 2, "those behind it are free");
    let uncertain = "SELECT count(*) AS value FROM messages WHERE uncertain > 0";
    assert_eq!(post.at.number(uncertain), 0);
    assert_eq!(post.counts(issued.id).handed_over, 3);
}

#[test]
fn several_senders_never_take_the_same_message_twice() {
    let Some(post) = post() else { return };
    let issued = post.at.issue(Urgency::Priority, 400, 1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut sender = post.sender();
                while tick(&post.at.service, &mut sender).unwrap().taken > 0 {}
            });
        }
    });
    let ids: BTreeSet<String> =
        post.memory.tried().into_iter().map(|mail| mail.message_id).collect();
    assert_eq!((ids.len(), post.memory.tried().len()), (400, 400));
    assert_eq!(post.at.number("SELECT count(*) AS value FROM attempts"), 400);
    assert_eq!(post.counts(issued.id).handed_over, 400);
}

#[test]
fn workers_wake_at_once_and_stop_without_leaving_a_lease() {
    let Some(post) = post() else { return };
    let workers = Workers::start(&post.at.service, 3).unwrap();
    let first = post.at.issue(Urgency::Flash, 1, 1);
    workers.poke();
    let begun = std::time::Instant::now();
    while post.memory.received().is_empty() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let second = post.at.issue(Urgency::Routine, 300, 1);
    post.at.service.bell.ring();
    while post.memory.received().len() < 301 && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(workers.stop());
    assert_eq!(post.memory.received().len(), 301);
    let held = "SELECT count(*) AS value FROM messages WHERE state <> 'handed_over'";
    assert_eq!(post.at.number(held), 0);
    assert_eq!(post.counts(first.id).handed_over, 1);
    assert_eq!(post.counts(second.id).handed_over, 300);
}

/// Letters of one taking are read ahead; what has moved until one leaves is not said any more.
#[test]
fn a_letter_whose_deadline_or_link_changed_meanwhile_is_written_anew() {
    // 14 o'clock of that Monday.
    let moved = "UPDATE deliveries SET deadline_at = 1795413600000000";
    for change in [moved, "UPDATE links SET generation = 2"] {
        let Some(post) = post() else { return };
        post.at.issue(Urgency::Flash, 1, 1);
        let (at, mut first) = (Arc::clone(&post.at), true);
        set(&post.hooks.before, move |_| {
            if std::mem::take(&mut first) {
                at.sql(change);
            }
        });
        let done = post.tick();
        assert_eq!((done.taken, done.handed_back, done.handed_over), (1, 1, 0), "{change}");
        assert_eq!(post.tick().handed_over, 1);
        let mails = post.memory.received();
        let [mail] = &mails[..] else { panic!("{} mails", mails.len()) };
        let link: LinkId = post.at.texts("SELECT id AS value FROM links")[0].parse().unwrap();
        let token = post.at.service.keys.link_token(link, if change == moved { 1 } else { 2 });
        assert!(mail.text.contains(&token), "{}", mail.text);
        assert_eq!(mail.text.contains("14时") || mail.text.contains("14:00"), change == moved);
        assert_eq!(post.message(), "handed_over - 2 1 0", "no try is used up");
    }
}
