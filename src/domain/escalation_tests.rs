//! What a ladder must do, by example and over random histories.

use proptest::prelude::*;

use super::*;
use crate::domain::address::{Address, AddressStatus, EmailAddress};
use crate::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};
use crate::domain::ids::{AddressId, ContactId, OrganizationId};
use crate::domain::ladder::Offset;
use crate::domain::organization::{Contact, ContactAddress, ContactRole};
use crate::domain::working_time::WorkingHours;

const START: Timestamp = Timestamp::from_micros(1_795_395_600_000_000);

fn at(minute: i64) -> Timestamp {
    START.plus(Span::minutes(minute))
}

struct World {
    calendar: Calendar,
    usual: WorkingHours,
    recipient: Reach,
    superior: Reach,
    issuer: Reach,
}

fn reach(number: u8, roles: &[ContactRole]) -> Reach {
    let contact = |(place, role): (u8, &ContactRole)| Contact {
        id: ContactId::from_bytes([place; 16]),
        organization: OrganizationId::from_bytes([number; 16]),
        desk: None,
        role: *role,
        name: "某".into(),
        post: None,
        addresses: vec![ContactAddress {
            id: AddressId::from_bytes([number * 16 + place; 16]),
            address: Address::Email(
                EmailAddress::parse(&format!("a{place}.o{number}@post.example")).unwrap(),
            ),
            status: AddressStatus::Verified,
        }],
    };
    Reach {
        organization: OrganizationId::from_bytes([number; 16]),
        working_hours: None,
        desks: vec![],
        contacts: (0..).zip(roles).map(contact).collect(),
    }
}

impl World {
    fn new(recipient: &[ContactRole], superior: &[ContactRole], issuer: &[ContactRole]) -> Self {
        Self {
            calendar: Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap(),
            usual: WorkingHours::usual(),
            recipient: reach(1, recipient),
            superior: reach(2, superior),
            issuer: reach(3, issuer),
        }
    }

    fn full() -> Self {
        use ContactRole as Role;
        Self::new(&[Role::Primary, Role::DutyLeader], &[Role::DutyDesk], &[Role::DutyLeader])
    }

    fn plan(&self, standing: Standing, rungs: &[OpenRung], now: Timestamp) -> Plan {
        let after = AfterDeadline {
            act: AfterAct::Call,
            every: Offset::Minutes(30),
            merged_per_desk: true,
        };
        let quiet = QuietHours { from: "22:00".parse().unwrap(), to: "07:00".parse().unwrap() };
        let repetition = Some(Repetition { after, clock: ClockKind::Continuous, quiet });
        let people = People {
            recipient: &self.recipient,
            superior: Some(&self.superior),
            issuer: Some(&self.issuer),
            hours: Hours { calendar: &self.calendar, default: &self.usual },
            outlets: OpenWays::default(),
        };
        plan(&View { standing, rungs, repetition, people }, now)
    }
}

fn open() -> Standing {
    Standing {
        addressee: Addressee::Primary,
        chased: true,
        notified: true,
        arrived: true,
        returned: false,
        marked: false,
        deadline: Some(at(30)),
        overnight: false,
    }
}

/// The ladder of a 特提 after its first notification.
fn flash() -> Vec<OpenRung> {
    let acts = [
        (5, RungAct::Remind),
        (10, RungAct::Remind),
        (10, RungAct::Call),
        (15, RungAct::PromptLeader),
        (20, RungAct::AlertIssuer),
        (30, RungAct::OfferSuperior),
        (30, RungAct::MarkDeadline),
        (40, RungAct::AskSuperior),
    ];
    ladder(&acts)
}

fn ladder(acts: &[(i64, RungAct)]) -> Vec<OpenRung> {
    let rung = |(step, (minute, act)): (u8, &(i64, RungAct))| {
        let mark = if *act == RungAct::MarkDeadline { 1 } else { 0 };
        let planned_at = at(*minute).plus(Span::micros(mark));
        let id = RungId::from_bytes([step; 16]);
        OpenRung { id, step: i32::from(step) + 1, act: *act, ways: None, planned_at }
    };
    (0u8..).zip(acts).map(rung).collect()
}

