//! From an [`OutgoingMail`] to the bytes that travel, by lettre's builder.
//!
//! Always 7-bit on the wire (base64 or quoted-printable), always the same bytes for the same
//! mail. Names and subjects come from spreadsheets: control characters are taken out before
//! lettre sees them, because its builder panics on some, and the build stands under
//! `catch_unwind` so that one poisoned row never kills a sender.

use std::panic::catch_unwind;
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as LettreMailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::{Mailbox, OutgoingMail};

/// Longest display name kept, in characters.
const NAME_CHARS_MAX: usize = 120;
/// Longest subject kept, in characters.
const SUBJECT_CHARS_MAX: usize = 400;
/// Longest line a server must take, without its end (RFC 5321 §4.5.3.1.6).
const LINE_OCTETS_MAX: usize = 998;

/// Largest text and HTML part together: notices travel behind the link, not in the mail.
const CONTENT_OCTETS_MAX: usize = 5 * 1024 * 1024;

/// Headers that every mail carries. Bounces stay welcome, so nothing here suppresses them.
const FIXED_HEADERS: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "OOF, AutoReply")];

/// Why a mail cannot be built. Permanent: the same row fails the same way again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// The address is none, or needs what plain SMTP cannot carry.
    #[error("the {0} address is not a plain ASCII mail address; correct it in the directory")]
    Address(&'static str),
    /// The Message-ID has a wrong form.
    #[error("the Message-ID is not <name@domain>")]
    MessageId,
    /// The builder refused or panicked.
    #[error("the mail cannot be built: {0}")]
    Build(String),
}

/// A mail ready for the wire.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The envelope's sender.
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

impl Composed {
    /// The message as it travels, before dot-stuffing.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Builds the message and its envelope.
///
/// # Errors
/// The mail can never be sent as it is.
pub fn compose(mail: &OutgoingMail) -> Result<Composed, ComposeError> {
    if mail.text.len().saturating_add(mail.html.len()) > CONTENT_OCTETS_MAX {
        return Err(ComposeError::Build(format!("text is over {CONTENT_OCTETS_MAX} octets")));
    }
    let from = address(&mail.from, "sender's")?;
    let back = match &mail.return_path {
        Some(path) => address(&Mailbox { name: String::new(), address: path.clone() }, "return")?,
        None => from.clone(),
    };
    let to = address(&mail.to, "recipient's")?;
    let boundary = boundary_of(&mail.message_id)?;
    let bytes = catch_unwind(|| build(mail, &from, &to, &boundary))
        .map_err(|_| ComposeError::Build("the builder panicked".to_owned()))??;
    if !bytes.is_ascii() {
        return Err(ComposeError::Build("it would need 8BITMIME".to_owned()));
    }
    if bytes.split(|byte| *byte == b'\n').any(|line| line.len() > LINE_OCTETS_MAX + 1) {
        return Err(ComposeError::Build(format!("a line is over {LINE_OCTETS_MAX} octets")));
    }
    Ok(Composed { from: back, to, bytes })
}

fn build(
    mail: &OutgoingMail,
    from: &Address,
    to: &Address,
    boundary: &str,
) -> Result<Vec<u8>, ComposeError> {
    let failed = |error: &dyn std::fmt::Display| ComposeError::Build(error.to_string());
    let micros = u64::try_from(mail.date.as_micros()).unwrap_or(0);
    let envelope =
        Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(|error| failed(&error))?;
    let mut builder = Message::builder()
        .envelope(envelope)
        .from(LettreMailbox::new(display_name(&mail.from.name), from.clone()))
        .to(LettreMailbox::new(display_name(&mail.to.name), to.clone()))
        .subject(one_line(&mail.subject, SUBJECT_CHARS_MAX))
        .message_id(Some(mail.message_id.clone()))
        .date(UNIX_EPOCH + Duration::from_micros(micros));
    for (name, value) in FIXED_HEADERS {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| failed(&error))?;
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let parts = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::plain(body_text(&mail.text)))
        .singlepart(SinglePart::html(body_text(&mail.html)));
    let message = builder.multipart(parts).map_err(|error| failed(&error))?;
    Ok(message.formatted())
}

fn address(mailbox: &Mailbox, whose: &'static str) -> Result<Address, ComposeError> {
    let text = mailbox.address.as_str();
    // Quoted local parts may hold spaces and angle brackets: legal, useless, and a way to smuggle.
    let harmless = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\' | ',');
    if !text.chars().all(harmless) {
        return Err(ComposeError::Address(whose));
    }
    text.parse().map_err(|_| ComposeError::Address(whose))
}

