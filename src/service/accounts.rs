//! Accounts: the first administrator, and what an administrator does with the others.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::sessions::{self, Proof};
use super::{Service, ServiceError};
use crate::adapters::random;
use crate::adapters::secrets::passwords::{Weak, check_policy};
use crate::domain::account::{Account, Role, RolesRefused, check_roles, normal_login};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AccountId, EventId, OrganizationId};
use crate::domain::time::{Span, Timestamp};
use crate::store::accounts::{
    NewAccount, account_find, account_home, account_insert, account_list, account_set_disabled,
    account_set_password, account_set_roles, bootstrap_insert, bootstrap_spend,
};
use crate::store::events::event_append;
use crate::store::organizations::organization_list;
use crate::store::sessions::session_last_seen;
use crate::store::{StoreError, WriteError};

/// Why an account was not made or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountRefused {
    /// The roles do not go together.
    #[error(transparent)]
    Roles(#[from] RolesRefused),
    /// No account can have this login.
    #[error("a login has 2 to 64 letters, digits, dots, hyphens or underscores")]
    BadLogin,
    /// Another account has it.
    #[error("another account has this login")]
    LoginTaken,
    /// Nobody's name is empty.
    #[error("the name is missing")]
    NoName,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] Weak),
    /// The one-time secret is unknown, spent or too old.
    #[error("this one-time secret is unknown, used or expired")]
    BadSecret,
    /// Nobody disables himself, or takes his own rights away.
    #[error("one cannot disable one's own account or change its roles")]
    OwnAccount,
    /// No organisation of the directory has that name.
    #[error("no organisation has this name")]
    NoOrganization,
    /// The present password was not given right.
    #[error("the present password is wrong")]
    WrongPassword,
    /// Too many wrong passwords in a row: rests that long.
    #[error("too many wrong passwords in a row")]
    Resting(Span),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for AccountRefused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(_) => Self::LoginTaken,
            other => Self::Service(other.into()),
        }
    }
}

impl WriteError for AccountRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

impl AccountRefused {
    /// What the page says, and beside which field.
    #[must_use]
    pub fn message_zh(&self) -> (&'static str, String) {
        match self {
            Self::Roles(refused) => ("roles", refused.message_zh().into()),
            Self::BadLogin => {
                ("login", "登录名为 2 至 64 个字，只能用文字、数字和 . - _ 。".into())
            }
            Self::LoginTaken => ("login", "这个登录名已有人使用，请另取一个。".into()),
            Self::NoName => ("display_name", "请填写姓名。".into()),
            Self::Password(weak) => ("password", weak.message_zh()),
            Self::BadSecret => {
                ("secret", "一次性口令不对、已用过或已过期。请在服务器上重新生成。".into())
            }
            Self::OwnAccount => {
                ("account", "不能停用自己的账号或改自己的角色，请由另一位管理员操作。".into())
            }
            Self::NoOrganization => {
                ("organisation", "通讯录里没有这个单位，请从列表里选全称。".into())
            }
            Self::WrongPassword => ("current", "现在的口令不对，请重新输入。".into()),
            Self::Resting(left) => {
                let minutes = left.as_minutes().saturating_add(1);
                ("current", format!("连续输错次数太多，请过 {minutes} 分钟再试。"))
            }
            Self::Service(_) => ("account", "没有保存，请稍后再试。".into()),
        }
    }
}

/// What a new account is made from.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// What will be typed to sign in.
    pub login: String,
    /// The person's name.
    pub display_name: String,
    /// Office telephone.
    pub phone: Option<String>,
    /// First password; the person changes it later.
    pub password: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
}

/// Makes an account.
///
/// # Errors
/// [`AccountRefused`] says what to mend.
pub fn create(
    service: &Service,
    actor: Actor,
    request: &AccountRequest,
) -> Result<AccountId, AccountRefused> {
    let now = service.now();
    let (new, event) = prepare(service, actor, request, now)?;
    let id = new.id;
    service.store.write("create_account", move |tx| {
        account_insert(tx, &new)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, AccountRefused>(id)
    })
}

