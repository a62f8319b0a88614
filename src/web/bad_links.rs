//! Slows down who tries links that open nothing. A whole district comes from one address, so a
//! good link is never refused and never slowed: only an answer that says no waits.
//!
//! Counted here, in memory: guessing 256 bits fails anyway, and a count that is lost with the
//! server is no loss. Never here: whether a link is good.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::address_block::network_of;
use crate::domain::time::{Span, Timestamp};

/// Bad links a minute that one address may try before its answers wait.
const PER_ADDRESS: i64 = 20;
/// The same for all addresses of one network.
const PER_NETWORK: i64 = 200;
const MINUTE: Span = Span::minutes(1);
/// How long an answer then waits.
const WAIT: Duration = Duration::from_secs(2);
/// Answers that may wait at once; beyond them nobody waits, so that waiting cannot be used to
/// fill the server.
const WAITING_MAX: usize = 256;
/// Sources that are remembered; when there are more, those that rested are forgotten first.
const SOURCES_MAX: usize = 8_192;

/// What counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    Address(IpAddr),
    /// The first 24 bits of an IPv4 address, the first 48 of an IPv6 address.
    Network(IpAddr),
}

/// How far a minute's allowance is used up: every try moves `used_until` on by its share of a
/// minute, and it may run ahead of the clock by one minute.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    used_until: Timestamp,
    told: bool,
}

/// What to do with an answer that says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether it waits.
    pub(super) wait: bool,
    /// The network to tell the operator about; once until it has rested.
    pub(super) alarm: Option<IpAddr>,
}

/// The counts of one server.
#[derive(Debug, Default)]
pub struct BadLinks {
    sources: Mutex<HashMap<Source, Allowance>>,
    waiting: AtomicUsize,
}

impl BadLinks {
    /// Counts a link that opened nothing; slows the answer down where there were too many.
    pub(super) async fn met(&self, from: Option<IpAddr>, now: Timestamp) {
        let Some(from) = from else { return };
        let verdict = self.count(from, now);
        if let Some(network) = verdict.alarm {
            tracing::warn!(%network, "links that open nothing are tried in a row");
        }
        if !verdict.wait {
            return;
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            actix_web::rt::time::sleep(WAIT).await;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn count(&self, from: IpAddr, now: Timestamp) -> Verdict {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES_MAX {
            sources.retain(|_, allowance| allowance.used_until > now);
            if sources.len() >= SOURCES_MAX {
                sources.clear();
            }
        }
        let from = plain(from);
        let mut verdict = Verdict { wait: false, alarm: None };
        for source in [Source::Address(from), Source::Network(network_of(from))] {
            let fresh = Allowance { used_until: now, told: false };
            let allowance = sources.entry(source).or_insert(fresh);
            if !allowance.take(source.share(), now) {
                verdict.wait = true;
                if !std::mem::replace(&mut allowance.told, true) {
                    verdict.alarm = Some(network_of(from));
                }
            }
        }
        verdict
    }
}

impl Source {
    /// What one try uses up of a minute.
    const fn share(self) -> Span {
        match self {
            Self::Address(_) => Span::micros(MINUTE.as_micros() / PER_ADDRESS),
            Self::Network(_) => Span::micros(MINUTE.as_micros() / PER_NETWORK),
        }
    }
}

impl Allowance {
    fn take(&mut self, share: Span, now: Timestamp) -> bool {
        if self.used_until <= now {
            *self = Self { used_until: now, told: false };
        }
        let after = self.used_until.plus(share);
        if after > now.plus(MINUTE) {
            return false;
        }
        self.used_until = after;
        true
    }
}

/// An IPv4 address that came in the clothes of IPv6, as itself.
fn plain(from: IpAddr) -> IpAddr {
    from.to_canonical()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_twenty_first_bad_link_of_a_minute_waits_and_is_told_once() {
        let met = BadLinks::default();
        let now = Timestamp::default();
        let from = address("203.0.113.7");
        for n in 0..20 {
            assert_eq!(met.count(from, now), Verdict { wait: false, alarm: None }, "{n}");
        }
        let told = Verdict { wait: true, alarm: Some(address("203.0.113.0")) };
        assert_eq!(met.count(from, now), told);
        assert_eq!(met.count(from, now), Verdict { wait: true, alarm: None }, "once");
        let other = address("203.0.113.8");
        assert!(!met.count(other, now).wait, "another address of the network does not wait");
        let later = now.plus(Span::minutes(1));
        let dressed = address("::ffff:203.0.113.7");
        assert!((0..10).all(|_| !met.count(from, later).wait), "a minute gives it back");
        assert!((0..10).all(|_| !met.count(dressed, later).wait), "the same in other clothes");
        assert!(met.count(dressed, later).wait, "is the same");
    }

    #[test]
    fn a_network_of_many_addresses_waits_too() {
        let met = BadLinks::default();
        let now = Timestamp::default();
        let at = |n: u8| IpAddr::from([198, 51, 100, n]);
        for n in 0..200_u8 {
            assert!(!met.count(at(n), now).wait, "{n}");
        }
        assert_eq!(met.count(at(201), now).alarm, Some(at(0)));
        assert!(!met.count(address("198.51.101.1"), now).wait, "the next network does not");
        let six = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, n, 0, 0, 0, 1));
        assert!((0..200).all(|n| !met.count(six(n), now).wait));
        assert!(met.count(six(201), now).wait, "48 bits of IPv6 count together");
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let met = BadLinks::default();
        let now = Timestamp::default();
        for n in 0..40_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            met.count(IpAddr::from([10, b, c, d]), now);
        }
        assert!(met.sources.lock().unwrap().len() <= SOURCES_MAX + 1);
    }
}
