//! Pictures of the compose form and the release page.

use super::{BODIES, DIVISIONS, LONG_TITLE, NUMBER, TITLE, at, committee, now, put, shell};
use crate::web::pages::acts::EndBanner;
use crate::web::pages::compose::*;
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Choice, Errors, Fact, Link, Place, UrgencyMark};
use crate::web::pages::picker::*;
use crate::web::pages::review::*;

fn pick(id: String, name: String, depth: u8, primary: bool) -> PickRow {
    let unreachable = ["望城区委", "安化县委"].contains(&name.as_str());
    PickRow {
        id,
        name,
        code: String::new(),
        aliases: String::new(),
        depth,
        primary,
        copy: false,
        unreachable,
        shown: true,
    }
}

fn picker(chosen: bool) -> Picker {
    let mut branches = Vec::new();
    for (b, (city, counties)) in DIVISIONS.iter().enumerate() {
        let mut rows = vec![pick(format!("org_{b}_"), committee(city), 0, chosen)];
        rows.extend(
            counties
                .split(' ')
                .enumerate()
                .map(|(i, county)| pick(format!("org_{b}_{i}"), committee(county), 1, chosen)),
        );
        let name = format!("{}及所辖", committee(city));
        branches.push(PickBranch { key: format!("b{b}"), name, open: b == 0, rows });
    }
    let committees =
        PickGroup {
            key: "committees".into(), name: "各市州、县市区党委".into(), branches
        };
    let mut rows: Vec<PickRow> = (0..40)
        .map(|i| {
            let name = BODIES.get(i).map_or(format!("省直第{i}单位"), |name| (*name).into());
            pick(format!("org_p{i}"), name, 0, chosen && i < 10)
        })
        .collect();
    rows[3].copy = chosen;
    let branch =
        PickBranch { key: "dept".into(), name: "省委各部委".into(), open: false, rows };
    let bodies =
        PickGroup { key: "bodies".into(), name: "省直单位".into(), branches: vec![branch] };
    Picker { search: String::new(), groups: vec![committees, bodies] }
}

fn link(text: &str, href: &str) -> Link {
    Link { text: text.into(), href: href.into(), current: false }
}

fn step(when: &str, what: &str) -> Step {
    Step { when: when.into(), what: what.into() }
}

fn truth() -> Truth {
    Truth {
        organisations: 146,
        addresses: 211,
        unreachable: vec![link("望城区委", "#"), link("安化县委", "#")],
        gaps: vec![GapRow {
            name: "望城区委".into(),
            missing: vec![link("没有可用的联系方式", "#"), link("没有写明上级单位", "#")],
        }],
        ways: vec!["邮件 211 封".into()],
        deadline: "发出后 30 分钟内签收".into(),
        deadline_origin: "特提的默认时限".into(),
        steps: vec![
            step("发出时", "邮件，所有方式同时"),
            step("5、10 分钟", "催签"),
            step("10 分钟", "电话（待拨约 60）"),
            step("15 分钟", "提级：带班领导"),
        ],
        night_cost: "现在是夜间：将通知约 146 名值守人员。".into(),
        missing: Vec::new(),
        saved: "草稿已存 02:12".into(),
    }
}

fn file(role: &str, name: &str) -> FileRow {
    FileRow {
        id: "fil_1".into(),
        name: name.into(),
        size: "PDF 1.2 MB".into(),
        digest: "9f2c41d0".into(),
        role: role.into(),
        href: "#".into(),
        unread: String::new(),
        vouch: false,
    }
}

