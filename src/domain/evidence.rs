//! Events: what happened, in bytes that never change, and the leaf hash over them.
//!
//! An event holds ids, digests and facts. What belongs to a person (a name, a telephone number)
//! enters only as a salted commitment, so that the value and its salt can be deleted later while
//! the entry still verifies. Refuses nothing but what has no canonical form; whether an event
//! may happen is decided elsewhere, before it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

mod kinds;

pub use kinds::{EventKind, Family};

use super::canonical::{NotCanonical, canonical};
use super::digest::Sha256Digest;
use super::ids::{
    AccountId, AddressId, AttemptId, ContactId, DelegationId, DeliveryId, DeskId, EventId, LinkId,
    MessageId, NoticeId, OrganizationId, ReceiptId, ReturnId, RungId,
};
use super::time::Timestamp;

/// Version of the canonical form; a reader refuses versions it does not know.
pub const FORMAT_VERSION: u32 = 1;

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the staff, signed in.
    Account(AccountId),
    /// Whoever held the link; names a seat, not a person.
    Link(LinkId),
    /// The desk of a 市州 that makes calls for an office; names the seat, not a person.
    Delegate(DelegationId),
    /// A duty of the server, by its name.
    System(&'static str),
    /// Whoever sat at the command line.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Link(id) => write!(f, "link:{id}"),
            Self::Delegate(id) => write!(f, "delegate:{id}"),
            Self::System(duty) => write!(f, "system:{duty}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A fact that names nobody: a rung, a reply code, a reason from a fixed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// Words that are not personal.
    Text(String),
    /// A whole number within ±(2^53 − 1).
    Int(i64),
    /// Yes or no.
    Bool(bool),
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Fact {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<i32> for Fact {
    fn from(n: i32) -> Self {
        Self::Int(n.into())
    }
}

impl From<u32> for Fact {
    fn from(n: u32) -> Self {
        Self::Int(n.into())
    }
}

impl From<bool> for Fact {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

/// A personal value: the event binds it, and only the deletable table holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal {
    /// What it is, for example `signer_name`.
    pub name: &'static str,
    /// The value itself.
    pub value: String,
    /// Sixteen random bytes, so that the value cannot be guessed from the commitment.
    pub salt: [u8; 16],
}

impl Personal {
    /// SHA-256(salt ‖ name ‖ 0x00 ‖ value).
    #[must_use]
    pub fn commitment(&self) -> Sha256Digest {
        commitment(&self.salt, self.name, &self.value)
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({}, redacted)", self.name)
    }
}

/// What [`Personal::commitment`] computes, for checking a stored value against an entry.
#[must_use]
pub fn commitment(salt: &[u8; 16], name: &str, value: &str) -> Sha256Digest {
    let hash = Sha256::new()
        .chain_update(salt)
        .chain_update(name.as_bytes())
        .chain_update([0u8])
        .chain_update(value.as_bytes())
        .finalize();
    Sha256Digest::from_bytes(hash.into())
}

/// The leaf hash of an entry's bytes: SHA-256(0x00 ‖ bytes), RFC 6962 §2.1.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Sha256Digest {
    let hash = Sha256::new().chain_update([0u8]).chain_update(bytes).finalize();
    Sha256Digest::from_bytes(hash.into())
}

macro_rules! subjects {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)* ;
     $($(#[$about:meta])* $later:ident: $id:ty,)*) => {
        /// What an event is about; each is an id of its own kind. Declared in the order of the
        /// canonical form, so that nothing is put in order for each event.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub struct Subjects {
            $($(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$kind>,)*
            /// The notice.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub notice: Option<NoticeId>,
            $($(#[$about])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $later: Option<$id>,)*
            /// The notice's version.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub version: Option<u32>,
        }

        impl Event {
            $($(#[$doc])* #[must_use] pub fn $field(mut self, id: $kind) -> Self {
                self.subjects.$field = Some(id);
                self
            })*
            $($(#[$about])* #[must_use] pub fn $later(mut self, id: $id) -> Self {
                self.subjects.$later = Some(id);
                self
            })*
        }
    };
}

subjects! {
    /// The account it happened to.
    account: AccountId,
    /// The address.
    address: AddressId,
    /// The try.
    attempt: AttemptId,
    /// The contact.
    contact: ContactId,
    /// The delivery.
    delivery: DeliveryId,
    /// The desk.
    desk: DeskId,
    /// The link.
    link: LinkId,
    /// The message.
    message: MessageId,
    ;
    /// The organisation.
    organization: OrganizationId,
    /// The receipt.
    receipt: ReceiptId,
    /// The return or request for a good copy.
    returned: ReturnId,
    /// The rung of the ladder.
    rung: RungId,
}

/// What stands in an entry's bytes.
#[derive(Serialize)]
struct Form<'e> {
    actor: fmt::Arguments<'e>,
    at: fmt::Arguments<'e>,
    digests: &'e BTreeMap<&'static str, Sha256Digest>,
    facts: &'e BTreeMap<&'static str, Fact>,
    id: EventId,
    kind: &'static str,
    personal: BTreeMap<&'static str, Sha256Digest>,
    subjects: &'e Subjects,
    v: u32,
}

/// One entry of the evidence log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What it says.
    pub kind: EventKind,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What it is about.
    pub subjects: Subjects,
    /// Digests it binds, by name.
    pub digests: BTreeMap<&'static str, Sha256Digest>,
    /// Facts that name nobody, by name.
    pub facts: BTreeMap<&'static str, Fact>,
    /// Personal values, of which the bytes hold commitments only; one per name.
    pub personal: Vec<Personal>,
}

impl Event {
    /// An event with nothing attached yet.
    #[must_use]
    pub fn new(id: EventId, kind: EventKind, at: Timestamp, actor: Actor) -> Self {
        Self {
            id,
            kind,
            at,
            actor,
            subjects: Subjects::default(),
            digests: BTreeMap::new(),
            facts: BTreeMap::new(),
            personal: Vec::new(),
        }
    }

    /// The notice and its version.
    #[must_use]
    pub fn notice(mut self, id: NoticeId, version: u32) -> Self {
        self.subjects.notice = Some(id);
        self.subjects.version = Some(version);
        self
    }

    /// Adds a digest; the last one of a name stands.
    #[must_use]
    pub fn digest(mut self, name: &'static str, digest: Sha256Digest) -> Self {
        self.digests.insert(name, digest);
        self
    }

    /// Adds a fact that names nobody; the last one of a name stands.
    #[must_use]
    pub fn fact(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.insert(name, fact.into());
        self
    }

    /// Adds a personal value under `salt`; the last one of a name stands.
    #[must_use]
    pub fn personal(
        mut self,
        name: &'static str,
        value: impl Into<String>,
        salt: [u8; 16],
    ) -> Self {
        self.personal.retain(|known| known.name != name);
        self.personal.push(Personal { name, value: value.into(), salt });
        self
    }

    /// The bytes that are stored and hashed.
    ///
    /// # Errors
    /// A fact is a number beyond ±(2^53 − 1), or a name is not ASCII.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical(&Form {
            actor: format_args!("{}", self.actor),
            at: format_args!("{}", self.at),
            digests: &self.digests,
            facts: &self.facts,
            id: self.id,
            kind: self.kind.as_str(),
            personal: self.personal.iter().map(|one| (one.name, one.commitment())).collect(),
            subjects: &self.subjects,
            v: FORMAT_VERSION,
        })
    }

    /// The leaf hash of [`Self::canonical_bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn leaf_hash(&self) -> Result<Sha256Digest, NotCanonical> {
        Ok(leaf_hash(&self.canonical_bytes()?))
    }

    /// The event with its bytes, which it can no longer be changed away from.
    ///
    /// # Errors
    /// As [`Self::canonical_bytes`].
    pub fn seal(self) -> Result<SealedEvent, NotCanonical> {
        let bytes = self.canonical_bytes()?;
        Ok(SealedEvent { leaf: leaf_hash(&bytes), bytes, event: self })
    }
}

/// An event whose bytes were computed before it is written, because a receipt binds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    event: Event,
    bytes: Vec<u8>,
    leaf: Sha256Digest,
}

impl SealedEvent {
    /// What was sealed.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The leaf hash over them.
    #[must_use]
    pub const fn leaf(&self) -> Sha256Digest {
        self.leaf
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
