//! The words of OFD files (GB/T 33190): pages in order, lines by their place.

use super::super::ReadSeek;
use super::lines::{Piece, assemble, width_of};
use super::xml::{Met, Package, attribute, walk};
use super::{PAGE_SHARE, PAGES_MAX, Words};
use crate::domain::legibility::Legibility;

pub(super) fn words(file: &mut dyn ReadSeek) -> Option<Words> {
    let mut package = Package::open(file)?;
    let names = package.names();
    if names.iter().any(|name| name.ends_with("Encryptions.xml")) {
        return None;
    }
    let (mut pages, mut beyond) = (Vec::new(), false);
    for root in texts_of(&package.part("OFD.xml")?, "DocRoot")? {
        let root = root.trim_start_matches('/').to_owned();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let document = package.part(&root)?;
        let area = area_of(&document)?.unwrap_or(A4);
        for place in places(&document)? {
            if pages.len() == PAGES_MAX {
                beyond = true;
                break;
            }
            let path = match place.strip_prefix('/') {
                Some(path) => path.to_owned(),
                None if folder.is_empty() => place,
                None => format!("{folder}/{place}"),
            };
            pages.push(
                package.part(&path).and_then(|xml| page(&xml, area)).unwrap_or(Words::unread()),
            );
        }
    }
    let all = (!pages.is_empty()).then(|| Words::of_pages(pages))?;
    Some(if beyond { all.not_all() } else { all })
}

/// Square millimetres of a page that does not say how large it is.
const A4: f64 = 210.0 * 297.0;

/// The size of a page, where it is said; nothing if it is no XML.
fn area_of(xml: &str) -> Option<Option<f64>> {
    let boxes = texts_of(xml, "PhysicalBox")?;
    let area = boxes.iter().filter_map(|text| area(&numbers(text))).find(|area| *area > 1.0);
    Some(area)
}

/// Of a box: its place, its width and height.
fn area(sides: &[f64]) -> Option<f64> {
    Some((sides.get(2)? * sides.get(3)?).abs())
}

/// The texts of all elements of that name.
fn texts_of(xml: &str, wanted: &str) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    let whole = walk(xml, |met| match met {
        Met::Begin(name, _) => {
            inside = name == wanted;
            if inside {
                found.push(String::new());
            }
        }
        Met::End(_) => inside = false,
        Met::Words(words) => {
            if let Some(last) = found.last_mut().filter(|_| inside) {
                last.push_str(words.trim());
            }
        }
    });
    whole.then_some(found)
}

/// Where the pages lie, after the templates that lie beneath them.
fn places(xml: &str) -> Option<Vec<String>> {
    let (mut templates, mut pages) = (Vec::new(), Vec::new());
    let whole = walk(xml, |met| {
        if let Met::Begin(name, start) = met
            && let Some(place) = attribute(start, "BaseLoc")
        {
            match name {
                "TemplatePage" => templates.push(place),
                "Page" => pages.push(place),
                _ => {}
            }
        }
    });
    templates.extend(pages);
    whole.then_some(templates)
}

fn page(xml: &str, usual: f64) -> Option<Words> {
    let whole_page = area_of(xml).flatten().unwrap_or(usual);
    let mut shown = 0.0;
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut pictures, mut paths) = (0u32, 0u32);
    let mut object = (0.0, 0.0, 3.0);
    let mut code: Option<(f64, f64)> = None;
    let whole = walk(xml, |met| match met {
        Met::Begin("TextObject", start) => {
            let boundary = numbers(&attribute(start, "Boundary").unwrap_or_default());
            let size = attribute(start, "Size").and_then(|size| size.parse().ok());
            let at = |n: usize| boundary.get(n).copied().unwrap_or(0.0);
            object = (at(0), at(1), size.unwrap_or(3.0));
        }
        Met::Begin("TextCode", start) => {
            let at = |name| attribute(start, name).and_then(|text| text.parse::<f64>().ok());
            // Upwards here, downwards there.
            let place = (object.0 + at("X").unwrap_or(0.0), object.1 + at("Y").unwrap_or(0.0));
            code = Some((place.0, -place.1));
        }
        Met::Begin("ImageObject", start) => {
            pictures += 1;
            let boundary = numbers(&attribute(start, "Boundary").unwrap_or_default());
            // One that does not say how large it is may be the page itself, and so may strips.
            shown += area(&boundary).unwrap_or(whole_page);
        }
        Met::Begin("PathObject", _) => paths += 1,
        Met::Words(words) => {
            if let Some((x, y)) = code {
                let text = words.to_owned();
                let end = x + width_of(&text, object.2);
                pieces.push(Piece { x, end, y, size: object.2, text });
                code = Some((end, y));
            }
        }
        Met::End("TextCode") => code = None,
        Met::Begin(..) | Met::End(_) => {}
    });
    let painted = pictures > 0 || paths > 0;
    let legibility = match pieces.iter().all(|piece| piece.text.trim().is_empty()) {
        true if painted => Legibility::None,
        _ if !whole || shown > PAGE_SHARE * whole_page => Legibility::Part,
        _ => Legibility::Whole,
    };
    let mut text = String::new();
    assemble(pieces, &mut text);
    Some(Words { text, legibility })
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().filter_map(|one| one.parse().ok()).collect()
}
