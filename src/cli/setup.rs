//! `qianshou migrate` and `qianshou keys create`: what must stand before the first start.

use std::path::Path;

use super::Report;
use crate::app;
use crate::config::Config;

/// Brings the database up to date.
pub(super) fn migrate(config: &Config) -> anyhow::Result<Report> {
    let steps = app::bring_database_up_to_date(config)?;
    if steps.is_empty() {
        return Ok(Report::done("the database is up to date\n".to_owned()));
    }
    let lines: String = steps.iter().map(|step| format!("applied {step}\n")).collect();
    Ok(Report::done(lines))
}

/// Makes a full set of keys.
pub(super) fn create_keys(folder: &Path) -> anyhow::Result<Report> {
    app::create_keys(folder)?;
    let folder = folder.display();
    Ok(Report::done(format!(
        "made link.key, form.key, receipt.pem and receipt.pub.pem in {folder}\n\
         Back them up now, apart from the database: without them no link works and no new\n\
         receipt matches the old ones. receipt.pub.pem is for everybody who checks receipts.\n"
    )))
}
