//! 修改口令: one's own, with the present one as proof.

use askama::Template;

use super::parts::{Errors, Shell};

/// The form. Field names: `current`, `password`, `password_again`.
#[derive(Debug, Template)]
#[template(path = "own_password.html")]
pub struct OwnPasswordPage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong; what was typed never comes back.
    pub errors: Errors,
}
