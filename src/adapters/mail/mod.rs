//! The mail post office, with three faces: SMTP for production, a folder for the demo, memory
//! for tests.
//!
//! A session belongs to one sender thread and sends one mail to one recipient at a time. Refused
//! here: several recipients in one envelope, retrying by itself, knowing why a mail is sent.

mod compose;
mod dialogue;
mod folder;
mod memory;
mod settings;
mod smtp;
mod stream;
mod stuffing;
mod tls;

use std::time::Duration;

use crate::domain::message::{AttemptOutcome, Happening, Phase, classify};
use crate::domain::time::Timestamp;

pub use compose::{ComposeError, Composed, compose};
pub use folder::{FolderMailer, StoredMail};
pub use memory::MemoryMailer;
pub use settings::{BadSmtpConfig, Password, SmtpConfig, SmtpSecurity};
pub use smtp::SmtpMailer;
pub(in crate::adapters) use tls::client_config as trusted;

/// A way to get mails out. Shared by all sender threads.
pub trait Mailer: Send + Sync {
    /// A session for one sender thread.
    fn session(&self) -> Box<dyn MailSession>;
}

/// One sender thread's conversation with the next server; it may keep a connection open between
/// mails, and drops it on any doubt.
pub trait MailSession: Send {
    /// Opens the way as far as possible without naming a mail, so that the caller can look once
    /// more whether the mail is still wanted and then hand it over at once.
    ///
    /// # Errors
    /// The report of an attempt that ended before MAIL FROM.
    fn prepare(&mut self, _limits: SendLimits) -> Result<(), Box<SendReport>> {
        Ok(())
    }

    /// Hands one mail over, and says how far that got. Returns within `limits.overall`.
    fn send(&mut self, mail: &OutgoingMail, limits: SendLimits) -> SendReport;
}

/// How long one send may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendLimits {
    /// From the call to the report.
    pub overall: Duration,
    /// Waiting for the reply to the final dot.
    pub final_reply: Duration,
}

impl SendLimits {
    /// For 特提: one minute for the last reply, so that the next way is tried soon.
    #[must_use]
    pub const fn flash() -> Self {
        Self { overall: Duration::from_secs(120), final_reply: Duration::from_secs(60) }
    }

    /// For everything else: ten minutes for the last reply (RFC 5321 §4.5.3.2.6).
    #[must_use]
    pub const fn ordinary() -> Self {
        Self { overall: Duration::from_secs(900), final_reply: Duration::from_secs(600) }
    }
}

/// A name and an address as they stand in From or To.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Name shown to people; cleaned before use, may be empty.
    pub name: String,
    /// Address, ASCII only.
    pub address: String,
}

/// One mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Who sends.
    pub from: Mailbox,
    /// The envelope's sender, where it is another: what comes back goes there.
    pub return_path: Option<String>,
    /// Who receives; the envelope's only recipient.
    pub to: Mailbox,
    /// Subject, unencoded.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// Message-ID header with its angle brackets, the same at every attempt.
    pub message_id: String,
    /// Date header.
    pub date: Timestamp,
}

/// How one attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReport {
    /// What it amounts to.
    pub outcome: AttemptOutcome,
    /// How far it got.
    pub phase: Phase,
    /// The last reply that was read for this mail, on one line and bounded.
    pub reply: Option<String>,
    /// Who was spoken to, for people: `mail.example:465`.
    pub relay: String,
    /// How long after the call MAIL FROM went out; `None` if it never did. What was committed
    /// between that instant and the report crossed this mail on its way.
    pub began_after: Option<Duration>,
    /// How long the call took.
    pub took: Duration,
}

impl SendReport {
    /// The report of what `happening` in `phase` amounts to, with times still at zero.
    #[must_use]
    pub fn of(relay: &str, phase: Phase, happening: &Happening) -> Self {
        let reply = match happening {
            Happening::Reply { text, .. } => Some(text.clone()),
            _ => None,
        };
        Self {
            outcome: classify(phase, happening),
            phase,
            reply,
            relay: relay.to_owned(),
            began_after: None,
            took: Duration::ZERO,
        }
    }

    fn accepted(relay: &str, text: &str) -> Self {
        let happening = Happening::Reply { code: 250, text: text.to_owned() };
        Self::of(relay, Phase::FinalDotWritten, &happening)
    }
}

/// What can go wrong in setting up a way for mail or in reading the demo mailbox.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] BadSmtpConfig),
    /// No certificate to trust.
    #[error("no certificate authority is known: install the system's CA bundle, or name a file")]
    NoRoots,
    /// The extra CA file cannot be used.
    #[error("the CA file {path} cannot be used: {why}")]
    CaFile {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// A folder cannot be read or written.
    #[error("the mail folder {path} cannot be used: {source}")]
    Folder {
        /// Which path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
