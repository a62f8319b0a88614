//! 账号: who may sign in, for which organisation, in which roles. For 管理员 only.
//!
//! Never here: passwords; a new secret is shown once, right after it was made.

use askama::Template;

use super::moment::Moment;
use super::parts::{Errors, Shell, StateMark};

/// One account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id, used in the addresses `/accounts/{id}/disable`, `/enable`, `/reset`, `/roles`.
    pub id: String,
    /// The person.
    pub name: String,
    /// What is typed at sign-in.
    pub login: String,
    /// Organisation.
    pub organisation: String,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// The same as boxes, to change them.
    pub boxes: Vec<RoleBox>,
    /// 正常, 已停用, 未启用.
    pub state: StateMark,
    /// Whether it can sign in, so that 停用 is offered rather than 启用.
    pub active: bool,
    /// Last sign-in.
    pub last_seen: Moment,
    /// Whether it is the reader's own, which cannot be disabled here.
    pub own: bool,
}

/// A role to tick.
#[derive(Clone, Debug)]
pub struct RoleBox {
    /// Posted as `role`.
    pub value: String,
    /// 经办, 核发, 值班, 管理员, 审计.
    pub label: String,
    /// What it may do, in one clause.
    pub hint: String,
    /// Whether it is ticked.
    pub checked: bool,
}

/// The form for a new account, as typed.
#[derive(Clone, Debug, Default)]
pub struct AccountForm {
    /// Person.
    pub name: String,
    /// Sign-in name.
    pub login: String,
    /// Organisation by its full name, chosen from the list.
    pub organisation: String,
}

/// A secret that is shown this once.
#[derive(Clone, Debug)]
pub struct OnceSecret {
    /// Whose.
    pub name: String,
    /// Sign-in name.
    pub login: String,
    /// The one-time password.
    pub secret: String,
}

/// The list of accounts and the form for a new one.
#[derive(Debug, Template)]
#[template(path = "accounts.html")]
pub struct AccountsPage {
    /// Frame.
    pub shell: Shell,
    /// Accounts, by organisation and name.
    pub rows: Vec<AccountRow>,
    /// Shown once after 新建 or 重置密码.
    pub once: Option<OnceSecret>,
    /// The form.
    pub form: AccountForm,
    /// What is wrong with it.
    pub errors: Errors,
    /// Roles to tick.
    pub roles: Vec<RoleBox>,
    /// Names of all organisations, for completion.
    pub organisations: Vec<String>,
}
