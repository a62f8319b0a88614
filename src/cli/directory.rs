//! `qianshou directory import`: three sheets are taken over as a whole, or refused with every
//! fault in a table.

use std::path::Path;

use anyhow::Context as _;

use super::table::columns;
use super::{Report, Settings};
use crate::app::App;
use crate::domain::directory_import::{ImportEffects, ImportRefused, Sheet};
use crate::domain::evidence::Actor;
use crate::service::import_directory::{DirectoryFiles, DirectoryRefused, check, take_over};

/// Faults that are shown; who has more has made one mistake many times.
const FAULTS_SHOWN_MAX: usize = 200;

/// Where the sheets are.
pub(super) struct Sheets<'a> {
    pub(super) organizations: &'a Path,
    pub(super) desks: &'a Path,
    pub(super) contacts: &'a Path,
}

impl Sheets<'_> {
    fn path(&self, sheet: Sheet) -> &Path {
        match sheet {
            Sheet::Organizations => self.organizations,
            Sheet::Desks => self.desks,
            Sheet::Contacts => self.contacts,
        }
    }
}

/// Checks the sheets and, unless it is a dry run, takes them over.
pub(super) fn import(
    sheets: &Sheets<'_>,
    dry_run: bool,
    settings: &Settings,
) -> anyhow::Result<Report> {
    let read = |sheet| {
        let path = sheets.path(sheet);
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let (organizations, desks, contacts) =
        (read(Sheet::Organizations)?, read(Sheet::Desks)?, read(Sheet::Contacts)?);
    let files =
        DirectoryFiles { organizations: &organizations, desks: &desks, contacts: &contacts };
    let checked = match check(files) {
        Ok(checked) => checked,
        Err(refused) => return Ok(Report::refused(refusal(sheets, &refused))),
    };
    let found = checked.report();
    if dry_run {
        return Ok(Report::done(format!(
            "the sheets are in order; nothing was written (dry run)\n\n{found}"
        )));
    }
    let app = App::open(&settings.load()?)?;
    match take_over(&app.service, Actor::Operator, checked) {
        Ok(effects) => {
            let effects = effect_table(&effects);
            Ok(Report::done(format!("the directory was taken over\n\n{effects}\n{found}")))
        }
        Err(refused) => Ok(Report::refused(refusal(sheets, &refused))),
    }
}

fn effect_table(effects: &ImportEffects) -> String {
    let row = |name: &str, effect: &dyn std::fmt::Display| [name.to_owned(), effect.to_string()];
    columns(
        &[
            row("organisations", &effects.organizations),
            row("desks", &effects.desks),
            row("contacts", &effects.contacts),
            row("addresses", &effects.addresses),
        ],
        2,
    )
}

fn refusal(sheets: &Sheets<'_>, refused: &DirectoryRefused) -> String {
    match refused {
        DirectoryRefused::Rows(refused) => fault_table(sheets, refused),
        DirectoryRefused::NoTable { sheet, why } => {
            format!("nothing was changed; {}: {why}\n", sheets.path(*sheet).display())
        }
        other => format!("nothing was changed; {other}\n"),
    }
}

/// Every fault with its row and column, sheet by sheet.
fn fault_table(sheets: &Sheets<'_>, refused: &ImportRefused) -> String {
    let count = refused.faults.len();
    let faults = if count == 1 { "fault" } else { "faults" };
    let mut text = format!("nothing was changed; {count} {faults} to mend:\n");
    let shown = refused.faults.get(..FAULTS_SHOWN_MAX).unwrap_or(&refused.faults);
    for sheet in [Sheet::Organizations, Sheet::Desks, Sheet::Contacts] {
        let mut rows = vec![["row", "column", "what to mend"].map(str::to_owned)];
        rows.extend(shown.iter().filter(|fault| fault.sheet == sheet).map(|fault| {
            let column = fault.column.clone().unwrap_or_else(|| "-".to_owned());
            [fault.row.to_string(), column, fault.fault.to_string()]
        }));
        if rows.len() > 1 {
            text.push_str(&format!("\n{}\n", sheets.path(sheet).display()));
            text.push_str(&columns(&rows, 2));
        }
    }
    if count > shown.len() {
        text.push_str(&format!("\n… and {} more\n", count - shown.len()));
    }
    text
}
