//! Tests of `sniff`: clean files of every kind, and files that are not what they say.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use super::*;

fn look(name: &str, bytes: &[u8]) -> Result<FileKind, FileRefusal> {
    sniff(&FileName::clean(name), &mut Cursor::new(bytes.to_vec()))
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const DOCX_TYPES: &[u8] = b"<Types><Override ContentType=\"application/\
    vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
const XLSX_TYPES: &[u8] = b"<Types><Override ContentType=\"application/\
    vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>";

fn docx(more: &[(&str, &[u8])]) -> Vec<u8> {
    let parts: [(&str, &[u8]); 2] =
        [("[Content_Types].xml", DOCX_TYPES), ("word/document.xml", b"<w:document/>")];
    zipped(&[&parts[..], more].concat())
}

fn pdf(inside: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{inside}\nxref\ntrailer\nstartxref\n9\n%%EOF\n").into_bytes()
}

fn png(width: u32) -> Vec<u8> {
    let chunk = |name: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], name, data, &[0; 4]].concat()
    };
    let head = [&width.to_be_bytes()[..], &1u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &head), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks].concat()
}

fn compound(streams: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0u8; 512];
    bytes[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    bytes[28..30].copy_from_slice(&[0xfe, 0xff]);
    for stream in streams {
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.extend([0; 4]);
    }
    bytes
}

#[test]
fn clean_files_of_every_kind_are_taken() {
    let ofd = zipped(&[("OFD.xml", b"<ofd:OFD/>"), ("Doc_0/Document.xml", b"<x/>")]);
    let xlsx = zipped(&[("[Content_Types].xml", XLSX_TYPES), ("xl/workbook.xml", b"<x/>")]);
    let (gb, _, _) = encoding_rs::GB18030.encode("关于防汛的通知\r\n");
    for (name, bytes, kind) in [
        ("a.PDF", pdf("1 0 obj"), FileKind::Pdf),
        ("a.ofd", ofd, FileKind::Ofd),
        ("a.docx", docx(&[]), FileKind::Docx),
        ("a.xlsx", xlsx, FileKind::Xlsx),
        ("a.doc", compound(&["WordDocument"]), FileKind::Doc),
        ("a.wps", compound(&["WordDocument"]), FileKind::Doc),
        ("a.et", compound(&["Workbook"]), FileKind::Xls),
        ("a.png", png(1), FileKind::Png),
        ("a.jpg", b"\xff\xd8\xff\xe0....\xff\xd9".to_vec(), FileKind::Jpeg),
        ("a.txt", "关于防汛的通知\n".as_bytes().to_vec(), FileKind::Txt),
        ("b.txt", gb.into_owned(), FileKind::Txt),
        ("c.txt", "字".repeat(50_000).into_bytes(), FileKind::Txt),
    ] {
        let found = look(name, &bytes);
        assert!(matches!(&found, Ok(found) if *found == kind), "{name}: {found:?}");
    }
}

#[test]
fn endings_and_bytes_must_agree() {
    for name in ["a.exe", "a.html", "a.svg", "a.docm", "a", "a.pdf.zip"] {
        assert!(matches!(look(name, b"x"), Err(FileRefusal::Ending)), "{name}");
    }
    assert!(matches!(look("a.pdf", b""), Err(FileRefusal::Empty)));
    let all = [
        ("pdf", pdf("")),
        ("docx", docx(&[])),
        ("doc", compound(&["WordDocument"])),
        ("xls", compound(&["Workbook"])),
        ("png", png(1)),
        ("jpg", b"\xff\xd8\xff\xe0....\xff\xd9".to_vec()),
        ("ofd", zipped(&[("OFD.xml", b"<ofd:OFD/>")])),
        ("xlsx", zipped(&[("[Content_Types].xml", XLSX_TYPES), ("xl/workbook.xml", b"<x/>")])),
        ("txt", b"\0\x01binary".to_vec()),
    ];
    for (ending, _) in &all[..8] {
        for (other, bytes) in &all {
            let found = look(&format!("a.{ending}"), bytes);
            assert_eq!(found.is_ok(), ending == other, "{other} as {ending}: {found:?}");
        }
        let cut = &all.iter().find(|(other, _)| other == ending).unwrap().1;
        let cut = &cut[..cut.len() - 8];
        let found = look(&format!("a.{ending}"), cut);
        assert!(found.is_err() || *ending == "doc" || *ending == "xls", "cut {ending}");
    }
    assert!(matches!(look("a.txt", b"a\0b"), Err(FileRefusal::NotWhatItSays(_))));
    assert!(matches!(look("a.txt", &pdf("\u{1}")), Err(FileRefusal::NotWhatItSays(_))));
}

