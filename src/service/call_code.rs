//! 校验码 of a call: the digits that were read out stay on the page until the call is recorded or
//! they have run out. A slip in another field never changes what the other side has written down.

use super::Service;
use super::acknowledge::SigningCode;
use super::call::{CallRequest, CallSheet};
use crate::adapters::secrets::links::{CheckFault, CheckForm};

fn form_of(service: &Service, sheet: &CallSheet, token: &str) -> Result<CheckForm, CheckFault> {
    let version = u32::try_from(sheet.notice.version).unwrap_or(0);
    service.keys.read_check_token(token, sheet.delivery.id, version, sheet.read_at)
}

/// The code of the form that comes back, while it is still good.
#[must_use]
pub fn kept_code(service: &Service, sheet: &CallSheet, token: &str) -> Option<SigningCode> {
    let form = form_of(service, sheet, token).ok()?;
    Some(SigningCode { token: token.to_owned(), digits: service.keys.check_code(&form) })
}

/// Whether the code was read back; a code that was read back wrongly is a fault of its field.
pub(super) fn read_back(
    service: &Service,
    sheet: &CallSheet,
    request: &CallRequest,
) -> Result<bool, String> {
    let typed = request.code.trim();
    if typed.is_empty() {
        return Ok(false);
    }
    match form_of(service, sheet, &request.code_token) {
        Ok(form) if service.keys.check_code_matches(&form, typed) => Ok(true),
        Ok(_) => Err(format!("复述的“{typed}”与页面上的不同，请对方看清后再复述，或留空")),
        Err(_) => Err("校验码已失效，页面上换了新的，请重新读给对方，或留空".to_owned()),
    }
}
