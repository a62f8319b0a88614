//! Every kind of file gives its words, and says where it does not.

use std::io::{Cursor, Write as _};

use super::*;
use crate::domain::classification::screen_text;

const PRINTED: &[u8] = include_bytes!("../../../../config/demo/notice/正文.pdf");
const MARKED: &[u8] = include_bytes!("../../../../tests/fixtures/marked.pdf");

fn read(kind: FileKind, bytes: &[u8]) -> Words {
    take_apart(kind, &mut Cursor::new(bytes.to_vec()))
}

/// A package of these parts.
fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A PDF of one page: its content, and the objects from number 5 on; `/F` is number 5, `/X` 6.
fn pdf(content: &[u8], objects: &[&[u8]]) -> Vec<u8> {
    pdf_of(b"<</Type/Pages/Kids[3 0 R]/Count 1>>", content, objects)
}

/// The same with a list of its pages.
fn pdf_of(pages: &[u8], content: &[u8], objects: &[&[u8]]) -> Vec<u8> {
    let page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R\
        /Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>";
    let mut stream = format!("<</Length {}>>stream\n", content.len()).into_bytes();
    stream.extend_from_slice(content);
    stream.extend_from_slice(b"\nendstream");
    let first: [&[u8]; 4] = [b"<</Type/Catalog/Pages 2 0 R>>", pages, page, &stream];
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (n, object) in first.iter().chain(objects).enumerate() {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n", n + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    let count = places.len() + 1;
    file.extend_from_slice(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes());
    for place in places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    file.extend_from_slice(end.as_bytes());
    file
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const PICTURE: &[u8] = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray\
    /BitsPerComponent 8/Length 1>>stream\n0\nendstream";

#[test]
fn plain_text_is_read_in_both_encodings() {
    let head = |bytes: &[u8]| read(FileKind::Txt, bytes).text;
    assert_eq!(head("机密★1年\n关于".as_bytes()), "机密★1年\n关于");
    let (gb, _, _) = encoding_rs::GB18030.encode("关于防汛的通知");
    assert_eq!(head(&gb), "关于防汛的通知");
}

#[test]
fn a_printed_pdf_gives_its_lines() {
    let words = read(FileKind::Pdf, PRINTED);
    assert_eq!(words.legibility, Legibility::Whole, "{}", words.text);
    let text: String = words.text.split_whitespace().collect();
    assert!(text.contains("关于做好强降雨防范应对工作的紧急通知"), "{text}");
    assert!(screen_text(&words.text).is_clear(), "{:?}", screen_text(&words.text));
    let words = read(FileKind::Pdf, MARKED);
    assert_eq!(words.legibility, Legibility::Whole);
    let first: String = words.text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, "机密★1年特急", "what stands on one line is one line");
    assert!(screen_text(&words.text).refuses());
}

#[test]
fn chinese_fonts_without_a_table_are_read_by_their_encoding() {
    for (cmap, encoding) in [
        ("GBK-EUC-H", encoding_rs::GBK),
        ("GB-EUC-H", encoding_rs::GBK),
        ("GBK2K-V", encoding_rs::GB18030),
    ] {
        let (codes, _, _) = encoding.encode("绝密★长期");
        let font = format!(
            "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/{cmap}/DescendantFonts[]>>"
        );
        let content = format!("BT /F 16 Tf 60 700 Td <{}> Tj ET", hex(&codes));
        let words = read(FileKind::Pdf, &pdf(content.as_bytes(), &[font.as_bytes()]));
        assert_eq!(
            (words.text.trim(), words.legibility),
            ("绝密★长期", Legibility::Whole),
            "{cmap}"
        );
    }
    let codes: Vec<u8> = "机密★".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let font = b"<</Type/Font/Subtype/Type0/Encoding/UniGB-UCS2-H/DescendantFonts[]>>";
    let content = format!("BT /F 16 Tf 60 700 Td <{}> Tj ET", hex(&codes));
    assert_eq!(read(FileKind::Pdf, &pdf(content.as_bytes(), &[font])).text.trim(), "机密★");
}

#[test]
fn letters_that_are_set_one_by_one_and_out_of_order_make_lines() {
    let font = b"<</Type/Font/Subtype/Type0/Encoding/UniGB-UCS2-H/DescendantFonts[]>>";
    let one = |x: u32, y: u32, text: &str| {
        let codes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        format!("BT /F 16 Tf 1 0 0 1 {x} {y} Tm <{}> Tj ET\n", hex(&codes))
    };
    let content = [
        one(60, 600, "关于"),
        one(400, 760, "000123"),
        one(92, 761, "★"),
        one(76, 760, "密"),
        one(60, 760, "机"),
    ];
    let words = read(FileKind::Pdf, &pdf(content.concat().as_bytes(), &[font]));
    let lines: Vec<&str> = words.text.trim().lines().collect();
    assert_eq!(lines, ["机密★000123", "机密★", "000123", "关于"]);
    // The same inside a form, turned upright.
    let form = |text: &str| {
        let inner = one(10, 10, text);
        let head = "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length";
        format!("{head} {}>>stream\n{inner}\nendstream", inner.len()).into_bytes()
    };
    let words =
        read(FileKind::Pdf, &pdf(b"q 0 1 -1 0 300 300 cm /X Do Q", &[font, &form("秘密★")]));
    assert_eq!(words.text.trim(), "秘密★");
}

#[test]
fn what_cannot_be_read_is_said() {
    let scan = pdf(b"q 600 0 0 800 0 0 cm /X Do Q", &[b"null", PICTURE]);
    assert_eq!(read(FileKind::Pdf, &scan).legibility, Legibility::None, "a scan");
    let latin = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
    let stamped = b"BT /F 9 Tf 60 20 Td (Scanned by X) Tj ET q 600 0 0 800 0 0 cm /X Do Q";
    let words = read(FileKind::Pdf, &pdf(stamped, &[latin, PICTURE]));
    assert_eq!(words.legibility, Legibility::Part, "a scan with a line of text");
    let logo = b"BT /F 9 Tf 60 700 Td (A page) Tj ET q 90 0 0 90 0 0 cm /X Do Q";
    let words = read(FileKind::Pdf, &pdf(logo, &[latin, PICTURE]));
    assert_eq!(words.legibility, Legibility::Whole, "a page with a small picture");
    let numbered = b"<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[]>>";
    let words = read(FileKind::Pdf, &pdf(b"BT /F 9 Tf <00010002> Tj ET", &[numbered]));
    assert_eq!(words.legibility, Legibility::None, "letters that nobody can name");
    let words = read(FileKind::Pdf, &pdf(b"0 0 9 9 re f", &[latin]));
    assert_eq!(words.legibility, Legibility::None, "letters drawn as lines");
    assert_eq!(read(FileKind::Pdf, &pdf(b"", &[latin])).legibility, Legibility::Whole, "empty");
    let slip = pdf(b"BT /F 9 Tf (A page) Tj ET )) <<", &[latin]);
    assert_eq!(read(FileKind::Pdf, &slip).legibility, Legibility::Part, "a slip");
    assert_eq!(read(FileKind::Pdf, b"%PDF-1.5 nothing").legibility, Legibility::None);
    assert_eq!(read(FileKind::Png, b"x").legibility, Legibility::None);
    let form = b"<</Type/XObject/Subtype/Form/Resources<</XObject<</X 6 0 R>>>>/Length 5>>stream\n\
        /X Do\nendstream";
    let endless = read(FileKind::Pdf, &pdf(b"/X Do", &[latin, form]));
    assert_eq!(endless.legibility, Legibility::None, "a form that holds itself");
}

#[test]
fn ofd_gives_its_lines_in_the_order_of_its_pages() {
    let root = "<ofd:OFD xmlns:ofd='x'><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
        </ofd:DocBody></ofd:OFD>";
    let document = "<ofd:Document><ofd:Pages><ofd:Page ID='1' BaseLoc='Pages/P0/Content.xml'/>\
        <ofd:Page ID='2' BaseLoc='/Doc_0/Pages/P1/Content.xml'/></ofd:Pages></ofd:Document>";
    let object = |x: u32, y: u32, text: &str| {
        format!(
            "<ofd:TextObject Boundary='{x} {y} 30 8' Size='5'><ofd:TextCode X='0' Y='5'>{text}\
             </ofd:TextCode></ofd:TextObject>"
        )
    };
    let objects =
        [object(20, 60, "关于&#x67d0;事"), object(20, 20, "机密"), object(30, 20, "★1年")];
    let first = format!("<ofd:Page>{}</ofd:Page>", objects.concat());
    let first = first.as_str();
    let second = "<ofd:Page><ofd:ImageObject/></ofd:Page>";
    let file = |second: &str| {
        package(&[
            ("OFD.xml", root),
            ("Doc_0/Document.xml", document),
            ("Doc_0/Pages/P0/Content.xml", first),
            ("Doc_0/Pages/P1/Content.xml", second),
        ])
    };
    let words = read(FileKind::Ofd, &file(second));
    let lines: Vec<&str> = words.text.lines().map(str::trim).collect();
    assert_eq!(lines[..2], ["机密★1年", "关于某事"]);
    assert_eq!(words.legibility, Legibility::Part, "the second page is a picture");
    assert_eq!(read(FileKind::Ofd, &file("<ofd:Page/>")).legibility, Legibility::Whole);
    // A page that was scanned with a line of text over it is none that was read.
    let picture = |sides: &str| {
        let image = format!("<ofd:ImageObject {sides}/>");
        format!("<ofd:Page>{}{image}</ofd:Page>", object(20, 20, "扫描件"))
    };
    for (sides, wanted) in [
        ("Boundary='20 20 40 40'", Legibility::Whole),
        ("Boundary='0 0 210 297'", Legibility::Part),
        ("", Legibility::Part),
    ] {
        let page = picture(sides);
        assert_eq!(read(FileKind::Ofd, &file(&page)).legibility, wanted, "{sides}");
    }
    let strips = "<ofd:ImageObject Boundary='0 0 210 60'/>".repeat(3);
    let strips = format!("<ofd:Page>{}{strips}</ofd:Page>", object(20, 20, "扫描件"));
    assert_eq!(read(FileKind::Ofd, &file(&strips)).legibility, Legibility::Part, "in strips");
    let small = "<ofd:Page><ofd:Area><ofd:PhysicalBox>0 0 50 50</ofd:PhysicalBox></ofd:Area>";
    let small = format!(
        "{small}{}<ofd:ImageObject Boundary='0 0 40 40'/></ofd:Page>",
        object(2, 2, "扫描件")
    );
    assert_eq!(read(FileKind::Ofd, &file(&small)).legibility, Legibility::Part, "of its own size");
    let declared = "<!DOCTYPE a [<!ENTITY b 'c'>]><ofd:Page>&b;</ofd:Page>";
    assert_eq!(read(FileKind::Ofd, &file(declared)).legibility, Legibility::Part, "a DTD");
    let locked = package(&[("OFD.xml", root), ("Encryptions.xml", "<x/>")]);
    assert_eq!(read(FileKind::Ofd, &locked).legibility, Legibility::None);
}

#[test]
fn word_and_excel_give_heads_boxes_and_cells() {
    let runs = "<w:p><w:r><w:t>机</w:t></w:r><w:r><w:t>密★</w:t></w:r></w:p>";
    let word = package(&[
        (
            "word/document.xml",
            "<w:body><w:p><w:t>关于</w:t></w:p><w:p><w:t>通知</w:t></w:p></w:body>",
        ),
        ("word/header1.xml", runs),
    ]);
    let words = read(FileKind::Docx, &word);
    assert_eq!(words.text.split_whitespace().collect::<Vec<_>>(), ["关于", "通知", "机密★"]);
    assert!(words.text.contains("\u{c}机密★"), "the head of a page is the head of a page");
    assert_eq!(words.legibility, Legibility::Whole);
    let scanned = package(&[("word/document.xml", "<w:p/>"), ("word/media/image1.png", "x")]);
    assert_eq!(read(FileKind::Docx, &scanned).legibility, Legibility::None, "a scan in Word");
    let prose = "关于做好强降雨防范应对工作的紧急通知，各县市区委、人民政府，省直各单位";
    let word = |drawing: &str| {
        let text = format!("<w:body><w:p><w:t>{prose}</w:t></w:p>{drawing}</w:body>");
        package(&[("word/document.xml", &text), ("word/media/image1.png", "x")])
    };
    let drawn = |mm: u32, many: usize| {
        let emu = mm * 36_000;
        let one = format!("<wp:extent cx='{emu}' cy='{emu}'/><pic><a:blip r:embed='r1'/></pic>");
        word(&one.repeat(many))
    };
    let older = |style: &str| {
        word(&format!("<w:pict><v:shape style='{style}'><v:imagedata/></v:shape></w:pict>"))
    };
    for (file, wanted, why) in [
        (drawn(20, 1), Legibility::Whole, "a small picture"),
        (drawn(190, 1), Legibility::Part, "a page that was scanned beside text"),
        (drawn(100, 7), Legibility::Part, "a page in strips"),
        (older("width:20pt;height:1cm"), Legibility::Whole, "a small one of the older kind"),
        (older("width:15cm;height:7in"), Legibility::Part, "a large one of the older kind"),
        (older("left:0"), Legibility::Part, "nobody knows how large"),
        (word("<a:blip/>"), Legibility::Part, "nor here"),
        (word(""), Legibility::Part, "nor where it stands"),
    ] {
        assert_eq!(read(FileKind::Docx, &file).legibility, wanted, "{why}");
    }
    let excel = package(&[
        ("xl/workbook.xml", "<sheets><sheet name='值班表'/></sheets>"),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>秘密</t></si><si><r><t>单</t></r><r><t>位</t></r></si></sst>",
        ),
        ("xl/worksheets/sheet1.xml", "<c t='inlineStr'><is><t>长沙</t></is></c>"),
    ]);
    let words = read(FileKind::Xlsx, &excel);
    let cells: Vec<&str> = words.text.split_whitespace().collect();
    assert_eq!(cells, ["秘密", "单位", "长沙", "值班表"]);
}

