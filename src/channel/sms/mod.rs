//! Short messages through an HTTP gateway that the configuration describes.
//!
//! A text has no title, no number, no web address and no 【】, and no more than 65 characters: what
//! brings to the page is a code, typed in there with the last digits of the phone. Never here:
//! whom to reach; what a code opens.

mod gateway;
mod words;

pub use gateway::{Escape, Gateway, GatewaySetup};
pub use words::{SmsAbout, SmsWords};
