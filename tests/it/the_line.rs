//! The line from end to end: a notice in the shape of the sample is typed into the form, goes to
//! the units of 各市州、县市区 and ten provincial bodies, every mail through a real SMTP dialogue,
//! every link is signed through the real door, and the board says what the rows say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use qianshou::app::{App, Halves, Listener, create_keys};
use qianshou::config::Config;
use qianshou::domain::delivery::{Addressee, DeliveryState, Tally};
use qianshou::domain::ids::NoticeId;
use qianshou::service::demo::{self, DEMO_PASSWORD};
use qianshou::store::Durability;
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::notices::notice_find;
use qianshou::store::tallies::tally_find;

use crate::support::door::{Heard, Visitor};
use crate::support::engine::Engine;
use crate::support::form::Form;
use crate::support::house::{count, settings};
use crate::support::recipient::sign;
use crate::support::smtp_sink::{SinkSetup, SmtpSink};

const PATIENCE: Duration = Duration::from_secs(120);

fn open(folder: &std::path::Path, smtp_port: u16) -> Option<(App, Listener, String)> {
    let url = Engine::of_this_run().fresh_url(folder, |_| {})?;
    create_keys(&folder.join("keys")).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut set = settings(folder, &url);
    set.retain(|(key, _)| !matches!(*key, "mail.transport" | "mail.folder" | "public_url"));
    set.extend([
        ("public_url", format!("http://{}", listener.address())),
        ("smtp.host", "127.0.0.1".to_owned()),
        ("smtp.port", smtp_port.to_string()),
        ("smtp.tls", "plain_loopback".to_owned()),
        ("smtp.hello_name", "qianshou.example".to_owned()),
    ]);
    let set: Vec<(&str, &str)> = set.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let config = Config::assemble(None, &[], &set).unwrap();
    let halves = Halves { durability: Durability::NotForEvidence, ..Halves::default() };
    Some((App::open_with(&config, halves).unwrap(), listener, url))
}

/// What the paper says, field by field: as its sample, joint, with a collective address line, a
/// cipher office's serial and neither copies nor an attachment.
const PAPER: &[(&str, &str)] = &[
    ("urgency", "flash"),
    ("urgency_reason", "会议精神须于今晚传达到县，各地次日一早部署"),
    ("document_number", "湘办发电〔2026〕36号"),
    ("cipher_office_serial", "湘机发1221号"),
    ("signatories", "中共湖南省委办公厅\n中共湖南省委乡村振兴工作领导小组办公室"),
    ("approver_name", "张某"),
    ("approved_on", "2026-11-23"),
    ("issued_on", "2026-11-23"),
    (
        "title",
        "中共湖南省委办公厅 中共湖南省委乡村振兴工作领导小组办公室 关于认真学习贯彻全省\
乡村振兴现场推进会精神的通知",
    ),
    ("addressee_line", "各市州、县市区委，省委各部委，省直有关单位、有关人民团体党组（党委）："),
    (
        "body",
        "11月20日至21日，全省乡村振兴现场推进会召开。经省委同意，现就学习贯彻会议精神通知如下：\
\n\n一、迅速传达学习。各级党委（党组）要原原本本传达，逐级开到村（社区）。\
\n\n二、逐项抓好落实。对会议部署的“三张清单”，逐项明确责任人和完成时限。\
\n\n贯彻落实情况请及时报省委乡村振兴工作领导小组办公室。",
    ),
    ("circulation_scope", "此件发至县团级"),
    ("contact_person", "王某"),
    ("duty_phone", "0731-55500002"),
    ("report_back_to", "省委乡村振兴工作领导小组办公室"),
    ("report_back_note", "贯彻落实情况"),
];
const TEXT: &[u8] = include_bytes!("../../config/demo/notice/正文.pdf");

/// The clerk's browser at the form, which goes wherever a press leads.
struct Desk {
    browser: Visitor,
    page: String,
}

impl Desk {
    fn open(browser: Visitor) -> Self {
        let mut desk = Self { browser, page: String::new() };
        desk.page = desk.browser.get("/notices/new").body;
        desk
    }

    fn form(&self) -> Form {
        Form::holding(&self.page, "title").expect("the form")
    }

    fn press(&mut self, form: &Form, act: &str, files: &[(&str, &str, &[u8])]) -> Heard {
        let (kind, body) = form.multipart(("do", act), files);
        let heard = self.browser.send("POST", &form.action, (&kind, &body));
        match heard.status {
            303 => {
                let next = heard.header("location").split('#').next().unwrap().to_owned();
                self.page = self.browser.get(&next).body;
            }
            _ => self.page.clone_from(&heard.body),
        }
        heard
    }
}

