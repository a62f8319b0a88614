//! What the operator of the machine does with accounts when no administrator can: makes one,
//! sets a new password, shuts one. Passwords are made here, never chosen.

use std::collections::BTreeSet;

use super::accounts::{self, AccountRefused, AccountRequest};
use super::{Service, ServiceError};
use crate::adapters::random;
use crate::domain::account::{Account, Role, normal_login};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::EventId;
use crate::store::accounts::{account_list, account_set_disabled};
use crate::store::events::event_append;
use crate::store::organizations::organization_find_by_code;

/// Why the operator's wish was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OperatorRefused {
    /// No account has it.
    #[error("no account has the login {0:?}")]
    UnknownLogin(String),
    /// No organisation has it.
    #[error("no organisation has the code {0:?}; the code is the first column of the sheet")]
    UnknownCode(String),
    /// The account cannot be like that.
    #[error(transparent)]
    Account(#[from] AccountRefused),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// An account as the operator wants it.
#[derive(Debug, Clone)]
pub struct NewByOperator<'a> {
    /// What will be typed to sign in.
    pub login: &'a str,
    /// The person's name.
    pub name: &'a str,
    /// Code of the organisation it belongs to.
    pub organization_code: &'a str,
    /// What it may do.
    pub roles: BTreeSet<Role>,
}

/// Makes an account; its first password.
///
/// # Errors
/// [`OperatorRefused`] says what to mend.
pub fn create(service: &Service, new: &NewByOperator<'_>) -> Result<String, OperatorRefused> {
    let code = new.organization_code;
    let organization = service
        .store
        .read(|conn| organization_find_by_code(conn, code))
        .map_err(ServiceError::from)?
        .ok_or_else(|| OperatorRefused::UnknownCode(code.to_owned()))?;
    let password = make_password(service)?;
    let request = AccountRequest {
        organization_id: organization.id,
        login: new.login.to_owned(),
        display_name: new.name.to_owned(),
        phone: None,
        password: password.clone(),
        roles: new.roles.clone(),
    };
    accounts::create(service, Actor::Operator, &request)?;
    Ok(password)
}

/// Sets a new password; that password.
///
/// # Errors
/// [`OperatorRefused::UnknownLogin`], or the use-case's own.
pub fn reset(service: &Service, login: &str) -> Result<String, OperatorRefused> {
    let account = find(service, login)?;
    let password = make_password(service)?;
    accounts::set_password(service, Actor::Operator, account.id, &password)?;
    Ok(password)
}

/// Shuts an account.
///
/// # Errors
/// [`OperatorRefused::UnknownLogin`], or the use-case's own.
pub fn disable(service: &Service, login: &str) -> Result<(), OperatorRefused> {
    let id = find(service, login)?.id;
    let now = service.now();
    let event_id = EventId::new(now, service.entropy()?);
    let event = Event::new(event_id, EventKind::AccountChanged, now, Actor::Operator)
        .account(id)
        .fact("what", "disabled");
    service.store.write("disable_by_operator", move |tx| {
        account_set_disabled(tx, id, Some(now))?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, ServiceError>(())
    })?;
    Ok(())
}

fn find(service: &Service, login: &str) -> Result<Account, OperatorRefused> {
    let unknown = || OperatorRefused::UnknownLogin(login.to_owned());
    let wanted = normal_login(login).ok_or_else(unknown)?;
    let all = service.store.read(account_list).map_err(ServiceError::from)?;
    all.into_iter().find(|account| account.login == wanted).ok_or_else(unknown)
}

/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
const GROUPS: usize = 4;
const GROUP_CHARS: usize = 5;

/// Four groups of five characters: some 99 bits, and still to be read over a telephone.
fn make_password(service: &Service) -> Result<String, ServiceError> {
    let mut groups = Vec::with_capacity(GROUPS);
    let mut group = String::new();
    while groups.len() < GROUPS {
        let [byte] = random::bytes::<1>(service.random.as_ref())?;
        // The last of the 32 is the hyphen between groups: drawn again, so that all are alike.
        let place = usize::from(byte) % ALPHABET.len();
        match ALPHABET.get(place) {
            Some(b'-') | None => {}
            Some(letter) => group.push(char::from(*letter)),
        }
        if group.len() == GROUP_CHARS {
            groups.push(std::mem::take(&mut group));
        }
    }
    Ok(groups.join("-"))
}
