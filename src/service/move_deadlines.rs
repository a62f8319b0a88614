//! A corrected holiday table is carried to what is out: deadlines and steps that are still to
//! come are reckoned anew from the instant of issue, and the old time stays on record beside the
//! new one. Clocks that never stop have nothing to do with working days and are left alone.
//!
//! In chunks, in the order of the deliveries; any server may go on where another stopped. A second
//! round follows, for what another server was just issuing by the old table.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::add_recipients::FROM_ADDING;
use super::alarm::{silence, sound};
use super::{Service, ServiceError};
use crate::adapters::random;
use crate::domain::alarm::AlarmKind;
use crate::domain::calendar::Calendar;
use crate::domain::delivery::DeliveryState;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DeliveryId, EventId, NoticeId};
use crate::domain::ladder::replan::{After, Before, Standing, replan};
use crate::domain::ladder::{IssueTimes, RecipientTime};
use crate::domain::rule_text::RuleKind;
use crate::domain::time::{Span, Timestamp};
use crate::store::alarms::alarm_list_open;
use crate::store::chase::{Chased, ChasedNotice, chase_notices, chase_read};
use crate::store::deadline_moves::{
    DeadlineMove, DeliveryClock, clock_list, move_first_messages, move_hold, move_list_open,
    move_note_progress, move_notice_deadlines, move_origins, move_progress, move_record,
    move_set_deadlines, move_steps, move_write_steps,
};
use crate::store::deliveries::delivery_find;
use crate::store::events::event_append;
use crate::store::ladders::ladder_follow_plan;
use crate::store::rule_versions::rule_in_force;
use crate::store::{StoreError, Tx};

/// Deliveries of one write, at most.
const CHUNK: usize = 200;
/// The second round begins this long after a table came into force: servers follow within five
/// seconds, and what they were about to write by then is written.
const SETTLED_AFTER: Span = Span::seconds(20);
const WHY: &str = "holidays_corrected";
const DUTY: &str = "follow-rules";
const ACTOR: Actor = Actor::System(DUTY);

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Deadlines that moved.
    pub deadlines: usize,
    /// Steps that moved.
    pub steps: usize,
    /// Deliveries whose times cannot be reckoned anew; each has an alarm.
    pub stuck: usize,
    /// There is more to do now.
    pub more: bool,
}

/// How far a table was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Progress {
    version: i32,
    rounds: u8,
    after: Option<DeliveryId>,
}

impl Progress {
    const ROUNDS: u8 = 2;

    fn read(text: Option<String>) -> Self {
        let text = text.unwrap_or_default();
        let mut words = text.split(' ');
        let version = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let rounds = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { version, rounds, after: words.next().and_then(|word| word.parse().ok()) }
    }

    fn text(self) -> String {
        let after = self.after.map_or_else(|| "-".to_owned(), |id| id.to_string());
        format!("{} {} {after}", self.version, self.rounds)
    }

    /// Where to go on, if there is anything to do by the table of that version.
    fn onwards(self, version: i32, in_force_for: Span) -> Option<Self> {
        if self.version < version {
            return Some(Self { version, ..Self::default() });
        }
        let waits = self.rounds > 0 && self.after.is_none() && in_force_for < SETTLED_AFTER;
        (self.version == version && self.rounds < Self::ROUNDS && !waits).then_some(self)
    }

    /// After a chunk that ended there; none: the round is over.
    const fn then(self, last: Option<DeliveryId>) -> Self {
        match last {
            Some(_) => Self { after: last, ..self },
            None => Self { after: None, rounds: self.rounds.saturating_add(1), ..self },
        }
    }
}

