//! An address of the operator's that is told that all is well, or that something is wrong. Its
//! host alone is called, by the rules of every call outwards; nobody waits for a sign of life.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::mail::MailError;
use super::outcall::{CallRules, Caller, Request};
use crate::domain::address::WebhookUrl;

/// How the last calls went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutwardStanding {
    /// Calls that failed since one was answered.
    pub failed_in_a_row: u32,
    /// Calls that failed since this server started.
    pub failed: u64,
    /// What the last failure said.
    pub why: String,
}

#[derive(Default)]
struct State {
    under_way: bool,
    standing: OutwardStanding,
}

/// Where to tell. Clones tell the same.
#[derive(Clone)]
pub struct Outward {
    url: WebhookUrl,
    method: &'static str,
    caller: Caller,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Outward {
    /// Path and query may hold a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outward").field("url", &self.url.authority()).finish_non_exhaustive()
    }
}

impl Outward {
    /// An address that is told by `GET` or `POST`. It may lie in the house's own network, because
    /// the operator wrote it.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn open(
        url: WebhookUrl,
        method: &'static str,
        extra_ca: Option<&Path>,
    ) -> Result<Self, MailError> {
        let host = url.host().to_owned();
        let rules = CallRules {
            ports: vec![url.port()],
            hosts: vec![host.clone()],
            internal_hosts: vec![host],
            plain_loopback: true,
        };
        Ok(Self { caller: Caller::new(rules, extra_ca)?, url, method, state: Arc::default() })
    }

    /// Tells, and waits for the answer; at most as long as a call may take.
    ///
    /// # Errors
    /// Why it counts as not told.
    pub fn tell(&self, body: &str) -> Result<(), String> {
        let headers = [("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
        let request = Request {
            method: self.method,
            path: self.url.path(),
            headers: if body.is_empty() { &[] } else { &headers },
            body: body.as_bytes(),
        };
        let told = match self.caller.call(&self.url, &request) {
            Ok(reply) if (200..300).contains(&reply.status) => Ok(()),
            Ok(reply) => Err(format!("HTTP {}", reply.status)),
            Err(fault) => Err(fault.to_string()),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = &mut state.standing;
        match &told {
            Ok(()) => standing.failed_in_a_row = 0,
            Err(why) => {
                standing.failed_in_a_row = standing.failed_in_a_row.saturating_add(1);
                standing.failed = standing.failed.saturating_add(1);
                standing.why.clone_from(why);
            }
        }
        told
    }

    /// Tells beside, so that nobody waits; while one call is under way, no second one begins.
    pub fn tell_aside(&self, body: &'static str) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if std::mem::replace(&mut state.under_way, true) {
                return;
            }
        }
        let aside = self.clone();
        let begun = thread::Builder::new().name("outward".to_owned()).spawn(move || {
            if let Err(why) = aside.tell(body) {
                tracing::warn!(to = aside.url.authority(), why, "a sign of life was not taken");
            }
            aside.state.lock().unwrap_or_else(PoisonError::into_inner).under_way = false;
        });
        if let Err(error) = begun {
            tracing::warn!(%error, "no thread for a sign of life");
            self.state.lock().unwrap_or_else(PoisonError::into_inner).under_way = false;
        }
    }

    /// How the last calls went.
    #[must_use]
    pub fn standing(&self) -> OutwardStanding {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).standing.clone()
    }
}