fn prepare(
    service: &Service,
    actor: Actor,
    request: &AccountRequest,
    now: Timestamp,
) -> Result<(NewAccount, Event), AccountRefused> {
    check_roles(&request.roles)?;
    let login = normal_login(&request.login).ok_or(AccountRefused::BadLogin)?;
    let display_name = request.display_name.trim().to_owned();
    if display_name.is_empty() {
        return Err(AccountRefused::NoName);
    }
    let password_hash = hash(service, &request.password, &[&login, &display_name])?;
    let id = AccountId::new(now, service.entropy()?);
    let roles: Vec<&str> = request.roles.iter().map(|role| role.as_str()).collect();
    let event =
        Event::new(EventId::new(now, service.entropy()?), EventKind::AccountCreated, now, actor)
            .account(id)
            .organization(request.organization_id)
            .fact("roles", roles.join(" "))
            .personal("login", login.clone(), service.salt()?);
    let new = NewAccount {
        id,
        organization_id: request.organization_id,
        login,
        display_name,
        phone: request.phone.clone(),
        password_hash,
        roles: request.roles.clone(),
        created_at: now,
    };
    Ok((new, event))
}

fn hash(service: &Service, password: &str, context: &[&str]) -> Result<String, AccountRefused> {
    check_policy(password, context)?;
    let salt = service.salt()?;
    Ok(service.passwords.hash(password, salt).map_err(ServiceError::from)?)
}

fn changed(
    service: &Service,
    actor: Actor,
    id: AccountId,
    what: &'static str,
    now: Timestamp,
) -> Result<Event, ServiceError> {
    let event_id = EventId::new(now, service.entropy()?);
    Ok(Event::new(event_id, EventKind::AccountChanged, now, actor).account(id).fact("what", what))
}

/// Sets a password; the sessions of the old one end.
///
/// # Errors
/// [`AccountRefused`] says what to mend.
pub fn set_password(
    service: &Service,
    actor: Actor,
    id: AccountId,
    password: &str,
) -> Result<(), AccountRefused> {
    let now = service.now();
    let account = find(service, id)?;
    let phc = hash(service, password, &[&account.login, &account.display_name])?;
    let event = changed(service, actor, id, "password", now)?;
    service.store.write("set_password", move |tx| {
        account_set_password(tx, id, &phc)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, AccountRefused>(())
    })
}

/// Changes one's own password, with the present one as proof; all one's sessions end.
///
/// # Errors
/// [`AccountRefused`] says what to mend.
pub fn change_own_password(
    service: &Service,
    id: AccountId,
    current: &str,
    new: &str,
) -> Result<(), AccountRefused> {
    let account = find(service, id)?;
    match sessions::prove(service, &account.login, current)? {
        Proof::Good { .. } => set_password(service, Actor::Account(id), id, new),
        Proof::Bad => Err(AccountRefused::WrongPassword),
        Proof::Resting(until) => Err(AccountRefused::Resting(until.since(service.now()))),
    }
}

/// Letters and digits that nobody confuses when they are read out on the telephone.
const SPOKEN: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A password to be told once and changed by its owner: four groups of four, about 79 bits.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn one_time_password(service: &Service) -> Result<String, ServiceError> {
    let drawn: [u8; 16] = random::bytes(service.random.as_ref())?;
    let mut password = String::with_capacity(19);
    for (place, byte) in drawn.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            password.push('-');
        }
        let at = usize::from(*byte) % SPOKEN.len();
        password.extend(SPOKEN.get(at).map(|letter| char::from(*letter)));
    }
    Ok(password)
}

/// The organisation of exactly that name.
///
/// # Errors
/// [`AccountRefused::NoOrganization`] if there is none.
pub fn organization_named(service: &Service, name: &str) -> Result<OrganizationId, AccountRefused> {
    let all = service.store.read(organization_list)?;
    let found = all.into_iter().find(|one| one.name == name.trim());
    found.map(|one| one.id).ok_or(AccountRefused::NoOrganization)
}

