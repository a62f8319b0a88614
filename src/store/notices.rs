//! Notices and their versions. Every reading goes by the issuing office: another office's notice
//! and one that does not exist are the same.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::load_shared;
use super::schema::{accounts, notice_versions, notices, organizations};
use super::{Conn, StoreError, Tx};
use crate::domain::digest::Sha256Digest;
use crate::domain::document_number::DocumentNumber;
use crate::domain::ids::{AccountId, NoticeId, OrganizationId};
use crate::domain::ladder::LadderSnapshot;
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::domain::time::Timestamp;

/// A notice with its current version's header as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// The issuing office.
    pub issuer_id: OrganizationId,
    /// That office's name now.
    pub issuer_name: String,
    /// Who wrote it.
    pub author_id: AccountId,
    /// The author's name.
    pub author_name: String,
    /// Where it stands.
    pub state: NoticeState,
    /// Its current version, from 1.
    pub version: i32,
    /// Counts changes of the draft; a save names the one it started from.
    pub revision: i32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the draft was last saved.
    pub saved_at: Timestamp,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// The earliest deadline of its deliveries.
    pub deadline_at: Option<Timestamp>,
    /// The header as typed.
    pub draft: NoticeDraft,
    /// What was released and issued.
    pub digest: Option<Sha256Digest>,
    /// The level's policy, frozen at issue.
    pub ladder: Option<LadderSnapshot>,
    /// 更正: which notice it replaces or is to replace.
    pub corrects_id: Option<NoticeId>,
    /// 更正: which notice stands in its place.
    pub superseded_by_id: Option<NoticeId>,
    /// 更正: why the older one is replaced.
    pub correction_reason: Option<String>,
}

#[derive(Queryable)]
struct Row {
    id: NoticeId,
    issuer_id: OrganizationId,
    issuer_name: String,
    author_id: AccountId,
    author_name: String,
    state: NoticeState,
    version: i32,
    revision: i32,
    created_at: Timestamp,
    saved_at: Timestamp,
    issued_at: Option<Timestamp>,
    deadline_at: Option<Timestamp>,
    header: String,
    digest: Option<Vec<u8>>,
    ladder: Option<String>,
    correction: (Option<NoticeId>, Option<NoticeId>, Option<String>),
}

macro_rules! notice_columns {
    () => {
        (
            notices::id,
            notices::issuer_id,
            organizations::name,
            notices::author_id,
            accounts::display_name,
            notices::state,
            notices::version,
            notices::revision,
            notices::created_at,
            notices::saved_at,
            notices::issued_at,
            notices::deadline_at,
            notice_versions::header,
            notice_versions::digest,
            notice_versions::ladder,
            (notices::corrects_id, notices::superseded_by_id, notices::correction_reason),
        )
    };
}

fn inconsistent(id: NoticeId, what: impl ToString) -> StoreError {
    StoreError::Inconsistent {
        table: "notice_versions",
        id: id.to_string(),
        what: what.to_string(),
    }
}

impl Row {
    fn read(self) -> Result<Notice, StoreError> {
        let id = self.id;
        let broken = |error: serde_json::Error| inconsistent(id, error);
        let digest = self
            .digest
            .map(|bytes| <[u8; 32]>::try_from(bytes).map(Sha256Digest::from_bytes))
            .transpose()
            .map_err(|_| inconsistent(id, "digest is not 32 bytes"))?;
        Ok(Notice {
            id,
            issuer_id: self.issuer_id,
            issuer_name: self.issuer_name,
            author_id: self.author_id,
            author_name: self.author_name,
            state: self.state,
            version: self.version,
            revision: self.revision,
            created_at: self.created_at,
            saved_at: self.saved_at,
            issued_at: self.issued_at,
            deadline_at: self.deadline_at,
            draft: serde_json::from_str(&self.header).map_err(broken)?,
            digest,
            ladder: self.ladder.as_deref().map(serde_json::from_str).transpose().map_err(broken)?,
            corrects_id: self.correction.0,
            superseded_by_id: self.correction.1,
            correction_reason: self.correction.2,
        })
    }
}

macro_rules! notices_with_version {
    () => {
        notices::table
            .inner_join(organizations::table.on(organizations::id.eq(notices::issuer_id)))
            .inner_join(accounts::table.on(accounts::id.eq(notices::author_id)))
            .inner_join(
                notice_versions::table.on(notice_versions::notice_id
                    .eq(notices::id)
                    .and(notice_versions::version.eq(notices::version))),
            )
    };
}

/// A notice of that office.
///
/// # Errors
/// The store's own.
pub fn notice_find_of_issuer(
    conn: &mut Conn,
    id: NoticeId,
    issuer: OrganizationId,
) -> Result<Option<Notice>, StoreError> {
    let row: Option<Row> = notices_with_version!()
        .filter(notices::id.eq(id.to_string()))
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .select(notice_columns!())
        .first(conn.db())
        .optional()?;
    row.map(Row::read).transpose()
}

