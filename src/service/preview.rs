//! 预览: everything that would happen, before it does: who gets it and why, until when, by which
//! addresses, what is still missing, and the mail one recipient would get.

use std::sync::Arc;

use super::acknowledge::SigningCode;
use super::compose::{ComposeRefused, OpenDraft, load, load_whatever_state};
use super::offer::{Offer, offer_in_force};
use super::outlook::{Outlook, Recipient, outlook};
use super::receive::Receiving;
use super::supersede::{LeftOut, changes_nothing};
use super::{Service, ServiceError};
use crate::channel::NoticeWords;
use crate::channel::email::{
    AddressedAs, CorrectionWords, InvitationKind, InvitationWords, Rendered,
};
use crate::domain::account::Account;
use crate::domain::delivery::{Addressee, DeliveryFacts};
use crate::domain::digest::Sha256Digest;
use crate::domain::human_time::parse_moment;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::ladder::IssueTimes;
use crate::domain::notice::{CheckContext, FieldFault, FileRole, NoticeState};
use crate::domain::time::{Span, Timestamp};
use crate::domain::urgency::Urgency;
use crate::store::StoreError;
use crate::store::deliveries::{Delivery, delivery_list_of_notice};
use crate::store::ends::end_find;

/// How far back the share of 特提 is counted.
const LATELY: Span = Span::hours(90 * 24);

/// Everything a preview shows.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The draft.
    pub open: OpenDraft,
    /// What issuing would do if it happened now.
    pub outlook: Outlook,
    /// The digest of what is shown.
    pub digest: Sha256Digest,
    /// What still stands in the way in the header.
    pub faults: Vec<FieldFault>,
    /// 更正: who has the older version and does not get this one.
    pub left_out: Option<LeftOut>,
    /// 更正: it is exactly the version before.
    pub unchanged: bool,
    /// Notices of the office in the last 90 days, and how many of them were 特提.
    pub issued_lately: (i64, i64),
    /// When this was true.
    pub now: Timestamp,
}

