//! A file store in a folder: `sha256/ab/cd…`, one file per digest, readable by this user only.
//!
//! A file is written under `incoming/`, synced, renamed into place, and its folder synced: it is
//! there in full or not at all. What a crash left in `incoming/` is swept when the store opens;
//! only files older than a day, because another server may share the folder and be uploading.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use super::{Files, FilesFault, Meter, Opened, Stored, Upload, checked};
use crate::adapters::random::{self, Random};
use crate::domain::digest::Sha256Digest;
use crate::domain::time::{Span, Timestamp};

/// Age at which an unfinished upload is taken for abandoned.
const ABANDONED_AFTER: Span = Span::hours(24);

/// Files in a folder.
pub struct DirectoryFiles {
    root: PathBuf,
    random: Arc<dyn Random>,
}

struct DirectoryUpload {
    root: PathBuf,
    temporary: Temporary,
    file: File,
    meter: Meter,
}

/// Removes the file it names, unless it was renamed away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Absent is what is wanted; anything else is swept at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl DirectoryFiles {
    /// Opens the store under `root`, making its folders and sweeping what was abandoned.
    ///
    /// # Errors
    /// The folder cannot be made, read or written.
    pub fn open_store(
        root: &Path,
        random: Arc<dyn Random>,
        now: Timestamp,
    ) -> Result<Self, FilesFault> {
        make_folder(&root.join("sha256"))?;
        make_folder(&incoming(root))?;
        for entry in fs::read_dir(incoming(root))? {
            let entry = entry?;
            if is_abandoned(&entry, now).unwrap_or(false) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { root: root.to_owned(), random })
    }

    fn place(&self, digest: &Sha256Digest) -> PathBuf {
        let (folder, name) = place(&self.root, digest);
        folder.join(name)
    }
}

fn incoming(root: &Path) -> PathBuf {
    root.join("incoming")
}

/// Folder and name: two levels, so that no folder grows beyond a few thousand entries.
fn place(root: &Path, digest: &Sha256Digest) -> (PathBuf, String) {
    let name = digest.to_string();
    let level = |from: usize| name.get(from..from + 2).unwrap_or("00").to_owned();
    (root.join("sha256").join(level(0)).join(level(2)), name)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn is_abandoned(entry: &fs::DirEntry, now: Timestamp) -> io::Result<bool> {
    let touched = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let touched = i64::try_from(touched.as_micros()).unwrap_or(i64::MAX);
    Ok(now.since(Timestamp::from_micros(touched)) > ABANDONED_AFTER)
}

impl Files for DirectoryFiles {
    fn begin(&self, bytes_max: u64) -> Result<Box<dyn Upload>, FilesFault> {
        let name: [u8; 32] = random::bytes(&*self.random).map_err(io::Error::other)?;
        let path = incoming(&self.root).join(Sha256Digest::from_bytes(name).to_string());
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Box::new(DirectoryUpload {
            root: self.root.clone(),
            temporary: Temporary(path),
            file,
            meter: Meter::new(bytes_max),
        }))
    }

    fn open(&self, digest: &Sha256Digest) -> Result<Opened, FilesFault> {
        match File::open(self.place(digest)) {
            Ok(file) => checked(Box::new(file), digest),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(FilesFault::Absent(*digest))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn contains(&self, digest: &Sha256Digest) -> Result<bool, FilesFault> {
        Ok(self.place(digest).try_exists()?)
    }
}

impl Upload for DirectoryUpload {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FilesFault> {
        self.meter.take(bytes)?;
        Ok(self.file.write_all(bytes)?)
    }

    fn look(&mut self) -> Result<Opened, FilesFault> {
        let reader = File::open(&self.temporary.0)?;
        Ok(Opened { reader: Box::new(reader), size: self.meter.size })
    }

    fn finish(self: Box<Self>) -> Result<Stored, FilesFault> {
        let Self { root, temporary, file, meter } = *self;
        file.sync_all()?;
        let stored = meter.stored();
        let (folder, name) = place(&root, &stored.digest);
        make_folder(&folder)?;
        // The same bytes may be there already; replacing them heals a damaged copy.
        fs::rename(&temporary.0, folder.join(name))?;
        // The new entry, and the folders that may be new themselves.
        for level in folder.ancestors().take(3) {
            File::open(level)?.sync_all()?;
        }
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::random::SeededRandom;

    fn store(root: &Path, seed: u64, now: Timestamp) -> DirectoryFiles {
        DirectoryFiles::open_store(root, Arc::new(SeededRandom::new(seed)), now).unwrap()
    }

    fn names(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn it_behaves_like_a_store_and_leaves_no_temporary_files() {
        let root = tempfile::tempdir().unwrap();
        let files = store(root.path(), 1, Timestamp::default());
        super::super::behaves_like_a_store(&files);
        assert_eq!(names(&incoming(root.path())), Vec::<PathBuf>::new());
        let again = store(root.path(), 2, Timestamp::default());
        assert!(again.contains(&Sha256Digest::of(b"hello")).unwrap());
    }

    #[test]
    fn changed_bytes_are_not_handed_out_and_a_new_upload_heals_them() {
        let root = tempfile::tempdir().unwrap();
        let files = store(root.path(), 1, Timestamp::default());
        let put = || {
            let mut upload = files.begin(9).unwrap();
            upload.write(b"hello").unwrap();
            upload.finish().unwrap()
        };
        let digest = put().digest;
        fs::write(files.place(&digest), b"hellO").unwrap();
        assert!(matches!(files.open(&digest), Err(FilesFault::Changed(_))));
        put();
        assert!(files.open(&digest).is_ok());
    }

    #[test]
    fn only_abandoned_uploads_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let files = store(root.path(), 1, Timestamp::default());
        let upload = files.begin(9).unwrap();
        let touched = fs::metadata(&names(&incoming(root.path()))[0]).unwrap().modified().unwrap();
        let touched = touched.duration_since(UNIX_EPOCH).unwrap().as_micros();
        let touched = Timestamp::from_micros(i64::try_from(touched).unwrap());
        store(root.path(), 2, touched.plus(Span::hours(23)));
        assert_eq!(names(&incoming(root.path())).len(), 1, "perhaps still coming in");
        store(root.path(), 2, touched.plus(Span::hours(25)));
        assert_eq!(names(&incoming(root.path())).len(), 0);
        drop(upload);
    }
}
