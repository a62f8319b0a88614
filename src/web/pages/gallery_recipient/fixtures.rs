//! The notice of the gallery and the pages of its link, in every state.

use askama::Template;

use super::Drawn;
use crate::domain::time::Timestamp;
use crate::web::pages::closed::{ClosedPage, Closure, ClosureKind, CurrentVersion, SignedBefore};
use crate::web::pages::give_back::{
    BriefNotice, GiveBack, GiveBackPage, Outcome, OutcomePage, ReasonChoice,
};
use crate::web::pages::link_parts::{Field, Person, Phone};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::UrgencyMark;
use crate::web::pages::receive::{Pending, ReceivePage, SignForm};
use crate::web::pages::signed::{ReceiptBrief, ReceiptMode, SignedPage, ViewForm, Visitor};
use crate::web::pages::slip::{BodyText, Deadline, FileLine, Replaces, Slip};

pub(super) const TITLE: &str = "关于认真做好强降雨过程防汛值守和险情报送工作切实保障人民群众生命财产安全\
和城乡供水供电通信交通正常运行有关事项的紧急通知";
pub(super) const NUMBER: &str = "湘办发电〔2026〕35号";
pub(super) const ORGANIZATION: &str = "中共长沙市望城区委办公室";

pub(super) fn text(s: &str) -> String {
    s.to_owned()
}

pub(super) fn typed(value: &str) -> Field {
    Field { value: text(value), error: None }
}

pub(super) fn wrong(value: &str, error: &str) -> Field {
    Field { value: text(value), error: Some(text(error)) }
}

pub(super) fn moment(clock: &str) -> Moment {
    let at =
        |clock: &str| format!("2026-11-23T{clock}").parse().ok().and_then(Timestamp::from_shanghai);
    Moment::at(at(&format!("{clock}:07")).unwrap(), at("15:00:00").unwrap())
}

pub(super) fn duty_phone() -> Phone {
    Phone { shown: text("0731-82210000"), dial: text("073182210000") }
}

fn flash() -> UrgencyMark {
    UrgencyMark::of("flash")
}

fn person(name: &str, post: &str, phone: &str) -> Person {
    Person { name: typed(name), post: typed(post), phone: typed(phone) }
}

fn file(label: &str, name: &str, facts: &str, action: &str) -> FileLine {
    FileLine {
        label: text(label),
        attachment: label != "正文",
        name: text(name),
        facts: text(facts),
        taken: None,
        look_href: None,
        open_action: facts.starts_with("PDF").then(|| format!("/d/x/files/{action}/open")),
        download_action: Some(format!("/d/x/files/{action}/download")),
    }
}

fn slip() -> Slip {
    Slip {
        organization: text(ORGANIZATION),
        level: flash(),
        deadline: Deadline::Ahead {
            clock: text("15:02"),
            date: text("2026年11月23日（今天，周一）"),
            left: text("29 分钟"),
            as_of: text("14:33"),
        },
        dispatching_organ: text("中共××省委办公厅"),
        signatories: Some(text("中共××省委办公厅、××省人民政府办公厅")),
        document_number: text(NUMBER),
        level_line: text("特提·明电"),
        title: text(TITLE),
        addressee_line: text("各市州、县市区委，省委各部委，省直机关各单位党组（党委）"),
        approver_name: text("刘某"),
        approved_on: text("2026年11月23日"),
        issued_on: text("2026年11月23日"),
        cipher_office_serial: Some(text("湘机发1220号")),
        version: None,
        replaces: None,
        scope: Some(text("发至县级")),
        report_back: Some(text("11月24日 12:00 前报省防汛抗旱指挥部办公室，0731-82210011")),
        contact_person: text("省委办公厅 陈某"),
        duty_phone: duty_phone(),
        body: BodyText::Folded { open_action: text("/d/x/body/open") },
        files: vec![
            file(
                "正文",
                "关于认真做好强降雨过程防汛值守工作的紧急通知.pdf",
                "PDF，3 页，1.2 MB",
                "1",
            ),
            file("附件1", "值班安排表.xlsx", "XLSX，48 KB", "2"),
            file("附件2", "险情快报格式.pdf", "PDF，1 页，210 KB", "3"),
        ],
        files_note: None,
        return_href: Some(text("/d/x/return")),
        form_token: text("c5d1"),
    }
}

fn form() -> SignForm {
    SignForm {
        action: text("/d/x/acknowledge"),
        code_token: text("n1.e2.m3"),
        code_shown: text("4719"),
        ..SignForm::default()
    }
}

fn receive(slip: Slip, form: SignForm, seen_note: Option<&str>) -> String {
    receive_page(slip, form, seen_note, None)
}

