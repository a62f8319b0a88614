//! 签收: the one act this product exists for. Everything that can be computed is computed
//! before the writer is asked (fields, code, event, signed receipt), mostly from what the page
//! showed, without reading anything; what depends on the moment of the commit is decided inside
//! it, for a whole slice of signatures at once.
//!
//! First valid signature counts; whoever comes later gets the same receipt. After 电话确认 or 代收 a
//! stronger one by link stands beside it once, and changes nothing about it. A late signature,
//! one below the wanted grade, or one after an unaccepted 退文 is accepted and marked. A refusal
//! leaves nothing behind.

mod prepare;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use prepare::{
    Preparation, SignFaults, SignRequest, SigningCode, fresh_code, is_at_hand, prepare,
};

use super::Service;
use crate::domain::acknowledgement::{Situation, Verdict, decide_acknowledge};
use crate::domain::address::AddressStatus;
use crate::domain::delivery::DeliveryFacts;
use crate::domain::evidence::SealedEvent;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::store::answers::answer_settle;
use crate::store::call_tasks::{NewTask, task_raise_all};
use crate::store::deliveries::delivery_lock_facts;
use crate::store::events::event_append_sealed;
use crate::store::links::{
    LinkStanding, link_hold_addresses, link_standings, link_verify_addresses,
};
use crate::store::notices::notice_hold;
use crate::store::receipts::{Receipt, receipt_insert_all, receipt_list_of};
use crate::store::tallies::TallyChanges;
use crate::store::{Answer, SliceAct, StoreError, Tx};

/// Why messages and calls that were still owed are owed no more.
const ANSWERED: &str = "acknowledged";

/// A signature that is ready to be decided.
pub struct Signature {
    notice: NoticeId,
    shown: i32,
    event: SealedEvent,
    receipt: Arc<Receipt>,
    grounds: Grounds,
    /// The call that is owed if it counts, because its grade is below what the level asks for.
    confirm: Option<NewTask>,
}

/// What a signature was prepared on, and stands or falls with.
struct Grounds {
    link: LinkId,
    generation: i32,
    address: AddressId,
    /// Whether somebody had shown that the address works: it makes the grade.
    address_is_verified: bool,
    /// It tells whether the signature is late.
    deadline: Option<Timestamp>,
}

/// What became of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// It counts.
    Signed(Arc<Receipt>),
    /// An earlier one counts.
    AlreadySigned(Arc<Receipt>),
    /// The page showed a version that is not in force any more.
    Superseded {
        /// What the page showed.
        shown: i32,
        /// What is in force.
        current: i32,
    },
    /// The notice was taken back.
    Withdrawn(NoticeState),
    /// What it was prepared on has changed: the link, what is known of its address, the deadline,
    /// or somebody answered in a weaker way. Nothing was written; prepare it anew.
    Outdated,
}

/// Puts a prepared signature in line; the answer comes after the durable commit.
#[must_use]
pub fn acknowledge(service: &Service, signature: Signature) -> Answer<Acknowledged> {
    service.lanes.acknowledge.submit(signature)
}

/// Decides and writes signatures.
pub struct AcknowledgeAct;

impl SliceAct for AcknowledgeAct {
    type Item = Signature;
    type Answer = Acknowledged;
    const NAME: &'static str = "acknowledge";
    const KEEPS_ORDER: bool = true;

    fn run(&self, tx: &mut Tx, items: &[Signature]) -> Result<Vec<Acknowledged>, StoreError> {
        let mut slice = Slice::read(tx, items)?;
        let mut answers = Vec::with_capacity(items.len());
        let (mut signed, mut beside) = (Vec::new(), Vec::new());
        for item in items {
            if !slice.link_opens(item) {
                answers.push(Acknowledged::Outdated);
                continue;
            }
            let verdict = slice.decide(item)?;
            match verdict {
                Verdict::Sign | Verdict::StandBeside if !slice.has_grounds(item, verdict) => {
                    answers.push(Acknowledged::Outdated);
                }
                Verdict::Sign => {
                    slice.sign(item);
                    signed.push(item);
                    answers.push(Acknowledged::Signed(Arc::clone(&item.receipt)));
                }
                Verdict::StandBeside => {
                    slice.stand_beside(item);
                    beside.push(item);
                    answers.push(Acknowledged::Signed(Arc::clone(&item.receipt)));
                }
                _ => answers.push(slice.refuse(item, verdict)?),
            }
        }
        write_receipts(tx, &[signed.as_slice(), &beside].concat())?;
        if !signed.is_empty() {
            write_answers(tx, &signed)?;
        }
        slice.tallies.write(tx)?;
        Ok(answers)
    }
}

