//! The door of the staff: login, and the page that makes the first administrator.
//! Unknown account and wrong password are told in the same words.

use askama::Template;

use super::link_parts::{Field, Mistake, mistakes};

/// Login. Field names: `account`, `password`, hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The name of this installation.
    pub installation: String,
    /// Where it posts to.
    pub action: String,
    /// The form token.
    pub form_token: String,
    /// As typed; the password never comes back.
    pub account: String,
    /// Why the last try was refused.
    pub refused: Option<LoginRefusal>,
    /// Why the person is here: `登录已过期，请重新登录。`
    pub came_from: Option<String>,
}

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// Unknown, wrong or disabled: one answer.
    Wrong,
    /// Too many tries on this account name, whether it exists or not.
    TooMany {
        /// Until the next try.
        minutes: u32,
    },
    /// Too many logins at this moment.
    Busy,
}

impl LoginRefusal {
    fn sentence(self) -> String {
        match self {
            Self::Wrong => "账号或口令不对。请核对大小写后再试。".to_owned(),
            Self::TooMany { minutes } => {
                format!("这个账号试错次数太多，请过 {minutes} 分钟再试，或请管理员重置口令。")
            }
            Self::Busy => "这一刻登录的人太多，请过几秒再试。".to_owned(),
        }
    }
}

/// The first administrator. Field names: `secret`, `account`, `name`, `password`,
/// `password_again`, hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "first_administrator.html")]
pub struct FirstAdministratorPage {
    /// The name of this installation.
    pub installation: String,
    /// Where it posts to.
    pub action: String,
    /// The form token.
    pub form_token: String,
    /// Until when the secret holds: `1 小时内有效`.
    pub secret_expires: String,
    /// What a password must be: `至少 15 个字，句子也可以`.
    pub password_rule: String,
    /// As typed.
    pub account: Field,
    /// As typed.
    pub name: Field,
    /// What is wrong with the secret.
    pub secret_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// The two passwords differ.
    pub again_error: Option<String>,
}

impl FirstAdministratorPage {
    fn mistakes(&self) -> Vec<Mistake> {
        mistakes(&[
            ("secret", &self.secret_error),
            ("account", &self.account.error),
            ("name", &self.name.error),
            ("password", &self.password_error),
            ("password_again", &self.again_error),
        ])
    }
}
