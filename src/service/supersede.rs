//! 更正: a new version takes the place of a notice that is out. It is written, checked and released
//! like every other; only its issue ends the older one, in the same transaction, so that at no
//! instant both are in force or neither.
//!
//! Whoever holds a link of the older version is led on to the newer. Who was told before is told
//! once: by the newer notice itself, or where that does not reach, by a word of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::acts::{ActForm, ActRefused, issued_notice, reason, withdrawals};
use super::compose::{OpenDraft, screen};
use super::confirm_marks::{Asked, Confirmed, Confirmer, admit};
use super::end_notice::{Ending, owe_calls};
use super::issue::IssueRefused;
use super::outlook::Recipient;
use super::tell_older::{Knows, tell_older};
use super::upload::Desk;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::{Addressee, DeliveryState};
use crate::domain::digest::Sha256Digest;
use crate::domain::file_name::FileName;
use crate::domain::ids::{AddressId, DeliveryId, FileId, LinkId, NoticeId, OrganizationId};
use crate::domain::legibility::Legibility;
use crate::domain::message::Channel;
use crate::domain::notice::{NoticeAct, NoticeDraft, WrongState};
use crate::domain::time::Timestamp;
use crate::store::corrections::{
    Corrects, correction_draft_find, link_holders_of_notice, notice_set_corrects,
    notice_set_superseded,
};
use crate::store::deliveries::{Delivery, NewDelivery, delivery_list_of_notice};
use crate::store::drafts::{
    NoticeFile, Pick, file_insert, file_list, form_post_claim, pick_replace,
};
use crate::store::ends::{Told, notice_hold_alone, told_list_of_notice, written_list_of_notice};
use crate::store::links::{NewLink, link_insert_all};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{NewNotice, notice_find, notice_insert_version};
use crate::store::vouchers::unread_note;
use crate::store::{Conn, StoreError, Tx};

/// The draft that is to replace a notice, if somebody has begun one.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign notices alike.
pub fn begun(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Option<NoticeId>, ServiceError> {
    let older = issued_notice(service, account, id)?;
    Ok(service.store.read(|conn| correction_draft_find(conn, older.id))?)
}

/// Begins the next version: a draft with header, text, files and recipients of the one that is
/// out, and the reason why it is replaced. The same form posted again gives the same draft.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn begin(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
) -> Result<NoticeId, ActRefused> {
    begin_confirmed(service, account, id, form, None)
}

/// The same, with a releaser who confirms what looks like a marking by the rules of today. What
/// was confirmed in the older version stays so.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn begin_confirmed(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
    confirmer: Option<&Confirmer>,
) -> Result<NoticeId, ActRefused> {
    let now = service.now();
    let older = issued_notice(service, account, id)?;
    older.state.after(NoticeAct::Supersede)?;
    let why = reason(form)?;
    let version = older.version;
    let files = service.store.read(|conn| file_list(conn, id, version))?;
    let draft = NoticeId::new(now, service.entropy()?);
    let desk = Desk { service, account, notice: id, into: draft, confirmer };
    let looked = look_again(&desk, &older.draft, &files, now)?;
    let files = files
        .into_iter()
        .map(|file| Ok(NoticeFile { id: FileId::new(now, service.entropy()?), ..file }))
        .collect::<Result<Vec<NoticeFile>, ServiceError>>()?;
    let new = NewNotice {
        id: draft,
        issuer_id: older.issuer_id,
        author_id: account.id,
        draft: older.draft,
        created_at: now,
    };
    let (key, next) = (form.key.clone(), version.saturating_add(1));
    service.store.write("begin_supersede", move |tx| {
        let subject = new.id.to_string();
        if let Some(posted) = form_post_claim(tx, &key, new.author_id, &subject, now)? {
            let begun = posted.parse();
            return begun.map_err(|_| ActRefused::Changed("这张表已经用过，请刷新页面再办理。"));
        }
        let state = notice_hold_alone(tx, id)?.ok_or(ServiceError::NotFound)?;
        state.after(NoticeAct::Supersede)?;
        if correction_draft_find(tx, id)?.is_some() {
            return Err(ActRefused::Changed("本件已有一份更正草稿，请到“发文”列表中接着写。"));
        }
        notice_insert_version(tx, &new, next)?;
        notice_set_corrects(tx, new.id, id, &why)?;
        // Read while the older is held: nobody is added to it meanwhile.
        let picks = holders_of(tx, id)?.into_iter().map(|one| Pick {
            organization_id: one.organization_id,
            addressee: one.addressee,
            reason: one.reason,
        });
        pick_replace(tx, new.id, &picks.collect::<Vec<_>>())?;
        for file in &files {
            file_insert(tx, new.id, next, file)?;
        }
        for (digest, legibility) in &looked.unread {
            unread_note(tx, *digest, *legibility, now)?;
        }
        for confirmed in &looked.confirmed {
            confirmed.write(tx)?;
        }
        Ok(new.id)
    })
}

