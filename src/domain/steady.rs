//! The steady time: which of several clocks the server believes, and when. Pure.
//!
//! The steady time goes on with the machine's own progress and never back. The clock on the wall,
//! or the database's where several servers share one, only corrects it: slowly while they are
//! close; when the other is far ahead only after it stood there for a number of looks, or at once
//! when two clocks that know nothing of each other agree; and never when it is behind. Never here:
//! asking a clock.

use super::time::{Span, Timestamp};

/// A time that is believed must not have moved by more than this since it was first seen.
const SAME_WITHIN: Span = Span::seconds(5);
/// One part in so many is caught up, while the other clock is a little ahead.
const FORWARD_PART: i64 = 20;
/// One part in so many is given back, while it is a little behind: a ladder of 40 minutes is
/// longer by a quarter of a second, which is less than a poll.
const BACK_PART: i64 = 10_000;
/// A correction reckons with so many rounds at most, however long nobody looked.
const ROUNDS_RECKONED: i64 = 10;

/// When which clock is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SteadyRules {
    /// Clocks that are further apart differ.
    pub differs: Span,
    /// A time that is far ahead is believed after so many looks.
    pub looks: u32,
    /// How often it is looked.
    pub every: Span,
    /// A server that was off for longer tells so, because a wrong clock looks the same.
    pub off_at_most: Span,
}

impl Default for SteadyRules {
    fn default() -> Self {
        Self {
            differs: Span::seconds(60),
            looks: 12,
            every: Span::seconds(5),
            off_at_most: Span::hours(1),
        }
    }
}

/// A clock beside the machine's own: that of the database, where servers share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// There is none: the database runs on this machine.
    Nobody,
    /// It did not answer in time.
    Silent,
    /// What it shows.
    Says(Timestamp),
}

/// All clocks at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The steady time.
    pub steady: Timestamp,
    /// The clock of the machine.
    pub wall: Timestamp,
    /// The clock beside it.
    pub witness: Witness,
    /// Since the last look, by the machine's progress.
    pub passed: Span,
}

impl Look {
    /// The clock that corrects the steady time, if it can be read.
    #[must_use]
    pub const fn reference(&self) -> Option<Timestamp> {
        match self.witness {
            Witness::Nobody => Some(self.wall),
            Witness::Silent => None,
            Witness::Says(at) => Some(at),
        }
    }

    /// Whether the clock beside says the same as the wall.
    fn is_borne_out(&self, rules: &SteadyRules) -> bool {
        matches!(self.witness, Witness::Says(at) if is_near(self.wall, at, rules))
    }
}

fn is_near(one: Timestamp, other: Timestamp, rules: &SteadyRules) -> bool {
    one.since(other).as_micros().saturating_abs() <= rules.differs.as_micros()
}

/// What becomes of the steady time after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It goes on as it does.
    Keep,
    /// It is corrected by this much; back only as far as it went on meanwhile.
    Drift(Span),
    /// The other time is believed: it leaps ahead by this much.
    Leap(Span),
}

/// What was seen far ahead so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Doubts {
    seen: Option<(Span, u32)>,
}

impl Doubts {
    /// How many looks in a row showed the same time far ahead.
    #[must_use]
    pub fn looks(&self) -> u32 {
        self.seen.map_or(0, |(_, looks)| looks)
    }

    /// Judges a look.
    pub fn judge(&mut self, rules: &SteadyRules, look: &Look) -> Ruling {
        let Some(reference) = look.reference() else { return Ruling::Keep };
        let ahead = reference.since(look.steady);
        if is_near(reference, look.steady, rules) {
            self.seen = None;
            return Ruling::Drift(drift(rules, ahead, look.passed));
        }
        if ahead < Span::ZERO {
            self.seen = None;
            return Ruling::Keep;
        }
        self.seen = Some(match self.seen {
            Some((first, looks)) if is_same(first, ahead) => {
                // Looks in quick succession are one look.
                let apart = look.passed.as_micros() >= rules.every.as_micros() / 2;
                (first, looks.saturating_add(u32::from(apart)))
            }
            _ => (ahead, 1),
        });
        if look.is_borne_out(rules) || self.looks() >= rules.looks {
            return Ruling::Leap(ahead);
        }
        Ruling::Keep
    }
}

fn is_same(one: Span, other: Span) -> bool {
    let apart = one.as_micros().saturating_sub(other.as_micros());
    apart.saturating_abs() <= SAME_WITHIN.as_micros()
}

fn drift(rules: &SteadyRules, ahead: Span, passed: Span) -> Span {
    let reckoned = rules.every.as_micros().saturating_mul(ROUNDS_RECKONED);
    let passed = passed.as_micros().clamp(0, reckoned);
    let (forward, back) = (passed / FORWARD_PART, passed / BACK_PART);
    Span::micros(ahead.as_micros().clamp(back.saturating_neg(), forward))
}

/// Where the steady time begins when a server starts. `reached` is how far it was before.
#[must_use]
pub fn begins_at(
    rules: &SteadyRules,
    reached: Option<Timestamp>,
    wall: Timestamp,
    witness: Witness,
) -> Timestamp {
    let look = Look { steady: wall, wall, witness, passed: Span::ZERO };
    let reference = look.reference().unwrap_or(wall);
    let Some(reached) = reached else { return reference };
    let plain = is_near(reference, reached, rules) || look.is_borne_out(rules);
    // Far ahead and nobody bears it out: it may be a night without power or a wrong clock.
    if reference > reached && plain { reference } else { reached }
}

/// What differs from what, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The machine's clock from the steady time.
    Wall(Span),
    /// The database's clock from the steady time.
    Witness(Span),
}

/// Which clocks differ from the steady time; positive: they are ahead.
#[must_use]
pub fn differences(rules: &SteadyRules, look: &Look) -> Vec<Difference> {
    let mut found = Vec::new();
    if !is_near(look.wall, look.steady, rules) {
        found.push(Difference::Wall(look.wall.since(look.steady)));
    }
    if let Witness::Says(at) = look.witness
        && !is_near(at, look.steady, rules)
    {
        found.push(Difference::Witness(at.since(look.steady)));
    }
    found
}

#[cfg(test)]
#[path = "steady_tests.rs"]
mod tests;
