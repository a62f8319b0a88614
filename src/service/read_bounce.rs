//! A mail that came back: read once, and what it proves is put on record. A failure lowers the
//! address, and an unsigned delivery that went there goes the next way, as after any refusal.
//!
//! Only a return path that was made here proves which mail came back; prose proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::escalate::{Engine, way_closed};
use super::{Service, ServiceError};
use crate::adapters::returned_mail::{ReturnedMail, bytes_of, set_read, unread};
use crate::domain::bounce::{BounceKind, amounts_to, recipient_statuses};
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DeliveryId, EventId, MessageId};
use crate::domain::time::Timestamp;
use crate::store::bounces::{NewBounce, SentMessage, bounce_insert, message_sent};
use crate::store::deliveries::delivery_lock;
use crate::store::events::event_append;
use crate::store::outcomes::address_set_failing;
use crate::store::tallies::TallyChanges;
use crate::store::{StoreError, Tx};

const ACTOR: Actor = Actor::System("bounce");
/// Mails of one look into the folder.
const MAILS_PER_LOOK: usize = 200;

/// What came of reading one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BounceRead {
    /// It was read before.
    Before,
    /// It was read now.
    Now(BounceKind),
}

impl Service {
    /// Where the mail of a message comes back to, with its name and what proves it; none where
    /// the installation reads no returned mails.
    pub(super) fn return_path(&self, message: MessageId) -> Option<String> {
        let (local, host) = self.settings.return_path.split_once('@')?;
        Some(format!("{local}+{}@{host}", self.keys.return_token(message)))
    }
}

/// Reads one mail that came back.
///
/// # Errors
/// The store's own; the mail is then unread.
pub fn read_bounce(service: &Service, bytes: &[u8]) -> Result<BounceRead, ServiceError> {
    let now = service.now();
    let bounce = judged(service, bytes, now);
    let kind = bounce.kind;
    let ids = [EventId::new(now, service.entropy()?), EventId::new(now, service.entropy()?)];
    let engine = Engine::of(service);
    let fresh = service.store.write("read_bounce", move |tx| {
        let fresh = bounce_insert(tx, &bounce)?;
        if let (true, BounceKind::Failed, Some(id)) = (fresh, bounce.kind, bounce.message) {
            let sent = message_sent(tx, id)?;
            if let Some(sent) = sent {
                lower(tx, &engine, &bounce, &sent, ids, now)?;
            }
        }
        Ok::<_, StoreError>(fresh)
    })?;
    if !fresh {
        return Ok(BounceRead::Before);
    }
    if kind == BounceKind::Forged {
        tracing::warn!("a report of failure proves no mail of this server; it counts as nothing");
    }
    service.bell.ring();
    Ok(BounceRead::Now(kind))
}

/// What the mail is, and which message it proves to have come back.
fn judged(service: &Service, bytes: &[u8], now: Timestamp) -> NewBounce {
    let mail = ReturnedMail::read(bytes);
    let statuses: Vec<_> = mail.reports.iter().flat_map(|part| recipient_statuses(part)).collect();
    let local = service.settings.return_path.split('@').next().unwrap_or_default();
    let tokens = mail.tokens(local);
    let message = tokens.iter().find_map(|token| service.keys.read_return_token(token));
    let (kind, status, detail) = match amounts_to(&statuses) {
        Some((kind, said)) => (kind, said.status.clone(), said.diagnostic.clone()),
        None if mail.automatic => (BounceKind::Automatic, String::new(), String::new()),
        None => (BounceKind::Unknown, String::new(), String::new()),
    };
    let kind = match (kind, message) {
        (BounceKind::Failed, None) => BounceKind::Forged,
        (kind, _) => kind,
    };
    NewBounce { digest: Sha256Digest::of(bytes), read_at: now, kind, message, status, detail }
}

/// The address does not work: a way to whoever was to be reached by it has closed.
fn lower(
    tx: &mut Tx,
    engine: &Engine,
    bounce: &NewBounce,
    sent: &SentMessage,
    [bounced, lost]: [EventId; 2],
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = match sent.delivery {
        Some(delivery) => delivery_lock(tx, &[delivery])?.pop(),
        None => None,
    };
    address_set_failing(tx, &[sent.address], now)?;
    let mut event = Event::new(bounced, EventKind::Bounced, now, ACTOR)
        .address(sent.address)
        .fact("status", bounce.status.as_str())
        .fact("detail", bounce.detail.as_str());
    if let Some(message) = bounce.message {
        event = event.message(message);
    }
    let mut events = vec![about(event, sent, sent.delivery)];
    if let Some(before) = before {
        let mut after = BTreeMap::from([(before.id, before.facts)]);
        let closed = BTreeSet::from([before.id]);
        let ids = IdSource::new(bounced.to_bytes());
        if !way_closed(tx, engine, &closed, &mut after, ids, now)?.is_empty() {
            let event =
                Event::new(lost, EventKind::Unreachable, now, ACTOR).fact("reason", "all_bounced");
            events.push(about(event, sent, sent.delivery));
        }
        let mut changes = TallyChanges::default();
        if let Some(after) = after.get(&before.id) {
            changes.note(before.notice_id, &before.facts, after, now);
        }
        changes.write(tx)?;
    }
    event_append(tx, &events)
}

fn about(event: Event, sent: &SentMessage, delivery: Option<DeliveryId>) -> Event {
    let event = match sent.notice {
        Some(notice) => event.notice(notice, u32::try_from(sent.version).unwrap_or(0)),
        None => event,
    };
    match delivery {
        Some(delivery) => event.delivery(delivery),
        None => event,
    }
}

/// Reads what lies in the folder of returned mails, if the installation has one. Says how many
/// were read; each is moved to those that were looked at, and none is deleted.
///
/// # Errors
/// The folder cannot be read, or the store's own.
pub fn read_folder(service: &Service) -> Result<usize, ServiceError> {
    let Some(folder) = &service.settings.bounce_folder else { return Ok(0) };
    let fault =
        |error: std::io::Error| ServiceError::Internal(format!("{}: {error}", folder.display()));
    let mails = unread(folder, MAILS_PER_LOOK).map_err(fault)?;
    for mail in &mails {
        read_bounce(service, &bytes_of(mail).map_err(fault)?)?;
        set_read(folder, mail).map_err(fault)?;
    }
    Ok(mails.len())
}
