//! An address of a contact: a mail address or a telephone number, and what is known about it.
//!
//! Only a verified address counts as a way to reach somebody; a typed one is a hope.

use super::message::Channel;
use super::words::word_enum;

pub use super::email::{EmailAddress, EmailFault};
pub use super::phone::{PhoneFault, PhoneNumber};
pub use super::webhook_url::{WebhookFault, WebhookUrl};

word_enum! {
    /// What is known about an address.
    pub enum AddressStatus {
        /// Somebody wrote it down; nobody has shown that it works.
        Unverified = "unverified", "未验证";
        /// A code sent there came back, a call was answered, or a signature came through it.
        Verified = "verified", "已验证";
        /// It was verified and the last message did not arrive.
        Failing = "failing", "投递失败";
        /// No longer used; its links are revoked and its messages cancelled.
        Retired = "retired", "已停用";
    }
}

impl AddressStatus {
    /// Whether messages may still be sent there.
    #[must_use]
    pub const fn may_be_used(self) -> bool {
        !matches!(self, Self::Retired)
    }
}

word_enum! {
    /// What kind of address it is, and so which channels can use it.
    pub enum AddressKind {
        /// Mail.
        Email = "email", "电子邮箱";
        /// A land line: calls only.
        Phone = "phone", "固定电话";
        /// A mobile: calls and short messages.
        Mobile = "mobile", "手机";
        /// A system of the recipient's that takes messages over HTTPS.
        Webhook = "webhook", "系统接口";
    }
}

impl AddressKind {
    /// The way messages go to such an address; none to a land line.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Email => Some(Channel::Email),
            Self::Mobile => Some(Channel::Sms),
            Self::Webhook => Some(Channel::Webhook),
            Self::Phone => None,
        }
    }
}

/// An address of any kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A mail address.
    Email(EmailAddress),
    /// A land line or a mobile.
    Phone(PhoneNumber),
    /// A system of the recipient's.
    Webhook(WebhookUrl),
}

impl Address {
    /// Which kind of address this is.
    #[must_use]
    pub const fn kind(&self) -> AddressKind {
        match self {
            Self::Email(_) => AddressKind::Email,
            Self::Phone(number) if number.is_mobile() => AddressKind::Mobile,
            Self::Phone(_) => AddressKind::Phone,
            Self::Webhook(_) => AddressKind::Webhook,
        }
    }

    /// The form that is stored and shown in the directory; never for logs.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Email(address) => address.as_str().to_owned(),
            Self::Phone(number) => number.to_string(),
            Self::Webhook(url) => url.as_str().to_owned(),
        }
    }

    /// What a log may show.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Email(address) => address.redacted(),
            Self::Phone(number) => number.redacted(),
            // The path may hold a secret of the other side's.
            Self::Webhook(url) => url.authority(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_names_the_known_ones() {
        let refused = "confirmed".parse::<AddressStatus>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "unknown word \"confirmed\"; use one of: unverified, verified, failing, retired"
        );
        for status in AddressStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
        }
    }

    #[test]
    fn a_number_knows_which_channels_can_use_it() {
        let kind = |text| Address::Phone(PhoneNumber::parse(text).unwrap()).kind();
        assert_eq!(kind("15400000001"), AddressKind::Mobile);
        assert_eq!(kind("0731-55500001"), AddressKind::Phone);
    }
}