fn receive_page(
    slip: Slip,
    form: SignForm,
    seen_note: Option<&str>,
    pending: Option<Pending>,
) -> String {
    let seen_note = seen_note.map(text);
    let ask_again_href = text("/d/x/ask-again");
    ReceivePage { slip, seen_note, pending, form, ask_again_href, sample: None, over: None }
        .render()
        .unwrap()
}

/// Before the signature.
pub(super) fn notice_pages() -> Vec<Drawn> {
    let mut opened = slip();
    opened.body = BodyText::Shown {
        paragraphs: vec![
            text(
                "据气象部门预报，今晚至后天我省中北部将出现一次强降雨过程，部分地区有暴雨到大暴雨。",
            ),
            text("一、各级各有关单位要立即核对今晚值班人员和带班领导，保持通信畅通，严禁空岗。"),
            text("二、出现险情，第一时间组织转移，并在三十分钟内电话报告、两小时内书面报告。"),
        ],
    };
    opened.files[0].taken = Some(text("14:34 已打开"));
    let mut late = slip();
    late.deadline = Deadline::Passed {
        clock: text("15:02"),
        date: text("2026年11月23日"),
        over: text("1 小时 12 分"),
    };
    let mut copy = slip();
    copy.deadline = Deadline::Absent;
    copy.level = UrgencyMark::of("priority");
    copy.level_line = text("加急");
    copy.addressee_line = text("省军区，省纪委监委，省高级人民法院，省人民检察院");
    copy.body = BodyText::Absent;
    copy.signatories = None;
    copy.cipher_office_serial = None;
    let mut corrected = slip();
    corrected.version = Some(text("第2版"));
    corrected.replaces = Some(Replaces {
        version: 2,
        older: 1,
        reason: text("附件1 值班安排表日期有误"),
        answered: None,
    });
    let waiting = |pending| receive_page(slip(), form(), None, Some(pending));
    let seen = "本单位已有人于 14:34 打开正文，尚未签收。";
    vec![
        ("receive", receive(slip(), form(), None)),
        ("receive-opened", receive(opened, form(), Some(seen))),
        ("receive-mistake", receive(slip(), mistaken_form(), Some(seen))),
        ("receive-late", receive(late, form(), None)),
        ("receive-corrected", receive(corrected, form(), None)),
        ("receive-copy", receive(copy, form(), None)),
        ("receive-returned", waiting(Pending::Returned { at: moment("14:40") })),
        ("receive-asked", waiting(Pending::Asked { at: moment("14:40") })),
        ("receive-held", waiting(Pending::Held { at: moment("14:40") })),
    ]
}

fn mistaken_form() -> SignForm {
    SignForm {
        person: Person {
            name: typed("王某"),
            post: wrong("", "没有填职务，请写明，如：机要室主任"),
            phone: wrong("88062", "电话“88062”不像完整号码，请带区号，或填手机号"),
        },
        on_behalf: true,
        authority: wrong("", "代收请写明受谁委托"),
        code: wrong("", "填的是“4791”，与当时页面上的不同。已换新码，请再填一次"),
        ..form()
    }
}

pub(super) fn hostile_page() -> String {
    let mut form = form();
    form.person.name = typed("\"><img src=x>");
    let mut slip = slip();
    slip.title = text("<img src=x>");
    receive(slip, form, None)
}

fn receipt(mode: ReceiptMode) -> ReceiptBrief {
    ReceiptBrief {
        number: text("rcp_01jd9x3n5ykq8w2m7t4v6b0hza"),
        at: moment("14:35"),
        late: None,
        signer_name: text("王某"),
        signer_post: text("机要室主任"),
        signer_phone: text("0731-88062345"),
        mode,
        beside: None,
        authority: None,
        grade_note: None,
        download_href: text("/d/x/receipt.jws"),
        print_href: text("/d/x/receipt"),
    }
}

fn signed(receipt: ReceiptBrief, visitor: Visitor) -> String {
    let mut slip = slip();
    slip.return_href = None;
    SignedPage { slip, receipt, visitor, ask_again_href: text("/d/x/ask-again") }.render().unwrap()
}

fn view_form() -> ViewForm {
    ViewForm { action: text("/d/x/viewed"), person: person("", "", "") }
}

