//! Messages to a system of the recipient's: one POST, signed, with a body that says the same as
//! the mail would. `docs/webhook.md` is what the other side reads.
//!
//! The id is the same at every attempt, so a system that got it twice sees that. Never here:
//! whom to reach; which addresses may be called.

use std::time::Duration;

use serde::Serialize;

use super::email::Rendered;
use crate::adapters::mail::SendReport;
use crate::adapters::outcall::{CallFault, Caller, Request};
use crate::adapters::secrets::webhooks::webhook_signature;
use crate::domain::address::WebhookUrl;
use crate::domain::message::{AttemptOutcome, Fault, Phase};
use crate::domain::time::Timestamp;

/// Version of the body.
const VERSION: u32 = 1;

/// One message, ready to go.
#[derive(Clone)]
pub struct WebhookMessage {
    /// Where to.
    pub url: WebhookUrl,
    /// The same at every attempt.
    pub id: String,
    /// What the signature is made with.
    pub secret: String,
    /// When it is sent: part of what is signed.
    pub at: Timestamp,
    /// What it says, as JSON.
    pub body: String,
}

/// What the body says.
#[derive(Debug, Serialize)]
pub struct WebhookBody<'a> {
    version: u32,
    id: &'a str,
    purpose: &'a str,
    urgency: Option<&'a str>,
    organization: &'a str,
    deadline: Option<String>,
    link: Option<&'a str>,
    subject: &'a str,
    text: &'a str,
}

/// The facts a body carries beside the words of the mail.
#[derive(Debug, Clone, Default)]
pub struct WebhookFacts {
    /// The same at every attempt.
    pub id: String,
    /// What it is for, in the word of the database.
    pub purpose: &'static str,
    /// The level's word.
    pub urgency: Option<&'static str>,
    /// The organisation it is about.
    pub organization: String,
    /// Until when to sign.
    pub deadline: Option<Timestamp>,
    /// The link, if it brings to the page.
    pub link: Option<String>,
}

/// The body: the facts, and the words of the mail.
///
/// # Errors
/// It has no form in JSON.
pub fn body_of(facts: &WebhookFacts, words: &Rendered) -> Result<String, serde_json::Error> {
    serde_json::to_string(&WebhookBody {
        version: VERSION,
        id: &facts.id,
        purpose: facts.purpose,
        urgency: facts.urgency,
        organization: &facts.organization,
        deadline: facts.deadline.map(|at| at.to_string()),
        link: facts.link.as_deref(),
        subject: &words.subject,
        text: &words.text,
    })
}

/// Calls the other system once.
#[must_use]
pub fn send(caller: &Caller, message: &WebhookMessage) -> SendReport {
    let time = message.at.as_micros() / 1_000_000;
    let signature = webhook_signature(&message.secret, &message.id, time, &message.body);
    let headers = [
        ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
        ("Qianshou-Id".to_owned(), message.id.clone()),
        ("Qianshou-Time".to_owned(), time.to_string()),
        ("Qianshou-Signature".to_owned(), format!("v1={signature}")),
    ];
    let request = Request {
        method: "POST",
        path: message.url.path(),
        headers: &headers,
        body: message.body.as_bytes(),
    };
    let (phase, outcome) = match caller.call(&message.url, &request) {
        Ok(reply) => of_status(reply.status),
        Err(fault) => of_fault(fault),
    };
    report(message.url.authority(), phase, outcome)
}

pub(super) fn report(relay: String, phase: Phase, outcome: AttemptOutcome) -> SendReport {
    let reply = Some(outcome.why().to_owned());
    SendReport { outcome, phase, reply, relay, began_after: None, took: Duration::ZERO }
}

/// What a status amounts to. A system that is overloaded or broken is tried again, one that says
/// the address is none is not.
fn of_status(status: u16) -> (Phase, AttemptOutcome) {
    let why = format!("HTTP {status}");
    match status {
        200..=299 => (Phase::FinalDotWritten, AttemptOutcome::Accepted { remote_reply: why }),
        408 | 425 | 429 | 500..=599 => {
            (Phase::FinalDotWritten, AttemptOutcome::NotSent { fault: Fault::Temporary, why })
        }
        404 | 410 => (Phase::Recipient, AttemptOutcome::Rejected { why }),
        300..=399 => {
            let why = format!("{why}: redirects are not followed");
            (Phase::Body, AttemptOutcome::Rejected { why })
        }
        _ => (Phase::Body, AttemptOutcome::Rejected { why }),
    }
}

/// What a call without an answer amounts to. A certificate that does not verify is that system's
/// fault, not the way's: others are called all the same.
pub(super) fn of_fault(fault: CallFault) -> (Phase, AttemptOutcome) {
    let why = fault.to_string();
    match fault {
        CallFault::Forbidden(_) => (Phase::Recipient, AttemptOutcome::Rejected { why }),
        CallFault::NotSent(_) => {
            (Phase::Connect, AttemptOutcome::NotSent { fault: Fault::Temporary, why })
        }
        CallFault::BadCertificate(_) => {
            (Phase::Tls, AttemptOutcome::NotSent { fault: Fault::Temporary, why })
        }
        CallFault::Unknown(_) => (Phase::FinalDotWritten, AttemptOutcome::Unknown { why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_leads_to_another_try_or_to_none() {
        for (status, kind) in [
            (200, "accepted"),
            (204, "accepted"),
            (301, "rejected"),
            (400, "rejected"),
            (404, "rejected"),
            (408, "not_sent"),
            (429, "not_sent"),
            (500, "not_sent"),
            (503, "not_sent"),
        ] {
            assert_eq!(of_status(status).1.kind(), kind, "{status}");
        }
    }
}