fn compose() -> ComposePage {
    let form = NoticeForm {
        dispatching_organ: "中共湖南省委办公厅".into(),
        signatories: "中共湖南省委办公厅\n湖南省人民政府办公厅".into(),
        lead: "中共湖南省委办公厅".into(),
        form: "telegram".into(),
        urgency: "flash".into(),
        channel_class: "open_telegram".into(),
        document_number: NUMBER.into(),
        cipher_office_serial: "湘机发1220号".into(),
        approver_name: "张某某".into(),
        approved_on: "2026-11-23".into(),
        title: TITLE.into(),
        addressee_line: "各市州、县市区委，省委各部委，省直机关各单位、各人民团体党组（党委）："
            .into(),
        copy_line: "省总工会".into(),
        body: "据气象部门预报，11月24日夜间起我省将出现大范围雨雪冰冻天气。现就有关事项通知如下："
            .into(),
        issued_on: "2026-11-24".into(),
        circulation_scope: "此件发至县处级".into(),
        contact_person: "李敏".into(),
        duty_phone: "0731-8221 0000".into(),
        urgency_reason: "雨雪将于24日凌晨4时到达湘西北，须在此前完成值守部署。".into(),
        ..NoticeForm::default()
    };
    ComposePage {
        shell: shell(Place::Compose),
        action: "/notices/ntc_1/edit".into(),
        key: "key".into(),
        revision: 3,
        waits: false,
        delete_href: "#".into(),
        ended: EndBanner::default(),
        form,
        errors: Errors::none(),
        confirm: Some(ConfirmForm { account: "hefa".into(), ..ConfirmForm::default() }),
        files: vec![file("正文", &format!("{TITLE}.pdf")), file("附件1", "值班表.docx")],
        files_hint: "PDF、OFD、DOCX，每个不超过 100 MB。".into(),
        picker: picker(true),
        truth: truth(),
        choices: ComposeChoices {
            urgency: Choice::list(&[
                ("flash", "特提"),
                ("immediate", "特急"),
                ("priority", "加急"),
                ("routine", "平急"),
                ("ordinary", "平件"),
            ]),
            form: Choice::list(&[("telegram", "电报"), ("paper", "纸质公文")]),
            channel_class: Choice::list(&[("open_telegram", "明电"), ("unclassified", "非涉密")]),
        },
        sent_back: String::new(),
    }
}