fn acts(plan: &Plan) -> Vec<(RungAct, &'static str)> {
    plan.firings.iter().map(|firing| (firing.rung.act, firing.outcome.as_str())).collect()
}

#[test]
fn nothing_fires_a_microsecond_early_and_everything_on_the_instant() {
    let (world, rungs) = (World::full(), flash());
    let before = world.plan(open(), &rungs, at(5).plus(Span::micros(-1)));
    assert_eq!((before.firings.len(), before.next), (0, Next::AsPlanned(rungs[0])));
    let on_time = world.plan(open(), &rungs, at(5));
    assert_eq!(acts(&on_time), [(RungAct::Remind, "acted")]);
    assert_eq!(on_time.next, Next::AsPlanned(rungs[1]));
}

#[test]
fn after_a_long_sleep_each_rung_fires_once_in_order_and_the_calls_go_on_from_the_deadline() {
    let (world, rungs) = (World::full(), flash());
    let plan = world.plan(open(), &rungs, at(101));
    let fired: Vec<RungId> = plan.firings.iter().map(|firing| firing.rung.id).collect();
    assert_eq!(fired, rungs.iter().map(|rung| rung.id).collect::<Vec<_>>());
    assert!(plan.firings.iter().all(|firing| firing.outcome.as_str() == "acted"));
    assert!(plan.firings.iter().all(|firing| firing.due_at == firing.rung.planned_at));
    let missed: Vec<(i32, Timestamp)> = plan.missed.iter().map(|one| (one.step, one.at)).collect();
    assert_eq!(missed, [(9, at(60)), (10, at(90))]);
    assert_eq!(plan.next, Next::Again { step: 11, act: RungAct::Call, at: at(120) });
}

#[test]
fn a_rung_that_reaches_nobody_hands_on_at_once_and_never_past_the_deadline() {
    let world = World::new(&[ContactRole::Primary], &[], &[]);
    let rungs = flash();
    let plan = world.plan(open(), &rungs[3..], at(15));
    assert_eq!(
        acts(&plan),
        [
            (RungAct::PromptLeader, "gap"),
            (RungAct::AlertIssuer, "gap"),
            (RungAct::OfferSuperior, "acted"),
        ]
    );
    assert!(plan.firings[1].handed_on && plan.firings[2].handed_on);
    assert_eq!(plan.next, Next::AsPlanned(rungs[6]), "the deadline is not moved forward");
}

#[test]
fn asking_the_same_people_again_at_once_is_no_way_on() {
    let world = World::new(&[], &[], &[]);
    let rungs = ladder(&[(0, RungAct::Remind), (240, RungAct::Remind), (480, RungAct::Remind)]);
    let plan = world.plan(open(), &rungs, at(0));
    assert_eq!(acts(&plan), [(RungAct::Remind, "gap")]);
    assert_eq!(plan.next, Next::AsPlanned(rungs[1]));
}

#[test]
fn the_deadline_itself_is_on_time_and_what_never_arrived_is_not_called_late() {
    let (world, rungs) = (World::full(), flash());
    let mark = |standing, now| world.plan(standing, &rungs[6..7], now);
    assert_eq!(mark(open(), at(30)).firings.len(), 0);
    let just_after = at(30).plus(Span::micros(1));
    let outcome = |standing| mark(standing, just_after).firings[0].outcome.clone();
    assert_eq!(outcome(open()), Outcome::Marked(Mark::Overdue));
    let never = Standing { arrived: false, ..open() };
    assert_eq!(outcome(never), Outcome::Marked(Mark::NotReached));
    assert_eq!(outcome(Standing { returned: true, ..open() }), Outcome::Moot);
    let later = Standing { deadline: Some(at(90)), ..open() };
    let moved = Next::Moved(rungs[6], at(90).plus(Span::micros(1)));
    assert_eq!(mark(later, at(60)).next, moved, "the deadline was moved");
}

#[test]
fn an_ended_chase_fires_nothing() {
    let ended = Standing { chased: false, ..open() };
    let plan = World::full().plan(ended, &flash(), at(500));
    assert_eq!(plan, Plan::of(vec![], Next::Ended));
}

