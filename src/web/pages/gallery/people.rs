//! Pictures of the list of notices, the directory and the accounts.

use super::{LONG_TITLE, NUMBER, TITLE, at, now, put, shell};
use crate::web::pages::accounts::{AccountForm, AccountRow, AccountsPage, OnceSecret, RoleBox};
use crate::web::pages::directory::*;
use crate::web::pages::moment::Moment;
use crate::web::pages::notices::{NoticeRow, NoticeSection, NoticesPage};
use crate::web::pages::parts::{Errors, Fact, Link, Place, StateMark, UrgencyMark};

fn notice(code: &str, title: &str, number: &str, unsigned: usize, state: StateMark) -> NoticeRow {
    NoticeRow {
        href: "#".into(),
        number: number.into(),
        title: title.into(),
        urgency: UrgencyMark::of(code),
        at: Moment::at(at("2026-11-24T01:32:00"), now()),
        unsigned,
        total: 146,
        state,
        countdown: String::new(),
        late: false,
        by: String::new(),
    }
}

fn notices() -> NoticesPage {
    let issued = || StateMark::handed_over();
    let sent = |word: &str| StateMark { word: word.into(), ..issued() };
    let mut waiting = notice("flash", TITLE, NUMBER, 0, sent("待核发"));
    waiting.by = "李敏送核发".into();
    let mut late = notice("flash", LONG_TITLE, "湘办发电〔2026〕34号", 33, sent("已发出"));
    (late.countdown, late.late) = ("已超 12 分".into(), true);
    let mut open = notice("immediate", TITLE, "湘办发电〔2026〕33号", 2, sent("已发出"));
    open.countdown = "还剩 1 小时 18 分".into();
    let mut draft = notice("ordinary", "未填标题", "", 0, StateMark::pending("草稿"));
    draft.total = 0;
    let mut done = notice("priority", TITLE, "湘办发〔2026〕32号", 0, issued());
    done.state = StateMark::acknowledged("已签收齐");
    let mut recalled = notice("routine", "关于召开信息工作会议的通知", "", 7, issued());
    recalled.state = StateMark::pending("已撤回");
    let section = |id, heading: &str, of_issued, rows: Vec<NoticeRow>| NoticeSection {
        id,
        heading: heading.into(),
        count: rows.len(),
        when: if of_issued { "发出时间" } else { "保存时间" },
        of_issued,
        rows,
        next_href: String::new(),
    };
    NoticesPage {
        shell: shell(Place::Notices),
        of_all: false,
        sections: vec![
            section("waiting", "待核发", false, vec![waiting]),
            section("open", "未签收齐", true, vec![late, open]),
            section("drafts", "草稿", false, vec![draft]),
            section("settled", "已签收齐和已结束", true, vec![done, recalled]),
        ],
        back_href: String::new(),
    }
}

#[test]
fn gallery_notices() {
    put("notices", &notices());
    let none = NoticesPage { sections: Vec::new(), ..notices() };
    assert!(put("notices-empty", &none).contains("还没有发过公文"));
}

fn link(text: &str, current: bool) -> Link {
    Link { text: text.into(), href: "#".into(), current }
}

fn fact(label: &str, value: &str) -> Fact {
    Fact { label: label.into(), value: value.into() }
}

#[test]
fn gallery_directory() {
    let row = |name: &str, code: &str, hours: &str, verified, addresses| OrganizationRow {
        href: "#".into(),
        name: name.into(),
        code: code.into(),
        matched_alias: String::new(),
        kind: "党委".into(),
        level: "县市区".into(),
        hours: hours.into(),
        verified,
        addresses,
    };
    let mut aliased = row("中共湘西土家族苗族自治州委员会", "433100", "24 小时", 2, 3);
    aliased.matched_alias = "湘西州委".into();
    let page = DirectoryPage {
        may_cover: true,
        shell: shell(Place::Directory),
        search: "委".into(),
        level: String::new(),
        filters: vec![link("全部", true), link("省直", false), link("市州", false)],
        rows: vec![
            row("中共长沙市委员会", "430100", "24 小时", 2, 2),
            row("中共长沙市望城区委员会", "430112", "未登记", 0, 0),
            row("中共浏阳市委员会", "430181", "工作时间", 0, 2),
            aliased,
        ],
        found: 136,
        back_href: String::new(),
        more_href: "#".into(),
    };
    put("directory", &page);
    let nobody = DirectoryPage { rows: Vec::new(), search: "望城县".into(), ..page };
    assert!(put("directory-none", &nobody).contains("没有名称或简称含“望城县”的单位"));
}