/// A preview of a notice of the account's own office.
///
/// # Errors
/// As [`load`].
pub fn preview(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Preview, ComposeRefused> {
    let open = load(service, account, id)?;
    let now = service.now();
    let draft = &open.notice.draft;
    let has_main_file = open.files.iter().any(|file| file.role == FileRole::Main);
    let checked = draft.check(&CheckContext { now, has_main_file });
    // A draft may be wrong elsewhere and still say which level and until when.
    let times = IssueTimes {
        issued_at: now,
        explicit: parse_moment(draft.sign_by.trim()).filter(|at| *at > now),
        overnight: draft.overnight,
    };
    let level: Option<Urgency> = draft.urgency.trim().parse().ok();
    let outlook = outlook(service, open.notice.issuer_id, &open.picks, level, &times)?;
    let digest = open.digest();
    let since = Timestamp::from_micros(now.as_micros() - LATELY.as_micros());
    let office = open.notice.issuer_id;
    let issued_lately =
        service.store.read(|conn| crate::store::duty::issued_counts(conn, office, since))?;
    Ok(Preview {
        left_out: LeftOut::of_draft(service, &open, &outlook.recipients)?,
        unchanged: changes_nothing(service, &open)?,
        issued_lately,
        open,
        outlook,
        digest,
        faults: checked.err().unwrap_or_default(),
        now,
    })
}

/// The page of a notice that is out, as a recipient finds it before signing; none while it is
/// not. It is of a delivery that does not exist, as [`Preview::receiving`].
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike.
pub fn issued_page(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Option<Receiving>, ServiceError> {
    let open = load_whatever_state(service, account, id)?;
    let now = service.now();
    let notice = &open.notice;
    if notice.issued_at.is_none() {
        return Ok(None);
    }
    let (deliveries, ended) = service.store.read(|conn| {
        Ok::<_, StoreError>((delivery_list_of_notice(conn, id)?, end_find(conn, id)?))
    })?;
    let first = deliveries.into_iter().next().ok_or(ServiceError::NotFound)?;
    let facts = DeliveryFacts { deadline: first.facts.deadline, ..DeliveryFacts::default() };
    let delivery = Delivery { id: DeliveryId::new(now, service.entropy()?), facts, ..first };
    Ok(Some(Receiving {
        now,
        delivery,
        notice_state: notice.state,
        offer: offer_in_force(service, id, notice.version)?,
        receipt: None,
        beside: None,
        returns: Vec::new(),
        viewings: Vec::new(),
        ended,
        successor: None,
        corrects: open.corrects,
        code: SigningCode { token: String::new(), digits: "0000".to_owned() },
        shown: String::new(),
    }))
}

/// What stands in a sample where each recipient has its own link.
pub const SAMPLE_LINK: &str = "/l/……";

impl Preview {
    /// The recipient of that id, else the first.
    #[must_use]
    pub fn recipient(&self, wanted: Option<OrganizationId>) -> Option<&Recipient> {
        let found = wanted.and_then(|id| {
            self.outlook.recipients.iter().find(|recipient| recipient.organization.id == id)
        });
        found.or_else(|| self.outlook.recipients.first())
    }

    /// The page as that recipient would find it, of a delivery that does not exist: whatever is
    /// pressed there leads nowhere.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] while the level is not chosen.
    pub fn receiving(&self, service: &Service, to: &Recipient) -> Result<Receiving, ServiceError> {
        let notice = &self.open.notice;
        let ladder = self.outlook.ladder.as_ref();
        let urgency = ladder.map(|ladder| ladder.level).ok_or_else(|| {
            ServiceError::Conflict("还没有选等级，请先选等级再看对方的页面。".into())
        })?;
        let deadline = to.deadline.as_ref();
        Ok(Receiving {
            now: self.now,
            delivery: Delivery {
                id: DeliveryId::new(self.now, service.entropy()?),
                notice_id: notice.id,
                version: notice.version,
                organization_id: to.organization.id,
                organization_name: to.organization.name.clone(),
                addressee: to.addressee,
                reason: to.reason.clone(),
                tree_path: to.organization.tree_path.clone(),
                tree_depth: to.organization.depth,
                deadline_origin: deadline.map(|it| it.explanation_zh.clone()),
                facts: DeliveryFacts {
                    deadline: deadline.map(|it| it.at),
                    ..DeliveryFacts::default()
                },
            },
            notice_state: NoticeState::Issued,
            offer: Arc::new(Offer {
                notice: notice.id,
                version: notice.version,
                issuer: notice.issuer_id,
                issuer_name: notice.issuer_name.clone(),
                header: notice.draft.clone(),
                urgency,
                issued_at: self.now,
                digest: Some(self.digest),
                files: self.open.files.clone(),
            }),
            receipt: None,
            beside: None,
            returns: Vec::new(),
            viewings: Vec::new(),
            ended: None,
            successor: None,
            corrects: self.open.corrects.clone(),
            code: SigningCode { token: String::new(), digits: "0000".to_owned() },
            shown: String::new(),
        })
    }

    /// The mail as that recipient would get it, with a stand-in for the link.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] if the words cannot be made.
    pub fn mail(&self, service: &Service, to: &Recipient) -> Result<Rendered, ServiceError> {
        let draft = &self.open.notice.draft;
        let level = self.outlook.ladder.as_ref().map_or("", |ladder| ladder.level.word_zh());
        let network = service.settings.network;
        let words = InvitationWords {
            notice: NoticeWords::of(level, &draft.document_number, draft, network),
            organization_name: to.organization.name.clone(),
            deadline: to.deadline.as_ref().map(|deadline| deadline.at),
            deadline_origin: to.deadline.as_ref().map(|it| it.explanation_zh.clone()),
            link: format!("{}{SAMPLE_LINK}", service.settings.public_url),
            kind: InvitationKind::First,
            corrects: self.open.corrects.as_ref().map(|older| CorrectionWords {
                version: older.version,
                reason: older.reason.clone(),
            }),
            addressed_as: match to.addressee {
                Addressee::Primary => AddressedAs::Primary,
                Addressee::Copy => AddressedAs::Copy,
            },
        };
        words.render().map_err(|error| ServiceError::Internal(error.to_string()))
    }
}
