//! A file store that forgets everything when it is dropped, for tests.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Files, FilesFault, Meter, Opened, Stored, Upload, checked};
use crate::domain::digest::Sha256Digest;

type Kept = Arc<Mutex<HashMap<Sha256Digest, Vec<u8>>>>;

/// Files in memory. Clones show the same files.
#[derive(Debug, Default, Clone)]
pub struct MemoryFiles(Kept);

struct MemoryUpload {
    kept: Kept,
    meter: Meter,
    bytes: Vec<u8>,
}

impl MemoryFiles {
    fn get(&self, digest: &Sha256Digest) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}

impl Files for MemoryFiles {
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn Upload>, FilesFault> {
        let meter = Meter::new(bytes_max);
        Ok(Box::new(MemoryUpload { kept: Arc::clone(&self.0), meter, bytes: Vec::new() }))
    }

    fn open(&self, digest: &Sha256Digest) -> Result<Opened, FilesFault> {
        let bytes = self.get(digest).ok_or(FilesFault::Absent(*digest))?;
        checked(Box::new(Cursor::new(bytes)), digest)
    }

    fn contains(&self, digest: &Sha256Digest) -> Result<bool, FilesFault> {
        Ok(self.get(digest).is_some())
    }
}

impl Upload for MemoryUpload {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FilesFault> {
        self.meter.take(bytes)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn look(&mut self) -> Result<Opened, FilesFault> {
        Ok(Opened { reader: Box::new(Cursor::new(self.bytes.clone())), size: self.meter.size })
    }

    fn finish(self: Box<Self>) -> Result<Stored, FilesFault> {
        let stored = self.meter.stored();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(stored.digest, self.bytes);
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_behaves_like_a_store() {
        let files = MemoryFiles::default();
        super::super::behaves_like_a_store(&files);
        let digest = Sha256Digest::of(b"hello");
        files.0.lock().unwrap().insert(digest, b"hellO".to_vec());
        assert!(matches!(files.open(&digest), Err(FilesFault::Changed(_))));
    }
}
