//! Settings that are more than a text: parsed once here, trusted afterwards.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A text that is never shown: it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps `text` secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one who must use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where the database is. The URL of a server may hold a password, so it never prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatabaseUrl {
    /// The embedded engine, in this file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as `postgres://…`.
    Postgres(Secret),
}

impl DatabaseUrl {
    /// Reads `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once("://") {
            Some(("sqlite", "")) => Err("names no file: write sqlite://data/qianshou.db"),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Ok(Self::Postgres(Secret::new(text)))
            }
            _ => Err("must be sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME"),
        }
    }

    /// The whole URL, for the store to open. May hold a password: never log it.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(url) => url.reveal().to_owned(),
        }
    }

    /// The file of the embedded engine.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// How browsers reach this server: scheme, host and port, without a slash at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl {
    origin: String,
    host: String,
    https: bool,
}

impl PublicUrl {
    /// Reads a URL without path, query or user.
    ///
    /// # Errors
    /// What to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "must be https://HOST or https://HOST:PORT, without a path";
        let origin = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = origin.split_once("://").ok_or(SHAPE)?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(SHAPE),
        };
        let host = host_of(authority).ok_or(SHAPE)?;
        if !https && !is_loopback(host) {
            return Err("must be https: plain http is only for a host that is this machine");
        }
        Ok(Self { origin: origin.to_owned(), host: host.to_owned(), https })
    }

    /// `https://HOST:PORT`, as browsers send it in `Origin`; links are this and a path.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone, without brackets or port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers come by TLS; cookies are `Secure` then.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }
}

/// The host of `HOST`, `HOST:PORT` or `[V6]:PORT`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    let port_is_right = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    let v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    let name = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    (port_is_right && (v6 || name)).then_some(host)
}

/// Whether `host` is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls() {
        for good in ["https://notice.example", "https://n.example:8443/", "http://127.0.0.1:80"] {
            assert_eq!(PublicUrl::parse(good).unwrap().origin(), good.trim_end_matches('/'));
        }
        assert_eq!(PublicUrl::parse("http://[::1]:80").unwrap().host(), "::1");
        for bad in [
            "http://n.example",
            "https://n.example/x",
            "ftp://n.example",
            "https://",
            "https://u@n.example",
            "https://n.example:99999",
            "n.example",
        ] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn engines_by_scheme() {
        assert!(matches!(DatabaseUrl::parse("sqlite://a/b.db"), Ok(DatabaseUrl::Sqlite(_))));
        assert!(matches!(DatabaseUrl::parse("postgres://h/d"), Ok(DatabaseUrl::Postgres(_))));
        for bad in ["sqlite://", "mysql://h/d", "a.db", "", "postgres://"] {
            assert!(DatabaseUrl::parse(bad).is_err(), "{bad}");
        }
        let url = DatabaseUrl::parse("postgres://u:geheim@h/d").unwrap();
        assert!(!format!("{url:?}").contains("geheim"));
    }
}
