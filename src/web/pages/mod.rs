//! What the pages show: one room per noun, each a template with the values it needs, ready to
//! print. Handlers fill them; nothing here reads a store or knows a request.

pub mod accounts;
pub mod acts;
pub mod board;
pub mod call;
pub mod closed;
pub mod compose;
pub mod coverage;
pub mod delegated;
pub mod demo_mailbox;
pub mod directory;
pub mod duty;
pub mod duty_print;
pub mod failure;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod gallery_recipient;
pub mod give_back;
pub mod link_parts;
pub mod login;
pub mod moment;
pub mod notices;
pub mod own_password;
pub mod parts;
pub mod picker;
pub mod receipt_print;
pub mod receive;
pub mod register_print;
pub mod remind;
pub mod review;
pub mod rounds;
pub mod rules;
pub mod short_code;
pub mod signed;
pub mod slip;
pub mod story;
pub mod tell_duty;
pub mod verify;
