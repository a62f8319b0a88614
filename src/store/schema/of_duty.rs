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
    delegation_reports (event_id) {
        event_id -> Text,
        notice_id -> Text,
        organization_id -> Text,
        reached -> BigInt,
        unreached -> BigInt,
        reporter_name -> Text,
        note -> Nullable<Text>,
        account_id -> Text,
        reported_at -> BigInt,
    }
}