/// What a look at text and files of an older version came to.
#[derive(Default)]
struct Looked {
    confirmed: Vec<Confirmed>,
    unread: Vec<(Sha256Digest, Legibility)>,
}

/// Text and files that a draft begins with are looked at like all that is typed or uploaded.
fn look_again(
    desk: &Desk<'_>,
    draft: &NoticeDraft,
    files: &[NoticeFile],
    now: Timestamp,
) -> Result<Looked, ActRefused> {
    let (service, notice) = (desk.service, Some(desk.notice));
    let asked = Asked { clerk: desk.account, notice, place: "header", confirmer: desk.confirmer };
    let mut looked = Looked::default();
    looked.confirmed.extend(admit(service, &asked, screen(draft), desk.into, now)?);
    for file in files {
        let opened = service.files.open(&file.sha256);
        let opened = opened.map_err(|fault| ServiceError::Internal(fault.to_string()))?;
        let (_, legibility, confirmed) = desk.look(&FileName::clean(&file.name), opened)?;
        looked.confirmed.extend(confirmed);
        if legibility != Legibility::Whole {
            looked.unread.push((file.sha256, legibility));
        }
    }
    Ok(looked)
}

/// Who has a notice. Whoever was let go has no part in the next version either, unless somebody
/// picks it again.
fn holders_of(conn: &mut Conn, id: NoticeId) -> Result<Vec<Delivery>, StoreError> {
    let mut known = delivery_list_of_notice(conn, id)?;
    known.retain(|one| DeliveryState::derive(&one.facts) != DeliveryState::Returned);
    Ok(known)
}

/// Who has the notice that is to be replaced and is not on the list of the new one: taken off by
/// the clerk, or added to the old one since the draft was begun. Nobody is left out unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which version they have.
    pub version: i32,
    /// Their names, in the order of the tree.
    pub names: Vec<String>,
    /// Exactly these: what is confirmed where it is issued.
    pub digest: Sha256Digest,
}

impl LeftOut {
    /// None where everybody who has the older version gets the newer.
    ///
    /// # Errors
    /// The store's own.
    pub(super) fn read(
        conn: &mut Conn,
        (older, version): (NoticeId, i32),
        recipients: &BTreeSet<OrganizationId>,
    ) -> Result<Option<Self>, StoreError> {
        let mut without = holders_of(conn, older)?;
        without.retain(|one| !recipients.contains(&one.organization_id));
        if without.is_empty() {
            return Ok(None);
        }
        let ids: BTreeSet<OrganizationId> = without.iter().map(|one| one.organization_id).collect();
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_bytes()).collect();
        let names = without.into_iter().map(|one| one.organization_name).collect();
        Ok(Some(Self { version, names, digest: Sha256Digest::of(&bytes) }))
    }

    /// Of a draft, with those who would get it.
    ///
    /// # Errors
    /// The store's own.
    pub(super) fn of_draft(
        service: &Service,
        open: &OpenDraft,
        recipients: &[Recipient],
    ) -> Result<Option<Self>, ServiceError> {
        let Some(older) = &open.corrects else { return Ok(None) };
        let ids = recipients.iter().map(|one| one.organization.id).collect();
        let older = (older.notice, older.version);
        Ok(service.store.read(|conn| Self::read(conn, older, &ids))?)
    }

    /// Whether exactly these were confirmed.
    ///
    /// # Errors
    /// [`IssueRefused::LeftOut`]: others, or nobody said so.
    pub(super) fn confirmed(
        found: Option<Self>,
        said: Option<Sha256Digest>,
    ) -> Result<(), IssueRefused> {
        match found {
            Some(found) if said != Some(found.digest) => Err(IssueRefused::LeftOut(found)),
            _ => Ok(()),
        }
    }
}

/// Whether a draft is exactly the notice that it is to replace: header, text, files and to whom.
///
/// # Errors
/// The store's own.
pub(super) fn changes_nothing(service: &Service, open: &OpenDraft) -> Result<bool, ServiceError> {
    let Some(corrects) = &open.corrects else { return Ok(false) };
    let (older, files, holders) = service.store.read(|conn| {
        let older = notice_find(conn, corrects.notice)?.ok_or(StoreError::NotFound)?;
        let files = file_list(conn, older.id, older.version)?;
        let holders = holders_of(conn, older.id)?;
        Ok::<_, StoreError>((older, files, holders))
    })?;
    let had: BTreeMap<OrganizationId, Addressee> =
        holders.iter().map(|one| (one.organization_id, one.addressee)).collect();
    let gets = open.picks.iter().map(|one| (one.organization_id, one.addressee)).collect();
    let file = |one: &NoticeFile| (one.name.clone(), one.role, one.sha256);
    let same_files = files.iter().map(file).eq(open.files.iter().map(file));
    Ok(had == gets && same_files && older.draft.says_the_same(&open.notice.draft))
}

/// Whether what a draft is to replace can still be replaced.
///
/// # Errors
/// It ended meanwhile in another way.
pub fn check(corrects: Option<&Corrects>) -> Result<(), WrongState> {
    corrects.map_or(Ok(()), |older| older.state.after(NoticeAct::Supersede).map(drop))
}

