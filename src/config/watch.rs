//! `[watch]`: who is told when the self-check finds something, and where all is well is shown.

use std::path::PathBuf;

use super::layers::Layers;

/// How the self-check speaks outwards.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Where alarms are mailed to.
    pub mail_to: Option<String>,
    /// Program and arguments that are told an alarm.
    pub command: Vec<String>,
    /// File that is written after each clean pass.
    pub heartbeat_file: Option<PathBuf>,
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
    Watch { mail_to, command, heartbeat_file }
}