/// The rows a slice of signatures is decided on, as they stand while it is decided.
struct Slice {
    standings: BTreeMap<NoticeId, (NoticeState, i32)>,
    links: BTreeMap<LinkId, LinkStanding>,
    /// Addresses that a signature of this slice has shown to work.
    verified: BTreeSet<AddressId>,
    deliveries: BTreeMap<DeliveryId, DeliveryFacts>,
    receipts: BTreeMap<DeliveryId, Arc<Receipt>>,
    /// Those that came later and stand beside.
    beside: BTreeMap<DeliveryId, Arc<Receipt>>,
    tallies: TallyChanges,
}

impl Slice {
    /// Holds notices, then deliveries: every write that takes both takes them in this order.
    fn read(tx: &mut Tx, items: &[Signature]) -> Result<Self, StoreError> {
        let notices: Vec<NoticeId> = items.iter().map(|item| item.notice).collect();
        let standings = notice_hold(tx, &notices)?
            .into_iter()
            .map(|(id, state, version)| (id, (state, version)))
            .collect();
        let ids: Vec<DeliveryId> = items.iter().map(|item| item.receipt.delivery_id).collect();
        let locked = delivery_lock_facts(tx, &ids)?;
        // Only now: a link may have been revoked, an address verified, while rows were waited for.
        link_hold_addresses(tx, &unverified(items))?;
        let links: Vec<LinkId> = items.iter().map(|item| item.grounds.link).collect();
        let links = link_standings(tx, &links)?;
        let signed: Vec<DeliveryId> = locked
            .iter()
            .filter(|(_, facts)| facts.acknowledged_at.is_some())
            .map(|(id, _)| *id)
            .collect();
        let (beside, receipts): (Vec<_>, Vec<_>) = receipt_list_of(tx, &signed)?
            .into_iter()
            .map(|receipt| (receipt.delivery_id, Arc::new(receipt)))
            .partition(|(_, receipt)| receipt.beside);
        Ok(Self {
            standings,
            links,
            verified: BTreeSet::new(),
            deliveries: locked.into_iter().collect(),
            receipts: receipts.into_iter().collect(),
            beside: beside.into_iter().collect(),
            tallies: TallyChanges::default(),
        })
    }

    /// Whether the link still opens the delivery.
    fn link_opens(&self, item: &Signature) -> bool {
        let Grounds { link, generation, .. } = item.grounds;
        let standing = self.links.get(&link);
        standing.is_some_and(|now| now.opens() && now.generation == generation)
    }

    /// Whether what a signature says about itself is still so, now that it would count.
    fn has_grounds(&self, item: &Signature, verdict: Verdict) -> bool {
        let Grounds { link, address, address_is_verified, deadline, .. } = item.grounds;
        let status = self.links.get(&link).map(|now| now.address_status);
        let is_verified =
            status == Some(AddressStatus::Verified) || self.verified.contains(&address);
        let facts = self.deliveries.get(&item.receipt.delivery_id);
        is_verified == address_is_verified
            && facts.is_some_and(|facts| facts.deadline == deadline)
            && item.receipt.beside == (verdict == Verdict::StandBeside)
    }

    fn decide(&self, item: &Signature) -> Result<Verdict, StoreError> {
        let id = item.receipt.delivery_id;
        let facts = self.deliveries.get(&id).ok_or(StoreError::NotFound)?;
        let standing = self.standings.get(&item.notice).ok_or(StoreError::NotFound)?;
        let (notice, current) = *standing;
        Ok(decide_acknowledge(Situation {
            facts,
            notice,
            current,
            shown: item.shown,
            form_is_spent: self.has_signed(item),
            mode: item.receipt.mode,
            beside_is_taken: self.beside.contains_key(&id),
        }))
    }

