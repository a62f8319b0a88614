//! Notices, their versions and counts.

use diesel::table;

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
        correction_reason -> Nullable<Text>,
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
