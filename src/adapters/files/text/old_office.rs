//! The words of Word, Excel and WPS files before Open XML.
//!
//! These formats keep Chinese text in UTF-16; its runs are found without understanding the rest.
//! What was compressed to one byte a letter is Latin and carries no marking.

use super::super::ReadSeek;
use super::{Words, all_bytes};
use crate::domain::legibility::Legibility;

/// Letters in a row that are taken for text; two would find text in any noise.
const RUN_MIN: usize = 3;
/// Chinese letters a readable file has at least.
const CHINESE_MIN: usize = 8;

pub(super) fn words(file: &mut dyn ReadSeek) -> Option<Words> {
    let bytes = all_bytes(file)?;
    let mut text = String::new();
    // Strings of tables begin anywhere, so both ways of pairing bytes are tried.
    for start in [0, 1] {
        runs(bytes.get(start..).unwrap_or_default(), &mut text);
        text.push('\n');
    }
    let chinese = text.chars().filter(|one| is_han(*one)).count();
    // Pictures and encrypted streams hold runs by chance, so nobody can say that this was all.
    let legibility = if chinese < CHINESE_MIN { Legibility::None } else { Legibility::Part };
    Some(Words { text, legibility })
}

fn runs(bytes: &[u8], text: &mut String) {
    let mut run = String::new();
    let mut han = 0;
    for pair in bytes.chunks_exact(2) {
        let unit = pair.first_chunk().map_or(0, |pair| u16::from_le_bytes(*pair));
        match char::from_u32(u32::from(unit)).filter(|one| is_text(*one)) {
            Some(one) => {
                run.push(one);
                han += usize::from(is_han(one));
            }
            None => finish(&mut run, &mut han, text),
        }
    }
    finish(&mut run, &mut han, text);
}

/// Ends a run: a paragraph, the cell of a table, or the end of the text.
fn finish(run: &mut String, han: &mut usize, text: &mut String) {
    if *han > 1 && run.chars().count() >= RUN_MIN || is_mark(run) {
        text.push_str(run);
        text.push('\n');
    }
    run.clear();
    *han = 0;
}

/// A level alone in its paragraph is too short for a run, and must not be missed.
fn is_mark(run: &str) -> bool {
    matches!(run.trim(), "绝密" | "机密" | "秘密")
}

fn is_text(one: char) -> bool {
    is_han(one)
        || matches!(one, ' '..='~' | '\u{2000}'..='\u{206f}' | '\u{2600}'..='\u{27bf}')
        || matches!(one, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '×' | '·' | '°')
}

fn is_han(one: char) -> bool {
    matches!(one, '\u{4e00}'..='\u{9fff}')
}
