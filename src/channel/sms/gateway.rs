//! The gateway: what its operator wrote about it becomes a request, and its answer an outcome.

use std::fmt::{self, Write as _};

use crate::adapters::mail::{MailError, SendReport};
use crate::adapters::outcall::{CallRules, Caller, Request};
use crate::channel::webhook::{of_fault, report};
use crate::domain::address::WebhookUrl;
use crate::domain::message::{AttemptOutcome, Fault, Phase};

/// How the values put into the body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As the inside of a JSON string.
    Json,
    /// As a form or a query writes them.
    Form,
}

/// What the operator wrote about the gateway. Headers and body may hold a key of its.
#[derive(Clone)]
pub struct GatewaySetup {
    /// Where it listens.
    pub url: WebhookUrl,
    /// `POST` or `GET`.
    pub method: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// With `{mobile}` and `{text}`.
    pub body: String,
    /// How those two are written.
    pub escape: Escape,
    /// What a good answer contains; empty: any 2xx is good.
    pub success: String,
    /// What the answer about a number that is none contains; empty: never said.
    pub refusal: String,
}

impl fmt::Debug for GatewaySetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySetup").field("url", &self.url.authority()).finish_non_exhaustive()
    }
}

/// A gateway that can be spoken to. Clones speak to the same.
#[derive(Clone)]
pub struct Gateway {
    setup: GatewaySetup,
    caller: Caller,
}

impl Gateway {
    /// A gateway where the configuration says it is: its host alone is called, also within the
    /// house's own network.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn open(
        setup: GatewaySetup,
        extra_ca: Option<&std::path::Path>,
    ) -> Result<Self, MailError> {
        let host = setup.url.host().to_owned();
        let rules = CallRules {
            ports: vec![setup.url.port()],
            hosts: vec![host.clone()],
            internal_hosts: vec![host],
            plain_loopback: true,
        };
        let caller = Caller::new(rules, extra_ca)?;
        Ok(Self { setup, caller })
    }

    /// Hands one text over.
    #[must_use]
    pub fn send(&self, mobile: &str, text: &str) -> SendReport {
        let digits: String = mobile.chars().filter(char::is_ascii_digit).collect();
        let fill = |template: &str| filled(template, self.setup.escape, &digits, text);
        let path = filled(self.setup.url.path(), Escape::Form, &digits, text);
        let body = fill(&self.setup.body);
        let request = Request {
            method: &self.setup.method,
            path: &path,
            headers: &self.setup.headers,
            body: body.as_bytes(),
        };
        let (phase, outcome) = match self.caller.call(&self.setup.url, &request) {
            Ok(reply) => self.judge(reply.status, &reply.body),
            Err(fault) => of_fault(fault),
        };
        report(self.setup.url.authority(), phase, outcome)
    }

    /// A log-in that is refused is the way's fault; what else is not a success is tried again,
    /// unless it says that the number is none.
    fn judge(&self, status: u16, body: &str) -> (Phase, AttemptOutcome) {
        let said: String = body.chars().take(120).collect();
        let why = format!("HTTP {status} {said}");
        let setup = &self.setup;
        let good = (200..300).contains(&status);
        if !setup.refusal.is_empty() && body.contains(&setup.refusal) {
            (Phase::Recipient, AttemptOutcome::Rejected { why })
        } else if good && (setup.success.is_empty() || body.contains(&setup.success)) {
            (Phase::FinalDotWritten, AttemptOutcome::Accepted { remote_reply: why })
        } else if matches!(status, 401 | 403) {
            (Phase::Auth, AttemptOutcome::NotSent { fault: Fault::Channel, why })
        } else {
            (Phase::Data, AttemptOutcome::NotSent { fault: Fault::Temporary, why })
        }
    }
}

fn filled(template: &str, escape: Escape, mobile: &str, text: &str) -> String {
    let text = match escape {
        Escape::Json => json_inside(text),
        Escape::Form => form_inside(text),
    };
    // The text last, so that what it says is never read as a place to fill.
    template.replace("{mobile}", mobile).replace("{text}", &text)
}

fn json_inside(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or("").to_owned()
}

fn form_inside(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_the_body() {
        let body = "{\"to\":\"{mobile}\",\"text\":\"{text}\"}";
        let evil = "a\"},{\"x\":\"{mobile}\n";
        let json = filled(body, Escape::Json, "13800000000", evil);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((read["to"].as_str(), read["text"].as_str()), (Some("13800000000"), Some(evil)));
        let form = filled("to={mobile}&text={text}", Escape::Form, "13800000000", "a&b=签");
        assert_eq!(form, "to=13800000000&text=a%26b%3D%E7%AD%BE");
    }
}
