//! What people and files bring, made to do more than it says: lines that would become headers,
//! names that would become paths, archives that would swell.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use qianshou::domain::notice::Field;
use qianshou::domain::notice::draft::DraftSignatory;
use qianshou::service::compose::{self, Content};
use qianshou::service::deliver::{Dispatch, Sender, Share, tick};
use qianshou::service::demo::fill;
use qianshou::service::issue::IssueRequest;
use qianshou::service::pick::Ticks;
use qianshou::service::preview::preview;
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::submit::submit;
use qianshou::store::accounts::account_list;

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::Form;
use crate::support::house::{House, count};
use crate::support::stand::PUBLIC_URL;

/// What a mail of ours may have, each once.
const HEADERS: &[&str] = &[
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

const LINES: &str = "\r\nBcc: e@evil.example\r\n\r\nx\r\n.\r\n";

#[test]
fn no_field_becomes_a_header_of_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    let Some(house) = House::open(folder.path()) else { return };
    let service = &house.app.service;
    let notice = fill(service).unwrap().notice;
    let account = |login: &str| {
        let all = service.store.read(account_list).unwrap();
        all.into_iter().find(|account| account.login == login).unwrap()
    };
    // Names that came into the directory before anybody looked at them.
    for table in ["contacts", "organizations"] {
        house.execute(&format!("update {table} set name = name || '{LINES}'"));
    }
    let (clerk, releaser) = (account("jingban"), account("hefa"));
    let open = compose::load(service, &clerk, notice).unwrap();
    let mut draft = open.notice.draft.clone();
    for text in [
        &mut draft.dispatching_organ,
        &mut draft.title,
        &mut draft.addressee_line,
        &mut draft.contact_person,
        &mut draft.report_back_note,
        &mut draft.urgency_reason,
        &mut draft.body,
        &mut draft.approver_name,
        &mut draft.cipher_office_serial,
    ] {
        text.push_str(LINES);
    }
    draft.signatories = vec![DraftSignatory { name: format!("某办公厅{LINES}"), lead: true }];
    assert!(Field::ALL.len() > 20, "fields were added: do they go into mails?");
    let content = Content { draft, ticks: Ticks::of(&open.picks) };
    compose::save(service, &clerk, notice, open.notice.revision, content).unwrap();
    let seen = preview(service, &clerk, notice).unwrap();
    assert!(seen.faults.is_empty(), "{:?}", seen.faults);
    let gap_reason = Some(format!("先行发出{LINES}"));
    let request = IssueRequest {
        notice,
        seen: seen.digest,
        form_key: "k".into(),
        gap_reason,
        left_out: None,
        unchanged: false,
    };
    submit(service, &clerk, notice, request.seen).unwrap();
    release_and_issue(service, &releaser, &request).unwrap();
    let dispatch = Dispatch::open(service);
    let mut sender = Sender::open(service, &dispatch, "test", Share::All);
    while tick(service, &mut sender).unwrap().taken > 0 {}

    let mut mails = 0;
    for file in std::fs::read_dir(folder.path().join("mail")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        let raw = std::fs::read(path).unwrap();
        let mail = MessageParser::default().parse(&raw).expect("a mail");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for header in mail.headers() {
            *seen.entry(header.name().to_owned()).or_default() += 1;
        }
        for (name, times) in &seen {
            let known = HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name));
            assert!(known && *times == 1, "{name} × {times}\n{}", String::from_utf8_lossy(&raw));
        }
        let to: Vec<_> = mail.to().unwrap().iter().filter_map(|one| one.address()).collect();
        assert!(to.len() == 1 && to[0].ends_with("example") && !to[0].contains("evil"), "{to:?}");
        assert!(!mail.subject().unwrap().contains(['\r', '\n']), "{:?}", mail.subject());
        mails += 1;
    }
    assert!(mails > 100, "{mails}");
}

struct Desk {
    town: Town,
    door: Door,
    clerk: Visitor,
}

impl Desk {
    fn open() -> Option<Self> {
        let town = Town::new()?;
        let door = Door::open(&town.service, PUBLIC_URL);
        let clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
        Some(Self { town, door, clerk })
    }

    fn bring(&mut self, name: &str, bytes: &[u8]) -> Heard {
        let edit = format!("/notices/{}/edit", self.town.draft);
        let form = Form::holding(&self.clerk.get(&edit).body, "title").unwrap();
        let (kind, body) = form.multipart(("do", "upload"), &[("files", name, bytes)]);
        self.clerk.send("POST", &form.action, (&kind, &body))
    }
}

