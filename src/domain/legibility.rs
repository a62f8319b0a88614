//! How much of a file a program could read. What it could not read, a person must have looked at.

use super::words::stored_words;

/// How much of a file's text could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Legibility {
    /// Nothing: a picture, a scan, a locked or odd file.
    None,
    /// Some pages or letters could not be read.
    Part,
    /// All that was looked at.
    Whole,
}

stored_words!(Legibility, { None => "none", Part => "part", Whole => "whole" });

impl Legibility {
    /// What the form says about the file; nothing where all could be read.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::None => "文字无法自动检查（扫描件、图片或加密文件）",
            Self::Part => "部分文字无法自动检查（含图片页、特殊字体，或页数太多）",
            Self::Whole => "",
        }
    }
}
