//! What every page needs to know about this installation. Never here: secrets.

use crate::domain::address_block::AddressBlock;

/// Facts about the installation that pages and guards use.
#[derive(Debug, Clone)]
pub struct Site {
    public_url: String,
    origin: String,
    host: String,
    secure: bool,
    demo: bool,
    trusted_proxies: Vec<AddressBlock>,
}

impl Site {
    /// From the public URL of the installation, such as `https://qianshou.example.gov.cn`.
    #[must_use]
    pub fn new(public_url: &str, demo: bool) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("https", &public_url));
        let host = rest.split('/').next().unwrap_or(rest).to_owned();
        let origin = format!("{scheme}://{host}");
        let secure = scheme == "https";
        Self { public_url, origin, host, secure, demo, trusted_proxies: Vec::new() }
    }

    /// The same behind proxies whose word about addresses counts.
    #[must_use]
    pub fn behind(mut self, trusted_proxies: Vec<AddressBlock>) -> Self {
        self.trusted_proxies = trusted_proxies;
        self
    }

    /// The proxies whose word about addresses counts.
    #[must_use]
    pub fn trusted_proxies(&self) -> &[AddressBlock] {
        &self.trusted_proxies
    }

    /// Where links in mails lead; never taken from a request.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Scheme, host and port, as browsers send them in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host and port, as browsers send them in `Host`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a `Host` header means this site: its own name and port in either case of letters,
    /// the port left out where it is the usual one.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        let usual = if self.secure { ":443" } else { ":80" };
        let bare = |name: &str| name.strip_suffix(usual).unwrap_or(name).to_ascii_lowercase();
        !host.is_empty() && bare(host) == bare(&self.host)
    }

    /// Whether the installation is reached by https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether this is the demo, with its mailbox.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn a_path_in_the_public_url_is_no_part_of_the_origin() {
        let site = Site::new("https://gw.example:8443/qs/", false);
        assert_eq!(site.origin(), "https://gw.example:8443");
        assert_eq!(site.host(), "gw.example:8443");
        assert_eq!(site.public_url(), "https://gw.example:8443/qs");
    }

    #[test]
    fn only_our_own_name_is_ours() {
        let site = Site::new("https://gw.example", false);
        for ours in ["gw.example", "GW.example:443"] {
            assert!(site.answers_to(ours), "{ours}");
        }
        let others =
            ["", "evil.example", "gw.example:80", "gw.example.", "gw.example@evil", "[::1]"];
        for other in others {
            assert!(!site.answers_to(other), "{other}");
        }
        assert!(Site::new("http://127.0.0.1:8080", true).answers_to("127.0.0.1:8080"));
    }
}
