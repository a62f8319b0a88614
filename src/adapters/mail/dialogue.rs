//! The SMTP dialogue: what is said in which order, and how far it got.
//!
//! lettre's grammar writes the commands and reads the replies; the order, the deadlines and the
//! phase are ours, because no client tells whether the final dot was written. One recipient per
//! transaction. A conversation in any doubt is `closing` and must be dropped.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use rustls::ClientConfig;

use super::compose::Composed;
use super::settings::{SmtpConfig, SmtpSecurity};
use super::stream::{Reply, Wire};
use super::stuffing::{FINAL_DOT, stuffed};
use crate::domain::message::{Happening, Phase};

/// How long RSET may take; a server that is slower than this gets a new connection next time.
const RESET_LIMIT: Duration = Duration::from_secs(5);
/// How long the good-bye may block.
const FAREWELL_LIMIT: Duration = Duration::from_millis(200);

/// Where an attempt stopped, and on what. The end of a good transaction is one, too.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) phase: Phase,
    pub(super) happening: Happening,
}

/// A command of the envelope: its phase, its text, and the codes that let it pass.
type Step = (Phase, String, &'static [u16]);

/// Shorthand: errors of the wire happen in a phase.
trait InPhase<T> {
    fn at(self, phase: Phase) -> Result<T, Stop>;
}

impl<T> InPhase<T> for Result<T, Happening> {
    fn at(self, phase: Phase) -> Result<T, Stop> {
        self.map_err(|happening| Stop { phase, happening })
    }
}

/// The end of the whole call; every single wait ends no later.
#[derive(Clone, Copy)]
pub(super) struct Deadline(pub(super) Instant);

impl Deadline {
    fn within(self, limit: Duration) -> Instant {
        // An instant that cannot be represented lies after any deadline.
        Instant::now().checked_add(limit).map_or(self.0, |end| end.min(self.0))
    }
}

/// What EHLO offered. lettre's own reader knows no PIPELINING, is case-sensitive and panics on a
/// line of blanks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Offers {
    pipelining: bool,
    starttls: bool,
    plain: bool,
    login: bool,
}

