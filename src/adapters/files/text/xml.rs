//! XML as documents use it: elements and words. No document types, no entities of one's own.

use std::io::Read as _;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::ReadSeek;

/// A package and what may still be unpacked of it.
pub(super) struct Package<'f> {
    archive: zip::ZipArchive<&'f mut dyn ReadSeek>,
    room: u64,
}

/// Bytes unpacked of one package, all parts together.
const UNPACKED_MAX: u64 = 64 << 20;
/// Bytes unpacked of one part.
const PART_MAX: u64 = 16 << 20;

impl<'f> Package<'f> {
    pub(super) fn open(file: &'f mut dyn ReadSeek) -> Option<Self> {
        let archive = zip::ZipArchive::new(file).ok()?;
        Some(Self { archive, room: UNPACKED_MAX })
    }

    /// The names of all parts.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect()
    }

    /// One part as text; `None` where it is absent, too large or no UTF-8.
    pub(super) fn part(&mut self, name: &str) -> Option<String> {
        let part = self.archive.by_name(name).ok()?;
        let most = PART_MAX.min(self.room);
        let mut bytes = Vec::new();
        part.take(most.saturating_add(1)).read_to_end(&mut bytes).ok()?;
        let size = u64::try_from(bytes.len()).ok()?;
        self.room = self.room.checked_sub(size)?;
        if size > most {
            return None;
        }
        let (text, _, broken) = encoding_rs::UTF_8.decode(&bytes);
        (!broken).then(|| text.into_owned())
    }
}

/// What a walk through a part meets.
pub(super) enum Met<'m> {
    /// An element begins: its name without prefix, and its attributes.
    Begin(&'m str, &'m BytesStart<'m>),
    /// An element ends.
    End(&'m str),
    /// Words.
    Words(&'m str),
}

/// Walks through a part; false if it is no XML or declares a document type.
pub(super) fn walk(xml: &str, mut meet: impl FnMut(Met<'_>)) -> bool {
    let mut reader = Reader::from_str(xml);
    // Ends are matched by us where it matters; a slip of the writer is no reason to see nothing.
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => meet(Met::Begin(start.local_name().as_ref(), &start)),
            Ok(Event::Empty(start)) => {
                meet(Met::Begin(start.local_name().as_ref(), &start));
                meet(Met::End(start.local_name().as_ref()));
            }
            Ok(Event::End(end)) => meet(Met::End(end.local_name().as_ref())),
            Ok(Event::Text(text)) => meet(Met::Words(&text)),
            Ok(Event::CData(text)) => meet(Met::Words(&text)),
            Ok(Event::GeneralRef(name)) => {
                let known = match name.resolve_char_ref() {
                    Ok(Some(one)) => Some(one),
                    _ => match &*name {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    },
                };
                if let Some(one) = known {
                    meet(Met::Words(one.encode_utf8(&mut [0; 4])));
                }
            }
            Ok(Event::Eof) => return true,
            Ok(Event::DocType(_)) | Err(_) => return false,
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
        }
    }
}

/// An attribute by its name without prefix.
pub(super) fn attribute(start: &BytesStart<'_>, wanted: &str) -> Option<String> {
    start
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|one| one.key.local_name().as_ref() == wanted)
        .map(|one| one.value.into_owned())
}
