//! Use-cases: one verb per file. The only floor that opens write transactions.
//!
//! Plain synchronous functions over [`Service`]. Each asks the clock once and passes `now` on.
//! Never here: HTTP, HTML, SQL.

use std::sync::Arc;

use crate::adapters::clock::Clock;
use crate::adapters::files::Files;
use crate::adapters::random::{self, NoRandomness, Random};
use crate::adapters::secrets::keys::Keys;
use crate::adapters::secrets::passwords::{PasswordFault, Passwords};
use crate::domain::calendar::{Calendar, hex};
use crate::domain::ids::IdEntropy;
use crate::domain::ladder::UrgencyPolicy;
use crate::domain::network::Network;
use crate::domain::time::{Span, Timestamp};
use crate::store::{Store, StoreError, WriteError};

pub mod accounts;
pub mod compose;
pub mod demo_mailbox;
pub mod directory;
pub mod import_directory;
pub mod issue;
pub mod outlook;
pub mod pick;
pub mod preview;
pub mod release_and_issue;
pub mod send_back;
pub mod sessions;
pub mod submit;
pub mod upload;
pub mod verify_receipt;
pub mod visit;

/// Everything a use-case needs, put together in `app.rs`. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    /// The database.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// The files of notices.
    pub files: Arc<dyn Files>,
    /// Keys that live outside the database.
    pub keys: Arc<Keys>,
    /// Password hashing behind its semaphore.
    pub passwords: Arc<Passwords>,
    /// What each level of urgency demands.
    pub policy: Arc<UrgencyPolicy>,
    /// Which days are worked.
    pub calendar: Arc<Calendar>,
    /// Facts about the installation.
    pub settings: Arc<Settings>,
}

/// Facts about the installation that use-cases need.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where links lead, without a slash at the end.
    pub public_url: String,
    /// The network mails and pages travel on.
    pub network: Network,
    /// Domain part of Message-IDs.
    pub message_id_domain: String,
    /// Bytes of one uploaded file, at most.
    pub upload_bytes_max: u64,
    /// Sessions of offices end after this long without use.
    pub session_idle: Span,
    /// Sessions of offices end after this long in any case.
    pub session_longest: Span,
    /// Sessions of administrators end after this long without use.
    pub admin_session_idle: Span,
    /// Sessions of administrators end after this long in any case.
    pub admin_session_longest: Span,
}

/// Why a use-case did not do what was asked. Nothing of it remains.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Absent, or another office's: the two look the same.
    #[error("not found")]
    NotFound,
    /// Something changed in between; the text says what, for the page.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Too much at once.
    #[error("busy")]
    Busy,
    /// Anything else; for the log, not for the page.
    #[error("{0}")]
    Internal(String),
}

impl WriteError for ServiceError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NoRandomness> for ServiceError {
    fn from(error: NoRandomness) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<PasswordFault> for ServiceError {
    fn from(fault: PasswordFault) -> Self {
        match fault {
            PasswordFault::Busy => Self::Busy,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl Service {
    /// The instant now. A unit of work asks once.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Random bits for one id.
    ///
    /// # Errors
    /// The operating system has none to give.
    pub fn entropy(&self) -> Result<IdEntropy, ServiceError> {
        Ok(random::bytes(self.random.as_ref())?)
    }

    /// A key for one form: posted twice, the form is one act.
    ///
    /// # Errors
    /// The operating system has none to give.
    pub fn form_key(&self) -> Result<String, ServiceError> {
        let bits: [u8; 16] = random::bytes(self.random.as_ref())?;
        Ok(hex(&bits))
    }

    /// A salt for one personal value in an event.
    ///
    /// # Errors
    /// The operating system has none to give.
    pub fn salt(&self) -> Result<[u8; 16], ServiceError> {
        Ok(random::bytes(self.random.as_ref())?)
    }
}
