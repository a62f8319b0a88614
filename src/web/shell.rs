//! The frame of a staff page, filled from who is signed in: in this one place.

use super::pages::parts::{Place, Shell};
use super::session::Staff;
use crate::domain::account::Role;

/// The frame around a page at `at`.
pub(super) fn shell(staff: &Staff, at: Place) -> Shell {
    Shell {
        office: staff.account.organization_name.clone(),
        person: staff.account.display_name.clone(),
        may_read: staff.account.holds_any(super::READERS),
        may_compose: staff.is(Role::Clerk),
        may_see_duty: staff.account.holds_any(super::DUTY_ROOM),
        is_admin: staff.is(Role::Administrator),
        is_auditor: staff.is(Role::Auditor),
        at,
        // The duty desk has its alarms within the page.
        alarm: staff.alarm.clone().filter(|_| at != Place::Duty),
        said: staff.said.clone(),
        form_token: staff.form_token.clone(),
    }
}
