//! `/`: leads everybody to the page they work on.

use actix_web::HttpResponse;

use crate::domain::account::Role;
use crate::web::respond::see_other;
use crate::web::session::Staff;

/// Leads on by role.
pub(in crate::web) async fn lead(staff: Staff) -> HttpResponse {
    see_other(if staff.is(Role::Administrator) { "/accounts" } else { "/notices" })
}
