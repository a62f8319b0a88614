//! What may enter: marked files of every kind are refused and leave nothing; what no program can
//! read, a person looks through, on record; a hostile file hurts nobody but its own reader.

use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use qianshou::adapters::files::sniff::FileKind;
use qianshou::adapters::files::text::Words;
use qianshou::adapters::files::text::reader::TextReader;
use qianshou::domain::digest::Sha256Digest;
use qianshou::domain::legibility::Legibility;
use qianshou::service::accounts;
use qianshou::service::preview;

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::form::Form;
use crate::support::house::count;
use crate::support::stand::PUBLIC_URL;

const MARKED: &[u8] = include_bytes!("../fixtures/marked.pdf");

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn ofd(page: &str) -> Vec<u8> {
    package(&[
        (
            "OFD.xml",
            "<ofd:OFD xmlns:ofd='http://www.ofdspec.org/2016'><ofd:DocBody>\
            <ofd:DocRoot>D/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        ),
        (
            "D/Document.xml",
            "<ofd:Document><ofd:Pages><ofd:Page BaseLoc='P.xml'/></ofd:Pages>\
            </ofd:Document>",
        ),
        ("D/P.xml", page),
    ])
}

/// A PNG of one white point.
const POINT: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E',
    b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

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

    fn edit(&self) -> String {
        format!("/notices/{}/edit", self.town.draft)
    }

    fn form(&mut self) -> Form {
        let edit = self.edit();
        Form::holding(&self.clerk.get(&edit).body, "title").unwrap()
    }

    fn press(&mut self, form: &Form, act: &str, files: &[(&str, &[u8])]) -> Heard {
        let files: Vec<_> = files.iter().map(|(name, bytes)| ("files", *name, *bytes)).collect();
        let (kind, body) = form.multipart(("do", act), &files);
        self.clerk.send("POST", &form.action, (&kind, &body))
    }

    fn bring(&mut self, name: &str, bytes: &[u8]) -> Heard {
        let form = self.form();
        self.press(&form, "upload", &[(name, bytes)])
    }

    fn count(&self, from: &str) -> i64 {
        count(&self.town.url, from)
    }
}

#[test]
fn a_marked_file_of_any_kind_is_refused_and_leaves_nothing() {
    let Some(mut desk) = Desk::open() else { return };
    let before = desk.count("notice_files");
    let types = "application/vnd.openxmlformats-officedocument";
    let kind =
        |what: &str| format!("<Types><Override ContentType='{types}.{what}.main+xml'/></Types>");
    let word = package(&[
        ("[Content_Types].xml", &kind("wordprocessingml.document")),
        ("word/document.xml", "<w:body><w:p><w:t>关于某事的通知</w:t></w:p></w:body>"),
        ("word/header1.xml", "<w:hdr><w:p><w:t>秘密★</w:t></w:p></w:hdr>"),
    ]);
    let excel = package(&[
        ("[Content_Types].xml", &kind("spreadsheetml.sheet")),
        ("xl/workbook.xml", "<workbook/>"),
        ("xl/sharedStrings.xml", "<sst><si><t>密级：机密</t></si></sst>"),
    ]);
    let text = "<ofd:Page><ofd:TextObject Boundary='20 20 30 8' Size='5'><ofd:TextCode X='0' Y='5'>\
        绝密★30年</ofd:TextCode></ofd:TextObject></ofd:Page>";
    let all: [(&str, &[u8]); 4] =
        [("通知.pdf", MARKED), ("通知.ofd", &ofd(text)), ("通知.docx", &word), ("表.xlsx", &excel)];
    for (n, (name, bytes)) in all.iter().enumerate() {
        let heard = desk.bring(name, bytes);
        assert_eq!(heard.status, 422, "{name}: {}", heard.words());
        assert!(heard.body.contains("涉密内容不得进入本系统"), "{name}: {}", heard.words());
        assert!(heard.body.contains("保密工作机构"), "{name}: who is to be told");
        let told = desk.count("events where kind = 'classified_refused'");
        assert_eq!(usize::try_from(told).unwrap(), n + 1, "{name}");
        assert!(!desk.town.service.files.contains(&Sha256Digest::of(bytes)).unwrap(), "{name}");
    }
    assert_eq!(desk.count("notice_files"), before);
}

