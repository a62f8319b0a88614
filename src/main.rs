//! The binary: parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    qianshou::cli::run(&qianshou::cli::Cli::parse())
}
