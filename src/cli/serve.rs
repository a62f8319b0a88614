//! `qianshou serve`: the server, until it is told to stop.

use super::Report;
use crate::app::{App, Listener, start_logging};
use crate::config::Config;

/// Serves until a stop is asked for.
pub(super) fn serve(config: &Config) -> anyhow::Result<Report> {
    start_logging(&config.log)?;
    let app = App::open(config)?;
    let listener = Listener::bind(config.listen)?;
    // For whoever waits: with port 0 this is the only place that tells the port.
    let address = listener.address();
    app.serve(listener, || super::say(&format!("listening on {address}\n")))?;
    Ok(Report::done(String::new()))
}