    /// Whether the form of this signature has given a receipt before.
    fn has_signed(&self, item: &Signature) -> bool {
        let id = item.receipt.delivery_id;
        let given = [self.receipts.get(&id), self.beside.get(&id)];
        given.into_iter().flatten().any(|known| known.form_nonce == item.receipt.form_nonce)
    }

    /// Notes a signature, so that the next one of this slice is decided on it.
    fn sign(&mut self, item: &Signature) {
        let id = item.receipt.delivery_id;
        self.verified.insert(item.grounds.address);
        if let Some(facts) = self.deliveries.get_mut(&id) {
            let before = *facts;
            facts.acknowledged_at = Some(item.receipt.acknowledged_at);
            facts.receipt_mode = Some(item.receipt.mode);
            self.tallies.note(item.notice, &before, facts, Timestamp::default());
        }
        self.receipts.insert(id, Arc::clone(&item.receipt));
    }

    /// Notes a signature that stands beside the receipt that answered.
    fn stand_beside(&mut self, item: &Signature) {
        self.verified.insert(item.grounds.address);
        self.beside.insert(item.receipt.delivery_id, Arc::clone(&item.receipt));
    }

    fn refuse(&self, item: &Signature, verdict: Verdict) -> Result<Acknowledged, StoreError> {
        let id = item.receipt.delivery_id;
        Ok(match verdict {
            Verdict::Superseded { current } => {
                Acknowledged::Superseded { shown: item.shown, current }
            }
            Verdict::Withdrawn(state) => Acknowledged::Withdrawn(state),
            Verdict::Sign | Verdict::StandBeside | Verdict::AlreadySigned => {
                let by_the_same =
                    self.beside.get(&id).filter(|known| known.signer == item.receipt.signer);
                let receipt = by_the_same.or_else(|| self.receipts.get(&id)).ok_or_else(|| {
                    StoreError::Inconsistent {
                        table: "deliveries",
                        id: id.to_string(),
                        what: "acknowledged without a receipt".into(),
                    }
                })?;
                Acknowledged::AlreadySigned(Arc::clone(receipt))
            }
        })
    }
}

/// Writes what every signature leaves, one statement per table.
fn write_receipts(tx: &mut Tx, signed: &[&Signature]) -> Result<(), StoreError> {
    let receipts: Vec<&Receipt> = signed.iter().map(|item| item.receipt.as_ref()).collect();
    let events: Vec<&SealedEvent> = signed.iter().map(|item| &item.event).collect();
    let unverified = unverified(signed.iter().copied());
    receipt_insert_all(tx, &receipts)?;
    event_append_sealed(tx, &events)?;
    if !unverified.is_empty() {
        link_verify_addresses(tx, &unverified, latest(signed))?;
    }
    Ok(())
}

/// Writes what a signature that answers ends besides.
fn write_answers(tx: &mut Tx, signed: &[&Signature]) -> Result<(), StoreError> {
    let receipts: Vec<&Receipt> = signed.iter().map(|item| item.receipt.as_ref()).collect();
    answer_settle(tx, &receipts, ANSWERED, latest(signed))?;
    let calls: Vec<NewTask> = signed.iter().filter_map(|item| item.confirm.clone()).collect();
    if !calls.is_empty() {
        task_raise_all(tx, &calls, latest(signed))?;
    }
    Ok(())
}

/// The addresses of which these would show that they work.
fn unverified<'s>(signatures: impl IntoIterator<Item = &'s Signature>) -> Vec<AddressId> {
    signatures
        .into_iter()
        .map(|item| &item.grounds)
        .filter(|grounds| !grounds.address_is_verified)
        .map(|grounds| grounds.address)
        .collect()
}

fn latest(signed: &[&Signature]) -> Timestamp {
    signed.iter().map(|item| item.receipt.acknowledged_at).max().unwrap_or_default()
}
