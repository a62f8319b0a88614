//! The print sheets, the doors of the staff, the failures and the demo mailbox of the gallery.

use askama::Template;

use super::Drawn;
use super::fixtures::{NUMBER, ORGANIZATION, TITLE, duty_phone, moment, text, typed, wrong};
use crate::web::pages::closed::{LinkRefusedPage, Refusal};
use crate::web::pages::demo_mailbox::{DemoMailPage, DemoMailboxPage, MailLine, pieces};
use crate::web::pages::failure::{Failure, FailurePage};
use crate::web::pages::login::{FirstAdministratorPage, LoginPage, LoginRefusal};
use crate::web::pages::parts::Link;
use crate::web::pages::receipt_print::{ReceiptSheet, SheetFile, SheetTime, hash_groups};
use crate::web::pages::register_print::{RegisterRow, RegisterSheet};

/// A mail's HTML part, which the demo mailbox shows in a frame.
pub(super) const MAIL_HTML: &str = "<!doctype html><meta charset=utf-8>\
<p style='font:18px serif'>中共长沙市望城区委办公室：</p><p>请打开邮件中的链接签收。</p>";

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const INSTALLATION: &str = "××省委办公厅公文签收";

fn sheet_file(label: &str, name: &str, size: &str) -> SheetFile {
    SheetFile { label: text(label), name: text(name), size: text(size), sha256: hash_groups(HASH) }
}

/// What goes onto paper.
pub(super) fn sheets() -> Vec<Drawn> {
    let receipt = ReceiptSheet {
        receipt_number: text("rcp_01jd9x3n5ykq8w2m7t4v6b0hza"),
        organization: text(ORGANIZATION),
        organization_id: text("org_01jd9x3n5ykq8w2m7t4v6b0hzb"),
        mode_sentence: text("签收："),
        statement: text("签收仅表示收到正文及附件2件，不代表已办理。"),
        title: text(TITLE),
        document_number: text(NUMBER),
        level_line: text("特提·明电"),
        dispatching_organ: text("中共××省委办公厅"),
        notice_id: text("ntc_01jd9x3n5ykq8w2m7t4v6b0hzc"),
        version: text("第1版"),
        signer_name: text("王某"),
        signer_post: text("机要室主任"),
        signer_phone: text("0731-88062345"),
        mode_word: text("本单位签收"),
        authority: None,
        grade_word: text("持邮件链接，照填页面校验码"),
        signed_at: text("2026年11月23日 14:35:07（北京时间）"),
        late: None,
        times: vec![
            SheetTime { label: text("送出"), value: text("2026年11月23日 14:33:02") },
            SheetTime { label: text("首次打开"), value: text("2026年11月23日 14:34:19") },
        ],
        channel: text("邮件链接"),
        files: vec![
            sheet_file(
                "正文",
                "关于认真做好强降雨过程防汛值守工作的紧急通知.pdf",
                "1,258,291 字节",
            ),
            sheet_file("附件1", "值班安排表.xlsx", "49,152 字节"),
            sheet_file("附件2", "险情快报格式.pdf", "215,040 字节"),
        ],
        leaf_hash: hash_groups(HASH),
        key_name: text("qianshou-2026-11（Ed25519）"),
        file_name: text("rcp_01jd9x3n5ykq8w2m7t4v6b0hza.jws"),
        key_file: text("qianshou-2026-11.pub"),
        printed: text("2026年11月23日 14:36 由签收页打印"),
        back_href: text("/d/x"),
    };
    vec![("print-receipt", receipt.render().unwrap()), ("print-register", register())]
}

fn register() -> String {
    let base = RegisterRow {
        sent: text("11-23 14:33"),
        opened: text("11-23 14:34"),
        signed: text("11-23 14:35"),
        signer_name: text("王某"),
        signer_post: text("机要室主任"),
        signer_phone: text("0731-88062345"),
        way: text("链接"),
        ..RegisterRow::default()
    };
    let absent = RegisterRow { sent: text("11-23 14:33"), ..RegisterRow::default() };
    let rows = (1..=60)
        .map(|serial| {
            let organization = match serial % 7 {
                1 => text("中共长沙市委办公室"),
                2 => text(ORGANIZATION),
                3 => text("中共湘西土家族苗族自治州委办公室"),
                _ => text("中共浏阳市委办公室"),
            };
            let mut row = if serial % 5 == 0 { absent.clone() } else { base.clone() };
            if serial % 5 == 0 {
                for missing in [&mut row.opened, &mut row.signed] {
                    *missing = text("—");
                }
                row.remarks = vec![text("11-23 15:02 逾期未签收")];
            }
            if serial == 10 {
                let gap = "没有已验证的夜间联系方式，核发人张某决定对该单位先行发出：汛情紧急，已电话通知";
                row.remarks.push(text(gap));
            }
            if serial == 12 {
                row.way = text("代收");
                row.remarks.push(text("望城区委办值班室李某电话委托"));
            }
            RegisterRow { serial, organization, below: serial % 7 > 1, ..row }
        })
        .collect();
    RegisterSheet {
        title: text(TITLE),
        document_number: text(NUMBER),
        level_line: text("特提·明电"),
        issued_at: text("2026年11月23日 14:32"),
        due: text("请于 2026年11月23日 15:02 前签收"),
        expected: 60,
        signed: text("已签收 48"),
        release: text("口头批准发出：张某某（电话），李某已于2026年11月24日 09:10补核发。"),
        versions: text("第2版，更正第1版（附件1 值班安排表日期有误）。"),
        rest: Some(text("未签收 12（其中暂无法联系 1）")),
        rows,
        checkpoint: text("日志截至 2026年11月23日 15:31，检查点 1 204 条，根 9f86d081 884c7d65"),
        printed: text("2026年11月23日 15:32 张某 打印"),
        back_href: text("/notices/x"),
    }
    .render()
    .unwrap()
}

