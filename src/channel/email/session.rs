//! One sender's way out by mail: words and envelope become one mail to one address.

use super::Rendered;
use crate::adapters::mail::{MailSession, Mailbox, Mailer, OutgoingMail, SendLimits, SendReport};
use crate::domain::time::Timestamp;

/// How long the next server may think about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurry {
    /// 特提: a minute, so that the next way is tried soon.
    Flash,
    /// Everything else.
    Ordinary,
}

impl Hurry {
    const fn limits(self) -> SendLimits {
        match self {
            Self::Flash => SendLimits::flash(),
            Self::Ordinary => SendLimits::ordinary(),
        }
    }
}

/// What stands on the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The one recipient.
    pub to: Mailbox,
    /// Where it comes back to, if not to its sender.
    pub return_path: Option<String>,
    /// The same at every attempt.
    pub message_id: String,
    /// When it is written.
    pub date: Timestamp,
}

/// A session of one sender thread.
pub struct EmailSession {
    way: Box<dyn MailSession>,
    from: Mailbox,
}

impl EmailSession {
    /// A session whose mails come from `from`.
    #[must_use]
    pub fn open(mailer: &dyn Mailer, from: Mailbox) -> Self {
        Self { way: mailer.session(), from }
    }

    /// Opens the way as far as possible without naming a mail.
    ///
    /// # Errors
    /// The report of an attempt that ended before MAIL FROM.
    pub fn prepare(&mut self, hurry: Hurry) -> Result<(), Box<SendReport>> {
        self.way.prepare(hurry.limits())
    }

    /// Hands one mail over, and says how far that got.
    pub fn send(&mut self, envelope: Envelope, words: Rendered, hurry: Hurry) -> SendReport {
        let mail = OutgoingMail {
            from: self.from.clone(),
            return_path: envelope.return_path,
            to: envelope.to,
            subject: words.subject,
            text: words.text,
            html: words.html,
            message_id: envelope.message_id,
            date: envelope.date,
        };
        self.way.send(&mail, hurry.limits())
    }
}
