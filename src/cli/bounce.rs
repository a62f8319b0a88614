//! `qianshou bounce read`: one mail that came back, from a pipe.

use std::io::Read as _;

use super::{Report, Settings};
use crate::app::App;
use crate::service::read_bounce::{BounceRead, read_bounce};

/// Reads one mail from standard input.
pub(super) fn read(settings: &Settings) -> anyhow::Result<Report> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let app = App::open(&settings.load()?)?;
    let text = match read_bounce(&app.service, &bytes)? {
        BounceRead::Before => "read before; nothing was changed\n".to_owned(),
        BounceRead::Now(kind) => format!("read: {kind}\n"),
    };
    Ok(Report::done(text))
}
