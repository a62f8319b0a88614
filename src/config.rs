//! File and environment to typed configuration, checked at start, all faults at once.
//! The only reader of the environment; everybody else is handed what they need.
//! `config/default.toml` says what each setting means.

mod clock;
mod layers;
mod values;
mod watch;
mod ways;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::adapters::telling::LogFormat;
use crate::domain::address_block::AddressBlock;
use crate::domain::network::Network;
use crate::domain::steady::SteadyRules;
use crate::domain::time::Span;
use layers::{Layers, Source};

pub use values::{DatabaseUrl, PublicUrl, Secret};
pub use watch::Watch;
pub use ways::{Sms, Webhook};

/// Everything an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Connections for reading.
    pub readers: u32,
    /// Uploaded files and what else is kept on disk.
    pub data_dir: PathBuf,
    /// Signing and link keys.
    pub keys_dir: PathBuf,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// How browsers reach this server.
    pub public_url: PublicUrl,
    /// Proxies whose word about addresses counts.
    pub trusted_proxies: Vec<AddressBlock>,
    /// Which network carries the mails.
    pub network: Network,
    /// Largest upload, in bytes.
    pub upload_limit_bytes: u64,
    /// The program that reads the words of uploaded files.
    pub text_reader: PathBuf,
    /// How mails leave.
    pub mail: Mail,
    /// How systems of recipients are called.
    pub webhook: Webhook,
    /// How short messages leave.
    pub sms: Sms,
    /// How the workers work.
    pub workers: Workers,
    /// Which time is believed, and when.
    pub clock: SteadyRules,
    /// How long sessions of staff last.
    pub staff_session: SessionLimits,
    /// How long sessions of administrators last.
    pub admin_session: SessionLimits,
    /// How the duty desk works.
    pub duty: Duty,
    /// How the self-check speaks outwards.
    pub watch: Watch,
    /// How logs are written.
    pub log: Log,
}

/// How mails leave.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The way out.
    pub transport: Transport,
    /// Address they come from.
    pub from_address: String,
    /// Name they come from.
    pub from_name: String,
    /// Where they come back to; empty: to whom they come from.
    pub return_path: String,
    /// The maildir in which returned mails lie.
    pub bounce_folder: Option<PathBuf>,
    /// As many a minute at most; 0: no limit.
    pub per_minute: u32,
}

/// The ways out that a configuration can name.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Handed to a relay.
    Smtp(Smtp),
    /// Written to this folder and never sent: for demonstrations on one machine.
    Folder(PathBuf),
}

/// The relay, and how to talk to it.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Name of the relay; its certificate must bear it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line is secured.
    pub tls: Tls,
    /// Name and password, if the relay wants a login.
    pub login: Option<(String, Secret)>,
    /// How this server names itself.
    pub hello_name: String,
    /// PEM file of further authorities.
    pub extra_ca_file: Option<PathBuf>,
    /// To connect and agree on TLS.
    pub connect_timeout: Span,
    /// For each reply.
    pub reply_timeout: Span,
    /// For the reply after the last dot.
    pub data_timeout: Span,
}

/// How the line to the relay is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte.
    Implicit,
    /// TLS after STARTTLS, required.
    StartTls,
    /// None, and only on this machine.
    PlainLoopback,
}

/// How the workers work.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// Threads that send.
    pub senders: u32,
    /// How long a claim holds.
    pub lease: Span,
    /// How often to look when nothing wakes them.
    pub poll: Span,
}

/// How the duty desk works.
#[derive(Debug, Clone, Copy)]
pub struct Duty {
    /// A 特提 is not reminded of again by hand before.
    pub remind_again_after_flash: Span,
    /// Nor is anything else before.
    pub remind_again_after: Span,
    /// Calls handed on to a 市州 come back after this long without a report.
    pub delegated_calls_return_after: Span,
    /// The page of such calls can still be opened for this long after they ended.
    pub delegated_page_stays: Span,
}

/// When a session ends.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// After this long without use.
    pub idle: Span,
    /// After this long in any case.
    pub absolute: Span,
}

/// How logs are written.
#[derive(Debug, Clone)]
pub struct Log {
    /// For people or for collectors.
    pub format: LogFormat,
    /// Level, or levels by part.
    pub filter: String,
}

/// Everything that is wrong with the configuration, one line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n  - {}", .0.len(), .0.join("\n  - "))]
pub struct BadConfig(Vec<String>);

