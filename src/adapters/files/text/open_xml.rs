//! The words of Word and Excel files in Office Open XML.

use super::super::ReadSeek;
use super::Words;
use super::xml::{Met, Package, walk};
use crate::domain::legibility::Legibility;

/// A Word file: heads of pages first, then the text with what stands in its boxes.
pub(super) fn document(file: &mut dyn ReadSeek) -> Option<Words> {
    let mut package = Package::open(file)?;
    let mut names = package.names();
    names.sort();
    let beside = |name: &&String| {
        let part = name.strip_prefix("word/").unwrap_or_default();
        let kinds = ["header", "footer", "footnotes", "comments"];
        part.ends_with(".xml") && kinds.iter().any(|kind| part.starts_with(kind))
    };
    let main = "word/document.xml".to_owned();
    let mut parts: Vec<&String> = names.iter().filter(beside).collect();
    parts.push(&main);
    let pictures = names.iter().any(|name| name.starts_with("word/media/"));
    read(&mut package, &parts, pictures, |name| match name {
        "p" | "br" | "cr" | "tr" => Some('\n'),
        "tc" | "tab" => Some('\n'),
        _ => None,
    })
}

/// An Excel file: its sheets' names and all words of its cells.
pub(super) fn workbook(file: &mut dyn ReadSeek) -> Option<Words> {
    let mut package = Package::open(file)?;
    let mut names = package.names();
    names.sort();
    let words = |name: &&String| {
        *name == "xl/sharedStrings.xml"
            || (name.starts_with("xl/worksheets/") && name.ends_with(".xml"))
            || (name.starts_with("xl/drawings/drawing") && name.ends_with(".xml"))
            || (name.starts_with("xl/comments") && name.ends_with(".xml"))
    };
    let mut parts: Vec<&String> = names.iter().filter(words).collect();
    let sheets = "xl/workbook.xml".to_owned();
    parts.push(&sheets);
    let pictures = names.iter().any(|name| name.starts_with("xl/media/"));
    read(&mut package, &parts, pictures, |name| match name {
        "si" | "p" | "c" | "is" | "oddHeader" | "oddFooter" | "sheet" | "text" => Some('\n'),
        _ => None,
    })
}

/// Words a document without pictures of its pages has at least.
const FEW_CHARS: usize = 20;

fn read(
    package: &mut Package<'_>,
    parts: &[&String],
    pictures: bool,
    breaks: impl Fn(&str) -> Option<char>,
) -> Option<Words> {
    let mut text = String::new();
    let mut legibility = Legibility::Whole;
    for name in parts {
        let Some(xml) = package.part(name) else {
            legibility = Legibility::Part;
            continue;
        };
        // Deleted words of tracked changes and words in boxes count like the others.
        let whole = walk(&xml, |met| match met {
            Met::Words(words) => text.push_str(words),
            Met::Begin("sheet", start) => {
                text.push_str(&super::xml::attribute(start, "name").unwrap_or_default());
            }
            Met::End(name) => text.extend(breaks(name)),
            Met::Begin(..) => {}
        });
        if !whole {
            legibility = Legibility::Part;
        }
        text.push('\n');
    }
    // Pictures and hardly a word: pages that were scanned.
    if pictures && text.chars().filter(|one| one.is_alphanumeric()).count() < FEW_CHARS {
        legibility = Legibility::None;
    }
    Some(Words { text, legibility })
}