/// When each account was last in use.
///
/// # Errors
/// The store's own.
pub fn last_seen(service: &Service) -> Result<BTreeMap<AccountId, Timestamp>, ServiceError> {
    Ok(service.store.read(session_last_seen)?.into_iter().collect())
}

/// Gives other roles; the sessions of the old ones end.
///
/// # Errors
/// [`AccountRefused::OwnAccount`] for the administrator's own, else what to mend.
pub fn set_roles(
    service: &Service,
    administrator: AccountId,
    id: AccountId,
    roles: BTreeSet<Role>,
) -> Result<(), AccountRefused> {
    if administrator == id {
        return Err(AccountRefused::OwnAccount);
    }
    find(service, id)?;
    check_roles(&roles)?;
    let now = service.now();
    let event = changed(service, Actor::Account(administrator), id, "roles", now)?;
    service.store.write("set_roles", move |tx| {
        account_set_roles(tx, id, &roles)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, AccountRefused>(())
    })
}

/// Shuts an account or opens it again.
///
/// # Errors
/// [`AccountRefused::OwnAccount`] for the administrator's own.
pub fn set_disabled(
    service: &Service,
    administrator: AccountId,
    id: AccountId,
    disabled: bool,
) -> Result<(), AccountRefused> {
    if disabled && administrator == id {
        return Err(AccountRefused::OwnAccount);
    }
    let now = service.now();
    let what = if disabled { "disabled" } else { "enabled" };
    let event = changed(service, Actor::Account(administrator), id, what, now)?;
    service.store.write("set_disabled", move |tx| {
        account_set_disabled(tx, id, disabled.then_some(now))?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, AccountRefused>(())
    })
}

/// Every account, for the administrator.
///
/// # Errors
/// The store's own.
pub fn list(service: &Service) -> Result<Vec<Account>, ServiceError> {
    Ok(service.store.read(account_list)?)
}

/// One account.
///
/// # Errors
/// [`ServiceError::NotFound`] if there is none of that id.
pub fn find(service: &Service, id: AccountId) -> Result<Account, ServiceError> {
    service.store.read(|conn| account_find(conn, id))?.ok_or(ServiceError::NotFound)
}

/// Where the first administrator's account hangs: the entry at the head of the directory.
///
/// # Errors
/// [`ServiceError::Conflict`] while the directory is empty.
pub fn home_of_administrators(service: &Service) -> Result<OrganizationId, ServiceError> {
    service.store.read(account_home)?.ok_or_else(|| {
        ServiceError::Conflict("通讯录还是空的，请先用命令行导入通讯录，再设第一位管理员。".into())
    })
}

/// How long a one-time secret lives.
const SECRET_LIVES: Span = Span::hours(24);

/// Makes the one-time secret with which the first administrator is made in the browser.
///
/// # Errors
/// The store's own.
pub fn make_first_secret(service: &Service) -> Result<String, ServiceError> {
    let now = service.now();
    let secret: [u8; 20] = random::bytes(service.random.as_ref())?;
    let hash = Sha256::digest(secret).to_vec();
    service.store.write("make_first_secret", move |tx| {
        bootstrap_insert(tx, &hash, now, now.plus(SECRET_LIVES))?;
        Ok::<_, ServiceError>(())
    })?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

/// Makes an administrator with a one-time secret, which is spent in the same transaction.
///
/// # Errors
/// [`AccountRefused`] says what to mend; a refused try leaves the secret good.
pub fn create_first(
    service: &Service,
    secret: &str,
    request: &AccountRequest,
) -> Result<AccountId, AccountRefused> {
    let bytes = URL_SAFE_NO_PAD.decode(secret.trim()).map_err(|_| AccountRefused::BadSecret)?;
    let hash = Sha256::digest(bytes).to_vec();
    let now = service.now();
    let request =
        AccountRequest { roles: BTreeSet::from([Role::Administrator]), ..request.clone() };
    let (new, event) = prepare(service, Actor::Operator, &request, now)?;
    let id = new.id;
    service.store.write("create_first_account", move |tx| {
        if !bootstrap_spend(tx, &hash, now)? {
            return Err(AccountRefused::BadSecret);
        }
        account_insert(tx, &new)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(id)
    })
}