/// A notice, for those who came by a link of it and for the server's own duties.
///
/// # Errors
/// The store's own.
pub fn notice_find(conn: &mut Conn, id: NoticeId) -> Result<Option<Notice>, StoreError> {
    let row: Option<Row> = notices_with_version!()
        .filter(notices::id.eq(id.to_string()))
        .select(notice_columns!())
        .first(conn.db())
        .optional()?;
    row.map(Row::read).transpose()
}

/// The name of who issued a notice; none while it is not out.
///
/// # Errors
/// The store's own.
pub fn notice_issuer_name(conn: &mut Conn, id: NoticeId) -> Result<Option<String>, StoreError> {
    Ok(notice_versions::table
        .inner_join(accounts::table.on(accounts::id.nullable().eq(notice_versions::issued_by)))
        .filter(notice_versions::notice_id.eq(id.to_string()))
        .order(notice_versions::version.desc())
        .select(accounts::display_name)
        .first(conn.db())
        .optional()?)
}

/// 发文字号 of notices.
///
/// # Errors
/// The store's own.
pub fn notice_numbers(
    conn: &mut Conn,
    ids: &[NoticeId],
) -> Result<BTreeMap<NoticeId, (String, i32)>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(NoticeId, String, i32)> = notices::table
        .filter(notices::id.eq_any(&texts))
        .select((notices::id, notices::document_number, notices::version))
        .load(conn.db())?;
    Ok(rows.into_iter().map(|(id, number, version)| (id, (number, version))).collect())
}

/// Whose notice it is, its state and its current version, held until the end of the write so
/// that neither a recall nor a new version can come in between.
///
/// # Errors
/// The store's own.
pub fn notice_hold(
    tx: &mut Tx,
    ids: &[NoticeId],
) -> Result<Vec<(NoticeId, NoticeState, i32)>, StoreError> {
    let mut texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    texts.dedup();
    let held = notices::table.filter(notices::id.eq_any(&texts)).order(notices::id).select((
        notices::id,
        notices::state,
        notices::version,
    ));
    Ok(load_shared!(tx.db(), held)?)
}

/// Where a notice stands and which version is in force; nothing else is read.
///
/// # Errors
/// The store's own.
pub fn notice_standing(
    conn: &mut Conn,
    id: NoticeId,
) -> Result<Option<(NoticeState, i32)>, StoreError> {
    Ok(notices::table
        .filter(notices::id.eq(id.to_string()))
        .select((notices::state, notices::version))
        .first(conn.db())
        .optional()?)
}

/// A new, empty or filled draft.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Its id.
    pub id: NoticeId,
    /// The issuing office.
    pub issuer_id: OrganizationId,
    /// Who writes it.
    pub author_id: AccountId,
    /// The header as typed.
    pub draft: NoticeDraft,
    /// When it was begun.
    pub created_at: Timestamp,
}

fn as_json(id: NoticeId, value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| inconsistent(id, error))
}

/// Writes a new draft as version 1.
///
/// # Errors
/// The store's own.
pub fn notice_insert(tx: &mut Tx, new: &NewNotice) -> Result<(), StoreError> {
    notice_insert_version(tx, new, 1)
}

