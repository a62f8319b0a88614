//! The words in a file, for the guard against classified matter.
//!
//! Files come from strangers, so all but plain text is taken apart by a child process with hard
//! limits ([`reader`]); in here are the parts that run in it. Pages are divided by form feeds.
//! What cannot be read is said, never guessed. Never here: deciding what the words mean.

use std::io::{Read as _, SeekFrom};

use super::ReadSeek;
use super::sniff::FileKind;
use crate::domain::legibility::Legibility;

pub mod child;
mod lines;
mod ofd;
mod old_office;
mod open_xml;
mod pdf;
mod pdf_font;
mod pdf_table;
pub mod reader;
mod xml;

/// Bytes of words that are looked at: far more than the first page of anything.
const WORDS_BYTES_MAX: usize = 256 * 1024;
/// Bytes of plain text that are looked at.
const HEAD_BYTES: u64 = 64 * 1024;
/// Pages that are looked at.
const PAGES_MAX: usize = 100;
/// A picture over this share of a page may be the page itself.
const PAGE_SHARE: f64 = 0.4;
/// Divides pages.
const PAGE_END: char = '\u{c}';

/// The words of a file, and whether they are all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line of the page a line.
    pub text: String,
    /// How much could be read.
    pub legibility: Legibility,
}

impl Words {
    /// Nothing could be read.
    #[must_use]
    pub const fn unread() -> Self {
        Self { text: String::new(), legibility: Legibility::None }
    }

    /// What pages say together: read in part if any of them was.
    fn of_pages(pages: Vec<Words>) -> Self {
        let seen: Vec<Legibility> = pages.iter().map(|page| page.legibility).collect();
        let legibility = if seen.iter().all(|page| *page == Legibility::Whole) {
            Legibility::Whole
        } else if seen.iter().all(|page| *page == Legibility::None) {
            Legibility::None
        } else {
            Legibility::Part
        };
        let mut text = String::new();
        for page in pages {
            text.push_str(&page.text);
            text.push(PAGE_END);
        }
        Self { text, legibility }
    }

    /// The same, known not to be all: pages were not looked at, or a picture may hold words.
    fn not_all(mut self) -> Self {
        self.legibility = self.legibility.min(Legibility::Part);
        self
    }

    fn bounded(mut self) -> Self {
        let mut end = WORDS_BYTES_MAX.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        if end < self.text.len() && self.legibility == Legibility::Whole {
            self.legibility = Legibility::Part;
        }
        self.text.truncate(end);
        self
    }
}

/// Takes a file apart, in this very process: only for the child, and for plain text.
fn take_apart(kind: FileKind, file: &mut dyn ReadSeek) -> Words {
    let found = match kind {
        FileKind::Txt => plain(file),
        FileKind::Pdf => pdf::words(file),
        FileKind::Ofd => ofd::words(file),
        FileKind::Docx => open_xml::document(file),
        FileKind::Xlsx => open_xml::workbook(file),
        FileKind::Doc | FileKind::Xls => old_office::words(file),
        FileKind::Png | FileKind::Jpeg => None,
    };
    found.unwrap_or_else(Words::unread).bounded()
}

fn plain(file: &mut dyn ReadSeek) -> Option<Words> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut bytes = Vec::new();
    let size = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(HEAD_BYTES).read_to_end(&mut bytes).ok()?;
    let legibility = if size > HEAD_BYTES { Legibility::Part } else { Legibility::Whole };
    let (utf8, _, broken) = encoding_rs::UTF_8.decode(&bytes);
    // A cut in the middle of the last character is no reason to read it as GB18030.
    let cut_only = utf8.trim_end_matches('\u{fffd}');
    if !broken || !cut_only.contains('\u{fffd}') {
        return Some(Words { text: cut_only.to_owned(), legibility });
    }
    Some(Words { text: encoding_rs::GB18030.decode(&bytes).0.into_owned(), legibility })
}

fn all_bytes(file: &mut dyn ReadSeek) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
