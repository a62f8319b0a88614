//! Kinds that are ZIP packages: Open XML and OFD.
//!
//! The directory of the package is judged by its own figures before anything is unpacked, and
//! then at most one megabyte of the few parts that decide is read. Names inside are never paths.

use std::io::Read;

use super::{FileKind, FileRefusal, Finding, ReadSeek, ensure, find, tail};

/// Entries in one package.
const ENTRIES_MAX: usize = 10_000;
/// Bytes of all entries together, unpacked.
const UNPACKED_MAX: u64 = 500 << 20;
/// Unpacked size against packed size; small packages may exceed it, XML packs very well.
const RATIO_MAX: u64 = 100;
const RATIO_FREE: u64 = 20 << 20;
/// Bytes read of one part that is looked into.
const PART_MAX: u64 = 1 << 20;

const TAIL: u64 = 65_557;

pub(super) fn package(file: &mut dyn ReadSeek, size: u64, kind: FileKind) -> Result<(), Finding> {
    entry_count(file, size)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|_| Finding::Wrong)?;
    if archive.has_overlapping_files().map_err(|_| Finding::Wrong)? {
        return Err(FileRefusal::Bomb.into());
    }
    let mut unpacked = 0u64;
    let mut names = Vec::with_capacity(archive.len());
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|_| Finding::Wrong)?;
        if entry.encrypted() {
            return Err(FileRefusal::Encrypted.into());
        }
        if entry.is_symlink() {
            return Err(FileRefusal::Hidden.into());
        }
        unpacked = unpacked.saturating_add(entry.size());
        names.push(entry.name().map_err(|_| Finding::Wrong)?.into_owned());
    }
    let ratio_broken = unpacked > RATIO_FREE && unpacked / size.max(1) > RATIO_MAX;
    if unpacked > UNPACKED_MAX || ratio_broken {
        return Err(FileRefusal::Bomb.into());
    }
    check_names(&names)?;
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    match kind {
        FileKind::Ofd => {
            ensure(has("OFD.xml"))?;
            ensure(find(&part(&mut archive, "OFD.xml")?, b"OFD").is_some())
        }
        _ => {
            let (main, kind_name): (_, &[u8]) = match kind {
                FileKind::Xlsx => ("xl/workbook.xml", b"spreadsheetml.sheet.main+xml"),
                _ => ("word/document.xml", b"wordprocessingml.document.main+xml"),
            };
            ensure(has("[Content_Types].xml") && has(main))?;
            let types = part(&mut archive, "[Content_Types].xml")?;
            if find(&types, b"macroEnabled").is_some() || find(&types, b"vbaProject").is_some() {
                return Err(FileRefusal::Active.into());
            }
            ensure(find(&types, kind_name).is_some())?;
            let settings = "word/_rels/settings.xml.rels";
            if has(settings) && find(&part(&mut archive, settings)?, b"External").is_some() {
                // A template that is fetched from elsewhere when the file is opened.
                return Err(FileRefusal::Active.into());
            }
            Ok(())
        }
    }
}

/// Reads the count from the end record before the directory is loaded into memory.
fn entry_count(file: &mut dyn ReadSeek, size: u64) -> Result<(), Finding> {
    let end = tail(file, size, TAIL)?;
    let at = end.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or(Finding::Wrong)?;
    let count = end.get(at + 10..at + 12).ok_or(Finding::Wrong)?;
    let count = count.iter().rev().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte));
    // The large form of ZIP, which no document needs, writes 65,535 here.
    if count > ENTRIES_MAX || find(&end, b"PK\x06\x07").is_some() {
        return Err(FileRefusal::Bomb.into());
    }
    Ok(())
}

fn check_names(names: &[String]) -> Result<(), Finding> {
    for name in names {
        let climbs = name.starts_with('/') || name.contains('\\') || name.contains('\0');
        if climbs || name.split('/').any(|step| step == "..") {
            return Err(FileRefusal::Hidden.into());
        }
        let lower = name.to_ascii_lowercase();
        let last = lower.rsplit('/').next().unwrap_or("");
        if last.starts_with("vbaproject")
            || last.starts_with("oleobject")
            || lower.contains("/activex/")
            || lower.contains("/macrosheets/")
        {
            return Err(FileRefusal::Active.into());
        }
        if [".exe", ".dll", ".bat", ".cmd", ".js", ".vbs", ".html", ".htm", ".zip"]
            .iter()
            .any(|ending| last.ends_with(ending))
        {
            return Err(FileRefusal::Hidden.into());
        }
    }
    Ok(())
}

/// The text of one part; a document type declaration, which no writer produces, is refused.
fn part(archive: &mut zip::ZipArchive<&mut dyn ReadSeek>, name: &str) -> Result<Vec<u8>, Finding> {
    let entry = archive.by_name(name).map_err(|_| Finding::Wrong)?;
    let mut bytes = Vec::new();
    entry.take(PART_MAX + 1).read_to_end(&mut bytes).map_err(|_| Finding::Wrong)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > PART_MAX {
        return Err(FileRefusal::Bomb.into());
    }
    ensure(find(&bytes, b"<!DOCTYPE").is_none())?;
    Ok(bytes)
}