/// Carries the newest table one chunk further.
///
/// # Errors
/// The store's own.
pub fn tick(service: &Service) -> Result<Moved, ServiceError> {
    let now = service.now();
    let (version, calendar) = service.rules.calendar_in_force();
    if version == 0 {
        return Ok(Moved::default());
    }
    let (progress, newest) = service.store.read(|conn| {
        let progress = Progress::read(move_progress(conn)?);
        Ok::<_, StoreError>((progress, rule_in_force(conn, RuleKind::Calendar)?))
    })?;
    // Who has not taken over the newest table yet leaves the work to who has.
    let Some((_, in_force_since)) = newest.filter(|(newest, _)| *newest == version) else {
        return Ok(Moved::default());
    };
    let Some(progress) = progress.onwards(version, now.since(in_force_since)) else {
        clear_settled(service, now)?;
        return Ok(Moved::default());
    };
    let chunk = service.store.read(|conn| move_list_open(conn, progress.after, CHUNK))?;
    let next = match chunk.last() {
        Some((last, _)) if chunk.len() == CHUNK => progress.then(Some(*last)),
        _ => progress.then(None),
    };
    let mover = Mover { calendar, in_force_since, now };
    let mut moved = match carried(service, &mover, &chunk, Some(next)) {
        // One that cannot be read must not keep the others from moving.
        Err(StoreError::Inconsistent { .. }) => singly(service, &mover, &chunk, next)?,
        done => done?,
    };
    moved.more = next.onwards(version, now.since(in_force_since)).is_some();
    if moved.deadlines > 0 || moved.steps > 0 {
        tracing::info!(
            calendar_version = version,
            deadlines = moved.deadlines,
            steps = moved.steps,
            "deadlines were reckoned anew by the corrected holiday table"
        );
        // Steps may be due sooner than the engine sleeps for.
        service.bell.ring();
    }
    Ok(moved)
}

/// Carries these in one write, which also notes how far the table was carried.
fn carried(
    service: &Service,
    mover: &Mover,
    chunk: &[(DeliveryId, NoticeId)],
    next: Option<Progress>,
) -> Result<Moved, StoreError> {
    let seed: [u8; 16] = random::bytes(service.random.as_ref())
        .map_err(|error| StoreError::Database(error.to_string()))?;
    let (mover, chunk) = (mover.clone(), chunk.to_vec());
    service.store.write("move_deadlines", move |tx| {
        let moved = mover.carry(tx, &chunk, IdSource::new(seed))?;
        if let Some(next) = next {
            move_note_progress(tx, &next.text(), mover.now)?;
        }
        Ok(moved)
    })
}

