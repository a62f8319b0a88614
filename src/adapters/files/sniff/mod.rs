//! What a file is: its ending, its first bytes and its structure must agree.
//!
//! Nothing is unpacked to disk and nothing is rendered; what the browser claimed is not asked.
//! Refuses what can run (macros, embedded objects), what hides another file, and what would blow
//! up. The sentences are for the person who attached the file.

use std::io::{self, Read as _, SeekFrom};

use super::ReadSeek;
use crate::domain::file_name::FileName;

mod flat;
mod package;

/// Kinds of files a notice may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// PDF.
    Pdf,
    /// OFD, the national fixed-layout format (GB/T 33190).
    Ofd,
    /// Word, Office Open XML.
    Docx,
    /// Excel, Office Open XML.
    Xlsx,
    /// Word or WPS text before Open XML.
    Doc,
    /// Excel or WPS table before Open XML.
    Xls,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// Plain text in UTF-8 or GB18030.
    Txt,
}

/// Endings people may use, and what they must turn out to be.
const ENDINGS: &[(&str, FileKind)] = &[
    ("pdf", FileKind::Pdf),
    ("ofd", FileKind::Ofd),
    ("docx", FileKind::Docx),
    ("xlsx", FileKind::Xlsx),
    ("doc", FileKind::Doc),
    ("wps", FileKind::Doc),
    ("xls", FileKind::Xls),
    ("et", FileKind::Xls),
    ("png", FileKind::Png),
    ("jpg", FileKind::Jpeg),
    ("jpeg", FileKind::Jpeg),
    ("txt", FileKind::Txt),
];

impl FileKind {
    /// The media type we send, whatever the browser said.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Ofd => "application/ofd",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Doc => "application/msword",
            Self::Xls => "application/vnd.ms-excel",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Txt => "text/plain",
        }
    }

    /// The kind of that media type.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let kinds = ENDINGS.iter().map(|(_, kind)| *kind);
        kinds.into_iter().find(|kind| kind.media_type() == media_type)
    }

    /// The ending that stands for the kind.
    #[must_use]
    pub fn ending(self) -> &'static str {
        ENDINGS.iter().find(|(_, kind)| *kind == self).map_or("", |(ending, _)| ending)
    }

    /// The kind that an ending claims.
    #[must_use]
    pub fn of_ending(ending: &str) -> Option<Self> {
        ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
    }

    /// How people call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Ofd => "OFD",
            Self::Docx | Self::Doc => "Word",
            Self::Xlsx | Self::Xls => "Excel",
            Self::Png => "PNG",
            Self::Jpeg => "JPG",
            Self::Txt => "TXT",
        }
    }

    /// Whether a browser may show it in its own window; all others are saved.
    #[must_use]
    pub const fn may_show_inline(self) -> bool {
        matches!(self, Self::Pdf | Self::Png | Self::Jpeg)
    }
}

/// Why a file is not taken; the text is for the person who attached it.
#[derive(Debug, thiserror::Error)]
pub enum FileRefusal {
    /// An ending that is not on the list.
    #[error("不能上传这种文件。可以上传：PDF、OFD、Word、Excel、WPS、PNG、JPG、TXT。")]
    Ending,
    /// No bytes.
    #[error("文件是空的，请检查后重新上传。")]
    Empty,
    /// The bytes are of another kind, or damaged.
    #[error("文件内容与扩展名“.{0}”不符，或者文件已损坏。请用原来的软件打开并另存后再上传。")]
    NotWhatItSays(String),
    /// It can run something.
    #[error("文件中含有宏、控件、嵌入对象或外部模板。请去除后另存，或转换为 PDF、OFD 再上传。")]
    Active,
    /// It is protected by a password.
    #[error("文件已加密，收文单位无法打开。请取消密码后再上传。")]
    Encrypted,
    /// Another file is hidden behind or inside it.
    #[error("文件中夹带了其他内容，不能上传。请用原来的软件另存后再上传。")]
    Hidden,
    /// Unpacked, it would be out of proportion.
    #[error("文件解压后过大，或者内部条目过多，不能上传。")]
    Bomb,
    /// Our own disk failed, not the file.
    #[error("读取文件时出错，请重新上传。")]
    Io(#[from] io::Error),
}

/// Finds out what a file is.
///
/// # Errors
/// Why it is not taken.
pub fn sniff(name: &FileName, file: &mut dyn ReadSeek) -> Result<FileKind, FileRefusal> {
    let ending = name.extension();
    let kind = FileKind::of_ending(&ending).ok_or(FileRefusal::Ending)?;
    let size = file.seek(SeekFrom::End(0))?;
    if size == 0 {
        return Err(FileRefusal::Empty);
    }
    let verdict = match kind {
        FileKind::Pdf => flat::pdf(file, size),
        FileKind::Png => flat::png(file, size),
        FileKind::Jpeg => flat::jpeg(file, size),
        FileKind::Txt => flat::txt(file),
        FileKind::Doc | FileKind::Xls => flat::compound(file, kind),
        FileKind::Ofd | FileKind::Docx | FileKind::Xlsx => package::package(file, size, kind),
    };
    file.seek(SeekFrom::Start(0))?;
    match verdict {
        Ok(()) => Ok(kind),
        Err(Finding::Wrong) => Err(FileRefusal::NotWhatItSays(ending)),
        Err(Finding::Refused(refusal)) => Err(refusal),
    }
}

/// What a look at the structure can end with, before the ending is known.
enum Finding {
    Wrong,
    Refused(FileRefusal),
}

impl From<FileRefusal> for Finding {
    fn from(refusal: FileRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Finding {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // The file ends in the middle of its own structure.
            io::ErrorKind::UnexpectedEof => Self::Wrong,
            _ => Self::Refused(FileRefusal::Io(error)),
        }
    }
}

fn ensure(holds: bool) -> Result<(), Finding> {
    if holds { Ok(()) } else { Err(Finding::Wrong) }
}

/// At most `n` bytes from `place` on.
fn bytes_at(file: &mut dyn ReadSeek, place: u64, n: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::new();
    file.take(n).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// At most the last `n` bytes.
fn tail(file: &mut dyn ReadSeek, size: u64, n: u64) -> io::Result<Vec<u8>> {
    bytes_at(file, size.saturating_sub(n), n)
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests;