#[test]
fn what_no_program_can_read_is_looked_through_by_a_person() {
    let Some(mut desk) = Desk::open() else { return };
    let heard = desk.bring("扫描件.png", POINT);
    assert_eq!(heard.status, 303, "{}", heard.words());
    let clear = "<ofd:Page><ofd:TextObject Boundary='20 20 30 8' Size='5'><ofd:TextCode \
        X='0' Y='5'>关于值班的通知</ofd:TextCode></ofd:TextObject></ofd:Page>";
    assert_eq!(desk.bring("附件.ofd", &ofd(clear)).status, 303);
    assert_eq!(desk.count("unread_files"), 1, "the readable one asks nobody");
    let mut form = desk.form();
    form.type_in("document_number", "湘办发电〔2026〕77号");
    let said = desk.press(&form, "check", &[]);
    assert_eq!(said.status, 422);
    assert!(said.body.contains("“扫描件.png”的文字无法自动检查"), "{}", said.words());
    let preview = format!("/notices/{}/preview", desk.town.draft);
    assert!(Form::holding(&desk.clerk.get(&preview).body, "digest").is_none(), "no way past it");
    // Nor past the page: a form made by hand is refused as well.
    let author = accounts::list(&desk.town.service).unwrap();
    let author = author.into_iter().find(|one| one.login == "jingban").unwrap();
    let seen = preview::preview(&desk.town.service, &author, desk.town.draft).unwrap();
    let digest = seen.digest.to_string();
    let token = desk.clerk.form_token();
    let fields = [("form_token", token.as_str()), ("key", "k"), ("digest", &digest)];
    let by_hand = desk.clerk.post(&format!("/notices/{}/submit", desk.town.draft), &fields);
    assert_eq!(by_hand.status, 422, "{}", by_hand.words());

    let form = desk.form();
    let [vouch]: [String; 1] = form.buttons("do", "vouch:").try_into().unwrap();
    for _ in 0..2 {
        assert_eq!(desk.press(&form, &vouch, &[]).status, 303);
    }
    assert_eq!(desk.count("file_vouchers"), 1);
    assert_eq!(desk.count("events where kind = 'file_vouched'"), 1);
    let mut form = desk.form();
    assert!(form.buttons("do", "vouch:").is_empty());
    form.type_in("document_number", "湘办发电〔2026〕77号");
    let checked = desk.press(&form, "check", &[]);
    assert_eq!(checked.status, 303, "{}", checked.words());
    let mut releaser = Visitor::new(&desk.door).sign_in("hefa", PASSWORD);
    let shown = releaser.get(&preview).words();
    assert!(shown.contains("已看过，确认不涉密"), "the releaser reads who looked: {shown}");
}

/// A program that stands in for ours.
fn program(folder: &std::path::Path, script: &str) -> TextReader {
    let path = folder.join("reader");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    TextReader::new(path).within(Duration::from_secs(1))
}

#[test]
fn a_reader_that_hangs_dies_or_talks_without_end_is_no_yes() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |reader: &TextReader| {
        let begun = Instant::now();
        let words = ask(reader, MARKED.to_vec());
        assert!(begun.elapsed() < Duration::from_secs(20));
        words
    };
    for script in [
        "exec sleep 60",
        "exit 1",
        "echo whole_; cat",
        "kill -9 $$",
        "exec 1>&-; exec sleep 60",
        ":",
    ] {
        let words = ask(&program(folder.path(), script));
        assert_eq!(words.legibility, Legibility::None, "{script}");
    }
    let talks = ask(&program(folder.path(), "echo whole; exec cat /dev/zero"));
    assert!(talks.text.len() <= 256 * 1024 + 16, "bounded: {}", talks.text.len());
    let absent = TextReader::new(folder.path().join("absent"));
    assert_eq!(ask(&absent).legibility, Legibility::None);
    let bare = program(folder.path(), "echo whole; env | grep -c QIANSHOU; pwd");
    assert_eq!(ask(&bare).text, "0\n/\n", "it knows nothing of the server");
}

fn ask(reader: &TextReader, file: Vec<u8>) -> Words {
    reader.words_of(FileKind::Pdf, &mut Cursor::new(file))
}

/// A PDF of one page whose content unpacks to so many blanks.
fn page_of(blanks: usize) -> Vec<u8> {
    let mut squeezed = Vec::new();
    let mut packer = flate2::write::ZlibEncoder::new(&mut squeezed, flate2::Compression::fast());
    let piece = vec![b' '; blanks.min(1 << 20)];
    for _ in 0..blanks.div_ceil(1 << 20) {
        packer.write_all(&piece).unwrap();
    }
    packer.finish().unwrap();
    let mut file = b"%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n\
        <</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/Contents \
        4 0 R>>\nendobj\n4 0 obj\n<</Filter/FlateDecode/Length "
        .to_vec();
    file.extend(format!("{}>>stream\n", squeezed.len()).bytes());
    file.extend(&squeezed);
    file.extend(b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n");
    file
}

#[test]
fn the_child_binds_itself() {
    let ours = TextReader::new(env!("CARGO_BIN_EXE_qianshou").into());
    let words = ask(&ours, MARKED.to_vec());
    assert!(words.text.replace(' ', "").starts_with("机密★1年"), "{:?}", words.text);
    let blank = page_of(1);
    assert_eq!(ask(&ours, blank).legibility, Legibility::Whole, "the control: a blank page");
    let begun = Instant::now();
    let words = ask(&ours, page_of(128 << 20));
    assert_eq!(words.legibility, Legibility::None, "{}", words.text.len());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // Arrays in arrays, deep enough to overflow whoever follows them.
    let mut deep = b"%PDF-1.5\n1 0 obj\n".to_vec();
    deep.extend(vec![b'['; 2_000_000]);
    deep.extend(b"\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n");
    let words = ask(&ours, deep);
    assert_eq!(words.legibility, Legibility::None);
}
