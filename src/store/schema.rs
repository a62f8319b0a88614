//! The tables as diesel sees them; the migrations are their source.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    organizations (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        short_name -> Text,
        kind -> Text,
        level -> Text,
        region_code -> Text,
        parent_id -> Nullable<Text>,
        superior_rule -> Text,
        superior_id -> Nullable<Text>,
        working_hours -> Nullable<Text>,
        tree_path -> Text,
        tree_depth -> Integer,
        changed_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

table! {
    organization_aliases (organization_id, alias) {
        organization_id -> Text,
        alias -> Text,
    }
}

table! {
    desks (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        kind -> Text,
        round_the_clock -> Bool,
        hours -> Nullable<Text>,
        phone -> Nullable<Text>,
        night_phone -> Nullable<Text>,
    }
}

table! {
    desk_organizations (desk_id, organization_id) {
        desk_id -> Text,
        organization_id -> Text,
    }
}

table! {
    contacts (id) {
        id -> Text,
        organization_id -> Text,
        desk_id -> Nullable<Text>,
        role -> Text,
        name -> Text,
        post -> Nullable<Text>,
        retired_at -> Nullable<BigInt>,
    }
}

table! {
    contact_addresses (id) {
        id -> Text,
        contact_id -> Text,
        kind -> Text,
        address -> Text,
        place -> Integer,
        status -> Text,
        status_at -> BigInt,
    }
}

