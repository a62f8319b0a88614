//! 校验码 of a call: the digits that were read out stay on the page, drawn again or after a slip in
//! another field, until the call is recorded or they have run out. So nothing changes what the
//! other side has written down. Nothing is stored for them.

use super::Service;
use super::acknowledge::SigningCode;
use super::call::{CallRequest, CallSheet};
use super::visit::VISIT_LASTS;
use crate::adapters::secrets::links::{CheckFault, CheckForm};
use crate::domain::ids::{AccountId, DeliveryId};
use crate::domain::time::{Span, Timestamp};

/// The code of the next call of a person to a delivery. `since` is when the call before it, or the
/// notice itself, was made: from there on the code changes once in as long as a form lasts.
pub(super) fn code_of_call(
    service: &Service,
    caller: AccountId,
    (delivery, version): (DeliveryId, i32),
    since: Timestamp,
    now: Timestamp,
) -> SigningCode {
    let lasts = VISIT_LASTS.as_micros();
    let over = now.since(since).as_micros().max(0) / lasts;
    let begun = since.plus(Span::micros(over.saturating_mul(lasts)));
    let version = u32::try_from(version).unwrap_or(0);
    let entropy = service.keys.call_entropy(caller, delivery, version);
    let form = CheckForm {
        delivery,
        version,
        nonce: CheckForm::nonce(begun, entropy),
        // What is read out at the end of that time can still be read back.
        expires: begun.plus(VISIT_LASTS).plus(VISIT_LASTS),
    };
    SigningCode { token: service.keys.check_token(&form), digits: service.keys.check_code(&form) }
}

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
        Ok(_) => {
            Err(format!("复述的“{typed}”与页面上的不同，请再念一遍，请对方听清后复述，或留空"))
        }
        Err(_) => Err("校验码已失效，页面上换了新的，请重新读给对方，或留空".to_owned()),
    }
}
