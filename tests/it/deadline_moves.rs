//! A holiday table corrected in mid-holiday: what is still to come moves for everything that
//! counts working days, both deadlines stay on record, and 特提 is left alone.

use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::account::Account;
use qianshou::domain::calendar::SHIPPED_HOLIDAYS;
use qianshou::domain::human_time::parse_moment;
use qianshou::domain::ids::NoticeId;
use qianshou::domain::rule_text::RuleKind;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::compose::{self, Content};
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::move_deadlines::{self, Moved};
use qianshou::service::pick::Ticks;
use qianshou::service::rules::{Ruling, change};
use qianshou::service::self_check::pass;
use qianshou::service::{Sending, accounts, demo, escalate, issue};
use qianshou::store::drafts::pick_list;
use qianshou::store::notices::notice_find;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::PASSWORD;
use crate::support::stand::{PUBLIC_URL, Stand};

/// 2026-11-27, a Friday, one hour before the offices close.
const ISSUED: &str = "2026-11-27T16:30";

struct Town {
    stand: Stand,
    clerk: Account,
    sample: NoticeId,
}

impl Town {
    fn new() -> Option<Self> {
        let now = parse_moment(ISSUED).unwrap();
        let stand = Stand::new(now, MemoryMailer::default(), Sending::default())?;
        let sample = demo::fill(&stand.service).unwrap().notice;
        let all = accounts::list(&stand.service).unwrap();
        let clerk = all.into_iter().find(|one| one.login == "jingban").unwrap();
        Some(Self { stand, clerk, sample })
    }

    /// Issues the sample to everybody at a level that needs no second person.
    fn issue(&self, urgency: &str, number: &str) -> NoticeId {
        let service = &self.stand.service;
        let (known, picks) = service
            .store
            .read(|conn| {
                let known = notice_find(conn, self.sample)?.unwrap();
                Ok::<_, qianshou::store::StoreError>((known, pick_list(conn, self.sample)?))
            })
            .unwrap();
        let mut draft = known.draft;
        draft.urgency = urgency.into();
        draft.document_number = number.into();
        draft.sign_by = String::new();
        draft.overnight = false;
        let ticks = Ticks::of(&picks);
        let saved = compose::start(service, &self.clerk, number, Content { draft, ticks }).unwrap();
        let seen = compose::load(service, &self.clerk, saved.id).unwrap().digest();
        let request = IssueRequest {
            notice: saved.id,
            seen,
            form_key: format!("issue {number}"),
            gap_reason: None,
            left_out: None,
            unchanged: false,
        };
        let issued = issue::issue(service, &self.clerk, &request).unwrap();
        assert!(matches!(issued, Issued::Now { .. }));
        saved.id
    }

    fn correct(&self, seen: i32, text: &str) {
        let reason = "国务院办公厅补充通知".to_owned();
        let ruling = Ruling { kind: RuleKind::Calendar, text: text.into(), seen, reason, by: None };
        change(&self.stand.service, &ruling).unwrap();
    }

    /// Carries on until there is nothing to do now.
    fn carry(&self) -> Moved {
        let mut sum = Moved::default();
        loop {
            let moved = move_deadlines::tick(&self.stand.service).unwrap();
            sum.deadlines += moved.deadlines;
            sum.steps += moved.steps;
            if !moved.more {
                return sum;
            }
        }
    }

    fn count(&self, what: &str) -> i64 {
        self.stand.number(&format!("SELECT count(*) AS value FROM {what}"))
    }

    fn ladders(&self, notice: NoticeId) -> Vec<String> {
        self.stand.texts(&format!(
            "SELECT d.id || ' ' || CAST(r.step AS TEXT) || ' ' || CAST(r.planned_at AS TEXT) || \
             ' ' || CASE WHEN r.step = d.next_step THEN CAST(d.next_due_at AS TEXT) ELSE '-' END \
             || COALESCE(CAST(d.deadline_at AS TEXT), '-') AS value \
             FROM rungs r JOIN deliveries d ON d.id = r.delivery_id \
             WHERE d.notice_id = '{notice}' ORDER BY d.id, r.step"
        ))
    }
}

fn with_monday_free() -> String {
    format!("{}\n2026-11-30,补休,true,2026\n", SHIPPED_HOLIDAYS.trim_end())
}

fn at(text: &str) -> Timestamp {
    parse_moment(text).unwrap()
}

