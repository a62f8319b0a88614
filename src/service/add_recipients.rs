//! 补发: later addressees of a notice that is out. Each gets all that the others got, its ladder
//! runs from the instant of adding, and the list of recipients is extended on record.

use super::acts::{ActForm, ActRefused, done_before, issued_notice, reason, sentence};
use super::outlook::{Outlook, outlook_by};
use super::pick::{self, Ticks};
use super::recipient_rows::{RecipientRows, Sending};
use super::{Service, ServiceError};
use crate::domain::account::{Account, Role};
use crate::domain::evidence::{Event, EventKind};
use crate::domain::human_time::parse_moment;
use crate::domain::ids::{NoticeId, OrganizationId};
use crate::domain::ladder::IssueTimes;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::deliveries::{Delivery, delivery_list_of_notice};
use crate::store::drafts::Pick;
use crate::store::ends::notice_hold_alone;
use crate::store::events::event_append;
use crate::store::notices::{Notice, notice_bring_deadline_forward};
use crate::store::tallies::tally_grow;

/// Where the deadline of a later addressee comes from stands before its explanation.
pub(super) const FROM_ADDING: &str = "自补发时起算，";

/// A notice that is out, and who gets it already.
#[derive(Debug, Clone)]
pub struct ToExtend {
    /// The notice.
    pub notice: Notice,
    /// Its recipients so far.
    pub known: Vec<Delivery>,
}

/// Reads a notice of the account's own office that is to be extended.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones and for drafts alike.
pub fn to_extend(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<ToExtend, ServiceError> {
    let notice = issued_notice(service, account, id)?;
    let known = service.store.read(|conn| delivery_list_of_notice(conn, id))?;
    Ok(ToExtend { notice, known })
}

impl ToExtend {
    /// Whether that organisation gets it already.
    #[must_use]
    pub fn has(&self, organization: OrganizationId) -> bool {
        self.known.iter().any(|one| one.organization_id == organization)
    }

    /// The deadline that the notice states, if it is still to come: one that is over cannot be
    /// theirs.
    fn explicit(&self, now: Timestamp) -> Option<Timestamp> {
        parse_moment(self.notice.draft.sign_by.trim()).filter(|at| *at > now)
    }

    /// What adding these would do now: until when they sign, by which steps, what is missing.
    ///
    /// # Errors
    /// As [`super::outlook::outlook`].
    pub fn outlook(
        &self,
        service: &Service,
        picks: &[Pick],
        now: Timestamp,
    ) -> Result<Outlook, ServiceError> {
        let explicit = self.explicit(now);
        let times = IssueTimes { issued_at: now, explicit, overnight: self.notice.draft.overnight };
        let ladder = self.notice.ladder.clone();
        let mut plan = outlook_by(service, self.notice.issuer_id, picks, ladder, &times)?;
        for recipient in &mut plan.recipients {
            if let Some(deadline) = recipient.deadline.as_mut().filter(|_| times.explicit.is_none())
            {
                deadline.explanation_zh.insert_str(0, FROM_ADDING);
            }
        }
        Ok(plan)
    }
}

/// What the form of 补发 brings beside key and reason.
#[derive(Debug, Clone, Default)]
pub struct Further {
    /// To whom.
    pub ticks: Ticks,
    /// Why organisations with gaps are sent to all the same.
    pub gap_reason: String,
}

/// Adds recipients to a notice that is out.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn add_recipients(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
    further: &Further,
) -> Result<(), ActRefused> {
    let now = service.now();
    let extended = to_extend(service, account, id)?;
    let subject = format!("add_recipient:{id}");
    if done_already(service, account, form, &subject)? {
        return Ok(());
    }
    if extended.notice.state != NoticeState::Issued {
        return Err(ActRefused::Changed(NOT_OUT));
    }
    let picks = pick::tree(service)?.resolve(&further.ticks);
    if picks.is_empty() {
        return Err(ActRefused::field("to", "没有选单位，请先选要补发的单位"));
    }
    let twice: Vec<&str> = extended
        .known
        .iter()
        .filter(|one| picks.iter().any(|pick| pick.organization_id == one.organization_id))
        .map(|one| one.organization_name.as_str())
        .collect();
    if !twice.is_empty() {
        let text = format!("{}已在名单上，要再发一次请用“重发”", twice.join("、"));
        return Err(ActRefused::field("to", text));
    }
    let why = reason(form)?;
    let plan = extended.outlook(service, &picks, now)?;
    let gap_reason = explained(account, &plan, &further.gap_reason)?;
    require_second_person(account, &extended.notice)?;
    let explicit = extended.explicit(now);
    let notice = extended.notice;
    let ladder = notice.ladder.as_ref();
    let ladder = ladder.ok_or_else(|| ServiceError::Internal(format!("{id} has no ladder")))?;
    let gap_reason = gap_reason.as_deref();
    let notice = &notice;
    let sending = Sending { service, account, notice, ladder, explicit, gap_reason, now };
    let mut rows = RecipientRows::default();
    let mut events: Vec<Event> = Vec::with_capacity(plan.recipients.len());
    for recipient in &plan.recipients {
        let delivery = rows.add(&sending, recipient)?;
        let event = sending
            .event(EventKind::RecipientAdded)?
            .delivery(delivery)
            .organization(recipient.organization.id)
            .fact("addressee", recipient.addressee.as_str());
        events.push(service.with_personal(event, &[("reason", &why)])?);
    }
    let earliest = plan.earliest_deadline();
    let (form, account) = (form.clone(), account.clone());
    let added = Added { rows, events, earliest, notice: id };
    service.store.write("add_recipients", move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        added.write(tx, now)
    })?;
    service.bell.ring();
    Ok(())
}