/// Carries each alone. What cannot be reckoned anew keeps its times, and somebody is told.
fn singly(
    service: &Service,
    mover: &Mover,
    chunk: &[(DeliveryId, NoticeId)],
    next: Progress,
) -> Result<Moved, ServiceError> {
    let mut all = Moved::default();
    for one in chunk {
        match carried(service, mover, std::slice::from_ref(one), None) {
            Ok(moved) => {
                all.deadlines += moved.deadlines;
                all.steps += moved.steps;
            }
            Err(error @ StoreError::Inconsistent { .. }) => {
                all.stuck += 1;
                let (kind, now) = (AlarmKind::DeadlineStuck, mover.now);
                let stuck = service.sounding(kind, one.0.to_string(), error.to_string(), now)?;
                service.store.write("deadline_stuck", move |tx| sound(tx, &stuck, DUTY, now))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let now = mover.now;
    let note = move |tx: &mut Tx| move_note_progress(tx, &next.text(), now);
    service.store.write("move_deadlines", note)?;
    Ok(all)
}

/// An alarm about a delivery that has no open ladder any more is over.
fn clear_settled(service: &Service, now: Timestamp) -> Result<(), ServiceError> {
    let open = service.store.read(alarm_list_open)?;
    for alarm in open.into_iter().filter(|one| one.kind == AlarmKind::DeadlineStuck) {
        let id = alarm.subject.parse::<DeliveryId>().ok();
        let ends = match id {
            Some(id) => service.store.read(|conn| delivery_find(conn, id))?.is_none_or(|one| {
                !DeliveryState::derive(&one.facts).is_unsigned()
                    || one.facts.deadline.is_some_and(|at| now > at)
            }),
            None => true,
        };
        if ends {
            let event = EventId::new(now, service.entropy()?);
            service.store.write("deadline_settled", move |tx| {
                silence(tx, (AlarmKind::DeadlineStuck, &alarm.subject), event, DUTY, now)
            })?;
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Mover {
    calendar: Arc<Calendar>,
    in_force_since: Timestamp,
    now: Timestamp,
}

/// What one chunk comes to.
#[derive(Default)]
struct Rows {
    steps: Vec<Standing>,
    /// Whose steps these are.
    stepping: Vec<DeliveryId>,
    deadlines: BTreeMap<(Timestamp, String), Vec<DeliveryId>>,
    moves: Vec<DeadlineMove>,
    events: Vec<Event>,
    first: BTreeMap<Timestamp, Vec<DeliveryId>>,
    notices: Vec<NoticeId>,
}

impl Mover {
    fn carry(
        &self,
        tx: &mut Tx,
        chunk: &[(DeliveryId, NoticeId)],
        mut ids: IdSource,
    ) -> Result<Moved, StoreError> {
        let (deliveries, of): (Vec<DeliveryId>, Vec<NoticeId>) = chunk.iter().copied().unzip();
        move_hold(tx, &of, &deliveries)?;
        let notices = chase_notices(tx, &of)?;
        let clocks = clock_list(tx, &deliveries)?;
        let steps = move_steps(tx, &deliveries)?;
        let origins = move_origins(tx, &deliveries)?;
        let mut rows = Rows::default();
        for chased in
            chase_read(tx, &deliveries)?.iter().filter(|one| !one.ended && one.head.is_some())
        {
            let (Some(notice), Some(clock), Some(open)) =
                (notices.get(&chased.notice_id), clocks.get(&chased.id), steps.get(&chased.id))
            else {
                continue;
            };
            let Some(after) = self.after(chased, notice, clock, open)? else { continue };
            let origin = origins.get(&chased.id).cloned().flatten();
            self.add(&mut rows, chased, after, origin, &mut ids);
        }
        self.write(tx, rows)
    }

    fn after(
        &self,
        chased: &Chased,
        notice: &ChasedNotice,
        clock: &DeliveryClock,
        open: &[Standing],
    ) -> Result<Option<After>, StoreError> {
        let Some(ladder) = notice.ladder.as_ref().filter(|_| notice.out) else { return Ok(None) };
        let times = IssueTimes {
            issued_at: clock.counted_from,
            explicit: clock.explicit_at,
            overnight: notice.overnight,
        };
        let recipient = RecipientTime {
            calendar: &self.calendar,
            hours: &clock.hours,
            manned_around_the_clock: clock.manned,
        };
        let deadline = chased.deadline_at;
        let before = Before { addressee: chased.addressee, deadline, open };
        let after = replan(ladder, &times, &recipient, &before, self.in_force_since);
        after.map(Some).map_err(|error| StoreError::Inconsistent {
            table: "deliveries",
            id: chased.id.to_string(),
            what: error.to_string(),
        })
    }

    fn add(
        &self,
        rows: &mut Rows,
        chased: &Chased,
        after: After,
        origin: Option<String>,
        ids: &mut IdSource,
    ) {
        if !after.moved.is_empty() {
            rows.stepping.push(chased.id);
        }
        rows.steps.extend(after.moved);
        rows.first.entry(after.first_at).or_default().push(chased.id);
        let (Some(new), Some(old_at)) = (after.deadline, chased.deadline_at) else { return };
        let mut explanation = new.explanation_zh;
        if origin.as_ref().is_some_and(|origin| origin.starts_with(FROM_ADDING)) {
            explanation.insert_str(0, FROM_ADDING);
        }
        if new.at == old_at && origin.as_ref() == Some(&explanation) {
            return;
        }
        rows.deadlines.entry((new.at, explanation)).or_default().push(chased.id);
        if new.at == old_at {
            return;
        }
        let event_id = EventId::new(self.now, ids.entropy());
        let version = u32::try_from(chased.version).unwrap_or(1);
        let event = Event::new(event_id, EventKind::DeadlineMoved, self.now, ACTOR)
            .notice(chased.notice_id, version)
            .delivery(chased.id)
            .fact("old_at", old_at.as_micros())
            .fact("new_at", new.at.as_micros());
        rows.events.push(event);
        let (delivery_id, new_at) = (chased.id, new.at);
        rows.moves.push(DeadlineMove { event_id, delivery_id, old_at, new_at });
        if !rows.notices.contains(&chased.notice_id) {
            rows.notices.push(chased.notice_id);
        }
    }

    fn write(&self, tx: &mut Tx, rows: Rows) -> Result<Moved, StoreError> {
        move_write_steps(tx, &rows.steps)?;
        let followed = ladder_follow_plan(tx, &rows.stepping)?;
        if followed != rows.stepping.len() {
            return Err(StoreError::Inconsistent {
                table: "deliveries",
                id: "a chunk whose steps moved".into(),
                what: format!("{followed} heads moved instead of {}", rows.stepping.len()),
            });
        }
        move_first_messages(tx, &rows.first, self.now)?;
        move_set_deadlines(tx, &rows.deadlines)?;
        move_record(tx, &rows.moves, WHY, self.now)?;
        move_notice_deadlines(tx, &rows.notices)?;
        event_append(tx, &rows.events)?;
        Ok(Moved { deadlines: rows.moves.len(), steps: rows.steps.len(), ..Moved::default() })
    }
}
