//! What enforces a notice after it was issued.

use diesel::table;

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
    delivery_clocks (delivery_id) {
        delivery_id -> Text,
        counted_from -> BigInt,
        explicit_at -> Nullable<BigInt>,
        hours -> Text,
        manned -> Bool,
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