#[test]
fn gallery_organization() {
    let address = |way: &str, address: &str, standing, detail: &str| AddressRow {
        id: String::new(),
        way: way.into(),
        address: address.into(),
        standing,
        detail: detail.into(),
    };
    let contact = |name: &str, role: &str, addresses| ContactRow {
        name: name.into(),
        role: role.into(),
        addresses,
    };
    let page = OrganizationPage {
        confirm_action: "#".into(),
        superior_word: "无上级单位",
        shell: shell(Place::Directory),
        name: "中共长沙市望城区委员会".into(),
        facts: vec![
            fact("简称", "望城区委、望城区委办"),
            fact("类别", "党委"),
            fact("层级", "县市区"),
            fact("代码", "430112"),
            fact("生效", "2026年1月1日起"),
        ],
        superior: Some(link("中共长沙市委员会", false)),
        gaps: vec!["没有已验证的夜间联系方式。特提发到这里要打电话。".into()],
        desks: vec![
            DeskRow {
                name: "机要室".into(),
                hours: "工作日 8:30–12:00，14:30–17:30".into(),
                phones: vec!["0731-8806 0001".into()],
                also_for: vec!["望城区人民政府".into()],
            },
            DeskRow {
                name: "值班室".into(),
                hours: "24 小时".into(),
                phones: vec!["0731-8806 0110".into(), "0731-8806 0111".into()],
                also_for: Vec::new(),
            },
        ],
        contacts: vec![
            contact(
                "机要室",
                "收文点",
                vec![
                    address("邮件", "jys@wangcheng.example", Standing::Verified, "10-09 验证"),
                    address("邮件", "jys-old@wangcheng.example", Standing::Retired, "09-01 起"),
                ],
            ),
            contact(
                "陈立",
                "A角",
                vec![address("邮件", "chenli@wangcheng.example", Standing::Unverified, "")],
            ),
            contact(
                "值班室",
                "值班",
                vec![address(
                    "邮件",
                    "zhiban@wangcheng.example",
                    Standing::Failing,
                    "11-21 邮箱已满",
                )],
            ),
            contact("周海", "带班领导", Vec::new()),
        ],
        subordinates: Vec::new(),
    };
    put("organization", &page);
}

fn accounts() -> AccountsPage {
    let row = |name: &str, login: &str, roles: &[&str], state, active| AccountRow {
        boxes: Vec::new(),
        id: format!("acc_{login}"),
        name: name.into(),
        login: login.into(),
        organisation: "中共湖南省委办公厅".into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        state,
        active,
        last_seen: Moment::at(at("2026-11-23T17:20:00"), now()),
        own: login == "admin",
    };
    let role = |value: &str, label: &str, hint: &str| RoleBox {
        value: value.into(),
        label: label.into(),
        hint: hint.into(),
        checked: value == "clerk",
    };
    AccountsPage {
        shell: shell(Place::Accounts),
        rows: vec![
            row("管理员", "admin", &["管理员"], StateMark::acknowledged("正常"), true),
            row("李敏", "limin", &["经办", "值班"], StateMark::acknowledged("正常"), true),
            row("赵一", "zhaoyi", &["核发"], StateMark::pending("未启用"), true),
            row("钱进", "qianjin", &["审计"], StateMark::pending("已停用"), false),
        ],
        once: None,
        form: AccountForm::default(),
        errors: Errors::none(),
        roles: vec![
            role("clerk", "经办", "起草公文，看本单位的看板"),
            role("releaser", "核发", "核发别人起草的公文，或退回修改"),
            role("duty", "值班", "看未签收的特提，打电话确认"),
            role("admin", "管理员", "管账号和通讯录，看不到公文"),
            role("auditor", "审计", "只看记录，不能改动"),
        ],
        organisations: vec!["中共湖南省委办公厅".into(), "中共长沙市委员会".into()],
    }
}

#[test]
fn gallery_accounts() {
    put("accounts", &accounts());
    let once =
        OnceSecret {
            name: "赵一".into(), login: "zhaoyi".into(), secret: "k7mp-3xwd-92qt".into()
        };
    let mut errors = Errors::none();
    errors.add("login", "账号“limin”已有人用，请换一个，如 limin2。");
    errors.add("organisation", "通讯录里没有“省委办”，请从列表里选全称。");
    errors.add("role", "至少选一个角色。");
    let form =
        AccountForm {
            name: "李敏".into(), login: "limin".into(), organisation: "省委办".into()
        };
    let wrong = AccountsPage { once: Some(once), errors, form, ..accounts() };
    let html = put("accounts-wrong", &wrong);
    assert!(html.contains(r##"<a href="#login">"##), "the summary leads to the field");
    assert!(html.contains(r#"value="省委办""#), "what was typed is kept");
}
