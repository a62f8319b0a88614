//! `qianshou calendar import`: a holiday table is put in force as a whole, or refused with every
//! line that cannot stand.

use std::path::Path;

use anyhow::Context as _;

use super::{Report, Settings};
use crate::app::App;
use crate::domain::rule_text::RuleKind;
use crate::service::rules::{RuleRefused, Ruling, change, history};

/// Puts the table of a file in force.
pub(super) fn import(file: &Path, reason: &str, settings: &Settings) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let app = App::open(&settings.load()?)?;
    let kind = RuleKind::Calendar;
    let seen = history(&app.service, kind)?.first().map_or(0, |newest| newest.version);
    let ruling = Ruling { kind, text, seen, reason: reason.to_owned(), by: None };
    match change(&app.service, &ruling) {
        Ok(version) => Ok(Report::done(format!("version {version} of the table is in force\n"))),
        Err(RuleRefused::Faulty(faults)) => {
            let lines = faults.iter().map(|(line, what)| format!("line {line}: {what}\n"));
            let text = format!("nothing was changed\n{}", lines.collect::<String>());
            Ok(Report::refused(text))
        }
        Err(refused) => Ok(Report::refused(format!("nothing was changed; {refused}\n"))),
    }
}
