//! The guard against classified matter: finds the markings that classified papers carry.
//!
//! Looks for markings, not for words: a level with ★ or a term, a level that stands alone, 密级
//! with a value, the head or number of a cipher telegram. What it finds it names by kind only;
//! no content leaves this room. 条例 2012 art. 26: such papers travel by other ways.
//!
//! A false alarm, such as the name of a rule that has 机密★级 in it, can be confirmed by a second
//! person. What stands where papers carry their marking, at the head of a page or alone on a line,
//! is a marking and can not: whoever wants it in an unclassified paper writes it otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::Sha256Digest;
use super::words::stored_words;

/// A kind of marking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Marking {
    /// A marking where classified papers carry it: at the head of a page, alone on its line.
    Head,
    /// 绝密, 机密 or 秘密 as a mark, with or without a term.
    Level,
    /// 密级 with a level.
    LevelField,
    /// 保密期限 with a value.
    Term,
    /// Head or number of a cipher telegram.
    CipherTelegram,
    /// 密级 without a value: a form that may not have been filled in.
    LevelFieldEmpty,
    /// 密码电报 in running text.
    CipherTelegramMentioned,
    /// 份号 or a number in its place; only classified papers need one.
    CopyNumber,
}

stored_words!(Marking, {
    Head => "head", Level => "level", LevelField => "level_field", Term => "term",
    CipherTelegram => "cipher_telegram", LevelFieldEmpty => "level_field_empty",
    CipherTelegramMentioned => "cipher_telegram_mentioned", CopyNumber => "copy_number",
});

impl Marking {
    /// Whether this refuses the act; the others only ask a person.
    #[must_use]
    pub const fn refuses(self) -> bool {
        matches!(
            self,
            Self::Head | Self::Level | Self::LevelField | Self::Term | Self::CipherTelegram
        )
    }

    /// The kind in the words of pages; says nothing of the content.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Head => "版头或单独成行的密级标志",
            Self::Level => "密级标志",
            Self::LevelField => "密级栏",
            Self::Term => "保密期限",
            Self::CipherTelegram => "密码电报",
            Self::LevelFieldEmpty => "未填写的密级栏",
            Self::CipherTelegramMentioned => "正文提到密码电报",
            Self::CopyNumber => "份号",
        }
    }
}

/// What the guard says to a text or file name: which markings in which line, the line known by
/// its digest alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Screening(BTreeMap<Sha256Digest, BTreeSet<Marking>>);

impl Screening {
    /// No marking at all.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.0.is_empty()
    }

    /// The act is refused and nothing of the content is kept.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.0.values().flatten().any(|marking| marking.refuses())
    }

    /// It is refused, and a second person may say that it is a false alarm.
    #[must_use]
    pub fn is_confirmable(&self) -> bool {
        self.refuses() && !self.0.values().flatten().any(|marking| *marking == Marking::Head)
    }

    /// The kinds found.
    pub fn markings(&self) -> impl Iterator<Item = Marking> {
        let kinds: BTreeSet<Marking> = self.0.values().flatten().copied().collect();
        kinds.into_iter()
    }

    /// The lines that refuse, by their digests.
    pub fn findings(&self) -> impl Iterator<Item = Sha256Digest> {
        let refusing = |found: &BTreeSet<Marking>| found.iter().any(|marking| marking.refuses());
        self.0.iter().filter(move |(_, found)| refusing(found)).map(|(line, _)| *line)
    }

    /// Without the lines that were confirmed to be ordinary words.
    #[must_use]
    pub fn accepting(mut self, confirmed: &BTreeSet<Sha256Digest>) -> Self {
        self.0.retain(|line, found| !confirmed.contains(line) || found.contains(&Marking::Head));
        self
    }

    /// The same, but good for one file only: its lines are not those of another.
    #[must_use]
    pub fn of_file(self, file: Sha256Digest) -> Self {
        let bound = |line: Sha256Digest| Sha256Digest::of(format!("{file} {line}").as_bytes());
        Self(self.0.into_iter().map(|(line, found)| (bound(line), found)).collect())
    }

    /// Both findings together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (line, found) in other.0 {
            self.0.entry(line).or_default().extend(found);
        }
        self
    }

    fn note(&mut self, line: &[char], found: BTreeSet<Marking>) {
        if !found.is_empty() {
            let text: String = line.iter().collect();
            self.0.entry(Sha256Digest::of(text.as_bytes())).or_default().extend(found);
        }
    }

    /// What happened, what it means and what to do, if anything was found.
    #[must_use]
    pub fn message_zh(&self) -> Option<String> {
        let way_out = if self.is_confirmable() {
            "如系误判，请由本单位核发人（不是经办人本人）当面核对，并在本页确认"
        } else {
            "版头或单独成行的密级标志不能按误判确认；如系行文需要，请改写后再提交"
        };
        if !self.refuses() && !self.is_clear() {
            return Some(format!(
                "发现{}。请核对是否涉密；确认不涉密的，方可继续",
                self.kinds_zh()
            ));
        }
        self.refusal_zh(way_out)
    }

    /// The same where nobody can confirm: in the answers of recipients, reasons and notes.
    #[must_use]
    pub fn message_elsewhere_zh(&self) -> Option<String> {
        self.refusal_zh("如系误判，请换一种写法再提交")
    }

    fn refusal_zh(&self, way_out: &str) -> Option<String> {
        let kinds = self.kinds_zh();
        self.refuses().then(|| {
            format!(
                "未予受理：发现{kinds}。涉密内容不得进入本系统，本次内容未保存。如确系涉密，可能已经泄密，\
                 请立即停止操作，保护现场，并报告本单位保密工作机构。{way_out}"
            )
        })
    }

    fn kinds_zh(&self) -> String {
        let kinds: Vec<&str> = self.markings().map(Marking::word_zh).collect();
        kinds.join("、")
    }
}

