//! One sender's ways out: what was written goes by the way it was written for.

use crate::adapters::mail::SendReport;
use crate::adapters::outcall::Caller;
use crate::channel::email::{EmailSession, Envelope, Hurry, Rendered};
use crate::channel::sms::Gateway;
use crate::channel::webhook::{self, WebhookMessage};
use crate::domain::message::{Channel, Happening, Phase};
use crate::service::Service;

/// A message in the form of its way.
pub(super) enum Written {
    /// A mail.
    Mail(Box<(Envelope, Rendered)>),
    /// A call to a system of the recipient's.
    Call(Box<WebhookMessage>),
    /// A short message.
    Text {
        /// To which number.
        mobile: String,
        /// What it says.
        text: String,
    },
}

/// The ways of one sender: its own session for mail, the others as all have them.
pub(super) struct Ways {
    email: EmailSession,
    webhook: Option<Caller>,
    sms: Option<Gateway>,
}

impl Ways {
    pub(super) fn open(service: &Service) -> Self {
        let from = service.settings.mail_from.clone();
        Self {
            email: EmailSession::open(service.mailer.as_ref(), from),
            webhook: service.outlets.webhook.clone(),
            sms: service.outlets.sms.clone(),
        }
    }

    /// Opens a way as far as possible without naming a message.
    pub(super) fn prepare(&mut self, way: Channel, hurry: Hurry) -> Result<(), Box<SendReport>> {
        match way {
            Channel::Email => self.email.prepare(hurry),
            Channel::Sms | Channel::Webhook => Ok(()),
        }
    }

    pub(super) fn send(&mut self, written: Written, hurry: Hurry) -> SendReport {
        let closed = || {
            let why = "this way is not set up here".to_owned();
            SendReport::of("", Phase::Connect, &Happening::Unreachable(why))
        };
        match written {
            Written::Mail(mail) => {
                let (envelope, words) = *mail;
                self.email.send(envelope, words, hurry)
            }
            Written::Call(message) => {
                self.webhook.as_ref().map_or_else(closed, |way| webhook::send(way, &message))
            }
            Written::Text { mobile, text } => {
                self.sms.as_ref().map_or_else(closed, |way| way.send(&mobile, &text))
            }
        }
    }
}