impl Offers {
    fn of(response: &Response) -> Self {
        let mut offers = Self::default();
        for line in response.message().skip(1) {
            // Old servers write "AUTH=LOGIN".
            let upper = line.to_ascii_uppercase().replace("AUTH=", "AUTH ");
            let mut words = upper.split_whitespace();
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("STARTTLS") => offers.starttls = true,
                Some("AUTH") => {
                    for way in words {
                        offers.plain |= way == "PLAIN";
                        offers.login |= way == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// An open, greeted and, where asked for, encrypted and logged-in connection.
pub(super) struct Conversation {
    wire: Wire,
    offers: Offers,
    closing: bool,
    last_used: Instant,
}

impl Conversation {
    /// Everything before the first MAIL FROM.
    pub(super) fn open(
        config: &SmtpConfig,
        tls: Option<&Arc<ClientConfig>>,
        end: Deadline,
    ) -> Result<Self, Stop> {
        let connect_end = end.within(config.connect_timeout);
        let plain = config.security == SmtpSecurity::PlainLoopback;
        let mut wire =
            Wire::connect(&config.host, config.port, plain, connect_end).at(Phase::Connect)?;
        if let (SmtpSecurity::Implicit, Some(tls)) = (config.security, tls) {
            wire = wire.into_tls(tls, &config.host, connect_end).at(Phase::Tls)?;
        }
        let now = Instant::now();
        let offers = Offers::default();
        let mut talk = Self { wire, offers, closing: false, last_used: now };
        let banner = talk.wire.reply(end.within(config.command_timeout));
        expect(banner, Phase::Greeting, &[220])?;
        talk.hello(config, end)?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (config.security, tls) {
            talk = talk.start_tls(config, tls, end)?;
        }
        talk.log_in(config, end)?;
        Ok(talk)
    }

    fn ask(
        &mut self,
        command: &dyn Display,
        phase: Phase,
        good: &[u16],
        end: Instant,
    ) -> Result<Reply, Stop> {
        if self.wire.has_leftovers() {
            let why = "the server spoke without being asked".to_owned();
            return Err(Stop { phase, happening: Happening::Garbled(why) });
        }
        self.wire.write(command.to_string().as_bytes(), end).at(phase)?;
        expect(self.wire.reply(end), phase, good)
    }

    fn hello(&mut self, config: &SmtpConfig, end: Deadline) -> Result<(), Stop> {
        let hello = Ehlo::new(ClientId::Domain(config.hello_name.clone()));
        let until = end.within(config.command_timeout);
        let reply = self.ask(&hello, Phase::Hello, &[250], until)?;
        self.offers = Offers::of(&reply.response);
        Ok(())
    }

    fn start_tls(
        mut self,
        config: &SmtpConfig,
        tls: &Arc<ClientConfig>,
        end: Deadline,
    ) -> Result<Self, Stop> {
        if !self.offers.starttls {
            let why = "the mail server does not offer STARTTLS".to_owned();
            return Err(Stop { phase: Phase::Tls, happening: Happening::NotOffered(why) });
        }
        self.ask(&Starttls, Phase::Tls, &[220], end.within(config.command_timeout))?;
        let until = end.within(config.connect_timeout);
        self.wire = self.wire.into_tls(tls, &config.host, until).at(Phase::Tls)?;
        // What was offered before TLS could have been written by anybody.
        self.hello(config, end)?;
        Ok(self)
    }

    fn log_in(&mut self, config: &SmtpConfig, end: Deadline) -> Result<(), Stop> {
        let (Some(username), Some(password)) = (&config.username, &config.password) else {
            return Ok(());
        };
        let credentials = Credentials::new(username.clone(), password.reveal().to_owned());
        let until = end.within(config.command_timeout);
        let phase = Phase::Auth;
        let unfit = |_| Stop {
            phase,
            happening: Happening::Garbled("the log-in challenge is not understood".to_owned()),
        };
        if self.offers.plain {
            let auth = Auth::new(Mechanism::Plain, credentials, None).map_err(unfit)?;
            self.ask(&auth, phase, &[235], until)?;
        } else if self.offers.login {
            let auth = Auth::new(Mechanism::Login, credentials.clone(), None).map_err(unfit)?;
            let mut challenge = self.ask(&auth, phase, &[334], until)?;
            for good in [334, 235] {
                let said = &challenge.response;
                let auth = Auth::new_from_response(Mechanism::Login, credentials.clone(), said)
                    .map_err(unfit)?;
                challenge = self.ask(&auth, phase, &[good], until)?;
            }
        } else {
            let why = "the mail server offers neither AUTH PLAIN nor AUTH LOGIN".to_owned();
            return Err(Stop { phase, happening: Happening::NotOffered(why) });
        }
        Ok(())
    }

    /// Whether the next mail may go over this connection.
    pub(super) fn is_fit(&mut self, idle_max: Duration) -> bool {
        !self.closing && self.last_used.elapsed() < idle_max && self.wire.is_quiet()
    }

    /// One transaction. Afterwards [`Self::is_closing`] tells whether the connection is over.
    pub(super) fn deliver(
        &mut self,
        mail: &Composed,
        config: &SmtpConfig,
        final_reply: Duration,
        end: Deadline,
    ) -> Stop {
        // Until the end is reached in good order, the connection counts as doubtful.
        self.closing = true;
        let stop = match self.envelope(mail, config, end) {
            Ok(()) => self.content(mail, config, final_reply, end),
            Err(stop) => stop,
        };
        self.last_used = Instant::now();
        stop
    }

    /// MAIL, RCPT and DATA: in one write where the server offers PIPELINING.
    fn envelope(
        &mut self,
        mail: &Composed,
        config: &SmtpConfig,
        end: Deadline,
    ) -> Result<(), Stop> {
        let from = Mail::new(Some(mail.from.clone()), vec![]).to_string();
        let to = Rcpt::new(mail.to.clone(), vec![]).to_string();
        let steps: [Step; 3] = [
            (Phase::MailFrom, from, &[250]),
            (Phase::Recipient, to, &[250, 251]),
            (Phase::Data, Data.to_string(), &[354]),
        ];
        if self.offers.pipelining {
            self.all_at_once(&steps, config, end)
        } else {
            self.one_by_one(&steps, config, end)
        }
    }

    fn one_by_one(
        &mut self,
        steps: &[Step],
        config: &SmtpConfig,
        end: Deadline,
    ) -> Result<(), Stop> {
        for (phase, command, good) in steps {
            let until = end.within(config.command_timeout);
            if let Err(stop) = self.ask(command, *phase, good, until) {
                if stop.is_plain_refusal() {
                    self.reset(end);
                }
                return Err(stop);
            }
        }
        Ok(())
    }

    fn all_at_once(
        &mut self,
        steps: &[Step],
        config: &SmtpConfig,
        end: Deadline,
    ) -> Result<(), Stop> {
        let all: String = steps.iter().map(|(_, command, _)| command.as_str()).collect();
        let until = end.within(config.command_timeout);
        self.wire.write(all.as_bytes(), until).at(Phase::MailFrom)?;
        let mut refused: Option<Stop> = None;
        let mut data_open = false;
        for (phase, _, good) in steps {
            match expect(self.wire.reply(end.within(config.command_timeout)), *phase, good) {
                Ok(_) => data_open = *phase == Phase::Data,
                // The first refusal is the answer; the rest is read to stay in step.
                Err(stop) if stop.is_plain_refusal() => {
                    refused.get_or_insert(stop);
                }
                Err(stop) => return Err(refused.unwrap_or(stop)),
            }
        }
        if let Some(stop) = refused {
            self.back_out(&stop, data_open, config, end);
            return Err(stop);
        }
        if self.wire.has_leftovers() {
            let why = "a reply too many before the message".to_owned();
            return Err(Stop { phase: Phase::Data, happening: Happening::Garbled(why) });
        }
        Ok(())
    }

    /// After a refusal among pipelined commands. If DATA was opened all the same, a lone dot ends
    /// it (RFC 2920 §3.1): without a recipient there is nobody to get the empty message.
    fn back_out(&mut self, stop: &Stop, data_open: bool, config: &SmtpConfig, end: Deadline) {
        if data_open {
            if stop.phase != Phase::Recipient {
                return;
            }
            let until = end.within(config.command_timeout);
            if self.wire.write(FINAL_DOT, until).is_err() || self.wire.reply(until).is_err() {
                return;
            }
        }
        self.reset(end);
    }

    /// Back to a clean state with RSET; only then may the connection be used again.
    fn reset(&mut self, end: Deadline) {
        let until = end.within(RESET_LIMIT);
        let done = self.ask(&Rset, Phase::MailFrom, &[250], until).is_ok();
        self.closing = !done || self.wire.has_leftovers();
    }

    fn content(
        &mut self,
        mail: &Composed,
        config: &SmtpConfig,
        final_reply: Duration,
        end: Deadline,
    ) -> Stop {
        let body = stuffed(mail.bytes());
        if let Err(stop) = self.wire.write(&body, end.within(config.body_timeout)).at(Phase::Body) {
            return stop;
        }
        // From the next byte on, the server may have the whole message.
        let phase = Phase::FinalDotWritten;
        if let Err(stop) = self.wire.write(FINAL_DOT, end.within(config.body_timeout)).at(phase) {
            return stop;
        }
        let reply = match self.wire.reply(end.within(final_reply)).at(phase) {
            Ok(reply) => reply,
            Err(stop) => return stop,
        };
        if self.wire.has_leftovers() {
            let why = format!("a reply too many after: {}", reply.text);
            return Stop { phase, happening: Happening::Garbled(why) };
        }
        let stop = Stop { phase, happening: reply.into() };
        let accepted = matches!(stop.happening, Happening::Reply { code: 250, .. });
        self.closing = !(accepted || stop.is_plain_refusal());
        stop
    }

    /// Whether this connection must not be used again.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// QUIT, without waiting for what the server has to say.
    pub(super) fn farewell(mut self) {
        if let Some(until) = Instant::now().checked_add(FAREWELL_LIMIT) {
            self.wire.farewell(&Quit.to_string(), until);
        }
    }
}

impl Stop {
    /// A refusal after which the server still listens.
    fn is_plain_refusal(&self) -> bool {
        matches!(self.happening, Happening::Reply { code: 400..=599, .. }) && !self.is_good_bye()
    }

    fn is_good_bye(&self) -> bool {
        matches!(self.happening, Happening::Reply { code: 421, .. })
    }

    /// The server was gone before it heard of this mail: the old connection's end, not an answer.
    pub(super) fn is_stale_connection(&self) -> bool {
        let gone = self.is_good_bye() || self.happening == Happening::Cut;
        self.phase == Phase::MailFrom && gone
    }
}

fn expect(reply: Result<Reply, Happening>, phase: Phase, good: &[u16]) -> Result<Reply, Stop> {
    let reply = reply.at(phase)?;
    if good.contains(&reply.code) {
        Ok(reply)
    } else {
        Err(Stop { phase, happening: reply.into() })
    }
}
