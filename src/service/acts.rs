//! What the issuer's acts on a notice that is out have in common: a form with a key and a reason,
//! the refusals, and the words to whoever was told before. The verbs stand in files of their own.

use super::compose::ComposeRefused;
use super::upload::UploadRefused;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::classification::Screening;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId, MessageId, NoticeId};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::{NoticeState, WrongState};
use crate::domain::text::clean_block;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::deliveries::{Delivery, delivery_find_of_issuer};
use crate::store::drafts::form_post_claim;
use crate::store::ends::Told;
use crate::store::messages::NewMessage;
use crate::store::notices::{Notice, notice_find_of_issuer};
use crate::store::{StoreError, Tx, WriteError};

/// Characters of a reason.
pub const REASON_CHARS_MAX: usize = 500;

/// Stands between the two ids of what the word to a calling desk is about.
pub(super) const LIST_AND_END: char = ' ';

/// What the form of an act brings.
#[derive(Debug, Clone, Default)]
pub struct ActForm {
    /// Key of the form: posted twice, it is one act.
    pub key: String,
    /// Why, as typed.
    pub reason: String,
}

/// Why an act was not done. Nothing of it remains.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActRefused {
    /// Fields of the form, each with what to do.
    #[error("{} fields of the form are at fault", .0.len())]
    Fields(Vec<(String, String)>),
    /// It does not fit where the notice stands.
    #[error(transparent)]
    State(#[from] WrongState),
    /// It looks classified; nothing of it was taken over.
    #[error("refused by the guard against classified matter")]
    Classified(Screening),
    /// What was shown is so no longer, in the words of a page.
    #[error("{0}")]
    Changed(&'static str),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for ActRefused {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<ComposeRefused> for ActRefused {
    fn from(refused: ComposeRefused) -> Self {
        match refused {
            ComposeRefused::Classified(found) => Self::Classified(found),
            ComposeRefused::State(wrong) => Self::State(wrong),
            ComposeRefused::Service(error) => Self::Service(error),
            ComposeRefused::ChangedMeanwhile => Self::Changed("草稿刚有改动，请刷新页面再办理。"),
        }
    }
}

impl From<UploadRefused> for ActRefused {
    fn from(refused: UploadRefused) -> Self {
        match refused {
            UploadRefused::Classified(found) => Self::Classified(found),
            UploadRefused::Draft(refused) => refused.into(),
            UploadRefused::File(_) | UploadRefused::TooLarge(_) | UploadRefused::TooMany => {
                Self::Changed("原件的附件现在不能再用，请把内容作为新的公文另行发出。")
            }
        }
    }
}

impl WriteError for ActRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

impl ActRefused {
    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Fields(vec![(name.to_owned(), message.into())])
    }

    /// What to do, in the words of a page, each with the field it stands beside.
    #[must_use]
    pub fn messages_zh(&self) -> Vec<(String, String)> {
        let one = |text: String| vec![("do".to_owned(), text)];
        match self {
            Self::Fields(fields) => fields.clone(),
            Self::State(wrong) => one(wrong.message_zh()),
            Self::Classified(found) => one(found.message_zh().unwrap_or_default()),
            Self::Changed(text) => one((*text).to_owned()),
            Self::Service(_) => one("没有办成，请稍后再试。".to_owned()),
        }
    }
}

/// The reason that every act of this kind needs.
pub(super) fn reason(form: &ActForm) -> Result<String, ActRefused> {
    sentence("reason", &form.reason, "请写明理由，会记入流转记录")
}

/// One obligatory sentence.
pub(super) fn sentence(name: &str, typed: &str, missing: &str) -> Result<String, ActRefused> {
    match clean_block(typed, REASON_CHARS_MAX) {
        Ok(text) if text.is_empty() => Err(ActRefused::field(name, missing)),
        Ok(text) => Ok(text),
        Err(fault) => Err(ActRefused::field(name, fault.message_zh())),
    }
}

/// A notice of the account's own office that is out.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones and for drafts alike.
pub fn issued_notice(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Notice, ServiceError> {
    let found =
        service.store.read(|conn| notice_find_of_issuer(conn, id, account.organization_id))?;
    let out = |notice: &Notice| {
        !matches!(notice.state, NoticeState::Draft | NoticeState::AwaitingRelease)
    };
    found.filter(out).ok_or(ServiceError::NotFound)
}

/// A delivery of such a notice, with it.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike.
pub fn issued_delivery(
    service: &Service,
    account: &Account,
    id: DeliveryId,
) -> Result<(Notice, Delivery), ServiceError> {
    let office = account.organization_id;
    let found = service.store.read(|conn| delivery_find_of_issuer(conn, id, office))?;
    let delivery = found.ok_or(ServiceError::NotFound)?;
    Ok((issued_notice(service, account, delivery.notice_id)?, delivery))
}

/// Claims the form's key; true if the same form has done the act before.
pub(super) fn done_before(
    tx: &mut Tx,
    form: &ActForm,
    account: &Account,
    subject: &str,
    now: Timestamp,
) -> Result<bool, ActRefused> {
    match form_post_claim(tx, &form.key, account.id, subject, now)? {
        None => Ok(false),
        Some(posted) if posted == subject => Ok(true),
        Some(_) => Err(ActRefused::Changed("这张表已经用过，请刷新页面再办理。")),
    }
}

/// An event of an act on a notice.
pub(super) fn act_event(
    service: &Service,
    account: &Account,
    notice: &Notice,
    kind: EventKind,
    now: Timestamp,
) -> Result<Event, ServiceError> {
    let id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(notice.version).unwrap_or(1);
    Ok(Event::new(id, kind, now, Actor::Account(account.id)).notice(notice.id, version))
}

/// The rank of a notice's level: 0 for 特提.
pub(super) fn lane_of(notice: &Notice) -> i32 {
    let level = notice.draft.urgency.parse::<Urgency>().ok();
    let rank = Urgency::ALL.iter().position(|known| Some(*known) == level);
    rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or(i32::MAX)
}

/// An end as it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndTold {
    /// The event that records it.
    pub(super) event: EventId,
    /// Which version of the matter it ended: those who have an earlier one are told as well.
    pub(super) version: i32,
}

/// The word of an end to everybody who was told before, each once. They are written when they
/// are sent, from the end itself, so that is what they are about; for a desk that was asked to
/// make calls, together with its list.
pub(super) fn withdrawals(
    service: &Service,
    notice: &Notice,
    told: &[Told],
    ended: &EndTold,
    now: Timestamp,
) -> Result<Vec<NewMessage>, ServiceError> {
    let end = ended.event;
    told.iter()
        .map(|one| {
            Ok(NewMessage {
                id: MessageId::new(now, service.entropy()?),
                notice_id: Some(notice.id),
                version: notice.version,
                delivery_id: one.delivery_id,
                address_id: one.address_id,
                about: Some(match one.delegation_id {
                    Some(calls) => format!("{calls}{LIST_AND_END}{end}"),
                    None => end.to_string(),
                }),
                link_id: None,
                channel: one.channel,
                step: ended.version.saturating_sub(notice.version),
                purpose: MessagePurpose::Withdrawal,
                lane: lane_of(notice),
                due_at: now,
            })
        })
        .collect()
}
