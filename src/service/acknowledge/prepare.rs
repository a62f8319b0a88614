//! A posted signing form, made ready for the writer: checked, told as an event, and signed as a
//! receipt. Nothing here changes anything; most refusals end here.

use std::sync::Arc;

use super::{Acknowledged, Grounds, Signature};
use crate::adapters::random;
use crate::adapters::secrets::links::{CheckFault, CheckForm};
use crate::domain::acknowledgement::{Situation, Verdict, decide_acknowledge};
use crate::domain::call_task::TaskKind;
use crate::domain::evidence::{EventKind, SealedEvent};
use crate::domain::ids::{DeliveryId, ReceiptId, TaskId};
use crate::domain::receipt::{Grade, Mode};
use crate::domain::stated_person::{PersonFaults, StatedPerson};
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::service::issue::lane_of;
use crate::service::note::event_of_visit;
use crate::service::offer::{Offer, offer_in_force};
use crate::service::receipt_body::Signed;
use crate::service::visit::{VISIT_LASTS, Visiting};
use crate::service::{Service, ServiceError};
use crate::store::call_tasks::NewTask;
use crate::store::deliveries::DeliveryBrief;
use crate::store::receipts::{Receipt, receipt_list_of};

/// Characters in a stated authority.
const AUTHORITY_CHARS_MAX: usize = 120;

/// The 校验码 of one drawing of the page.
#[derive(Debug, Clone)]
pub struct SigningCode {
    /// What the form carries; opaque to the browser.
    pub token: String,
    /// The digits to copy.
    pub digits: String,
}

/// A new 校验码 for a page that shows `version` of a delivery. Nothing is stored for it.
///
/// # Errors
/// There is no randomness.
pub fn fresh_code(
    service: &Service,
    delivery: DeliveryId,
    version: i32,
    now: Timestamp,
) -> Result<SigningCode, ServiceError> {
    let form = CheckForm {
        delivery,
        version: u32::try_from(version).unwrap_or(0),
        nonce: CheckForm::nonce(now, random::bytes(service.random.as_ref())?),
        expires: now.plus(VISIT_LASTS),
    };
    Ok(SigningCode {
        token: service.keys.check_token(&form),
        digits: service.keys.check_code(&form),
    })
}

/// The signing form as typed.
#[derive(Clone, Default)]
pub struct SignRequest {
    /// 姓名.
    pub name: String,
    /// 职务.
    pub post: String,
    /// 电话.
    pub phone: String,
    /// 代收 was chosen.
    pub on_behalf: bool,
    /// By whose authority, for 代收.
    pub authority: String,
    /// The digits.
    pub code: String,
    /// What the form carried.
    pub code_token: String,
}

impl SignRequest {
    fn mode(&self) -> Mode {
        if self.on_behalf { Mode::OnBehalf } else { Mode::OwnOrganization }
    }

    /// The receipt that a repeated or later signing is answered with: this person's own, if it
    /// stands beside, else the one that answered.
    fn answer_among(&self, standing: Vec<Receipt>) -> Option<Receipt> {
        let person = StatedPerson::check(&self.name, &self.post, &self.phone).ok();
        let (beside, answered): (Vec<_>, Vec<_>) =
            standing.into_iter().partition(|receipt| receipt.beside);
        let own = beside.into_iter().find(|receipt| Some(&receipt.signer) == person.as_ref());
        own.or_else(|| answered.into_iter().next())
    }
}

/// What is wrong with a signing form, each in the words of a page; `None` is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignFaults {
    /// Who signs.
    pub person: PersonFaults,
    /// By whose authority.
    pub authority: Option<String>,
    /// The digits.
    pub code: Option<String>,
}

/// What a posted signing form comes to before the writer is asked.
pub enum Preparation {
    /// Ready to be decided.
    Ready(Box<Signature>),
    /// Decided already: signed before, superseded or withdrawn.
    Settled(Acknowledged),
    /// To be corrected.
    Mistaken(SignFaults),
}

