//! Display names of files: made safe once, at the door, and then only shown, never opened.
//!
//! The store keeps files under their digest, so a name is never a path here. What is removed is
//! what would mislead a person or a browser: path parts, controls, bidirectional overrides,
//! invisible characters, names that Windows reserves.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;

/// Longest display name, in characters.
pub const FILE_NAME_CHARS_MAX: usize = 120;

/// Longest ending that is kept when a name is cut, in characters and without the dot.
const EXTENSION_CHARS_MAX: usize = 10;

/// What a file is called when nothing is left of its name.
const NAMELESS: &str = "未命名";

/// A display name that is safe to show, to send in a header and to save.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Makes a safe name of whatever was sent. A name that is already safe comes out as it was.
    #[must_use]
    pub fn clean(raw: &str) -> Self {
        let last = raw.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or("");
        let shown: String = last.nfc().filter(|c| !is_hidden(*c)).map(harmless).collect();
        let joined = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let bare = trim(&joined);
        let cut = shorten(bare);
        let name = trim(&cut);
        if name.is_empty() {
            return Self(NAMELESS.to_owned());
        }
        if is_reserved(name) {
            return Self(shorten(&format!("_{name}")));
        }
        Self(name.to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last dot, in lower case; empty without one.
    #[must_use]
    pub fn extension(&self) -> String {
        match self.0.rsplit_once('.') {
            Some((_, extension)) => extension.to_lowercase(),
            None => String::new(),
        }
    }

    /// The value of a Content-Disposition header (RFC 6266, RFC 8187): an ASCII stand-in for old
    /// programs and the true name for all others.
    #[must_use]
    pub fn content_disposition(&self, inline: bool) -> String {
        let how = if inline { "inline" } else { "attachment" };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
        let stand_in: String = self.0.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        let mut value = format!("{how}; filename=\"{stand_in}\"; filename*=UTF-8''");
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(value, "%{byte:02X}");
            }
        }
        value
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that show nothing or turn the direction of what follows.
fn is_hidden(c: char) -> bool {
    // White space is joined later; a tab or line break must not glue two words together.
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}'
            | '\u{e0000}'..='\u{e007f}')
}

fn harmless(c: char) -> char {
    match c {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        other => other,
    }
}

fn trim(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Device names of Windows, with or without an ending.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        other => ["COM", "LPT"].iter().any(|port| {
            other.strip_prefix(port).is_some_and(|rest| {
                let mut chars = rest.chars();
                matches!(chars.next(), Some('0'..='9' | '¹' | '²' | '³')) && chars.next().is_none()
            })
        }),
    }
}

/// Cuts the stem and keeps the ending, because the ending says what the file is.
fn shorten(name: &str) -> String {
    let total = name.chars().count();
    if total <= FILE_NAME_CHARS_MAX {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending)
        .filter(|ending| ending.chars().count() <= EXTENSION_CHARS_MAX);
    match ending {
        Some(ending) => {
            let room = FILE_NAME_CHARS_MAX.saturating_sub(ending.chars().count() + 1);
            let stem: String = name.chars().take(room).collect();
            format!("{}.{ending}", trim(&stem))
        }
        None => name.chars().take(FILE_NAME_CHARS_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_what_misleads_and_keep_the_rest() {
        for (raw, clean) in [
            ("湘办发电〔2026〕35号.pdf", "湘办发电〔2026〕35号.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\通知.docx", "通知.docx"),
            ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("company.txt", "company.txt"),
            ("...", "未命名"),
            ("", "未命名"),
            (".htaccess", "htaccess"),
            ("a\0b.pdf", "ab.pdf"),
            ("e\u{301}.pdf", "\u{e9}.pdf"),
        ] {
            assert_eq!(FileName::clean(raw).as_str(), clean, "{raw:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = FileName::clean(&format!("{}.pdf", "长".repeat(300)));
        assert_eq!(name.as_str().chars().count(), FILE_NAME_CHARS_MAX);
        assert_eq!(name.extension(), "pdf");
    }

    #[test]
    fn the_header_has_a_stand_in_and_the_true_name() {
        let name = FileName::clean("通知 1.pdf");
        assert_eq!(
            name.content_disposition(false),
            "attachment; filename=\"__ 1.pdf\"; filename*=UTF-8''%E9%80%9A%E7%9F%A5%201.pdf"
        );
        assert!(name.content_disposition(true).starts_with("inline; "));
    }

    proptest! {
        #[test]
        fn any_name_comes_out_safe_and_stays(raw in any::<String>()) {
            let name = FileName::clean(&raw);
            let text = name.as_str();
            prop_assert!(!text.is_empty() && text.chars().count() <= FILE_NAME_CHARS_MAX);
            prop_assert!(!text.contains(['/', '\\', '"']) && !text.chars().any(is_hidden));
            prop_assert!(!text.chars().any(char::is_control) && text != ".." && text != ".");
            let header = name.content_disposition(false);
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert_eq!(FileName::clean(text), name);
        }
    }
}
