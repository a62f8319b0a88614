//! Rules that an administrator changed, every version of them. Nothing is deleted or changed.

use diesel::prelude::*;

use super::schema::{accounts, rule_versions};
use super::{Conn, StoreError, Tx};
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::AccountId;
use crate::domain::rule_text::RuleKind;
use crate::domain::time::Timestamp;

/// One version of a rule text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVersion {
    /// From 1; what is shipped is 0 and not here.
    pub version: i32,
    /// As it was typed.
    pub text: String,
    /// Over what the text says.
    pub digest: Sha256Digest,
    /// From when on it holds.
    pub activated_at: Timestamp,
    /// By whom; none: at the command line.
    pub account: Option<AccountId>,
    /// Their name.
    pub account_name: Option<String>,
    /// Why.
    pub reason: String,
}

type Row = (i32, String, String, Timestamp, Option<AccountId>, Option<String>, String);

fn read(row: Row) -> Result<RuleVersion, StoreError> {
    let (version, text, digest, activated_at, account, account_name, reason) = row;
    let digest = digest.parse().map_err(|_| StoreError::Inconsistent {
        table: "rule_versions",
        id: version.to_string(),
        what: "no digest".to_owned(),
    })?;
    Ok(RuleVersion { version, text, digest, activated_at, account, account_name, reason })
}

/// The version in force; 0 where nothing was ever changed.
///
/// # Errors
/// The store's own.
pub fn rule_newest(conn: &mut Conn, kind: RuleKind) -> Result<i32, StoreError> {
    let newest: Option<i32> = rule_versions::table
        .filter(rule_versions::kind.eq(kind.as_str()))
        .select(diesel::dsl::max(rule_versions::version))
        .first(conn.db())?;
    Ok(newest.unwrap_or(0))
}

/// The version in force and since when it is; none where nothing was ever changed.
///
/// # Errors
/// The store's own.
pub fn rule_in_force(
    conn: &mut Conn,
    kind: RuleKind,
) -> Result<Option<(i32, Timestamp)>, StoreError> {
    Ok(rule_versions::table
        .filter(rule_versions::kind.eq(kind.as_str()))
        .order(rule_versions::version.desc())
        .select((rule_versions::version, rule_versions::activated_at))
        .first(conn.db())
        .optional()?)
}

/// Every version, the newest first.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a row cannot be read back, else the store's own.
pub fn rule_list(conn: &mut Conn, kind: RuleKind) -> Result<Vec<RuleVersion>, StoreError> {
    let rows: Vec<Row> = rule_versions::table
        .left_join(accounts::table.on(rule_versions::account_id.eq(accounts::id.nullable())))
        .filter(rule_versions::kind.eq(kind.as_str()))
        .order(rule_versions::version.desc())
        .select((
            rule_versions::version,
            rule_versions::text,
            rule_versions::digest,
            rule_versions::activated_at,
            rule_versions::account_id,
            accounts::display_name.nullable(),
            rule_versions::reason,
        ))
        .load(conn.db())?;
    rows.into_iter().map(read).collect()
}

/// Puts the next version in force.
///
/// # Errors
/// [`StoreError::Unique`] if somebody else has made this version, else the store's own.
pub fn rule_insert(tx: &mut Tx, kind: RuleKind, new: &RuleVersion) -> Result<(), StoreError> {
    diesel::insert_into(rule_versions::table)
        .values((
            rule_versions::kind.eq(kind.as_str()),
            rule_versions::version.eq(new.version),
            rule_versions::text.eq(new.text.as_str()),
            rule_versions::digest.eq(new.digest.to_string()),
            rule_versions::activated_at.eq(new.activated_at.as_micros()),
            rule_versions::account_id.eq(new.account.map(|id| id.to_string())),
            rule_versions::reason.eq(new.reason.as_str()),
        ))
        .execute(tx.db())?;
    Ok(())
}
