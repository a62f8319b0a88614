//! Every row of an issue, made before the transaction begins, and the one write that puts them in.

use super::{Approval, IssueRefused, IssueRequest, Issued, message_count};
use crate::domain::account::Account;
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Event, EventKind};
use crate::domain::ids::{AccountId, NoticeId};
use crate::domain::ladder::LadderSnapshot;
use crate::domain::notice::{NoticeHeader, recipients_digest};
use crate::domain::time::Timestamp;
use crate::service::compose::OpenDraft;
use crate::service::outlook::Outlook;
use crate::service::recipient_rows::{RecipientRows, Sending};
use crate::service::supersede::Replacing;
use crate::service::{Service, ServiceError};
use crate::store::drafts::{NewDecision, decision_insert, form_post_claim};
use crate::store::events::event_append;
use crate::store::notices::{IssueStamp, notice_set_issued};
use crate::store::release_debts::{NewDebt, release_debt_insert};
use crate::store::tallies::tally_insert;
use crate::store::{StoreError, Tx};

/// Who does what, with what is judged.
pub(super) struct Act<'a> {
    pub(super) service: &'a Service,
    pub(super) account: &'a Account,
    pub(super) request: &'a IssueRequest,
    pub(super) approval: &'a Approval,
    pub(super) open: &'a OpenDraft,
    /// 更正: it is exactly the version before.
    pub(super) unchanged: bool,
    pub(super) now: Timestamp,
}

/// All rows of one issue.
pub(super) struct Rows {
    form_key: String,
    account: AccountId,
    stamp: IssueStamp,
    recipients: RecipientRows,
    decision: Option<NewDecision>,
    debt: Option<NewDebt>,
    replacing: Option<Replacing>,
    events: Vec<Event>,
}

impl Rows {
    /// Lets the issue take the place of an older notice.
    pub(super) fn replace(&mut self, replacing: Option<Replacing>) {
        self.replacing = replacing;
    }

    /// Writes everything, or says why nothing is written. May run again after a passing failure.
    pub(super) fn write(&self, tx: &mut Tx) -> Result<Issued, IssueRefused> {
        let (notice, now) = (self.stamp.id, self.stamp.issued_at);
        let subject = notice.to_string();
        if let Some(posted) = form_post_claim(tx, &self.form_key, self.account, &subject, now)? {
            // Two presses at once: the first one's notice stands.
            return if posted == subject { Ok(Issued::Before) } else { Err(IssueRefused::Changed) };
        }
        if let Some(replacing) = &self.replacing {
            replacing.end(tx, &self.recipients.deliveries)?;
        }
        let stamped = notice_set_issued(tx, &self.stamp).map_err(|error| match error {
            StoreError::Unique(_) => IssueRefused::NumberTaken(self.stamp.number.clone()),
            other => other.into(),
        })?;
        if !stamped {
            return Err(IssueRefused::Changed);
        }
        let sent = &self.recipients;
        sent.write(tx, now)?;
        if let Some(replacing) = &self.replacing {
            replacing.lead_on(tx, &sent.deliveries, &sent.links, &sent.messages)?;
        }
        tally_insert(tx, notice, &sent.tally)?;
        if let Some(decision) = &self.decision {
            decision_insert(tx, decision)?;
        }
        if let Some(debt) = &self.debt {
            release_debt_insert(tx, debt)?;
        }
        event_append(tx, &self.events)?;
        Ok(Issued::Now { deliveries: sent.deliveries.len(), messages: sent.messages.len() })
    }
}

pub(super) fn prepare(
    act: &Act<'_>,
    header: &NoticeHeader,
    plan: &Outlook,
    ladder: LadderSnapshot,
) -> Result<Rows, ServiceError> {
    let (notice, now) = (&act.open.notice, act.now);
    let digest = act.open.digest();
    let gap_reason = act.request.gap_reason.as_deref().filter(|_| plan.must_explain_gaps());
    let sending = Sending {
        service: act.service,
        account: act.account,
        notice,
        ladder: &ladder,
        explicit: header.sign_by,
        gap_reason,
        now,
    };
    let mut rows = Rows {
        form_key: act.request.form_key.clone(),
        account: act.account.id,
        stamp: IssueStamp {
            id: notice.id,
            version: notice.version,
            from: notice.state,
            revision: notice.revision,
            number: header.document_number.clone(),
            digest,
            ladder: ladder.clone(),
            issued_at: now,
            issued_by: act.account.id,
            deadline_at: plan.earliest_deadline(),
        },
        recipients: RecipientRows::default(),
        decision: None,
        debt: None,
        replacing: None,
        events: Vec::new(),
    };
    if let Some((decision, event)) = decided(act, &sending, digest)? {
        rows.debt = matches!(act.approval, Approval::Oral { .. }).then(|| NewDebt {
            notice_id: notice.id,
            oral_event_id: decision.event_id,
            opened_at: now,
            due_at: now.plus(act.service.rules.policy().release_within()),
        });
        rows.decision = Some(decision);
        rows.events.push(event);
    }
    rows.events.push(issued_event(act, &sending, plan, digest)?);
    for recipient in &plan.recipients {
        rows.recipients.add(&sending, recipient)?;
    }
    Ok(rows)
}

fn issued_event(
    act: &Act<'_>,
    sending: &Sending<'_>,
    plan: &Outlook,
    digest: Sha256Digest,
) -> Result<Event, ServiceError> {
    let recipients: Vec<_> =
        plan.recipients.iter().map(|one| (one.organization.id, one.addressee)).collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let gaps = plan.recipients.iter().filter(|one| !one.gaps.is_empty()).count();
    let mut event = sending
        .event(EventKind::NoticeIssued)?
        .digest("draft", digest)
        .digest("recipients", Sha256Digest::from_bytes(recipients_digest(&recipients)))
        .fact("recipients", count(recipients.len()))
        .fact("messages", count(message_count(plan)))
        .fact("unreachable", count(plan.unreachable().count()))
        .fact("with_gaps", count(gaps));
    let older: Option<NoticeId> = act.open.notice.corrects_id;
    if let Some(older) = older {
        event = event.fact("corrects", older.to_string());
        if act.unchanged {
            event = event.fact("changes_nothing", true);
        }
    }
    if let Some(reason) = &act.request.gap_reason {
        event = event.personal("gap_reason", reason, act.service.salt()?);
    }
    Ok(event)
}

/// The decision by which it goes out, if a second person's word was needed or given.
fn decided(
    act: &Act<'_>,
    sending: &Sending<'_>,
    digest: Sha256Digest,
) -> Result<Option<(NewDecision, Event)>, ServiceError> {
    let Some(kind) = act.approval.decision() else { return Ok(None) };
    let mut event = sending.event(EventKind::NoticeReleased)?.digest("draft", digest);
    let mut decision = NewDecision {
        event_id: event.id,
        notice_id: act.open.notice.id,
        version: act.open.notice.version,
        kind,
        digest,
        account_id: act.account.id,
        decided_at: act.now,
        reason: act.request.gap_reason.clone(),
        approver_name: None,
        approver_phone: None,
    };
    if let Approval::Oral { by, at, how } = act.approval {
        event = event
            .fact("oral", true)
            .fact("approved_at", at.to_string())
            .personal("approver_name", by, act.service.salt()?)
            .personal("approver_phone", how, act.service.salt()?);
        decision.approver_name = Some(by.clone());
        decision.approver_phone = Some(how.clone());
    }
    Ok(Some((decision, event)))
}
