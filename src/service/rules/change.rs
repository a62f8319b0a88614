//! Putting a new version of the rules in force, with its reason and its event, and looking back
//! at the old ones. A text with a fault changes nothing.

use super::super::{Service, ServiceError};
use crate::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AccountId, EventId};
use crate::domain::ladder::{SHIPPED_POLICY, UrgencyPolicy};
use crate::domain::rule_text::RuleKind;
use crate::store::events::event_append;
use crate::store::rule_versions::{RuleVersion, rule_insert, rule_list, rule_newest};
use crate::store::{StoreError, WriteError};

/// A text that is to become the rules.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// Which rules.
    pub kind: RuleKind,
    /// The text as typed.
    pub text: String,
    /// The version that was in force when it was looked at.
    pub seen: i32,
    /// Why it is changed.
    pub reason: String,
    /// By whom; none: at the command line.
    pub by: Option<AccountId>,
}

/// Why the rules are as they were.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RuleRefused {
    /// The text has faults: for each, where, and what is wanted.
    #[error("{} faults", .0.len())]
    Faulty(Vec<(String, String)>),
    /// No reason was given.
    #[error("a reason is needed")]
    NoReason,
    /// It says what is in force already.
    #[error("nothing would change")]
    NothingNew,
    /// Somebody else changed the rules in between.
    #[error("the rules were changed in between; look at them again")]
    Overtaken,
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for RuleRefused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique(_) => Self::Overtaken,
            other => Self::Service(other.into()),
        }
    }
}

impl WriteError for RuleRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

/// Every version of these rules, the newest first; the last is what is shipped.
///
/// # Errors
/// The store's own.
pub fn history(service: &Service, kind: RuleKind) -> Result<Vec<RuleVersion>, ServiceError> {
    let mut all = service.store.read(|conn| rule_list(conn, kind))?;
    let text = match kind {
        RuleKind::Policy => SHIPPED_POLICY,
        RuleKind::Calendar => SHIPPED_HOLIDAYS,
    };
    let digest = digest_of(kind, text)
        .map_err(|_| ServiceError::Internal("what is shipped has faults".into()))?;
    all.push(RuleVersion {
        version: 0,
        text: text.to_owned(),
        digest,
        activated_at: crate::domain::time::Timestamp::default(),
        account: None,
        account_name: None,
        reason: String::new(),
    });
    Ok(all)
}

/// The digest of what a text says.
///
/// # Errors
/// [`RuleRefused::Faulty`] with every fault.
pub fn digest_of(kind: RuleKind, text: &str) -> Result<Sha256Digest, RuleRefused> {
    let digest = match kind {
        RuleKind::Policy => UrgencyPolicy::from_toml_str(text)
            .map(|policy| policy.digest().to_owned())
            .map_err(|faults| {
                faults.into_iter().map(|fault| (fault.key, fault.what)).collect::<Vec<_>>()
            }),
        RuleKind::Calendar => {
            Calendar::from_csv_str(text).map(|calendar| calendar.digest()).map_err(|faults| {
                faults.into_iter().map(|fault| (fault.line.to_string(), fault.what)).collect()
            })
        }
    };
    let digest = digest.map_err(RuleRefused::Faulty)?;
    digest.parse().map_err(|_| ServiceError::Internal("no digest".into()).into())
}

/// Puts a text in force; this server follows at once, the others within seconds.
///
/// # Errors
/// [`RuleRefused`]; nothing has changed then.
pub fn change(service: &Service, ruling: &Ruling) -> Result<i32, RuleRefused> {
    let now = service.now();
    let Ruling { kind, text, seen, reason, by } = ruling.clone();
    let digest = digest_of(kind, &text)?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(RuleRefused::NoReason);
    }
    let before = history(service, kind)?;
    let in_force = before.first().ok_or(RuleRefused::Overtaken)?;
    if in_force.version != seen {
        return Err(RuleRefused::Overtaken);
    }
    if in_force.digest == digest {
        return Err(RuleRefused::NothingNew);
    }
    let actor = by.map_or(Actor::Operator, Actor::Account);
    let event =
        Event::new(EventId::new(now, service.entropy()?), EventKind::RulesChanged, now, actor)
            .fact("rules", kind.as_str())
            .fact("version", seen + 1)
            .digest("old", in_force.digest)
            .digest("new", digest)
            .personal("reason", reason.clone(), service.salt()?);
    let new = RuleVersion {
        version: seen + 1,
        text,
        digest,
        activated_at: now,
        account: by,
        account_name: None,
        reason,
    };
    let version = new.version;
    service.store.write("change_rules", move |tx| {
        if rule_newest(tx, kind)? != seen {
            return Err(RuleRefused::Overtaken);
        }
        rule_insert(tx, kind, &new)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(())
    })?;
    service
        .rules
        .refresh(&service.store)
        .map_err(|error| ServiceError::Internal(error.to_string()))?;
    tracing::info!(rules = kind.as_str(), version, "the rules were changed");
    Ok(version)
}
