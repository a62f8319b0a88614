//! Mail by SMTP to one configured next server: opens connections, keeps them while they are
//! beyond doubt, and reports every attempt by the phase it reached.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::compose::compose;
use super::dialogue::{Conversation, Deadline, Stop};
use super::settings::{SmtpConfig, SmtpSecurity};
use super::tls::client_config;
use super::{MailError, MailSession, Mailer, OutgoingMail, SendLimits, SendReport};
use crate::domain::message::{Happening, Phase};

/// A connection that lay still for longer is not trusted to be there.
const IDLE_MAX: Duration = Duration::from_secs(30);

struct Shared {
    config: SmtpConfig,
    relay: String,
    tls: Option<Arc<ClientConfig>>,
}

/// Sends by SMTP.
pub struct SmtpMailer(Arc<Shared>);

impl SmtpMailer {
    /// Checks the settings and loads the certificate authorities; speaks to nobody yet.
    ///
    /// # Errors
    /// The settings or the certificate authorities are unusable.
    pub fn new(config: SmtpConfig) -> Result<Self, MailError> {
        config.validate()?;
        let tls = match config.security {
            SmtpSecurity::PlainLoopback => None,
            SmtpSecurity::Implicit | SmtpSecurity::StartTls => {
                Some(client_config(config.extra_ca.as_deref())?)
            }
        };
        let relay = config.relay();
        Ok(Self(Arc::new(Shared { config, relay, tls })))
    }
}

impl Mailer for SmtpMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(SmtpSession { shared: Arc::clone(&self.0), open: None })
    }
}

struct SmtpSession {
    shared: Arc<Shared>,
    open: Option<Conversation>,
}

impl SmtpSession {
    /// A fit connection, and whether it has served before.
    fn conversation(&mut self, end: Deadline) -> Result<(Conversation, bool), Stop> {
        if let Some(mut talk) = self.open.take()
            && talk.is_fit(IDLE_MAX)
        {
            return Ok((talk, true));
        }
        let shared = &self.shared;
        Conversation::open(&shared.config, shared.tls.as_ref(), end).map(|talk| (talk, false))
    }

    fn report(&self, stop: &Stop, started: Instant, began: Option<Instant>) -> SendReport {
        SendReport {
            began_after: began.map(|at| at.saturating_duration_since(started)),
            took: started.elapsed(),
            ..SendReport::of(&self.shared.relay, stop.phase, &stop.happening)
        }
    }
}

fn deadline(started: Instant, overall: Duration) -> Deadline {
    Deadline(started.checked_add(overall).unwrap_or(started))
}

impl MailSession for SmtpSession {
    fn prepare(&mut self, limits: SendLimits) -> Result<(), Box<SendReport>> {
        let started = Instant::now();
        match self.conversation(deadline(started, limits.overall)) {
            Ok((talk, _)) => {
                self.open = Some(talk);
                Ok(())
            }
            Err(stop) => Err(Box::new(self.report(&stop, started, None))),
        }
    }

    fn send(&mut self, mail: &OutgoingMail, limits: SendLimits) -> SendReport {
        let started = Instant::now();
        let end = deadline(started, limits.overall);
        let composed = match compose(mail) {
            Ok(composed) => composed,
            Err(error) => {
                let happening = Happening::Unbuildable(error.to_string());
                return self.report(&Stop { phase: Phase::Prepare, happening }, started, None);
            }
        };
        loop {
            let (mut talk, reused) = match self.conversation(end) {
                Ok(found) => found,
                Err(stop) => return self.report(&stop, started, None),
            };
            let began = Instant::now();
            let stop = talk.deliver(&composed, &self.shared.config, limits.final_reply, end);
            if !talk.is_closing() {
                self.open = Some(talk);
            } else if reused && stop.is_stale_connection() {
                // Once at most: the next round has a fresh connection.
                continue;
            }
            return self.report(&stop, started, Some(began));
        }
    }
}

impl Drop for SmtpSession {
    fn drop(&mut self) {
        if let Some(talk) = self.open.take() {
            talk.farewell();
        }
    }
}
