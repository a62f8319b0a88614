//! An HTTP/1.1 answer, as far as it matters: its status, and its body up to a bound. Pure.

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// Status code.
    pub status: u16,
    /// Body; bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// Takes an answer apart once it is whole; `ended`: nothing more will come.
pub(super) fn parse_reply(got: &[u8], ended: bool) -> Option<HttpReply> {
    let end = got.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(got.get(..end)?).ok()?;
    let rest = got.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next()?;
    let mut words = status_line.strip_prefix("HTTP/1.")?.split(' ');
    let status: u16 = words.nth(1)?.parse().ok().filter(|code| (100..600).contains(code))?;
    if (100..200).contains(&status) {
        return parse_reply(rest, ended);
    }
    let field = |name: &str| {
        let mut fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let chunked =
        field("transfer-encoding").is_some_and(|how| how.to_ascii_lowercase().contains("chunked"));
    let length: Option<usize> = field("content-length").and_then(|text| text.parse().ok());
    let body = match (chunked, length) {
        _ if matches!(status, 204 | 304) => Vec::new(),
        (true, _) => dechunked(rest)?,
        (false, Some(length)) => rest.get(..length)?.to_vec(),
        (false, None) if ended => rest.to_vec(),
        (false, None) => return None,
    };
    Some(HttpReply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// The body behind chunks, once the last one is there.
fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str, ended: bool) -> Option<(u16, String)> {
        parse_reply(text.as_bytes(), ended).map(|reply| (reply.status, reply.body))
    }

    #[test]
    fn an_answer_is_whole_when_its_length_is_reached() {
        assert_eq!(reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", false), None);
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(reply(whole, false), Some((200, "ok".into())));
        assert_eq!(reply("HTTP/1.0 500\r\n\r\nno", false), None);
        assert_eq!(reply("HTTP/1.0 500\r\n\r\nno", true), Some((500, "no".into())));
        assert_eq!(reply("HTTP/1.1 204 No\r\n\r\n", false), Some((204, String::new())));
        let two = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(reply(two, false), Some((202, String::new())));
    }

    #[test]
    fn chunks_are_put_together_and_nonsense_is_none() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(reply(&format!("{head}2\r\nok\r\n3;x\r\nway\r\n"), false), None);
        let whole = format!("{head}2\r\nok\r\n3;x\r\nway\r\n0\r\n\r\n");
        assert_eq!(reply(&whole, false), Some((200, "okway".into())));
        for bad in ["", "ICY 200 OK\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
            assert_eq!(reply(bad, true), None, "{bad}");
        }
        let huge = format!("{head}ffffffffffffffff\r\nx");
        assert_eq!(reply(&huge, true), None);
    }
}
