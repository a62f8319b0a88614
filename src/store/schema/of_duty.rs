//! Who answers tonight, and what was reported back of delegated calls.

use diesel::table;

table! {
    duty_tonight (event_id) {
        event_id -> Text,
        organization_id -> Text,
        delivery_id -> Text,
        officer_name -> Text,
        leader_name -> Nullable<Text>,
        phone -> Text,
        told_at -> BigInt,
        until_at -> BigInt,
    }
}

table! {
    delegations (id) {
        id -> Text,
        notice_id -> Text,
        issuer_id -> Text,
        organization_id -> Text,
        account_id -> Text,
        asked_at -> BigInt,
        due_at -> BigInt,
        reporter_name -> Nullable<Text>,
        reporter_phone -> Nullable<Text>,
        reported_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        ended_why -> Nullable<Text>,
    }
}

table! {
    delegation_links (delegation_id, address_id) {
        delegation_id -> Text,
        address_id -> Text,
        generation -> Integer,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

table! {
    delegated_calls (delegation_id, task_id) {
        delegation_id -> Text,
        task_id -> Text,
        delivery_id -> Text,
        outcome -> Nullable<Text>,
        callee_name -> Nullable<Text>,
        reported_at -> Nullable<BigInt>,
    }
}
