//! 补核发: the formal release of what went out on an oral approval (先发后补), within the hours the
//! rules give. Refusing it is an answer too: it is recorded and raises an alarm, and what is out
//! stays out. Never by the person who composed it.

use super::acts::{ActForm, ActRefused, act_event, done_before, issued_notice, reason};
use super::alarm::{silence, sound};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::alarm::AlarmKind;
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::EventKind;
use crate::domain::ids::{EventId, NoticeId};
use crate::domain::notice::{NoticeState, Release, ReleaseOutcome, check_release};
use crate::store::StoreError;
use crate::store::alarms::alarm_list_open;
use crate::store::drafts::{DecisionKind, NewDecision, decision_insert};
use crate::store::events::event_append;
use crate::store::notices::{Notice, notice_standing};
use crate::store::release_debts::{
    DebtLine, Settled, release_debt_find, release_debt_list_late, release_debt_settle,
};

/// The duty's name in evidence.
const ACTOR: &str = "releases";
/// Late ones that one round tells of, at most.
const LATE_MAX: i64 = 200;

/// A notice that went out on an oral approval, with what it owes.
#[derive(Debug, Clone)]
pub struct Owing {
    /// The notice.
    pub notice: Notice,
    /// What it owes or owed.
    pub debt: DebtLine,
}

/// Reads it.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign notices, and for those that owe nothing.
pub fn owing(service: &Service, account: &Account, id: NoticeId) -> Result<Owing, ServiceError> {
    let notice = issued_notice(service, account, id)?;
    let debt = service.store.read(|conn| release_debt_find(conn, id))?;
    Ok(Owing { notice, debt: debt.ok_or(ServiceError::NotFound)? })
}

/// Gives the formal release of exactly what went out, or refuses it with a reason.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn release_afterwards(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
    outcome: ReleaseOutcome,
) -> Result<(), ActRefused> {
    let now = service.now();
    let Owing { notice, .. } = owing(service, account, id)?;
    let digest = notice
        .digest
        .ok_or_else(|| ServiceError::Internal(format!("{id} went out without a digest")))?;
    judge(account, &notice, digest)?;
    let why = match outcome {
        ReleaseOutcome::Released => None,
        ReleaseOutcome::Refused => Some(reason(form)?),
    };
    let event = act_event(service, account, &notice, EventKind::ReleasedAfterwards, now)?
        .fact("outcome", outcome.as_str())
        .digest("draft", digest);
    let personal: Vec<(&'static str, &str)> =
        why.iter().map(|why| ("reason", why.as_str())).collect();
    let event = service.with_personal(event, &personal)?;
    let decision = NewDecision {
        event_id: event.id,
        notice_id: id,
        version: notice.version,
        kind: match outcome {
            ReleaseOutcome::Released => DecisionKind::ReleasedAfter,
            ReleaseOutcome::Refused => DecisionKind::RefusedAfter,
        },
        digest,
        account_id: account.id,
        decided_at: now,
        reason: why.clone(),
        approver_name: None,
        approver_phone: None,
    };
    let detail = format!("formal release of {} refused", notice.draft.document_number);
    let sounding = service.sounding(AlarmKind::ReleaseRefused, id.to_string(), detail, now)?;
    let cleared = [service.entropy()?, service.entropy()?].map(|bits| EventId::new(now, bits));
    let (form, account) = (form.clone(), account.clone());
    let subject = format!("release_after:{id}");
    service.store.write("release_afterwards", move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        let (by, at, why) = (account.id, now, why.as_deref());
        if !release_debt_settle(tx, &Settled { notice_id: id, outcome, why, by, at })? {
            return Err(ActRefused::Changed("本件已经补办过，请刷新页面查看。"));
        }
        decision_insert(tx, &decision)?;
        event_append(tx, std::slice::from_ref(&event))?;
        let (text, [late, refused]) = (id.to_string(), cleared);
        silence(tx, (AlarmKind::ReleaseOverdue, &text), late, ACTOR, now)?;
        match outcome {
            ReleaseOutcome::Refused => sound(tx, &sounding, ACTOR, now)?,
            ReleaseOutcome::Released => {
                silence(tx, (AlarmKind::ReleaseRefused, &text), refused, ACTOR, now)?
            }
        };
        Ok::<_, ActRefused>(())
    })?;
    super::self_check::refresh(service)?;
    Ok(())
}

fn judge(account: &Account, notice: &Notice, digest: Sha256Digest) -> Result<(), ActRefused> {
    let release = Release {
        releaser: account.id,
        releaser_organization: account.organization_id,
        draft_digest: *digest.as_bytes(),
    };
    check_release(&release, notice.author_id, notice.issuer_id, digest.as_bytes())
        .map_err(|refused| ActRefused::field("do", refused.message_zh()))
}

/// Raises an alarm for every formal release that is late; the answer clears it, or this does if the
/// answer came while it was being raised. The alarm of a refused one ends with its notice.
///
/// # Errors
/// The store's own.
pub fn watch_releases(service: &Service) -> Result<usize, ServiceError> {
    let now = service.now();
    let (late, over) = service.store.read(|conn| {
        let late = release_debt_list_late(conn, now, LATE_MAX)?;
        let mut over = Vec::new();
        for alarm in alarm_list_open(conn)? {
            let Ok(id) = alarm.subject.parse::<NoticeId>() else { continue };
            let is_over = match alarm.kind {
                AlarmKind::ReleaseOverdue => {
                    release_debt_find(conn, id)?.is_none_or(|debt| debt.answer.is_some())
                }
                AlarmKind::ReleaseRefused => {
                    notice_standing(conn, id)?.is_none_or(|(state, _)| state != NoticeState::Issued)
                }
                _ => false,
            };
            if is_over {
                over.push((alarm.kind, alarm.subject));
            }
        }
        Ok::<_, StoreError>((late, over))
    })?;
    let over = over
        .into_iter()
        .map(|alarm| Ok((alarm, EventId::new(now, service.entropy()?))))
        .collect::<Result<Vec<((AlarmKind, String), EventId)>, ServiceError>>()?;
    let soundings = late
        .iter()
        .map(|(id, number)| {
            let detail = format!("formal release of {number} is late");
            service.sounding(AlarmKind::ReleaseOverdue, id.to_string(), detail, now)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if !soundings.is_empty() || !over.is_empty() {
        service.store.write("watch_releases", move |tx| {
            for sounding in &soundings {
                sound(tx, sounding, ACTOR, now)?;
            }
            for ((kind, subject), event_id) in &over {
                silence(tx, (*kind, subject), *event_id, ACTOR, now)?;
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(late.len())
}
