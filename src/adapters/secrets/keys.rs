//! The server's keys: made once, kept in a folder of their own, read at start.
//!
//! | file | what it does |
//! |---|---|
//! | `link.key` | proves links and visits |
//! | `form.key` | proves forms and check codes |
//! | `receipt.pem` | signs receipts (Ed25519, PKCS#8) |
//! | `receipt.pub.pem` | verifies receipts; given to everybody |
//!
//! Refuses to overwrite a key, and to start with one that is missing, short, of another pair or
//! readable by others: each message says what to do.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::adapters::random::{self, NoRandomness, Random};
use crate::domain::digest::Sha256Digest;

const LINK_KEY: &str = "link.key";
const FORM_KEY: &str = "form.key";
const RECEIPT_KEY: &str = "receipt.pem";
const RECEIPT_PUBLIC_KEY: &str = "receipt.pub.pem";

/// The server's keys, in memory only as long as the server runs.
pub struct Keys {
    pub(super) link: Zeroizing<[u8; 32]>,
    pub(super) form: Zeroizing<[u8; 32]>,
    pub(super) receipt: SigningKey,
    receipt_key_id: String,
    receipt_header: String,
    public_pem: String,
}

/// The key folder cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// Something is there already.
    #[error("{0} exists; keys are never overwritten, because every link and receipt hangs on them")]
    Exists(PathBuf),
    /// Nothing is there.
    #[error(
        "{0} is missing; restore it from the backup of the keys, or make new ones in an empty \
         folder (old links then stop working)"
    )]
    Missing(PathBuf),
    /// Others may read it.
    #[error("{path} may be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what it should be.
    #[error("{path} is not {wanted}; restore it from the backup of the keys")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be there.
        wanted: &'static str,
    },
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// No entropy.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

impl Keys {
    /// Makes a full set of keys in `dir`, which is made too if need be.
    ///
    /// # Errors
    /// Any of the files exists, the folder cannot be written, or there is no randomness.
    pub fn create(dir: &Path, random: &dyn Random) -> Result<Self, KeyFault> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| KeyFault::Io { path: dir.to_owned(), error })?;
        // All looked at first, so that a half-full folder is not filled up with strangers.
        for name in [LINK_KEY, FORM_KEY, RECEIPT_KEY, RECEIPT_PUBLIC_KEY] {
            let path = dir.join(name);
            if path.exists() {
                return Err(KeyFault::Exists(path));
            }
        }
        for name in [LINK_KEY, FORM_KEY] {
            let secret = Zeroizing::new(random::bytes::<32>(random)?);
            let text = Zeroizing::new(format!("{}\n", Sha256Digest::from_bytes(*secret)));
            write_new(&dir.join(name), text.as_bytes(), 0o600)?;
        }
        let seed = Zeroizing::new(random::bytes::<32>(random)?);
        let signing = SigningKey::from_bytes(&seed);
        let path = dir.join(RECEIPT_KEY);
        let malformed = |path| KeyFault::Malformed { path, wanted: "an Ed25519 key" };
        let pem = signing.to_pkcs8_pem(LineEnding::LF).map_err(|_| malformed(path.clone()))?;
        write_new(&path, pem.as_bytes(), 0o600)?;
        let public = public_pem(&signing.verifying_key());
        write_new(&dir.join(RECEIPT_PUBLIC_KEY), public.as_bytes(), 0o644)?;
        File::open(dir)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| KeyFault::Io { path: dir.to_owned(), error })?;
        Self::load(dir)
    }

    /// Reads the keys from `dir`.
    ///
    /// # Errors
    /// A file is missing, malformed, readable by others, or the pair does not match.
    pub fn load(dir: &Path) -> Result<Self, KeyFault> {
        let link = read_secret(&dir.join(LINK_KEY))?;
        let form = read_secret(&dir.join(FORM_KEY))?;
        let path = dir.join(RECEIPT_KEY);
        let pem = read_private(&path)?;
        let receipt = SigningKey::from_pkcs8_pem(&pem).map_err(|_| KeyFault::Malformed {
            path,
            wanted: "an Ed25519 private key in PEM (PKCS#8)",
        })?;
        let path = dir.join(RECEIPT_PUBLIC_KEY);
        let stored = VerifyingKey::from_public_key_pem(&read(&path)?).ok();
        if stored != Some(receipt.verifying_key()) {
            return Err(KeyFault::Malformed { path, wanted: "the public half of receipt.pem" });
        }
        let public_pem = public_pem(&receipt.verifying_key());
        let receipt_key_id = super::receipts::key_id(&receipt.verifying_key());
        let receipt_header = super::receipts::encoded_header(&receipt.verifying_key());
        Ok(Self { link, form, receipt, receipt_key_id, receipt_header, public_pem })
    }

    /// The public key that verifies receipts, in PEM.
    #[must_use]
    pub fn receipt_public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The name of the key that signs receipts, as it stands in their headers.
    #[must_use]
    pub fn receipt_key_id(&self) -> &str {
        &self.receipt_key_id
    }

    /// The encoded header that every receipt of this key begins with.
    pub(super) fn receipt_header(&self) -> &str {
        &self.receipt_header
    }

    /// Keys that everybody can compute, for tests.
    #[cfg(test)]
    pub(crate) fn for_tests(seed: u8) -> Self {
        let receipt = SigningKey::from_bytes(&[seed; 32]);
        let public_pem = public_pem(&receipt.verifying_key());
        Self {
            receipt_key_id: super::receipts::key_id(&receipt.verifying_key()),
            receipt_header: super::receipts::encoded_header(&receipt.verifying_key()),
            link: Zeroizing::new([seed.wrapping_add(1); 32]),
            form: Zeroizing::new([seed.wrapping_add(2); 32]),
            receipt,
            public_pem,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(redacted)")
    }
}