/// Writes a new draft as a later version of a matter that is out.
///
/// # Errors
/// The store's own.
pub fn notice_insert_version(tx: &mut Tx, new: &NewNotice, version: i32) -> Result<(), StoreError> {
    let header = as_json(new.id, &new.draft)?;
    diesel::insert_into(notices::table)
        .values((
            notices::id.eq(new.id.to_string()),
            notices::issuer_id.eq(new.issuer_id.to_string()),
            notices::author_id.eq(new.author_id.to_string()),
            notices::state.eq(NoticeState::Draft.as_str()),
            notices::version.eq(version),
            notices::revision.eq(1),
            notices::title.eq(&new.draft.title),
            notices::urgency.eq(&new.draft.urgency),
            notices::document_number.eq(&new.draft.document_number),
            notices::created_at.eq(new.created_at.as_micros()),
            notices::saved_at.eq(new.created_at.as_micros()),
        ))
        .execute(tx.db())?;
    diesel::insert_into(notice_versions::table)
        .values((
            notice_versions::notice_id.eq(new.id.to_string()),
            notice_versions::version.eq(version),
            notice_versions::header.eq(header),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Notes that the draft changed; false if it is no draft any more or was changed by another
/// since `revision`.
///
/// # Errors
/// The store's own.
pub fn notice_touch_draft(
    tx: &mut Tx,
    id: NoticeId,
    revision: i32,
    saved_at: Timestamp,
) -> Result<bool, StoreError> {
    let moved = diesel::update(
        notices::table
            .filter(notices::id.eq(id.to_string()))
            .filter(notices::state.eq(NoticeState::Draft.as_str()))
            .filter(notices::revision.eq(revision)),
    )
    .set((
        notices::revision.eq(revision.saturating_add(1)),
        notices::saved_at.eq(saved_at.as_micros()),
    ))
    .execute(tx.db())?;
    Ok(moved == 1)
}

/// Writes the header of a draft that [`notice_touch_draft`] has just claimed.
///
/// # Errors
/// The store's own.
pub fn notice_set_header(
    tx: &mut Tx,
    id: NoticeId,
    version: i32,
    draft: &NoticeDraft,
) -> Result<(), StoreError> {
    let header = as_json(id, draft)?;
    diesel::update(notices::table.filter(notices::id.eq(id.to_string())))
        .set((
            notices::title.eq(&draft.title),
            notices::urgency.eq(&draft.urgency),
            notices::document_number.eq(&draft.document_number),
        ))
        .execute(tx.db())?;
    diesel::update(
        notice_versions::table
            .filter(notice_versions::notice_id.eq(id.to_string()))
            .filter(notice_versions::version.eq(version)),
    )
    .set(notice_versions::header.eq(header))
    .execute(tx.db())?;
    Ok(())
}

/// Brings the earliest deadline of a notice forward, for recipients that came later; one that is
/// earlier stays.
///
/// # Errors
/// The store's own.
pub fn notice_bring_deadline_forward(
    tx: &mut Tx,
    id: NoticeId,
    deadline: Timestamp,
) -> Result<(), StoreError> {
    let at = deadline.as_micros();
    let later = notices::deadline_at.is_null().or(notices::deadline_at.assume_not_null().gt(at));
    diesel::update(notices::table.filter(notices::id.eq(id.to_string())).filter(later))
        .set(notices::deadline_at.eq(Some(at)))
        .execute(tx.db())?;
    Ok(())
}

/// Moves a notice from one state to another; false if it was not in the first.
///
/// # Errors
/// The store's own.
pub fn notice_move(
    tx: &mut Tx,
    id: NoticeId,
    from: NoticeState,
    to: NoticeState,
) -> Result<bool, StoreError> {
    let moved = diesel::update(
        notices::table
            .filter(notices::id.eq(id.to_string()))
            .filter(notices::state.eq(from.as_str())),
    )
    .set(notices::state.eq(to.as_str()))
    .execute(tx.db())?;
    Ok(moved == 1)
}

/// What is frozen onto a notice when it is issued.
#[derive(Debug, Clone)]
pub struct IssueStamp {
    /// The notice.
    pub id: NoticeId,
    /// The version that is issued.
    pub version: i32,
    /// The state it must still be in.
    pub from: NoticeState,
    /// The revision of the draft that was judged.
    pub revision: i32,
    /// Its number, unique in the issuing office.
    pub number: DocumentNumber,
    /// What was released.
    pub digest: Sha256Digest,
    /// The level's policy.
    pub ladder: LadderSnapshot,
    /// When.
    pub issued_at: Timestamp,
    /// By whom.
    pub issued_by: AccountId,
    /// The earliest deadline of its deliveries.
    pub deadline_at: Option<Timestamp>,
}

/// Issues a notice; false if it is no longer what was judged.
///
/// # Errors
/// [`StoreError::Unique`] if the office has already issued this number.
pub fn notice_set_issued(tx: &mut Tx, stamp: &IssueStamp) -> Result<bool, StoreError> {
    let moved = diesel::update(
        notices::table
            .filter(notices::id.eq(stamp.id.to_string()))
            .filter(notices::state.eq(stamp.from.as_str()))
            .filter(notices::revision.eq(stamp.revision)),
    )
    .set((
        notices::state.eq(NoticeState::Issued.as_str()),
        notices::number_code.eq(Some(stamp.number.code())),
        notices::number_year.eq(Some(i32::from(stamp.number.year()))),
        notices::number_serial.eq(i32::try_from(stamp.number.serial()).ok()),
        notices::document_number.eq(stamp.number.to_string()),
        notices::issued_at.eq(Some(stamp.issued_at.as_micros())),
        notices::deadline_at.eq(stamp.deadline_at.map(Timestamp::as_micros)),
    ))
    .execute(tx.db())?;
    if moved != 1 {
        return Ok(false);
    }
    diesel::update(
        notice_versions::table
            .filter(notice_versions::notice_id.eq(stamp.id.to_string()))
            .filter(notice_versions::version.eq(stamp.version)),
    )
    .set((
        notice_versions::digest.eq(Some(stamp.digest.as_bytes().as_slice())),
        notice_versions::ladder.eq(Some(as_json(stamp.id, &stamp.ladder)?)),
        notice_versions::issued_at.eq(Some(stamp.issued_at.as_micros())),
        notice_versions::issued_by.eq(Some(stamp.issued_by.to_string())),
    ))
    .execute(tx.db())?;
    Ok(true)
}
