//! A message in the transparent form of RFC 5321 §4.5.2.
//!
//! Every line end becomes CRLF first (a bare CR or LF is a line end to some servers and none to
//! others, which is how mails are smuggled), then a line that begins with a dot gets another. The
//! final dot is not written here: whether it left is what decides an outcome.

/// What ends the message; the body always ends with CRLF, so one dot line is enough.
pub(super) const FINAL_DOT: &[u8] = b".\r\n";

/// The body as it goes over the wire, without the final dot.
pub(super) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 40 + 2);
    let mut line_start = true;
    let mut bytes = message.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                out.extend_from_slice(b"\r\n");
                line_start = true;
            }
            _ => {
                if line_start && byte == b'.' {
                    out.push(b'.');
                }
                out.push(byte);
                line_start = false;
            }
        }
    }
    if !line_start {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dots_at_line_starts_are_doubled_and_all_line_ends_are_crlf() {
        for (plain, wire) in [
            ("", ""),
            ("a", "a\r\n"),
            (".", "..\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n"),
            ("a\n.\nb\n", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\r\n.\nMAIL FROM:<x@y>", "a\r\n..\r\nMAIL FROM:<x@y>\r\n"),
            ("a\n.\r\nb", "a\r\n..\r\nb\r\n"),
            ("a\r\r\n.b", "a\r\n\r\n..b\r\n"),
            ("..", "...\r\n"),
            ("x.\r\n", "x.\r\n"),
        ] {
            let got = stuffed(plain.as_bytes());
            assert_eq!(String::from_utf8_lossy(&got), wire, "{plain:?}");
        }
    }

    /// What a server does on reading: lines by CRLF, a lone dot ends, a leading dot is dropped.
    fn read_back(wire: &[u8]) -> (Vec<u8>, bool) {
        let text = String::from_utf8_lossy(wire).into_owned();
        let mut out = String::new();
        let mut lines = text.split("\r\n").peekable();
        let mut ended_early = false;
        while let Some(line) = lines.next() {
            if lines.peek().is_none() {
                break;
            }
            ended_early |= line == ".";
            out.push_str(line.strip_prefix('.').unwrap_or(line));
            out.push_str("\r\n");
        }
        (out.into_bytes(), ended_early)
    }

    proptest! {
        #[test]
        fn no_message_ends_early_or_changes(message in "[.ab\r\n]{0,40}") {
            let wire = stuffed(message.as_bytes());
            let (back, ended_early) = read_back(&wire);
            prop_assert!(!ended_early);
            let crlf = message.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
            let ends = crlf.is_empty() || crlf.ends_with("\r\n");
            let whole = if ends { crlf } else { crlf + "\r\n" };
            prop_assert_eq!(back, whole.into_bytes());
            let text = String::from_utf8_lossy(&wire).replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n']));
        }
    }
}
