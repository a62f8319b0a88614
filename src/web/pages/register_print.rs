//! 签收登记表 on paper, A4 landscape: one row per delivery, gaps and overrides in full.

use askama::Template;

/// The register of one notice.
#[derive(Clone, Debug, Template)]
#[template(path = "register_print.html")]
pub struct RegisterSheet {
    /// 标题.
    pub title: String,
    /// 发文字号.
    pub document_number: String,
    /// 等级 as printed.
    pub level_line: String,
    /// 发出时间 in full.
    pub issued_at: String,
    /// `请于 2026年11月23日 15:02 前签收`.
    pub due: String,
    /// Organisations that should sign.
    pub expected: usize,
    /// Those that did: `已签收 112`, after an end `撤回前已签收 112`.
    pub signed: String,
    /// What else the head counts: `未签收 33（其中暂无法联系 2），退文 1`.
    pub rest: Option<String>,
    /// Which version it is, what it replaces and what replaced it; empty for a first version that
    /// is in force.
    pub versions: String,
    /// The formal 核发 after an oral approval; empty where none was ever owed.
    pub release: String,
    /// The deliveries in tree order.
    pub rows: Vec<RegisterRow>,
    /// The state of the log this sheet was drawn from.
    pub checkpoint: String,
    /// When and by whom it was printed.
    pub printed: String,
    /// The board.
    pub back_href: String,
}

/// One delivery. A time that is not known is 未记录; one that did not happen is `—`.
#[derive(Clone, Debug, Default)]
pub struct RegisterRow {
    /// 序号.
    pub serial: usize,
    /// Full name.
    pub organization: String,
    /// Stands under the row of its parent.
    pub below: bool,
    /// 送出: `11-23 14:33`.
    pub sent: String,
    /// 查看.
    pub opened: String,
    /// 签收.
    pub signed: String,
    /// 签收人.
    pub signer_name: String,
    /// 职务.
    pub signer_post: String,
    /// 电话.
    pub signer_phone: String,
    /// 方式: `链接`, `代收`, `电话`.
    pub way: String,
    /// 备注: overdue, returned, issued without a verified way, explanations; each in full.
    pub remarks: Vec<String>,
}