table! {
    accounts (id) {
        id -> Text,
        organization_id -> Text,
        login -> Text,
        display_name -> Text,
        phone -> Nullable<Text>,
        password_hash -> Text,
        epoch -> Integer,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}

table! {
    account_roles (account_id, role) {
        account_id -> Text,
        role -> Text,
    }
}

table! {
    sessions (token_hash) {
        token_hash -> Binary,
        account_id -> Text,
        epoch -> Integer,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

table! {
    sign_in_tries (login_hash) {
        login_hash -> Binary,
        failed -> Integer,
        last_failed_at -> BigInt,
        blocked_until -> Nullable<BigInt>,
    }
}

table! {
    bootstrap_secrets (secret_hash) {
        secret_hash -> Binary,
        created_at -> BigInt,
        ends_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

table! {
    form_posts (form_key) {
        form_key -> Text,
        account_id -> Text,
        subject -> Text,
        posted_at -> BigInt,
    }
}

table! {
    notices (id) {
        id -> Text,
        issuer_id -> Text,
        author_id -> Text,
        state -> Text,
        version -> Integer,
        revision -> Integer,
        title -> Text,
        urgency -> Text,
        document_number -> Text,
        number_code -> Nullable<Text>,
        number_year -> Nullable<Integer>,
        number_serial -> Nullable<Integer>,
        created_at -> BigInt,
        saved_at -> BigInt,
        issued_at -> Nullable<BigInt>,
        deadline_at -> Nullable<BigInt>,
        corrects_id -> Nullable<Text>,
        superseded_by_id -> Nullable<Text>,
    }
}

table! {
    notice_versions (notice_id, version) {
        notice_id -> Text,
        version -> Integer,
        header -> Text,
        digest -> Nullable<Binary>,
        ladder -> Nullable<Text>,
        issued_at -> Nullable<BigInt>,
        issued_by -> Nullable<Text>,
    }
}

table! {
    notice_files (id) {
        id -> Text,
        notice_id -> Text,
        version -> Integer,
        place -> Integer,
        role -> Text,
        name -> Text,
        media_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Binary,
    }
}

table! {
    notice_picks (notice_id, organization_id) {
        notice_id -> Text,
        organization_id -> Text,
        addressee -> Text,
        reason -> Text,
    }
}

table! {
    notice_decisions (event_id) {
        event_id -> Text,
        notice_id -> Text,
        version -> Integer,
        decision -> Text,
        digest -> Binary,
        account_id -> Text,
        decided_at -> BigInt,
        reason -> Nullable<Text>,
        approver_name -> Nullable<Text>,
        approver_phone -> Nullable<Text>,
    }
}

table! {
    notice_tallies (notice_id) {
        notice_id -> Text,
        pending -> BigInt,
        handed_over -> BigInt,
        opened -> BigInt,
        acknowledged -> BigInt,
        returned -> BigInt,
        recalled -> BigInt,
        unreachable -> BigInt,
    }
}

table! {
    deliveries (id) {
        id -> Text,
        notice_id -> Text,
        version -> Integer,
        organization_id -> Text,
        organization_name -> Text,
        addressee -> Text,
        reason -> Text,
        tree_path -> Text,
        tree_depth -> Integer,
        deadline_at -> Nullable<BigInt>,
        deadline_origin -> Nullable<Text>,
        unreachable -> Bool,
        handed_over_at -> Nullable<BigInt>,
        fetched_at -> Nullable<BigInt>,
        opened_at -> Nullable<BigInt>,
        downloaded_at -> Nullable<BigInt>,
        acknowledged_at -> Nullable<BigInt>,
        returned_at -> Nullable<BigInt>,
        recalled_at -> Nullable<BigInt>,
        overdue_at -> Nullable<BigInt>,
        not_reached_at -> Nullable<BigInt>,
        chase_stopped_at -> Nullable<BigInt>,
    }
}

table! {
    links (id) {
        id -> Text,
        delivery_id -> Text,
        address_id -> Text,
        generation -> Integer,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

table! {
    rungs (id) {
        id -> Text,
        delivery_id -> Text,
        step -> Integer,
        action -> Text,
        ways -> Nullable<Text>,
        planned_at -> BigInt,
        due_at -> Nullable<BigInt>,
        fired_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
        closed_why -> Nullable<Text>,
    }
}

table! {
    messages (id) {
        id -> Text,
        notice_id -> Nullable<Text>,
        version -> Integer,
        delivery_id -> Nullable<Text>,
        address_id -> Text,
        about -> Nullable<Text>,
        link_id -> Nullable<Text>,
        channel -> Text,
        step -> Integer,
        purpose -> Text,
        lane -> Integer,
        state -> Text,
        due_at -> Nullable<BigInt>,
        lease_token -> Nullable<Text>,
        attempts -> Integer,
        spared -> Integer,
        uncertain -> Integer,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        finished_why -> Nullable<Text>,
    }
}

table! {
    attempts (id) {
        id -> Text,
        message_id -> Text,
        number -> Integer,
        started_at -> BigInt,
    }
}

table! {
    attempt_outcomes (attempt_id) {
        attempt_id -> Text,
        ended_at -> BigInt,
        outcome -> Text,
        phase -> Nullable<Text>,
        relay -> Nullable<Text>,
        reply -> Text,
        crossed -> Bool,
    }
}

table! {
    receipts (id) {
        id -> Text,
        delivery_id -> Text,
        beside -> Bool,
        number -> Text,
        mode -> Text,
        grade -> Text,
        authority -> Nullable<Text>,
        signer_name -> Text,
        signer_post -> Text,
        signer_phone -> Text,
        acknowledged_at -> BigInt,
        late -> Bool,
        event_id -> Text,
        jws -> Text,
    }
}

table! {
    returns (id) {
        id -> Text,
        delivery_id -> Text,
        kind -> Text,
        reason -> Text,
        explanation -> Text,
        name -> Text,
        post -> Text,
        phone -> Text,
        returned_at -> BigInt,
        event_id -> Text,
        decision -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
        decided_why -> Nullable<Text>,
    }
}

table! {
    viewings (event_id) {
        event_id -> Text,
        delivery_id -> Text,
        name -> Text,
        post -> Text,
        phone -> Text,
        registered_at -> BigInt,
    }
}

table! {
    spent_nonces (nonce) {
        nonce -> Binary,
        ends_at -> BigInt,
    }
}

table! {
    events (id) {
        id -> Text,
        kind -> Text,
        happened_at -> BigInt,
        actor -> Text,
        notice_id -> Nullable<Text>,
        delivery_id -> Nullable<Text>,
        bytes -> Binary,
        leaf_hash -> Binary,
    }
}

table! {
    event_personal (event_id, name) {
        event_id -> Text,
        name -> Text,
        value -> Text,
        salt -> Binary,
    }
}

table! {
    call_tasks (id) {
        id -> Text,
        issuer_id -> Text,
        notice_id -> Text,
        delivery_id -> Text,
        kind -> Text,
        reason -> Text,
        lane -> Integer,
        opened_at -> BigInt,
        due_at -> BigInt,
        raised -> Integer,
        claimed_by -> Nullable<Text>,
        claimed_until -> Nullable<BigInt>,
        delegated_to -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
        closed_why -> Nullable<Text>,
        closed_by -> Nullable<Text>,
    }
}

table! {
    calls (id) {
        id -> Text,
        task_id -> Nullable<Text>,
        notice_id -> Text,
        delivery_id -> Text,
        caller_id -> Text,
        called_at -> BigInt,
        outcome -> Text,
        callee_name -> Nullable<Text>,
        callee_post -> Nullable<Text>,
        number -> Nullable<Text>,
        number_differs -> Bool,
        promised_until -> Nullable<BigInt>,
        read_back -> Bool,
        note -> Nullable<Text>,
        event_id -> Text,
    }
}

table! {
    notice_ends (event_id) {
        event_id -> Text,
        notice_id -> Text,
        act -> Text,
        reason -> Text,
        account_id -> Text,
        ended_at -> BigInt,
    }
}

table! {
    chase_stops (event_id) {
        event_id -> Text,
        delivery_id -> Text,
        reason -> Text,
        account_id -> Text,
        stopped_at -> BigInt,
    }
}

table! {
    gap_explanations (event_id) {
        event_id -> Text,
        delivery_id -> Text,
        explanation -> Text,
        account_id -> Text,
        explained_at -> BigInt,
    }
}

table! {
    deadline_changes (event_id) {
        event_id -> Text,
        delivery_id -> Text,
        old_at -> BigInt,
        new_at -> BigInt,
        why -> Text,
        changed_at -> BigInt,
    }
}

table! {
    engine_marks (name) {
        name -> Text,
        marked_at -> BigInt,
        detail -> Nullable<Text>,
    }
}

table! {
    alarms (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        raised_at -> BigInt,
        seen_at -> BigInt,
        cleared_at -> Nullable<BigInt>,
    }
}

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
    rungs,
    messages,
    attempts,
    attempt_outcomes,
    receipts,
    returns,
    viewings,
    spent_nonces,
    events,
    event_personal,
    call_tasks,
    calls,
    notice_ends,
    chase_stops,
    gap_explanations,
    deadline_changes,
    engine_marks,
    alarms,
);
