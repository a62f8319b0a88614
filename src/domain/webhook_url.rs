//! The address of a system of the recipient's that takes messages over HTTPS.
//!
//! Refuses everything whose host could be read in two ways: log-in parts, numbers in octal,
//! hexadecimal or one piece, percent signs, letters beyond ASCII. Whether the host may be called
//! is for whoever resolves it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest address.
pub const WEBHOOK_CHARS_MAX: usize = 300;

/// Why a text is no address of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// Too long.
    #[error("longer than {WEBHOOK_CHARS_MAX} characters")]
    TooLong,
    /// Something that is not visible ASCII.
    #[error("write visible ASCII characters only")]
    NotAscii,
    /// Another scheme.
    #[error("must begin with https:// (or, to this machine itself, http://)")]
    Scheme,
    /// A name or password before the host.
    #[error("must hold no name and no password")]
    Login,
    /// The host can be read in two ways, or is none.
    #[error("the host must be a plain name or a plain address")]
    Host,
    /// The port is none.
    #[error("the port must be a number between 1 and 65535")]
    Port,
    /// A fragment or a backslash.
    #[error("must hold no # and no backslash")]
    Path,
}

/// An address of a webhook, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookUrl {
    text: String,
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

impl WebhookUrl {
    /// Reads `https://HOST[:PORT][/PATH]`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, WebhookFault> {
        if text.len() > WEBHOOK_CHARS_MAX {
            return Err(WebhookFault::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WebhookFault::NotAscii);
        }
        if text.contains(['#', '\\']) {
            return Err(WebhookFault::Path);
        }
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(WebhookFault::Scheme),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(WebhookFault::Login);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None if secure => 443,
            None => 80,
            Some(digits) => parse_port(digits)?,
        };
        let host = checked_host(host)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { text: text.to_owned(), secure, host, port, path })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is under TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host in small letters, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Host and port as a request names them.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), WebhookFault> {
    if authority.starts_with('[') {
        let (host, rest) = authority.split_once(']').ok_or(WebhookFault::Host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(WebhookFault::Host),
        };
    }
    Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

fn parse_port(digits: &str) -> Result<u16, WebhookFault> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| plain);
    port.ok_or(WebhookFault::Port)
}

fn checked_host(host: &str) -> Result<String, WebhookFault> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr = inner.parse().map_err(|_| WebhookFault::Host)?;
        return Ok(address.to_string());
    }
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let good = labels.iter().all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if !good || host.len() > 253 {
        return Err(WebhookFault::Host);
    }
    // A last label of digits, or one like 0x7f, is read by resolvers as a piece of an address:
    // then the whole must be the one plain form of it.
    let last = labels.last().copied().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let plain = host.parse::<Ipv4Addr>().is_ok_and(|address| address.to_string() == host);
    if numeric && !plain { Err(WebhookFault::Host) } else { Ok(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_address_is_taken_apart() {
        let url = WebhookUrl::parse("https://OA.wangcheng.example:8443/in?a=1").unwrap();
        assert_eq!((url.host(), url.port(), url.path()), ("oa.wangcheng.example", 8443, "/in?a=1"));
        assert!(url.is_secure());
        assert_eq!(url.authority(), "oa.wangcheng.example:8443");
        let url = WebhookUrl::parse("https://[2001:DB8::1]").unwrap();
        assert_eq!((url.host(), url.port(), url.path()), ("2001:db8::1", 443, "/"));
        assert_eq!(url.authority(), "[2001:db8::1]:443");
        assert_eq!(WebhookUrl::parse("http://127.0.0.1:9/x").unwrap().port(), 9);
        assert_eq!(WebhookUrl::parse("https://a.example?x").unwrap().path(), "/?x");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (text, fault) in [
            ("ftp://a.example/", WebhookFault::Scheme),
            ("//a.example/", WebhookFault::Scheme),
            ("HTTPS://a.example/", WebhookFault::Scheme),
            ("https://u:p@a.example/", WebhookFault::Login),
            ("https://a.example@127.0.0.1/", WebhookFault::Login),
            ("https://a.example#@b.example/", WebhookFault::Path),
            ("https://a.example\\@b.example/", WebhookFault::Path),
            ("https://2130706433/", WebhookFault::Host),
            ("https://0x7f000001/", WebhookFault::Host),
            ("https://0177.0.0.1/", WebhookFault::Host),
            ("https://127.1/", WebhookFault::Host),
            ("https://127.0.0.01/", WebhookFault::Host),
            ("https://0x7f.0.0.0x1/", WebhookFault::Host),
            ("https://127.0.0.1./", WebhookFault::Host),
            ("https://a..example/", WebhookFault::Host),
            ("https:///x", WebhookFault::Host),
            ("https://[::1/", WebhookFault::Host),
            ("https://[::1]x/", WebhookFault::Host),
            ("https://[fe80::1%25eth0]/", WebhookFault::Host),
            ("https://%31%32%37.0.0.1/", WebhookFault::Host),
            ("https://a_b.example/", WebhookFault::Host),
            ("https://a.example:0/", WebhookFault::Port),
            ("https://a.example:00443/", WebhookFault::Port),
            ("https://a.example:+443/", WebhookFault::Port),
            ("https://a.example:65536/", WebhookFault::Port),
            ("https://１２７.0.0.1/", WebhookFault::NotAscii),
            ("https://a.example/\r\nX: y", WebhookFault::NotAscii),
            ("https://a .example/", WebhookFault::NotAscii),
        ] {
            assert_eq!(WebhookUrl::parse(text), Err(fault), "{text}");
        }
    }
}
