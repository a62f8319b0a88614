//! 撤回, 撤销, 废止: the office takes back a notice that is out. One transaction closes the ladders,
//! cancels what is still owed, marks the unsigned deliveries, and owes the word to everybody who
//! was told before. Receipts stay; nothing is deleted.

use std::collections::BTreeSet;

use super::acts::{
    ActForm, ActRefused, EndTold, act_event, done_before, issued_notice, lane_of, reason,
    withdrawals,
};
use super::tell_older::{Knows, tell_older};
use super::{Service, ServiceError, delegate};
use crate::adapters::random;
use crate::domain::account::Account;
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::{DeliveryFacts, DeliveryState};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{AccountId, DelegationId, DeliveryId, NoticeId, TaskId};
use crate::domain::notice::NoticeAct;
use crate::domain::time::Timestamp;
use crate::store::call_tasks::{NewTask, task_close_of, task_raise_all};
use crate::store::deliveries::{Delivery, delivery_list_of_notice, delivery_lock};
use crate::store::ends::{
    NewEnd, delivery_set_recalled, end_find, end_insert, message_cancel_of_notice,
    notice_hold_alone, phoned_list_of_notice, told_list_of_notice, written_list_of_notice,
};
use crate::store::events::event_append;
use crate::store::ladders::ladder_end;
use crate::store::messages::message_insert_all;
use crate::store::notices::{Notice, notice_move};
use crate::store::tallies::TallyChanges;
use crate::store::{StoreError, Tx};

/// 撤回: taken back in transport.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn recall(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
) -> Result<(), ActRefused> {
    take_back(service, account, id, form, NoticeAct::Recall)
}

/// 撤销: void from the beginning.
///
/// # Errors
/// As [`recall`].
pub fn revoke(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
) -> Result<(), ActRefused> {
    take_back(service, account, id, form, NoticeAct::Revoke)
}

/// 废止: void from now on.
///
/// # Errors
/// As [`recall`].
pub fn abolish(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
) -> Result<(), ActRefused> {
    take_back(service, account, id, form, NoticeAct::Abolish)
}

const fn kind_of(act: NoticeAct) -> EventKind {
    match act {
        NoticeAct::Revoke => EventKind::NoticeRevoked,
        NoticeAct::Abolish => EventKind::NoticeAbolished,
        NoticeAct::Supersede => EventKind::NoticeSuperseded,
        NoticeAct::Close => EventKind::NoticeClosed,
        _ => EventKind::NoticeRecalled,
    }
}

fn take_back(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
    act: NoticeAct,
) -> Result<(), ActRefused> {
    let now = service.now();
    let notice = issued_notice(service, account, id)?;
    let ending = Ending::prepare(service, account, notice, act, reason(form)?, now)?;
    let (own, account, form) = (service.clone(), account.clone(), form.clone());
    let subject = format!("{act}:{id}");
    service.store.write("end_notice", move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        let stood = ending.hold(tx)?;
        ending.write(tx)?;
        // Read after the open ones were cancelled: an attempt begun until then counts.
        let told = told_list_of_notice(tx, id)?;
        ending.take_back(tx, &stood)?;
        let words = withdrawals(&own, &ending.notice, &told, &ending.told(), now)?;
        message_insert_all(tx, &words, now)?;
        let written = written_list_of_notice(tx, id)?;
        owe_calls(tx, &own, &ending.notice, act, &written, now)?;
        let knows = Knows::of(tx, &ending.notice, &told, &written)?;
        tell_older(tx, &own, &ending, knows)?;
        Ok::<_, ActRefused>(())
    })?;
    tracing::info!(notice = %id, act = act.as_str(), "a notice was ended");
    service.bell.ring();
    Ok(())
}

/// Whoever was told of the notice by telephone alone, and is not written to, is told of its end by
/// telephone.
pub(super) fn owe_calls(
    tx: &mut Tx,
    service: &Service,
    notice: &Notice,
    act: NoticeAct,
    written: &BTreeSet<DeliveryId>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let mut tasks = Vec::new();
    for delivery_id in phoned_list_of_notice(tx, notice.id)?.difference(written) {
        tasks.push(NewTask {
            id: TaskId::new(now, service.entropy()?),
            issuer_id: notice.issuer_id,
            notice_id: notice.id,
            delivery_id: *delivery_id,
            kind: TaskKind::TellEnd,
            reason: act.as_str().to_owned(),
            lane: lane_of(notice),
            due_at: now,
        });
    }
    task_raise_all(tx, &tasks, now)?;
    Ok(())
}

/// Calls about how a notice ended, for the reason of the act that ended it last.
pub(super) fn owe_word(
    tx: &mut Tx,
    notice: NoticeId,
    mut tasks: Vec<NewTask>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let end = end_find(tx, notice)?;
    for task in &mut tasks {
        task.reason = end.as_ref().map_or("", |end| end.act.as_str()).to_owned();
    }
    task_raise_all(tx, &tasks, now)?;
    Ok(())
}