/// Types the notice in; the address of its preview.
fn type_in(clerk: Visitor) -> (Visitor, String) {
    let mut desk = Desk::open(clerk);
    let mut form = desk.form();
    assert_eq!(form.text("dispatching_organ"), "中共湖南省委办公厅", "the form knows the office");
    form.type_in("title", "关于");
    let heard = desk.press(&form, "check", &[]);
    assert_eq!(heard.status, 422, "an unfinished notice is told so");
    assert!(heard.body.contains("请填写主送"), "beside the field");
    let mut form = desk.form();
    assert_eq!(form.text("title"), "关于", "and keeps what was typed");
    for (name, text) in PAPER {
        form.type_in(name, text);
    }
    let heard = desk.press(&form, "upload", &[("files", "正文.pdf", TEXT)]);
    assert_eq!(heard.status, 303, "{}", heard.body);

    let branches = desk.form().buttons("do", "all:committees-");
    assert_eq!(branches.len(), 14, "one branch for each of 各市州");
    for branch in branches {
        let form = desk.form();
        desk.press(&form, &branch, &[]);
    }
    let departments = "党委部门 全选主送";
    let button = desk.page.split("<button ").find(|tag| tag.contains(departments)).unwrap();
    let key = button.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = desk.form();
    desk.press(&form, &key, &[]);
    let mut form = desk.form();
    for body in ["湖南省教育厅", "湖南省水利厅", "湖南省总工会"] {
        form.tick("to", body);
    }
    desk.press(&form, "save", &[]);
    let form = desk.form();
    for (name, text) in PAPER {
        assert_eq!(form.text(name), *text, "{name} after every press");
    }
    assert_eq!(form.fields.iter().filter(|(name, _)| name == "to").count(), 146);
    let heard = desk.press(&form, "check", &[]);
    assert_eq!(heard.status, 303, "{}", heard.body);
    (desk.browser, heard.header("location").to_owned())
}

/// Presses the primary button of the preview.
fn press(browser: &mut Visitor, preview: &str, gap_reason: Option<&str>) -> Heard {
    let page = browser.get(preview).body;
    let mut form = Form::holding(&page, "digest").expect("the button");
    if let Some(reason) = gap_reason {
        form.type_in("gap_reason", reason);
    }
    let fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&form.action, &fields)
}

/// Waits until the sink has that many mails; each of them once.
fn mails(sink: &SmtpSink, wanted: usize) -> Vec<String> {
    let until = Instant::now() + PATIENCE;
    while sink.received().len() < wanted && Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
    let received = sink.received();
    let mut once: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &received {
        *once.entry(mail.message_id.as_str()).or_default() += 1;
    }
    assert_eq!((received.len(), once.len()), (wanted, wanted), "each exactly once");
    received.iter().map(|mail| mail.raw.clone()).collect()
}

/// The number above the board's table that has this label, and the rows that say this word.
fn board_says(browser: &mut Visitor, board: &str, label: &str, word: &str) -> (usize, usize) {
    let page = browser.get(&format!("{board}?show=all")).body;
    let mark = format!("<span class=\"label\">{label}</span> <strong");
    let number = page.split(&mark).nth(1).unwrap().split('>').nth(1).unwrap();
    let number = number.split('<').next().unwrap().parse().unwrap();
    let rows = page.split("<td class=\"c-state\">").skip(1);
    let said = rows.filter(|row| row.split("</td>").next().unwrap().contains(word)).count();
    (number, said)
}

#[test]
fn the_sample_notice_is_typed_in_reaches_everybody_once_and_everybody_signs() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start(SinkSetup::default()).unwrap();
    let Some((app, listener, url)) = open(folder.path(), sink.port()) else { return };
    let (server, service) = (listener.address(), app.service.clone());
    demo::fill(&service).unwrap();
    thread::spawn(move || app.serve(listener, || {}).unwrap());
    let enter = |login| Visitor::of(server, &server.to_string()).sign_in(login, DEMO_PASSWORD);

    let (mut clerk, preview) = type_in(enter("jingban"));
    let notice: NoticeId = preview.split('/').nth(2).unwrap().parse().unwrap();
    let board = format!("/notices/{notice}");
    let mut releaser = enter("hefa");
    assert!(clerk.get(&preview).body.contains("发往 146 个单位"));
    assert_eq!(press(&mut clerk, &preview, None).header("location"), preview, "送核发");
    let reason = Some("暂无联系方式，先行发出并电话通知");
    let issued = press(&mut releaser, &preview, reason);
    assert_eq!(
        (issued.status, issued.header("location")),
        (303, board.as_str()),
        "{}",
        issued.body
    );

    let rows = || service.store.read(|conn| delivery_list_of_notice(conn, notice)).unwrap();
    assert!(rows().iter().all(|row| row.addressee == Addressee::Primary));
    assert_eq!(rows().len(), 146, "14 + 122 committees and ten provincial bodies");
    let kept = service.store.read(|conn| notice_find(conn, notice)).unwrap().unwrap();
    assert_eq!(kept.draft.document_number, "湘办发电〔2026〕36号");
    let invitations = format!("messages where notice_id = '{notice}' and purpose = 'invitation'");
    let messages = usize::try_from(count(&url, &invitations)).unwrap();
    sign_all(server, &mails(&sink, messages));

    let signed = |state| state == DeliveryState::Acknowledged;
    let rows = rows();
    let done = rows.iter().filter(|row| signed(DeliveryState::derive(&row.facts))).count();
    let unreachable = rows.iter().filter(|row| row.facts.unreachable).count();
    println!("the line: {} deliveries, {messages} mails, {done} signed", rows.len());
    assert_eq!(done + unreachable, rows.len(), "who has an address has signed");
    let recount = Tally::of(rows.iter().map(|row| &row.facts), service.now());
    let kept = service.store.read(|conn| tally_find(conn, notice)).unwrap();
    assert_eq!(Tally { overdue: 0, ..recount }, kept);
    assert_eq!(board_says(&mut clerk, &board, "已签收", "已签收"), (done, done));
    assert_eq!(board_says(&mut clerk, &board, "共", "").0, 146);
}

/// Follows every link and signs: one receipt for each organisation, whoever asks.
fn sign_all(server: SocketAddr, mails: &[String]) {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for mail in mails {
        let (delivery, number) = sign(server, &server.to_string(), mail).unwrap();
        let first = told.entry(delivery).or_insert_with(|| number.clone());
        assert_eq!(*first, number, "one receipt for each organisation, whoever asks");
    }
}
