//! What a release binds: one digest over everything that will be sent, and to whom.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::draft::{Field, NoticeDraft};
use crate::domain::delivery::Addressee;
use crate::domain::ids::OrganizationId;
use crate::domain::words::stored_words;

/// Names the format of the bytes below; a change of format changes every digest.
const FORMAT: &[u8] = b"qianshou draft 1";

/// The text itself or an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileRole {
    /// 正文
    Main,
    /// 附件
    Attachment,
}

stored_words!(FileRole, { Main => "main", Attachment => "attachment" });

/// A file of a draft, as far as the digest cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFile {
    /// Name shown to recipients.
    pub name: String,
    /// Text or attachment.
    pub role: FileRole,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// SHA-256 over the draft's fields, its files in order, and its recipients as a set.
#[must_use]
pub fn draft_digest(
    draft: &NoticeDraft,
    files: &[DraftFile],
    recipients: &[(OrganizationId, Addressee)],
) -> [u8; 32] {
    let mut bytes = Canonical(Sha256::new());
    bytes.part(FORMAT);
    for field in Field::ALL {
        bytes.part(field.as_str().as_bytes());
        match field {
            Field::Signatories => {
                bytes.count(draft.signatories.len());
                for signatory in &draft.signatories {
                    bytes.part(signatory.name.as_bytes());
                    bytes.part(&[u8::from(signatory.lead)]);
                }
            }
            Field::Overnight => bytes.part(&[u8::from(draft.overnight)]),
            field => bytes.part(draft.text(*field).as_bytes()),
        }
    }
    bytes.count(files.len());
    for file in files {
        bytes.part(file.name.as_bytes());
        bytes.part(file.role.as_str().as_bytes());
        bytes.part(&file.sha256);
    }
    bytes.recipients(recipients);
    bytes.0.finalize().into()
}

/// Names the format of the list of recipients.
const RECIPIENTS_FORMAT: &[u8] = b"qianshou recipients 1";

/// SHA-256 over the recipients as a set: what the event of an issue binds.
#[must_use]
pub fn recipients_digest(recipients: &[(OrganizationId, Addressee)]) -> [u8; 32] {
    let mut bytes = Canonical(Sha256::new());
    bytes.part(RECIPIENTS_FORMAT);
    bytes.recipients(recipients);
    bytes.0.finalize().into()
}

/// Parts with their lengths before them, so that no two lists of parts have the same bytes.
struct Canonical(Sha256);

impl Canonical {
    fn part(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn recipients(&mut self, recipients: &[(OrganizationId, Addressee)]) {
        let recipients: BTreeSet<_> = recipients.iter().copied().collect();
        self.count(recipients.len());
        for (organization, addressee) in recipients {
            self.part(organization.to_string().as_bytes());
            self.part(addressee.as_str().as_bytes());
        }
    }

    fn count(&mut self, n: usize) {
        self.0.update(u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes());
    }
}