/// The part boundary follows from the Message-ID, so that a repeated mail repeats to the byte.
fn boundary_of(message_id: &str) -> Result<String, ComposeError> {
    let (local, domain) = message_id
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|inner| inner.split_once('@'))
        .ok_or(ComposeError::MessageId)?;
    let plain = |part: &str, extra: &str| {
        !part.is_empty()
            && part.len() <= 200
            && part.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    if !plain(local, "-._") || !plain(domain, "-.") {
        return Err(ComposeError::MessageId);
    }
    let tail: String = local.chars().take(60).collect();
    // "=_" never occurs in quoted-printable or base64 text.
    Ok(format!("=_{tail}"))
}

fn display_name(name: &str) -> Option<String> {
    let name = one_line(name, NAME_CHARS_MAX);
    (!name.is_empty()).then_some(name)
}

/// One line of visible text: control characters become gaps, gaps become one space.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let visible: String = text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(chars_max).collect()
}

/// Control characters, line separators, and the marks that turn the reading direction.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A body without control characters and with CRLF line ends: lettre makes them too, but in
/// quadratic time.
fn body_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 40);
    for c in text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')) {
        out.push_str(if c == '\n' { "\r" } else { "" });
        out.push(c);
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    pub(in super::super) fn a_mail() -> OutgoingMail {
        OutgoingMail {
            return_path: None,
            from: Mailbox {
                name: "签收".to_owned(), address: "notice@issuer.example".to_owned()
            },
            to: Mailbox {
                name: "望城区委办公室".to_owned(),
                address: "desk@wangcheng.example".to_owned(),
            },
            subject: "【特提】湘办发电〔2026〕35号 关于做好防汛工作的通知".to_owned(),
            text: "请签收。\n".to_owned(),
            html: "<p>请签收。</p>\n".to_owned(),
            message_id: "<0123456789abcdef@issuer.example>".to_owned(),
            date: Timestamp::from_micros(1_795_000_000_000_000),
        }
    }

    fn text_of(mail: &OutgoingMail) -> String {
        String::from_utf8(compose(mail).expect("builds").bytes).expect("ASCII")
    }

    #[test]
    fn a_mail_is_seven_bit_and_the_same_at_every_attempt() {
        let mail = a_mail();
        let text = text_of(&mail);
        assert!(text.is_ascii());
        assert_eq!(text, text_of(&mail));
        assert!(text.contains("Message-ID: <0123456789abcdef@issuer.example>\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
        assert!(!text.to_ascii_lowercase().contains("content-transfer-encoding: 8bit"));
    }

    #[test]
    fn names_and_subjects_from_a_spreadsheet_cannot_add_headers_or_panic() {
        for evil in ["甲\r\nBcc: x@y.example", "a\nb", "nul\0nul", "\u{202e}abc", "\r", "\u{85}"] {
            let mut mail = a_mail();
            evil.clone_into(&mut mail.from.name);
            evil.clone_into(&mut mail.to.name);
            evil.clone_into(&mut mail.subject);
            let text = text_of(&mail);
            assert!(!text.contains("\nBcc:"), "{evil:?}");
            assert_eq!(text.matches("\r\nSubject:").count(), 1, "{evil:?}");
        }
        assert_eq!(one_line("  长沙\r\n\t市委 \0", 9), "长沙 市委");
    }

    #[test]
    fn addresses_that_plain_smtp_cannot_carry_are_refused() {
        for bad in [
            "",
            "x",
            "张@例子.example",
            "a b@c.example",
            "a@b.example\r\nRCPT TO:<c@d>",
            "\"a b\"@c.example",
            "a@b.example>",
            "<a@b.example>",
        ] {
            let mut mail = a_mail();
            bad.clone_into(&mut mail.to.address);
            assert_eq!(compose(&mail).err(), Some(ComposeError::Address("recipient's")), "{bad}");
        }
    }

    #[test]
    fn a_message_id_with_anything_odd_is_refused() {
        for bad in ["", "a@b", "<a>", "<a b@c>", "<a@b\r\nX: y>", "<@b>", "<a@>"] {
            let mut mail = a_mail();
            bad.clone_into(&mut mail.message_id);
            assert_eq!(compose(&mail).err(), Some(ComposeError::MessageId), "{bad:?}");
        }
    }
}
