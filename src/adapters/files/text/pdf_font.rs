//! From the codes of a PDF font to letters, where the font says how.

use lopdf::{Dictionary, Document};

use super::pdf_table::Table;

/// How the codes of one font are read.
pub(super) enum Font {
    /// The font brings a table.
    Table(Table),
    /// The codes are text in an encoding of their own: the predefined CMaps of Chinese fonts.
    Coded(&'static encoding_rs::Encoding),
    /// One byte a letter, Latin.
    Latin,
    /// Nobody can say what its codes mean.
    Unknown,
}

/// Bytes of an unpacked table.
const TABLE_MAX: usize = 4 << 20;

/// Predefined CMaps, by how their names begin, whose codes are text in that encoding.
const CODED: &[(&str, &encoding_rs::Encoding)] = &[
    ("UniGB-UCS2", encoding_rs::UTF_16BE),
    ("UniGB-UTF16", encoding_rs::UTF_16BE),
    ("UniCNS-UCS2", encoding_rs::UTF_16BE),
    ("UniCNS-UTF16", encoding_rs::UTF_16BE),
    ("UniJIS-UCS2", encoding_rs::UTF_16BE),
    ("UniJIS-UTF16", encoding_rs::UTF_16BE),
    ("UniKS-UCS2", encoding_rs::UTF_16BE),
    ("UniKS-UTF16", encoding_rs::UTF_16BE),
    ("UniGB-UTF8", encoding_rs::UTF_8),
    ("GBK2K", encoding_rs::GB18030),
    ("GBKp-EUC", encoding_rs::GBK),
    ("GBK-EUC", encoding_rs::GBK),
    ("GBpc-EUC", encoding_rs::GBK),
    ("GB-EUC", encoding_rs::GBK),
    ("B5pc", encoding_rs::BIG5),
    ("ETen", encoding_rs::BIG5),
    ("HKscs-B5", encoding_rs::BIG5),
];

impl Font {
    pub(super) fn of(font: &Dictionary, document: &Document) -> Self {
        if let Some(table) = table_of(font, document) {
            return Self::Table(table);
        }
        let kind = name(font, b"Subtype", document).unwrap_or_default();
        if kind == "Type0" {
            let cmap = name(font, b"Encoding", document).unwrap_or_default();
            let coded = CODED.iter().find(|(begins, _)| cmap.starts_with(begins));
            return coded.map_or(Self::Unknown, |(_, encoding)| Self::Coded(encoding));
        }
        // A font cut down to some letters often numbers them as it likes.
        let base = name(font, b"BaseFont", document).unwrap_or_default();
        let cut_down = base.get(6..7) == Some("+");
        let encoded = font.get(b"Encoding").is_ok();
        if kind == "Type3" || (cut_down && !encoded) { Self::Unknown } else { Self::Latin }
    }

    /// The letters of some codes, and how many of them could not be read.
    pub(super) fn letters(&self, codes: &[u8]) -> (String, u32) {
        let (text, all_unread) = match self {
            Self::Table(table) => (table.letters(codes), false),
            Self::Coded(encoding) => (encoding.decode(codes).0.into_owned(), false),
            Self::Latin => (encoding_rs::mem::decode_latin1(codes).into_owned(), false),
            Self::Unknown => (String::new(), true),
        };
        let bad = text.chars().filter(|one| is_no_letter(*one)).count();
        let unread = if all_unread { codes.len() } else { bad };
        (text.replace(is_no_letter, ""), u32::try_from(unread).unwrap_or(u32::MAX))
    }
}

/// A code that a table leads nowhere.
fn is_no_letter(one: char) -> bool {
    one == '\u{fffd}' || one == '\0' || matches!(one, '\u{e000}'..='\u{f8ff}')
}

fn table_of(font: &Dictionary, document: &Document) -> Option<Table> {
    let stream = font.get_deref(b"ToUnicode", document).ok()?.as_stream().ok()?;
    let bytes = if stream.is_compressed() {
        stream.decompressed_content_with_limit(TABLE_MAX).ok()?
    } else {
        stream.content.clone()
    };
    Table::read(&bytes)
}

fn name(font: &Dictionary, key: &[u8], document: &Document) -> Option<String> {
    let name = font.get_deref(key, document).ok()?.as_name().ok()?;
    Some(String::from_utf8_lossy(name).into_owned())
}
