//! Door 3: operators. Parses the command line, calls one use-case, says what came of it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod receipt;

/// 签收: distributes official notices and proves who received, opened and signed for them.
#[derive(Debug, Parser)]
#[command(name = "qianshou", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What an operator can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at receipts.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
}

/// What can be done with a receipt.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Check a receipt file with the issuer's public key; exit code 0 says that it is valid.
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
    /// Whether the exit code is 0.
    pub ok: bool,
}

/// Does what the command line says; the text goes to standard output, or to standard error if
/// it did not succeed.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    let report = match &cli.command {
        Command::Receipt(ReceiptCommand::Verify { file, key }) => receipt::verify(file, key),
    };
    let written = if report.ok {
        std::io::stdout().write_all(report.text.as_bytes())
    } else {
        std::io::stderr().write_all(report.text.as_bytes())
    };
    if report.ok && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
