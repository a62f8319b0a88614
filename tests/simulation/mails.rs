//! The relay of a played seed: what must be so when a mail begins, and every way it can end.

use std::sync::Weak;

use qianshou::adapters::mail::{MailSession, Mailer, OutgoingMail, SendLimits, SendReport};
use qianshou::domain::message::{Happening, Phase, message_id_header};
use qianshou::domain::time::{Span, Timestamp};

use crate::machines::SKEW_MICROS;
use crate::mutants::Knob;
use crate::play::{Play, held};

/// How far the times of two servers may be apart.
const CLOCKS_APART: Span = Span::micros(2 * SKEW_MICROS);

impl Play {
    /// A mail begins: what must be so at this instant.
    fn begin_mail(&self, mail: &OutgoingMail) -> String {
        self.flush();
        let header = match self.knob {
            Some(Knob::MessageIdPerAttempt) => {
                let sent = held(&self.history).sent.values().sum::<u32>();
                format!("<{sent}@elsewhere>")
            }
            _ => mail.message_id.clone(),
        };
        let Some(id) = self.message_of(&header) else {
            self.wrong(format!("I22 a mail with a Message-ID of its own: {header}"));
            return header;
        };
        let row = self.lines(&format!(
            "SELECT m.state || '|' || CAST(m.attempts AS TEXT) || '|' || CASE WHEN \
             d.acknowledged_at IS NOT NULL AND m.link_id IS NOT NULL THEN 'answered' ELSE '' END \
             || '|' || CAST(COALESCE(m.due_at, 0) AS TEXT) AS line FROM messages m \
             LEFT JOIN deliveries d ON d.id = m.delivery_id \
             WHERE m.id = '{id}'"
        ));
        let parts: Vec<&str> = row[0].split('|').collect();
        let mut wrong = Vec::new();
        // By the time that claims go by; the truth is ahead of it while a machine slept.
        let now = self.at(0).service.now();
        {
            let mut history = held(&self.history);
            let sent = history.sent.entry(header.clone()).or_default();
            *sent += 1;
            if parts[1].parse::<u32>().unwrap() < *sent {
                wrong.push(format!("I28 {id} was sent {sent} times and counted {}", parts[1]));
            }
            if history.retired.contains(&mail.to.address) {
                wrong.push(format!("a mail to a retired address: {id}"));
            }
            let until = Timestamp::from_micros(parts[3].parse().unwrap());
            let before = history.in_flight.insert(header.clone(), until);
            if before.is_some_and(|until| now.plus(CLOCKS_APART) < until) {
                wrong.push(format!("I27 {id} is sent by two at once"));
            }
            if parts[0] == "leased" && until.plus(CLOCKS_APART) < now {
                wrong.push(format!("I27 {id} begins after its claim ended"));
            }
        }
        if parts[0] != "leased" {
            wrong.push(format!("I27 {id} is sent though nobody holds it: {}", parts[0]));
        }
        if parts[2] == "answered" {
            wrong.push(format!("I25 {id} begins after the answer"));
        }
        wrong.into_iter().for_each(|what| self.wrong(what));
        header
    }

    fn message_of(&self, header: &str) -> Option<String> {
        let known = held(&self.history).headers.get(header).cloned();
        if known.is_some() {
            return known;
        }
        let domain = self.world.stand.service.settings.message_id_domain.clone();
        let ids = self.lines("SELECT id AS line FROM messages");
        let mut history = held(&self.history);
        for id in ids {
            let header = message_id_header(id.parse().unwrap(), &domain);
            history.headers.insert(header, id);
        }
        history.headers.get(header).cloned()
    }

    /// How a mail ends.
    fn end_mail(&self, header: &str) -> SendReport {
        let reply = |code: u16, phase| {
            SendReport::of("sim", phase, &Happening::Reply { code, text: format!("{code} said") })
        };
        let roll = if self.in_chaos() { self.roll(100) } else { 0 };
        let report = match roll {
            0..=69 => reply(250, Phase::FinalDotWritten),
            70..=75 => reply(450, Phase::Recipient),
            76..=78 => reply(550, Phase::Recipient),
            79..=81 => reply(451, Phase::FinalDotWritten),
            82..=84 => SendReport::of("sim", Phase::Body, &Happening::Cut),
            85..=92 => SendReport::of("sim", Phase::FinalDotWritten, &Happening::Timeout),
            93..=95 => SendReport::of("sim", Phase::FinalDotWritten, &Happening::Cut),
            96 => reply(535, Phase::Auth),
            97 => SendReport::of(
                "sim",
                Phase::FinalDotWritten,
                &Happening::Garbled("200 what".to_owned()),
            ),
            _ => SendReport::of("sim", Phase::Connect, &Happening::Timeout),
        };
        held(&self.history).in_flight.remove(header);
        self.note(&format!("mail={}", report.outcome.kind()));
        report
    }
}

pub(crate) struct SimMailer(pub(crate) Weak<Play>);

impl Mailer for SimMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(SimSession(Weak::clone(&self.0)))
    }
}

struct SimSession(Weak<Play>);

impl MailSession for SimSession {
    fn prepare(&mut self, _limits: SendLimits) -> Result<(), Box<SendReport>> {
        let Some(play) = self.0.upgrade() else { return Ok(()) };
        if play.in_chaos() && play.roll(3) == 0 {
            if play.roll(20) == 0 {
                play.hurry_signer();
                play.people();
            }
            play.interleave();
        }
        if play.in_chaos() && play.roll(40) == 0 {
            let refused = Happening::Unreachable("port closed".to_owned());
            return Err(Box::new(SendReport::of("sim", Phase::Connect, &refused)));
        }
        Ok(())
    }

    fn send(&mut self, mail: &OutgoingMail, _limits: SendLimits) -> SendReport {
        let play = self.0.upgrade().unwrap();
        if play.knob == Some(Knob::LooksTooEarly) && play.in_chaos() && play.roll(3) == 0 {
            play.hurry_signer();
            play.people();
        }
        let header = play.begin_mail(mail);
        if play.in_chaos() && play.roll(4) == 0 {
            // Paused in the middle, at times beyond the lease.
            let by = i64::try_from(play.roll(40_000_000)).unwrap();
            play.flush();
            play.truth.advance(Span::micros(by));
            play.interleave();
        }
        play.end_mail(&header)
    }
}
