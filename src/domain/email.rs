//! A mail address that every relay understands: `local@domain.with.dot`, plain ASCII.
//!
//! Stricter than RFC 5321 on purpose: quoted local parts, comments, address literals and single
//! host names are legal and have each been used to smuggle a second recipient or a header. Never
//! here: whether anybody reads mail at this address.

use std::fmt;

const ADDRESS_CHARS_MAX: usize = 254;
const LOCAL_CHARS_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 63;

/// A mail address that obeys the policy of this room. Its domain is in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is not accepted as a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailFault {
    /// Nothing was written.
    #[error("the mail address is empty; write one such as duty@office.example")]
    Empty,
    /// Longer than SMTP carries.
    #[error("the mail address is too long; 64 characters before the @ and 254 in all are the most")]
    TooLong,
    /// A line break, a tab or another control character.
    #[error("the mail address contains a line break or control character; write it on one line")]
    ControlCharacter,
    /// A character outside ASCII, often a full-width @ or dot.
    #[error("the mail address contains a character outside ASCII; look for a full-width @ or dot")]
    NotAscii,
    /// No @, or more than one.
    #[error("a mail address has exactly one @")]
    NotOneAt,
    /// A quoted part.
    #[error("quotation marks in a mail address are not accepted")]
    Quoted,
    /// A number in brackets in place of a domain.
    #[error("a network address in place of a mail domain is not accepted; write the domain name")]
    Literal,
    /// The part before the @ has a character or a dot where none may be.
    #[error("the part before the @ is malformed; use letters, digits, dots, - and _")]
    BadLocal,
    /// The domain has an empty, too long or malformed part.
    #[error("the mail domain is malformed; use letters, digits and hyphens between single dots")]
    BadDomain,
    /// A host name without a dot.
    #[error("the mail domain has no dot; write it in full, such as office.example")]
    NoDot,
}

impl EmailFault {
    /// The sentence for a page.
    #[must_use]
    pub const fn message_zh(self) -> &'static str {
        match self {
            Self::Empty => "请填写电子邮箱地址",
            Self::TooLong => "邮箱地址过长：@ 之前最多 64 个字符，全长最多 254 个字符",
            Self::ControlCharacter => "邮箱地址中有换行或控制字符，请写在一行内",
            Self::NotAscii => "邮箱地址中有全角或非英文字符，请检查 @ 和句点是否为半角",
            Self::NotOneAt => "邮箱地址中应有且只有一个 @",
            Self::Quoted => "邮箱地址中不能有引号",
            Self::Literal => "邮箱地址的 @ 之后应为域名，不能是网络地址",
            Self::BadLocal => "邮箱地址 @ 之前的部分有误，请使用字母、数字、点、短横和下划线",
            Self::BadDomain => "邮箱域名有误，请使用字母、数字和短横，以单个点分隔",
            Self::NoDot => "邮箱域名不完整，请写全，例如 office.example",
        }
    }
}

impl EmailAddress {
    /// Reads an address; blanks around it are dropped and its domain is lower-cased.
    ///
    /// # Errors
    /// The first rule of this room that the text breaks.
    pub fn parse(text: &str) -> Result<Self, EmailFault> {
        let text = text.trim_matches([' ', '\u{3000}']);
        if text.is_empty() {
            return Err(EmailFault::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(EmailFault::ControlCharacter);
        }
        if !text.is_ascii() {
            return Err(EmailFault::NotAscii);
        }
        if text.contains('"') {
            return Err(EmailFault::Quoted);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailFault::NotOneAt)?;
        if domain.contains('@') {
            return Err(EmailFault::NotOneAt);
        }
        if text.len() > ADDRESS_CHARS_MAX || local.len() > LOCAL_CHARS_MAX {
            return Err(EmailFault::TooLong);
        }
        check_local(local)?;
        check_domain(domain)?;
        let text = format!("{local}@{}", domain.to_ascii_lowercase());
        Ok(Self { at: local.len(), text })
    }

    /// The whole address, for envelopes and the directory's own pages; never for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands after the @, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// What a log may show: the first letter and the domain.
    #[must_use]
    pub fn redacted(&self) -> String {
        let first = self.text.chars().next().unwrap_or('*');
        format!("{first}***@{}", self.domain())
    }
}

impl fmt::Debug for EmailAddress {
    /// Redacted, because debug output ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// RFC 5321 §4.1.2 dot-string, without the quoted alternative.
fn check_local(local: &str) -> Result<(), EmailFault> {
    let is_atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    if local.split('.').all(is_atom) { Ok(()) } else { Err(EmailFault::BadLocal) }
}

fn check_domain(domain: &str) -> Result<(), EmailFault> {
    if domain.starts_with('[') {
        return Err(EmailFault::Literal);
    }
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !domain.split('.').all(is_label) {
        return Err(EmailFault::BadDomain);
    }
    let (_, last) = domain.rsplit_once('.').ok_or(EmailFault::NoDot)?;
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EmailFault::Literal);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_address_keeps_its_local_part_and_lowers_its_domain() {
        let address = EmailAddress::parse("\u{3000}Jyk-A@DW.ChangSha.Hunan.Example ").unwrap();
        assert_eq!(address.as_str(), "Jyk-A@dw.changsha.hunan.example");
        assert_eq!(address.domain(), "dw.changsha.hunan.example");
        assert_eq!(address.redacted(), "J***@dw.changsha.hunan.example");
        assert_eq!(format!("{address:?}"), address.redacted());
    }

