//! Instants in microseconds UTC, and how they are written for people in Asia/Shanghai.
//!
//! Time is always an argument here; asking for it is the business of `adapters/clock.rs`.

use std::fmt;

use jiff::tz::TimeZone;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A span in whole microseconds; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of microseconds.
    #[must_use]
    pub const fn micros(n: i64) -> Self {
        Self(n)
    }

    /// A span of milliseconds.
    #[must_use]
    pub const fn millis(n: i64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// A span of seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(MICROS_PER_SECOND))
    }

    /// A span of minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n.saturating_mul(60))
    }

    /// A span of hours.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n.saturating_mul(60))
    }

    /// Both spans, one after the other.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    /// Microseconds in this span.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds in this span, cut towards zero.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / MICROS_PER_SECOND
    }

    /// Whole minutes in this span, cut towards zero.
    #[must_use]
    pub const fn as_minutes(self) -> i64 {
        self.as_seconds() / 60
    }
}

impl Timestamp {
    /// From microseconds since 1970 in UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 in UTC.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970 in UTC.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since 1970 in UTC.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant moved by `span`; stays at the end of the scale instead of wrapping.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant moved back by `span`.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long `earlier` lies before this instant; negative if it lies after.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The civil date and clock time in Asia/Shanghai, the time of all pages and prints.
    #[must_use]
    pub fn in_shanghai(self) -> jiff::civil::DateTime {
        shanghai().to_datetime(self.to_jiff())
    }

    /// The instant of a civil date and clock time in Asia/Shanghai.
    ///
    /// Asia/Shanghai has no daylight saving since 1991, so every such time exists once.
    /// Returns `None` only outside the range of the calendar.
    #[must_use]
    pub fn from_shanghai(civil: jiff::civil::DateTime) -> Option<Self> {
        let stamp = shanghai().to_timestamp(civil).ok()?;
        Some(Self(stamp.as_microsecond()))
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// Whether the time zone of all pages is known, and says what it should: +08:00 now, and daylight
/// saving in the summer of 1988.
#[must_use]
pub fn knows_shanghai() -> bool {
    let hours_at = |zone: &TimeZone, seconds: i64| {
        let stamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        zone.to_offset(stamp).seconds() / 3_600
    };
    TimeZone::get("Asia/Shanghai")
        .is_ok_and(|zone| hours_at(&zone, 1_767_225_600) == 8 && hours_at(&zone, 584_000_000) == 9)
}

fn shanghai() -> TimeZone {
    // The bundled zone table always knows this name; the fixed offset is what it says today.
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with microseconds: the form of evidence and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_times_have_one_form() {
        let at = Timestamp::from_micros(1_764_000_000_000_001);
        assert_eq!(at.to_string(), "2025-11-24T16:00:00.000001Z");
        assert_eq!(at.in_shanghai().to_string(), "2025-11-25T00:00:00.000001");
        assert_eq!(Timestamp::from_shanghai(at.in_shanghai()), Some(at));
    }
}
