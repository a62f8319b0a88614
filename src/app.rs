//! The one place that puts the real halves together: store, files, keys, mail, clock, rules.
//!
//! Whatever could lose evidence or reach nobody is refused here, at start, with what to do about
//! it; nothing is repaired silently. Never here: what the halves do.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::clock::{Stopwatch, SystemClock};
use crate::adapters::files::FilesFault;
use crate::adapters::files::directory::DirectoryFiles;
use crate::adapters::files::text::reader::TextReader;
use crate::adapters::mail::{
    FolderMailer, MailError, Mailbox, Mailer, Password, SmtpConfig, SmtpMailer, SmtpSecurity,
};
use crate::adapters::outcall::{CallRules, Caller};
use crate::adapters::outward::Outward;
use crate::adapters::random::{Random, SystemRandom};
use crate::adapters::secrets::keys::{KeyFault, Keys};
use crate::adapters::secrets::passwords::{PasswordFault, Passwords};
use crate::adapters::steady::Hands;
use crate::adapters::telling::{CannotTell, init_logging};
use crate::channel::Outlets;
use crate::channel::sms::Gateway;
use crate::config::{Config, Log, Smtp, Tls, Transport};
use crate::domain::address::WebhookUrl;
use crate::domain::call::CoolDown;
use crate::domain::ids::AddressId;
use crate::domain::message::Channel;
use crate::domain::time::{self, Span, Timestamp};
use crate::service::demo_mailbox::DemoMailbox;
use crate::service::lanes::Lanes;
use crate::service::offer::Offers;
use crate::service::rules::{BadRules, Rules};
use crate::service::visit::Visits;
use crate::service::watch::{Watch, WatchSettings};
use crate::service::{DutyRules, Sending, Service, ServiceError, Settings, keep_time};
use crate::store::{Durability, EngineSettings, Store, StoreError, migrate};
use crate::web::site::Site;

mod serving;

pub use serving::{CannotServe, Listener};

