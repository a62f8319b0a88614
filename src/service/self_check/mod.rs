//! 自检: looks every minute whether what was promised is still going to happen.
//!
//! Each open delivery has a next step that is not overdue; what a step claims to have done is
//! there; nobody sits on a message; each duty keeps going round. What is found becomes an alarm
//! (and ends when it is found no more), is told by the last-resort way, and stands on every staff
//! page; a clean pass sends a sign of life outwards, so that silence itself is an alarm. Any
//! server may look. Never here: repairing.

mod tell;

use std::time::Duration;

use crate::domain::alarm::AlarmKind;
use crate::domain::ids::EventId;
use crate::domain::ladder::AfterAct;
use crate::domain::time::{Span, Timestamp};
use crate::domain::urgency::Urgency;
use crate::service::alarm::{Sounding, silence, sound};
use crate::service::watch::Duty;
use crate::service::{Service, ServiceError};
use crate::store::alarms::{Alarm, alarm_list_open};
use crate::store::rounds::round_last;
use crate::store::watch::{
    Stray, ladder_list_astray, ladder_list_headless, ladder_list_overdue, message_list_lying,
    rung_list_without_effect,
};
use crate::store::{Conn, StoreError};

pub use tell::cry_without_database;

/// How often a pass is made.
pub const EVERY: Duration = Duration::from_secs(60);
/// The duty's name in evidence.
const ACTOR: &str = "self_check";
/// What a takeover may take besides the lease: two looks and a batch.
const SLACK: Span = Span::seconds(5);
/// 特提 waits no longer than this for a sender.
const FLASH_WAIT_MAX: Span = Span::seconds(60);
/// What waits behind a large issue may wait this long.
const WAIT_MAX: Span = Span::minutes(30);
/// Steps that are due within this time are looked for, so that somebody is told before.
const AHEAD: Span = Span::minutes(10);
/// Of the steps that were taken before this server looked first, those within this time.
const EFFECT_WITHIN: Span = Span::hours(24);
/// A step may be committed this long after the instant it is taken at.
const COMMITTED_WITHIN: Span = Span::minutes(10);
/// Lane of 特提.
const FLASH_LANE: i32 = 0;

/// Something that is not as promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: AlarmKind,
    /// What it concerns.
    pub subject: String,
    /// Figures.
    pub detail: String,
}

/// What a pass came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pass {
    /// What is wrong now.
    pub findings: Vec<Finding>,
    /// Of these, the ones nobody knew of: they were told by the last-resort way.
    pub raised: usize,
    /// Alarms that ended.
    pub cleared: usize,
}

/// One pass: looks, keeps alarms, tells.
///
/// # Errors
/// The database cannot be read or written: then [`cry_without_database`] is the way.
pub fn pass(service: &Service) -> Result<Pass, ServiceError> {
    let now = service.now();
    let findings = look(service, now)?;
    let soundings = findings
        .iter()
        .map(|one| service.sounding(one.kind, one.subject.as_str(), one.detail.as_str(), now))
        .collect::<Result<Vec<Sounding>, _>>()?;
    let over = ended(service, &findings)?
        .into_iter()
        .map(|alarm| Ok((alarm, EventId::new(now, service.entropy()?))))
        .collect::<Result<Vec<(Alarm, EventId)>, ServiceError>>()?;
    let (raised, cleared) = if soundings.is_empty() && over.is_empty() {
        (Vec::new(), 0)
    } else {
        service.store.write("self_check", move |tx| {
            let mut raised = Vec::with_capacity(soundings.len());
            for sounding in &soundings {
                raised.push(sound(tx, sounding, ACTOR, now)?);
            }
            let mut cleared = 0usize;
            for (alarm, event_id) in &over {
                let which = (alarm.kind, alarm.subject.as_str());
                cleared += usize::from(silence(tx, which, *event_id, ACTOR, now)?);
            }
            Ok::<_, ServiceError>((raised, cleared))
        })?
    };
    let fresh: Vec<&Finding> = findings
        .iter()
        .zip(&raised)
        .filter_map(|(finding, raised)| raised.then_some(finding))
        .collect();
    let raised = fresh.len();
    if !fresh.is_empty() {
        tell::cry(service, &fresh, now);
    }
    if findings.is_empty() {
        tell::beat(service, now);
    }
    refresh(service)?;
    Ok(Pass { findings, raised, cleared })
}

/// Brings the alarms that staff pages show up to date.
///
/// # Errors
/// The database cannot be read.
pub fn refresh(service: &Service) -> Result<(), ServiceError> {
    service.watch.keep_alarms(service.store.read(alarm_list_open)?);
    Ok(())
}

