//! Use-cases: one verb per file. The only floor that opens write transactions.
//!
//! Plain synchronous functions over [`Service`]. Each asks the clock once and passes `now` on.
//! Never here: HTTP, HTML, SQL.

use std::sync::Arc;

use crate::adapters::clock::Clock;
use crate::adapters::files::text::reader::TextReader;
use crate::adapters::files::{Files, FilesFault};
use crate::adapters::mail::{Mailbox, Mailer};
use crate::adapters::random::{self, NoRandomness, Random};
use crate::adapters::secrets::keys::Keys;
use crate::adapters::secrets::passwords::{PasswordFault, Passwords};
use crate::channel::Outlets;
use crate::domain::call::CoolDown;
use crate::domain::digest::hex;
use crate::domain::evidence::Event;
use crate::domain::ids::IdEntropy;
use crate::domain::message::RetrySchedule;
use crate::domain::network::Network;
use crate::domain::time::{Span, Timestamp};
use crate::store::{Store, StoreError, WriteError};
use bell::Bell;
use rules::Rules;

pub mod accounts;
pub mod acknowledge;
pub mod acts;
pub mod add_recipients;
pub mod alarm;
pub mod ask_again;
pub mod audit_look;
pub mod bell;
pub mod board;
pub mod call;
pub mod call_code;
pub mod channel_health;
pub mod claim_calls;
pub mod close;
pub mod compose;
pub mod confirm_marks;
pub mod coverage;
pub mod decide_return;
pub mod delegate;
pub mod delete_draft;
pub mod deliver;
pub mod demo;
pub mod demo_mailbox;
pub mod directory;
pub mod download;
pub mod duty;
pub mod end_notice;
pub mod escalate;
pub mod escalate_by_hand;
pub mod fetch_note;
pub mod import_directory;
pub mod issue;
pub mod keep_time;
pub mod lanes;
pub mod move_deadlines;
pub mod note;
pub mod notices;
pub mod offer;
pub mod open;
pub mod operate_accounts;
pub mod outlook;
mod phone_confirm;
pub mod pick;
pub mod preview;
pub mod read_bounce;
pub mod read_text;
pub mod readiness;
mod receipt_body;
pub mod receipt_file;
pub mod receive;
mod recipient_rows;
pub mod refuse_classified;
pub mod register_viewing;
pub mod release_afterwards;
pub mod release_and_issue;
pub mod remind_by_hand;
pub mod resend;
pub mod return_notice;
pub mod rules;
pub mod scope;
pub mod self_check;
pub mod send_back;
pub mod sessions;
pub mod shift;
pub mod short_code;
pub mod standing;
pub mod stop_chasing;
pub mod story;
pub mod submit;
pub mod supersede;
pub mod tell_duty;
mod tell_older;
pub mod upload;
pub mod verify_address;
pub mod verify_receipt;
pub mod visit;
pub mod vouch;
pub mod watch;
pub mod watch_calendar;

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
    /// Reads the words of files, away from everything else.
    pub texts: Arc<TextReader>,
    /// Keys that live outside the database.
    pub keys: Arc<Keys>,
    /// Password hashing behind its semaphore.
    pub passwords: Arc<Passwords>,
    /// What each level of urgency demands, and which days are worked, as they stand now.
    pub rules: Arc<Rules>,
    /// The way mails leave.
    pub mailer: Arc<dyn Mailer>,
    /// Wakes the workers: rung after a write that owes messages.
    pub bell: Arc<Bell>,
    /// Whether this server's duties go round, and which alarms are open.
    pub watch: Arc<watch::Watch>,
    /// Facts about the installation.
    pub settings: Arc<Settings>,
    /// The ways into the writer for acts that come in bursts.
    pub lanes: lanes::Lanes,
    /// Visits by link that are being proved.
    pub visits: visit::Visits,
    /// Issued versions that recipients look at.
    pub offers: offer::Offers,
    /// The ways out beside mail, and the limits of all.
    pub outlets: Outlets,
    /// Codes of short messages that led nowhere lately.
    pub misses: Arc<short_code::Misses>,
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
    /// Where mails come back to, with the message's name behind a `+`; empty: to whoever sends.
    pub return_path: String,
    /// The maildir in which returned mails lie, if the installation has one.
    pub bounce_folder: Option<std::path::PathBuf>,
    /// Who mails come from.
    pub mail_from: Mailbox,
    /// How messages are tried.
    pub sending: Sending,
    /// How the duty desk works.
    pub duty: DutyRules,
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

/// How the duty desk works.
#[derive(Debug, Clone, Copy)]
pub struct DutyRules {
    /// How long an organisation is left alone after a person told or reminded it.
    pub cool_down: CoolDown,
    /// Calls that a 市州 was asked to make come back after this long without a report.
    pub delegated_calls_return_after: Span,
    /// The page of such calls can still be opened for this long after they ended.
    pub delegated_page_stays: Span,
}

impl Default for DutyRules {
    fn default() -> Self {
        Self {
            cool_down: CoolDown { flash: Span::minutes(10), other: Span::hours(1) },
            delegated_calls_return_after: Span::minutes(15),
            delegated_page_stays: Span::hours(12),
        }
    }
}

/// How messages are tried.
#[derive(Debug, Clone)]
pub struct Sending {
    /// How long a worker may hold a message without a sign of life.
    pub lease: Span,
    /// How often workers look for what is due when nothing wakes them.
    pub poll: Span,
    /// A message that could not be handed over for this long is given up.
    pub lifetime: Span,
    /// Waits between tries for 特提.
    pub retry_flash: RetrySchedule,
    /// Waits between tries for everything else.
    pub retry_ordinary: RetrySchedule,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            lease: Span::seconds(15),
            poll: Span::millis(500),
            lifetime: Span::hours(7 * 24),
            retry_flash: RetrySchedule::flash(),
            retry_ordinary: RetrySchedule::ordinary(),
        }
    }
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

impl From<FilesFault> for ServiceError {
    fn from(fault: FilesFault) -> Self {
        Self::Internal(fault.to_string())
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

    /// Adds personal values to an event, each under a salt of its own.
    fn with_personal(
        &self,
        event: Event,
        values: &[(&'static str, &str)],
    ) -> Result<Event, ServiceError> {
        let salts = random::several(self.random.as_ref(), values.len())?;
        let salted = values.iter().zip(salts);
        Ok(salted.fold(event, |event, ((name, value), salt)| event.personal(name, *value, salt)))
    }

    /// A salt for one personal value in an event.
    ///
    /// # Errors
    /// The operating system has none to give.
    pub fn salt(&self) -> Result<[u8; 16], ServiceError> {
        Ok(random::bytes(self.random.as_ref())?)
    }
}
