//! The directory and the accounts of the staff.

use diesel::table;

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
