//! Door 3: operators. Parses the command line, calls one use-case, says what came of it.
//!
//! What was asked for goes to standard output, what went wrong to standard error, and the exit
//! code tells the two apart: 0 done, 1 not done, 2 not understood.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::service::read_text;

mod account;
mod bounce;
mod calendar;
mod demo;
mod directory;
mod health;
pub mod receipt;
mod serve;
mod setup;
mod table;
mod webhook;

/// 签收: distributes official notices and proves who received, opened and signed for them.
#[derive(Debug, Parser)]
#[command(
    name = "qianshou",
    version,
    arg_required_else_help = true,
    after_help = "Try it first:\n  qianshou demo\n\n\
        A new installation, in this order:\n  \
        qianshou keys create /etc/qianshou/keys\n  \
        (write a file of settings; config/default.toml tells them; name it with --config below)\n  \
        qianshou directory import --organizations organizations.csv --desks desks.csv \
        --contacts contacts.csv\n  \
        qianshou account first-secret\n  \
        qianshou serve\n\n\
        Settings come from the file named with --config and from variables QIANSHOU_…, which win."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the settings of an installation are.
#[derive(Debug, Args)]
pub struct Settings {
    /// Settings of this installation (TOML); variables QIANSHOU_… are laid over it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Settings {
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.config.as_deref(), &[])?)
    }
}

/// What an operator can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until it is told to stop (SIGTERM or Ctrl-C).
    #[command(after_help = "Examples:\n  qianshou serve --config /etc/qianshou/config.toml\n  \
        QIANSHOU_LOG_FORMAT=json qianshou serve")]
    Serve {
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Try everything on this machine alone: sample directory, accounts, a notice, a mailbox.
    #[command(after_help = "Nothing leaves this machine: mails land in a page of the demo.\n\n\
        Examples:\n  qianshou demo\n  \
        qianshou demo --folder /tmp/qianshou-demo --listen 127.0.0.1:9000")]
    Demo {
        /// Folder for its data; must be absent or empty [default: a new one in ./data].
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Address of this machine to listen on; port 0 takes a free one
        /// [default: 127.0.0.1:8080, or a free port if that is taken].
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<SocketAddr>,
    },
    /// Bring the database up to date, and say which steps that took; `serve` does it too.
    Migrate {
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Ask the running server of this installation how it is; for health checks.
    #[command(after_help = "Example:\n  qianshou health engine\n\n\
        Exit code 0: all is well. The same answers stand at /health/live, /health/ready and \
        /health/engine.")]
    Health {
        /// What is asked.
        #[arg(value_enum, default_value = "engine")]
        question: HealthQuestion,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Make the keys that links and receipts hang on.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Make accounts, and mend them when nobody can sign in.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Take the directory of organisations over from sheets.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Say which days are worked.
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// Take mails that came back.
    #[command(subcommand)]
    Bounce(BounceCommand),
    /// Look at receipts.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// The server runs this for each file, in a process with hard limits.
    #[command(hide = true)]
    ReadText {
        /// Ending of the file, which comes on standard input.
        ending: String,
    },
    /// Set up systems of recipients that take messages over HTTPS.
    #[command(subcommand)]
    Webhook(WebhookCommand),
}

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Print the secret with which the system behind an address proves our messages.
    #[command(after_help = "Example:\n  qianshou webhook secret adr_01k…\n\n\
        Needs the keys, not the database. Hand it to whoever runs that system, once.")]
    Secret {
        /// The id of the address.
        address: String,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What a health check can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HealthQuestion {
    /// The process answers.
    Live,
    /// Database, tables and files are there.
    Ready,
    /// Chasing and sending go round.
    Engine,
}

impl HealthQuestion {
    const fn path(self) -> &'static str {
        match self {
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
            Self::Engine => "/health/engine",
        }
    }
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a full set of new keys; refuses a folder that has any.
    #[command(after_help = "Example:\n  qianshou keys create /etc/qianshou/keys\n\n\
        Back the folder up apart from the database: who has both can make links.\n\
        Give receipt.pub.pem to everybody who shall be able to check receipts.")]
    Create {
        /// The folder; it is made if need be.
        dir: PathBuf,
    },
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make a one-time secret with which the first administrator is made in the browser.
    FirstSecret {
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Make an account; prints its first password once.
    #[command(after_help = "Example:\n  qianshou account create --login wang --name 王某 \
        --organization 430000-party-office --role clerk --role duty")]
    Create {
        /// What is typed to sign in.
        #[arg(long)]
        login: String,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// Code of the organisation it belongs to, as in organizations.csv.
        #[arg(long, value_name = "CODE")]
        organization: String,
        /// What it may do: clerk, releaser, duty, administrator or auditor; may be repeated.
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Set a new password, which is printed once; sessions of the old one end.
    Reset {
        /// What is typed to sign in.
        login: String,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
    /// Shut an account; its sessions end.
    Disable {
        /// What is typed to sign in.
        login: String,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What can be done with the directory.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Take over three sheets, all rows or none.
    #[command(after_help = "Example:\n  qianshou directory import --organizations \
        organizations.csv --desks desks.csv --contacts contacts.csv --dry-run\n\n\
        Sheets are CSV in UTF-8 or GB18030, as spreadsheets save them. Organisations that the \
        sheets do not name stay;\nof those they name, contacts and addresses they no longer have \
        are retired. A known address keeps\nwhat was learned about it. The same sheets twice \
        change nothing.")]
    Import {
        /// Sheet of organisations.
        #[arg(long, value_name = "FILE")]
        organizations: PathBuf,
        /// Sheet of mail rooms and duty desks.
        #[arg(long, value_name = "FILE")]
        desks: PathBuf,
        /// Sheet of contacts.
        #[arg(long, value_name = "FILE")]
        contacts: PathBuf,
        /// Only check the sheets; needs no database and writes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What can be done with the holiday table.
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Put the table of a file in force: date,name,off_day,decree_year.
    #[command(after_help = "Example:\n  \
        qianshou calendar import holidays.csv --reason \"decree for 2027\"")]
    Import {
        /// The table (CSV in UTF-8), with every year that shall be known.
        file: PathBuf,
        /// Why it is changed; kept with it.
        #[arg(long)]
        reason: String,
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What can be done with a mail that came back.
#[derive(Debug, Subcommand)]
pub enum BounceCommand {
    /// Read one mail from standard input; what it proves is put on record.
    #[command(
        after_help = "Example, in the aliases of the mail server that takes the return path:\n  \
        bounces: \"|qianshou bounce read --config /etc/qianshou/config.toml || exit 75\"\n\n\
        With 75 the mail server tries again later, as when the database is away."
    )]
    Read {
        /// Where the settings are.
        #[command(flatten)]
        settings: Settings,
    },
}

/// What can be done with a receipt.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Check a receipt file with the issuer's public key; exit code 0: valid, 1: not valid, 2: the
    /// file or the key cannot be read.
    #[command(after_help = "Example:\n  \
        qianshou receipt verify receipt.jws --key receipt.pub.pem\n\n\
        Needs neither server nor database nor network.")]
    Verify {
        /// The receipt file.
        file: PathBuf,
        /// The issuer's public key (receipt.pub.pem).
        #[arg(long, value_name = "PUB")]
        key: PathBuf,
    },
}

/// What a command has to say, and whether it did what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Lines for the terminal, each ended.
    pub text: String,
    /// The exit code.
    pub exit: Exit,
}

/// What the exit code of a command says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it was done, or the answer is yes.
    Done,
    /// 1: it was refused, or the answer is no.
    Refused,
    /// 2: there is no answer, because what was asked about or with could not be read.
    Unable,
}

impl Report {
    fn done(text: String) -> Self {
        Self { text, exit: Exit::Done }
    }

    fn refused(text: String) -> Self {
        Self { text, exit: Exit::Refused }
    }

    /// Whether it did what was asked.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.exit == Exit::Done
    }
}

/// Does what the command line says; the text goes to standard output, or to standard error if
/// it did not succeed.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    let report = match done(&cli.command) {
        Ok(report) => report,
        Err(error) => Report::refused(format!("qianshou: {error:#}\n")),
    };
    let written = if report.is_done() {
        std::io::stdout().write_all(report.text.as_bytes())
    } else {
        std::io::stderr().write_all(report.text.as_bytes())
    };
    match report.exit {
        Exit::Done if written.is_ok() => ExitCode::SUCCESS,
        Exit::Unable => ExitCode::from(2),
        Exit::Done | Exit::Refused => ExitCode::FAILURE,
    }
}

