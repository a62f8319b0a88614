//! Whose notices somebody may read: the wall between offices, in one place.

use super::ServiceError;
use crate::domain::account::{Account, Role};
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeState;
use crate::store::Conn;
use crate::store::deliveries::{Delivery, delivery_find, delivery_find_of_issuer};
use crate::store::notices::{Notice, notice_find, notice_find_of_issuer};

/// Whose notices somebody may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of one office, drafts included.
    Office(OrganizationId),
    /// Those of all offices, once they are issued (审计).
    Issued,
}

impl Scope {
    /// What this account may read, by its session alone and never by what a request says.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        match account.holds_any(&[Role::Auditor]) {
            true => Self::Issued,
            false => Self::Office(account.organization_id),
        }
    }

    /// The one office, if it is one.
    #[must_use]
    pub const fn issuer(self) -> Option<OrganizationId> {
        match self {
            Self::Office(office) => Some(office),
            Self::Issued => None,
        }
    }

    /// A notice, if it lies within.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], whether it is absent or out of reach.
    pub(super) fn notice(self, conn: &mut Conn, id: NoticeId) -> Result<Notice, ServiceError> {
        let found = match self {
            Self::Office(office) => notice_find_of_issuer(conn, id, office)?,
            Self::Issued => notice_find(conn, id)?.filter(is_issued),
        };
        found.ok_or(ServiceError::NotFound)
    }

    /// A delivery, if it lies within.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], whether it is absent or out of reach.
    pub(super) fn delivery(
        self,
        conn: &mut Conn,
        id: DeliveryId,
    ) -> Result<Delivery, ServiceError> {
        let found = match self {
            Self::Office(office) => delivery_find_of_issuer(conn, id, office)?,
            Self::Issued => delivery_find(conn, id)?,
        };
        found.ok_or(ServiceError::NotFound)
    }
}

fn is_issued(notice: &Notice) -> bool {
    !matches!(notice.state, NoticeState::Draft | NoticeState::AwaitingRelease)
}