#[test]
fn what_can_run_is_refused() {
    let external: &[u8] = b"<Relationship TargetMode=\"External\" Target=\"http://x/t.dotm\"/>";
    let macro_types: &[u8] = b"application/vnd.ms-word.document.macroEnabled.main+xml";
    for (name, bytes) in [
        ("a.docx", docx(&[("word/vbaProject.bin", b"x")])),
        ("a.docx", docx(&[("word/VBAProject.bin", b"x")])),
        ("a.docx", docx(&[("word/embeddings/oleObject1.bin", b"x")])),
        ("a.docx", docx(&[("word/activeX/activeX1.xml", b"x")])),
        ("a.docx", docx(&[("word/_rels/settings.xml.rels", external)])),
        ("a.docx", zipped(&[("[Content_Types].xml", macro_types), ("word/document.xml", b"x")])),
        ("a.doc", compound(&["WordDocument", "_VBA_PROJECT"])),
        ("a.pdf", pdf("<< /S /JavaScript /JS (app.alert(1)) >>")),
        ("a.pdf", pdf("<< /S /Launch /F (cmd.exe) >>")),
        ("a.pdf", pdf(&format!("{}/Launch", "x".repeat(64 * 1024 - 14)))),
    ] {
        let found = look(name, &bytes);
        assert!(matches!(found, Err(FileRefusal::Active)), "{name}: {found:?}");
    }
}

#[test]
fn what_hides_another_file_is_refused() {
    let zip = zipped(&[("evil.txt", b"x")]);
    for (name, bytes) in [
        ("a.pdf", [pdf(""), zip.clone(), b"\nstartxref\n1\n%%EOF".to_vec()].concat()),
        ("a.png", [png(1), zip.clone()].concat()),
        ("a.png", [png(1), b"<script>".to_vec()].concat()),
        ("a.jpg", [b"\xff\xd8\xff\xe0..\xff\xd9".to_vec(), zip].concat()),
        ("a.docx", docx(&[("../../evil.xml", b"x")])),
        ("a.docx", docx(&[("word/page.html", b"x")])),
    ] {
        let found = look(name, &bytes);
        assert!(matches!(found, Err(FileRefusal::Hidden)), "{name}: {found:?}");
    }
}

#[test]
fn what_would_blow_up_is_refused_unopened() {
    let zeros = vec![0u8; 24 << 20];
    let found = look("a.docx", &docx(&[("word/media/zeros.bin", &zeros)]));
    assert!(matches!(found, Err(FileRefusal::Bomb)), "{found:?}");
    let big_types = [DOCX_TYPES, &vec![b' '; 2 << 20]].concat();
    let big = zipped(&[("[Content_Types].xml", &big_types), ("word/document.xml", b"x")]);
    assert!(matches!(look("a.docx", &big), Err(FileRefusal::Bomb)));
    let mut many = docx(&[]);
    let end = many.len() - 22;
    many[end + 10..end + 12].copy_from_slice(&20_000u16.to_le_bytes());
    assert!(matches!(look("a.docx", &many), Err(FileRefusal::Bomb)));
    assert!(matches!(look("a.png", &png(SIDE + 1)), Err(FileRefusal::Bomb)));
    let doctype = [b"<!DOCTYPE x>", DOCX_TYPES].concat();
    let doctype = zipped(&[("[Content_Types].xml", &doctype), ("word/document.xml", b"x")]);
    assert!(matches!(look("a.docx", &doctype), Err(FileRefusal::NotWhatItSays(_))));
}

const SIDE: u32 = 30_000;

#[test]
fn the_file_is_left_at_its_beginning() {
    let mut file = Cursor::new(pdf(""));
    sniff(&FileName::clean("a.pdf"), &mut file).unwrap();
    assert_eq!(file.position(), 0);
}
