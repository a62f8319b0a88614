//! Pieces of text at places of a page, put together to the lines a reader sees.

/// Some letters that stand together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Where they begin, to the right.
    pub(super) x: f64,
    /// Where they end.
    pub(super) end: f64,
    /// Their line, upwards.
    pub(super) y: f64,
    /// Their size.
    pub(super) size: f64,
    /// The letters.
    pub(super) text: String,
}

/// Gaps wider than this many letters part what stands on one line: the mark of a level on the
/// left from a number on the right.
const GAP_LETTERS: f64 = 2.0;
/// Letters may stand this much of their size above or below their line.
const LINE_SLACK: f64 = 0.5;

/// About how wide a text of that size is.
pub(super) fn width_of(text: &str, size: f64) -> f64 {
    text.chars().map(|one| if one.is_ascii() { 0.5 * size } else { size }).sum()
}

/// The lines of a page from the top. A line that gaps part is given as a whole and in its parts.
pub(super) fn assemble(mut pieces: Vec<Piece>, text: &mut String) {
    pieces.retain(|piece| piece.x.is_finite() && piece.y.is_finite() && piece.end.is_finite());
    pieces.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut line: Vec<Piece> = Vec::new();
    for piece in pieces {
        let same = line.first().is_none_or(|first| {
            (first.y - piece.y).abs() <= LINE_SLACK * first.size.min(piece.size).max(1.0)
        });
        if !same {
            write_line(std::mem::take(&mut line), text);
        }
        line.push(piece);
    }
    write_line(line, text);
}

fn write_line(mut line: Vec<Piece>, text: &mut String) {
    line.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut parts: Vec<String> = Vec::new();
    let mut end = f64::NEG_INFINITY;
    for piece in &line {
        let apart = piece.x - end > GAP_LETTERS * piece.size.max(1.0);
        match parts.last_mut().filter(|_| !apart) {
            Some(part) => part.push_str(&piece.text),
            None => parts.push(piece.text.clone()),
        }
        end = piece.end.max(end);
    }
    for part in &parts {
        text.push_str(part);
    }
    text.push('\n');
    if parts.len() > 1 {
        for part in &parts {
            text.push_str(part);
            text.push('\n');
        }
    }
}
