//! The receipt that every way of signing gives: it binds what was offered, to whom, who signed and
//! how, and the leaf of the event that tells of it; signed by the server's key.
//! Never here: what the event says, and whether the signature counts.

use super::offer::Offer;
use super::{Service, ServiceError};
use crate::adapters::secrets::receipts::sign_receipt;
use crate::domain::evidence::SealedEvent;
use crate::domain::ids::ReceiptId;
use crate::domain::network::Network;
use crate::domain::receipt::{
    Grade, Mode, RECEIPT_AUDIENCE, RECEIPT_VERSION, ReceiptBody, ReceiptOrganization, Signer,
    statement,
};
use crate::domain::receipt_number::ReceiptNumber;
use crate::domain::stated_person::StatedPerson;
use crate::domain::time::Timestamp;
use crate::store::deliveries::DeliveryBrief;
use crate::store::receipts::Receipt;

/// Who signed for what, and how.
pub(super) struct Signed<'a> {
    pub(super) id: ReceiptId,
    pub(super) offer: &'a Offer,
    pub(super) delivery: &'a DeliveryBrief,
    pub(super) person: StatedPerson,
    pub(super) mode: Mode,
    /// By whose authority, for 代收.
    pub(super) authority: Option<String>,
    pub(super) grade: Grade,
    /// The way it came.
    pub(super) channel: &'a str,
    /// Another receipt answered; this one stands beside it.
    pub(super) beside: bool,
    /// Of the form it was signed with, if it came by link.
    pub(super) form_nonce: Option<[u8; 16]>,
    pub(super) now: Timestamp,
}

impl Signed<'_> {
    /// Whether the deadline had passed.
    pub(super) fn is_late(&self) -> bool {
        ReceiptBody::is_late(self.now, self.delivery.facts.deadline)
    }

    /// The receipt over the event that was sealed for it.
    pub(super) fn receipt(
        self,
        service: &Service,
        sealed: &SealedEvent,
    ) -> Result<Receipt, ServiceError> {
        let late = self.is_late();
        let Self {
            id,
            offer,
            delivery,
            person,
            mode,
            authority,
            grade,
            channel,
            beside,
            form_nonce,
            now,
        } = self;
        let event = sealed.event().id;
        let body = ReceiptBody {
            v: RECEIPT_VERSION,
            iss: service.settings.public_url.clone(),
            aud: RECEIPT_AUDIENCE.to_owned(),
            iat: now.as_seconds(),
            receipt: id,
            number: ReceiptNumber::of(id),
            delivery: delivery.id,
            notice: offer.notice,
            version: offer.version_number(),
            document_number: offer.header.document_number.clone(),
            // A receipt is mailed and carried about, so it says as much as a mail may say.
            title: (service.settings.network != Network::Internet)
                .then(|| offer.header.title.clone()),
            text_sha256: offer.text_sha256(),
            files: offer.offered_files(),
            organization: ReceiptOrganization {
                id: delivery.organization_id,
                name: delivery.organization_name.clone(),
            },
            signer: Signer {
                name: person.name.clone(),
                post: person.post.clone(),
                phone: person.phone.clone(),
            },
            mode,
            authority: authority.clone(),
            grade,
            channel: channel.to_owned(),
            statement: statement(offer.attachments()),
            acknowledged_at: now,
            deadline: delivery.facts.deadline,
            late,
            event,
            leaf: sealed.leaf(),
        };
        let jws = sign_receipt(&service.keys, &body)
            .map_err(|fault| ServiceError::Internal(fault.to_string()))?;
        Ok(Receipt {
            id,
            delivery_id: delivery.id,
            beside,
            number: body.number.to_string(),
            mode,
            grade,
            authority,
            signer: person,
            acknowledged_at: now,
            late,
            event_id: event,
            jws,
            form_nonce: form_nonce.map(Vec::from),
        })
    }
}
