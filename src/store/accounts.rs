//! Accounts, their roles, and the secret that makes the first of them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::schema::{account_roles, accounts, bootstrap_secrets, organizations};
use super::{Conn, StoreError, Tx};
use crate::domain::account::{Account, Role};
use crate::domain::ids::{AccountId, OrganizationId};
use crate::domain::time::Timestamp;

#[derive(Queryable)]
struct Row {
    id: AccountId,
    organization_id: OrganizationId,
    organization_name: String,
    login: String,
    display_name: String,
    phone: Option<String>,
    epoch: i32,
    disabled_at: Option<Timestamp>,
}

impl Row {
    fn with_roles(self, roles: BTreeSet<Role>) -> Account {
        Account {
            id: self.id,
            organization_id: self.organization_id,
            organization_name: self.organization_name,
            login: self.login,
            display_name: self.display_name,
            phone: self.phone,
            roles,
            epoch: self.epoch,
            disabled_at: self.disabled_at,
        }
    }
}

macro_rules! account_columns {
    () => {
        (
            accounts::id,
            accounts::organization_id,
            organizations::name,
            accounts::login,
            accounts::display_name,
            accounts::phone,
            accounts::epoch,
            accounts::disabled_at,
        )
    };
}

/// A new account as it is written.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// What is typed to sign in, in normal form.
    pub login: String,
    /// The person's name.
    pub display_name: String,
    /// Office telephone.
    pub phone: Option<String>,
    /// PHC string.
    pub password_hash: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Writes a new account with its roles.
///
/// # Errors
/// [`StoreError::Unique`] if the login is taken.
pub fn account_insert(tx: &mut Tx, new: &NewAccount) -> Result<(), StoreError> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(new.id.to_string()),
            accounts::organization_id.eq(new.organization_id.to_string()),
            accounts::login.eq(&new.login),
            accounts::display_name.eq(&new.display_name),
            accounts::phone.eq(&new.phone),
            accounts::password_hash.eq(&new.password_hash),
            accounts::epoch.eq(1),
            accounts::created_at.eq(new.created_at.as_micros()),
        ))
        .execute(tx.db())?;
    roles_insert(tx, new.id, &new.roles)
}

