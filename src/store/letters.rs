//! What a message is written from, and the last look before it leaves. Reads only.
//!
//! A message may be about a delivery, about a notice as a whole, or about an address alone.
//! Never here: what it says, and whether it is still wanted.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::schema::{
    contact_addresses, contacts, deliveries, links, messages, notice_versions, notices,
    organizations,
};
use super::{Conn, StoreError};
use crate::domain::delivery::Addressee;
use crate::domain::ids::{DeliveryId, LinkId, MessageId, NoticeId, OrganizationId};
use crate::domain::message::{Channel, MessagePurpose, MessageState};
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::domain::organization::ContactRole;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::domain::wanted::{Circumstances, unwanted_because};

/// What a second look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillWanted {
    /// Send it.
    Yes,
    /// No longer ours: cancelled, or the lease has ended.
    Gone,
    /// Ours, but it must not go out: to be cancelled for this reason.
    No(&'static str),
    /// Ours and wanted, but what it says has changed since it was read.
    Outdated,
}

/// What a letter says of things that may change until it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Until when to sign.
    pub deadline_at: Option<Timestamp>,
    /// The generation of its link.
    pub generation: Option<i32>,
}

type LookRow = (
    (MessageState, Option<String>, Option<Timestamp>, MessagePurpose),
    (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>),
    Option<NoticeState>,
    (String, Option<Timestamp>),
    (Option<LinkId>, Option<Timestamp>),
    (Option<Timestamp>, Option<i32>),
);

/// Looks again, just before a message leaves, whether it is still wanted and still ours, and says
/// what is still so.
///
/// # Errors
/// The store's own.
pub fn message_still_wanted(
    conn: &mut Conn,
    id: MessageId,
    token: &str,
    says: Basis,
    now: Timestamp,
) -> Result<StillWanted, StoreError> {
    let row: Option<LookRow> = messages::table
        .left_join(deliveries::table.on(deliveries::id.nullable().eq(messages::delivery_id)))
        .left_join(notices::table.on(notices::id.nullable().eq(messages::notice_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .left_join(links::table.on(links::id.nullable().eq(messages::link_id)))
        .filter(messages::id.eq(id.to_string()))
        .select((
            (messages::state, messages::lease_token, messages::due_at, messages::purpose),
            (
                deliveries::acknowledged_at.nullable(),
                deliveries::recalled_at.nullable(),
                deliveries::chase_stopped_at.nullable(),
            ),
            notices::state.nullable(),
            (contact_addresses::status, contacts::retired_at),
            (messages::link_id, links::revoked_at.nullable()),
            (deliveries::deadline_at.nullable(), links::generation.nullable()),
        ))
        .first(conn.db())
        .optional()?;
    let Some((lease, answer, notice, address, link, so)) = row else {
        return Ok(StillWanted::Gone);
    };
    let (state, held_by, until, purpose) = lease;
    let ours = state == MessageState::Leased
        && held_by.as_deref() == Some(token)
        && until.is_some_and(|until| now < until);
    if !ours {
        return Ok(StillWanted::Gone);
    }
    let at = Circumstances {
        purpose,
        acknowledged: answer.0.is_some(),
        recalled: answer.1.is_some(),
        chase_stopped: answer.2.is_some(),
        notice,
        address_retired: address.0 == "retired" || address.1.is_some(),
        link_revoked: link.0.is_some() && link.1.is_some(),
    };
    let still = says == Basis { deadline_at: so.0, generation: so.1 };
    Ok(match unwanted_because(&at) {
        Some(why) => StillWanted::No(why),
        None if still => StillWanted::Yes,
        None => StillWanted::Outdated,
    })
}

/// What a message is written from, but for the header of its notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The way it goes.
    pub channel: Channel,
    /// Which rung it belongs to.
    pub step: i32,
    /// What it is for.
    pub purpose: MessagePurpose,
    /// The id of what it tells of.
    pub about: Option<String>,
    /// Address as typed.
    pub address: String,
    /// Whose address that is.
    pub contact_name: String,
    /// What that person or seat does.
    pub contact_role: ContactRole,
    /// The organisation that contact belongs to.
    pub contact_organization: String,
    /// The link it carries, and its generation.
    pub link: Option<(LinkId, i32)>,
    /// The delivery it is about.
    pub delivery: Option<LetterDelivery>,
    /// The notice it is about.
    pub notice: Option<LetterNotice>,
    /// How many reminders went to this address up to this one.
    pub reminders: i64,
}

impl Letter {
    /// What it says of things that may change.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis {
            deadline_at: self.delivery.as_ref().and_then(|delivery| delivery.deadline_at),
            generation: self.link.map(|(_, generation)| generation),
        }
    }
}

/// The delivery a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterDelivery {
    /// Which.
    pub id: DeliveryId,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// The organisation, as it was named when the notice was issued.
    pub organization_name: String,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Until when to sign.
    pub deadline_at: Option<Timestamp>,
    /// Where the deadline comes from.
    pub deadline_origin: Option<String>,
}