impl Config {
    /// Reads defaults, then `file`, then the environment of this process, then `set`: pairs of
    /// key and text that a command decides itself.
    ///
    /// # Errors
    /// Every fault, with key, source and what to do.
    pub fn load(file: Option<&Path>, set: &[(&str, &str)]) -> Result<Self, BadConfig> {
        let text = match file.map(|path| (path, std::fs::read_to_string(path))) {
            None => None,
            Some((path, Ok(text))) => Some((path.display().to_string(), text)),
            Some((path, Err(error))) => {
                let fault = format!("file {} cannot be read: {error}", path.display());
                return Err(BadConfig(vec![fault]));
            }
        };
        let (variables, unreadable) = environment();
        let text = text.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        match Self::assemble(text, &variables, set) {
            Ok(config) if unreadable.is_empty() => Ok(config),
            Ok(_) => Err(BadConfig(unreadable)),
            Err(BadConfig(faults)) => Err(BadConfig([unreadable, faults].concat())),
        }
    }

    /// The same from what is given, without looking at the process: `file` is name and text.
    ///
    /// # Errors
    /// Every fault, with key, source and what to do.
    pub fn assemble(
        file: Option<(&str, &str)>,
        variables: &[(String, String)],
        set: &[(&str, &str)],
    ) -> Result<Self, BadConfig> {
        let mut layers = Layers::of_defaults();
        if let Some((path, text)) = file {
            layers.lay_file(path, text);
        }
        layers.lay_environment(variables);
        for (key, text) in set {
            layers.lay_text(key, text, Source::Command);
        }
        let config = read(&mut layers);
        match (config, layers.into_faults()) {
            (Some(config), faults) if faults.is_empty() => Ok(config),
            (_, faults) => Err(BadConfig(faults)),
        }
    }
}

/// The variables of this process, and one fault for each of ours that is not UTF-8.
fn environment() -> (Vec<(String, String)>, Vec<String>) {
    let mut variables = Vec::new();
    let mut faults = Vec::new();
    for (name, text) in std::env::vars_os() {
        match (name.into_string(), text.into_string()) {
            (Ok(name), Ok(text)) => variables.push((name, text)),
            (Ok(name), Err(_)) if name.starts_with("QIANSHOU_") => {
                faults.push(format!("environment variable {name} is not UTF-8: write it anew"));
            }
            _ => {}
        }
    }
    (variables, faults)
}

/// Reads every setting; notes every fault. `None` when there is no value to go on with.
fn read(from: &mut Layers) -> Option<Config> {
    let database_url = parsed(from, "database.url", DatabaseUrl::parse);
    let public_url = parsed(from, "public_url", PublicUrl::parse);
    let listen = parsed(from, "listen", |text| {
        text.parse().map_err(|_| "must be ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080")
    });
    let mail = read_mail(from, public_url.as_ref());
    let (webhook, sms) = (ways::read_webhook(from), ways::read_sms(from));
    let staff_session = read_session(from, "staff");
    let admin_session = read_session(from, "admin");
    let network = from.choice(
        "network",
        ("internet", Network::Internet),
        &[("internal", Network::Internal), ("government_extranet", Network::GovernmentExtranet)],
    );
    let workers = Workers {
        senders: from.number("workers.senders", 1..=64),
        lease: Span::seconds(from.number("workers.lease_s", 5..=300)),
        poll: Span::millis(from.number("workers.poll_ms", 50..=10_000)),
    };
    let log = Log {
        format: from.choice("log.format", ("text", LogFormat::Text), &[("json", LogFormat::Json)]),
        filter: from.required("log.filter", "is empty: write a level such as info"),
    };
    Some(Config {
        readers: from.number("database.readers", 1..=64),
        data_dir: from.required("data_dir", "is empty: name a folder").into(),
        keys_dir: from.required("keys_dir", "is empty: name a folder").into(),
        upload_limit_bytes: from.number("upload_limit_bytes", 1_024..=10_737_418_240),
        trusted_proxies: read_proxies(from),
        text_reader: from.optional("text_reader").map_or_else(this_program, PathBuf::from),
        database_url: database_url?,
        listen: listen?,
        public_url: public_url?,
        mail,
        webhook,
        sms,
        network,
        workers,
        clock: clock::read(from),
        staff_session,
        admin_session,
        duty: Duty {
            remind_again_after_flash: minutes(from, "duty.remind_again_after_flash_minutes"),
            remind_again_after: minutes(from, "duty.remind_again_after_minutes"),
            delegated_calls_return_after: minutes(
                from,
                "duty.delegated_calls_return_after_minutes",
            ),
            delegated_page_stays: minutes(from, "duty.delegated_page_stays_minutes"),
        },
        watch: watch::read(from),
        log,
    })
}

fn read_proxies(from: &mut Layers) -> Vec<AddressBlock> {
    let text = from.text("trusted_proxies");
    let blocks = text.split(',').map(str::trim).filter(|block| !block.is_empty());
    let read: Result<Vec<AddressBlock>, _> = blocks.map(str::parse).collect();
    read.unwrap_or_else(|_| {
        from.fault("trusted_proxies", "must be addresses or blocks (10.0.0.0/8), with commas");
        Vec::new()
    })
}

/// The file of the running program, even where a newer one has taken its name since.
fn this_program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