#[test]
fn only_the_first_line_gets_links_and_the_list_is_of_the_notice() {
    let plan = World::full().plan(open(), &flash(), at(60));
    for firing in &plan.firings {
        let Outcome::Letters(letters) = &firing.outcome else { continue };
        for letter in letters {
            let (purpose, of_notice) = match firing.rung.act {
                RungAct::Remind => (MessagePurpose::Reminder, false),
                RungAct::PromptLeader => (MessagePurpose::LeaderPrompt, false),
                RungAct::AlertIssuer => (MessagePurpose::IssuerAlert, true),
                _ => (MessagePurpose::SuperiorRequest, false),
            };
            assert_eq!((letter.purpose, letter.of_notice), (purpose, of_notice));
        }
    }
}

#[test]
fn every_missed_round_has_its_place_and_none_is_made_up_for() {
    let last = OpenRung { planned_at: at(60), ..flash()[0] };
    let last = OpenRung { step: 9, act: RungAct::Call, ..last };
    let plan = World::full().plan(open(), &[last], at(181));
    assert_eq!(plan.firings.len(), 1);
    let missed: Vec<(i32, Timestamp)> = plan.missed.iter().map(|one| (one.step, one.at)).collect();
    assert_eq!(missed, [(10, at(90)), (11, at(120)), (12, at(150)), (13, at(180))]);
    assert!(plan.missed.iter().all(|one| one.act == RungAct::Call && one.further == 0));
    assert_eq!(plan.next, Next::Again { step: 14, act: RungAct::Call, at: at(210) });

    let month = 30 * 24 * 60;
    let plan = World::full().plan(open(), &[last], at(month));
    assert_eq!(plan.missed.len(), MISSED_MAX);
    let told: i64 = plan.missed.iter().map(|one| 1 + one.further).sum();
    assert_eq!(told, (month - 60) / 30);
    let plan = World::full().plan(open(), &[last], at(61));
    assert!(plan.missed.is_empty(), "on time");
}

#[test]
fn who_was_never_told_is_told_and_not_reminded() {
    let never = Standing { notified: false, ..open() };
    let plan = World::full().plan(never, &flash(), at(5));
    let Outcome::Letters(letters) = &plan.firings[0].outcome else { panic!("no letters") };
    assert_eq!(letters[0].purpose, MessagePurpose::Invitation);
}

proptest! {
    /// Ticks at random instants, also backwards ones: every rung once, in order, never before
    /// its plan unless one before it reached nobody, and none is left behind.
    #[test]
    fn any_ticking_climbs_the_same_ladder(
        mut ticks in proptest::collection::vec(-5i64..200, 1..40),
        leader: bool, superior: bool, issuer: bool, mail: bool,
    ) {
        use ContactRole as Role;
        let some = |yes: bool, role| if yes { vec![role] } else { vec![] };
        let mut recipient = some(mail, Role::Primary);
        recipient.extend(some(leader, Role::DutyLeader));
        let (superior, issuer) = (some(superior, Role::DutyDesk), some(issuer, Role::DutyLeader));
        let world = World::new(&recipient, &superior, &issuer);
        let mut left = flash();
        let all: Vec<RungId> = left.iter().map(|rung| rung.id).collect();
        let mut fired = Vec::new();
        ticks.push(300);
        for minute in ticks {
            let now = at(minute);
            let plan = world.plan(open(), &left, now);
            for firing in &plan.firings {
                prop_assert!(firing.due_at <= now);
                prop_assert!(firing.handed_on || firing.rung.planned_at <= now);
                fired.push(firing.rung.id);
            }
            left.retain(|rung| !fired.contains(&rung.id));
            match plan.next {
                Next::AsPlanned(rung) => prop_assert_eq!(left[0], rung),
                Next::Again { at: again, .. } => {
                    prop_assert!(again > now && left.is_empty());
                    prop_assert_eq!(again.since(at(30)).as_micros() % 1_800_000_000, 0);
                    break;
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert_eq!(fired, all);
    }
}
