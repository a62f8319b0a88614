//! The table a PDF font brings along to say which letters its codes are (ToUnicode).
//!
//! Reads what such tables hold, pairs and ranges in hexadecimal, and no other PostScript.

use std::collections::HashMap;

/// Codes of one table: all that two bytes can say, with room for a careless writer.
const CODES_MAX: usize = 200_000;

/// From codes of one or two bytes to letters.
#[derive(Debug, Default)]
pub(super) struct Table {
    one: HashMap<u16, String>,
    two: HashMap<u16, String>,
    wide: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Nothing,
    Space,
    Single,
    Range,
}

impl Table {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut table = Self::default();
        let mut mode = Mode::Nothing;
        let mut given: Vec<Vec<u8>> = Vec::new();
        let mut list: Option<Vec<Vec<u8>>> = None;
        let text = String::from_utf8_lossy(bytes);
        let spaced = text.replace('<', " <").replace('>', "> ");
        let spaced = spaced.replace('[', " [ ").replace(']', " ] ");
        for word in spaced.split_ascii_whitespace() {
            match word {
                "begincodespacerange" => mode = Mode::Space,
                "beginbfchar" => mode = Mode::Single,
                "beginbfrange" => mode = Mode::Range,
                "[" => list = Some(Vec::new()),
                "]" => {
                    if let (Some(all), [low, _]) = (list.take(), given.as_slice()) {
                        table.listed(low, &all);
                    }
                    given.clear();
                }
                _ if word.starts_with("end") => {
                    mode = Mode::Nothing;
                    given.clear();
                }
                _ => {
                    let Some(code) = hexadecimal(word).filter(|_| mode != Mode::Nothing) else {
                        continue;
                    };
                    if let Some(all) = &mut list {
                        all.push(code);
                        continue;
                    }
                    given.push(code);
                    table.take(mode, &mut given);
                }
            }
        }
        (!table.one.is_empty() || !table.two.is_empty()).then_some(table)
    }

    fn take(&mut self, mode: Mode, given: &mut Vec<Vec<u8>>) {
        match (mode, given.as_slice()) {
            (Mode::Space, [low, _]) => self.wide |= low.len() == 2,
            (Mode::Single, [code, letters]) => self.put(code, 0, utf16(letters)),
            (Mode::Range, [low, high, first]) => self.range(low, high, first),
            _ => return,
        }
        given.clear();
    }

    fn range(&mut self, low: &[u8], high: &[u8], first: &[u8]) {
        let (Some(from), Some(to)) = (number(low), number(high)) else { return };
        let mut letters = utf16(first);
        for step in 0..=to.saturating_sub(from) {
            self.put(low, step, letters.clone());
            // Only the last letter counts on.
            let last = letters.pop().map_or(0, u32::from).saturating_add(1);
            letters.extend(char::from_u32(last));
        }
    }

    fn listed(&mut self, low: &[u8], all: &[Vec<u8>]) {
        for (step, letters) in all.iter().enumerate() {
            self.put(low, u16::try_from(step).unwrap_or(u16::MAX), utf16(letters));
        }
    }

    fn put(&mut self, code: &[u8], step: u16, letters: String) {
        let Some(at) = number(code).and_then(|code| code.checked_add(step)) else { return };
        let part = if code.len() == 1 { &mut self.one } else { &mut self.two };
        if part.len() < CODES_MAX {
            part.insert(at, letters);
        }
    }

    /// The letters of codes; what the table does not know is U+FFFD.
    pub(super) fn letters(&self, codes: &[u8]) -> String {
        let mut text = String::new();
        let mut rest = codes;
        let wide = self.wide || self.one.is_empty();
        while let Some((first, after)) = rest.split_first() {
            let second = after.first().copied();
            let both = second.map(|second| u16::from_be_bytes([*first, second]));
            if let Some(letters) = both.and_then(|both| self.two.get(&both)) {
                text.push_str(letters);
                rest = after.get(1..).unwrap_or_default();
            } else if let Some(letters) = self.one.get(&u16::from(*first)) {
                text.push_str(letters);
                rest = after;
            } else {
                text.push('\u{fffd}');
                rest = if wide { after.get(1..).unwrap_or_default() } else { after };
            }
        }
        text
    }
}

fn hexadecimal(word: &str) -> Option<Vec<u8>> {
    let digits = word.strip_prefix('<')?.strip_suffix('>')?.as_bytes();
    let digit = |one: u8| char::from(one).to_digit(16).and_then(|n| u8::try_from(n).ok());
    digits
        .chunks(2)
        .map(|pair| {
            let high = digit(*pair.first()?)?;
            let low = pair.get(1).map_or(Some(0), |one| digit(*one))?;
            Some((high << 4) | low)
        })
        .collect()
}

fn number(code: &[u8]) -> Option<u16> {
    match code {
        [one] => Some(u16::from(*one)),
        [high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> String {
    encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()
}