fn parsed<T>(
    from: &mut Layers,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    match parse(&from.text(key)) {
        Ok(value) => Some(value),
        Err(what) => {
            from.fault(key, what);
            None
        }
    }
}

fn minutes(from: &mut Layers, key: &str) -> Span {
    Span::minutes(from.number(key, 1..=1_440))
}

fn read_session(from: &mut Layers, kind: &str) -> SessionLimits {
    let absolute_key = format!("session.{kind}_absolute_minutes");
    let idle = from.number(&format!("session.{kind}_idle_minutes"), 1..=1_440);
    let absolute = from.number(&absolute_key, 1..=1_440);
    if absolute < idle {
        from.fault(&absolute_key, &format!("must not be shorter than the idle limit of {idle}"));
    }
    SessionLimits { idle: Span::minutes(idle), absolute: Span::minutes(absolute) }
}

/// What is left of the 64 characters of a local part beside the name of a message.
const LOCAL_CHARS_MAX: usize = 20;

fn read_mail(from: &mut Layers, public_url: Option<&PublicUrl>) -> Mail {
    let on_this_machine = public_url.is_some_and(|url| values::is_loopback(url.host()));
    let folder = from.choice("mail.transport", ("smtp", false), &[("folder", true)]);
    let transport = if folder {
        if !on_this_machine {
            from.fault(
                "mail.transport",
                "sends nothing, so it is only for a public_url on this machine: write smtp",
            );
        }
        Transport::Folder(from.required("mail.folder", "is empty: name a folder").into())
    } else {
        Transport::Smtp(read_smtp(from, public_url))
    };
    let from_address = from.text("mail.from_address");
    let whole = from_address
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !whole || from_address.contains(char::is_whitespace) {
        from.fault("mail.from_address", "must be an address: mails come from it");
    }
    let return_path = from.text("bounces.return_path");
    let parts = return_path.split_once('@');
    let fits = parts.is_some_and(|(local, host)| {
        (1..=LOCAL_CHARS_MAX).contains(&local.len()) && !local.contains('+') && host.contains('.')
    });
    if !return_path.is_empty() && (!fits || return_path.contains(char::is_whitespace)) {
        from.fault(
            "bounces.return_path",
            "must be empty or an address with at most 20 characters before the @, without a +",
        );
    }
    let bounce_folder = Some(from.text("bounces.folder")).filter(|folder| !folder.is_empty());
    Mail {
        transport,
        from_address,
        from_name: from.text("mail.from_name"),
        return_path,
        bounce_folder: bounce_folder.map(PathBuf::from),
        per_minute: from.number("mail.per_minute", 0..=1_000_000),
    }
}

fn read_smtp(from: &mut Layers, public_url: Option<&PublicUrl>) -> Smtp {
    let host = from.required("smtp.host", "is empty: name the mail relay");
    let tls = from.choice(
        "smtp.tls",
        ("implicit", Tls::Implicit),
        &[("starttls", Tls::StartTls), ("plain_loopback", Tls::PlainLoopback)],
    );
    if tls == Tls::PlainLoopback && !values::is_loopback(&host) {
        from.fault("smtp.tls", "needs a smtp.host on this machine: write implicit or starttls");
    }
    let extra_ca_file = from.optional("smtp.extra_ca_file").map(PathBuf::from);
    if extra_ca_file.as_ref().is_some_and(|path| !path.is_file()) {
        from.fault("smtp.extra_ca_file", "there is no such file");
    }
    Smtp {
        port: from.number("smtp.port", 1..=65_535),
        login: read_login(from),
        hello_name: from
            .optional("smtp.hello_name")
            .or_else(|| public_url.map(|url| url.host().to_owned()))
            .unwrap_or_default(),
        connect_timeout: Span::seconds(from.number("smtp.connect_timeout_s", 1..=120)),
        reply_timeout: Span::seconds(from.number("smtp.reply_timeout_s", 1..=300)),
        data_timeout: Span::seconds(from.number("smtp.data_timeout_s", 1..=600)),
        host,
        tls,
        extra_ca_file,
    }
}

fn read_login(from: &mut Layers) -> Option<(String, Secret)> {
    let inline = from.optional("smtp.password");
    let password = match from.optional("smtp.password_file") {
        Some(_) if inline.is_some() => {
            from.fault("smtp.password_file", "smtp.password is set too: keep one of them");
            None
        }
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                from.fault("smtp.password_file", &format!("cannot be read: {error}"));
                return None;
            }
        },
        None => inline,
    };
    match (from.optional("smtp.username"), password) {
        (Some(name), Some(password)) => Some((name, Secret::new(password))),
        (None, None) => None,
        (Some(_), None) => {
            from.fault("smtp.username", "has no password: set smtp.password_file");
            None
        }
        (None, Some(_)) => {
            from.fault("smtp.username", "is empty, though a password is set");
            None
        }
    }
}

#[cfg(test)]
mod tests;