fn roles_insert(tx: &mut Tx, id: AccountId, roles: &BTreeSet<Role>) -> Result<(), StoreError> {
    for role in roles {
        diesel::insert_into(account_roles::table)
            .values((
                account_roles::account_id.eq(id.to_string()),
                account_roles::role.eq(role.as_str()),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

fn roles_of(conn: &mut Conn, id: AccountId) -> Result<BTreeSet<Role>, StoreError> {
    let words: Vec<String> = account_roles::table
        .filter(account_roles::account_id.eq(id.to_string()))
        .select(account_roles::role)
        .load(conn.db())?;
    words.iter().map(|word| role_from(id, word)).collect()
}

fn role_from(id: AccountId, word: &str) -> Result<Role, StoreError> {
    word.parse().map_err(|_| StoreError::Inconsistent {
        table: "account_roles",
        id: id.to_string(),
        what: format!("role {word}"),
    })
}

/// The account of that id.
///
/// # Errors
/// The store's own.
pub fn account_find(conn: &mut Conn, id: AccountId) -> Result<Option<Account>, StoreError> {
    let row: Option<Row> = accounts::table
        .inner_join(organizations::table.on(organizations::id.eq(accounts::organization_id)))
        .filter(accounts::id.eq(id.to_string()))
        .select(account_columns!())
        .first(conn.db())
        .optional()?;
    row.map(|row| Ok(row.with_roles(roles_of(conn, id)?))).transpose()
}

/// What a password is judged by.
#[derive(Debug, Clone, Queryable)]
pub struct Credentials {
    /// Whose.
    pub id: AccountId,
    /// In PHC form.
    pub password_hash: String,
    /// Since when it opens nothing any more.
    pub disabled_at: Option<Timestamp>,
    /// Counts what ends the sessions of an account, a new password among it.
    pub epoch: i32,
}

/// Those of the account with that login.
///
/// # Errors
/// The store's own.
pub fn account_credentials(
    conn: &mut Conn,
    login: &str,
) -> Result<Option<Credentials>, StoreError> {
    Ok(accounts::table
        .filter(accounts::login.eq(login))
        .select((accounts::id, accounts::password_hash, accounts::disabled_at, accounts::epoch))
        .first(conn.db())
        .optional()?)
}

/// Every account, by organisation and login.
///
/// # Errors
/// The store's own.
pub fn account_list(conn: &mut Conn) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<Row> = accounts::table
        .inner_join(organizations::table.on(organizations::id.eq(accounts::organization_id)))
        .order((organizations::tree_path, accounts::login))
        .select(account_columns!())
        .load(conn.db())?;
    let pairs: Vec<(AccountId, String)> = account_roles::table
        .select((account_roles::account_id, account_roles::role))
        .load(conn.db())?;
    let mut roles: BTreeMap<AccountId, BTreeSet<Role>> = BTreeMap::new();
    for (id, word) in pairs {
        roles.entry(id).or_default().insert(role_from(id, &word)?);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let held = roles.remove(&row.id).unwrap_or_default();
            row.with_roles(held)
        })
        .collect())
}

/// The entry at the head of the directory, if there is one.
///
/// # Errors
/// The store's own.
pub fn account_home(conn: &mut Conn) -> Result<Option<OrganizationId>, StoreError> {
    Ok(organizations::table
        .filter(organizations::retired_at.is_null())
        .order(organizations::tree_path)
        .select(organizations::id)
        .first(conn.db())
        .optional()?)
}

/// Sets a new password and voids the sessions of the old one.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such account.
pub fn account_set_password(
    tx: &mut Tx,
    id: AccountId,
    password_hash: &str,
) -> Result<(), StoreError> {
    let moved = diesel::update(accounts::table.filter(accounts::id.eq(id.to_string())))
        .set((accounts::password_hash.eq(password_hash), accounts::epoch.eq(accounts::epoch + 1)))
        .execute(tx.db())?;
    if moved == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Gives other roles and voids the sessions of the old ones.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such account.
pub fn account_set_roles(
    tx: &mut Tx,
    id: AccountId,
    roles: &BTreeSet<Role>,
) -> Result<(), StoreError> {
    let moved = diesel::update(accounts::table.filter(accounts::id.eq(id.to_string())))
        .set(accounts::epoch.eq(accounts::epoch + 1))
        .execute(tx.db())?;
    if moved != 1 {
        return Err(StoreError::NotFound);
    }
    diesel::delete(account_roles::table.filter(account_roles::account_id.eq(id.to_string())))
        .execute(tx.db())?;
    roles_insert(tx, id, roles)
}

/// Shuts an account, or opens it again with `None`; either way its sessions are void.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such account.
pub fn account_set_disabled(
    tx: &mut Tx,
    id: AccountId,
    disabled_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let moved = diesel::update(accounts::table.filter(accounts::id.eq(id.to_string())))
        .set((
            accounts::disabled_at.eq(disabled_at.map(Timestamp::as_micros)),
            accounts::epoch.eq(accounts::epoch + 1),
        ))
        .execute(tx.db())?;
    if moved == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Keeps the hash of a secret that may make the first administrator until `ends_at`.
///
/// # Errors
/// The store's own.
pub fn bootstrap_insert(
    tx: &mut Tx,
    secret_hash: &[u8],
    created_at: Timestamp,
    ends_at: Timestamp,
) -> Result<(), StoreError> {
    diesel::insert_into(bootstrap_secrets::table)
        .values((
            bootstrap_secrets::secret_hash.eq(secret_hash),
            bootstrap_secrets::created_at.eq(created_at.as_micros()),
            bootstrap_secrets::ends_at.eq(ends_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Spends a secret; false if it is unknown, spent or too old.
///
/// # Errors
/// The store's own.
pub fn bootstrap_spend(
    tx: &mut Tx,
    secret_hash: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let moved = diesel::update(
        bootstrap_secrets::table
            .filter(bootstrap_secrets::secret_hash.eq(secret_hash))
            .filter(bootstrap_secrets::used_at.is_null())
            .filter(bootstrap_secrets::ends_at.ge(now.as_micros())),
    )
    .set(bootstrap_secrets::used_at.eq(Some(now.as_micros())))
    .execute(tx.db())?;
    Ok(moved == 1)
}