/// Says something while a command still runs. Nobody may be listening any more; that is no fault.
fn say(text: &str) {
    let mut out = std::io::stdout();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn done(command: &Command) -> anyhow::Result<Report> {
    match command {
        Command::Serve { settings } => serve::serve(&settings.load()?),
        Command::Demo { folder, listen } => demo::demo(folder.as_deref(), *listen),
        Command::Migrate { settings } => setup::migrate(&settings.load()?),
        Command::Health { question, settings } => health::health(&settings.load()?, *question),
        Command::Keys(KeysCommand::Create { dir }) => setup::create_keys(dir),
        Command::Account(command) => account::account(command),
        Command::Directory(DirectoryCommand::Import {
            organizations,
            desks,
            contacts,
            dry_run,
            settings,
        }) => {
            let sheets = directory::Sheets { organizations, desks, contacts };
            directory::import(&sheets, *dry_run, settings)
        }
        Command::Calendar(CalendarCommand::Import { file, reason, settings }) => {
            calendar::import(file, reason, settings)
        }
        Command::Bounce(BounceCommand::Read { settings }) => bounce::read(settings),
        Command::Receipt(ReceiptCommand::Verify { file, key }) => Ok(receipt::verify(file, key)),
        Command::ReadText { ending } => match read_text::read_text(ending) {
            Ok(()) => Ok(Report::done(String::new())),
            Err(error) => anyhow::bail!("{error}"),
        },
        Command::Webhook(WebhookCommand::Secret { address, settings }) => {
            webhook::secret(&settings.load()?, address)
        }
    }
}
