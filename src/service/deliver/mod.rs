//! Sends what is due: takes messages under a lease, looks once more before each leaves, hands it
//! over with no transaction open, and records how it ended.
//!
//! The attempt is counted and committed before it is made. Whatever happens to a worker, a
//! message ends as handed over, cancelled or given up with an alarm, or is due again. Never here:
//! deciding whom to reach; waiting for work.

mod appetite;
mod hand;
mod judge;
mod letter;
mod record;
mod ways;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Service, ServiceError};
use crate::adapters::clock::Stopwatch;
use crate::adapters::mail::SendReport;
use crate::adapters::random;
use crate::channel::email::Hurry;
use crate::domain::evidence::{Event, EventKind};
use crate::domain::ids::{AttemptId, EventId};
use crate::domain::message::{AttemptOutcome, Channel, Fault, Happening, Phase};
use crate::domain::time::{Span, Timestamp};
use crate::domain::urgency::Urgency;
use crate::service::escalate::Engine;
use crate::store::events::event_append;
use crate::store::letters::{Basis, StillWanted, message_still_wanted};
use crate::store::outbox::{TakeOrder, Taken, message_any_due, message_renew, message_take_due};
use crate::store::outcomes::{NextPlace, Standing};
use crate::store::{Lane, StoreError};
use appetite::Appetite;
use hand::Hand;
use letter::{Headers, NoLetter};
use record::{ACTOR, Ended, RecordOutcomes, message_about};
use ways::{Ways, Written};

/// The lane of 特提.
const FLASH_LANE: i32 = 0;
/// The outcome of an attempt that was counted and not made.
const NO_TRY: &str = "not_tried";
/// How long a sender rests when the way itself is broken.
const CHANNEL_REST: Span = Span::seconds(30);
/// How soon a message is looked at again that could not be read from the database.
const READ_AGAIN: Span = Span::seconds(5);

/// Which messages a sender takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All, 特提 first.
    All,
    /// Only 特提, so that nothing else can be in their way.
    FlashOnly,
}

impl Share {
    fn lanes(self) -> Range<i32> {
        let all = i32::try_from(Urgency::ALL.len()).unwrap_or(i32::MAX);
        match self {
            Self::All => FLASH_LANE..all,
            Self::FlashOnly => FLASH_LANE..FLASH_LANE.saturating_add(1),
        }
    }
}

/// What all senders of a process share.
#[derive(Clone)]
pub struct Dispatch {
    records: Lane<RecordOutcomes>,
    hands: Arc<Mutex<Vec<Hand>>>,
    stopping: Arc<AtomicBool>,
}

impl Dispatch {
    /// Opens the common way into the writer.
    #[must_use]
    pub fn open(service: &Service) -> Self {
        Self {
            records: service.store.lane(RecordOutcomes { engine: Engine::of(service) }),
            hands: Arc::default(),
            stopping: Arc::default(),
        }
    }

    /// From now on senders finish the mail on its way, give back the rest, and take nothing.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

/// One sender: a session with the next server, and what it has in hand.
pub struct Sender {
    name: String,
    share: Share,
    dispatch: Dispatch,
    ways: Ways,
    hand: Hand,
    appetite: Appetite,
    headers: Headers,
    unrecorded: Vec<Ended>,
    rests: BTreeMap<Channel, Timestamp>,
}

impl Sender {
    /// A sender that has spoken to nobody yet.
    #[must_use]
    pub fn open(service: &Service, dispatch: &Dispatch, name: &str, share: Share) -> Self {
        let hand = Hand::default();
        dispatch.hands.lock().unwrap_or_else(PoisonError::into_inner).push(hand.clone());
        Self {
            name: name.to_owned(),
            share,
            dispatch: dispatch.clone(),
            ways: Ways::open(service),
            hand,
            appetite: Appetite::default(),
            headers: Headers::default(),
            unrecorded: Vec::new(),
            rests: BTreeMap::new(),
        }
    }
}

/// What one tick of a sender came to, in messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Taken under lease.
    pub taken: usize,
    /// Taken over by the next server.
    pub handed_over: usize,
    /// Due again later.
    pub retried: usize,
    /// Given up.
    pub dead: usize,
    /// Cancelled, before or during this tick.
    pub cancelled: usize,
    /// Put back untried.
    pub handed_back: usize,
    /// On their way when the answer was committed.
    pub crossed: usize,
    /// Taken by another meanwhile.
    pub lease_lost: usize,
}

