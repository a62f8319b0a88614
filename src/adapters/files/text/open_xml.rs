//! The words of Word and Excel files in Office Open XML.

use quick_xml::events::BytesStart;

use super::super::ReadSeek;
use super::xml::{Met, Package, attribute, walk};
use super::{PAGE_END, PAGE_SHARE, Words};
use crate::domain::legibility::Legibility;

/// A Word file: the text with what stands in its boxes, then the heads and feet of its pages.
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
    // The text itself first: whatever else is in the file must not use up what is looked at.
    let parts: Vec<&String> = [&main].into_iter().chain(names.iter().filter(beside)).collect();
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

/// English Metric Units in a point, and in the sides of a page of A4.
const POINT: f64 = 12_700.0;
const A4: f64 = (210.0 * 36_000.0) * (297.0 * 36_000.0);

/// The pictures that the parts show, and how large.
#[derive(Default)]
struct Pictures {
    count: u32,
    outer: Sizes,
    inner: Sizes,
}

/// Areas, in square EMU.
#[derive(Default)]
struct Sizes {
    count: u32,
    largest: f64,
    all: f64,
}

impl Sizes {
    fn add(&mut self, area: f64) {
        self.count = self.count.saturating_add(1);
        self.largest = self.largest.max(area);
        self.all += area;
    }
}

impl Pictures {
    fn meet(&mut self, name: &str, start: &BytesStart<'_>) {
        match name {
            "blip" | "imagedata" => self.count = self.count.saturating_add(1),
            // Of a drawing: Word says it twice, and Excel only here; without sides, `ext` is an
            // extension.
            "extent" | "ext" => {
                let side = |name| attribute(start, name).and_then(|text| text.parse::<f64>().ok());
                if let (Some(width), Some(height)) = (side("cx"), side("cy")) {
                    match name {
                        "extent" => self.outer.add(width * height),
                        _ => self.inner.add(width * height),
                    }
                }
            }
            // Of the older kind: `width:415.3pt;height:…`.
            "shape" | "rect" => {
                let style = attribute(start, "style").unwrap_or_default();
                if let (Some(width), Some(height)) = (side(&style, "width"), side(&style, "height"))
                {
                    self.outer.add(width * height);
                }
            }
            _ => {}
        }
    }

    /// Whether one is as large as a page, or all together are, or nobody can say: pages that were
    /// scanned may stand beside text.
    fn may_be_pages(&self) -> bool {
        let said = if self.outer.count == 0 { &self.inner } else { &self.outer };
        let unknown = self.count == 0 || said.count < self.count;
        unknown || said.largest > PAGE_SHARE * A4 || said.all > A4
    }
}

/// A side in the style of an older drawing.
fn side(style: &str, wanted: &str) -> Option<f64> {
    let value = style.split(';').find_map(|one| {
        let (name, value) = one.split_once(':')?;
        (name.trim() == wanted).then_some(value.trim())
    })?;
    let end = value.find(|one: char| one.is_ascii_alphabetic()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(end)?;
    let points = match unit {
        "pt" => 1.0,
        "in" => 72.0,
        "cm" => 72.0 / 2.54,
        "mm" => 72.0 / 25.4,
        "px" | "" => 0.75,
        _ => return None,
    };
    Some(number.trim().parse::<f64>().ok()? * points * POINT)
}

fn read(
    package: &mut Package<'_>,
    parts: &[&String],
    pictures: bool,
    breaks: impl Fn(&str) -> Option<char>,
) -> Option<Words> {
    let mut text = String::new();
    let mut legibility = Legibility::Whole;
    let mut shown = Pictures::default();
    for name in parts {
        let Some(xml) = package.part(name) else {
            legibility = Legibility::Part;
            continue;
        };
        // Deleted words of tracked changes and words in boxes count like the others.
        let whole = walk(&xml, |met| match met {
            Met::Words(words) => text.push_str(words),
            Met::Begin("sheet", start) => {
                text.push_str(&attribute(start, "name").unwrap_or_default());
            }
            Met::End(name) => text.extend(breaks(name)),
            Met::Begin(name, start) => shown.meet(name, start),
        });
        if !whole {
            legibility = Legibility::Part;
        }
        text.push(PAGE_END);
    }
    if pictures && shown.may_be_pages() {
        legibility = legibility.min(Legibility::Part);
    }
    // Pictures and hardly a word: pages that were scanned.
    if pictures && text.chars().filter(|one| one.is_alphanumeric()).count() < FEW_CHARS {
        legibility = Legibility::None;
    }
    Some(Words { text, legibility })
}
