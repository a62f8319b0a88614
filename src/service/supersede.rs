//! 更正: a new version takes the place of a notice that is out. It is written, checked and released
//! like every other; only its issue ends the older one, in the same transaction, so that at no
//! instant both are in force or neither.
//!
//! Whoever holds a link of the older version is led on to the newer. Who was told before is told
//! once: by the newer notice itself, or where that does not reach, by a word of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::acts::{ActForm, ActRefused, issued_notice, reason, withdrawals};
use super::compose::OpenDraft;
use super::end_notice::{Ending, owe_calls};
use super::issue::IssueRefused;
use super::tell_older::{Knows, tell_older};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{AddressId, DeliveryId, FileId, LinkId, NoticeId, OrganizationId};
use crate::domain::message::Channel;
use crate::domain::notice::{NoticeAct, WrongState};
use crate::domain::time::Timestamp;
use crate::store::corrections::{
    Corrects, correction_draft_find, link_holders_of_notice, notice_set_corrects,
    notice_set_superseded,
};
use crate::store::deliveries::{NewDelivery, delivery_list_of_notice};
use crate::store::drafts::{
    NoticeFile, Pick, file_insert, file_list, form_post_claim, pick_replace,
};
use crate::store::ends::{Told, notice_hold_alone, told_list_of_notice, written_list_of_notice};
use crate::store::links::{NewLink, link_insert_all};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{NewNotice, notice_find, notice_insert_version};
use crate::store::{StoreError, Tx};

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
    let now = service.now();
    let older = issued_notice(service, account, id)?;
    older.state.after(NoticeAct::Supersede)?;
    let why = reason(form)?;
    let version = older.version;
    let (known, files) = service.store.read(|conn| {
        let known = delivery_list_of_notice(conn, id)?;
        Ok::<_, StoreError>((known, file_list(conn, id, version)?))
    })?;
    // Whoever was let go has no part in the next version either, unless somebody picks it again.
    let stays = known
        .into_iter()
        .filter(|one| DeliveryState::derive(&one.facts) != DeliveryState::Returned);
    let picks: Vec<Pick> = stays
        .map(|one| Pick {
            organization_id: one.organization_id,
            addressee: one.addressee,
            reason: one.reason,
        })
        .collect();
    let files = files
        .into_iter()
        .map(|file| Ok(NoticeFile { id: FileId::new(now, service.entropy()?), ..file }))
        .collect::<Result<Vec<NoticeFile>, ServiceError>>()?;
    let new = NewNotice {
        id: NoticeId::new(now, service.entropy()?),
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
        pick_replace(tx, new.id, &picks)?;
        for file in &files {
            file_insert(tx, new.id, next, file)?;
        }
        Ok(new.id)
    })
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
    now: Timestamp,
}

impl Replacing {
    /// None where the draft replaces nothing.
    pub(super) fn prepare(
        service: &Service,
        account: &Account,
        open: &OpenDraft,
        now: Timestamp,
    ) -> Result<Option<Self>, IssueRefused> {
        check(open.corrects.as_ref()).map_err(IssueRefused::OlderEnded)?;
        let Some(corrects) = open.corrects.clone() else { return Ok(None) };
        let older = service.store.read(|conn| notice_find(conn, corrects.notice))?;
        let older = older.ok_or(ServiceError::NotFound)?;
        let (act, newer) = (NoticeAct::Supersede, open.notice.id);
        let ending = Ending::prepare(service, account, older, act, corrects.reason, now)?;
        let (service, ending) = (service.clone(), ending.in_favour_of(newer));
        Ok(Some(Self { service, newer, ending, now }))
    }

    /// Which notice ends.
    pub(super) const fn older(&self) -> NoticeId {
        self.ending.notice.id
    }

    /// Ends the older notice and frees its number, before the newer one takes it.
    pub(super) fn end(&self, tx: &mut Tx) -> Result<(), IssueRefused> {
        let stood = self.ending.hold(tx)?;
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
        told.retain(|one| !told_anew(one));
        let (notice, event) = (&self.ending.notice, self.ending.told());
        owe_calls(tx, &self.service, notice, NoticeAct::Supersede, &written, self.now)?;
        let words = withdrawals(&self.service, notice, &told, &event, self.now)?;
        message_insert_all(tx, &words, self.now)?;
        let mut knows = Knows::of(tx, notice)?;
        knows.written_anew(deliveries, messages);
        Ok(tell_older(tx, &self.service, &self.ending, &mut knows)?)
    }
}
