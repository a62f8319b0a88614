//! `qianshou webhook secret`: what a system of a recipient's proves our messages with.

use super::Report;
use crate::app;
use crate::config::Config;
use crate::domain::ids::AddressId;

/// Prints the secret of an address.
pub(super) fn secret(config: &Config, address: &str) -> anyhow::Result<Report> {
    let address: AddressId = address.parse()?;
    let secret = app::webhook_secret(config, address)?;
    Ok(Report::done(format!("{secret}\n")))
}
