//! A small world: an issuer, a superior, three organisations and one issued notice, the same for
//! the same seed on every engine.

use std::sync::Arc;

use qianshou::adapters::clock::{Clock, ManualClock};
use qianshou::adapters::mail::Mailer;
use qianshou::adapters::random::SeededRandom;
use qianshou::domain::delivery::{Addressee, DeliveryFacts, Tally};
use qianshou::domain::digest::Sha256Digest;
use qianshou::domain::document_number::DocumentNumber;
use qianshou::domain::ids::{
    AccountId, AddressId, ContactId, DeliveryId, LinkId, MessageId, NoticeId, OrganizationId,
    RungId,
};
use qianshou::domain::ladder::{
    IssueTimes, PlanFor, RecipientTime, RungAct, deadline, plan_rungs, with_deadline_mark,
};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::notice::{NoticeDraft, NoticeState};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::domain::working_time::WorkingHours;
use qianshou::service::lanes::Lanes;
use qianshou::service::rules::Rules;
use qianshou::service::{Sending, Service};
use qianshou::store::deliveries::{NewDelivery, delivery_insert_all};
use qianshou::store::fate::Fates;
use qianshou::store::ladders::Head;
use qianshou::store::links::{FIRST_GENERATION, NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_insert_all};
use qianshou::store::notices::{IssueStamp, NewNotice, notice_insert, notice_set_issued};
use qianshou::store::rungs::{NewRung, rung_insert_all};
use qianshou::store::tallies::tally_insert;

use crate::support::engine::Engine;
use crate::support::stand::Stand;
use crate::support::trustcheck::Books;

/// 2026-11-24T09:20 in Changsha.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_795_483_200_000_000);

/// One organisation's end of the notice.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) delivery: DeliveryId,
    /// Token of its link, if it has one.
    pub(crate) token: Option<String>,
    pub(crate) addresses: Vec<(AddressId, String)>,
}

pub(crate) struct World {
    pub(crate) stand: Stand,
    pub(crate) urgency: Urgency,
    pub(crate) notice: NoticeId,
    pub(crate) seats: Vec<Seat>,
    /// The last step of the ladder that was issued; what follows repeats.
    pub(crate) last_step: u16,
    /// How often it repeats, by the policy that was issued.
    pub(crate) every: Span,
}

fn bits(place: usize) -> [u8; 10] {
    [u8::try_from(place).unwrap(); 10]
}

pub(crate) fn organization(place: usize) -> OrganizationId {
    OrganizationId::new(START, bits(place))
}

/// Which contacts an organisation has, each with the addresses of one.
const CONTACTS: [&[(&str, usize)]; 5] = [
    &[("primary", 1), ("duty_leader", 1)], // the issuer
    &[("duty_desk", 1)],                   // the superior
    &[("primary", 2), ("duty_leader", 1)], // everything in order
    &[("primary", 1)],                     // nobody above, no leader
    &[],                                   // nobody known at all
];

impl World {
    /// `None`: no PostgreSQL on this machine.
    pub(crate) fn build(urgency: Urgency, mailer: impl Mailer + 'static) -> Option<Self> {
        Self::on(Engine::of_this_run(), urgency, mailer)
    }

