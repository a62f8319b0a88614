//! 等级: how urgent a notice is, in which form it goes, and what an unclassified server may carry.
//!
//! The printed mark 特提·明电 is one field on paper and two facts here. Refuses combinations that
//! no office prints, such as 特提 on a paper document (条例 2012 art. 9).

use std::fmt;

use super::words::stored_words;

/// How fast a notice must be signed for; the first is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// 特提
    Flash,
    /// 特急
    Immediate,
    /// 加急
    Priority,
    /// 平急
    Routine,
    /// 平件
    Ordinary,
}

stored_words!(Urgency, {
    Flash => "flash", Immediate => "immediate", Priority => "priority",
    Routine => "routine", Ordinary => "ordinary",
});

impl Urgency {
    /// The word on pages and prints.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Flash => "特提",
            Self::Immediate => "特急",
            Self::Priority => "加急",
            Self::Routine => "平急",
            Self::Ordinary => "平件",
        }
    }
}

/// Telegram or paper; decides which levels there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// ××发电
    Telegram,
    /// 纸质公文 form
    Paper,
}

stored_words!(Form, { Telegram => "telegram", Paper => "paper" });

impl Form {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Telegram => "电报",
            Self::Paper => "纸质公文",
        }
    }

    /// The levels this form may carry, most urgent first.
    #[must_use]
    pub const fn levels(self) -> &'static [Urgency] {
        match self {
            Self::Telegram => {
                &[Urgency::Flash, Urgency::Immediate, Urgency::Priority, Urgency::Routine]
            }
            Self::Paper => &[Urgency::Immediate, Urgency::Priority, Urgency::Ordinary],
        }
    }

    /// Whether this form may carry `level`.
    #[must_use]
    pub fn may_carry(self, level: Urgency) -> bool {
        self.levels().contains(&level)
    }
}

/// What may pass through an unclassified server. There is no variant for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelClass {
    /// 明电
    PlainTelegram,
    /// 非涉密纸质公文
    UnclassifiedPaper,
}

stored_words!(ChannelClass, {
    PlainTelegram => "plain_telegram", UnclassifiedPaper => "unclassified_paper",
});

impl ChannelClass {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::PlainTelegram => "明电",
            Self::UnclassifiedPaper => "非涉密公文",
        }
    }

    /// The class that belongs to `form`.
    #[must_use]
    pub const fn of(form: Form) -> Self {
        match form {
            Form::Telegram => Self::PlainTelegram,
            Form::Paper => Self::UnclassifiedPaper,
        }
    }
}

/// The mark as printed: `特提·明电` on a telegram, `特急` on paper, nothing for 平件.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintedGrade(pub Urgency, pub ChannelClass);

impl fmt::Display for PrintedGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (level, ChannelClass::PlainTelegram) => {
                write!(f, "{}·{}", level.word_zh(), self.1.word_zh())
            }
            (Urgency::Ordinary, ChannelClass::UnclassifiedPaper) => Ok(()),
            (level, ChannelClass::UnclassifiedPaper) => f.write_str(level.word_zh()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_mark_is_two_facts() {
        let print = |level, class| PrintedGrade(level, class).to_string();
        assert_eq!(print(Urgency::Flash, ChannelClass::PlainTelegram), "特提·明电");
        assert_eq!(print(Urgency::Immediate, ChannelClass::UnclassifiedPaper), "特急");
        assert_eq!(print(Urgency::Ordinary, ChannelClass::UnclassifiedPaper), "");
    }

    #[test]
    fn paper_has_no_flash_and_telegrams_have_no_ordinary() {
        assert!(!Form::Paper.may_carry(Urgency::Flash));
        assert!(!Form::Paper.may_carry(Urgency::Routine));
        assert!(Form::Paper.may_carry(Urgency::Ordinary));
        assert!(!Form::Telegram.may_carry(Urgency::Ordinary));
        assert_eq!(Form::Telegram.levels().len(), 4);
    }

    #[test]
    fn stored_words_read_back() {
        for level in Urgency::ALL {
            assert_eq!(level.as_str().parse(), Ok(*level));
        }
        for class in ChannelClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(*class));
        }
        assert_eq!(ChannelClass::of(Form::Telegram), ChannelClass::PlainTelegram);
        assert!("Flash".parse::<Urgency>().is_err());
        assert!(Urgency::Flash < Urgency::Ordinary);
    }
}
