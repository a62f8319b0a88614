//! The network an installation stands in; it decides how much a mail may say.

/// The network that carries pages and mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// 内网
    Internal,
    /// 政务外网
    GovernmentExtranet,
    /// 互联网: no title and no number in mails or short messages.
    Internet,
}

impl Network {
    /// Whether title and number of a notice may stand in a mail on this network.
    #[must_use]
    pub const fn may_name_the_notice(self) -> bool {
        !matches!(self, Self::Internet)
    }
}