/// Looks through a text: title, body, pages of a file (divided by form feeds), reason, comment.
#[must_use]
pub fn screen_text(text: &str) -> Screening {
    let mut screening = Screening::default();
    for page in text.split('\u{c}') {
        let lines = page.lines().map(squeeze).filter(|line| !line.is_empty());
        for (place, line) in lines.enumerate() {
            let mut found = BTreeSet::new();
            screen_line(&line, &mut found);
            if place < HEAD_LINES && line.len() == 6 && line.iter().all(char::is_ascii_digit) {
                found.insert(Marking::CopyNumber);
            }
            let refused = found.iter().any(|marking| marking.refuses());
            if refused && (is_nothing_else(&line) || place < PAGE_HEAD_LINES && begins_so(&line)) {
                found.insert(Marking::Head);
            }
            screening.note(&line, found);
        }
    }
    screening
}

/// Looks at a file's name: here a level between separators is a marking.
#[must_use]
pub fn screen_file_name(name: &str) -> Screening {
    let mut found = BTreeSet::new();
    screen_line(&squeeze(name), &mut found);
    // A blank separates, as in 通知 机密.pdf, so it must not be closed up here.
    let line = squeeze(&name.replace(char::is_whitespace, "_"));
    for (at, _) in line.iter().enumerate() {
        let Some(rest) = line.get(at..).filter(|rest| starts_with_level(rest)) else { continue };
        let apart_before = at == 0 || line.get(at - 1).is_some_and(|c| !c.is_alphabetic());
        let after = rest.get(2..).unwrap_or_default();
        let ends = ["文件", "公文", "资料", "件", "级"].iter().any(|word| begins(after, word));
        let apart_after = after.first().is_none_or(|c| !c.is_alphabetic());
        if apart_before && (apart_after || ends) {
            found.insert(Marking::Level);
        }
    }
    if begins_anywhere(&line, "密码电报") {
        found.insert(Marking::CipherTelegram);
    }
    let mut screening = Screening::default();
    screening.note(&line, found);
    screening
}

/// Lines from the top in which a bare number of six digits is taken for a copy number.
const HEAD_LINES: usize = 3;

/// Lines from the top of a page in which a line that begins with a marking is its marking.
const PAGE_HEAD_LINES: usize = 10;

/// Characters a heading may have.
const HEADING_CHARS_MAX: usize = 30;

/// Folds width and form, drops blanks and invisible marks: 秘　密 ★ １０年 → 秘密★10年.
fn squeeze(line: &str) -> Vec<char> {
    use unicode_normalization::UnicodeNormalization;
    line.nfkc()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .filter(|c| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}'))
        .map(|c| match c {
            '絕' => '绝',
            '機' => '机',
            '級' => '级',
            '碼' => '码',
            '電' => '电',
            '報' => '报',
            '號' => '号',
            '☆' | '⭐' | '✩' | '✭' | '*' | '＊' => '★',
            other => other,
        })
        .collect()
}

fn screen_line(line: &[char], found: &mut BTreeSet<Marking>) {
    if stands_alone(line) {
        found.insert(Marking::Level);
    }
    for (at, _) in line.iter().enumerate() {
        let rest = line.get(at..).unwrap_or_default();
        let before = line.get(..at).unwrap_or_default();
        if starts_with_level(rest) && is_marked(before, rest.get(2..).unwrap_or_default()) {
            found.insert(Marking::Level);
        }
        if let Some(value) = after(rest, "密级") {
            found.extend(level_field(value));
        }
        if let Some(value) = after(rest, "保密期限").and_then(|value| after(value, ":"))
            && (value.first().is_some_and(char::is_ascii_digit) || begins(value, "长期"))
        {
            found.insert(Marking::Term);
        }
        if let Some(next) = after(rest, "密码电报") {
            let heading = line.len() <= HEADING_CHARS_MAX
                && !line.iter().any(|c| "。,、;:".contains(*c))
                && next.is_empty();
            let numbered = next.first().is_some_and(|c| "〔[(【第0123456789".contains(*c));
            let kind = if heading || numbered {
                Marking::CipherTelegram
            } else {
                Marking::CipherTelegramMentioned
            };
            found.insert(kind);
        }
        if after(rest, "密电").and_then(<[char]>::first).is_some_and(|c| "〔[(【".contains(*c))
        {
            found.insert(Marking::CipherTelegram);
        }
        if let Some(value) = after(rest, "份号") {
            let value = after(value, ":").unwrap_or(value);
            if value.first().is_some_and(char::is_ascii_digit) {
                found.insert(Marking::CopyNumber);
            }
        }
    }
}