/// One taking of a sender.
struct Batch<'s> {
    service: &'s Service,
    token: String,
    /// A message whose turn comes later than this is given back: a quarter of the lease is then
    /// left for its renewal to begin.
    within: Duration,
}

impl Batch<'_> {
    fn event_ids(&self, now: Timestamp) -> Result<[EventId; 2], ServiceError> {
        let one = || Ok::<_, ServiceError>(EventId::new(now, self.service.entropy()?));
        // In this order in the log, where events of one instant stand by their ids.
        let mut ids = [one()?, one()?];
        ids.sort_unstable();
        Ok(ids)
    }
}

/// Half a lease: when it is over, nothing of a batch is begun any more.
fn turn_limit(service: &Service) -> Duration {
    let micros = u64::try_from(service.settings.sending.lease.as_micros()).unwrap_or(0);
    Duration::from_micros(micros / 2)
}

/// Takes what is due and sends it.
///
/// # Errors
/// Nothing could be taken, or what happened could not be recorded yet: it is kept and recorded
/// by the next tick, before anything else is taken.
pub fn tick(service: &Service, sender: &mut Sender) -> Result<Delivered, ServiceError> {
    let mut done = Delivered::default();
    // What a turn that broke off left in hand is let go: its leases end by themselves.
    drop(sender.hand.empty());
    let leftovers = std::mem::take(&mut sender.unrecorded);
    record(sender, leftovers, &mut done)?;
    let now = service.now();
    if sender.dispatch.is_stopping()
        || !service.store.read(|conn| message_any_due(conn, sender.share.lanes(), now))?
    {
        return Ok(done);
    }
    let open = open_ways(service, sender, now);
    if open.is_empty() {
        return Ok(done);
    }
    let since = Stopwatch::start();
    let batch =
        Batch { service, token: lease_token(service, &sender.name)?, within: turn_limit(service) };
    let taken = take(&batch, sender, &open, now)?;
    done.taken = taken.len();
    sender.appetite = sender.appetite.after(&taken);
    sender.headers.read_ahead(service, &taken);
    sender.hand.fill(batch.token.clone(), since, taken);
    let mut waiting = Vec::new();
    while let Some(taken) = sender.hand.begin_next(batch.within) {
        let way = taken.channel;
        let ended = attempt(&batch, sender, taken)?;
        waiting.push((sender.dispatch.records.submit(ended.clone()), ended));
        if sender.dispatch.is_stopping() || sender.rests.contains_key(&way) {
            break;
        }
    }
    let rest = sender.hand.empty();
    if !rest.is_empty() {
        sender.appetite.was_too_big();
    }
    for ended in give_back(&batch, rest)? {
        waiting.push((sender.dispatch.records.submit(ended.clone()), ended));
    }
    let mut unrecorded = Vec::new();
    let mut fault = None;
    for (answer, ended) in waiting {
        match answer.wait() {
            Ok(standing) => count(&mut done, &ended, standing),
            Err(error) => {
                fault = Some(error);
                unrecorded.push(ended);
            }
        }
    }
    sender.unrecorded = unrecorded;
    fault.map_or(Ok(done), |error| Err(error.into()))
}

/// The ways that may be tried: after a fault of a way itself only when the rest is over and it
/// opens again, so that no message pays for it. What has no way here is taken all the same, and
/// given up with its reason.
fn open_ways(service: &Service, sender: &mut Sender, now: Timestamp) -> Vec<Channel> {
    let mut open = Vec::new();
    for way in Channel::ALL {
        match sender.rests.get(way) {
            Some(until) if now < *until => continue,
            Some(_) => match sender.ways.prepare(*way, Hurry::Flash) {
                Err(report) if is_channel_fault(&report) => {
                    sender.rests.insert(*way, now.plus(CHANNEL_REST));
                    let why = report.outcome.why();
                    tracing::error!(sender = sender.name, %way, why, "still no way out");
                    continue;
                }
                Ok(()) | Err(_) => drop(sender.rests.remove(way)),
            },
            None => {}
        }
        if service.outlets.admits(*way, true, now) {
            open.push(*way);
        }
    }
    open
}

fn is_channel_fault(report: &SendReport) -> bool {
    matches!(report.outcome, AttemptOutcome::NotSent { fault: Fault::Channel, .. })
}

fn lease_token(service: &Service, name: &str) -> Result<String, ServiceError> {
    let bits: [u8; 16] = random::bytes(service.random.as_ref())?;
    Ok(format!("{name}/{:032x}", u128::from_be_bytes(bits)))
}

