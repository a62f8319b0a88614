//! The words of PDF files: what is painted, in the lines a reader sees.
//!
//! The library reads the structure and unpacks; what it means is read here, with an end to
//! everything. Runs in the child only: whatever a file makes it do harms nobody else.

use std::collections::HashMap;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::super::ReadSeek;
use super::lines::{Piece, assemble, width_of};
use super::pdf_font::Font;
use super::{PAGE_SHARE, PAGES_MAX, Words, all_bytes};
use crate::domain::legibility::Legibility;

/// Bytes of one unpacked stream.
const STREAM_MAX: usize = 64 << 20;
/// Forms inside forms.
const DEPTH_MAX: u8 = 6;
/// Steps of painting, all pages together.
const STEPS_MAX: u32 = 3_000_000;
/// One unread letter in so many makes a page unread.
const UNREAD_SHARE: u32 = 20;

pub(super) fn words(file: &mut dyn ReadSeek) -> Option<Words> {
    let bytes = all_bytes(file)?;
    let options = LoadOptions { max_decompressed_size: Some(STREAM_MAX), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(&bytes, options).ok()?;
    if document.is_encrypted() {
        return None;
    }
    let mut steps = STEPS_MAX;
    let mut left = document.page_iter();
    let pages: Vec<Words> = left
        .by_ref()
        .take(PAGES_MAX)
        .map(|page| page_words(&document, page, &mut steps).unwrap_or_else(Words::unread))
        .collect();
    let beyond = left.next().is_some();
    let all = (!pages.is_empty()).then(|| Words::of_pages(pages))?;
    Some(if beyond { all.not_all() } else { all })
}

fn page_words(document: &Document, page: ObjectId, steps: &mut u32) -> Option<Words> {
    let content = document.get_page_content_with_limit(page, STREAM_MAX).ok()?;
    let damaged = document.get_page_contents(page).iter().any(|part| {
        let stream = document.get_object(*part).and_then(Object::as_stream);
        stream.is_ok_and(|stream| plain(stream).is_none())
    });
    let mut painter = Painter {
        document,
        fonts: HashMap::new(),
        pieces: Vec::new(),
        area: area_of(document, page),
        letters: 0,
        unread: 0,
        strokes: 0,
        page_picture: false,
        broken: damaged,
        steps,
    };
    let resources = resources_of(document, page);
    painter.paint(&content, resources, Matrix::ONE, 0);
    for stamp in stamps(document, page) {
        painter.form(stamp, resources, Matrix::ONE, 0);
    }
    let nothing = painter.letters == 0;
    let painted = painter.unread > 0 || painter.strokes > 0 || painter.page_picture;
    let unsure = painter.unread.saturating_mul(UNREAD_SHARE) > painter.letters
        || painter.page_picture
        || painter.broken;
    let legibility = match (nothing, unsure) {
        (true, _) if painted || painter.broken => Legibility::None,
        (_, true) => Legibility::Part,
        _ => Legibility::Whole,
    };
    let mut text = String::new();
    for group in by_direction(painter.pieces) {
        assemble(group, &mut text);
    }
    Some(Words { text, legibility })
}

/// The bytes of a stream as they were before it was packed.
fn plain(stream: &Stream) -> Option<Vec<u8>> {
    if stream.is_compressed() {
        stream.decompressed_content_with_limit(STREAM_MAX).ok()
    } else {
        Some(stream.content.clone())
    }
}

fn resources_of(document: &Document, page: ObjectId) -> Option<&Dictionary> {
    let (own, ids) = document.get_page_resources(page).ok()?;
    own.or_else(|| ids.first().and_then(|id| document.get_dictionary(*id).ok()))
}

/// What is laid upon the page: stamps, notes, fields.
fn stamps(document: &Document, page: ObjectId) -> Vec<&Stream> {
    let notes = document.get_page_annotations(page).unwrap_or_default();
    notes
        .iter()
        .filter_map(|note| {
            let looks = note.get_deref(b"AP", document).ok()?.as_dict().ok()?;
            looks.get_deref(b"N", document).ok()?.as_stream().ok()
        })
        .collect()
}

fn area_of(document: &Document, page: ObjectId) -> f64 {
    let mut node = document.get_dictionary(page).ok();
    for _ in 0..16 {
        let Some(here) = node else { break };
        if let Ok(Object::Array(sides)) = here.get_deref(b"MediaBox", document) {
            let side = |n: usize| sides.get(n).map_or(0.0, number);
            let area = ((side(2) - side(0)) * (side(3) - side(1))).abs();
            if area > 1.0 {
                return area;
            }
        }
        node = here.get_deref(b"Parent", document).and_then(Object::as_dict).ok();
    }
    595.0 * 842.0
}

fn number(object: &Object) -> f64 {
    object.as_float().map_or(0.0, f64::from)
}

/// Six numbers that move, turn and stretch: `a b c d e f`.
#[derive(Debug, Clone, Copy)]
struct Matrix([f64; 6]);

impl Matrix {
    const ONE: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn of(operands: &[Object]) -> Self {
        let at = |n: usize| operands.get(n).map_or(0.0, number);
        Self([at(0), at(1), at(2), at(3), at(4), at(5)])
    }

    fn shift(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First this, then `next`.
    fn then(self, next: Self) -> Self {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, next.0);
        Self([
            a * g + b * i,
            a * h + b * j,
            c * g + d * i,
            c * h + d * j,
            e * g + f * i + k,
            e * h + f * j + l,
        ])
    }
}

/// What `q` saves and `Q` brings back.
#[derive(Clone)]
struct State {
    page: Matrix,
    font: Vec<u8>,
    size: f64,
    leading: f64,
    spacing: f64,
}

struct Painter<'d> {
    document: &'d Document,
    fonts: HashMap<usize, Font>,
    /// With the direction their line runs in.
    pieces: Vec<(Direction, Piece)>,
    area: f64,
    letters: u32,
    unread: u32,
    strokes: u32,
    page_picture: bool,
    broken: bool,
    steps: &'d mut u32,
}

