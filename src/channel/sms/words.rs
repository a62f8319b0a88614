//! The texts, one for each purpose. The text of another attempt differs, because gateways drop
//! what they take for a repetition.

use crate::domain::time::Timestamp;

/// Longest text, as gateways count a single message.
const SMS_CHARS_MAX: usize = 65;

/// What a text is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsAbout {
    /// To sign, with the code that opens the page.
    Sign {
        /// The how-manieth reminder; 0: none.
        nth: u32,
        /// The code.
        code: String,
        /// Until when.
        deadline: Option<Timestamp>,
    },
    /// The recipient's leader is asked to look at the desk.
    Leader {
        /// Whose desk.
        organization: String,
    },
    /// So many have not signed.
    Unsigned {
        /// How many.
        count: usize,
    },
    /// The superior's desk is asked to help.
    Superior {
        /// Whom to contact.
        organization: String,
    },
    /// The desk is asked to make calls.
    Delegated {
        /// How many.
        count: usize,
    },
    /// 撤回, 撤销, 废止, 更正.
    Ended {
        /// The word.
        act: &'static str,
    },
    /// What the issuer decided on what came back.
    Decided {
        /// The word.
        decision: &'static str,
    },
    /// A code that shows the number to work.
    Verify {
        /// The code.
        code: String,
    },
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsWords {
    /// 特提, 特急, …; empty where it is about no notice.
    pub urgency_word: String,
    /// 发电单位.
    pub organ: String,
    /// The issuer's duty phone.
    pub phone: String,
    /// What it is about.
    pub about: SmsAbout,
    /// Counts attempts, from 1.
    pub attempt: u32,
}

impl SmsWords {
    /// The text, within 65 characters: what must be told first, then as much of the names as
    /// there is room for.
    #[must_use]
    pub fn text(&self) -> String {
        let what = format!("{}公文", self.urgency_word);
        // Around a name that may be shortened.
        let (head, name, tail) = match &self.about {
            SmsAbout::Sign { nth, code, deadline } => {
                let nth = if *nth > 0 { format!("第{nth}次催签：") } else { String::new() };
                let until = deadline.map_or_else(String::new, |at| {
                    let at = at.in_shanghai();
                    format!("请于{}日{}时{}分前", at.day(), at.hour(), at.minute())
                });
                let tail = format!("有{what}，{until}在签收页输入短码{code}签收。");
                (nth, self.organ.as_str(), tail)
            }
            SmsAbout::Leader { organization } => (
                format!("{what}尚未签收，请提醒"),
                organization.as_str(),
                "值班室查收邮件。".into(),
            ),
            SmsAbout::Unsigned { count } => {
                (format!("{what}仍有{count}家未签收，请看邮箱或系统。"), "", String::new())
            }
            SmsAbout::Superior { organization } => {
                ("请协助联系".into(), organization.as_str(), format!("，其{what}尚未签收。"))
            }
            SmsAbout::Delegated { count } => (
                "请代".into(),
                self.organ.as_str(),
                format!("电话通知{count}家单位签收{what}，名单见邮件。"),
            ),
            SmsAbout::Ended { act } => {
                (String::new(), self.organ.as_str(), format!("的{what}已{act}，详见邮件。"))
            }
            SmsAbout::Decided { decision } => {
                (format!("贵单位退回的{what}："), "", format!("{decision}。"))
            }
            SmsAbout::Verify { code } => {
                (format!("公文联系方式核验码{code}，请在核验页输入。"), "", String::new())
            }
        };
        let again =
            if self.attempt > 1 { format!("（第{}条）", self.attempt) } else { String::new() };
        let phone = match &self.about {
            SmsAbout::Verify { .. } | SmsAbout::Unsigned { .. } => String::new(),
            _ => format!("值班{}", self.phone),
        };
        let fixed = |phone: &str| chars(&head) + chars(&tail) + chars(&again) + chars(phone);
        // A phone that leaves no room for the name gives way; the mail has it.
        let phone = if fixed(&phone) + 4 > SMS_CHARS_MAX { "" } else { phone.as_str() };
        let room = SMS_CHARS_MAX.saturating_sub(fixed(phone));
        let name: String = name.chars().take(room).collect();
        clean(&format!("{head}{name}{tail}{phone}{again}"))
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Gateways read 【】 as the sender's tag, wherever it stands.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '【' | '】') && !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(about: SmsAbout, attempt: u32) -> SmsWords {
        SmsWords {
            urgency_word: "特提".into(),
            organ: "中共湖南省委办公厅".into(),
            phone: "0731-00000000".into(),
            about,
            attempt,
        }
    }

    fn all() -> Vec<SmsAbout> {
        let deadline = Timestamp::from_shanghai(jiff::civil::date(2026, 11, 24).at(23, 50, 0, 0));
        let organization =
            || "湖南省长沙市望城区湘江新区管理委员会（长沙高新技术产业开发区）".to_owned();
        vec![
            SmsAbout::Sign { nth: 0, code: "48213975".into(), deadline },
            SmsAbout::Sign { nth: 12, code: "48213975".into(), deadline },
            SmsAbout::Leader { organization: organization() },
            SmsAbout::Unsigned { count: 122 },
            SmsAbout::Superior { organization: organization() },
            SmsAbout::Delegated { count: 122 },
            SmsAbout::Ended { act: "撤回" },
            SmsAbout::Decided { decision: "未同意，请按原链接签收" },
            SmsAbout::Verify { code: "482139".into() },
        ]
    }

    #[test]
    fn a_text_fits_one_message_and_differs_at_each_attempt() {
        for about in all() {
            let mut seen = std::collections::BTreeSet::new();
            for attempt in 1..=10 {
                let mut words = words(about.clone(), attempt);
                for organ in ["省委办公厅", "中共湖南省委办公厅", &"某".repeat(80), "【省委】"]
                {
                    words.organ = organ.into();
                    for phone in ["0731-00000000", "0731-00000000转80012、夜间0731-00000001"] {
                        words.phone = phone.into();
                        let text = words.text();
                        assert!(text.chars().count() <= SMS_CHARS_MAX, "{text}");
                        for banned in ["【", "】", "http", "://", "www"] {
                            assert!(!text.contains(banned), "{text}");
                        }
                    }
                }
                seen.insert(words.text());
            }
            assert_eq!(seen.len(), 10, "{about:?}");
        }
    }

    #[test]
    fn what_must_be_told_is_told() {
        let text = words(all().remove(0), 1).text();
        assert_eq!(
            text,
            "中共湖南省委办公厅有特提公文，请于24日23时50分前在签收页输入短码48213975签收。\
             值班0731-00000000"
        );
        for text in all().into_iter().take(2).map(|about| words(about, 9).text()) {
            assert!(text.contains("48213975") && text.contains("特提"), "{text}");
        }
    }
}