const NOT_OUT: &str = "本件已不在办理，不能补发。请作为新的公文发出。";

/// The form has done it before: what it ticked is on the list by now, and no mistake.
fn done_already(
    service: &Service,
    account: &Account,
    form: &ActForm,
    subject: &str,
) -> Result<bool, ServiceError> {
    use crate::store::drafts::form_post_find;
    let posted = service.store.read(|conn| form_post_find(conn, &form.key, account.id))?;
    Ok(posted.as_deref() == Some(subject))
}

/// Where the level asks for a second person's 核发, whoever wrote the notice cannot widen alone
/// what was released. A duty officer can, so that an emergency is not held up.
fn require_second_person(account: &Account, notice: &Notice) -> Result<(), ActRefused> {
    let asks = notice.ladder.as_ref().is_some_and(|ladder| ladder.policy.needs_second_person);
    let second = account.holds_any(&[Role::Releaser, Role::Duty]) && account.id != notice.author_id;
    if !asks || second {
        return Ok(());
    }
    let text = "本等级的补发须由起草人以外的核发人或值班员办理";
    Err(ActRefused::field("to", text))
}

/// Why those with gaps are sent to all the same, where the level asks; a clerk cannot say so.
fn explained(account: &Account, plan: &Outlook, typed: &str) -> Result<Option<String>, ActRefused> {
    if !plan.must_explain_gaps() {
        return Ok(None);
    }
    let lacking = plan.recipients.iter().filter(|one| !one.gaps.is_empty()).map(|one| {
        let words: Vec<&str> = one.gaps.iter().map(|gap| gap.word_zh()).collect();
        format!("{}{}", one.organization.name, words.join("、"))
    });
    let lacking = lacking.collect::<Vec<_>>().join("；");
    if !account.holds_any(&[Role::Releaser, Role::Duty]) {
        let text = format!("{lacking}。先行发出须由核发人或值班员办理；也可以先补齐联系方式");
        return Err(ActRefused::field("gap_reason", text));
    }
    let missing = format!("{lacking}。请写明先行发出的理由，或先补齐联系方式");
    sentence("gap_reason", typed, &missing).map(Some)
}

struct Added {
    rows: RecipientRows,
    events: Vec<Event>,
    earliest: Option<Timestamp>,
    notice: NoticeId,
}

impl Added {
    fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), ActRefused> {
        let id = self.notice;
        if notice_hold_alone(tx, id)? != Some(NoticeState::Issued) {
            return Err(ActRefused::Changed(NOT_OUT));
        }
        // Held alone, so nobody else adds meanwhile.
        let known = delivery_list_of_notice(tx, id)?;
        let twice = |one: &Delivery| {
            self.rows.deliveries.iter().any(|new| new.organization_id == one.organization_id)
        };
        if known.iter().any(twice) {
            return Err(ActRefused::Changed("所选单位中有的刚被别人补发过，请刷新页面再选。"));
        }
        self.rows.write(tx, now)?;
        event_append(tx, &self.events)?;
        tally_grow(tx, id, &self.rows.tally)?;
        if let Some(earliest) = self.earliest {
            notice_bring_deadline_forward(tx, id, earliest)?;
        }
        Ok(())
    }
}