/// Whether [`prepare`] will answer from memory, without waiting for the database: nobody had
/// signed yet as far as the visit tells, and the version offered was read before.
#[must_use]
pub fn is_at_hand(service: &Service, visiting: &Visiting) -> bool {
    visiting.found.facts.acknowledged_at.is_none()
        && service.offers.get(visiting.notice, visiting.version).is_some()
}

/// Checks a posted signing form and makes event and receipt, on the delivery as it stood when the
/// link was proved; the writer decides again on how it stands then.
///
/// # Errors
/// The store's own, or the receipt could not be signed.
pub fn prepare(
    service: &Service,
    visiting: &Visiting,
    request: &SignRequest,
) -> Result<Preparation, ServiceError> {
    let now = service.now();
    let delivery = visiting.found.as_ref();
    let standing = match delivery.facts.acknowledged_at {
        Some(_) => service.store.read(|conn| receipt_list_of(conn, &[delivery.id]))?,
        None => Vec::new(),
    };
    let verdict = decide_acknowledge(Situation {
        facts: &delivery.facts,
        notice: visiting.notice_state,
        current: visiting.version,
        shown: visiting.version,
        form_is_spent: false,
        mode: request.mode(),
        beside_is_taken: standing.iter().any(|receipt| receipt.beside),
    });
    if verdict == Verdict::AlreadySigned
        && let Some(receipt) = request.answer_among(standing)
    {
        return Ok(Preparation::Settled(Acknowledged::AlreadySigned(Arc::new(receipt))));
    }
    if let Verdict::Withdrawn(state) = verdict {
        return Ok(Preparation::Settled(Acknowledged::Withdrawn(state)));
    }
    let form = match read_form(service, visiting, request, now) {
        Ok(form) => form,
        Err(early) => return Ok(early),
    };
    let (person, authority) = match check_fields(service, request, &form) {
        Ok(checked) => checked,
        Err(faults) => return Ok(Preparation::Mistaken(faults)),
    };
    let offer = offer_in_force(service, visiting.notice, visiting.version)?;
    if offer.version != visiting.version {
        let (shown, current) = (visiting.version, offer.version);
        return Ok(Preparation::Settled(Acknowledged::Superseded { shown, current }));
    }
    let beside = verdict == Verdict::StandBeside;
    let form_nonce = form.nonce;
    let act = Act { service, visiting, delivery, offer: &offer, now, form_nonce, beside };
    let (event, receipt) = act.told(person, authority)?;
    let confirm = (!beside && receipt.grade.falls_short_of(offer.urgency))
        .then(|| act.confirming_call())
        .transpose()?;
    Ok(Preparation::Ready(Box::new(Signature {
        notice: visiting.notice,
        shown: visiting.version,
        event,
        receipt: Arc::new(receipt),
        grounds: Grounds {
            link: visiting.link,
            generation: visiting.generation,
            address: visiting.address,
            address_is_verified: visiting.address_is_verified,
            deadline: delivery.facts.deadline,
        },
        confirm,
    })))
}

fn read_form(
    service: &Service,
    visiting: &Visiting,
    request: &SignRequest,
    now: Timestamp,
) -> Result<CheckForm, Preparation> {
    let version = u32::try_from(visiting.version).unwrap_or(0);
    let read = service.keys.read_check_token(&request.code_token, visiting.delivery, version, now);
    read.map_err(|fault| match fault {
        CheckFault::OtherVersion { shown } => {
            let shown = i32::try_from(shown).unwrap_or(0);
            let current = visiting.version;
            Preparation::Settled(Acknowledged::Superseded { shown, current })
        }
        CheckFault::Expired | CheckFault::Forged => {
            let code = Some("这一页放得太久，校验码已失效。已换新码，请再填一次".to_owned());
            Preparation::Mistaken(SignFaults { code, ..SignFaults::default() })
        }
    })
}