    /// The same on an engine of one's own choice.
    pub(crate) fn on(
        engine: Engine,
        urgency: Urgency,
        mailer: impl Mailer + 'static,
    ) -> Option<Self> {
        let stand = Stand::on(engine, START, mailer, Sending::default())?;
        let mut books = Books::open(&stand.url);
        let mut known: Vec<Vec<(AddressId, String)>> = Vec::new();
        for (place, contacts) in CONTACTS.iter().enumerate() {
            let id = organization(place);
            let (rule, superior) = match place {
                2 => ("declared", format!("'{}'", organization(1))),
                _ => ("none", "NULL".to_owned()),
            };
            books.run(&format!(
                "INSERT INTO organizations (id, code, name, short_name, kind, level, \
                 region_code, superior_rule, superior_id, tree_path, tree_depth, changed_at) \
                 VALUES ('{id}', 'o{place}', '第{place}单位', '第{place}单位', 'party_committee', \
                 'county', '430100', '{rule}', {superior}, '{place:05}', 0, 1)"
            ));
            let mut addresses = Vec::new();
            for (nth, (role, count)) in contacts.iter().enumerate() {
                let contact = ContactId::new(START, bits(place * 8 + nth));
                books.run(&format!(
                    "INSERT INTO contacts (id, organization_id, role, name) \
                     VALUES ('{contact}', '{id}', '{role}', '{role}')"
                ));
                for line in 0..*count {
                    let address = AddressId::new(START, bits(place * 32 + nth * 8 + line));
                    let text = format!("a{line}.{nth}.o{place}@post.example");
                    books.run(&format!(
                        "INSERT INTO contact_addresses (id, contact_id, kind, address, place, \
                         status, status_at) VALUES ('{address}', '{contact}', 'email', '{text}', \
                         {line}, 'verified', 1)"
                    ));
                    if *role == "primary" {
                        addresses.push((address, text));
                    }
                }
            }
            known.push(addresses);
        }
        let author = AccountId::new(START, bits(1));
        books.run(&format!(
            "INSERT INTO accounts (id, organization_id, login, display_name, password_hash, \
             epoch, created_at) VALUES ('{author}', '{}', 'author', '王某', 'x', 1, 1)",
            organization(0)
        ));
        let notice = NoticeId::new(START, bits(1));
        let seats = issue(&stand, urgency, notice, author, organization(0), &known);
        let ladder = stand.service.rules.policy().snapshot(urgency).unwrap();
        let every = ladder.policy.after_deadline.every.span(Span::ZERO);
        let steps = books.lines("SELECT CAST(MAX(step) AS TEXT) AS line FROM rungs");
        let last_step = steps[0].parse().unwrap();
        Some(Self { stand, urgency, notice, seats, last_step, every })
    }

    /// One virtual server over this world's database.
    pub(crate) fn server(
        &self,
        seed: u64,
        clock: Arc<dyn Clock>,
        mailer: Arc<dyn Mailer>,
        fates: Arc<dyn Fates>,
    ) -> Service {
        let store = self.stand.service.store.under(fates);
        Service {
            lanes: Lanes::open(&store),
            store,
            clock,
            mailer,
            random: Arc::new(SeededRandom::new(seed)),
            rules: Arc::new(Rules::shipped().unwrap()),
            bell: Arc::default(),
            watch: Arc::default(),
            ..self.stand.service.clone()
        }
    }

    pub(crate) fn truth(&self) -> ManualClock {
        self.stand.clock.clone()
    }
}

