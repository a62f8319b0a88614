//! The registry of ways: what leads out of this installation besides mail, how much each may
//! carry in a minute, and how each stands.
//!
//! 特提 may use all of a limit, everything else only four fifths of it: a share is reserved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::sms::Gateway;
use crate::adapters::outcall::Caller;
use crate::domain::escalation::OpenWays;
use crate::domain::message::Channel;
use crate::domain::time::{Span, Timestamp};

/// Over what time a limit counts.
const WINDOW: Span = Span::minutes(1);

/// The ways of an installation. Clones are the same.
#[derive(Clone, Default)]
pub struct Outlets {
    /// Calls systems of recipients, if that is switched on.
    pub webhook: Option<Caller>,
    /// Hands short messages over, if there is a gateway.
    pub sms: Option<Gateway>,
    limits: BTreeMap<Channel, u32>,
    used: Arc<Mutex<BTreeMap<Channel, Used>>>,
}

/// What went through a way lately.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    since: Option<Timestamp>,
    count: u32,
    held_back_at: Option<Timestamp>,
}

/// How a way stands at this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is no such way here.
    Absent,
    /// Open.
    Open,
    /// Open for 特提; everything else waits: its limit is reached.
    WaitingForLimit,
}

impl Outlets {
    /// The same with a limit, in messages a minute; 0: none.
    #[must_use]
    pub fn limited(mut self, channel: Channel, per_minute: u32) -> Self {
        if per_minute > 0 {
            self.limits.insert(channel, per_minute);
        }
        self
    }

    /// Whether there is such a way.
    #[must_use]
    pub const fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::Sms => self.sms.is_some(),
            Channel::Webhook => self.webhook.is_some(),
        }
    }

    /// The ways beside mail, as the rules of reaching people ask for them.
    #[must_use]
    pub const fn open(&self) -> OpenWays {
        OpenWays { sms: self.has(Channel::Sms), webhook: self.has(Channel::Webhook) }
    }

    /// The limit of a way, in messages a minute.
    #[must_use]
    pub fn limit(&self, channel: Channel) -> Option<u32> {
        self.limits.get(&channel).copied()
    }

    /// Whether a way takes one more now, of 特提 or of everything else.
    #[must_use]
    pub fn admits(&self, channel: Channel, flash: bool, now: Timestamp) -> bool {
        let Some(limit) = self.limit(channel) else { return true };
        let share = if flash { limit } else { limit.saturating_sub(limit.div_ceil(5)).max(1) };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let one = used.entry(channel).or_default();
        one.renew(now);
        let admitted = one.count < share;
        if !admitted {
            one.held_back_at = Some(now);
        }
        admitted
    }

    /// Notes that so many were taken for a way.
    pub fn note(&self, channel: Channel, count: u32, now: Timestamp) {
        if self.limits.contains_key(&channel) {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            let one = used.entry(channel).or_default();
            one.renew(now);
            one.count = one.count.saturating_add(count);
        }
    }

    /// How a way stands.
    #[must_use]
    pub fn standing(&self, channel: Channel, now: Timestamp) -> Standing {
        if !self.has(channel) {
            return Standing::Absent;
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let held = used.get(&channel).and_then(|one| one.held_back_at);
        match held {
            Some(at) if now.since(at) < WINDOW => Standing::WaitingForLimit,
            _ => Standing::Open,
        }
    }
}

impl Used {
    fn renew(&mut self, now: Timestamp) {
        if self.since.is_none_or(|since| now.since(since) >= WINDOW || now < since) {
            *self = Self { since: Some(now), count: 0, held_back_at: None };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_every_limit_is_left_for_flash() {
        let outlets = Outlets::default().limited(Channel::Email, 10);
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let mut ordinary = 0;
        while outlets.admits(Channel::Email, false, at(0)) {
            outlets.note(Channel::Email, 1, at(0));
            ordinary += 1;
        }
        assert_eq!(ordinary, 8);
        assert_eq!(outlets.standing(Channel::Email, at(1)), Standing::WaitingForLimit);
        for _ in 0..2 {
            assert!(outlets.admits(Channel::Email, true, at(1)));
            outlets.note(Channel::Email, 1, at(1));
        }
        assert!(!outlets.admits(Channel::Email, true, at(2)), "a limit is a limit");
        assert!(outlets.admits(Channel::Email, false, at(60)), "a minute later it is open again");
        assert_eq!(outlets.standing(Channel::Email, at(120)), Standing::Open);
        assert!(outlets.admits(Channel::Webhook, false, at(0)), "what has no limit has none");
        assert_eq!(outlets.standing(Channel::Sms, at(0)), Standing::Absent);
    }
}
