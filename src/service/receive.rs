//! What a recipient's page shows. Reading it changes nothing.

use std::sync::Arc;

use super::acknowledge::{SigningCode, fresh_code};
use super::offer::{Offer, offer_in_force};
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::ids::EventId;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::store::corrections::{Corrects, Successor, corrects_find, successor_find};
use crate::store::deliveries::{Delivery, delivery_find};
use crate::store::ends::{EndLine, end_find};
use crate::store::notices::notice_standing;
use crate::store::receipts::{Receipt, receipt_list_of};
use crate::store::returns::{Return, ReturnKind, return_list_of_delivery};
use crate::store::viewings::{Viewing, viewing_list_of_delivery};

/// A delivery as its recipient sees it.
pub struct Receiving {
    /// When it was looked at.
    pub now: Timestamp,
    /// The delivery and its facts.
    pub delivery: Delivery,
    /// Where the notice stands.
    pub notice_state: NoticeState,
    /// The version in force.
    pub offer: Arc<Offer>,
    /// The receipt, once it is signed.
    pub receipt: Option<Receipt>,
    /// A signature by link that stands beside a receipt of a weaker way.
    pub beside: Option<Receipt>,
    /// Every 退文 and 请求重发, oldest first.
    pub returns: Vec<Return>,
    /// Who registered after the signature, oldest first.
    pub viewings: Vec<Viewing>,
    /// How the notice ended, if it did.
    pub ended: Option<EndLine>,
    /// What stands in its place after a 更正.
    pub successor: Option<Successor>,
    /// What it stands in the place of itself.
    pub corrects: Option<Corrects>,
    /// A 校验码 of its own for this drawing.
    pub code: SigningCode,
    /// What the form keeps of what the page shows; empty where a signature would not be the first.
    pub shown: String,
}

impl Receiving {
    /// Which act took the notice back, if one did.
    #[must_use]
    pub fn withdrawn(&self) -> Option<NoticeState> {
        match self.notice_state {
            state if state.is_taken_back() => Some(state),
            _ if self.delivery.facts.recalled_at.is_some() => Some(NoticeState::Recalled),
            _ => None,
        }
    }

    /// The last 退文.
    #[must_use]
    pub fn returned(&self) -> Option<&Return> {
        self.returns.iter().rfind(|one| matches!(one.kind, ReturnKind::Return(_)))
    }

    /// The 退文 that waits for the issuer's answer.
    #[must_use]
    pub fn returned_open(&self) -> Option<&Return> {
        self.returned().filter(|one| one.answer.is_none())
    }

    /// The last 请求重发.
    #[must_use]
    pub fn asked(&self) -> Option<&Return> {
        self.returns.iter().rfind(|one| matches!(one.kind, ReturnKind::AskAgain(_)))
    }

    /// The registered viewing that `event` tells of.
    #[must_use]
    pub fn viewing(&self, event: EventId) -> Option<&Viewing> {
        self.viewings.iter().find(|viewing| viewing.event_id == event)
    }

    /// Whether the receipt has a grade below what the level asks.
    #[must_use]
    pub fn is_below_wanted_grade(&self) -> bool {
        let level = self.offer.urgency;
        self.receipt.as_ref().is_some_and(|receipt| receipt.grade.falls_short_of(level))
    }
}

/// Reads a delivery for its recipient.
///
/// # Errors
/// [`ServiceError::NotFound`] if it is not there, else the store's own.
pub fn receive(service: &Service, visiting: &Visiting) -> Result<Receiving, ServiceError> {
    let now = service.now();
    let found = service.store.read(|conn| {
        let Some(delivery) = delivery_find(conn, visiting.delivery)? else { return Ok(None) };
        let standing = notice_standing(conn, delivery.notice_id)?;
        let returns = return_list_of_delivery(conn, delivery.id)?;
        let (receipts, viewings) = match delivery.facts.acknowledged_at {
            Some(_) => (
                receipt_list_of(conn, &[delivery.id])?,
                viewing_list_of_delivery(conn, delivery.id)?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        let ends = match standing {
            Some((NoticeState::Issued, 1)) => (None, None, None),
            Some(_) => (
                end_find(conn, delivery.notice_id)?,
                successor_find(conn, delivery.notice_id, delivery.organization_id)?,
                corrects_find(conn, delivery.notice_id)?,
            ),
            None => return Ok(None),
        };
        Ok::<_, ServiceError>(standing.map(|at| (delivery, at, returns, receipts, viewings, ends)))
    })?;
    let (delivery, (notice_state, version), returns, receipts, viewings, ends) =
        found.ok_or(ServiceError::NotFound)?;
    let (beside, answered): (Vec<Receipt>, Vec<Receipt>) =
        receipts.into_iter().partition(|receipt| receipt.beside);
    let receipt = answered.into_iter().next();
    let (ended, successor, corrects) = ends;
    let offer = offer_in_force(service, delivery.notice_id, version)?;
    let code = fresh_code(service, delivery.id, offer.version, now)?;
    let shown = match receipt {
        None => visiting.shown_token(service, &delivery, offer.version),
        Some(_) => String::new(),
    };
    Ok(Receiving {
        now,
        delivery,
        notice_state,
        offer,
        receipt,
        beside: beside.into_iter().next(),
        returns,
        viewings,
        ended,
        successor,
        corrects,
        code,
        shown,
    })
}