#[test]
fn gallery_compose() {
    put("compose", &compose());

    let mut empty = compose();
    empty.form = NoticeForm { urgency: "ordinary".into(), ..NoticeForm::default() };
    (empty.files, empty.picker) = (Vec::new(), picker(false));
    empty.truth = Truth {
        missing: vec![
            link("标题", "#title"),
            link("主送单位", "#to"),
            link("签发人", "#approver_name"),
        ],
        ..Truth::default()
    };
    put("compose-empty", &empty);

    let mut wrong = compose();
    wrong.sent_back = "赵一 02:05：落款机关少了省政府办公厅。".into();
    wrong.form.title = LONG_TITLE.into();
    wrong.form.document_number = "湘办发电(2026)35".into();
    wrong.form.urgency_reason = String::new();
    wrong.picker.search = "城".into();
    for branch in wrong.picker.groups.iter_mut().flat_map(|group| &mut group.branches) {
        branch.rows.iter_mut().for_each(|row| row.shown = row.name.contains('城'));
        branch.open = branch.shown();
    }
    wrong
        .errors
        .add("document_number", "“湘办发电(2026)35”读不出年份，请写成 湘办发电〔2026〕35号。");
    wrong.errors.add("urgency_reason", "特提要写明紧急理由，核发人据此判断。");
    wrong.errors.add("files", "“名单.exe”不是 PDF、OFD 或 DOCX，没有保存。请换成其中一种再上传。");
    let html = put("compose-wrong", &wrong);
    assert!(html.contains(r#"value="湘办发电(2026)35""#), "what was typed is kept");
}

#[test]
fn every_field_of_the_form_is_in_the_page() {
    let html = askama::Template::render(&compose()).unwrap();
    for name in [
        "dispatching_organ",
        "signatories",
        "lead",
        "form",
        "urgency",
        "channel_class",
        "document_number",
        "cipher_office_serial",
        "approver_name",
        "approved_on",
        "title",
        "addressee_line",
        "copy_line",
        "body",
        "issued_on",
        "circulation_scope",
        "contact_person",
        "duty_phone",
        "report_back_to",
        "report_back_by",
        "sign_by",
        "urgency_reason",
        "files",
        "to",
        "cc",
        "form_token",
        "key",
    ] {
        assert!(html.contains(&format!(" name=\"{name}\"")), "{name} is missing");
    }
}

#[test]
fn a_picker_of_three_thousand_stays_light() {
    let mut page = compose();
    let rows = (0..2_900).map(|i| pick(format!("org_{i:026}"), format!("第{i}单位党组"), 0, true));
    page.picker.groups[1].branches[0].rows = rows.collect();
    let html = put("compose-3000", &page);
    assert!(html.len() < 1_000_000, "{} bytes before compression", html.len());
}

fn review() -> ReviewPage {
    let fact = |label: &str, value: &str| Fact { label: label.into(), value: value.into() };
    let mut recipients = Vec::new();
    for (city, counties) in DIVISIONS {
        for place in std::iter::once(city).chain(counties.split(' ')) {
            let name = committee(place);
            recipients.push(ReviewRecipient {
                unreachable: name == "望城区委" || name == "安化县委",
                name,
                code: String::new(),
                copy: false,
                reason: "选自“各市州、县市区党委”".into(),
                ways: "邮件 2".into(),
                mail_href: "#mail".into(),
                deadline: "11-24 02:44（明天，周二）".into(),
                deadline_origin: "特提：发出后30分钟内签收（不分昼夜计时）".into(),
            });
        }
    }
    recipients.sort_by_key(|row| !row.unreachable);
    ReviewPage {
        shell: shell(Place::Notices),
        action: "/notices/ntc_1".into(),
        key: "key".into(),
        digest: "9f2c41d0".into(),
        urgency: UrgencyMark::of("flash"),
        number: NUMBER.into(),
        title: TITLE.into(),
        sent_by: "李敏 01:58 送核发".into(),
        ended: EndBanner::default(),
        urgency_reason: "雨雪将于24日凌晨4时到达湘西北，须在此前完成值守部署。".into(),
        facts: vec![
            fact("发电单位", "中共湖南省委办公厅"),
            fact("落款", "中共湖南省委办公厅（主办）\n湖南省人民政府办公厅"),
            fact("签发", "张某某 2026年11月23日"),
            fact("主送", "各市州、县市区委，省委各部委，省直机关各单位："),
            fact("联系人", "李敏 0731-8221 0000"),
        ],
        body: "据气象部门预报，11月24日夜间起我省将出现大范围雨雪冰冻天气。".into(),
        files: vec![file("正文", &format!("{TITLE}.pdf"))],
        truth: truth(),
        deadline_if_now: Moment::at(at("2026-11-24T02:44:00"), now()),
        recipients,
        mail: MailPreview {
            to: "长沙市委".into(),
            subject: format!("【特提】{NUMBER} {TITLE} — 请于11月24日2时44分前签收"),
            body: "长沙市委：\n\n中共湖南省委办公厅发来特提公文，请于11月24日2时44分前打开下面的\
                   链接并签收。\n\nhttps://qianshou.example/…（各单位不同）\n\n打不开请打值班电话\
                   0731-8221 0000。"
                .into(),
        },
        page_href: "#".into(),
        edit_href: String::new(),
        acts: ReviewActs { release: true, oral: true, ..ReviewActs::default() },
        left_out: None,
        unchanged: None,
        needs_gap_reason: true,
        form: ReviewForm::default(),
        errors: Errors::none(),
        blocked: String::new(),
    }
}

#[test]
fn gallery_review() {
    put("review-release", &review());
    let mut author = review();
    author.acts = ReviewActs { submit: true, ..ReviewActs::default() };
    (author.sent_by, author.edit_href) = (String::new(), "#".into());
    assert!(put("review-author", &author).contains("送核发</button>"));
    let mut wrong = review();
    wrong.form.oral_by = "张某某 副秘书长".into();
    wrong
        .errors
        .add("gap_reason", "望城区委、安化县委暂无法联系，请写明先行发出的理由，或退回补登。");
    wrong.errors.add("oral_at", "请写明口头同意的时间。");
    put("review-wrong", &wrong);
    let mut own = review();
    own.acts = ReviewActs::default();
    own.blocked = "本件由您送核发，须由另一人核发。".into();
    put("review-blocked", &own);
}
