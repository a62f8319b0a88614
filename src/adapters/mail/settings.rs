//! What the operator says about the next mail server. Plain data that can check itself; reading
//! files and the environment is not done here.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

/// A password that shows itself to nobody but the server it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Wraps a password.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(super) fn reveal(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (usually port 465). Prefer this.
    Implicit,
    /// TLS by STARTTLS (usually port 587); never falls back to plain.
    StartTls,
    /// No protection, and therefore only to this very machine.
    PlainLoopback,
}

/// The next mail server and how to speak to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpConfig {
    /// Name or address; the certificate must carry it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Log-in name, together with `password`.
    pub username: Option<String>,
    /// Password, together with `username`.
    pub password: Option<Password>,
    /// What we call ourselves in EHLO: a full domain name.
    pub hello_name: String,
    /// PEM file with further certificate authorities (an office's own).
    pub extra_ca: Option<PathBuf>,
    /// Name resolution, connecting and the TLS handshake, together.
    pub connect_timeout: Duration,
    /// Each reply before the message.
    pub command_timeout: Duration,
    /// Writing the message.
    pub body_timeout: Duration,
}

/// What is wrong with the settings, in the words of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSmtpConfig {
    /// No server.
    #[error("mail.host is empty: name the mail server")]
    Host,
    /// Port 0.
    #[error("mail.port is 0: 465 for implicit TLS, 587 for STARTTLS")]
    Port,
    /// Plain to another machine.
    #[error("mail.security = plain is for this machine only, and {0} is another: use TLS")]
    PlainElsewhere(String),
    /// Half of a log-in.
    #[error("mail.username and mail.password belong together: give both or none")]
    HalfLogIn,
    /// Unusable EHLO name.
    #[error("mail.hello_name {0:?} is not a domain name")]
    HelloName(String),
    /// A limit of zero.
    #[error("mail timeouts are at least one millisecond")]
    Timeout,
}

impl SmtpConfig {
    /// Settings for `host` with default limits and no log-in.
    #[must_use]
    pub fn new(host: &str, port: u16, security: SmtpSecurity, hello_name: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            security,
            username: None,
            password: None,
            hello_name: hello_name.to_owned(),
            extra_ca: None,
            connect_timeout: Duration::from_secs(15),
            command_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
        }
    }

    /// Checks what can be checked without a network.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), BadSmtpConfig> {
        if self.host.is_empty() || self.host.contains(|c: char| c.is_whitespace()) {
            return Err(BadSmtpConfig::Host);
        }
        if self.port == 0 {
            return Err(BadSmtpConfig::Port);
        }
        if self.security == SmtpSecurity::PlainLoopback && !self.names_this_machine() {
            return Err(BadSmtpConfig::PlainElsewhere(self.host.clone()));
        }
        if self.username.is_some() != self.password.is_some() {
            return Err(BadSmtpConfig::HalfLogIn);
        }
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if self.hello_name.is_empty() || !self.hello_name.chars().all(in_name) {
            return Err(BadSmtpConfig::HelloName(self.hello_name.clone()));
        }
        let limits = [self.connect_timeout, self.command_timeout, self.body_timeout];
        if limits.iter().any(|limit| limit.as_millis() == 0) {
            return Err(BadSmtpConfig::Timeout);
        }
        Ok(())
    }

    /// Who is spoken to, for people.
    #[must_use]
    pub fn relay(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn names_this_machine(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_refused_to_any_other_machine() {
        let plain = |host| SmtpConfig::new(host, 25, SmtpSecurity::PlainLoopback, "a.example");
        for here in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(plain(here).validate(), Ok(()));
        }
        for elsewhere in ["mail.example", "10.0.0.1", "localhost.example"] {
            let refusal = Err(BadSmtpConfig::PlainElsewhere(elsewhere.to_owned()));
            assert_eq!(plain(elsewhere).validate(), refusal);
        }
    }

    #[test]
    fn each_fault_has_its_own_message_and_no_message_has_the_password() {
        let good = SmtpConfig::new("mail.example", 465, SmtpSecurity::Implicit, "a.example");
        assert_eq!(good.validate(), Ok(()));
        let half = SmtpConfig { username: Some("u".to_owned()), ..good.clone() };
        assert_eq!(half.validate(), Err(BadSmtpConfig::HalfLogIn));
        let hello = SmtpConfig { hello_name: "a b\r\n".to_owned(), ..good.clone() };
        assert!(matches!(hello.validate(), Err(BadSmtpConfig::HelloName(_))));
        let secret = Password::new("geheim".to_owned());
        let full = SmtpConfig { password: Some(secret), ..half };
        assert_eq!(full.validate(), Ok(()));
        assert!(!format!("{full:?}").contains("geheim"));
    }
}