#[test]
fn old_formats_give_their_chinese_runs() {
    let mut bytes = vec![0xd0, 0xcf, 0x11, 0xe0];
    bytes.extend([0u8; 509]);
    for text in ["机密★1年\r关于做好防汛工作的通知\r各县市区委：\r", "中"] {
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.extend([0, 0, 1, 0]);
    }
    let words = read(FileKind::Doc, &bytes);
    assert!(words.text.contains("机密★1年\n关于做好防汛工作的通知\n"), "{:?}", words.text);
    assert_eq!(words.legibility, Legibility::Part, "nobody can say that this was all");
    assert_eq!(read(FileKind::Xls, &[7; 900]).legibility, Legibility::None);
}

#[test]
fn there_is_an_end_to_everything() {
    let many = "字".repeat(WORDS_BYTES_MAX);
    let word = package(&[("word/document.xml", &format!("<w:t>{many}</w:t>"))]);
    let cut = read(FileKind::Docx, &word);
    assert!(cut.text.len() <= WORDS_BYTES_MAX);
    assert_eq!(cut.legibility, Legibility::Part, "the rest was not looked through");
    // Headers do not crowd out the text itself.
    let mut parts = vec![("word/document.xml", "<w:p><w:t>机密★1年</w:t></w:p>")];
    let head = format!("<w:p><w:t>{many}</w:t></w:p>");
    parts.insert(0, ("word/header1.xml", &head));
    let crowded = read(FileKind::Docx, &package(&parts));
    assert!(screen_text(&crowded.text).refuses() && crowded.legibility == Legibility::Part);
    for (pages, wanted) in [(PAGES_MAX, Legibility::Whole), (PAGES_MAX + 1, Legibility::Part)] {
        // The first is number 3, the others come after the font and the picture.
        let kids: String = (6..pages + 5).map(|n| format!(" {} 0 R", n + 1)).collect();
        let list = format!("<</Type/Pages/Kids[3 0 R{kids}]/Count {pages}>>");
        let mut objects: Vec<&[u8]> = vec![b"null", PICTURE];
        objects.resize(pages + 1, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>");
        let long = pdf_of(list.as_bytes(), b"", &objects);
        assert_eq!(read(FileKind::Pdf, &long).legibility, wanted, "{pages} pages");
        let page = "<ofd:Page ID='1' BaseLoc='p.xml'/>".repeat(pages);
        let document = format!("<ofd:Document><ofd:Pages>{page}</ofd:Pages></ofd:Document>");
        let long = package(&[
            ("OFD.xml", "<ofd:OFD><ofd:DocRoot>d.xml</ofd:DocRoot></ofd:OFD>"),
            ("d.xml", &document),
            ("p.xml", "<ofd:Page/>"),
        ]);
        assert_eq!(read(FileKind::Ofd, &long).legibility, wanted, "{pages} pages");
    }
    let bomb = package(&[("word/document.xml", &" ".repeat(20 << 20))]);
    assert_eq!(read(FileKind::Docx, &bomb).legibility, Legibility::Part, "too large to look at");
}