impl<'d> Painter<'d> {
    fn paint(&mut self, content: &[u8], resources: Option<&'d Dictionary>, at: Matrix, depth: u8) {
        let mut now = State { page: at, font: Vec::new(), size: 12.0, leading: 0.0, spacing: 0.0 };
        let mut saved: Vec<State> = Vec::new();
        let (mut line, mut text) = (Matrix::ONE, Matrix::ONE);
        // What stands behind a slip is painted by some readers and not by others.
        self.broken |= Content::decode_strict(content).is_err();
        for step in Content::<Vec<Operation>>::decode_iter(content) {
            let Ok(step) = step else {
                self.broken = true;
                return;
            };
            let Some(left) = self.steps.checked_sub(1) else {
                self.broken = true;
                return;
            };
            *self.steps = left;
            let given = step.operands.as_slice();
            let one = || given.first().map_or(0.0, number);
            match step.operator.as_str() {
                "q" if saved.len() < 256 => saved.push(now.clone()),
                "Q" => now = saved.pop().unwrap_or(now),
                "cm" => now.page = Matrix::of(given).then(now.page),
                "BT" => (line, text) = (Matrix::ONE, Matrix::ONE),
                "Tf" => {
                    now.font = given.first().and_then(|f| f.as_name().ok()).unwrap_or(b"").to_vec();
                    now.size = given.get(1).map_or(12.0, number);
                }
                "TL" => now.leading = one(),
                "Tc" => now.spacing = one(),
                "Td" | "TD" => {
                    let down = given.get(1).map_or(0.0, number);
                    if step.operator == "TD" {
                        now.leading = -down;
                    }
                    line = Matrix::shift(one(), down).then(line);
                    text = line;
                }
                "Tm" => {
                    line = Matrix::of(given);
                    text = line;
                }
                "T*" | "'" | "\"" => {
                    line = Matrix::shift(0.0, -now.leading).then(line);
                    text = line;
                    if step.operator != "T*" {
                        self.show(given.last(), &now, &mut text, resources);
                    }
                }
                "Tj" => self.show(given.first(), &now, &mut text, resources),
                "TJ" => self.show_all(given, &now, &mut text, resources),
                "Do" => self.object(&step, resources, now.page, depth),
                "BI" => self.picture(now.page),
                "f" | "F" | "f*" | "S" | "B" | "b" | "sh" => {
                    self.strokes = self.strokes.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    fn show_all(
        &mut self,
        given: &[Object],
        now: &State,
        text: &mut Matrix,
        resources: Option<&'d Dictionary>,
    ) {
        let Some(Object::Array(parts)) = given.first() else { return };
        for part in parts {
            match part {
                Object::String(..) => self.show(Some(part), now, text, resources),
                back => {
                    let shift = -number(back) / 1_000.0 * now.size;
                    *text = Matrix::shift(shift, 0.0).then(*text);
                }
            }
        }
    }

    fn show(
        &mut self,
        codes: Option<&Object>,
        now: &State,
        text: &mut Matrix,
        resources: Option<&'d Dictionary>,
    ) {
        let Some(Ok(codes)) = codes.map(Object::as_str) else { return };
        let found = resources.and_then(|all| {
            let fonts = all.get_deref(b"Font", self.document).ok()?.as_dict().ok()?;
            fonts.get_deref(&now.font, self.document).ok()?.as_dict().ok()
        });
        let vertical = found.is_some_and(|font| {
            let cmap = font.get_deref(b"Encoding", self.document).and_then(Object::as_name);
            cmap.is_ok_and(|cmap| cmap.ends_with(b"-V"))
        });
        let document = self.document;
        let (letters, unread) = match found {
            // One dictionary is one font, and stays where it is as long as the document lives.
            Some(font) => self
                .fonts
                .entry(std::ptr::from_ref(font).addr())
                .or_insert_with(|| Font::of(font, document))
                .letters(codes),
            None => Font::Unknown.letters(codes),
        };
        let count = u32::try_from(letters.chars().count()).unwrap_or(u32::MAX);
        self.letters = self.letters.saturating_add(count);
        self.unread = self.unread.saturating_add(unread);
        let width = width_of(&letters, now.size) + now.spacing * f64::from(count);
        let at = text.then(now.page);
        let piece = Direction::of(at, vertical).place(at, now.size, width, letters);
        *text = if vertical { Matrix::shift(0.0, -width) } else { Matrix::shift(width, 0.0) }
            .then(*text);
        self.pieces.push(piece);
    }

    fn object(
        &mut self,
        step: &Operation,
        resources: Option<&'d Dictionary>,
        at: Matrix,
        depth: u8,
    ) {
        let found = resources.and_then(|all| {
            let objects = all.get_deref(b"XObject", self.document).ok()?.as_dict().ok()?;
            let name = step.operands.first()?.as_name().ok()?;
            objects.get_deref(name, self.document).ok()?.as_stream().ok()
        });
        let Some(stream) = found else { return };
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => self.picture(at),
            Ok(b"Form") => self.form(stream, resources, at, depth.saturating_add(1)),
            _ => {}
        }
    }

    fn form(&mut self, stream: &'d Stream, outer: Option<&'d Dictionary>, at: Matrix, depth: u8) {
        let (Some(content), true) = (plain(stream), depth <= DEPTH_MAX) else {
            self.broken = true;
            return;
        };
        let own = stream.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
        let at = match stream.dict.get_deref(b"Matrix", self.document) {
            Ok(Object::Array(six)) => Matrix::of(six).then(at),
            _ => at,
        };
        self.paint(&content, own.ok().or(outer), at, depth);
    }

    fn picture(&mut self, at: Matrix) {
        let [a, b, c, d, ..] = at.0;
        if (a * d - b * c).abs() > PAGE_SHARE * self.area {
            self.page_picture = true;
        }
        self.strokes = self.strokes.saturating_add(1);
    }
}

/// Where a line of text runs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Right,
    Up,
    Left,
    Down,
}

impl Direction {
    fn of(at: Matrix, vertical: bool) -> Self {
        let [a, b, ..] = at.0;
        match (a.abs() >= b.abs(), a >= 0.0, b >= 0.0) {
            (true, true, _) if vertical => Self::Down,
            (true, true, _) => Self::Right,
            (true, false, _) => Self::Left,
            (false, _, true) => Self::Up,
            (false, _, false) => Self::Down,
        }
    }

    /// A piece, its place turned so that its line runs to the right.
    fn place(self, at: Matrix, size: f64, width: f64, text: String) -> (Self, Piece) {
        let [a, b, c, d, e, f] = at.0;
        let (x, y) = match self {
            Self::Right => (e, f),
            Self::Up => (f, -e),
            Self::Left => (-e, -f),
            Self::Down => (-f, e),
        };
        let stretch = a.hypot(b).max(f64::EPSILON);
        let size = (size * c.hypot(d)).abs();
        (self, Piece { x, end: x + width * stretch, y, size, text })
    }
}

fn by_direction(pieces: Vec<(Direction, Piece)>) -> Vec<Vec<Piece>> {
    let all = [Direction::Right, Direction::Down, Direction::Up, Direction::Left];
    all.map(|wanted| {
        let same = pieces.iter().filter(|(direction, _)| *direction == wanted);
        same.map(|(_, piece)| piece.clone()).collect()
    })
    .to_vec()
}
