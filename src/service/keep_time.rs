//! Looks after the steady clock: where it begins, when another time is believed, and who is told
//! that clocks differ. Each round notes how far the steady time has come, so that a restart does
//! not fall behind it. Never here: which clock is believed (`domain/steady.rs`).

use std::time::Duration;

use super::alarm::{silence, sound};
use super::self_check::cry_without_database;
use super::{Service, ServiceError};
use crate::adapters::steady::{Hands, SteadyClock};
use crate::domain::alarm::AlarmKind;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::EventId;
use crate::domain::steady::{
    Difference, Look, Ruling, SteadyRules, Witness, begins_at, differences,
};
use crate::domain::time::Span;
use crate::store::alarms::alarm_list_open;
use crate::store::events::event_append;
use crate::store::steady::{database_now, steady_noted, steady_reached, steady_set};
use crate::store::{Store, StoreError};

const DUTY: &str = "keep_time";
/// How often it is looked while a server starts and does not know yet what time it is.
const LOOK_AT_START: Duration = Duration::from_secs(1);
/// While it starts it looks so many times longer than it would have to, at most.
const PATIENCE: u32 = 5;
/// A database that takes longer to say what time it is says nothing of use.
const ANSWER_WITHIN: Span = Span::seconds(2);
/// A long leap is told for so long.
const LEAP_TOLD_FOR: Span = Span::hours(1);

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Which clocks differ now.
    pub differences: Vec<Difference>,
    /// How far the steady time leapt ahead.
    pub leapt: Option<Span>,
}

/// The steady clock of a server that starts, from how far the time had come before.
///
/// # Errors
/// The store's own.
pub fn begin(store: &Store, hands: Hands, rules: SteadyRules) -> Result<SteadyClock, StoreError> {
    let witness = store.read(database_now)?.map_or(Witness::Nobody, Witness::Says);
    begin_beside(store, hands, rules, witness)
}

/// The same with what the clock beside says.
///
/// # Errors
/// The store's own.
pub fn begin_beside(
    store: &Store,
    hands: Hands,
    rules: SteadyRules,
    witness: Witness,
) -> Result<SteadyClock, StoreError> {
    let reached = store.read(steady_reached)?;
    let at = begins_at(&rules, reached, hands.wall.now(), witness);
    Ok(SteadyClock::start(hands, rules, at))
}

/// Waits until a starting server knows what time it is. Only one whose clock is far ahead of its
/// last run has to, and only if nothing bears the clock out: looks in quick succession whether it
/// stands. Another server that is at work over the same database settles it too.
///
/// # Errors
/// The store's own.
pub fn wake(service: &Service) -> Result<(), ServiceError> {
    let Some(clock) = service.clock.as_steady() else { return Ok(()) };
    let every = i64::try_from(LOOK_AT_START.as_micros()).unwrap_or(i64::MAX);
    let quick = SteadyRules { every: Span::micros(every), ..*clock.rules() };
    let noted = service.store.read(steady_noted)?;
    for nth in 0..quick.looks.saturating_mul(PATIENCE) {
        let look = clock.look(ask(service));
        let ahead = look.reference().map_or(Span::ZERO, |at| at.since(look.steady));
        if ahead <= quick.differs {
            break;
        }
        if nth == 0 {
            let (ahead_s, looks) = (ahead.as_seconds(), quick.looks);
            tracing::warn!(ahead_s, looks, "the clock is far ahead of the last run: looking again");
        }
        let judged = clock.judge(&quick, &look);
        if matches!(judged, (Ruling::Leap(_), _)) {
            record(service, clock, &look, judged)?;
            break;
        }
        std::thread::sleep(LOOK_AT_START);
        if service.store.read(steady_noted)? > noted {
            tracing::info!("another server is at work and knows what time it is");
            follow(service, clock)?;
            break;
        }
    }
    Ok(())
}

/// Comes up to the time that another server has noted, so that this one is not behind it until
/// the rounds have caught up.
fn follow(service: &Service, clock: &SteadyClock) -> Result<(), ServiceError> {
    let Some(reached) = service.store.read(steady_reached)? else { return Ok(()) };
    let look = clock.look(Witness::Silent);
    let behind = reached.since(look.steady);
    if behind > Span::ZERO {
        record(service, clock, &look, (Ruling::Leap(behind), 0))?;
    }
    Ok(())
}

/// One round: looks at all clocks, and notes how far the steady time has come.
///
/// # Errors
/// The store's own.
pub fn round(service: &Service) -> Result<Kept, ServiceError> {
    let Some(clock) = service.clock.as_steady() else { return Ok(Kept::default()) };
    keep(service, clock.rules(), ask(service))
}

/// What the database's clock shows, if it has one of its own and answers in time.
fn ask(service: &Service) -> Witness {
    let Some(clock) = service.clock.as_steady() else { return Witness::Nobody };
    let asked = clock.elapsed();
    match service.store.read(database_now) {
        Ok(None) => Witness::Nobody,
        Ok(Some(at)) => {
            let took = clock.elapsed().as_micros().saturating_sub(asked.as_micros());
            match took <= ANSWER_WITHIN.as_micros() {
                true => Witness::Says(at.plus(Span::micros(took / 2))),
                false => Witness::Silent,
            }
        }
        Err(error) => {
            let error: StoreError = error;
            tracing::debug!(%error, "the database does not say what time it is");
            Witness::Silent
        }
    }
}

