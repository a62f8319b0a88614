//! A form in which nobody has written is not kept as a draft, whatever button is pressed: lists of
//! drafts hold work, not visits. What a button asks besides is answered all the same.

use actix_web::http::StatusCode;

use super::compose::{Typed, UNPROCESSABLE, add_faults, draw};
use super::compose_form::is_untouched;
use crate::domain::notice::CheckContext;
use crate::service::Service;
use crate::service::compose::begun_by;
use crate::service::upload::UploadRefused;
use crate::web::address;
use crate::web::drawn::Drawn;
use crate::web::error::WebError;
use crate::web::pages::compose::{FilesPart, Truth, TruthPart};
use crate::web::pages::parts::Errors;
use crate::web::said::Said;
use crate::web::session::Staff;

const FRESH: &str = "/notices/new";

/// Whether a new form brings nothing that could be lost: nothing typed, nobody ticked, no file.
pub(super) fn is_nothing<T>(
    service: &Service,
    staff: &Staff,
    typed: &Typed,
    files: &[(String, Result<T, UploadRefused>)],
) -> Result<bool, WebError> {
    let no_file = files.iter().all(|(_, staged)| staged.is_err());
    let untouched = no_file && is_untouched(&typed.content, &staff.account);
    // Emptied again, it is still the draft that it was.
    Ok(untouched && begun_by(service, &staff.account, &typed.key)?.is_none())
}

/// What the press is answered with.
pub(super) fn nothing_kept<T>(
    service: &Service,
    staff: &Staff,
    typed: &Typed,
    (act, files_only): (&str, bool),
    files: Vec<(String, Result<T, UploadRefused>)>,
) -> Result<Drawn, WebError> {
    let mut errors = Errors::none();
    for (name, staged) in files {
        if let Err(refused) = staged {
            errors.add("files", &format!("“{name}”{}", refused.message_zh()));
        }
    }
    if files_only {
        let status = if errors.is_empty() { StatusCode::OK } else { UNPROCESSABLE };
        return Drawn::page_with(status, &FilesPart { files: Vec::new(), errors, confirm: None });
    }
    if act == "autosave" {
        return Drawn::page(&TruthPart { truth: Truth::default() });
    }
    if act == "check" {
        let context = CheckContext { now: service.now(), has_main_file: false };
        let faults = typed.content.draft.check(&context).err().unwrap_or_default();
        add_faults(&mut errors, &faults, true);
    }
    if !errors.is_empty() {
        return Drawn::page_with(UNPROCESSABLE, &draw(service, staff, None, typed, errors)?);
    }
    if act == "save" && typed.search.is_empty() {
        return Ok(Drawn::next(FRESH).saying(Said::NothingToKeep, 0));
    }
    let path = address::with_query(FRESH, &[("search", &typed.search)]);
    Ok(Drawn::next(&format!("{path}#recipients")))
}
