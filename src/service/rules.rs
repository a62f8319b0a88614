//! The rules in force: the urgency policy and the holiday table, as shipped or as an
//! administrator changed them last. Every server looks every few seconds whether another one has
//! taken over a newer version; what was issued keeps the copy it was issued with.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};
use crate::domain::ladder::{SHIPPED_POLICY, UrgencyPolicy};
use crate::domain::rule_text::RuleKind;
use crate::store::rule_versions::{rule_list, rule_newest};
use crate::store::{Store, StoreError};

pub mod change;

pub use change::{RuleRefused, Ruling, change, history};

/// The rules in force, shared by everything that runs in this server.
pub struct Rules(RwLock<Held>);

#[derive(Clone)]
struct Held {
    policy: (i32, Arc<UrgencyPolicy>),
    calendar: (i32, Arc<Calendar>),
}

/// The rules cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BadRules {
    /// A text has faults, which only another version of this program can have let through.
    #[error("{} of version {version}: {}", .kind.as_str(), .faults.join("\n"))]
    Faulty {
        /// Which rules.
        kind: RuleKind,
        /// Which version; 0 is what is shipped.
        version: i32,
        /// Every fault.
        faults: Vec<String>,
    },
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl crate::store::WriteError for BadRules {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Faulty { .. } => None,
        }
    }
}

fn faulty<F: ToString>(kind: RuleKind, version: i32) -> impl Fn(Vec<F>) -> BadRules {
    move |faults| {
        let faults = faults.iter().map(ToString::to_string).collect();
        BadRules::Faulty { kind, version, faults }
    }
}

fn read_policy(version: i32, text: &str) -> Result<Arc<UrgencyPolicy>, BadRules> {
    let policy = UrgencyPolicy::from_toml_str(text);
    Ok(Arc::new(policy.map_err(faulty(RuleKind::Policy, version))?))
}

fn read_calendar(version: i32, text: &str) -> Result<Arc<Calendar>, BadRules> {
    let calendar = Calendar::from_csv_str(text);
    Ok(Arc::new(calendar.map_err(faulty(RuleKind::Calendar, version))?))
}

impl Rules {
    /// What is shipped.
    ///
    /// # Errors
    /// It contradicts itself.
    pub fn shipped() -> Result<Self, BadRules> {
        let policy = (0, read_policy(0, SHIPPED_POLICY)?);
        let calendar = (0, read_calendar(0, SHIPPED_HOLIDAYS)?);
        Ok(Self(RwLock::new(Held { policy, calendar })))
    }

    fn held(&self) -> Held {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What each level demands.
    #[must_use]
    pub fn policy(&self) -> Arc<UrgencyPolicy> {
        self.held().policy.1
    }

    /// Which days are worked.
    #[must_use]
    pub fn calendar(&self) -> Arc<Calendar> {
        self.held().calendar.1
    }

    /// The same, with its version; 0 is what is shipped.
    #[must_use]
    pub fn calendar_in_force(&self) -> (i32, Arc<Calendar>) {
        self.held().calendar
    }

    /// Looks whether newer versions are in force, and takes them over. Says whether anything
    /// changed. A text that cannot be read leaves what is held as it is.
    ///
    /// # Errors
    /// [`BadRules`] says which text cannot be read.
    pub fn refresh(&self, store: &Store) -> Result<bool, BadRules> {
        let mut held = self.held();
        let known = (held.policy.0, held.calendar.0);
        let newest = store.read(|conn| {
            Ok::<_, StoreError>((
                rule_newest(conn, RuleKind::Policy)?,
                rule_newest(conn, RuleKind::Calendar)?,
            ))
        })?;
        if newest == known {
            return Ok(false);
        }
        if let Some((version, text)) = newer(store, RuleKind::Policy, known.0)? {
            held.policy = (version, read_policy(version, &text)?);
        }
        if let Some((version, text)) = newer(store, RuleKind::Calendar, known.1)? {
            held.calendar = (version, read_calendar(version, &text)?);
        }
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; versions only go up.
        if place.policy.0 < held.policy.0 {
            place.policy = held.policy;
        }
        if place.calendar.0 < held.calendar.0 {
            place.calendar = held.calendar;
        }
        Ok(true)
    }

    /// Spells out for the log what the rules add up to.
    pub fn tell(&self) {
        let held = self.held();
        tracing::info!(
            policy_version = held.policy.0,
            policy_digest = held.policy.1.digest(),
            calendar_version = held.calendar.0,
            calendar_digest = held.calendar.1.digest(),
            "rules in force"
        );
        for total in held.policy.1.totals() {
            tracing::info!("{total}");
        }
    }
}

fn newer(store: &Store, kind: RuleKind, known: i32) -> Result<Option<(i32, String)>, BadRules> {
    let all = store.read(|conn| rule_list(conn, kind))?;
    let newest = all.into_iter().next().filter(|newest| newest.version > known);
    Ok(newest.map(|newest| (newest.version, newest.text)))
}