/// No server of this version can have started before 2026-01-01: a clock that says so is wrong.
const EARLIEST_START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// The house, ready to be used.
pub struct App {
    /// What use-cases need.
    pub service: Service,
    /// What pages know of the installation.
    pub site: Site,
    /// The mails of a demonstration; `None` where mails are sent.
    pub demo_mailbox: Option<DemoMailbox>,
    /// How many threads hand mails to the relay.
    pub senders: u32,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The clock is wrong.
    #[error("the clock says {0}, before this version existed: set the clock of this machine")]
    Clock(Timestamp),
    /// The rules of time zones are damaged.
    #[error("the time zone data of Asia/Shanghai is missing or wrong: mend or unset TZDIR")]
    TimeZone,
    /// A folder cannot be made or written.
    #[error(
        "{setting}: the folder {} cannot be written ({error}): make it and give it to the user \
         that runs qianshou", .path.display()
    )]
    Folder {
        /// The setting that names it.
        setting: &'static str,
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The keys are not there or not safe.
    #[error(
        "keys_dir: {fault}\n  (new keys are made with: qianshou keys create {})",
        .folder.display()
    )]
    Keys {
        /// What is wrong.
        fault: KeyFault,
        /// The folder.
        folder: PathBuf,
    },
    /// The database.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
    /// The file store.
    #[error("data_dir: {0}")]
    Files(#[from] FilesFault),
    /// The way for mail.
    #[error("mail: {0}")]
    Mail(#[from] MailError),
    /// Password hashing.
    #[error(transparent)]
    Passwords(#[from] PasswordFault),
    /// Logging.
    #[error(transparent)]
    Logging(#[from] CannotTell),
    /// Nothing says what time it is.
    #[error("the time: {0}")]
    Time(#[from] ServiceError),
    /// The rules contradict themselves.
    #[error("{0}")]
    Rules(String),
}

/// The halves that tests may replace.
#[derive(Clone)]
pub struct Halves {
    /// The clock on the wall and the machine's own progress.
    pub hands: Hands,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// How safe the database must be.
    pub durability: Durability,
}

impl Default for Halves {
    fn default() -> Self {
        Self {
            hands: Hands {
                wall: Arc::new(SystemClock),
                progress: Arc::new(Stopwatch::start()),
                machine: machine_name(),
            },
            random: Arc::new(SystemRandom),
            durability: Durability::Required,
        }
    }
}

impl App {
    /// Puts the real halves together; the database is brought up to date first.
    ///
    /// # Errors
    /// The first thing that must be mended.
    pub fn open(config: &Config) -> Result<Self, CannotStart> {
        Self::open_with(config, Halves::default())
    }

    /// The same with other halves.
    ///
    /// # Errors
    /// The first thing that must be mended.
    pub fn open_with(config: &Config, halves: Halves) -> Result<Self, CannotStart> {
        let Halves { hands, random, durability } = halves;
        let shown = hands.wall.now();
        if shown < EARLIEST_START {
            return Err(CannotStart::Clock(shown));
        }
        if !time::knows_shanghai() {
            return Err(CannotStart::TimeZone);
        }
        prepare_folders(config)?;
        let keys = Keys::load(&config.keys_dir)
            .map_err(|fault| CannotStart::Keys { fault, folder: config.keys_dir.clone() })?;
        let (mailer, folder) = mailer(&config.mail.transport)?;
        let engine = engine(config, durability)?;
        for step in migrate::bring_up_to_date(&engine)? {
            tracing::info!(step, "the database was brought up to date");
        }
        let files = config.data_dir.join("files");
        let store = Store::open(engine, config.readers)?;
        let rules = Rules::shipped().map_err(bad_rules)?;
        rules.refresh(&store).map_err(bad_rules)?;
        rules.tell();
        let clock = Arc::new(keep_time::begin(&store, hands, config.clock)?);
        let service = Service {
            lanes: Lanes::open(&store),
            offers: Offers::default(),
            visits: Visits::default(),
            store,
            files: Arc::new(DirectoryFiles::open_store(&files, Arc::clone(&random), shown)?),
            texts: Arc::new(TextReader::new(config.text_reader.clone())),
            clock,
            random,
            keys: Arc::new(keys),
            passwords: Arc::new(Passwords::new()?),
            rules: Arc::new(rules),
            mailer,
            outlets: outlets(config)?,
            misses: Arc::default(),
            bell: Arc::default(),
            watch: Arc::new(Watch::new(watch(config)?)),
            settings: Arc::new(settings(config)),
        };
        keep_time::wake(&service)?;
        let site = Site::new(config.public_url.origin(), folder.is_some())
            .behind(config.trusted_proxies.clone());
        let demo_mailbox = folder.map(DemoMailbox::new);
        Ok(Self { service, site, demo_mailbox, senders: config.workers.senders })
    }
}

/// The secret with which the system behind a webhook's address proves our messages.
///
/// # Errors
/// The keys are not there or not safe.
pub fn webhook_secret(config: &Config, address: AddressId) -> Result<String, CannotStart> {
    let folder = config.keys_dir.clone();
    let keys = Keys::load(&folder).map_err(|fault| CannotStart::Keys { fault, folder })?;
    Ok(keys.webhook_secret(address))
}

/// Brings the database up to date and says which steps that took.
///
/// # Errors
/// The database cannot be reached, or a step failed.
pub fn bring_database_up_to_date(config: &Config) -> Result<Vec<String>, CannotStart> {
    prepare_database_folder(config)?;
    Ok(migrate::bring_up_to_date(&engine(config, Durability::Required)?)?)
}

/// Makes a full set of keys in an empty folder.
///
/// # Errors
/// The folder cannot be written or has keys already.
pub fn create_keys(folder: &Path) -> Result<(), KeyFault> {
    Keys::create(folder, &SystemRandom).map(|_| ())
}

/// Starts logging as configured.
///
/// # Errors
/// The filter is not understood.
pub fn start_logging(log: &Log) -> Result<(), CannotStart> {
    Ok(init_logging(log.format, &log.filter)?)
}

fn bad_rules(fault: BadRules) -> CannotStart {
    match fault {
        BadRules::Store(error) => CannotStart::Store(error),
        faulty => CannotStart::Rules(faulty.to_string()),
    }
}

/// What the system calls this machine, for alarms that concern it alone.
fn machine_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("this machine").to_owned()
}

fn engine(config: &Config, durability: Durability) -> Result<EngineSettings, StoreError> {
    EngineSettings::parse(&config.database_url.reveal(), durability)
}

fn prepare_folders(config: &Config) -> Result<(), CannotStart> {
    prepare_folder("data_dir", &config.data_dir)?;
    if let Transport::Folder(folder) = &config.mail.transport {
        prepare_folder("mail.folder", folder)?;
    }
    prepare_database_folder(config)
}

fn prepare_database_folder(config: &Config) -> Result<(), CannotStart> {
    let folder = config.database_url.file().and_then(Path::parent);
    match folder.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => prepare_folder("database.url", folder),
        None => Ok(()),
    }
}

/// Makes a folder that only we can read, if it is not there, and tries to write in it.
fn prepare_folder(setting: &'static str, path: &Path) -> Result<(), CannotStart> {
    let probe = path.join(format!(".writable-{}", std::process::id()));
    let tried = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe));
    tried.map_err(|error| CannotStart::Folder { setting, path: path.to_owned(), error })
}

