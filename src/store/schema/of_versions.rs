//! What a person answered for when a notice went out: gaps, and approvals by word of mouth.

use diesel::table;

table! {
    gap_issues (delivery_id) {
        delivery_id -> Text,
        event_id -> Text,
        gaps -> Text,
        reason -> Text,
        account_id -> Text,
        decided_at -> BigInt,
    }
}

table! {
    release_debts (notice_id) {
        notice_id -> Text,
        oral_event_id -> Text,
        opened_at -> BigInt,
        due_at -> BigInt,
        outcome -> Nullable<Text>,
        settled_at -> Nullable<BigInt>,
        settled_by -> Nullable<Text>,
        why -> Nullable<Text>,
    }
}
