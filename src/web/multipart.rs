//! Multipart forms: text fields gathered, files streamed into the file store as they come.
//!
//! The form token must be the first field: before it is checked, nothing else is read. What comes
//! in is staged only; the use-case decides whether it is kept.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::rt::time::timeout;
use actix_web::web;
use futures_util::{TryStream, TryStreamExt as _};

use super::error::WebError;
use super::forms::{FORM_BYTES_MAX, Fields, TOKEN_FIELD, check_token};
use crate::service::Service;
use crate::service::upload::{self, FILES_MAX, Incoming, UploadRefused};

/// A multipart form, its token checked.
pub(super) struct Brought {
    /// Its text fields.
    pub(super) fields: Fields,
    /// Its files, each staged or already refused; the name is for the sentence.
    pub(super) files: Vec<(String, Result<Incoming, UploadRefused>)>,
}

/// How many times the limit of a file is still read, and thrown away, so that whoever sent too
/// large a file gets the page back with all that was typed.
const OVERFLOW_READ: u64 = 3;

/// How long nothing at all may come in before the sender is taken for gone.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// What comes next of a form or of one field, if it comes in time.
async fn next<T, S>(stream: &mut S) -> Result<Option<T>, WebError>
where
    S: TryStream<Ok = T> + Unpin,
    S::Error: std::fmt::Display,
{
    let waited = timeout(STALLED_AFTER, stream.try_next()).await;
    waited.map_err(|_| WebError::TooSlow)?.map_err(unreadable)
}

/// Reads a form.
///
/// # Errors
/// [`WebError::StaleForm`] if the token is not first or not good, [`WebError::TooLarge`] beyond
/// all limits.
pub(super) async fn read(
    mut form: Multipart,
    service: &Service,
    token: &str,
) -> Result<Brought, WebError> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut files = Vec::new();
    let mut room = FORM_BYTES_MAX;
    while let Some(mut field) = next(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field
            .content_disposition()
            .and_then(|disposition| disposition.get_filename())
            .map(str::to_owned);
        if fields.is_empty() && (name != TOKEN_FIELD || file_name.is_some()) {
            return Err(WebError::StaleForm);
        }
        let Some(file_name) = file_name else {
            let text = text(&mut field, &mut room).await?;
            if fields.is_empty() {
                check_token(Some(token), &text)?;
            }
            fields.push((name, text));
            continue;
        };
        if files.len() >= FILES_MAX {
            return Err(WebError::TooLarge);
        }
        // An empty choice of files comes as one file without name and bytes.
        match stage(&mut field, service, &file_name).await? {
            Ok(incoming) if incoming.name.is_empty() => {}
            staged => files.push((file_name, staged)),
        }
    }
    if fields.is_empty() {
        return Err(WebError::StaleForm);
    }
    Ok(Brought { fields: Fields::of(fields), files })
}

fn unreadable(error: impl std::fmt::Display) -> WebError {
    WebError::Bad(error.to_string())
}

async fn text(field: &mut Field, room: &mut usize) -> Result<String, WebError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next(field).await? {
        *room = room.checked_sub(chunk.len()).ok_or(WebError::TooLarge)?;
        bytes.extend_from_slice(&chunk);
    }
    // Browsers send line ends of a form as CR LF, whatever was typed.
    Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

async fn stage(
    field: &mut Field,
    service: &Service,
    name: &str,
) -> Result<Result<Incoming, UploadRefused>, WebError> {
    let own = service.clone();
    let mut upload = match web::block(move || upload::begin(&own)).await? {
        Ok(upload) => upload,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut refused = None;
    let mut left = service.settings.upload_bytes_max.saturating_mul(OVERFLOW_READ);
    while let Some(chunk) = next(field).await? {
        if refused.is_some() {
            let more = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(more).ok_or(WebError::TooLarge)?;
            continue;
        }
        // One chunk at a time: a slow disk slows the sender, and nothing piles up in memory.
        let (back, written) = web::block(move || {
            let written = upload.write(&chunk);
            (upload, written)
        })
        .await?;
        upload = back;
        refused = written.err();
    }
    Ok(match refused {
        None => Ok(Incoming { name: name.to_owned(), upload }),
        Some(fault) => Err(fault.into()),
    })
}
