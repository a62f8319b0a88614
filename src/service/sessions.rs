//! Signing in, staying signed in, signing out.
//!
//! Unknown and wrong answer alike, in words and in time; failures are counted per login, known
//! or not, so that the count tells nothing either. Never here: cookies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Service, ServiceError};
use crate::adapters::random;
use crate::domain::account::{Account, Role, normal_login, pause_after};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AccountId, EventId};
use crate::domain::time::{Span, Timestamp};
use crate::store::accounts::{account_credentials, account_find};
use crate::store::events::event_append;
use crate::store::sessions::{
    session_find, session_insert, session_revoke, session_touch, tries_count, tries_find,
    tries_forget, tries_rest,
};

/// The random secret of one session, as the browser keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    /// Reads the text form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The text form, for the cookie.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// What signing in comes to.
pub enum SignedIn {
    /// A session was opened.
    Yes(SessionSecret),
    /// Unknown, wrong or disabled: nobody learns which.
    No,
    /// Too many failures in a row: rests until then.
    Resting(Timestamp),
}

/// Tries to sign in.
///
/// # Errors
/// [`ServiceError::Busy`] when too many passwords are being checked already.
pub fn sign_in(
    service: &Service,
    typed_login: &str,
    password: &str,
) -> Result<SignedIn, ServiceError> {
    Ok(match prove(service, typed_login, password)? {
        Proof::Good(id) => SignedIn::Yes(open(service, id, hash_of(typed_login), service.now())?),
        Proof::Bad => SignedIn::No,
        Proof::Resting(until) => SignedIn::Resting(until),
    })
}

/// What a password proves.
pub(super) enum Proof {
    /// It is this account's.
    Good(AccountId),
    /// Unknown, wrong or disabled.
    Bad,
    /// Too many failures in a row: nothing is looked at until then.
    Resting(Timestamp),
}

/// Looks at a password. Every place that asks for one asks here, so that failures at all of them
/// count together.
///
/// # Errors
/// [`ServiceError::Busy`] when too many passwords are being checked already.
pub(super) fn prove(
    service: &Service,
    typed_login: &str,
    password: &str,
) -> Result<Proof, ServiceError> {
    let now = service.now();
    let login = normal_login(typed_login);
    let login_hash = hash_of(typed_login);
    let (_, blocked_until) = service.store.read(|conn| tries_find(conn, &login_hash))?;
    if let Some(until) = blocked_until.filter(|until| now < *until) {
        return Ok(Proof::Resting(until));
    }
    let known = match &login {
        Some(login) => service.store.read(|conn| account_credentials(conn, login))?,
        None => None,
    };
    let fits = match &known {
        Some((_, phc, _)) => service.passwords.verify(password, phc)?,
        None => service.passwords.verify_dummy(password)?,
    };
    match known {
        Some((id, _, false)) if fits => Ok(Proof::Good(id)),
        known => {
            refuse(service, known.map(|(id, ..)| id), login_hash, now)?;
            Ok(Proof::Bad)
        }
    }
}

/// What failures of a login are counted under, known or not.
fn hash_of(typed_login: &str) -> Vec<u8> {
    let login = normal_login(typed_login);
    Sha256::digest(login.as_deref().unwrap_or(typed_login)).to_vec()
}

fn open(
    service: &Service,
    id: AccountId,
    login_hash: Vec<u8>,
    now: Timestamp,
) -> Result<SessionSecret, ServiceError> {
    let secret = SessionSecret(random::bytes(service.random.as_ref())?);
    let token_hash = secret.hash();
    let event = Event::new(
        EventId::new(now, service.entropy()?),
        EventKind::SignedIn,
        now,
        Actor::Account(id),
    )
    .account(id);
    service.store.write("sign_in", move |tx| {
        session_insert(tx, &token_hash, id, now)?;
        tries_forget(tx, &login_hash)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, ServiceError>(())
    })?;
    Ok(secret)
}

fn refuse(
    service: &Service,
    account: Option<AccountId>,
    login_hash: Vec<u8>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let event_id = EventId::new(now, service.entropy()?);
    service.store.write("refuse_sign_in", move |tx| {
        let failed = tries_count(tx, &login_hash, now)?;
        tries_rest(tx, &login_hash, pause_after(failed).map(|pause| now.plus(pause)))?;
        let mut event =
            Event::new(event_id, EventKind::SignInRefused, now, Actor::System("sign_in"))
                .fact("failed_in_a_row", failed);
        if let Some(id) = account {
            event = event.account(id);
        }
        event_append(tx, &[event])?;
        Ok::<_, ServiceError>(())
    })
}

/// How stale the note of a session's last use may be.
const TOUCH_EVERY: Span = Span::minutes(1);

/// The account of a session that is still good.
///
/// # Errors
/// The store's own.
pub fn resume(service: &Service, secret: &SessionSecret) -> Result<Option<Account>, ServiceError> {
    let now = service.now();
    let hash = secret.hash();
    let found = service.store.read(|conn| {
        let Some(session) = session_find(conn, &hash)? else { return Ok(None) };
        let account = account_find(conn, session.account_id)?;
        Ok::<_, ServiceError>(account.map(|account| (session, account)))
    })?;
    let Some((session, account)) = found else { return Ok(None) };
    let (idle, longest) = limits_for(service, &account);
    if now.since(session.last_seen_at) > idle || now.since(session.created_at) > longest {
        return Ok(None);
    }
    if now.since(session.last_seen_at) > TOUCH_EVERY {
        // Nobody waits for this note; if it is lost, the next request writes it again.
        drop(service.store.submit("touch_session", move |tx| {
            session_touch(tx, &hash, now)?;
            Ok::<_, ServiceError>(())
        }));
    }
    Ok(Some(account))
}

fn limits_for(service: &Service, account: &Account) -> (Span, Span) {
    let settings = &service.settings;
    if account.holds_any(&[Role::Administrator, Role::Auditor]) {
        (settings.admin_session_idle, settings.admin_session_longest)
    } else {
        (settings.session_idle, settings.session_longest)
    }
}

/// Ends a session for good.
///
/// # Errors
/// The store's own.
pub fn sign_out(service: &Service, secret: &SessionSecret) -> Result<(), ServiceError> {
    let now = service.now();
    let hash = secret.hash();
    service.store.write("sign_out", move |tx| {
        session_revoke(tx, &hash, now)?;
        Ok::<_, ServiceError>(())
    })
}

/// What the forms of this session must bring along.
#[must_use]
pub fn form_token(service: &Service, secret: &SessionSecret) -> String {
    service.keys.form_token(&secret.0)
}