fn take(
    batch: &Batch<'_>,
    sender: &Sender,
    open: &[Channel],
    now: Timestamp,
) -> Result<Vec<Taken>, ServiceError> {
    let service = batch.service;
    let outlets = &service.outlets;
    let size = sender.appetite.size();
    let (mut attempts, mut event_ids) = (Vec::with_capacity(size), Vec::with_capacity(size));
    for _ in 0..size {
        attempts.push(AttemptId::new(now, service.entropy()?));
        event_ids.push(EventId::new(now, service.entropy()?));
    }
    let order = TakeOrder {
        token: batch.token.clone(),
        now,
        until: now.plus(service.settings.sending.lease),
        lanes: sender.share.lanes(),
        flash_ways: open.to_vec(),
        other_ways: open.iter().copied().filter(|way| outlets.admits(*way, false, now)).collect(),
        attempts,
    };
    let taken = service.store.write("take_messages", move |tx| {
        let taken = message_take_due(tx, &order)?;
        let events: Vec<Event> = taken
            .iter()
            .zip(&event_ids)
            .filter(|(one, _)| one.unreported)
            .map(|(one, id)| {
                message_about(Event::new(*id, EventKind::MessageUncertain, now, ACTOR), one)
                    .fact("why", "the_attempt_before_was_never_reported")
            })
            .collect();
        event_append(tx, &events)?;
        Ok::<_, ServiceError>(taken)
    })?;
    for one in &taken {
        outlets.note(one.channel, 1, now);
    }
    Ok(taken)
}

/// One message's turn, from its words to its outcome.
fn attempt(batch: &Batch<'_>, sender: &mut Sender, taken: Taken) -> Result<Ended, ServiceError> {
    let service = batch.service;
    let now = service.now();
    if let Some(why) = judge::is_over(&service.settings.sending, &taken, now) {
        let next = NextPlace::Dead { why, uncertain: false };
        return judge::not_tried(batch, taken, next, why, now);
    }
    let hurry = if taken.lane == FLASH_LANE { Hurry::Flash } else { Hurry::Ordinary };
    let (written, says) = match write_letter(service, sender, &taken, now) {
        Ok(written) => written,
        Err(NoLetter::Unwritable(why)) => {
            let next = NextPlace::Dead { why: "unwritable", uncertain: false };
            return judge::not_tried(batch, taken, next, &why, now);
        }
        Err(NoLetter::Moot(why)) => {
            return judge::not_tried(batch, taken, NextPlace::Cancelled(why), why, now);
        }
        Err(NoLetter::Store(error)) => {
            let due_at = now.plus(READ_AGAIN);
            let next = NextPlace::Waiting { due_at, spared: false, uncertain: false };
            return judge::not_tried(batch, taken, next, &error.to_string(), now);
        }
    };
    // The way is opened first, so that nothing slow lies between the last look and the mail.
    if let Err(report) = sender.ways.prepare(taken.channel, hurry) {
        return conclude(batch, sender, taken, &report);
    }
    let now = service.now();
    let (id, token) = (taken.id, &batch.token);
    let look = service.store.read(|conn| message_still_wanted(conn, id, token, says, now));
    let next = match look {
        Ok(StillWanted::Yes) => {
            let report = send(service, sender, written, hurry);
            return conclude(batch, sender, taken, &report);
        }
        Ok(StillWanted::No(why)) => (NextPlace::Cancelled(why), why.to_owned()),
        Ok(StillWanted::Outdated) => (handed_back(now), "what it says has changed".to_owned()),
        Ok(StillWanted::Gone) => (handed_back(now), "no longer held".to_owned()),
        Err(error) => {
            let error: StoreError = error;
            let due_at = now.plus(READ_AGAIN);
            let next = NextPlace::Waiting { due_at, spared: true, uncertain: false };
            (next, error.to_string())
        }
    };
    judge::not_tried(batch, taken, next.0, &next.1, now)
}

/// A row that makes the writing of its mail panic is given up, and no other is touched.
fn write_letter(
    service: &Service,
    sender: &mut Sender,
    taken: &Taken,
    now: Timestamp,
) -> Result<(Written, Basis), NoLetter> {
    let headers = &mut sender.headers;
    catch_unwind(AssertUnwindSafe(|| letter::write(service, headers, taken, now)))
        .unwrap_or_else(|_| Err(NoLetter::Unwritable("writing it panicked".to_owned())))
}