#[test]
fn a_day_that_becomes_free_moves_what_is_open_and_keeps_both_deadlines() {
    let Some(town) = Town::new() else { return };
    let notice = town.issue("routine", "湘办发电〔2026〕51号");
    escalate::tick(&town.stand.service).unwrap();
    let of = |what: &str| town.count(&format!("deliveries WHERE notice_id = '{notice}' {what}"));
    let due = |when: &str| of(&format!("AND deadline_at = {}", at(when).as_micros()));
    let (old, new) = ("2026-12-01T09:00", "2026-12-02T09:00");
    let moving = due(old);
    let all = of("AND deadline_at IS NOT NULL");
    assert!(0 < moving && moving < all, "some have hours of their own");
    let fired = |town: &Town| {
        town.stand.texts(
            "SELECT id || CAST(planned_at AS TEXT) AS value FROM rungs \
             WHERE fired_at IS NOT NULL OR closed_at IS NOT NULL ORDER BY id",
        )
    };
    let fired_before = fired(&town);

    town.stand.clock.set(at("2026-11-28T10:00"));
    assert_eq!(town.carry(), Moved::default(), "nothing was corrected");
    town.correct(0, &with_monday_free());
    assert_eq!(due(old), moving, "not carried yet");
    let moved = town.carry();
    assert_eq!(i64::try_from(moved.deadlines).unwrap(), all);
    assert_eq!((due(old), due(new)), (0, moving));
    assert_eq!(fired(&town), fired_before, "what happened is not planned anew");
    let on_record = format!(
        "deadline_changes WHERE old_at = {} AND new_at = {} AND why = 'holidays_corrected'",
        at(old).as_micros(),
        at(new).as_micros()
    );
    assert_eq!(town.count(&on_record), moving);
    assert_eq!(town.count("deadline_changes"), all);
    assert_eq!(town.count("events WHERE kind = 'deadline_moved'"), all);
    assert_eq!(of("AND next_due_at IS NOT NULL"), of(""), "each open delivery has one next step");
    let astray = "rungs r JOIN deliveries d ON d.id = r.delivery_id AND d.next_step = r.step \
                  WHERE d.next_due_at <> r.planned_at";
    assert_eq!(town.count(astray), 0, "what is next is due when it is planned");
    let earliest = town.stand.number(&format!(
        "SELECT n.deadline_at - (SELECT min(deadline_at) FROM deliveries WHERE notice_id = n.id) \
         AS value FROM notices n WHERE n.id = '{notice}'"
    ));
    assert_eq!(earliest, 0, "the board's deadline is the earliest");

    // The second round, and any later one, finds nothing more to move.
    town.stand.clock.advance(Span::minutes(1));
    assert_eq!(town.carry(), Moved::default());
    assert_eq!(town.count("events WHERE kind = 'deadline_moved'"), all);

    // On Monday nobody is reminded; then the ladder goes on and the deadline is missed.
    let reckoned = format!(
        "rungs r JOIN deliveries d ON d.id = r.delivery_id WHERE d.deadline_at = {} AND \
         r.fired_at IS NOT NULL",
        at(new).as_micros()
    );
    let before = town.count(&reckoned);
    town.stand.clock.set(at("2026-11-30T17:30"));
    while escalate::tick(&town.stand.service).unwrap().more {}
    assert_eq!(town.count(&reckoned), before, "nothing fires on the free day");
    town.stand.clock.set(at("2026-12-02T18:00"));
    while escalate::tick(&town.stand.service).unwrap().more {}
    assert_eq!(of("AND (overdue_at IS NOT NULL OR not_reached_at IS NOT NULL)"), all);

    // Missed and on record: a table that comes after does not undo it.
    let longer = format!("{}2026-12-02,补休,true,2026\n", with_monday_free());
    town.correct(1, &longer);
    town.carry();
    assert_eq!(due(new), moving);
    assert_eq!(town.count("deadline_changes"), all);
}

#[test]
fn flash_is_untouched_and_its_copies_are_reminded_by_the_new_table() {
    let Some(town) = Town::new() else { return };
    let notice = town.issue("immediate", "湘办发电〔2026〕52号");
    let primary = |ladders: Vec<String>| {
        let copies =
            town.stand.texts("SELECT id AS value FROM deliveries WHERE addressee = 'copy'");
        let of_copy = |row: &String| copies.iter().any(|copy| row.starts_with(copy.as_str()));
        ladders.into_iter().partition::<Vec<String>, _>(|row| !of_copy(row))
    };
    let (before, copies_before) = primary(town.ladders(notice));
    town.correct(0, &with_monday_free());
    let moved = town.carry();
    assert_eq!(moved.deadlines, 0);
    let (after, copies_after) = primary(town.ladders(notice));
    assert_eq!(after, before, "a clock that never stops does not move");
    assert!(!copies_before.is_empty() && copies_after != copies_before);
}

#[test]
fn first_mails_that_wait_for_the_opening_wait_for_the_new_one() {
    let Some(town) = Town::new() else { return };
    town.stand.clock.set(at("2026-11-28T10:00"));
    town.issue("routine", "湘办发电〔2026〕53号");
    let waiting = |when: &str| {
        let when = at(when).as_micros();
        town.count(&format!("messages WHERE state = 'waiting' AND due_at = {when}"))
    };
    let all = waiting("2026-11-30T08:30");
    assert!(all > 0);
    town.correct(0, &with_monday_free());
    town.carry();
    assert_eq!((waiting("2026-11-30T08:30"), waiting("2026-12-01T08:30")), (0, all));
}

