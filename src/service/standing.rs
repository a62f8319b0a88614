//! How a notice stands that somebody still takes for a draft: after the back button, or from a
//! second window. Only reads. Never here: the words of the page.

use super::board::Bounds;
use super::compose::{OpenDraft, load_whatever_state};
use super::story::staff_of;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::ids::NoticeId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::accounts::account_find;
use crate::store::events::draft_deletion_find;
use crate::store::notices::notice_issuer_name;

/// A notice of one's own office, wherever it stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The notice with all that was decided about it.
    pub open: OpenDraft,
    /// Who pressed the last button before it went out; none while it is not out.
    pub issued_by: Option<String>,
    /// How it ended, and what stands before and after it.
    pub bounds: Bounds,
}

/// Reads it.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike.
pub fn standing(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Standing, ServiceError> {
    let open = load_whatever_state(service, account, id)?;
    let (issued_by, bounds) = service.store.read(|conn| {
        Ok::<_, StoreError>((notice_issuer_name(conn, id)?, Bounds::read(conn, id)?))
    })?;
    Ok(Standing { open, issued_by, bounds })
}

/// Who of the account's own office deleted this draft, and when; none where nobody did.
///
/// # Errors
/// The store's own.
pub fn deleted(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Option<(String, Timestamp)>, ServiceError> {
    service.store.read(|conn| {
        let Some((actor, at)) = draft_deletion_find(conn, id)? else { return Ok(None) };
        let by = match staff_of(&actor) {
            Some(by) => account_find(conn, by)?,
            None => None,
        };
        let own = by.filter(|by| by.organization_id == account.organization_id);
        Ok(own.map(|by| (by.display_name, at)))
    })
}
