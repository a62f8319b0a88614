//! The mails of a demonstration, read from the folder they were written into. Does not exist
//! where mails are really sent.

use super::ServiceError;
use crate::adapters::mail::{FolderMailer, MailError};

pub use crate::adapters::mail::StoredMail;

/// The mailbox of everybody.
#[derive(Debug, Clone)]
pub struct DemoMailbox(FolderMailer);

impl From<MailError> for ServiceError {
    fn from(error: MailError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl DemoMailbox {
    /// Over the folder of this way out.
    #[must_use]
    pub fn new(folder: FolderMailer) -> Self {
        Self(folder)
    }

    /// Every mail, newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<StoredMail>, ServiceError> {
        Ok(self.0.list(usize::MAX)?)
    }

    /// One mail.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is none of that name.
    pub fn read(&self, name: &str) -> Result<StoredMail, ServiceError> {
        self.0.read(name)?.ok_or(ServiceError::NotFound)
    }

    /// One mail as it would have travelled.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is none of that name.
    pub fn raw(&self, name: &str) -> Result<Vec<u8>, ServiceError> {
        self.0.raw(name)?.ok_or(ServiceError::NotFound)
    }
}
