//! Deliveries, what is sent to them, what comes back, and the evidence.

use diesel::table;

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
        receipt_id -> Nullable<Text>,
        returned_at -> Nullable<BigInt>,
        recalled_at -> Nullable<BigInt>,
        overdue_at -> Nullable<BigInt>,
        not_reached_at -> Nullable<BigInt>,
        chase_stopped_at -> Nullable<BigInt>,
        next_step -> Nullable<Integer>,
        next_due_at -> Nullable<BigInt>,
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
    short_codes (link_id) {
        link_id -> Text,
        code_hash -> Binary,
        ends_at -> BigInt,
        tries -> Integer,
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
        form_nonce -> Nullable<Binary>,
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
    event_personal (event_id) {
        event_id -> Text,
        known -> Text,
    }
}