/// Nothing on the line but a marking, with its term, an urgency or a copy number.
fn is_nothing_else(line: &[char]) -> bool {
    const REST_MAX: usize = 2;
    let mut text: String = line.iter().collect();
    let parts = [
        "密级",
        "保密期限",
        "密码电报",
        "绝密",
        "机密",
        "秘密",
        "特提",
        "特急",
        "加急",
        "平急",
        "急件",
        "个月",
        "长期",
        "启用前",
        "级",
        "件",
        "年",
        "月",
        "第",
        "号",
    ];
    for part in parts {
        text = text.replace(part, "");
    }
    let left = text.chars().filter(|c| {
        !c.is_ascii_punctuation()
            && !c.is_ascii_digit()
            && !"★【】〔〕·—一二三四五六七八九十".contains(*c)
    });
    left.count() <= REST_MAX
}

/// The line begins with a marking: a level with ★, the field of a form, or it is a heading.
fn begins_so(line: &[char]) -> bool {
    let line = line.strip_prefix(&['★']).unwrap_or(line);
    let starred = starts_with_level(line) && line.iter().take(4).any(|c| *c == '★');
    let numbered = line.iter().skip_while(|c| c.is_ascii_digit()).copied().collect::<Vec<_>>();
    let heading = line.len() <= HEADING_CHARS_MAX && line.ends_with(&['密', '码', '电', '报']);
    starred || heading || begins(line, "密级") || begins(line, "保密期限") || {
        numbered.len() < line.len() && starts_with_level(&numbered)
    }
}

fn starts_with_level(text: &[char]) -> bool {
    ["绝密", "机密", "秘密"].iter().any(|level| begins(text, level))
}

/// A level followed or preceded by ★, or followed by a term.
fn is_marked(before: &[char], after_level: &[char]) -> bool {
    let tail = ["级", "件"].iter().find_map(|word| after(after_level, word)).unwrap_or(after_level);
    let emphasis = before.ends_with(&['★', '★']);
    let star = tail.first() == Some(&'★') && !(emphasis && tail.starts_with(&['★', '★']));
    if star || (before.last() == Some(&'★') && !emphasis) {
        return true;
    }
    let term = tail.strip_prefix(&['(']).unwrap_or(tail);
    let is_digit = |c: &&char| c.is_ascii_digit() || "一二三四五六七八九十".contains(**c);
    let digits = term.iter().take_while(is_digit).count();
    let unit = term.get(digits..).unwrap_or_default();
    let Some(next) = ["年", "个月", "月"].iter().find_map(|word| after(unit, word)) else {
        return false;
    };
    let prose = next.first().is_some_and(|c| "前后来间多以之的里内中度末初0123456789".contains(*c));
    (1..=3).contains(&digits) && !prose
}

/// Nothing on the line but a level, perhaps bracketed, beside an urgency or a copy number.
fn stands_alone(line: &[char]) -> bool {
    let text: String = line.iter().collect();
    let mut rest = text.as_str();
    for urgency in ["特提", "特急", "加急", "平急", "急件"] {
        rest = rest.strip_prefix(urgency).or_else(|| rest.strip_suffix(urgency)).unwrap_or(rest);
    }
    let rest = rest.trim_matches(|c: char| c.is_ascii_digit() || "[]【】()〔〕·.-—_|".contains(c));
    let rest = ["级", "件"].iter().find_map(|word| rest.strip_suffix(word)).unwrap_or(rest);
    matches!(rest, "绝密" | "机密" | "秘密")
}

/// What follows 密级: a level, a declared "none", or nothing.
fn level_field(value: &[char]) -> Option<Marking> {
    let value = after(value, ":")?;
    let value = ["【", "[", "("].iter().find_map(|open| after(value, open)).unwrap_or(value);
    let none = ["公开", "无", "非密", "非涉密", "不涉密", "普通", "内部", "一般", "/", "-", "—"];
    if starts_with_level(value) {
        Some(Marking::LevelField)
    } else if none.iter().any(|word| begins(value, word)) {
        None
    } else {
        Some(Marking::LevelFieldEmpty)
    }
}

fn after<'a>(text: &'a [char], word: &str) -> Option<&'a [char]> {
    let mut rest = text;
    for wanted in word.chars() {
        let (first, tail) = rest.split_first()?;
        if *first != wanted {
            return None;
        }
        rest = tail;
    }
    Some(rest)
}

fn begins(text: &[char], word: &str) -> bool {
    after(text, word).is_some()
}

fn begins_anywhere(text: &[char], word: &str) -> bool {
    (0..text.len()).any(|at| text.get(at..).is_some_and(|rest| begins(rest, word)))
}

#[cfg(test)]
#[path = "classification_tests.rs"]
mod tests;