fn login(account: &str, refused: Option<LoginRefusal>) -> String {
    LoginPage {
        installation: text(INSTALLATION),
        action: text("/login"),
        form_token: text("c5d1"),
        account: text(account),
        refused,
        came_from: None,
    }
    .render()
    .unwrap()
}

fn first_administrator(mistaken: bool) -> String {
    let error = |words: &str| mistaken.then(|| text(words));
    FirstAdministratorPage {
        installation: text(INSTALLATION),
        action: text("/first-administrator"),
        form_token: text("c5d1"),
        secret_expires: text("1 小时内有效"),
        password_rule: text("至少 15 个字，句子也可以"),
        account: if mistaken { typed("zhangmou") } else { typed("") },
        name: if mistaken { wrong("", "没有填姓名") } else { typed("") },
        secret_error: error("密钥不对，或已过期。请安装人员重新生成"),
        password_error: error("口令只有 8 个字，至少要 15 个"),
        again_error: None,
    }
    .render()
    .unwrap()
}

fn failure(failure: Failure, urgent: bool) -> String {
    let way = Link { text: text("看这份公文"), href: text("/notices/x"), current: false };
    FailurePage {
        way: failure.goes_on().then_some(way),
        failure,
        duty_phone: urgent.then(duty_phone),
        home_href: Some(text("/")),
        request_id: text("req-7c1f0a92"),
    }
    .render()
    .unwrap()
}

/// Doors, failures, refused links and the demo mailbox.
pub(super) fn doors() -> Vec<Drawn> {
    let refused = |refusal| LinkRefusedPage { refusal }.render().unwrap();
    let changed = Refusal::NewVersion {
        shown: format!("{NUMBER} 第1版"),
        current: text("第2版（更正）"),
        what_changed: text("附件1 值班安排表日期有误"),
        href: text("/d/x"),
    };
    let need = text("核发需要核发角色，且不能是起草人本人");
    let what = text("这份公文已由李某于 14:31 核发");
    let gone = text("这份草稿已由王某于2026年11月23日14:31:07删除");
    vec![
        ("link-unknown", refused(Refusal::Unknown)),
        ("link-disabled", refused(Refusal::Disabled { duty_phone: duty_phone() })),
        ("link-new-version", refused(changed)),
        ("login", login("", None)),
        ("login-wrong", login("zhangmou", Some(LoginRefusal::Wrong))),
        ("login-too-many", login("zhangmou", Some(LoginRefusal::TooMany { minutes: 5 }))),
        ("login-busy", login("zhangmou", Some(LoginRefusal::Busy))),
        ("first-administrator", first_administrator(false)),
        ("first-administrator-mistake", first_administrator(true)),
        ("failure-400", failure(Failure::Unreadable, false)),
        ("failure-form-expired", failure(Failure::FormExpired, false)),
        ("failure-403", failure(Failure::Forbidden { need }, false)),
        ("failure-404", failure(Failure::NotFound, false)),
        ("failure-410", failure(Failure::Gone { what: gone }, false)),
        ("failure-409", failure(Failure::Conflict { what }, false)),
        ("failure-413", failure(Failure::TooLarge { limit: text("单个文件 100 MB") }, false)),
        ("failure-500", failure(Failure::Internal, true)),
        ("failure-503", failure(Failure::Busy { seconds: 5 }, true)),
        ("demo-mailbox", mailbox(3)),
        ("demo-mailbox-empty", mailbox(0)),
        ("demo-mail", demo_mail()),
    ]
}

fn subject() -> String {
    format!("【特提】{NUMBER} {TITLE} — 请于11月23日15时2分前签收")
}

fn mailbox(count: usize) -> String {
    let line = MailLine {
        to_name: text(ORGANIZATION),
        to_address: text("wangcheng@hunan.example"),
        subject: subject(),
        at: moment("14:33"),
        copies: 1,
        href: text("demo-mail.html"),
    };
    let mut mails = vec![line; count];
    if let Some(last) = mails.last_mut() {
        last.copies = 2;
    }
    DemoMailboxPage {
        count_words: format!("共 {count} 封"),
        action: text("/demo/mailbox"),
        query: String::new(),
        mails,
        older_href: None,
    }
    .render()
    .unwrap()
}

fn demo_mail() -> String {
    let body = format!(
        "{ORGANIZATION}：\n\n中共××省委办公厅发来特提明电，请于 2026年11月23日 15:02 前签收。\n\n\
         {NUMBER}\n{TITLE}\n\n打开并签收：\n\
         https://qianshou.example/l/01jd9x3n5ykq8w2m7t4v6b0hza.Zk3v\n\n\
         打不开，请拨值班电话 0731-82210000。"
    );
    DemoMailPage {
        subject: subject(),
        from: text("××省委办公厅值班室 <duty@office.example>"),
        to_name: text(ORGANIZATION),
        to_address: text("wangcheng@hunan.example"),
        at: moment("14:33"),
        message_id: text("<msg_01jd9x3n5ykq8w2m7t4v6b0hza@qianshou.example>"),
        text: pieces(&body),
        html_href: Some(text("mail-part.html")),
        back_href: text("demo-mailbox.html"),
    }
    .render()
    .unwrap()
}
