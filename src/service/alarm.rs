//! Raises and clears alarms inside a use-case's own write, each change with its one event.
//! Never here: whether something is wrong, and whom to tell.

use crate::domain::alarm::{AlarmKind, NewAlarm};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AlarmId, EventId};
use crate::domain::time::Timestamp;
use crate::service::{Service, ServiceError};
use crate::store::alarms::{alarm_clear, alarm_raise};
use crate::store::events::event_append;
use crate::store::{StoreError, Tx};

/// An alarm with the id of the event that tells of it, made before the write begins.
#[derive(Debug, Clone)]
pub struct Sounding {
    alarm: NewAlarm,
    event_id: EventId,
}

impl Service {
    /// Prepares an alarm; `subject` and `detail` name nobody and carry no title.
    ///
    /// # Errors
    /// No randomness.
    pub fn sounding(
        &self,
        kind: AlarmKind,
        subject: impl Into<String>,
        detail: impl Into<String>,
        now: Timestamp,
    ) -> Result<Sounding, ServiceError> {
        Ok(Sounding {
            alarm: NewAlarm {
                id: AlarmId::new(now, self.entropy()?),
                kind,
                subject: subject.into(),
                detail: detail.into(),
            },
            event_id: EventId::new(now, self.entropy()?),
        })
    }
}

/// Raises it; tells whether it is new.
///
/// # Errors
/// The store's own.
pub fn sound(
    tx: &mut Tx,
    sounding: &Sounding,
    by: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Sounding { alarm, event_id } = sounding;
    let raised = alarm_raise(tx, alarm, now)?;
    if raised {
        tracing::error!(kind = %alarm.kind, subject = alarm.subject, "{}", alarm.detail);
        let event = Event::new(*event_id, EventKind::AlarmRaised, now, Actor::System(by))
            .fact("alarm", alarm.kind.as_str())
            .fact("subject", alarm.subject.as_str())
            .fact("detail", alarm.detail.as_str());
        event_append(tx, &[event])?;
    }
    Ok(raised)
}

/// Clears the open alarm of that kind and subject, if there is one; tells whether there was.
///
/// # Errors
/// The store's own.
pub fn silence(
    tx: &mut Tx,
    (kind, subject): (AlarmKind, &str),
    event_id: EventId,
    by: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let cleared = alarm_clear(tx, kind, subject, now)?;
    if cleared {
        let event = Event::new(event_id, EventKind::AlarmCleared, now, Actor::System(by))
            .fact("alarm", kind.as_str())
            .fact("subject", subject);
        event_append(tx, &[event])?;
    }
    Ok(cleared)
}