/// What is still to be signed.
fn is_open(delivery: &Delivery) -> bool {
    DeliveryState::derive(&delivery.facts).is_unsigned()
}

/// The end of a notice, ready to be written.
pub(super) struct Ending {
    pub(super) notice: Notice,
    act: NoticeAct,
    end: NewEnd,
    event: Event,
    /// For the ids of what else the end brings about.
    seed: [u8; 16],
}

impl Ending {
    pub(super) fn prepare(
        service: &Service,
        account: &Account,
        notice: Notice,
        act: NoticeAct,
        reason: String,
        now: Timestamp,
    ) -> Result<Self, ServiceError> {
        let event = act_event(service, account, &notice, kind_of(act), now)?;
        let event = service.with_personal(event, &[("reason", &reason)])?;
        let end = NewEnd {
            event_id: event.id,
            notice_id: notice.id,
            act,
            reason,
            account_id: account.id,
            ended_at: now,
        };
        let seed = random::bytes(service.random.as_ref())?;
        Ok(Self { notice, act, end, event, seed })
    }

    /// How it is told.
    pub(super) const fn told(&self) -> EndTold {
        EndTold { event: self.end.event_id, version: self.notice.version }
    }

    /// By which act, and when.
    pub(super) const fn act(&self) -> (NoticeAct, Timestamp) {
        (self.act, self.end.ended_at)
    }

    /// Names in the event what takes the notice's place.
    pub(super) fn in_favour_of(mut self, newer: NoticeId) -> Self {
        self.event = self.event.fact("superseded_by", newer.to_string());
        self
    }

    /// Marks what was still to be signed: it is not any more.
    pub(super) fn take_back(&self, tx: &mut Tx, stood: &[Delivery]) -> Result<(), ActRefused> {
        let (id, now) = (self.notice.id, self.end.ended_at);
        let open: Vec<&Delivery> = stood.iter().filter(|one| is_open(one)).collect();
        let ids: Vec<DeliveryId> = open.iter().map(|one| one.id).collect();
        delivery_set_recalled(tx, &ids, now)?;
        let mut tallies = TallyChanges::default();
        for delivery in open {
            let after = DeliveryFacts { recalled_at: Some(now), ..delivery.facts };
            tallies.note(id, &delivery.facts, &after, Timestamp::default());
        }
        Ok(tallies.write(tx)?)
    }

    /// Holds the notice and its deliveries, in this order as every write that takes both, moves
    /// the notice, and answers how its deliveries stood.
    pub(super) fn hold(&self, tx: &mut Tx) -> Result<Vec<Delivery>, ActRefused> {
        let id = self.notice.id;
        let stands = notice_hold_alone(tx, id)?.ok_or(ServiceError::NotFound)?;
        let next = stands.after(self.act)?;
        notice_move(tx, id, stands, next)?;
        let ids: Vec<DeliveryId> =
            delivery_list_of_notice(tx, id)?.iter().map(|one| one.id).collect();
        Ok(delivery_lock(tx, &ids)?)
    }

    /// Writes the end with its event; nobody is chased any more, nothing is owed any more. Says
    /// which calls were a desk's until now.
    pub(super) fn write(&self, tx: &mut Tx) -> Result<Vec<DelegationId>, ActRefused> {
        let (id, why, now) = (self.notice.id, self.act.as_str(), self.end.ended_at);
        event_append(tx, std::slice::from_ref(&self.event))?;
        end_insert(tx, &self.end)?;
        message_cancel_of_notice(tx, id, why, now)?;
        let (account, mut ids) = (Actor::Account(self.end.account_id), IdSource::new(self.seed));
        let desks = delegate::end_with_notice(tx, id, account, &mut ids, now)?;
        let all: Vec<DeliveryId> =
            delivery_list_of_notice(tx, id)?.iter().map(|one| one.id).collect();
        // A weak signature for what is over needs no confirming.
        let by = Some(self.end.account_id);
        task_close_of(tx, &all, &[TaskKind::ConfirmGrade], why, by, now)?;
        end_chase(tx, &all, why, self.end.account_id, now)?;
        Ok(desks)
    }
}

/// Ends the ladders of deliveries and the calls that are owed for them.
pub(super) fn end_chase(
    tx: &mut Tx,
    ids: &[DeliveryId],
    why: &'static str,
    by: AccountId,
    now: Timestamp,
) -> Result<(), ActRefused> {
    ladder_end(tx, ids)?;
    task_close_of(tx, ids, TaskKind::ENDED_BY_ANSWER, why, Some(by), now)?;
    Ok(())
}