/// After the signature, and everything that is not a signature.
pub(super) fn after_signing() -> Vec<Drawn> {
    let mut weak = receipt(ReceiptMode::OnBehalf);
    weak.late = Some(text("逾期 12 分钟"));
    weak.authority = Some(text("望城区委办值班室李某电话委托"));
    weak.grade_note = Some(text(
        "特提要求的验证更高。签收已生效、不再催签；发文单位值班室会拨您填写的电话核对一次。",
    ));
    let registered = Visitor::Registered { name: text("李某"), at: moment("14:50") };
    let own = || receipt(ReceiptMode::Own);
    let mut pages = vec![
        ("signed", signed(own(), Visitor::Signer)),
        ("signed-weak", signed(weak, Visitor::Signer)),
        ("signed-second", signed(own(), Visitor::Second { form: view_form(), refused: false })),
        ("signed-refused", signed(own(), Visitor::Second { form: view_form(), refused: true })),
        ("signed-registered", signed(own(), registered)),
    ];
    pages.extend(give_back_pages());
    pages.extend(closed_pages());
    pages
}

fn brief() -> BriefNotice {
    BriefNotice {
        organization: text(ORGANIZATION),
        level: flash(),
        document_number: text(NUMBER),
        title: text(TITLE),
        due: Some(text("请于 11月23日（今天）15:02 前签收")),
        duty_phone: duty_phone(),
        back_href: text("/d/x"),
    }
}

fn reason(value: &'static str, label: &'static str, hint: &'static str) -> ReasonChoice {
    ReasonChoice { value, label, hint, chosen: false }
}

fn give_back_pages() -> Vec<Drawn> {
    let returning = GiveBackPage {
        act: GiveBack::Return,
        brief: brief(),
        action: text("/d/x/return"),
        form_token: text("c5d1"),
        reasons: vec![
            reason("misdirected", "误投", "不应由本单位收"),
            reason("duplicate", "重复", "同一件已经收到过"),
            reason("suspected_classified", "疑似涉密", "不要转发、拍照，先拨值班电话"),
            reason("other", "其他", ""),
        ],
        reason_error: None,
        detail: typed(""),
        person: person("", "", ""),
    };
    let mistaken = GiveBackPage {
        reason_error: Some(text("没有选退回原因")),
        person: Person {
            name: typed("王某"), post: wrong("", "没有填职务"), ..Person::default()
        },
        ..returning.clone()
    };
    let mut asking = GiveBackPage {
        act: GiveBack::AskAgain,
        action: text("/d/x/ask-again"),
        reasons: vec![
            reason("unreadable", "打不开或看不清", ""),
            reason("attachment_missing", "缺附件", ""),
        ],
        ..returning.clone()
    };
    asking.reasons[0].chosen = true;
    let outcome = |outcome| OutcomePage { outcome, brief: brief() }.render().unwrap();
    let at = moment("14:40");
    let misdirected = text("误投（不应由本单位收）");
    vec![
        ("return", returning.render().unwrap()),
        ("return-mistake", mistaken.render().unwrap()),
        ("ask-again", asking.render().unwrap()),
        ("returned", outcome(Outcome::Returned { reason: misdirected, at: at.clone() })),
        ("asked", outcome(Outcome::Asked { reason: text("打不开或看不清"), at: at.clone() })),
        ("held", outcome(Outcome::Held { at })),
    ]
}

fn closed_pages() -> Vec<Drawn> {
    let closure = |kind, reason: &str| Closure {
        kind,
        reason: text(reason),
        at: moment("16:20"),
        by: text("中共××省委办公厅"),
        signed: None,
        current: None,
        newer: None,
    };
    let mut superseded = closure(ClosureKind::Superseded, "附件1 值班安排表日期有误");
    superseded.signed = Some(SignedBefore {
        words: text("2026年11月23日 14:35 王某（电话确认）"),
        download_href: text("/d/x/receipt.jws"),
        print_href: text("/d/x/receipt"),
    });
    superseded.current =
        Some(CurrentVersion { label: text("第2版（更正）"), href: text("/d/x?v=2") });
    let mut bare = slip();
    bare.return_href = None;
    bare.body = BodyText::Absent;
    for file in &mut bare.files {
        file.open_action = None;
        file.download_action = None;
    }
    bare.files_note = Some(text("本件已撤回，文件不再提供。"));
    let mut readable = slip();
    readable.return_href = None;
    let page = |slip: &Slip, closure| ClosedPage { slip: slip.clone(), closure }.render().unwrap();
    vec![
        ("superseded", page(&readable, superseded)),
        ("recalled", page(&bare, closure(ClosureKind::Recalled, "主送范围有误，另行发出"))),
        ("revoked", page(&bare, closure(ClosureKind::Revoked, "内容与现行规定不一致"))),
        ("abolished", page(&readable, closure(ClosureKind::Abolished, "汛期结束"))),
    ]
}