type WayOut = (Arc<dyn Mailer>, Option<FolderMailer>);

fn mailer(transport: &Transport) -> Result<WayOut, MailError> {
    match transport {
        Transport::Smtp(smtp) => Ok((Arc::new(SmtpMailer::new(smtp_config(smtp))?), None)),
        Transport::Folder(folder) => {
            let mailer = FolderMailer::new(folder.clone())?;
            Ok((Arc::new(mailer.clone()), Some(mailer)))
        }
    }
}

/// The ways beside mail, and the limits of all.
fn outlets(config: &Config) -> Result<Outlets, MailError> {
    let mut outlets = Outlets::default();
    let webhook = &config.webhook;
    if webhook.enabled {
        let rules = CallRules {
            ports: webhook.ports.clone(),
            hosts: webhook.hosts.clone(),
            internal_hosts: webhook.internal_hosts.clone(),
            plain_loopback: webhook.plain_loopback,
        };
        outlets.webhook = Some(Caller::new(rules, webhook.extra_ca_file.as_deref())?);
    }
    if let Some(sms) = &config.sms.gateway {
        outlets.sms = Some(Gateway::open(sms.clone(), config.sms.extra_ca_file.as_deref())?);
    }
    Ok(outlets
        .limited(Channel::Email, config.mail.per_minute)
        .limited(Channel::Webhook, webhook.per_minute)
        .limited(Channel::Sms, config.sms.per_minute))
}

fn smtp_config(smtp: &Smtp) -> SmtpConfig {
    let security = match smtp.tls {
        Tls::Implicit => SmtpSecurity::Implicit,
        Tls::StartTls => SmtpSecurity::StartTls,
        Tls::PlainLoopback => SmtpSecurity::PlainLoopback,
    };
    SmtpConfig {
        username: smtp.login.as_ref().map(|(name, _)| name.clone()),
        password: smtp.login.as_ref().map(|(_, secret)| Password::new(secret.reveal().to_owned())),
        extra_ca: smtp.extra_ca_file.clone(),
        connect_timeout: duration(smtp.connect_timeout),
        command_timeout: duration(smtp.reply_timeout),
        body_timeout: duration(smtp.data_timeout),
        ..SmtpConfig::new(&smtp.host, smtp.port, security, &smtp.hello_name)
    }
}

fn duration(span: Span) -> Duration {
    Duration::from_micros(u64::try_from(span.as_micros()).unwrap_or(0))
}

fn watch(config: &Config) -> Result<WatchSettings, MailError> {
    let told = &config.watch;
    let open = |url: &WebhookUrl, method| {
        Outward::open(url.clone(), method, told.extra_ca_file.as_deref())
    };
    Ok(WatchSettings {
        mail_to: told.mail_to.clone(),
        command: told.command.clone(),
        heartbeat_file: told.heartbeat_file.clone(),
        heartbeat_url: told
            .heartbeat_url
            .as_ref()
            .map(|(url, method)| open(url, *method))
            .transpose()?,
        alarm_url: told.alarm_url.as_ref().map(|url| open(url, "POST")).transpose()?,
        ..WatchSettings::default()
    })
}

fn settings(config: &Config) -> Settings {
    let domain = config.mail.from_address.rsplit('@').next().unwrap_or_default();
    Settings {
        public_url: config.public_url.origin().to_owned(),
        network: config.network,
        message_id_domain: domain.to_owned(),
        return_path: config.mail.return_path.clone(),
        bounce_folder: config.mail.bounce_folder.clone(),
        mail_from: Mailbox {
            name: config.mail.from_name.clone(),
            address: config.mail.from_address.clone(),
        },
        sending: Sending {
            lease: config.workers.lease,
            poll: config.workers.poll,
            ..Sending::default()
        },
        upload_bytes_max: config.upload_limit_bytes,
        duty: DutyRules {
            cool_down: CoolDown {
                flash: config.duty.remind_again_after_flash,
                other: config.duty.remind_again_after,
            },
            delegated_calls_return_after: config.duty.delegated_calls_return_after,
            delegated_page_stays: config.duty.delegated_page_stays,
        },
        session_idle: config.staff_session.idle,
        session_longest: config.staff_session.absolute,
        admin_session_idle: config.admin_session.idle,
        admin_session_longest: config.admin_session.absolute,
    }
}
