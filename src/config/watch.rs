//! `[watch]`: who is told when the self-check finds something, and where all is well is shown.

use std::path::PathBuf;

use super::layers::Layers;
use crate::domain::address::WebhookUrl;

/// How the self-check speaks outwards.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Where alarms are mailed to.
    pub mail_to: Option<String>,
    /// Program and arguments that are told an alarm.
    pub command: Vec<String>,
    /// File that is written after each clean pass.
    pub heartbeat_file: Option<PathBuf>,
    /// Address that is called after each clean pass, and how.
    pub heartbeat_url: Option<(WebhookUrl, &'static str)>,
    /// Address that alarms are posted to.
    pub alarm_url: Option<WebhookUrl>,
    /// PEM file of further authorities for the two.
    pub extra_ca_file: Option<PathBuf>,
}

/// Reads the settings; notes every fault.
pub(super) fn read(from: &mut Layers) -> Watch {
    let mail_to = from.optional("watch.mail_to");
    if mail_to
        .as_ref()
        .is_some_and(|address| !address.contains('@') || address.contains(char::is_whitespace))
    {
        from.fault("watch.mail_to", "must be one address: alarms go there");
    }
    let command: Vec<String> =
        from.text("watch.command").split_whitespace().map(str::to_owned).collect();
    if command.first().is_some_and(|program| !program.starts_with('/')) {
        from.fault("watch.command", "must begin with the whole path of a program");
    }
    let heartbeat_file = from.optional("watch.heartbeat_file").map(PathBuf::from);
    if heartbeat_file.as_ref().is_some_and(|path| !path.is_absolute()) {
        from.fault("watch.heartbeat_file", "must be a whole path");
    }
    let method = from.choice("watch.heartbeat_method", ("get", "GET"), &[("post", "POST")]);
    Watch {
        mail_to,
        command,
        heartbeat_file,
        heartbeat_url: address(from, "watch.heartbeat_url").map(|url| (url, method)),
        alarm_url: address(from, "watch.alarm_url"),
        extra_ca_file: super::ways::file(from, "watch.extra_ca_file"),
    }
}

fn address(from: &mut Layers, key: &str) -> Option<WebhookUrl> {
    match WebhookUrl::parse(&from.optional(key)?) {
        Ok(url) => Some(url),
        Err(fault) => {
            from.fault(key, &fault.to_string());
            None
        }
    }
}