fn check_fields(
    service: &Service,
    request: &SignRequest,
    form: &CheckForm,
) -> Result<(StatedPerson, Option<String>), SignFaults> {
    let person = StatedPerson::check(&request.name, &request.post, &request.phone);
    let authority =
        request.on_behalf.then(|| match clean_line(&request.authority, AUTHORITY_CHARS_MAX) {
            Ok(text) if text.is_empty() => Err("代收请写明受谁委托".to_owned()),
            Ok(text) => Ok(text),
            Err(fault) => Err(fault.message_zh()),
        });
    let typed = request.code.trim();
    let code = if service.keys.check_code_matches(form, typed) {
        None
    } else if typed.is_empty() {
        Some("没有填校验码，请照页面上的四个数字填写".to_owned())
    } else {
        Some(format!("填的是“{typed}”，与当时页面上的不同。已换新码，请再填一次"))
    };
    match (person, authority.transpose(), code) {
        (Ok(person), Ok(authority), None) => Ok((person, authority)),
        (person, authority, code) => Err(SignFaults {
            person: person.err().unwrap_or_default(),
            authority: authority.err(),
            code,
        }),
    }
}

/// A signature about to be told.
struct Act<'a> {
    service: &'a Service,
    visiting: &'a Visiting,
    delivery: &'a DeliveryBrief,
    offer: &'a Offer,
    now: Timestamp,
    form_nonce: [u8; 16],
    /// Another receipt answered; this one will stand beside it.
    beside: bool,
}

impl Act<'_> {
    /// The event and the receipt that binds its leaf hash.
    fn told(
        &self,
        person: StatedPerson,
        authority: Option<String>,
    ) -> Result<(SealedEvent, Receipt), ServiceError> {
        let Self { service, visiting, delivery, offer, now, form_nonce, beside } = *self;
        let mode = if authority.is_some() { Mode::OnBehalf } else { Mode::OwnOrganization };
        let signed = Signed {
            id: ReceiptId::new(now, service.entropy()?),
            offer,
            delivery,
            person,
            mode,
            authority,
            grade: Grade::of_link(visiting.address_is_verified),
            channel: &visiting.channel,
            beside,
            form_nonce: Some(form_nonce),
            now,
        };
        let sealed = self.event(&signed)?;
        let receipt = signed.receipt(service, &sealed)?;
        Ok((sealed, receipt))
    }

    /// The call that is owed because the grade is below what the level asks for.
    fn confirming_call(&self) -> Result<NewTask, ServiceError> {
        Ok(NewTask {
            id: TaskId::new(self.now, self.service.entropy()?),
            issuer_id: self.offer.issuer,
            notice_id: self.offer.notice,
            delivery_id: self.delivery.id,
            kind: TaskKind::ConfirmGrade,
            reason: "below_wanted_grade".to_owned(),
            lane: lane_of(self.offer.urgency),
            due_at: self.now,
        })
    }

    fn event(&self, signed: &Signed<'_>) -> Result<SealedEvent, ServiceError> {
        let Self { service, visiting, delivery, offer, now, beside, .. } = *self;
        let kind = if beside { EventKind::SignedBeside } else { EventKind::Acknowledged };
        let mut event = event_of_visit(service, visiting, kind, now)?
            .organization(delivery.organization_id)
            .address(visiting.address)
            .receipt(signed.id)
            .fact("mode", signed.mode.as_str())
            .fact("grade", signed.grade.as_str())
            .fact("below_wanted_grade", signed.grade.falls_short_of(offer.urgency))
            .fact("late", signed.is_late())
            .fact("verifies_address", !visiting.address_is_verified);
        if let Some(issued) = offer.digest {
            event = event.digest("issued", issued);
        }
        event = event.digest("files", offer.files_digest());
        let person = &signed.person;
        let mut personal = vec![
            ("signer_name", person.name.as_str()),
            ("signer_post", person.post.as_str()),
            ("signer_phone", person.phone.as_str()),
        ];
        personal.extend(signed.authority.as_deref().map(|text| ("authority", text)));
        let event = service.with_personal(event, &personal)?;
        event.seal().map_err(|error| ServiceError::Internal(error.to_string()))
    }
}
