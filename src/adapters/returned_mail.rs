//! Mails that come back: taken apart, and found in the folder where they lie (maildir).
//!
//! Never here: what they mean, and what follows from it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mail_parser::{Message, MessageParser, MimeHeaders as _};

/// Bytes of one mail that are looked at.
pub const RETURNED_BYTES_MAX: usize = 5 * 1024 * 1024;

/// A mail that came back, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnedMail {
    /// Its `message/delivery-status` parts.
    pub reports: Vec<String>,
    /// It says of itself that a machine wrote it (RFC 3834).
    pub automatic: bool,
    /// Everything that could hold the return path: the mail as it came, and its parts decoded.
    texts: Vec<String>,
}

impl ReturnedMail {
    /// Takes a mail apart; what is no mail has no parts.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..RETURNED_BYTES_MAX).unwrap_or(bytes);
        let mut texts = vec![String::from_utf8_lossy(bytes).into_owned()];
        let Some(message) = MessageParser::default().parse(bytes) else {
            return Self { texts, ..Self::default() };
        };
        let mut reports = Vec::new();
        for part in &message.parts {
            let text = String::from_utf8_lossy(part.contents()).into_owned();
            let kind = part.content_type();
            let is_report = kind.is_some_and(|kind| {
                kind.c_type.eq_ignore_ascii_case("message")
                    && kind.c_subtype.as_deref().is_some_and(|sub| {
                        sub.eq_ignore_ascii_case("delivery-status")
                            || sub.eq_ignore_ascii_case("global-delivery-status")
                    })
            });
            if is_report {
                reports.push(text.clone());
            }
            texts.push(text);
        }
        Self { reports, automatic: is_automatic(&message), texts }
    }

    /// Every text that stands between `local+` and `@`.
    #[must_use]
    pub fn tokens(&self, local: &str) -> Vec<String> {
        let mark = format!("{}+", local.to_ascii_lowercase());
        let mut tokens: Vec<String> = Vec::new();
        for text in &self.texts {
            let text = text.to_ascii_lowercase();
            for rest in text.split(mark.as_str()).skip(1) {
                let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
                let token: String = rest.chars().take_while(plain).take(64).collect();
                if !token.is_empty() && !tokens.contains(&token) {
                    tokens.push(token);
                }
            }
        }
        tokens
    }
}

fn is_automatic(message: &Message<'_>) -> bool {
    let says = |name: &str| message.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let marked = says("Auto-Submitted").is_some_and(|word| !word.starts_with("no"));
    let older = ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"];
    let bulk = says("Precedence").is_some_and(|word| word == "auto_reply");
    marked || bulk || older.iter().any(|name| says(name).is_some())
}

/// The mails in a maildir that nobody has looked at.
///
/// # Errors
/// The folder cannot be read.
pub fn unread(folder: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join("new"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found.truncate(most);
    Ok(found)
}

/// The bytes of one.
///
/// # Errors
/// It cannot be read.
pub fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// Moves one to those that were looked at; it is kept.
///
/// # Errors
/// The folder cannot be written.
pub fn set_read(folder: &Path, path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let seen = folder.join("cur");
    fs::create_dir_all(&seen)?;
    fs::rename(path, seen.join(format!("{name}:2,S")))
}
