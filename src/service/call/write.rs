//! The write of a recorded call: receipts for who is confirmed, the calls, and what is owed next.
//!
//! Whoever was told by telephone what no longer holds, because the notice ended between the page
//! and the record, is to be told of the end by telephone too.

use crate::domain::address::AddressStatus;
use crate::domain::call::CallOutcome;
use crate::domain::call_task::TaskKind;
use crate::domain::evidence::Event;
use crate::domain::ids::{AccountId, AddressId, DeliveryId, NoticeId, OrganizationId, TaskId};
use crate::domain::notice::NoticeState;
use crate::domain::time::{Span, Timestamp};
use crate::service::ServiceError;
use crate::service::end_notice::owe_word;
use crate::service::phone_confirm::Confirmation;
use crate::store::Tx;
use crate::store::call_list::{task_release, task_set_due};
use crate::store::call_tasks::{NewTask, task_close_of};
use crate::store::calls::{NewCall, call_insert_all, call_teach_addresses};
use crate::store::corrections::successor_notice_find;
use crate::store::deliveries::delivery_lock;
use crate::store::drafts::form_post_claim;
use crate::store::events::event_append;
use crate::store::notices::notice_hold;

use super::{Recorded, standing};

/// One delivery's part of a call, prepared both ways: as a confirmation, and as a call alone for
/// whoever had signed before.
pub(super) struct Row {
    pub(super) confirmation: Option<Confirmation>,
    pub(super) event: Event,
    pub(super) call: NewCall,
    pub(super) task: Option<TaskId>,
    /// The id of the call that tells of the end, should one be owed.
    pub(super) tell_end: TaskId,
}

pub(super) struct Write {
    pub(super) notice: NoticeId,
    pub(super) issuer: OrganizationId,
    pub(super) version: i32,
    pub(super) lane: i32,
    /// Where the notice stood when the caller read from the page.
    pub(super) told_of: String,
    pub(super) ids: Vec<DeliveryId>,
    pub(super) rows: Vec<Row>,
    pub(super) by: AccountId,
    pub(super) key: String,
    pub(super) subject: String,
    pub(super) outcome: CallOutcome,
    pub(super) promised: Option<Timestamp>,
    pub(super) cool_down: Span,
    pub(super) teaches: Option<(Vec<AddressId>, AddressStatus)>,
    pub(super) now: Timestamp,
}

impl Write {
    pub(super) fn run(&self, tx: &mut Tx) -> Result<Recorded, ServiceError> {
        let now = self.now;
        if form_post_claim(tx, &self.key, self.by, &self.subject, now)?.is_some() {
            return Ok(Recorded::Before);
        }
        let (_, state, version) =
            notice_hold(tx, &[self.notice])?.pop().ok_or(ServiceError::NotFound)?;
        let locked = delivery_lock(tx, &self.ids)?;
        let mut confirmed = Vec::new();
        let (mut events, mut calls) = (Vec::new(), Vec::new());
        for row in &self.rows {
            let delivery = locked.iter().find(|one| one.id == row.call.delivery_id);
            let delivery = delivery.ok_or(ServiceError::NotFound)?;
            let signs = row.confirmation.as_ref().filter(|_| {
                delivery.facts.acknowledged_at.is_none() && delivery.facts.recalled_at.is_none()
            });
            let mut call = row.call.clone();
            call.task_id = row.task;
            match signs {
                Some(confirmation) => {
                    self.must_be_in_force(state, version)?;
                    call.event_id = confirmation.event_id();
                    confirmed.push((confirmation, delivery));
                }
                None => events.push(row.event.clone()),
            }
            calls.push(call);
        }
        // First the tasks: they are closed by the caller, the rest by the answer.
        let standing = standing(state, successor_notice_find(tx, self.notice)?.as_ref());
        let misled = state.is_taken_back() && self.told_of != standing;
        self.move_tasks(tx, misled)?;
        Confirmation::write_all(tx, &confirmed, self.notice, now)?;
        event_append(tx, &events)?;
        call_insert_all(tx, &calls)?;
        if let Some((addresses, status)) = &self.teaches {
            call_teach_addresses(tx, addresses, *status, now)?;
        }
        Ok(Recorded::Yes { confirmed: confirmed.len() })
    }

    fn must_be_in_force(&self, state: NoticeState, version: i32) -> Result<(), ServiceError> {
        let said = match state {
            NoticeState::Issued | NoticeState::Closed | NoticeState::Archived => {
                if version == self.version {
                    return Ok(());
                }
                "本件已有新版，请按新版再通话。".to_owned()
            }
            other => format!("本件{}，不再签收。", other.word_zh()),
        };
        Err(ServiceError::Conflict(said))
    }

    /// `misled`: who was told of anything was told what no longer holds.
    fn move_tasks(&self, tx: &mut Tx, misled: bool) -> Result<(), ServiceError> {
        let proves = self.outcome.proves_number();
        if misled && proves {
            let tasks = self.rows.iter().map(|row| NewTask {
                id: row.tell_end,
                issuer_id: self.issuer,
                notice_id: self.notice,
                delivery_id: row.call.delivery_id,
                kind: TaskKind::TellEnd,
                reason: String::new(),
                lane: self.lane,
                due_at: self.now,
            });
            owe_word(tx, self.notice, tasks.collect(), self.now)?;
        } else if proves {
            let (kinds, by) = ([TaskKind::TellEnd], Some(self.by));
            task_close_of(tx, &self.ids, &kinds, "told_by_phone", by, self.now)?;
        }
        if self.outcome == CallOutcome::Confirmed {
            let mut kinds = TaskKind::ENDED_BY_ANSWER.to_vec();
            kinds.push(TaskKind::ConfirmGrade);
            task_close_of(tx, &self.ids, &kinds, "confirmed_by_phone", Some(self.by), self.now)?;
            return Ok(());
        }
        if let Some(due) = self.outcome.owed_next(self.cool_down, self.promised, self.now) {
            task_set_due(tx, &self.ids, TaskKind::Call, due)?;
        }
        task_release(tx, &self.ids, self.by)?;
        Ok(())
    }
}
