//! Mail into memory, for tests: keeps what was sent, and answers as it was told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::compose::compose;
use super::{MailSession, Mailer, OutgoingMail, SendLimits, SendReport};
use crate::domain::message::{Happening, Phase};

const RELAY: &str = "memory";

#[derive(Debug, Default)]
struct Inner {
    tried: Vec<OutgoingMail>,
    received: Vec<OutgoingMail>,
    scripted: VecDeque<(Phase, Happening)>,
}

/// Collects mails. Clones look into the same box.
#[derive(Debug, Clone, Default)]
pub struct MemoryMailer(Arc<Mutex<Inner>>);

impl MemoryMailer {
    /// An empty box that accepts everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next sends end like this, in this order; after that everything is accepted again.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = (Phase, Happening)>) {
        self.with(|inner| inner.scripted.extend(answers));
    }

    /// Every attempt, in order.
    #[must_use]
    pub fn tried(&self) -> Vec<OutgoingMail> {
        self.with(|inner| inner.tried.clone())
    }

    /// Every mail that arrived, in order; one whose outcome was scripted as unknown did arrive,
    /// which is the harder case for the sender.
    #[must_use]
    pub fn received(&self) -> Vec<OutgoingMail> {
        self.with(|inner| inner.received.clone())
    }

    /// What arrived at one address, in order.
    #[must_use]
    pub fn mail_to(&self, address: &str) -> Vec<OutgoingMail> {
        let mut mails = self.received();
        mails.retain(|mail| mail.to.address == address);
        mails
    }

    /// Empties the box.
    pub fn clear(&self) {
        self.with(|inner| {
            inner.tried.clear();
            inner.received.clear();
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mailer for MemoryMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(self.clone())
    }
}

impl MailSession for MemoryMailer {
    fn send(&mut self, mail: &OutgoingMail, _limits: SendLimits) -> SendReport {
        // Built although nobody reads the bytes: a mail that cannot be built fails here as well.
        let built = compose(mail);
        self.with(|inner| {
            inner.tried.push(mail.clone());
            if let Err(error) = built {
                let happening = Happening::Unbuildable(error.to_string());
                return SendReport::of(RELAY, Phase::Prepare, &happening);
            }
            let report = match inner.scripted.pop_front() {
                Some((phase, happening)) => SendReport::of(RELAY, phase, &happening),
                None => SendReport::accepted(RELAY, "250 kept in memory"),
            };
            if report.outcome.may_have_arrived() {
                inner.received.push(mail.clone());
            }
            report
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::a_mail;
    use super::*;

    #[test]
    fn answers_follow_the_script_and_then_everything_is_accepted() {
        let mailer = MemoryMailer::new();
        let refusal = Happening::Reply { code: 550, text: "550 no".to_owned() };
        mailer.answer_next([(Phase::Recipient, refusal), (Phase::FinalDotWritten, Happening::Cut)]);
        let mut session = mailer.session();
        let kinds: Vec<&str> =
            (0..3).map(|_| session.send(&a_mail(), SendLimits::flash()).outcome.kind()).collect();
        assert_eq!(kinds, ["rejected", "unknown", "accepted"]);
        assert_eq!(mailer.tried().len(), 3);
        assert_eq!(mailer.mail_to("desk@wangcheng.example").len(), 2);
        assert!(mailer.mail_to("other@wangcheng.example").is_empty());
    }
}