fn issue(
    stand: &Stand,
    urgency: Urgency,
    notice: NoticeId,
    author: AccountId,
    issuer: OrganizationId,
    known: &[Vec<(AddressId, String)>],
) -> Vec<Seat> {
    let ladder = stand.service.rules.policy().snapshot(urgency).unwrap();
    let (calendar, hours) = (stand.service.rules.calendar(), WorkingHours::usual());
    let times = IssueTimes { issued_at: START, explicit: None, overnight: false };
    let time = RecipientTime { calendar: &calendar, hours: &hours, manned_around_the_clock: false };
    let until = deadline(&ladder, Addressee::Primary, &times, &time).unwrap().unwrap().at;
    let lane = Urgency::ALL.iter().position(|level| *level == urgency).unwrap();
    let (mut deliveries, mut links, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rungs, mut seats, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    for (place, addresses) in known.iter().enumerate().skip(2) {
        let id = DeliveryId::new(START, bits(place));
        let unreachable = addresses.is_empty();
        let begun = rungs.len();
        let who = PlanFor {
            addressee: Addressee::Primary,
            issuer_is_above: true,
            superior_declared: place == 2,
        };
        let planned = plan_rungs(&ladder, &who, &times, &time).unwrap();
        let planned = with_deadline_mark(planned, until);
        let first = planned.iter().find(|rung| rung.act == RungAct::Remind).map(|rung| rung.step);
        for rung in planned {
            if rung.act == RungAct::CallUnreachable && !unreachable {
                continue;
            }
            rungs.push(NewRung {
                id: RungId::new(START, bits(place * 32 + usize::from(rung.step))),
                delivery_id: id,
                step: rung.step,
                act: rung.act,
                ways: rung.ways,
                planned_at: rung.due_at,
                done: !unreachable && Some(rung.step) == first,
            });
        }
        deliveries.push(NewDelivery {
            id,
            notice_id: notice,
            version: 1,
            organization_id: OrganizationId::new(START, bits(place)),
            organization_name: format!("第{place}单位"),
            addressee: Addressee::Primary,
            reason: "picked".into(),
            tree_path: format!("{place:05}"),
            tree_depth: 0,
            deadline_at: Some(until),
            deadline_origin: Some("test".into()),
            unreachable,
            head: Head::first_of(&rungs[begun..]),
        });
        facts.push(DeliveryFacts {
            unreachable,
            deadline: Some(until),
            ..DeliveryFacts::default()
        });
        let mut token = None;
        for (nth, (address, _)) in addresses.iter().enumerate() {
            let link = LinkId::new(START, bits(place * 8 + nth));
            let generation = u32::try_from(FIRST_GENERATION).unwrap();
            token.get_or_insert_with(|| stand.service.keys.link_token(link, generation));
            links.push(NewLink {
                id: link,
                delivery_id: id,
                address_id: *address,
                created_at: START,
            });
            messages.push(NewMessage {
                id: MessageId::new(START, bits(place * 8 + nth)),
                notice_id: Some(notice),
                version: 1,
                delivery_id: Some(id),
                address_id: *address,
                about: None,
                link_id: Some(link),
                channel: Channel::Email,
                step: 0,
                purpose: MessagePurpose::Invitation,
                lane: i32::try_from(lane).unwrap(),
                due_at: START,
            });
        }
        seats.push(Seat { delivery: id, token, addresses: addresses.clone() });
    }
    let draft = NoticeDraft {
        dispatching_organ: "中共湖南省委办公厅".into(),
        form: "telegram".into(),
        urgency: urgency.as_str().into(),
        channel_class: "plain_telegram".into(),
        document_number: "湘办发电〔2026〕35号".into(),
        title: "关于切实做好强降温天气应对工作的通知".into(),
        addressee_line: "各单位".into(),
        body: "请立即核对值班人员。".into(),
        issue_date: "2026-11-24".into(),
        contact_person: "陈某".into(),
        duty_phone: "0731-82210000".into(),
        ..NoticeDraft::default()
    };
    let write = move |tx: &mut qianshou::store::Tx| {
        let new = NewNotice {
            id: notice,
            issuer_id: issuer,
            author_id: author,
            draft: draft.clone(),
            created_at: START,
        };
        notice_insert(tx, &new)?;
        let stamp = IssueStamp {
            id: notice,
            version: 1,
            from: NoticeState::Draft,
            revision: 1,
            number: DocumentNumber::parse(&draft.document_number).unwrap(),
            digest: Sha256Digest::of(b"released"),
            ladder: ladder.clone(),
            issued_at: START,
            issued_by: author,
            deadline_at: Some(until),
        };
        assert!(notice_set_issued(tx, &stamp)?);
        delivery_insert_all(tx, &deliveries)?;
        rung_insert_all(tx, &rungs, START)?;
        link_insert_all(tx, &links)?;
        message_insert_all(tx, &messages, START)?;
        tally_insert(tx, notice, &Tally::of(&facts, START))
    };
    stand.service.store.write("issue", write).unwrap();
    seats
}

/// How long a world of that level is watched.
pub(crate) fn horizon(urgency: Urgency) -> Span {
    match urgency {
        Urgency::Flash => Span::hours(24),
        Urgency::Immediate => Span::hours(5 * 24),
        _ => Span::hours(60 * 24),
    }
}
