//! 通讯录: organisations, and how each can be reached, by day and by night.
//!
//! Everyone on the staff may read it. Never here: links a recipient signs with.

use askama::Template;

use super::parts::{Fact, Link, Shell};

/// Whether an address or an organisation can be counted on: sign + word + colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Answered a check: counts as reachable.
    Verified,
    /// Nobody has answered through it yet.
    Unverified,
    /// Mail came back lately.
    Failing,
    /// No longer used.
    Retired,
}

impl Standing {
    /// The style class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Verified => "state-acknowledged",
            Self::Unverified => "state-returned",
            Self::Failing => "state-late",
            Self::Retired => "state-pending",
        }
    }

    /// The sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Verified => "●",
            Self::Unverified => "○",
            Self::Failing => "▲",
            Self::Retired => "–",
        }
    }

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "已验证",
            Self::Unverified => "未验证",
            Self::Failing => "近期退信",
            Self::Retired => "已停用",
        }
    }
}

/// One organisation in the list.
#[derive(Clone, Debug)]
pub struct OrganizationRow {
    /// Its page.
    pub href: String,
    /// Full name.
    pub name: String,
    /// Region code; may be empty.
    pub code: String,
    /// The alias the search matched, if it was not the name.
    pub matched_alias: String,
    /// 党委, 政府, 省直机关 ….
    pub kind: String,
    /// 省, 市州, 县市区.
    pub level: String,
    /// `24 小时` or `工作时间` or `未登记`.
    pub hours: String,
    /// How many verified addresses.
    pub verified: usize,
    /// How many addresses in use.
    pub addresses: usize,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "directory.html")]
pub struct DirectoryPage {
    /// Frame.
    pub shell: Shell,
    /// Whether 联系情况 is offered.
    pub may_cover: bool,
    /// What is searched for.
    pub search: String,
    /// Value of the filter in force, kept by the search form as `level`.
    pub level: String,
    /// Filters by level with counts.
    pub filters: Vec<Link>,
    /// Organisations found, in tree order.
    pub rows: Vec<OrganizationRow>,
    /// How many were found in all pages.
    pub found: usize,
    /// Address of the page before; empty on the first.
    pub back_href: String,
    /// Address of the page after; empty on the last.
    pub more_href: String,
}

/// A mail room or duty desk.
#[derive(Clone, Debug)]
pub struct DeskRow {
    /// 机要室, 值班室.
    pub name: String,
    /// `24 小时` or `工作日 8:00–12:00，15:00–18:00`.
    pub hours: String,
    /// Telephones.
    pub phones: Vec<String>,
    /// Other organisations it signs for: names.
    pub also_for: Vec<String>,
}

/// An address of a contact.
#[derive(Clone, Debug)]
pub struct AddressRow {
    /// Its id, where a call may show it to work; else empty.
    pub id: String,
    /// 邮件, 短信, 接口.
    pub way: String,
    /// The address.
    pub address: String,
    /// Whether it counts.
    pub standing: Standing,
    /// Since when or why: `10-09 验证`, `11-21 退信：邮箱已满`; may be empty.
    pub detail: String,
}

/// A contact.
#[derive(Clone, Debug)]
pub struct ContactRow {
    /// Person or desk.
    pub name: String,
    /// A角, B角, 值班室, 带班领导, 办公室主任.
    pub role: String,
    /// Its addresses.
    pub addresses: Vec<AddressRow>,
}

/// One organisation.
#[derive(Debug, Template)]
#[template(path = "organization.html")]
pub struct OrganizationPage {
    /// Frame.
    pub shell: Shell,
    /// Where a call that was made is noted.
    pub confirm_action: String,
    /// Full name.
    pub name: String,
    /// 简称, 类别, 层级, 代码, 生效日期 …
    pub facts: Vec<Fact>,
    /// Its superior, if one is declared.
    pub superior: Option<Link>,
    /// What is said where none is: 无上级单位 or 未填写.
    pub superior_word: &'static str,
    /// What is wrong with its reachability, a sentence each; empty when nothing is.
    pub gaps: Vec<String>,
    /// Desks.
    pub desks: Vec<DeskRow>,
    /// Contacts.
    pub contacts: Vec<ContactRow>,
    /// Organisations directly below it.
    pub subordinates: Vec<Link>,
}
