//! Lengths of time as the policy writes them: a number and a unit, never a bare number.

use std::fmt;
use std::str::FromStr;

use crate::domain::time::Span;

/// A length of time on a level's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offset {
    /// Minutes.
    Minutes(u32),
    /// Working days of the recipient, each as long as its hours of one day.
    WorkingDays(u32),
}

/// The text is not a number and a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a length of time: write a number and a unit, as in 30 min, 2 h or 1 d")]
pub struct BadOffset(pub String);

/// Longest length that is taken: a year.
const MINUTES_MAX: u32 = 366 * 24 * 60;
const DAYS_MAX: u32 = 366;

impl Offset {
    /// As a span, where a working day lasts `day`.
    #[must_use]
    pub fn span(self, day: Span) -> Span {
        match self {
            Self::Minutes(minutes) => Span::minutes(i64::from(minutes)),
            Self::WorkingDays(days) => {
                Span::micros(day.as_micros().saturating_mul(i64::from(days)))
            }
        }
    }

    /// The bare number, comparable within one unit.
    #[must_use]
    pub const fn count(self) -> u32 {
        match self {
            Self::Minutes(count) | Self::WorkingDays(count) => count,
        }
    }

    /// Whether both are minutes, or both are working days.
    #[must_use]
    pub const fn same_unit(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Minutes(_), Self::Minutes(_)) | (Self::WorkingDays(_), Self::WorkingDays(_))
        )
    }

    /// In the words of pages: 30分钟, 2小时, 2个工作日.
    #[must_use]
    pub fn words_zh(self) -> String {
        match self {
            Self::Minutes(minutes) if minutes >= 120 && minutes % 60 == 0 => {
                format!("{}小时", minutes / 60)
            }
            Self::Minutes(minutes) => format!("{minutes}分钟"),
            Self::WorkingDays(days) => format!("{days}个工作日"),
        }
    }
}

impl FromStr for Offset {
    type Err = BadOffset;

    fn from_str(text: &str) -> Result<Self, BadOffset> {
        let bad = || BadOffset(text.to_owned());
        let (number, unit) = text.trim().split_once(' ').ok_or_else(bad)?;
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u32 = number.parse().map_err(|_| bad())?;
        let offset = match unit.trim() {
            "min" => Self::Minutes(number),
            "h" => Self::Minutes(number.checked_mul(60).ok_or_else(bad)?),
            "d" => Self::WorkingDays(number),
            _ => return Err(bad()),
        };
        let fits = match offset {
            Self::Minutes(minutes) => minutes <= MINUTES_MAX,
            Self::WorkingDays(days) => days <= DAYS_MAX,
        };
        if fits { Ok(offset) } else { Err(bad()) }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(minutes) if *minutes >= 120 && minutes % 60 == 0 => {
                write!(f, "{} h", minutes / 60)
            }
            Self::Minutes(minutes) => write!(f, "{minutes} min"),
            Self::WorkingDays(days) => write!(f, "{days} d"),
        }
    }
}

impl serde::Serialize for Offset {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Offset {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bare_number_is_refused() {
        assert_eq!("30 min".parse(), Ok(Offset::Minutes(30)));
        assert_eq!("2 h".parse(), Ok(Offset::Minutes(120)));
        assert_eq!("1 d".parse(), Ok(Offset::WorkingDays(1)));
        for bad in ["30", "30min", "half an hour", "-5 min", "30 s", "", " ", "9999999 h", "400 d"]
        {
            assert!(bad.parse::<Offset>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn the_text_reads_back(minutes in 0..=MINUTES_MAX, days in 0..=DAYS_MAX) {
            for offset in [Offset::Minutes(minutes), Offset::WorkingDays(days)] {
                prop_assert_eq!(offset.to_string().parse(), Ok(offset));
            }
        }
    }
}
