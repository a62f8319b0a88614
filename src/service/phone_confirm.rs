//! 电话确认 and staff-recorded 代收: a receipt of the weakest grade, signed like every other, that
//! stops the clock and the ladder. It is never upgraded; a later signature stands beside it.

use super::call::Checked;
use super::offer::offer_in_force;
use super::receipt_body::Signed;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::evidence::{Actor, Event, EventKind, SealedEvent};
use crate::domain::ids::{EventId, NoticeId, ReceiptId};
use crate::domain::receipt::{Grade, Mode};
use crate::domain::stated_person::StatedPerson;
use crate::domain::time::Timestamp;
use crate::store::answers::answer_settle;
use crate::store::deliveries::Delivery;
use crate::store::events::event_append_sealed;
use crate::store::receipts::{Receipt, receipt_insert_all};
use crate::store::tallies::TallyChanges;
use crate::store::{StoreError, Tx};

/// Why messages and calls that were still owed are owed no more.
const CONFIRMED: &str = "confirmed_by_phone";
/// The way such a receipt came.
const CHANNEL: &str = "phone";

/// A confirmation that is ready to be written.
pub(super) struct Confirmation {
    event: SealedEvent,
    receipt: Receipt,
}

/// Makes event and receipt for one delivery.
pub(super) fn confirm(
    service: &Service,
    account: &Account,
    delivery: &Delivery,
    checked: &Checked,
    number_differs: bool,
    now: Timestamp,
) -> Result<Confirmation, ServiceError> {
    let offer = offer_in_force(service, delivery.notice_id, delivery.version)?;
    let authority = checked.authority.clone();
    let brief = delivery.brief();
    let signed = Signed {
        id: ReceiptId::new(now, service.entropy()?),
        offer: &offer,
        delivery: &brief,
        person: StatedPerson {
            name: checked.name.clone().unwrap_or_default(),
            post: checked.post.clone().unwrap_or_default(),
            phone: checked.number.as_ref().map(ToString::to_string).unwrap_or_default(),
        },
        mode: if authority.is_some() { Mode::OnBehalf } else { Mode::Phone },
        authority,
        grade: Grade::Phone,
        channel: CHANNEL,
        beside: false,
        form_nonce: None,
        now,
    };
    let event_id = EventId::new(now, service.entropy()?);
    let mut event = Event::new(event_id, EventKind::Acknowledged, now, Actor::Account(account.id))
        .notice(delivery.notice_id, offer.version_number())
        .delivery(delivery.id)
        .organization(delivery.organization_id)
        .receipt(signed.id)
        .fact("mode", signed.mode.as_str())
        .fact("grade", signed.grade.as_str())
        .fact("channel", CHANNEL)
        .fact("late", signed.is_late())
        .fact("number_differs", number_differs)
        .fact("read_back", checked.read_back)
        .digest("files", offer.files_digest());
    if let Some(issued) = offer.digest {
        event = event.digest("issued", issued);
    }
    let person = &signed.person;
    let personal = [
        ("signer_name", Some(person.name.as_str())),
        ("signer_post", Some(person.post.as_str())),
        ("signer_phone", Some(person.phone.as_str())),
        ("authority", signed.authority.as_deref()),
        ("note", checked.note.as_deref()),
    ];
    let personal: Vec<(&'static str, &str)> =
        personal.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let event = service.with_personal(event, &personal)?;
    let event = event.seal().map_err(|error| ServiceError::Internal(error.to_string()))?;
    let receipt = signed.receipt(service, &event)?;
    Ok(Confirmation { event, receipt })
}

impl Confirmation {
    /// The event that tells of it.
    pub(super) const fn event_id(&self) -> EventId {
        self.receipt.event_id
    }

    /// Writes what follows from confirmations of deliveries that the transaction holds and that
    /// nobody has signed for.
    pub(super) fn write_all(
        tx: &mut Tx,
        confirmed: &[(&Self, &Delivery)],
        notice: NoticeId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if confirmed.is_empty() {
            return Ok(());
        }
        let receipts: Vec<&Receipt> = confirmed.iter().map(|(one, _)| &one.receipt).collect();
        let events: Vec<&SealedEvent> = confirmed.iter().map(|(one, _)| &one.event).collect();
        receipt_insert_all(tx, &receipts)?;
        event_append_sealed(tx, &events)?;
        answer_settle(tx, &receipts, CONFIRMED, now)?;
        let mut tallies = TallyChanges::default();
        for (one, delivery) in confirmed {
            let mut after = delivery.facts;
            after.acknowledged_at = Some(one.receipt.acknowledged_at);
            after.receipt_mode = Some(one.receipt.mode);
            tallies.note(notice, &delivery.facts, &after, Timestamp::default());
        }
        tallies.write(tx)
    }
}