/// After a panic nobody knows how far the mail got, and the session is not used again.
fn send(service: &Service, sender: &mut Sender, written: Written, hurry: Hurry) -> SendReport {
    let ways = &mut sender.ways;
    catch_unwind(AssertUnwindSafe(|| ways.send(written, hurry))).unwrap_or_else(|_| {
        sender.ways = Ways::open(service);
        let happening = Happening::Garbled("the sender panicked".to_owned());
        SendReport::of("", Phase::FinalDotWritten, &happening)
    })
}

fn conclude(
    batch: &Batch<'_>,
    sender: &mut Sender,
    taken: Taken,
    report: &SendReport,
) -> Result<Ended, ServiceError> {
    let now = batch.service.now();
    if is_channel_fault(report) {
        sender.rests.insert(taken.channel, now.plus(CHANNEL_REST));
        tracing::error!(
            sender = sender.name,
            way = %taken.channel,
            relay = report.relay,
            why = report.outcome.why(),
            "no way out: messages are kept; mend its login or certificate"
        );
    }
    judge::of_report(batch, taken, report, now)
}

const fn handed_back(now: Timestamp) -> NextPlace {
    NextPlace::Waiting { due_at: now, spared: true, uncertain: false }
}

fn give_back(batch: &Batch<'_>, rest: Vec<Taken>) -> Result<Vec<Ended>, ServiceError> {
    let now = batch.service.now();
    rest.into_iter()
        .map(|taken| {
            judge::not_tried(batch, taken, handed_back(now), "its turn did not come in time", now)
        })
        .collect()
}

/// Records what could not be recorded before. One that was committed all the same is refused as
/// a second outcome of its attempt, which is as good.
fn record(
    sender: &mut Sender,
    leftovers: Vec<Ended>,
    done: &mut Delivered,
) -> Result<(), ServiceError> {
    let mut fault = None;
    for ended in leftovers {
        match sender.dispatch.records.submit(ended.clone()).wait() {
            Ok(standing) => count(done, &ended, standing),
            Err(error @ StoreError::Database(_) | error @ StoreError::Unique(_)) => {
                tracing::error!(%error, message = %ended.taken.id, "an outcome is not recorded");
            }
            Err(error) => {
                fault = Some(error);
                sender.unrecorded.push(ended);
            }
        }
    }
    fault.map_or(Ok(()), |error| Err(error.into()))
}

fn count(done: &mut Delivered, ended: &Ended, standing: Standing) {
    let counter = match (standing, ended.attempt.next) {
        (Standing::Crossed, _) => &mut done.crossed,
        (Standing::LeaseLost, _) => &mut done.lease_lost,
        (Standing::CancelledBefore, _) | (_, NextPlace::Cancelled(_)) => &mut done.cancelled,
        (Standing::Held, NextPlace::HandedOver) => &mut done.handed_over,
        (Standing::Held, NextPlace::Dead { .. }) => &mut done.dead,
        (Standing::Held, NextPlace::Waiting { .. }) if ended.attempt.outcome == NO_TRY => {
            &mut done.handed_back
        }
        (Standing::Held, NextPlace::Waiting { .. }) => &mut done.retried,
    };
    *counter += 1;
    if let (Standing::Held, Some(why)) = (standing, &ended.given_up) {
        tracing::error!(
            message = %ended.taken.id,
            delivery = ended.taken.delivery_id.map(tracing::field::display),
            notice = ended.taken.notice_id.map(tracing::field::display),
            attempts = ended.taken.number,
            why,
            "a message is given up"
        );
    }
}

/// Keeps alive the leases of mails on their way, and gives back what waits behind a slow one.
/// To be called at least every [`keep_every`].
///
/// # Errors
/// The store's own.
pub fn keep_leases(service: &Service, dispatch: &Dispatch) -> Result<usize, ServiceError> {
    let hands = dispatch.hands.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let within = turn_limit(service);
    let mut begun = Vec::new();
    for hand in hands {
        begun.extend(hand.begun());
        let (token, late) = hand.take_late(within);
        for ended in give_back(&Batch { service, token, within }, late)? {
            // Not waited for: if it fails the lease ends by itself.
            drop(dispatch.records.submit(ended));
        }
    }
    if begun.is_empty() {
        return Ok(0);
    }
    let until = service.now().plus(service.settings.sending.lease);
    service.store.write("keep_leases", move |tx| {
        message_renew(tx, &begun, until).map_err(ServiceError::from)
    })
}

/// How often leases must be looked after: a quarter of one.
#[must_use]
pub fn keep_every(service: &Service) -> Duration {
    turn_limit(service) / 2
}
