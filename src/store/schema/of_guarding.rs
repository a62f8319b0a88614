//! What the guard against classified matter left to people, and what they said.

use diesel::table;

table! {
    unread_files (sha256) {
        sha256 -> Binary,
        legibility -> Text,
        found_at -> BigInt,
    }
}

table! {
    file_vouchers (event_id) {
        event_id -> Text,
        notice_id -> Text,
        sha256 -> Binary,
        account_id -> Text,
        vouched_at -> BigInt,
    }
}

table! {
    confirmed_marks (notice_id, finding) {
        notice_id -> Text,
        finding -> Binary,
        event_id -> Text,
        account_id -> Text,
        reason -> Text,
        confirmed_at -> BigInt,
    }
}