#[test]
fn a_name_of_a_file_is_no_path_and_no_header() {
    let Some(mut desk) = Desk::open() else { return };
    let names = [
        "../../../../etc/passwd.txt",
        "..\\..\\windows\\win.txt",
        "/etc/cron.d/evil.txt",
        "C:\\evil.txt",
        "a%0d%0aSet-Cookie: evil=1.txt",
        "a\\\"; filename=\\\"evil.html\\\".txt",
        "\u{202e}fdp.txt",
        "con.txt",
        "....txt",
        "a\u{0}b.txt",
        "evil.html\u{0}.txt",
        "<img src=x onerror=alert(1)>.txt",
        "名字;attachment=evil.txt",
        "%2e%2e%2fevil.txt",
    ];
    for (n, name) in names.iter().enumerate() {
        let heard = desk.bring(name, format!("内容{n}").as_bytes());
        assert!(
            matches!(heard.status, 303 | 400 | 422),
            "{name}: {} {}",
            heard.status,
            heard.words()
        );
    }
    let edit = format!("/notices/{}/edit", desk.town.draft);
    let page = desk.clerk.get(&edit).body;
    assert!(!page.contains("<img"), "a name is text");
    let mark = format!("href=\"/notices/{}/files/", desk.town.draft);
    let ids: Vec<String> =
        page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert!(ids.len() >= 10, "{}", ids.len());
    for id in ids {
        let heard = desk.clerk.get(&format!("/notices/{}/files/{id}", desk.town.draft));
        assert_eq!(heard.status, 200);
        let said = heard.header("content-disposition");
        let (how, rest) = said.split_once("; filename=\"").unwrap();
        let (stand_in, coded) = rest.split_once("\"; filename*=UTF-8''").unwrap();
        assert!(matches!(how, "attachment" | "inline"), "{said}");
        let odd = |c: char| !(c.is_ascii_alphanumeric() || " .-_".contains(c));
        assert!(!stand_in.contains(odd) && !coded.contains([' ', '"', ';', '/', '\\']), "{said}");
        for path in ["..%2F", "%2F", "%5C", "%0D", "%0A", "%E2%80%AE"] {
            assert!(!coded.to_uppercase().contains(path), "{said}");
        }
        let text = heard.header("content-type").starts_with("text/plain");
        assert!(text.then_some(how) != Some("inline"), "text is saved, never shown");
        assert_eq!(heard.header("set-cookie"), "");
    }
}

fn package(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn archives_that_swell_are_refused_at_once_and_harm_nobody() {
    let Some(mut desk) = Desk::open() else { return };
    let before = count(&desk.town.url, "notice_files");
    let types = b"<Types><Override ContentType='application/vnd.openxmlformats-officedocument.\
        wordprocessingml.document.main+xml'/></Types>"
        .to_vec();
    let ofd = b"<ofd:OFD><ofd:DocRoot>D.xml</ofd:DocRoot></ofd:OFD>".to_vec();
    let word = |more: &[(&str, Vec<u8>)]| {
        let mut parts = vec![("[Content_Types].xml", types.clone())];
        parts.extend_from_slice(more);
        package(&parts)
    };
    let inner = package(&[("a", vec![0; 1 << 20])]);
    let names: Vec<String> = (0..10_002).map(|n| format!("w/{n}")).collect();
    let many: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![])).collect();
    let doctype = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_vec();
    let bombs = [
        ("比例.docx", word(&[("word/document.xml", vec![b' '; 30 << 20])])),
        ("条目.docx", word(&many)),
        ("嵌套.docx", word(&[("word/document.xml", vec![b'a']), ("word/x.zip", inner)])),
        ("爬出.docx", word(&[("word/document.xml", vec![b'a']), ("../../x.xml", vec![b'a'])])),
        ("实体.ofd", package(&[("OFD.xml", doctype)])),
        ("宏.docx", word(&[("word/document.xml", vec![b'a']), ("word/vbaProject.bin", vec![1])])),
        ("程序.ofd", package(&[("OFD.xml", ofd), ("x.exe", vec![b'M', b'Z'])])),
    ];
    for (name, bytes) in bombs {
        assert!(bytes.len() < 1 << 20, "{name}: the upload itself is small");
        let begun = Instant::now();
        let heard = desk.bring(name, &bytes);
        assert_eq!(heard.status, 422, "{name}: {}", heard.words());
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}: {:?}", begun.elapsed());
    }
    assert_eq!(count(&desk.town.url, "notice_files"), before);
    assert_eq!(Visitor::new(&desk.door).get("/sign-in").status, 200);
}
