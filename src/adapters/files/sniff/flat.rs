//! Kinds that are one piece: PDF, PNG, JPEG, plain text, and the old compound documents.

use std::io::SeekFrom;

use super::{FileKind, FileRefusal, Finding, ReadSeek, bytes_at, ensure, find, tail};

/// Where a ZIP directory must lie to be found by programs that read from the end.
const ZIP_TAIL: u64 = 65_557;
const ZIP_END: &[u8] = b"PK\x05\x06";

/// Sides of a picture in pixels; larger ones are made to exhaust whoever opens them.
const SIDE_MAX: u32 = 30_000;
const PNG_CHUNKS_MAX: u32 = 100_000;

const PIECE: usize = 64 * 1024;

pub(super) fn pdf(file: &mut dyn ReadSeek, size: u64) -> Result<(), Finding> {
    ensure(bytes_at(file, 0, 5)? == b"%PDF-")?;
    let end = tail(file, size, 2_048)?;
    ensure(find(&end, b"startxref").is_some() && find(&end, b"%%EOF").is_some())?;
    no_zip_behind(file, size)?;
    let active: [&[u8]; 2] = [b"/JavaScript", b"/Launch"];
    if contains_any(file, &active)? {
        return Err(FileRefusal::Active.into());
    }
    Ok(())
}

pub(super) fn png(file: &mut dyn ReadSeek, size: u64) -> Result<(), Finding> {
    ensure(bytes_at(file, 0, 8)? == b"\x89PNG\r\n\x1a\n")?;
    let mut place = 8u64;
    for count in 0..PNG_CHUNKS_MAX {
        file.seek(SeekFrom::Start(place))?;
        let length = u32::from_be_bytes(exact(file)?);
        let name: [u8; 4] = exact(file)?;
        ensure((count == 0) == (&name == b"IHDR"))?;
        if count == 0 {
            let (width, height) =
                (u32::from_be_bytes(exact(file)?), u32::from_be_bytes(exact(file)?));
            ensure(width > 0 && height > 0)?;
            if width > SIDE_MAX || height > SIDE_MAX {
                return Err(FileRefusal::Bomb.into());
            }
        }
        // Length, name and check sum stand around the data.
        place = place.saturating_add(12).saturating_add(u64::from(length));
        ensure(place <= size)?;
        if &name == b"IEND" {
            // A picture ends here; what follows belongs to another file.
            return if place == size { Ok(()) } else { Err(FileRefusal::Hidden.into()) };
        }
    }
    Err(FileRefusal::Bomb.into())
}

pub(super) fn jpeg(file: &mut dyn ReadSeek, size: u64) -> Result<(), Finding> {
    ensure(bytes_at(file, 0, 3)? == b"\xff\xd8\xff")?;
    no_zip_behind(file, size)?;
    // Cameras write padding and a second, smaller picture behind the first.
    ensure(find(&tail(file, size, ZIP_TAIL)?, b"\xff\xd9").is_some())
}

/// Word, Excel and WPS before Open XML: the compound file format of MS-CFB.
pub(super) fn compound(file: &mut dyn ReadSeek, kind: FileKind) -> Result<(), Finding> {
    let head = bytes_at(file, 0, 512)?;
    ensure(head.len() == 512 && head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))?;
    ensure(head.get(28..30) == Some(&[0xfe, 0xff][..]))?;
    let stream =
        |name: &str| -> Vec<u8> { name.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let inner = match kind {
        FileKind::Xls => vec![stream("Workbook"), stream("Book")],
        _ => vec![stream("WordDocument")],
    };
    let inner: Vec<&[u8]> = inner.iter().map(Vec::as_slice).collect();
    ensure(contains_any(file, &inner)?)?;
    let locked = stream("EncryptedPackage");
    if contains_any(file, &[&locked])? {
        return Err(FileRefusal::Encrypted.into());
    }
    let active = [stream("_VBA_PROJECT"), stream("\u{1}Ole10Native")];
    let active: Vec<&[u8]> = active.iter().map(Vec::as_slice).collect();
    if contains_any(file, &active)? {
        return Err(FileRefusal::Active.into());
    }
    Ok(())
}

pub(super) fn txt(file: &mut dyn ReadSeek) -> Result<(), Finding> {
    for encoding in [encoding_rs::UTF_8, encoding_rs::GB18030] {
        if is_text(file, encoding)? {
            return Ok(());
        }
    }
    Err(Finding::Wrong)
}

fn is_text(
    file: &mut dyn ReadSeek,
    encoding: &'static encoding_rs::Encoding,
) -> Result<bool, Finding> {
    file.seek(SeekFrom::Start(0))?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut piece = vec![0u8; PIECE];
    loop {
        let n = file.read(&mut piece)?;
        let bytes = piece.get(..n).unwrap_or_default();
        let mut text = String::with_capacity(
            decoder.max_utf8_buffer_length_without_replacement(n).unwrap_or(PIECE),
        );
        let last = bytes.is_empty();
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
        let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
        if result != encoding_rs::DecoderResult::InputEmpty || text.contains(odd) {
            return Ok(false);
        }
        if last {
            return Ok(true);
        }
    }
}

fn no_zip_behind(file: &mut dyn ReadSeek, size: u64) -> Result<(), Finding> {
    match find(&tail(file, size, ZIP_TAIL)?, ZIP_END) {
        Some(_) => Err(FileRefusal::Hidden.into()),
        None => Ok(()),
    }
}

/// Whether any of `needles` occurs, read piece by piece with an overlap.
fn contains_any(file: &mut dyn ReadSeek, needles: &[&[u8]]) -> Result<bool, Finding> {
    let overlap = needles.iter().map(|needle| needle.len()).max().unwrap_or(1).saturating_sub(1);
    file.seek(SeekFrom::Start(0))?;
    let mut window: Vec<u8> = Vec::with_capacity(PIECE + overlap);
    let mut piece = vec![0u8; PIECE];
    loop {
        let n = file.read(&mut piece)?;
        if n == 0 {
            return Ok(false);
        }
        window.extend_from_slice(piece.get(..n).unwrap_or_default());
        if needles.iter().any(|needle| find(&window, needle).is_some()) {
            return Ok(true);
        }
        window.drain(..window.len().saturating_sub(overlap));
    }
}

fn exact<const N: usize>(file: &mut dyn ReadSeek) -> Result<[u8; N], Finding> {
    let mut bytes = [0u8; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
