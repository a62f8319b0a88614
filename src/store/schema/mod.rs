//! The tables as diesel sees them; the migrations are their source.

use diesel::{
    allow_columns_to_appear_in_same_group_by_clause, allow_tables_to_appear_in_same_query,
};

mod of_deliveries;
mod of_directory;
mod of_duty;
mod of_enforcing;
mod of_guarding;
mod of_notices;
mod of_reaching;
mod of_versions;

pub(super) use of_deliveries::*;
pub(super) use of_directory::*;
pub(super) use of_duty::*;
pub(super) use of_enforcing::*;
pub(super) use of_guarding::*;
pub(super) use of_notices::*;
pub(super) use of_reaching::*;
pub(super) use of_versions::*;

allow_tables_to_appear_in_same_query!(
    organizations,
    organization_aliases,
    desks,
    desk_organizations,
    contacts,
    contact_addresses,
    accounts,
    account_roles,
    sessions,
    sign_in_tries,
    bootstrap_secrets,
    form_posts,
    notices,
    notice_versions,
    notice_files,
    notice_picks,
    notice_decisions,
    notice_tallies,
    deliveries,
    links,
    short_codes,
    rungs,
    messages,
    attempts,
    attempt_outcomes,
    receipts,
    returns,
    viewings,
    events,
    event_personal,
    call_tasks,
    calls,
    notice_ends,
    chase_stops,
    gap_explanations,
    deadline_changes,
    delivery_clocks,
    engine_marks,
    alarms,
    duty_tonight,
    delegations,
    delegation_links,
    delegated_calls,
    verification_rounds,
    address_verifications,
    bounces,
    rule_versions,
    gap_issues,
    release_debts,
    unread_files,
    file_vouchers,
    confirmed_marks,
);

// The steps of one notice that are due at once are counted together.
allow_columns_to_appear_in_same_group_by_clause!(
    deliveries::next_due_at,
    rungs::action,
    notices::id,
    notices::document_number,
    notices::urgency,
);