/// One round with what the clock beside says.
///
/// # Errors
/// The store's own. A leap that could not be put on record is not taken.
pub fn keep(
    service: &Service,
    rules: &SteadyRules,
    witness: Witness,
) -> Result<Kept, ServiceError> {
    let Some(clock) = service.clock.as_steady() else { return Ok(Kept::default()) };
    let look = clock.look(witness);
    record(service, clock, &look, clock.judge(rules, &look))
}

/// Notes the time and what was ruled; a leap is taken once that stands.
fn record(
    service: &Service,
    clock: &SteadyClock,
    look: &Look,
    (ruling, looks): (Ruling, u32),
) -> Result<Kept, ServiceError> {
    let leap = match ruling {
        Ruling::Leap(by) => Some(by),
        Ruling::Keep | Ruling::Drift(_) => None,
    };
    let now = look.steady;
    let after = Look { steady: now.plus(leap.unwrap_or_default()), ..*look };
    let kept = Kept { differences: differences(clock.rules(), &after), leapt: leap };
    let findings = findings(clock, &kept, &after, looks);
    let mut soundings = Vec::with_capacity(findings.len());
    for (subject, detail) in &findings {
        let kind = AlarmKind::ClockDiffers;
        soundings.push(service.sounding(kind, subject.as_str(), detail.as_str(), now)?);
    }
    let mut over = Vec::new();
    for subject in told_before(service, clock.machine())? {
        if !findings.iter().any(|(found, _)| *found == subject) {
            over.push((subject, EventId::new(now, service.entropy()?)));
        }
    }
    let event = match leap {
        Some(by) => Some(
            Event::new(EventId::new(now, service.entropy()?), EventKind::ClockLeapt, now, ACTOR)
                .fact("machine", clock.machine())
                .fact("from", now.to_string())
                .fact("to", after.steady.to_string())
                .fact("ahead_s", by.as_seconds())
                .fact("looks", looks),
        ),
        None => None,
    };
    let raised = service.store.write("keep_time", move |tx| {
        steady_set(tx, after.steady)?;
        event_append(tx, event.as_slice())?;
        let mut raised = false;
        for sounding in &soundings {
            raised |= sound(tx, sounding, DUTY, now)?;
        }
        for (subject, id) in &over {
            silence(tx, (AlarmKind::ClockDiffers, subject), *id, DUTY, now)?;
        }
        Ok::<_, ServiceError>(raised)
    })?;
    if let Some(by) = leap {
        clock.leap(by);
        tracing::warn!(ahead_s = by.as_seconds(), "the clock far ahead is believed");
        service.bell.ring();
    }
    if raised {
        cry_without_database(service, &in_words(&findings));
    }
    Ok(kept)
}

const ACTOR: Actor = Actor::System(DUTY);

/// Subject and figures of each alarm that is to be open now.
fn findings(clock: &SteadyClock, kept: &Kept, look: &Look, looks: u32) -> Vec<(String, String)> {
    let machine = clock.machine();
    let rules = clock.rules();
    let apart = |span: Span| match span < Span::ZERO {
        true => format!("{} s behind", -span.as_seconds()),
        false => format!("{} s ahead", span.as_seconds()),
    };
    let waits = format!("looks {looks} of {}", rules.looks);
    let mut found: Vec<(String, String)> = kept
        .differences
        .iter()
        .map(|one| match one {
            Difference::Wall(by) => (machine.to_owned(), format!("{}, {waits}", apart(*by))),
            Difference::Witness(by) => {
                (format!("{machine}/database"), format!("{}, {waits}", apart(*by)))
            }
        })
        .collect();
    let leap = kept.leapt.map(|by| (by, look.steady)).or_else(|| clock.leapt());
    if let Some((by, at)) = leap
        && by > rules.off_at_most
        && look.steady.since(at) < LEAP_TOLD_FOR
    {
        found.push((format!("{machine}/leap"), format!("{} s to {at}", by.as_seconds())));
    }
    found
}

/// Subjects of this machine's alarms that are open.
fn told_before(service: &Service, machine: &str) -> Result<Vec<String>, ServiceError> {
    let open = service.store.read(alarm_list_open)?;
    let of_here = |subject: &str| {
        let rest = subject.strip_prefix(machine);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let own = open.into_iter().filter(|one| one.kind == AlarmKind::ClockDiffers);
    Ok(own.map(|one| one.subject).filter(|subject| of_here(subject)).collect())
}

fn in_words(findings: &[(String, String)]) -> String {
    let kind = AlarmKind::ClockDiffers;
    let mut text = format!("{}。{}", kind.word_zh(), kind.remedy_zh());
    for (subject, detail) in findings {
        text.push_str(&format!("\n{subject} {detail}"));
    }
    text
}
