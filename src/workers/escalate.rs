//! The duty of the engine: fires what is due, and sleeps until the next rung is.

use std::time::Duration;

use super::runner::Turn;
use crate::service::delegate;
use crate::service::escalate::{self, Fired};
use crate::service::watch::{Duty, round_finished};
use crate::service::{Service, ServiceError};

/// One turn. An error costs no rung: it stays due, and the next turn finds it.
pub(super) fn engine(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    move || match round(&service) {
        Ok(fired) if fired.more => Turn::Again,
        // What cannot go on is still due; to look at it without a pause helps nobody.
        Ok(fired) if fired.stuck > 0 => Turn::Rest,
        Ok(_) => match escalate::until_next(&service) {
            Ok(Some(span)) => {
                // Never less than a breath: a rung that is held elsewhere stays due.
                let micros = u64::try_from(span.as_micros()).unwrap_or(0).max(20_000);
                Turn::RestFor(Duration::from_micros(micros))
            }
            Ok(None) => Turn::Rest,
            Err(error) => {
                tracing::error!(%error, "nobody knows when the next rung is due");
                Turn::Rest
            }
        },
        Err(error) => {
            tracing::error!(%error, "the engine is interrupted; what is due stays due");
            Turn::Rest
        }
    }
}

fn round(service: &Service) -> Result<Fired, ServiceError> {
    let ticket = service.watch.ticket();
    let fired = escalate::tick(service)?;
    // Handing calls back is no reason to call the engine silent: it is tried again next turn.
    if let Err(error) = delegate::return_overdue(service) {
        tracing::error!(%error, "calls of a desk are not handed back yet");
    }
    round_finished(service, Duty::Escalate, ticket);
    Ok(fired)
}
