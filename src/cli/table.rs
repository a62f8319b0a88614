//! Columns for a terminal, where a Han character is two cells wide.

/// Rows below each other, columns two cells apart, each line indented by `indent` cells and
/// ended; the last column is not padded.
#[must_use]
pub(super) fn columns<const N: usize>(rows: &[[String; N]], indent: usize) -> String {
    let mut widths = [0usize; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cells(cell));
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cells(cell)) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cells(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Han, kana, full-width signs: what terminals draw two cells wide.
const fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_characters_take_two_cells() {
        let rows = [["角色", "who"], ["a", "经办"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows, 2), "  角色  who\n  a     经办\n");
    }
}