/// The end of the older notice, ready to be written by the issue of the newer.
pub(super) struct Replacing {
    service: Service,
    newer: NoticeId,
    ending: Ending,
    left_out: Option<Sha256Digest>,
    now: Timestamp,
}

impl Replacing {
    /// None where the draft replaces nothing.
    pub(super) fn prepare(
        service: &Service,
        account: &Account,
        open: &OpenDraft,
        left_out: Option<Sha256Digest>,
        now: Timestamp,
    ) -> Result<Option<Self>, IssueRefused> {
        check(open.corrects.as_ref()).map_err(IssueRefused::OlderEnded)?;
        let Some(corrects) = open.corrects.clone() else { return Ok(None) };
        let older = service.store.read(|conn| notice_find(conn, corrects.notice))?;
        let older = older.ok_or(ServiceError::NotFound)?;
        let (act, newer) = (NoticeAct::Supersede, open.notice.id);
        let ending = Ending::prepare(service, account, older, act, corrects.reason, now)?;
        let (service, ending) = (service.clone(), ending.in_favour_of(newer));
        Ok(Some(Self { service, newer, ending, left_out, now }))
    }

    /// Which notice ends.
    pub(super) const fn older(&self) -> NoticeId {
        self.ending.notice.id
    }

    /// Ends the older notice and frees its number, before the newer one takes it. Who has the
    /// older and does not get the newer is compared once more, now that nobody is added to it.
    pub(super) fn end(&self, tx: &mut Tx, newer: &[NewDelivery]) -> Result<(), IssueRefused> {
        let stood = self.ending.hold(tx)?;
        let recipients = newer.iter().map(|one| one.organization_id).collect();
        let older = (self.older(), self.ending.notice.version);
        LeftOut::confirmed(LeftOut::read(tx, older, &recipients)?, self.left_out)?;
        self.ending.write(tx)?;
        self.ending.take_back(tx, &stood)?;
        Ok(notice_set_superseded(tx, self.older(), self.newer)?)
    }

    /// Once the newer notice is written: every holder of a link of the older gets one of the
    /// newer to the same address, and the word goes to whoever the newer does not tell itself.
    pub(super) fn lead_on(
        &self,
        tx: &mut Tx,
        deliveries: &[NewDelivery],
        links: &[NewLink],
        messages: &[NewMessage],
    ) -> Result<(), IssueRefused> {
        let newer: BTreeMap<OrganizationId, DeliveryId> =
            deliveries.iter().map(|one| (one.organization_id, one.id)).collect();
        let mut held: BTreeSet<(DeliveryId, AddressId)> =
            links.iter().map(|link| (link.delivery_id, link.address_id)).collect();
        let mut further = Vec::new();
        for (organization, address_id) in link_holders_of_notice(tx, self.older())? {
            let Some(delivery_id) = newer.get(&organization).copied() else { continue };
            if held.insert((delivery_id, address_id)) {
                let id = LinkId::new(self.now, self.service.entropy()?);
                further.push(NewLink { id, delivery_id, address_id, created_at: self.now });
            }
        }
        link_insert_all(tx, &further)?;
        let of: BTreeMap<DeliveryId, OrganizationId> = delivery_list_of_notice(tx, self.older())?
            .into_iter()
            .map(|one| (one.id, one.organization_id))
            .collect();
        // A short message has no room to say that it is a correction.
        let invited: BTreeSet<(Option<DeliveryId>, AddressId, Channel)> = messages
            .iter()
            .filter(|one| one.channel != Channel::Sms)
            .map(|one| (one.delivery_id, one.address_id, one.channel))
            .collect();
        let told_anew = |one: &Told| {
            let organization = one.delivery_id.and_then(|id| of.get(&id));
            let delivery = organization.and_then(|id| newer.get(id)).copied();
            delivery.is_some() && invited.contains(&(delivery, one.address_id, one.channel))
        };
        let mut told = told_list_of_notice(tx, self.older())?;
        let anew: BTreeSet<DeliveryId> =
            messages.iter().filter_map(|one| one.delivery_id).collect();
        let is_written_anew =
            |organization| newer.get(organization).is_some_and(|id| anew.contains(id));
        let mut written = written_list_of_notice(tx, self.older())?;
        written.extend(of.iter().filter(|(_, one)| is_written_anew(one)).map(|(id, _)| *id));
        let (notice, event) = (&self.ending.notice, self.ending.told());
        let mut knows = Knows::of(tx, notice, &told, &written)?;
        told.retain(|one| !told_anew(one));
        owe_calls(tx, &self.service, notice, NoticeAct::Supersede, &written, self.now)?;
        let words = withdrawals(&self.service, notice, &told, &event, self.now)?;
        message_insert_all(tx, &words, self.now)?;
        knows.written_anew(deliveries, messages);
        Ok(tell_older(tx, &self.service, &self.ending, knows)?)
    }
}