/// Alarms of the self-check that are open and were not found again.
fn ended(service: &Service, findings: &[Finding]) -> Result<Vec<Alarm>, ServiceError> {
    let mut open = service.store.read(alarm_list_open)?;
    open.retain(|alarm| {
        alarm.kind.is_of_self_check()
            && !findings.iter().any(|one| one.kind == alarm.kind && one.subject == alarm.subject)
    });
    Ok(open)
}

/// Looks, and changes nothing but how far this server need look back.
///
/// # Errors
/// The database cannot be read.
pub fn look(service: &Service, now: Timestamp) -> Result<Vec<Finding>, ServiceError> {
    let lease = service.settings.sending.lease;
    let late = now.minus(lease).minus(SLACK);
    let policy = service.rules.policy();
    let endless: Vec<&'static str> = Urgency::ALL
        .iter()
        .filter(|level| {
            let rules = policy.level(**level);
            rules.is_some_and(|rules| rules.after_deadline.act == AfterAct::Call)
        })
        .map(|level| level.as_str())
        .collect();
    let since = steps_to_prove_from(service, now)?;
    let (mut findings, mut empty) = (Vec::new(), Vec::new());
    service.store.read(|conn| {
        findings.clear();
        let headless = ladder_list_headless(conn, &endless)?;
        findings.extend(headless.iter().map(|one| of_stray(AlarmKind::StepMissing, one)));
        let astray = ladder_list_astray(conn, now.plus(AHEAD))?;
        findings.extend(astray.iter().map(|one| of_stray(AlarmKind::StepMissing, one)));
        let overdue = ladder_list_overdue(conn, late)?;
        findings.extend(overdue.iter().map(|one| of_stray(AlarmKind::StepOverdue, one)));
        empty = rung_list_without_effect(conn, since)?;
        findings.extend(empty.iter().map(|one| of_stray(AlarmKind::StepWithoutEffect, one)));
        findings.extend(of_messages(conn, late, now)?);
        for duty in Duty::ALL {
            findings.extend(of_duty(service, conn, *duty, now)?);
        }
        Ok::<_, StoreError>(())
    })?;
    if empty.is_empty() {
        service.watch.keep_steps_proved(now);
    }
    Ok(findings)
}

/// From when on steps are looked at. Messages are never deleted: what was seen to have its effect
/// need not be looked at again. What was found without is, by every server, until it is mended.
fn steps_to_prove_from(service: &Service, now: Timestamp) -> Result<Timestamp, ServiceError> {
    let proved = service.watch.steps_proved_until();
    let since = proved.map_or(now.minus(EFFECT_WITHIN), |until| until.minus(COMMITTED_WITHIN));
    let mut open = service.store.read(alarm_list_open)?;
    open.retain(|alarm| alarm.kind == AlarmKind::StepWithoutEffect);
    let found = open.iter().map(|alarm| alarm.raised_at.minus(EFFECT_WITHIN)).min();
    Ok(found.map_or(since, |found| since.min(found)))
}

fn of_stray(kind: AlarmKind, stray: &Stray) -> Finding {
    let since = stray.since.map(|at| format!(" since {at}")).unwrap_or_default();
    Finding {
        kind,
        subject: stray.notice_id.to_string(),
        detail: format!("{} deliveries{since}, one is {}", stray.count, stray.example),
    }
}

fn of_messages(
    conn: &mut Conn,
    late: Timestamp,
    now: Timestamp,
) -> Result<Vec<Finding>, StoreError> {
    let lying = message_list_lying(conn, late)?;
    let wrong = lying.into_iter().filter_map(|one| {
        let wait = if one.lane == FLASH_LANE { FLASH_WAIT_MAX } else { WAIT_MAX };
        let kind = match one.leased {
            true => AlarmKind::LeaseOverdue,
            false if one.since < now.minus(wait) => AlarmKind::MessageOverdue,
            false => return None,
        };
        Some(Finding {
            kind,
            subject: format!("lane {}", one.lane),
            detail: format!("{} messages, the oldest due since {}", one.count, one.since),
        })
    });
    Ok(wrong.collect())
}

/// A duty is alive if any server says so; one that never said anything gets the time it takes
/// this server to start.
fn of_duty(
    service: &Service,
    conn: &mut Conn,
    duty: Duty,
    now: Timestamp,
) -> Result<Option<Finding>, StoreError> {
    if !service.watch.is_silent(duty) {
        return Ok(None);
    }
    let last = round_last(conn, duty.as_str())?;
    let allowed = service.watch.settings.silent_after.as_micros();
    let allowed = Span::micros(i64::try_from(allowed).unwrap_or(i64::MAX));
    if last.is_some_and(|at| now.since(at) < allowed) {
        return Ok(None);
    }
    let detail = last.map_or_else(|| "never".to_owned(), |at| format!("last at {at}"));
    Ok(Some(Finding { kind: AlarmKind::DutySilent, subject: duty.as_str().to_owned(), detail }))
}
