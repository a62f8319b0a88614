//! One room per noun: parse the request, call one use-case, fill the page. Who may call a
//! handler stands in the route table and has been checked before.

pub(super) mod accounts;
pub(super) mod acts;
pub(super) mod asset;
pub(super) mod back;
pub(super) mod board;
pub(super) mod call;
pub(super) mod compose;
mod compose_form;
mod compose_nothing;
pub(super) mod coverage;
pub(super) mod delegated;
pub(super) mod demo_mailbox;
pub(super) mod directory;
pub(super) mod draft_files;
mod draft_view;
pub(super) mod duty;
pub(super) mod duty_print;
pub(super) mod health;
pub(super) mod home;
pub(super) mod link;
mod marks;
pub(super) mod notices;
pub(super) mod own_password;
pub(super) mod receive;
pub(super) mod register;
pub(super) mod remind;
pub(super) mod review;
pub(super) mod rounds;
mod rule_words;
pub(super) mod rules;
pub(super) mod short_code;
pub(super) mod sign_in;
pub(super) mod story;
pub(super) mod verify;
