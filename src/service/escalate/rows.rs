//! From plans to rows: collects what one chunk of deliveries comes to, and writes it table by
//! table.

use std::collections::{BTreeMap, BTreeSet};

use super::Fired;
use crate::domain::escalation::{Firing, Letter, Mark, Missed, Next, Outcome, Plan};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DeliveryId, EventId, LinkId, MessageId, RungId, TaskId};
use crate::domain::ladder::RungAct;
use crate::domain::message::{Channel, MessagePurpose};
use crate::domain::time::Timestamp;
use crate::service::issue::lane_of;
use crate::store::call_tasks::{NewTask, task_raise_all};
use crate::store::chase::{Chased, ChasedNotice, LinksAt, chase_mark};
use crate::store::events::event_append;
use crate::store::ladders::{HandOn, Head, ladder_end, ladder_hand_on};
use crate::store::links::{NewLink, link_insert_all, link_renew_all};
use crate::store::messages::{NewMessage, message_insert_missing};
use crate::store::rungs::{
    NewRung, rung_insert_all, rung_insert_closed, rung_set_fired, rung_set_planned,
};
use crate::store::{StoreError, Tx};

/// The duty's name in evidence.
pub(super) const ACTOR: Actor = Actor::System("escalate");
/// Why a missed round is closed: the one that fires now, or the next, stands in for it.
const SUPERSEDED: &str = "superseded_by_a_later_round";

/// Rows of one chunk.
pub(super) struct Rows {
    ids: IdSource,
    now: Timestamp,
    fired: BTreeMap<&'static str, Vec<RungId>>,
    heads: Vec<HandOn>,
    moved: Vec<(RungId, Timestamp)>,
    missed: Vec<NewRung>,
    appended: Vec<NewRung>,
    ended: Vec<DeliveryId>,
    links: Vec<NewLink>,
    renewed: Vec<LinkId>,
    messages: Vec<NewMessage>,
    tasks: Vec<NewTask>,
    overdue: Vec<DeliveryId>,
    not_reached: Vec<DeliveryId>,
    events: Vec<Event>,
    done: Fired,
}

impl Rows {
    pub(super) fn new(ids: IdSource, now: Timestamp) -> Self {
        Self {
            ids,
            now,
            fired: BTreeMap::new(),
            heads: Vec::new(),
            moved: Vec::new(),
            missed: Vec::new(),
            appended: Vec::new(),
            ended: Vec::new(),
            links: Vec::new(),
            renewed: Vec::new(),
            messages: Vec::new(),
            tasks: Vec::new(),
            overdue: Vec::new(),
            not_reached: Vec::new(),
            events: Vec::new(),
            done: Fired::default(),
        }
    }

    /// Adds what one delivery's plan comes to.
    pub(super) fn add(
        &mut self,
        chased: &Chased,
        notice: &ChasedNotice,
        links: &LinksAt,
        plan: Plan,
    ) {
        let mut new_links = BTreeMap::new();
        for firing in &plan.firings {
            self.fired.entry(firing.outcome.as_str()).or_default().push(firing.rung.id);
            self.done.rungs += 1;
            self.done.late_max = self.done.late_max.max(self.now.since(firing.due_at));
            let event = self.event(chased, firing);
            let event = match &firing.outcome {
                Outcome::Letters(letters) => {
                    let count = i64::try_from(letters.len()).unwrap_or(i64::MAX);
                    for letter in letters {
                        self.letter(chased, notice, links, &mut new_links, letter);
                    }
                    let first = letters.first().map(|letter| letter.way.address);
                    let event = event.fact("messages", count).fact("channels", channels(letters));
                    first.map(|address| event.clone().address(address)).unwrap_or(event)
                }
                Outcome::Task(kind) => {
                    self.tasks.push(NewTask {
                        id: TaskId::new(self.now, self.ids.entropy()),
                        issuer_id: notice.issuer_id,
                        notice_id: chased.notice_id,
                        delivery_id: chased.id,
                        kind: *kind,
                        reason: firing.rung.act.as_str().to_owned(),
                        lane: lane_of(notice.urgency),
                        due_at: firing.due_at.min(self.now),
                    });
                    event.fact("task", kind.as_str())
                }
                Outcome::Marked(Mark::Overdue) => {
                    self.overdue.push(chased.id);
                    event
                }
                Outcome::Marked(Mark::NotReached) => {
                    self.not_reached.push(chased.id);
                    event
                }
                Outcome::Gap => {
                    self.done.gaps += 1;
                    event
                }
                // Nothing changed for anybody: the row alone says so.
                Outcome::Moot => continue,
            };
            self.events.push(event);
        }
        for missed in &plan.missed {
            self.miss(chased, missed);
        }
        match plan.next {
            Next::AsPlanned(rung) => self.head(chased, rung.step, rung.planned_at),
            Next::Moved(rung, at) => {
                self.moved.push((rung.id, at));
                self.head(chased, rung.step, at);
            }
            Next::Again { step, act, at } => {
                self.appended.push(NewRung {
                    id: RungId::new(self.now, self.ids.entropy()),
                    delivery_id: chased.id,
                    step: u16::try_from(step).unwrap_or(u16::MAX),
                    act,
                    ways: None,
                    planned_at: at,
                    done: false,
                });
                self.head(chased, step, at);
            }
            Next::Nothing => self.ended.push(chased.id),
            Next::Ended => {
                self.ended.push(chased.id);
                self.done.ended += 1;
            }
        }
    }

    fn head(&mut self, chased: &Chased, step: i32, due_at: Timestamp) {
        let from = chased.head.map_or(0, |head| head.step);
        self.heads.push(HandOn { delivery_id: chased.id, from, to: Head { step, due_at } });
    }