    #[test]
    fn what_the_policy_forbids_is_refused_by_name() {
        let long_local = format!("{}@b.example", "a".repeat(65));
        let long_label = format!("a@{}.example", "b".repeat(64));
        let long_all = format!("a@{}example", "b.".repeat(130));
        let cases = [
            ("", EmailFault::Empty),
            ("  ", EmailFault::Empty),
            ("a.example", EmailFault::NotOneAt),
            ("a@b@c.example", EmailFault::NotOneAt),
            ("a@b.example,c@d.example", EmailFault::NotOneAt),
            ("a@b.example\r\nBcc: x@y.example", EmailFault::ControlCharacter),
            ("a@b.example\n", EmailFault::ControlCharacter),
            ("a\u{0}@b.example", EmailFault::ControlCharacter),
            ("a＠b.example", EmailFault::NotAscii),
            ("值班@b.example", EmailFault::NotAscii),
            ("a@机关.example", EmailFault::NotAscii),
            ("\"a b\"@c.example", EmailFault::Quoted),
            ("a@[127.0.0.1]", EmailFault::Literal),
            ("a@[IPv6:::1]", EmailFault::Literal),
            ("a@127.0.0.1", EmailFault::Literal),
            ("a@b", EmailFault::NoDot),
            ("@b.example", EmailFault::BadLocal),
            (".a@b.example", EmailFault::BadLocal),
            ("a.@b.example", EmailFault::BadLocal),
            ("a..b@c.example", EmailFault::BadLocal),
            ("a b@c.example", EmailFault::BadLocal),
            ("a(x)@c.example", EmailFault::BadLocal),
            ("Duty <a@c.example>", EmailFault::BadLocal),
            ("a@c.example>", EmailFault::BadDomain),
            ("a@", EmailFault::BadDomain),
            ("a@.example", EmailFault::BadDomain),
            ("a@b..example", EmailFault::BadDomain),
            ("a@b.example.", EmailFault::BadDomain),
            ("a@-b.example", EmailFault::BadDomain),
            ("a@b-.example", EmailFault::BadDomain),
            ("a@b_c.example", EmailFault::BadDomain),
            (&long_local, EmailFault::TooLong),
            (&long_all, EmailFault::TooLong),
            (&long_label, EmailFault::BadDomain),
        ];
        for (text, fault) in cases {
            assert_eq!(EmailAddress::parse(text), Err(fault), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_safe_in_an_envelope_and_reads_back(text in "\\PC{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let safe = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
                prop_assert!(address.as_str().chars().all(safe));
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address));
            }
        }

        #[test]
        fn dotted_ascii_addresses_are_accepted(
            local in "[a-z0-9_+-]{1,20}(\\.[a-z0-9]{1,8}){0,2}",
            domain in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,8}){0,2}\\.[a-z]{2,8}",
        ) {
            let text = format!("{local}@{domain}");
            prop_assert!(EmailAddress::parse(&text).is_ok());
        }
    }
}
