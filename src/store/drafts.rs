//! What hangs on a draft beside its header: recipients picked, files, decisions about it, and
//! the keys of forms already posted.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{
    accounts, confirmed_marks, file_vouchers, form_posts, notice_decisions, notice_files,
    notice_picks, notice_versions, notices,
};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::delivery::Addressee;
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::{AccountId, EventId, FileId, NoticeId, OrganizationId};
use crate::domain::notice::{FileRole, NoticeState};
use crate::domain::time::Timestamp;

/// A recipient as picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Which organisation.
    pub organization_id: OrganizationId,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Why it is on the list, for people.
    pub reason: String,
}

#[derive(Insertable)]
#[diesel(table_name = notice_picks, treat_none_as_default_value = false)]
struct PickRow<'p> {
    notice_id: String,
    organization_id: String,
    addressee: &'static str,
    reason: &'p str,
}

/// Replaces the recipients picked for a draft.
///
/// # Errors
/// [`StoreError::Unique`] if an organisation is picked twice.
pub fn pick_replace(tx: &mut Tx, notice: NoticeId, picks: &[Pick]) -> Result<(), StoreError> {
    diesel::delete(notice_picks::table.filter(notice_picks::notice_id.eq(notice.to_string())))
        .execute(tx.db())?;
    let rows: Vec<PickRow<'_>> = picks
        .iter()
        .map(|pick| PickRow {
            notice_id: notice.to_string(),
            organization_id: pick.organization_id.to_string(),
            addressee: pick.addressee.as_str(),
            reason: &pick.reason,
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(notice_picks::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// The recipients picked for a draft.
///
/// # Errors
/// The store's own.
pub fn pick_list(conn: &mut Conn, notice: NoticeId) -> Result<Vec<Pick>, StoreError> {
    let rows: Vec<(OrganizationId, Addressee, String)> = notice_picks::table
        .filter(notice_picks::notice_id.eq(notice.to_string()))
        .order(notice_picks::organization_id)
        .select((notice_picks::organization_id, notice_picks::addressee, notice_picks::reason))
        .load(conn.db())?;
    Ok(rows
        .into_iter()
        .map(|(organization_id, addressee, reason)| Pick { organization_id, addressee, reason })
        .collect())
}

/// A file as it hangs on one version of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeFile {
    /// Its id.
    pub id: FileId,
    /// 正文 or 附件.
    pub role: FileRole,
    /// Name shown and offered for saving.
    pub name: String,
    /// Type proved by its structure.
    pub media_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// Its content.
    pub sha256: Sha256Digest,
}

/// Adds a file behind those already there.
///
/// # Errors
/// The store's own.
pub fn file_insert(
    tx: &mut Tx,
    notice: NoticeId,
    version: i32,
    file: &NoticeFile,
) -> Result<(), StoreError> {
    let last: Option<i32> = notice_files::table
        .filter(notice_files::notice_id.eq(notice.to_string()))
        .filter(notice_files::version.eq(version))
        .select(diesel::dsl::max(notice_files::place))
        .first(tx.db())?;
    diesel::insert_into(notice_files::table)
        .values((
            notice_files::id.eq(file.id.to_string()),
            notice_files::notice_id.eq(notice.to_string()),
            notice_files::version.eq(version),
            notice_files::place.eq(last.unwrap_or(0).saturating_add(1)),
            notice_files::role.eq(file.role.as_str()),
            notice_files::name.eq(&file.name),
            notice_files::media_type.eq(&file.media_type),
            notice_files::size_bytes.eq(file.size_bytes),
            notice_files::sha256.eq(file.sha256.as_bytes().as_slice()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Takes a file off a draft; false if it was not there.
///
/// # Errors
/// The store's own.
pub fn file_delete(
    tx: &mut Tx,
    notice: NoticeId,
    version: i32,
    file: FileId,
) -> Result<bool, StoreError> {
    let moved = diesel::delete(
        notice_files::table
            .filter(notice_files::id.eq(file.to_string()))
            .filter(notice_files::notice_id.eq(notice.to_string()))
            .filter(notice_files::version.eq(version)),
    )
    .execute(tx.db())?;
    Ok(moved == 1)
}

type FileRow = (FileId, FileRole, String, String, i64, Vec<u8>);

/// The files of one version: 正文 first, then in the order they were added.
///
/// # Errors
/// The store's own.
pub fn file_list(
    conn: &mut Conn,
    notice: NoticeId,
    version: i32,
) -> Result<Vec<NoticeFile>, StoreError> {
    let rows: Vec<FileRow> = notice_files::table
        .filter(notice_files::notice_id.eq(notice.to_string()))
        .filter(notice_files::version.eq(version))
        .order((notice_files::role.desc(), notice_files::place))
        .select((
            notice_files::id,
            notice_files::role,
            notice_files::name,
            notice_files::media_type,
            notice_files::size_bytes,
            notice_files::sha256,
        ))
        .load(conn.db())?;
    rows.into_iter()
        .map(|(id, role, name, media_type, size_bytes, sha256)| {
            let sha256 = <[u8; 32]>::try_from(sha256).map_err(|_| StoreError::Inconsistent {
                table: "notice_files",
                id: id.to_string(),
                what: "sha256 is not 32 bytes".into(),
            })?;
            let sha256 = Sha256Digest::from_bytes(sha256);
            Ok(NoticeFile { id, role, name, media_type, size_bytes, sha256 })
        })
        .collect()
}

/// What was decided about a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionKind {
    /// 送核发.
    Submitted,
    /// 退回修改.
    SentBack,
    /// 核发.
    Released,
    /// 口头批准, 先发后补.
    OralApproval,
    /// 补核发 of what went out on an oral approval.
    ReleasedAfter,
    /// The same, refused.
    RefusedAfter,
}

impl DecisionKind {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::SentBack => "sent_back",
            Self::Released => "released",
            Self::OralApproval => "oral_approval",
            Self::ReleasedAfter => "released_after",
            Self::RefusedAfter => "refused_after",
        }
    }
}

/// One decision about a draft, bound to exactly what it was about.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Which notice.
    pub notice_id: NoticeId,
    /// Which version.
    pub version: i32,
    /// What was decided.
    pub kind: DecisionKind,
    /// About exactly this.
    pub digest: Sha256Digest,
    /// By whom.
    pub account_id: AccountId,
    /// When.
    pub decided_at: Timestamp,
    /// Why, where a reason is owed.
    pub reason: Option<String>,
    /// Who approved by word of mouth.
    pub approver_name: Option<String>,
    /// From which telephone.
    pub approver_phone: Option<String>,
}

/// Keeps a decision.
///
/// # Errors
/// The store's own.
pub fn decision_insert(tx: &mut Tx, new: &NewDecision) -> Result<(), StoreError> {
    diesel::insert_into(notice_decisions::table)
        .values((
            notice_decisions::event_id.eq(new.event_id.to_string()),
            notice_decisions::notice_id.eq(new.notice_id.to_string()),
            notice_decisions::version.eq(new.version),
            notice_decisions::decision.eq(new.kind.as_str()),
            notice_decisions::digest.eq(new.digest.as_bytes().as_slice()),
            notice_decisions::account_id.eq(new.account_id.to_string()),
            notice_decisions::decided_at.eq(new.decided_at.as_micros()),
            notice_decisions::reason.eq(&new.reason),
            notice_decisions::approver_name.eq(&new.approver_name),
            notice_decisions::approver_phone.eq(&new.approver_phone),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// A decision as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Decision {
    /// Word of the kind in the table.
    pub kind: String,
    /// Name of who decided.
    pub account_name: String,
    /// When.
    pub decided_at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// Who approved by word of mouth.
    pub approver_name: Option<String>,
    /// From which telephone.
    pub approver_phone: Option<String>,
}

/// The decisions about a notice, oldest first.
///
/// # Errors
/// The store's own.
pub fn decision_list(conn: &mut Conn, notice: NoticeId) -> Result<Vec<Decision>, StoreError> {
    Ok(notice_decisions::table
        .inner_join(accounts::table.on(accounts::id.eq(notice_decisions::account_id)))
        .filter(notice_decisions::notice_id.eq(notice.to_string()))
        .order((notice_decisions::decided_at, notice_decisions::event_id))
        .select((
            notice_decisions::decision,
            accounts::display_name,
            notice_decisions::decided_at,
            notice_decisions::reason,
            notice_decisions::approver_name,
            notice_decisions::approver_phone,
        ))
        .load(conn.db())?)
}

/// Deletes a draft with all that hangs on it; false, with nothing deleted, where somebody has
/// vouched for it: that stays on record with what it was about.
///
/// # Errors
/// The store's own.
pub fn draft_delete(tx: &mut Tx, notice: NoticeId) -> Result<bool, StoreError> {
    let id = notice.to_string();
    let confirmed: i64 = confirmed_marks::table
        .filter(confirmed_marks::notice_id.eq(&id))
        .count()
        .get_result(tx.db())?;
    let vouched: i64 = file_vouchers::table
        .filter(file_vouchers::notice_id.eq(&id))
        .count()
        .get_result(tx.db())?;
    if confirmed > 0 || vouched > 0 {
        return Ok(false);
    }
    diesel::delete(notice_picks::table.filter(notice_picks::notice_id.eq(&id))).execute(tx.db())?;
    diesel::delete(notice_files::table.filter(notice_files::notice_id.eq(&id))).execute(tx.db())?;
    diesel::delete(notice_versions::table.filter(notice_versions::notice_id.eq(&id)))
        .execute(tx.db())?;
    diesel::delete(
        notices::table
            .filter(notices::id.eq(&id))
            .filter(notices::state.eq(NoticeState::Draft.as_str())),
    )
    .execute(tx.db())?;
    Ok(true)
}

/// Claims the key of a posted form; the subject of the first post if it was posted before.
///
/// # Errors
/// The store's own.
pub fn form_post_claim(
    tx: &mut Tx,
    form_key: &str,
    account: AccountId,
    subject: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let claimed = on_engine!(tx.db(), conn => diesel::insert_into(form_posts::table)
        .values((
            form_posts::form_key.eq(form_key),
            form_posts::account_id.eq(account.to_string()),
            form_posts::subject.eq(subject),
            form_posts::posted_at.eq(now.as_micros()),
        ))
        .on_conflict_do_nothing()
        .execute(conn))?;
    if claimed == 1 {
        return Ok(None);
    }
    Ok(form_posts::table
        .filter(form_posts::form_key.eq(form_key))
        .filter(form_posts::account_id.eq(account.to_string()))
        .select(form_posts::subject)
        .first(tx.db())
        .optional()?
        .or(Some(String::new())))
}

/// The subject of a form that this account has posted before.
///
/// # Errors
/// The store's own.
pub fn form_post_find(
    conn: &mut Conn,
    form_key: &str,
    account: AccountId,
) -> Result<Option<String>, StoreError> {
    Ok(form_posts::table
        .filter(form_posts::form_key.eq(form_key))
        .filter(form_posts::account_id.eq(account.to_string()))
        .select(form_posts::subject)
        .first(conn.db())
        .optional()?)
}
