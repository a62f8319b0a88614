//! The beginning of a file's text, for the guard against classified matter.
//!
//! Reads plain text and Word (Open XML). Other kinds give nothing: of PDF, OFD and pictures the
//! guard sees the name alone. Never here: deciding what the text means.

use std::io::{Read as _, SeekFrom};

use super::ReadSeek;
use super::sniff::FileKind;

/// Bytes of text that are looked at: more than the first page of anything.
const HEAD_BYTES: u64 = 64 * 1024;

/// The beginning of the text of a file that [`super::sniff::sniff`] has taken for `kind`; empty
/// where it cannot be read.
pub fn head_of(kind: FileKind, file: &mut dyn ReadSeek) -> String {
    let found = match kind {
        FileKind::Txt => plain(file),
        FileKind::Docx => word(file),
        _ => None,
    };
    found.unwrap_or_default()
}

fn plain(file: &mut dyn ReadSeek) -> Option<String> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut bytes = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut bytes).ok()?;
    let (utf8, _, broken) = encoding_rs::UTF_8.decode(&bytes);
    // A cut in the middle of the last character is no reason to read it as GB18030.
    let cut_only = utf8.trim_end_matches('\u{fffd}');
    if !broken || !cut_only.contains('\u{fffd}') {
        return Some(cut_only.to_owned());
    }
    Some(encoding_rs::GB18030.decode(&bytes).0.into_owned())
}

fn word(file: &mut dyn ReadSeek) -> Option<String> {
    let mut archive = zip::ZipArchive::new(file).ok()?;
    let mut bytes = Vec::new();
    let part = archive.by_name("word/document.xml").ok()?;
    // Markup outweighs text by far.
    part.take(HEAD_BYTES * 8).read_to_end(&mut bytes).ok()?;
    Some(without_markup(&String::from_utf8_lossy(&bytes)))
}

/// The words of a Word part, one paragraph a line.
fn without_markup(xml: &str) -> String {
    let mut text = String::new();
    for piece in xml.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        if tag == "/w:p" || tag.starts_with("w:br") {
            text.push('\n');
        }
        text.push_str(words);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn text_is_read_in_both_encodings_and_without_markup() {
        let head = |bytes: &[u8]| head_of(FileKind::Txt, &mut Cursor::new(bytes.to_vec()));
        assert_eq!(head("机密★1年\n关于".as_bytes()), "机密★1年\n关于");
        let (gb, _, _) = encoding_rs::GB18030.encode("关于防汛的通知");
        assert_eq!(head(&gb), "关于防汛的通知");
        let xml = "<w:p><w:r><w:t>机</w:t></w:r><w:r><w:t>密</w:t></w:r></w:p><w:p>通知</w:p>";
        assert_eq!(without_markup(xml), "机密\n通知\n");
    }
}