/// A public key in PEM; an Ed25519 point always has one.
pub(super) fn public_pem(key: &VerifyingKey) -> String {
    key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFault> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFault::Exists(path.to_owned()),
        _ => KeyFault::Io { path: path.to_owned(), error },
    })
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyFault> {
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => KeyFault::Missing(path.to_owned()),
        std::io::ErrorKind::InvalidData => {
            KeyFault::Malformed { path: path.to_owned(), wanted: "text" }
        }
        _ => KeyFault::Io { path: path.to_owned(), error },
    })
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyFault> {
    let text = read(path)?;
    let meta = fs::metadata(path).map_err(|error| KeyFault::Io { path: path.to_owned(), error })?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFault::Open { path: path.to_owned(), mode });
    }
    Ok(text)
}

fn read_secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFault> {
    let text = read_private(path)?;
    let secret: Sha256Digest = text.trim_end().parse().map_err(|_| KeyFault::Malformed {
        path: path.to_owned(),
        wanted: "64 hexadecimal digits (32 random bytes)",
    })?;
    Ok(Zeroizing::new(*secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::random::SeededRandom;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        (dir, keys)
    }

    #[test]
    fn keys_are_made_once_and_read_back() {
        let (_guard, dir) = folder();
        let made = Keys::create(&dir, &SeededRandom::new(1)).unwrap();
        let read = Keys::load(&dir).unwrap();
        assert_eq!((&made.link, &made.form), (&read.link, &read.form));
        assert_ne!(made.link, made.form);
        assert_eq!(made.receipt_public_pem(), read.receipt_public_pem());
        assert_eq!(format!("{made:?}"), "Keys(redacted)");
        let again = Keys::create(&dir, &SeededRandom::new(2));
        assert!(matches!(again, Err(KeyFault::Exists(_))));
        fs::remove_file(dir.join(LINK_KEY)).unwrap();
        let filled_up = Keys::create(&dir, &SeededRandom::new(2));
        assert!(matches!(filled_up, Err(KeyFault::Exists(_))));
        assert!(
            matches!(Keys::load(&dir), Err(KeyFault::Missing(path)) if path.ends_with(LINK_KEY))
        );
    }

    #[test]
    fn keys_that_are_open_short_or_mixed_up_are_refused() {
        for name in [LINK_KEY, FORM_KEY, RECEIPT_KEY] {
            let (_guard, dir) = folder();
            Keys::create(&dir, &SeededRandom::new(1)).unwrap();
            let path = dir.join(name);
            for mode in [0o640, 0o604, 0o660] {
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                let fault = Keys::load(&dir).unwrap_err();
                assert!(fault.to_string().contains("chmod 600"), "{fault}");
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let whole = fs::read_to_string(&path).unwrap();
            fs::write(&path, &whole[..whole.len() / 2]).unwrap();
            assert!(matches!(Keys::load(&dir), Err(KeyFault::Malformed { .. })), "{name}");
        }
        let ((_one, dir), (_two, other)) = (folder(), folder());
        Keys::create(&dir, &SeededRandom::new(1)).unwrap();
        Keys::create(&other, &SeededRandom::new(2)).unwrap();
        fs::copy(other.join(RECEIPT_PUBLIC_KEY), dir.join(RECEIPT_PUBLIC_KEY)).unwrap();
        assert!(matches!(Keys::load(&dir), Err(KeyFault::Malformed { .. })));
    }
}
