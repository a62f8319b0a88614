//! Whether an address still counts as shown to work, and which addresses a round asks.
//!
//! Pure. An address is shown to work by a mailed code that came back, a call that somebody made,
//! or a signature through it; that lasts a year, and a mail that came back ends it at once.

use super::address::AddressStatus;
use super::time::{Span, Timestamp};
use super::words::word_enum;

/// How long it counts that an address was shown to work.
pub const VERIFIED_FOR: Span = Span::hours(365 * 24);

/// How long a mailed code can be sent back.
pub const CODE_LIFETIME: Span = Span::hours(14 * 24);

/// Wrong codes after which a code is worth nothing.
pub const TRIES_MAX: i32 = 5;

word_enum! {
    /// Whom a round asks.
    pub enum RoundScope {
        /// Whoever is due: never shown to work, too long ago, or failing.
        Due = "due", "到期应核的";
        /// Everybody.
        All = "all", "全部";
        /// Everybody below one organisation.
        Branch = "branch", "一个单位及其下级";
    }
}

word_enum! {
    /// How an address was shown to work.
    pub enum VerifiedHow {
        /// A mailed code came back.
        Code = "code", "核验码";
        /// Somebody called.
        Call = "call", "电话核实";
    }
}

/// Whether an address has to be asked again.
#[must_use]
pub fn is_due(status: AddressStatus, status_at: Timestamp, now: Timestamp) -> bool {
    match status {
        AddressStatus::Unverified | AddressStatus::Failing => true,
        AddressStatus::Verified => now.since(status_at) >= VERIFIED_FOR,
        AddressStatus::Retired => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_after_it_was_shown_to_work_an_address_is_due_again() {
        let then = Timestamp::from_micros(1_700_000_000_000_000);
        let year = then.plus(VERIFIED_FOR);
        let before = Timestamp::from_micros(year.as_micros() - 1);
        assert!(!is_due(AddressStatus::Verified, then, before));
        assert!(is_due(AddressStatus::Verified, then, year));
        assert!(is_due(AddressStatus::Failing, then, then));
        assert!(is_due(AddressStatus::Unverified, then, then));
        assert!(!is_due(AddressStatus::Retired, then, year));
    }
}
