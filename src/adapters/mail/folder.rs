//! Mail into a folder: the demo's mailbox. Each mail is an `.eml` as it would have travelled,
//! with a `.json` beside it that a page can show. Not for production: nobody is reached.
//!
//! Files appear whole or not at all; a mail repeated with its Message-ID replaces itself.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::compose::compose;
use super::{MailError, MailSession, Mailer, OutgoingMail, SendLimits, SendReport};
use crate::domain::message::{Happening, Phase};

const RELAY: &str = "folder";

/// A mail as the demo mailbox shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMail {
    /// Name by which [`FolderMailer::read`] finds it again.
    pub name: String,
    /// Sender, name and address.
    pub from: String,
    /// Recipient's address.
    pub to: String,
    /// Recipient's name.
    pub to_name: String,
    /// Subject.
    pub subject: String,
    /// Microseconds since 1970 in UTC, from the Date header.
    pub date_micros: i64,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// Writes mails into a folder and reads them back.
#[derive(Debug, Clone)]
pub struct FolderMailer(Arc<PathBuf>);

impl FolderMailer {
    /// Uses `folder`, making it if need be.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self, MailError> {
        fs::create_dir_all(&folder).map_err(|error| unusable(&folder, error))?;
        Ok(Self(Arc::new(folder)))
    }

    /// The newest mails, newest first.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read.
    pub fn list(&self, count_max: usize) -> Result<Vec<StoredMail>, MailError> {
        let folder = self.0.as_path();
        let mut mails = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unusable(folder, error))? {
            let path = entry.map_err(|error| unusable(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                mails.extend(read_json(&path)?);
            }
        }
        mails.sort_by(|a, b| (b.date_micros, &b.name).cmp(&(a.date_micros, &a.name)));
        mails.truncate(count_max);
        Ok(mails)
    }

    /// One mail by its name; `None` if there is none or the name is no name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<StoredMail>, MailError> {
        if !is_name(name) {
            return Ok(None);
        }
        read_json(&self.0.join(format!("{name}.json")))
    }

    /// One mail as it would have travelled.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn raw(&self, name: &str) -> Result<Option<Vec<u8>>, MailError> {
        if !is_name(name) {
            return Ok(None);
        }
        read_whole(&self.0.join(format!("{name}.eml")))
    }

    fn store(&self, mail: &OutgoingMail, bytes: &[u8]) -> io::Result<()> {
        let name = name_of(&mail.message_id);
        let stored = StoredMail {
            name: name.clone(),
            from: format!("{} <{}>", mail.from.name, mail.from.address),
            to: mail.to.address.clone(),
            to_name: mail.to.name.clone(),
            subject: mail.subject.clone(),
            date_micros: mail.date.as_micros(),
            text: mail.text.clone(),
            html: mail.html.clone(),
        };
        let json = serde_json::to_vec(&stored).map_err(io::Error::other)?;
        // The .json last: what is listed has its .eml.
        self.put(&format!("{name}.eml"), bytes)?;
        self.put(&format!("{name}.json"), &json)
    }

    fn put(&self, file_name: &str, bytes: &[u8]) -> io::Result<()> {
        let whole = self.0.join(file_name);
        let half = self.0.join(format!("{file_name}.half"));
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(half, whole)
    }
}

/// Thirty-two hex digits that follow from the Message-ID, so that a repeat meets itself.
fn name_of(message_id: &str) -> String {
    let digest = Sha256::digest(message_id.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn is_name(name: &str) -> bool {
    name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit())
}

fn unusable(path: &Path, source: io::Error) -> MailError {
    MailError::Folder { path: path.display().to_string(), source }
}

fn read_whole(path: &Path) -> Result<Option<Vec<u8>>, MailError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, error)),
    }
}

fn read_json(path: &Path) -> Result<Option<StoredMail>, MailError> {
    let Some(bytes) = read_whole(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| unusable(path, error.into()))
}

impl Mailer for FolderMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(self.clone())
    }
}

impl MailSession for FolderMailer {
    fn send(&mut self, mail: &OutgoingMail, _limits: SendLimits) -> SendReport {
        let composed = match compose(mail) {
            Ok(composed) => composed,
            Err(error) => {
                let happening = Happening::Unbuildable(error.to_string());
                return SendReport::of(RELAY, Phase::Prepare, &happening);
            }
        };
        match self.store(mail, composed.bytes()) {
            Ok(()) => SendReport::accepted(RELAY, "250 kept in the folder"),
            Err(error) => {
                let happening = Happening::Unreachable(format!("mail folder: {error}"));
                SendReport::of(RELAY, Phase::Connect, &happening)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::a_mail;
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn mails_are_listed_newest_first_and_a_repeat_replaces_itself() {
        let folder = tempfile::tempdir().expect("folder");
        let mailer = FolderMailer::new(folder.path().join("mail")).expect("usable");
        let mut session = mailer.session();
        let first = a_mail();
        let mut second = a_mail();
        second.message_id = "<fedcba@issuer.example>".to_owned();
        second.date = first.date.plus(Span::seconds(1));
        for mail in [&first, &second, &first] {
            assert_eq!(session.send(mail, SendLimits::flash()).outcome.kind(), "accepted");
        }
        let listed = mailer.list(10).expect("lists");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].date_micros, second.date.as_micros());
        assert_eq!(listed[1].subject, first.subject);
        assert_eq!(mailer.list(1).expect("lists").len(), 1);
        let name = &listed[1].name;
        assert_eq!(mailer.read(name).expect("reads").as_ref(), Some(&listed[1]));
        let raw = mailer.raw(name).expect("reads").expect("there");
        assert_eq!(raw, compose(&first).expect("builds").bytes());
    }

    #[test]
    fn a_name_is_no_path_and_a_lost_folder_loses_no_mail() {
        let folder = tempfile::tempdir().expect("folder");
        let mailer = FolderMailer::new(folder.path().join("mail")).expect("usable");
        assert!(mailer.read("../../etc/passwd").expect("no error").is_none());
        assert!(mailer.read(&"0".repeat(32)).expect("no error").is_none());
        fs::remove_dir(folder.path().join("mail")).expect("removes");
        let report = mailer.session().send(&a_mail(), SendLimits::flash());
        assert_eq!(report.outcome.kind(), "not_sent");
    }
}