#[test]
fn an_answer_in_between_is_left_alone_and_another_server_goes_on() {
    let Some(town) = Town::new() else { return };
    town.issue("routine", "湘办发电〔2026〕54号");
    let answered = town.stand.texts(
        "SELECT d.id AS value FROM deliveries d JOIN delivery_clocks c ON c.delivery_id = d.id \
         WHERE d.addressee = 'primary' ORDER BY d.id",
    );
    let (answered, added) = (answered.first().unwrap(), answered.last().unwrap());
    town.stand.sql(&format!(
        "UPDATE deliveries SET deadline_origin = '自补发时起算，' || deadline_origin \
         WHERE id = '{added}'"
    ));
    let now = town.stand.service.now().as_micros();
    town.stand.sql(&format!(
        "UPDATE deliveries SET acknowledged_at = {now}, receipt_id = 'x' WHERE id = '{answered}'"
    ));
    town.correct(0, &with_monday_free());
    let second = town.stand.second();
    let threads = [town.stand.service.clone(), second].map(|service| {
        std::thread::spawn(move || while move_deadlines::tick(&service).unwrap().more {})
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(town.count(&format!("deadline_changes WHERE delivery_id = '{answered}'")), 0);
    let kept =
        format!("deliveries WHERE id = '{added}' AND deadline_origin LIKE '自补发时起算，平急：%'");
    assert_eq!(town.count(&kept), 1, "where it is counted from is still said");
    let twice = "(SELECT delivery_id FROM deadline_changes GROUP BY delivery_id \
                 HAVING count(*) > 1) t";
    assert_eq!(town.count(twice), 0, "each moves once");
    let open = "delivery_clocks c JOIN deliveries d ON d.id = c.delivery_id \
                WHERE d.addressee = 'primary' AND d.acknowledged_at IS NULL";
    assert_eq!(town.count("deadline_changes"), town.count(open));
}

#[test]
fn board_and_story_show_both_dates() {
    let Some(town) = Town::new() else { return };
    let notice = town.issue("routine", "湘办发电〔2026〕55号");
    town.correct(0, &with_monday_free());
    town.carry();
    let door = Door::open(&town.stand.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let board = clerk.get(&format!("/notices/{notice}"));
    assert_eq!(board.status, 200);
    let row = "时限2026年12月2日09:00:00，原为2026年12月1日09:00:00";
    assert!(board.body.contains(row), "both dates in the row");
    assert!(board.body.contains("放假安排已更正"));
    let moved = town.stand.texts(&format!(
        "SELECT delivery_id AS value FROM deadline_changes WHERE old_at = {}",
        at("2026-12-01T09:00").as_micros()
    ));
    let story = clerk.get(&format!("/deliveries/{}", moved[0]));
    let told = "签收时限由2026年12月1日09:00:00改为2026年12月2日09:00:00";
    assert!(story.body.contains(told), "{}", story.body);
    assert!(story.body.contains("原签收时限"));
}

/// One delivery that cannot be reckoned anew keeps its times and raises an alarm; the others move.
#[test]
fn one_that_cannot_be_read_does_not_keep_the_others() {
    let Some(town) = Town::new() else { return };
    town.issue("routine", "湘办发电〔2026〕56号");
    let moving = "delivery_clocks c JOIN deliveries d ON d.id = c.delivery_id WHERE \
                  d.addressee = 'primary'";
    let all = town.count(moving);
    let broken = town.stand.texts(&format!("SELECT d.id AS value FROM {moving} ORDER BY d.id"));
    let broken = &broken[1];
    town.stand.sql(&format!(
        "UPDATE delivery_clocks SET hours = 'whenever' WHERE delivery_id = '{broken}'"
    ));
    town.correct(0, &with_monday_free());
    let mut stuck = 0;
    loop {
        let moved = move_deadlines::tick(&town.stand.service).unwrap();
        stuck = stuck.max(moved.stuck);
        if !moved.more {
            break;
        }
    }
    assert_eq!(stuck, 1);
    assert_eq!(town.count("deadline_changes"), all - 1);
    assert_eq!(town.count(&format!("deadline_changes WHERE delivery_id = '{broken}'")), 0);
    let alarm = format!("alarms WHERE kind = 'deadline_stuck' AND subject = '{broken}'");
    assert_eq!(town.count(&format!("{alarm} AND cleared_at IS NULL")), 1);
    // It is told of as long as it matters.
    town.stand.clock.advance(Span::minutes(1));
    town.carry();
    town.carry();
    pass(&town.stand.service).unwrap();
    assert_eq!(town.count(&format!("{alarm} AND cleared_at IS NULL")), 1);
    let now = town.stand.service.now().as_micros();
    town.stand.sql(&format!(
        "UPDATE deliveries SET acknowledged_at = {now}, receipt_id = 'x' WHERE id = '{broken}'"
    ));
    town.carry();
    assert_eq!(town.count(&format!("{alarm} AND cleared_at IS NULL")), 0);
}
