//! One room per noun: what a page shows, as typed values ready to print, and its template.
//! Never here: rules, SQL, the clock; whoever fills a page has already decided everything.

pub mod closed;
pub mod demo_mailbox;
pub mod failure;
#[cfg(test)]
mod gallery_recipient;
pub mod give_back;
pub mod login;
pub mod link_parts;
pub mod receipt_print;
pub mod receive;
pub mod register_print;
pub mod signed;
pub mod slip;
