//! What a test reads out of a raw mail: the link in its text part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text part of a mail as a person would read it.
pub(crate) fn text_part(raw: &str) -> String {
    let from = raw.find("Content-Type: text/plain").unwrap_or(0);
    let part = &raw[from..];
    let (head, body) = part.split_once("\r\n\r\n").unwrap_or(("", part));
    let body = body.split("\r\n--").next().unwrap_or(body);
    let head = head.to_ascii_lowercase();
    if head.contains("base64") {
        let joined: String = body.split_whitespace().collect();
        let bytes = STANDARD.decode(joined).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    } else if head.contains("quoted-printable") {
        quoted_printable(body)
    } else {
        body.to_owned()
    }
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'=' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The path of the link in a mail, such as `/l/…`.
pub(crate) fn link_path(raw: &str) -> Option<String> {
    let text = text_part(raw);
    let from = text.find("/l/")?;
    let token: String = text[from + 3..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    Some(format!("/l/{token}"))
}
