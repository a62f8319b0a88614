//! 流转记录: the story of one delivery, for someone who was not there.
//!
//! A column of times, one sentence each, newest last; bad news is as plain as good news, and a
//! gap is called a gap. Never here: making sentences out of events; the caller has them.

use askama::Template;

use super::acts::EndBanner;
use super::parts::{Fact, Link, Shell, StateMark, UrgencyMark};

/// How much a sentence weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// An ordinary fact.
    Plain,
    /// The answer: signed, returned.
    Answer,
    /// Something that went wrong, or did not happen.
    Gap,
}

/// One fact.
#[derive(Clone, Debug)]
pub struct StoryEntry {
    /// `14:33:07`; 未记录 where nobody knows.
    pub clock: String,
    /// RFC 3339; empty for an unknown time.
    pub iso: String,
    /// What happened, in one sentence.
    pub sentence: String,
    /// The relay's own words, a digest, an address: the quiet line below. May be empty.
    pub quiet: String,
    /// Weight.
    pub weight: Weight,
}

impl StoryEntry {
    /// The style class of the weight.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.weight {
            Weight::Plain => "plain",
            Weight::Answer => "answer",
            Weight::Gap => "gap",
        }
    }
}

/// The facts of one day.
#[derive(Clone, Debug)]
pub struct StoryDay {
    /// `2026年11月23日 周一`.
    pub date: String,
    /// Its facts, oldest first.
    pub entries: Vec<StoryEntry>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "story.html")]
pub struct StoryPage {
    /// Frame.
    pub shell: Shell,
    /// The organisation's full name at the time of issue.
    pub organisation: String,
    /// Its page in the directory.
    pub organisation_href: String,
    /// How the notice ended, or what it replaces.
    pub ended: EndBanner,
    /// 处理: what may be done for this organisation.
    pub acts: Vec<Link>,
    /// The board it came from.
    pub board_href: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Where it stands now.
    pub state: StateMark,
    /// The receipt and what else is settled: 签收人, 职务, 电话, 方式, 回执号 …
    pub facts: Vec<Fact>,
    /// The signed receipt as a file, once there is one.
    pub receipt_href: Option<String>,
    /// Days, oldest first.
    pub days: Vec<StoryDay>,
    /// What comes next: `14:47 提级催签：带班领导`; empty when nothing does.
    pub next: String,
}
