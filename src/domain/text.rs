//! Text as people paste it, made fit to keep: NFC, no control characters, no invisible marks.
//!
//! Invisible marks (bidirectional overrides, zero-width characters) are dropped, because a clerk
//! cannot see them to remove them. Control characters are refused, because they mean that the
//! text was damaged on its way. Words are never changed.

use unicode_normalization::UnicodeNormalization;

/// Why a text cannot be kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Holds a control character such as NUL.
    #[error("control character U+{0:04X}: paste the text again as plain text")]
    ControlCharacter(u32),
    /// Longer than its place allows.
    #[error("{chars} characters where {max} are allowed: shorten it")]
    TooLong {
        /// Characters found.
        chars: usize,
        /// Characters allowed.
        max: usize,
    },
}

impl TextFault {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::ControlCharacter(_) => "含有无法显示的控制字符，请以纯文本重新粘贴".to_owned(),
            Self::TooLong { chars, max } => format!("共{chars}字，最多{max}字，请缩短"),
        }
    }
}

/// Characters that show nothing and may turn or split what is shown.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Whether `c` is a Chinese character (unified, extension, compatibility, or 〇).
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// The ASCII digit for an ASCII or full-width digit.
#[must_use]
pub fn ascii_digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        _ => None,
    }
}

/// `text` with full-width digits written in ASCII.
#[must_use]
pub fn with_ascii_digits(text: &str) -> String {
    text.chars().map(|c| ascii_digit(c).unwrap_or(c)).collect()
}

/// Several lines: NFC, line ends as `\n`, no trailing blanks, no invisible marks.
///
/// # Errors
/// A control character, or more than `max` characters.
pub fn clean_block(text: &str, max: usize) -> Result<String, TextFault> {
    let mut kept = String::with_capacity(text.len());
    let mut previous_was_cr = false;
    for c in text.nfc().filter(|c| !is_invisible(*c)) {
        match c {
            '\n' if previous_was_cr => {}
            '\r' | '\n' | '\u{000B}' | '\u{000C}' | '\u{0085}' | '\u{2028}' | '\u{2029}' => {
                kept.push('\n');
            }
            '\t' => kept.push('\t'),
            _ if c.is_control() => return Err(TextFault::ControlCharacter(u32::from(c))),
            _ => kept.push(c),
        }
        previous_was_cr = c == '\r';
    }
    let lines: Vec<&str> = kept.lines().map(str::trim_end).collect();
    let block = lines.join("\n").trim_matches('\n').trim_end().to_owned();
    within(block, max)
}

/// One line: as [`clean_block`], and line breaks closed up (kept as one blank between Latin words).
///
/// # Errors
/// A control character, or more than `max` characters.
pub fn clean_line(text: &str, max: usize) -> Result<String, TextFault> {
    let block = clean_block(text, usize::MAX)?;
    let mut line = String::with_capacity(block.len());
    for piece in block.split(['\n', '\t']).map(str::trim).filter(|piece| !piece.is_empty()) {
        let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if latin(line.chars().last()) && latin(piece.chars().next()) {
            line.push(' ');
        }
        line.push_str(piece);
    }
    within(line, max)
}

fn within(text: String, max: usize) -> Result<String, TextFault> {
    match text.chars().count() {
        chars if chars > max => Err(TextFault::TooLong { chars, max }),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pasted_title_becomes_one_line_without_blanks_between_han() {
        assert_eq!(
            clean_line("  关于做好\r\n防汛工作的\u{202E}通知 ", 50),
            Ok("关于做好防汛工作的通知".into())
        );
        assert_eq!(clean_line("use\nPDF\n文件", 50), Ok("use PDF文件".into()));
        assert_eq!(clean_line("   ", 5), Ok(String::new()));
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(clean_block("\n一\r\n\r\n　　二  \r三\n", 50), Ok("一\n\n　　二\n三".into()));
    }

    #[test]
    fn damage_and_length_are_refused() {
        assert_eq!(clean_line("通\u{0}知", 9), Err(TextFault::ControlCharacter(0)));
        assert_eq!(clean_line("通知书", 2), Err(TextFault::TooLong { chars: 3, max: 2 }));
        assert_eq!(clean_line("通知", 2), Ok("通知".into()));
    }

    #[test]
    fn composed_and_decomposed_are_the_same_text() {
        assert_eq!(clean_line("e\u{301}", 9), clean_line("é", 9));
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(raw in any::<String>()) {
            if let Ok(once) = clean_line(&raw, usize::MAX) {
                prop_assert!(!once.chars().any(|c| c.is_control() || is_invisible(c)));
                prop_assert_eq!(clean_line(&once, usize::MAX), Ok(once));
            }
            if let Ok(once) = clean_block(&raw, usize::MAX) {
                prop_assert_eq!(clean_block(&once, usize::MAX), Ok(once));
            }
        }
    }
}
