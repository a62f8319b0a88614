//! How the ways stand, from what happened lately: for a strip on the duty page.

use super::{Service, ServiceError};
use crate::channel::Standing;
use crate::domain::message::Channel;
use crate::domain::time::{Span, Timestamp};
use crate::store::health::{WayTallies, way_tallies};

/// What counts as lately.
const LATELY: Span = Span::minutes(-15);
/// How long something may be due before its way is called slow.
const SLOW_AFTER: Span = Span::minutes(2);

/// How a way stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// There is no such way here.
    Absent,
    /// Nothing was sent lately, and nothing waits.
    Idle,
    /// What is sent is taken over.
    Good,
    /// Something has been due for minutes.
    Slow,
    /// Ordinary messages wait: the limit is reached. 特提 goes all the same.
    WaitingForLimit,
    /// Nothing was taken over lately, and tries failed.
    Failing,
}

impl Health {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Absent => "未设置",
            Self::Idle => "空闲",
            Self::Good => "正常",
            Self::Slow => "有积压",
            Self::WaitingForLimit => "已到限额，普通件等待",
            Self::Failing => "送不出去",
        }
    }
}

/// One way, for the strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayHealth {
    /// Which.
    pub channel: Channel,
    /// How it stands.
    pub health: Health,
    /// Taken over lately.
    pub accepted: i64,
    /// Tries that failed lately.
    pub failed: i64,
    /// Due and not taken yet.
    pub waiting: i64,
    /// Since when the oldest of those is due.
    pub oldest_due_at: Option<Timestamp>,
    /// What the last failure said.
    pub last_fault: Option<String>,
}

/// How every way stands now.
///
/// # Errors
/// The store's own.
pub fn read(service: &Service) -> Result<Vec<WayHealth>, ServiceError> {
    let now = service.now();
    let tallies = service.store.read(|conn| way_tallies(conn, now.plus(LATELY), now))?;
    let found = |channel| tallies.iter().find(|one| one.channel == channel).cloned();
    Ok(Channel::ALL
        .iter()
        .map(|channel| {
            let tally = found(*channel).unwrap_or_else(|| WayTallies::none(*channel));
            let standing = service.outlets.standing(*channel, now);
            WayHealth {
                channel: *channel,
                health: health_of(&tally, standing, now),
                accepted: tally.accepted,
                failed: tally.failed,
                waiting: tally.waiting,
                oldest_due_at: tally.oldest_due_at,
                last_fault: tally.last_fault,
            }
        })
        .collect())
}

fn health_of(tally: &WayTallies, standing: Standing, now: Timestamp) -> Health {
    let late = tally.oldest_due_at.is_some_and(|due| now.since(due) > SLOW_AFTER);
    match standing {
        Standing::Absent => Health::Absent,
        _ if tally.accepted == 0 && tally.failed > 0 => Health::Failing,
        Standing::WaitingForLimit if tally.waiting > 0 => Health::WaitingForLimit,
        _ if late => Health::Slow,
        _ if tally.accepted > 0 || tally.failed > 0 => Health::Good,
        _ => Health::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_lately_says_how_a_way_stands() {
        let now = Timestamp::from_micros(1_000_000_000_000);
        let tally = |accepted, failed, waiting, due_before: Option<i64>| WayTallies {
            accepted,
            failed,
            waiting,
            oldest_due_at: due_before.map(|minutes| now.plus(Span::minutes(-minutes))),
            ..WayTallies::none(Channel::Email)
        };
        for (tally, standing, health) in [
            (tally(0, 0, 0, None), Standing::Open, Health::Idle),
            (tally(3, 1, 0, None), Standing::Open, Health::Good),
            (tally(0, 1, 4, Some(1)), Standing::Open, Health::Failing),
            (tally(3, 0, 4, Some(1)), Standing::Open, Health::Good),
            (tally(3, 0, 4, Some(3)), Standing::Open, Health::Slow),
            (tally(3, 0, 4, Some(3)), Standing::WaitingForLimit, Health::WaitingForLimit),
            (tally(3, 0, 0, None), Standing::WaitingForLimit, Health::Good),
            (tally(3, 0, 0, None), Standing::Absent, Health::Absent),
        ] {
            assert_eq!(health_of(&tally, standing, now), health, "{tally:?}");
        }
    }
}
