//! Whether addresses work, and the rules that an administrator may change.

use diesel::table;

table! {
    verification_rounds (id) {
        id -> Text,
        scope -> Text,
        organization_id -> Nullable<Text>,
        started_at -> BigInt,
        started_by -> Text,
        ends_at -> BigInt,
    }
}

table! {
    address_verifications (id) {
        id -> Text,
        address_id -> Text,
        round_id -> Nullable<Text>,
        sent_at -> BigInt,
        ends_at -> BigInt,
        tries -> Integer,
        confirmed_at -> Nullable<BigInt>,
        how -> Nullable<Text>,
        confirmed_by -> Nullable<Text>,
    }
}

table! {
    bounces (digest) {
        digest -> Text,
        read_at -> BigInt,
        kind -> Text,
        message_id -> Nullable<Text>,
        status -> Text,
        detail -> Text,
    }
}

table! {
    rule_versions (kind, version) {
        kind -> Text,
        version -> Integer,
        text -> Text,
        digest -> Text,
        activated_at -> BigInt,
        account_id -> Nullable<Text>,
        reason -> Text,
    }
}