/// The notice a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterNotice {
    /// Which.
    pub id: NoticeId,
    /// Which version of the matter it is.
    pub version: i32,
    /// Its number.
    pub document_number: String,
    /// Its level.
    pub urgency: Urgency,
}

type DeliveryColumns =
    (DeliveryId, OrganizationId, String, Addressee, Option<Timestamp>, Option<String>);

type LetterRow = (
    (MessageId, Channel, i32, MessagePurpose, Option<String>),
    (String, String, ContactRole, String),
    Option<(LinkId, i32)>,
    Option<DeliveryColumns>,
    Option<(NoticeId, i32, String, Urgency)>,
);

/// Reads what messages are written from, all at once. Ids that do not exist are left out.
///
/// # Errors
/// The store's own.
pub fn message_letters(
    conn: &mut Conn,
    ids: &[MessageId],
) -> Result<BTreeMap<MessageId, Letter>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<LetterRow> = messages::table
        .left_join(deliveries::table.on(deliveries::id.nullable().eq(messages::delivery_id)))
        .left_join(notices::table.on(notices::id.nullable().eq(messages::notice_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .inner_join(organizations::table.on(organizations::id.eq(contacts::organization_id)))
        .left_join(links::table.on(links::id.nullable().eq(messages::link_id)))
        .filter(messages::id.eq_any(&texts))
        .select((
            (messages::id, messages::channel, messages::step, messages::purpose, messages::about),
            (contact_addresses::address, contacts::name, contacts::role, organizations::name),
            (links::id, links::generation).nullable(),
            (
                deliveries::id,
                deliveries::organization_id,
                deliveries::organization_name,
                deliveries::addressee,
                deliveries::deadline_at,
                deliveries::deadline_origin,
            )
                .nullable(),
            (notices::id, notices::version, notices::document_number, notices::urgency).nullable(),
        ))
        .load(conn.db())?;
    let mut letters: BTreeMap<MessageId, Letter> = rows.into_iter().map(letter_of).collect();
    let reminders: Vec<&String> = ids
        .iter()
        .zip(&texts)
        .filter(|(id, _)| {
            letters.get(id).is_some_and(|one| one.purpose == MessagePurpose::Reminder)
        })
        .map(|(_, text)| text)
        .collect();
    if !reminders.is_empty() {
        for (id, count) in reminders_up_to(conn, &reminders)? {
            if let Some(letter) = letters.get_mut(&id) {
                letter.reminders = count;
            }
        }
    }
    Ok(letters)
}

/// Reads what a message is written from.
///
/// # Errors
/// [`StoreError::NotFound`] if there is none, else the store's own.
pub fn message_letter(conn: &mut Conn, id: MessageId) -> Result<Letter, StoreError> {
    message_letters(conn, &[id])?.remove(&id).ok_or(StoreError::NotFound)
}

fn letter_of(row: LetterRow) -> (MessageId, Letter) {
    let ((id, channel, step, purpose, about), contact, link, delivery, notice) = row;
    let delivery = delivery.map(|row| LetterDelivery {
        id: row.0,
        organization_id: row.1,
        organization_name: row.2,
        addressee: row.3,
        deadline_at: row.4,
        deadline_origin: row.5,
    });
    let letter = Letter {
        channel,
        step,
        purpose,
        about,
        address: contact.0,
        contact_name: contact.1,
        contact_role: contact.2,
        contact_organization: contact.3,
        link,
        delivery,
        notice: notice.map(|(id, version, document_number, urgency)| LetterNotice {
            id,
            version,
            document_number,
            urgency,
        }),
        reminders: 0,
    };
    (id, letter)
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// For each of these reminders, how many went to its address up to it.
fn reminders_up_to(conn: &mut Conn, ids: &[&String]) -> Result<Vec<(MessageId, i64)>, StoreError> {
    let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let rows: Vec<CountRow> = sql_query(format!(
        "SELECT m.id AS id, COUNT(*) AS count FROM messages m JOIN messages e \
         ON e.delivery_id = m.delivery_id AND e.address_id = m.address_id \
         AND e.channel = m.channel AND e.purpose = m.purpose AND e.step <= m.step \
         WHERE m.id IN ({}) GROUP BY m.id",
        quoted.join(", ")
    ))
    .load(conn.db())?;
    let read = |row: CountRow| row.id.parse().ok().map(|id| (id, row.count));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The header of one version of a notice, which never changes once it is issued.
///
/// # Errors
/// [`StoreError::Inconsistent`] if it cannot be read back, else the store's own.
pub fn notice_header_of_version(
    conn: &mut Conn,
    id: NoticeId,
    version: i32,
) -> Result<NoticeDraft, StoreError> {
    let header: String = notice_versions::table
        .filter(notice_versions::notice_id.eq(id.to_string()))
        .filter(notice_versions::version.eq(version))
        .select(notice_versions::header)
        .first(conn.db())?;
    serde_json::from_str(&header).map_err(|error| StoreError::Inconsistent {
        table: "notice_versions",
        id: id.to_string(),
        what: error.to_string(),
    })
}