    /// A round that nothing comes of, with its own place and its own event.
    fn miss(&mut self, chased: &Chased, missed: &Missed) {
        let rung = NewRung {
            id: RungId::new(self.now, self.ids.entropy()),
            delivery_id: chased.id,
            step: u16::try_from(missed.step).unwrap_or(u16::MAX),
            act: missed.act,
            ways: None,
            planned_at: missed.at,
            done: false,
        };
        let id = EventId::new(self.now, self.ids.entropy());
        let version = u32::try_from(chased.version).unwrap_or(1);
        let event = Event::new(id, EventKind::RungSuperseded, self.now, ACTOR)
            .notice(chased.notice_id, version)
            .delivery(chased.id)
            .rung(rung.id)
            .fact("act", missed.act.as_str())
            .fact("step", missed.step)
            .fact("planned_at", missed.at.to_string())
            .fact("late_ms", self.now.since(missed.at).as_micros() / 1_000)
            .fact("because", SUPERSEDED);
        let further = missed.further;
        self.events.push(if further > 0 { event.fact("further", further) } else { event });
        self.missed.push(rung);
        self.done.missed += 1;
    }

    fn event(&mut self, chased: &Chased, firing: &Firing) -> Event {
        let kind = match (&firing.outcome, firing.rung.act) {
            (Outcome::Gap, _) => EventKind::RungGap,
            (Outcome::Marked(Mark::Overdue), _) => EventKind::Overdue,
            (Outcome::Marked(Mark::NotReached), _) => EventKind::NotReached,
            (_, RungAct::Remind) => EventKind::Reminded,
            _ => EventKind::Escalated,
        };
        let late = self.now.since(firing.due_at).as_micros() / 1_000;
        let version = u32::try_from(chased.version).unwrap_or(1);
        let repeat = chased.deadline_at.is_some_and(|at| firing.rung.planned_at > at);
        let event = Event::new(EventId::new(self.now, self.ids.entropy()), kind, self.now, ACTOR)
            .notice(chased.notice_id, version)
            .delivery(chased.id)
            .rung(firing.rung.id)
            .fact("act", firing.rung.act.as_str())
            .fact("step", firing.rung.step)
            .fact("planned_at", firing.rung.planned_at.to_string())
            .fact("late_ms", late);
        let event = if firing.handed_on { event.fact("handed_on", true) } else { event };
        if repeat && firing.rung.act == RungAct::Call { event.fact("repeat", 1) } else { event }
    }

    fn letter(
        &mut self,
        chased: &Chased,
        notice: &ChasedNotice,
        links: &LinksAt,
        new_links: &mut BTreeMap<crate::domain::ids::AddressId, LinkId>,
        letter: &Letter,
    ) {
        let address = letter.way.address;
        let carries_link =
            matches!(letter.purpose, MessagePurpose::Invitation | MessagePurpose::Reminder);
        let link_id = carries_link.then(|| match links.get(&(chased.id, address)) {
            Some((link, opens)) => {
                self.renewed.extend((!opens).then_some(*link));
                *link
            }
            None => *new_links.entry(address).or_insert_with(|| {
                let id = LinkId::new(self.now, self.ids.entropy());
                self.links.push(NewLink {
                    id,
                    delivery_id: chased.id,
                    address_id: address,
                    created_at: self.now,
                });
                id
            }),
        });
        self.messages.push(NewMessage {
            id: MessageId::new(self.now, self.ids.entropy()),
            notice_id: Some(chased.notice_id),
            version: chased.version,
            delivery_id: (!letter.of_notice).then_some(chased.id),
            address_id: address,
            about: letter.of_notice.then(|| chased.notice_id.to_string()),
            link_id,
            channel: letter.way.channel,
            step: letter.step,
            purpose: letter.purpose,
            lane: lane_of(notice.urgency),
            due_at: self.now,
        });
    }

    /// Writes everything. Rungs and heads were read under the lock, so each must move.
    pub(super) fn write(mut self, tx: &mut Tx) -> Result<Fired, StoreError> {
        let now = self.now;
        for (outcome, rungs) in &self.fired {
            all_moved("rungs", rung_set_fired(tx, rungs, outcome, now)?, rungs.len())?;
        }
        all_moved("deliveries", ladder_end(tx, &self.ended)?, self.ended.len())?;
        all_moved("deliveries", ladder_hand_on(tx, &self.heads)?, self.heads.len())?;
        for (rung, at) in &self.moved {
            all_moved("rungs", rung_set_planned(tx, *rung, *at)?, 1)?;
        }
        rung_insert_closed(tx, &self.missed, SUPERSEDED, now)?;
        rung_insert_all(tx, &self.appended, now)?;
        link_insert_all(tx, &self.links)?;
        if !self.renewed.is_empty() {
            link_renew_all(tx, &self.renewed)?;
        }
        self.done.messages = message_insert_missing(tx, &self.messages, now)?;
        self.done.tasks = task_raise_all(tx, &self.tasks, now)?;
        if !self.overdue.is_empty() || !self.not_reached.is_empty() {
            chase_mark(tx, &self.overdue, &self.not_reached, now)?;
        }
        event_append(tx, &self.events)?;
        Ok(self.done)
    }
}

fn all_moved(table: &'static str, moved: usize, wanted: usize) -> Result<(), StoreError> {
    if moved == wanted {
        return Ok(());
    }
    Err(StoreError::Inconsistent {
        table,
        id: "a chunk of due steps".into(),
        what: format!("{moved} rows moved instead of {wanted}"),
    })
}

pub(super) fn channels(letters: &[Letter]) -> String {
    let all: BTreeSet<Channel> = letters.iter().map(|letter| letter.way.channel).collect();
    let words: Vec<&str> = all.into_iter().map(Channel::as_str).collect();
    words.join(",")
}
