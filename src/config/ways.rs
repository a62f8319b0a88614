//! Settings of the ways beside mail.

use std::path::PathBuf;

use super::layers::Layers;
use crate::channel::sms::{Escape, GatewaySetup};
use crate::domain::address::WebhookUrl;

/// How systems of recipients are called.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Whether they are.
    pub enabled: bool,
    /// The only ports.
    pub ports: Vec<u16>,
    /// The only hosts; empty: all that are public.
    pub hosts: Vec<String>,
    /// Hosts that may lie in an internal network.
    pub internal_hosts: Vec<String>,
    /// Whether this machine itself may be called without TLS.
    pub plain_loopback: bool,
    /// PEM file of further authorities.
    pub extra_ca_file: Option<PathBuf>,
    /// As many a minute at most; 0: no limit.
    pub per_minute: u32,
}

/// How short messages leave.
#[derive(Debug, Clone)]
pub struct Sms {
    /// The gateway, if there is one.
    pub gateway: Option<GatewaySetup>,
    /// PEM file of further authorities.
    pub extra_ca_file: Option<PathBuf>,
    /// As many a minute at most; 0: no limit.
    pub per_minute: u32,
}

const SWITCH: (&str, bool) = ("off", false);
const SWITCHED: &[(&str, bool)] = &[("on", true)];

pub(super) fn read_webhook(from: &mut Layers) -> Webhook {
    let mut ports = Vec::new();
    for text in list(from, "webhook.ports") {
        match text.parse::<u16>() {
            Ok(port) if port > 0 => ports.push(port),
            _ => from.fault("webhook.ports", "must be ports with commas, such as 443,8443"),
        }
    }
    Webhook {
        enabled: from.choice("webhook.enabled", SWITCH, SWITCHED),
        ports,
        hosts: list(from, "webhook.hosts"),
        internal_hosts: list(from, "webhook.internal_hosts"),
        plain_loopback: from.choice("webhook.plain_loopback", SWITCH, SWITCHED),
        extra_ca_file: file(from, "webhook.extra_ca_file"),
        per_minute: from.number("webhook.per_minute", 0..=1_000_000),
    }
}

pub(super) fn read_sms(from: &mut Layers) -> Sms {
    let method = from.choice("sms.method", ("post", "POST"), &[("get", "GET")]);
    let escape = from.choice("sms.escape", ("json", Escape::Json), &[("form", Escape::Form)]);
    let url = from.optional("sms.url").and_then(|text| match WebhookUrl::parse(&text) {
        Ok(url) => Some(url),
        Err(fault) => {
            from.fault("sms.url", &fault.to_string());
            None
        }
    });
    let (body, headers) = (from.text("sms.body"), headers(from));
    if let Some(url) = &url {
        for place in ["{mobile}", "{text}"] {
            if !body.contains(place) && !url.path().contains(place) {
                from.fault("sms.body", &format!("has no {place}, and sms.url has none either"));
            }
        }
    }
    Sms {
        gateway: url.map(|url| GatewaySetup {
            url,
            method: method.to_owned(),
            headers,
            body,
            escape,
            success: from.text("sms.success"),
            refusal: from.text("sms.refusal"),
        }),
        extra_ca_file: file(from, "sms.extra_ca_file"),
        per_minute: from.number("sms.per_minute", 0..=1_000_000),
    }
}

fn headers(from: &mut Layers) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for line in from.text("sms.headers").lines().filter(|line| !line.trim().is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ => from.fault("sms.headers", "each line must be NAME: VALUE"),
        }
    }
    headers
}

fn list(from: &Layers, key: &str) -> Vec<String> {
    let text = from.text(key);
    let parts = text.split(',').map(|part| part.trim().to_ascii_lowercase());
    parts.filter(|part| !part.is_empty()).collect()
}

pub(super) fn file(from: &mut Layers, key: &str) -> Option<PathBuf> {
    let path = from.optional(key).map(PathBuf::from);
    if path.as_ref().is_some_and(|path| !path.is_file()) {
        from.fault(key, "there is no such file");
    }
    path
}
