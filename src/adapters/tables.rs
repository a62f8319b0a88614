//! Reads tables that people bring: CSV in UTF-8 with or without BOM, else in GB18030 as Chinese
//! spreadsheets save it.
//!
//! Text leaves this room trimmed and in Unicode's composed form (NFC), so that equal names are
//! equal. A file that is in neither encoding is refused whole: half-read names are worse than none.

use encoding_rs::GB18030;
use unicode_normalization::UnicodeNormalization;

use crate::domain::table::{Table, TableRow};

/// The most bytes a table may have; 42,000 organisations of China fit several times.
pub const TABLE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most columns and rows, and bytes of one cell: far beyond any sheet, far below any bomb.
const COLUMNS_MAX: usize = 200;
const ROWS_MAX: usize = 500_000;
const CELL_BYTES_MAX: usize = 64 * 1024;

/// Why a file is not a table.
#[derive(Debug, thiserror::Error)]
pub enum TableFault {
    /// More bytes than [`TABLE_BYTES_MAX`].
    #[error("the file has {0} bytes; {TABLE_BYTES_MAX} are the most, split it")]
    TooLarge(usize),
    /// Neither UTF-8 nor GB18030.
    #[error("the file is neither UTF-8 nor GB18030; save it again as CSV UTF-8")]
    UnknownEncoding,
    /// The file has no header line.
    #[error("the file is empty; its first line must name the columns")]
    Empty,
    /// More columns, rows or text in one cell than any table of ours.
    #[error("line {0}: more than 200 columns, 500000 rows or 64 KiB in one cell; is a quote open?")]
    OutOfProportion(u64),
    /// The file is no CSV.
    #[error("the file is no CSV: {0}; save it again as CSV UTF-8")]
    NotCsv(#[from] csv::Error),
}

/// The text of a file in one of the encodings of this room.
///
/// # Errors
/// The bytes are in neither encoding.
pub fn decode(bytes: &[u8]) -> Result<String, TableFault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let whole = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    whole.map(std::borrow::Cow::into_owned).ok_or(TableFault::UnknownEncoding)
}

/// The table in a CSV file. Rows with nothing in them are left out.
///
/// # Errors
/// The file is too large, in an unknown encoding, empty or no CSV.
pub fn read_csv(bytes: &[u8]) -> Result<Table, TableFault> {
    if bytes.len() > TABLE_BYTES_MAX {
        return Err(TableFault::TooLarge(bytes.len()));
    }
    let text = decode(bytes)?;
    // Not trimmed by the reader: a line break at the end of a name must stay visible.
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut table: Option<Table> = None;
    let mut record = csv::StringRecord::new();
    loop {
        let is_row = reader.read_record(&mut record)?;
        if !is_row {
            return table.ok_or(TableFault::Empty);
        }
        let number = record.position().map_or(0, csv::Position::line);
        let rows = table.as_ref().map_or(0, |table: &Table| table.rows.len());
        let too_long = record.iter().any(|cell| cell.len() > CELL_BYTES_MAX);
        if record.len() > COLUMNS_MAX || rows >= ROWS_MAX || too_long {
            return Err(TableFault::OutOfProportion(number));
        }
        let cells: Vec<String> = record.iter().map(tidy).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        match &mut table {
            None => table = Some(Table { headers: cells, rows: Vec::new() }),
            Some(table) => table.rows.push(TableRow { number, cells }),
        }
    }
}

fn tidy(cell: &str) -> String {
    cell.trim_matches([' ', '\u{3000}', '\u{a0}']).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "code,name\n430100,长沙市\n\n,\n430200, 株洲市 \n";

    #[test]
    fn utf8_with_and_without_bom_and_gb18030_read_alike() {
        let plain = read_csv(SHEET.as_bytes()).unwrap();
        let with_bom = read_csv(&[b"\xEF\xBB\xBF", SHEET.as_bytes()].concat()).unwrap();
        let (gb18030, _, _) = GB18030.encode(SHEET);
        assert_ne!(&*gb18030, SHEET.as_bytes());
        assert_eq!(with_bom, plain);
        assert_eq!(decode(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(read_csv(&gb18030).unwrap(), plain);
        assert_eq!(plain.headers, ["code", "name"]);
        assert_eq!(plain.rows[1].cells, ["430200", "株洲市"]);
    }

    #[test]
    fn a_row_has_the_number_a_spreadsheet_shows_though_empty_rows_are_left_out() {
        let numbers: Vec<_> =
            read_csv(SHEET.as_bytes()).unwrap().rows.iter().map(|r| r.number).collect();
        assert_eq!(numbers, [2, 5]);
    }

    #[test]
    fn four_byte_characters_of_gb18030_survive() {
        let (bytes, _, lossy) = GB18030.encode("name\n㮾梨街道\u{20087}");
        assert!(!lossy);
        assert_eq!(read_csv(&bytes).unwrap().rows[0].cells, ["㮾梨街道\u{20087}"]);
    }

    #[test]
    fn composed_and_decomposed_names_are_one() {
        assert_eq!(read_csv("n\ne\u{301}".as_bytes()).unwrap().rows[0].cells, ["é"]);
    }

    #[test]
    fn a_line_break_inside_a_cell_stays_for_the_check_to_find() {
        let table = read_csv(b"name\n\"a\nb\"\n\"c\n\"").unwrap();
        assert_eq!(table.rows[0].cells, ["a\nb"]);
        assert_eq!(table.rows[1].cells, ["c\n"]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert!(matches!(read_csv(b""), Err(TableFault::Empty)));
        assert!(matches!(read_csv(b"\xEF\xBB\xBF\n,,\n"), Err(TableFault::Empty)));
        assert!(matches!(read_csv(b"a\xFF\xFFb"), Err(TableFault::UnknownEncoding)));
        for (line, bomb) in [
            (2, format!("name\n{}", ",".repeat(20_000_000))),
            (2, format!("name\n\"{}", "\"\"".repeat(5_000_000))),
            (1, "a".repeat(CELL_BYTES_MAX + 1)),
            (500_002, format!("name\n{}", "a\n".repeat(600_000))),
        ] {
            let said = read_csv(bomb.as_bytes());
            assert!(matches!(said, Err(TableFault::OutOfProportion(at)) if at == line), "{line}");
        }
        let large = vec![b'a'; TABLE_BYTES_MAX + 1];
        assert!(matches!(read_csv(&large), Err(TableFault::TooLarge(_))));
    }
}
