//! The duty of senders, and of the one who keeps their leases.

use std::time::Duration;

use super::runner::Turn;
use crate::service::Service;
use crate::service::deliver::{self, Dispatch, Sender, Share};
use crate::service::watch::{Duty, round_finished};

/// One more sender. It goes on at once as long as there is something to take.
pub(super) fn sender(
    service: &Service,
    dispatch: &Dispatch,
    name: &str,
    share: Share,
) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let mut sender = Sender::open(&service, dispatch, name, share);
    move || {
        let ticket = service.watch.ticket();
        match deliver::tick(&service, &mut sender) {
            Ok(done) => {
                round_finished(&service, Duty::Deliver, ticket);
                if done.taken > done.handed_back { Turn::Again } else { Turn::Rest }
            }
            Err(error) => {
                tracing::error!(%error, "sending is interrupted");
                Turn::Rest
            }
        }
    }
}

/// Keeps leases.
pub(super) fn keeper(
    service: &Service,
    dispatch: &Dispatch,
) -> (Duration, impl FnMut() -> Turn + Send + 'static) {
    let (service, dispatch) = (service.clone(), dispatch.clone());
    let every = deliver::keep_every(&service);
    let keep = move || {
        if let Err(error) = deliver::keep_leases(&service, &dispatch) {
            tracing::error!(%error, "leases are not kept");
        }
        Turn::Rest
    };
    (every, keep)
}
