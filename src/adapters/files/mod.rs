//! Files people attach, kept under the SHA-256 of their bytes.
//!
//! An upload is written, looked at, and then either finished, which makes it durable under its
//! digest, or dropped, which leaves nothing behind. What is opened is checked against its digest
//! first: bytes that changed on disk are never handed out. Nothing here knows names of files.

use std::io::{self, Read, Seek, SeekFrom};

use sha2::{Digest as _, Sha256};

use crate::domain::digest::Sha256Digest;

pub mod directory;
pub mod memory;
pub mod sniff;
pub mod text;

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// What the store knows of a finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of its bytes: its name here.
    pub digest: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}

/// An intact file, open at its beginning.
pub struct Opened {
    /// The bytes.
    pub reader: Box<dyn ReadSeek>,
    /// How many there are.
    pub size: u64,
}

/// A file store.
pub trait Files: Send + Sync {
    /// Begins an upload of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// The store cannot be written.
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn Upload>, FilesFault>;

    /// Opens a file after checking every byte of it.
    ///
    /// # Errors
    /// It is absent, was changed, or cannot be read.
    fn open(&self, digest: &Sha256Digest) -> Result<Opened, FilesFault>;

    /// Whether a file of that digest is here; does not read it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn contains(&self, digest: &Sha256Digest) -> Result<bool, FilesFault>;
}

/// A file on its way in. Dropping it discards it.
pub trait Upload: Send {
    /// Adds bytes.
    ///
    /// # Errors
    /// More than was allowed, or the store cannot be written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FilesFault>;

    /// What has come in so far, to be looked at before it is kept.
    ///
    /// # Errors
    /// The store cannot be read.
    fn look(&mut self) -> Result<Opened, FilesFault>;

    /// Keeps the file; when this returns, it survives a power cut.
    ///
    /// # Errors
    /// The store cannot be written.
    fn finish(self: Box<Self>) -> Result<Stored, FilesFault>;
}

/// The file store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum FilesFault {
    /// The upload is larger than allowed.
    #[error("the file is larger than {bytes_max} bytes")]
    TooLarge {
        /// What was allowed.
        bytes_max: u64,
    },
    /// No such file.
    #[error("no file {0} in the store; restore the file store from its backup")]
    Absent(Sha256Digest),
    /// The bytes are not those that were stored.
    #[error("file {0} was changed in the store; it is not handed out, restore it from a backup")]
    Changed(Sha256Digest),
    /// The system refused.
    #[error("the file store failed: {0}")]
    Io(#[from] io::Error),
}

/// Counts and hashes what goes in, and holds the limit.
struct Meter {
    hash: Sha256,
    size: u64,
    bytes_max: u64,
}

impl Meter {
    fn new(bytes_max: u64) -> Self {
        Self { hash: Sha256::new(), size: 0, bytes_max }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), FilesFault> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(more);
        if self.size > self.bytes_max {
            return Err(FilesFault::TooLarge { bytes_max: self.bytes_max });
        }
        self.hash.update(bytes);
        Ok(())
    }

    fn stored(self) -> Stored {
        Stored { digest: Sha256Digest::from_bytes(self.hash.finalize().into()), size: self.size }
    }
}

/// Reads all of `reader`, compares, and goes back to the beginning of the same open file, so
/// that nothing can change between the check and the use.
fn checked(mut reader: Box<dyn ReadSeek>, digest: &Sha256Digest) -> Result<Opened, FilesFault> {
    let mut meter = Meter::new(u64::MAX);
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        let n = reader.read(&mut buffer)?;
        match buffer.get(..n) {
            Some(bytes) if !bytes.is_empty() => meter.take(bytes)?,
            _ => break,
        }
    }
    let found = meter.stored();
    if found.digest != *digest {
        return Err(FilesFault::Changed(*digest));
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(Opened { reader, size: found.size })
}

/// What every store must do, run against each.
#[cfg(test)]
fn behaves_like_a_store(files: &dyn Files) {
    let text = |digest: &Sha256Digest| {
        let mut text = String::new();
        let mut opened = files.open(digest).unwrap();
        opened.reader.read_to_string(&mut text).unwrap();
        assert_eq!(usize::try_from(opened.size).unwrap(), text.len());
        text
    };
    for _ in 0..2 {
        let mut upload = files.begin(5).unwrap();
        upload.write(b"he").unwrap();
        let mut seen = String::new();
        upload.look().unwrap().reader.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "he");
        upload.write(b"llo").unwrap();
        let stored = upload.finish().unwrap();
        assert_eq!(stored, Stored { digest: Sha256Digest::of(b"hello"), size: 5 });
        assert!(files.contains(&stored.digest).unwrap());
        assert_eq!(text(&stored.digest), "hello");
    }
    let mut upload = files.begin(5).unwrap();
    upload.write(b"dropp").unwrap();
    assert!(matches!(upload.write(b"e"), Err(FilesFault::TooLarge { bytes_max: 5 })));
    drop(upload);
    let dropped = Sha256Digest::of(b"dropp");
    assert!(!files.contains(&dropped).unwrap());
    assert!(matches!(files.open(&dropped), Err(FilesFault::Absent(_))));
    let empty = files.begin(0).unwrap().finish().unwrap();
    assert_eq!(text(&empty.digest), "");
}
