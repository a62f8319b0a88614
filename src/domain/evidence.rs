//! Events: what happened, in bytes that never change, and the leaf hash over them.
//!
//! An event holds ids, digests and facts. What belongs to a person (a name, a telephone number)
//! enters only as a salted commitment, so that the value and its salt can be deleted later while
//! the entry still verifies. Refuses nothing but what has no canonical form; whether an event
//! may happen is decided elsewhere, before it is written.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::canonical::{NotCanonical, canonical};
use super::digest::Sha256Digest;
use super::ids::{
    AccountId, AddressId, AttemptId, ContactId, DeliveryId, DeskId, EventId, LinkId, MessageId,
    NoticeId, OrganizationId, ReceiptId, ReturnId, RungId,
};
use super::time::Timestamp;

/// Version of the canonical form; a reader refuses versions it does not know.
pub const FORMAT_VERSION: u32 = 1;

/// Families of events in ETSI EN 319 522-1 (electronic registered delivery).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A: the service accepted or refused the sender's item.
    Submission,
    /// C: the recipient was asked to accept, accepted, refused, or let the time pass.
    Acceptance,
    /// D: the content was made available, or was not; notice of it was looked at.
    Consignment,
    /// E: the content crossed over to the recipient.
    Handover,
    /// None: an act inside the office that the standard does not list.
    Local,
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $family:ident,)*) => {
        /// What an event says. A new kind is one line here; a name, once written, never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind { $($(#[$doc])* $variant,)* }

        impl EventKind {
            /// Every kind, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in canonical bytes and in the table.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The kind of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Its family in ETSI EN 319 522.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }
        }
    };
}

event_kinds! {
    /// An account was made.
    AccountCreated = "account_created" in Local,
    /// Role, organisation, password or state of an account changed.
    AccountChanged = "account_changed" in Local,
    /// Somebody signed in.
    SignedIn = "signed_in" in Local,
    /// A sign-in was refused; says nothing of whether the account exists.
    SignInRefused = "sign_in_refused" in Local,
    /// A directory file was taken over.
    DirectoryImported = "directory_imported" in Local,
    /// 送核发: the author handed the draft to the releaser.
    NoticeSubmitted = "notice_submitted" in Local,
    /// The releaser sent the draft back.
    NoticeSentBack = "notice_sent_back" in Local,
    /// 核发: the second person released exactly this draft.
    NoticeReleased = "notice_released" in Local,
    /// Issued (A.1 SubmissionAcceptance).
    NoticeIssued = "notice_issued" in Submission,
    /// Refused because it looks classified (A.2 SubmissionRejection).
    ClassifiedRefused = "classified_refused" in Submission,
    /// 已送出: the next server took the message (C.1 NotificationForAcceptance).
    MessageHandedOver = "message_handed_over" in Acceptance,
    /// Not sent this time, will be tried again (C.2 NotificationForAcceptanceFailure).
    MessageNotSent = "message_not_sent" in Acceptance,
    /// The next server refused the message for good (C.2).
    MessageRejected = "message_rejected" in Acceptance,
    /// It may have been taken: the connection broke after the last byte.
    MessageUncertain = "message_uncertain" in Acceptance,
    /// No longer owed, because the answer came first.
    MessageCancelled = "message_cancelled" in Acceptance,
    /// Given up after the last try (C.2).
    MessageDead = "message_dead" in Acceptance,
    /// 催签: asked again for the signature (C.1).
    Reminded = "reminded" in Acceptance,
    /// 已取回: some program loaded the page (notification access tracking).
    LinkFetched = "link_fetched" in Consignment,
    /// 已查看: somebody acted on the page (content access tracking).
    Opened = "opened" in Consignment,
    /// 已下载: a file was taken (E.1 ContentHandover).
    Downloaded = "downloaded" in Handover,
    /// 签收 (C.3 ConsignmentAcceptance).
    Acknowledged = "acknowledged" in Acceptance,
    /// 登记查看: a second person looked after the signature.
    ViewingRegistered = "viewing_registered" in Consignment,
    /// 误签: who signed was corrected; the first fact stands beside it.
    ReceiptCorrected = "receipt_corrected" in Acceptance,
    /// 退文 (C.4 ConsignmentRejection).
    Returned = "returned" in Acceptance,
    /// 请求重发: a good copy was asked for.
    AskedAgain = "asked_again" in Acceptance,
    /// 重发: the same item went out once more (D.1 ContentConsignment).
    Resent = "resent" in Consignment,
    /// No verified way leads to the organisation (D.2 ContentConsignmentFailure).
    Unreachable = "unreachable" in Consignment,
    /// 逾期未签收: it was there and unsigned at the deadline (C.5 AcceptanceRejectionExpiry).
    Overdue = "overdue" in Acceptance,
    /// 未通知到: it had never arrived at the deadline (D.2).
    NotReached = "not_reached" in Consignment,
    /// A call to the organisation, and how it ended.
    CallMade = "call_made" in Acceptance,
    /// A 市州 was asked to make the calls to its counties.
    CallsDelegated = "calls_delegated" in Local,
    /// What a 市州 reported back of the calls it was asked to make.
    DelegationReported = "delegation_reported" in Local,
    /// Through its link an organisation told who answers tonight.
    DutyTonightTold = "duty_tonight_told" in Local,
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the staff, signed in.
    Account(AccountId),
    /// Whoever held the link; names a seat, not a person.
    Link(LinkId),
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
            Self::System(duty) => write!(f, "system:{duty}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// A fact that names nobody: a rung, a reply code, a reason from a fixed list.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// What an event is about; each is an id of its own kind.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Subjects {
            /// The notice.
            pub notice: Option<NoticeId>,
            /// Its version.
            pub version: Option<u32>,
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl Subjects {
            fn to_json(&self) -> Value {
                let mut members = Map::new();
                if let Some(id) = self.notice {
                    members.insert("notice".to_owned(), id.to_string().into());
                }
                if let Some(version) = self.version {
                    members.insert("version".to_owned(), version.into());
                }
                $(if let Some(id) = self.$field {
                    members.insert(stringify!($field).to_owned(), id.to_string().into());
                })*
                members.into()
            }
        }

        impl Event {
            $($(#[$doc])* #[must_use] pub fn $field(mut self, id: $kind) -> Self {
                self.subjects.$field = Some(id);
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
    /// The organisation.
    organization: OrganizationId,
    /// The receipt.
    receipt: ReceiptId,
    /// The return or request for a good copy.
    returned: ReturnId,
    /// The rung of the ladder.
    rung: RungId,
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
        let digests: Map<_, _> = self
            .digests
            .iter()
            .map(|(name, digest)| ((*name).to_owned(), digest.to_string().into()))
            .collect();
        let facts: Map<_, _> = self
            .facts
            .iter()
            .map(|(name, fact)| {
                let value = match fact {
                    Fact::Text(text) => text.clone().into(),
                    Fact::Int(n) => (*n).into(),
                    Fact::Bool(yes) => (*yes).into(),
                };
                ((*name).to_owned(), value)
            })
            .collect();
        let personal: Map<_, _> = self
            .personal
            .iter()
            .map(|one| (one.name.to_owned(), one.commitment().to_string().into()))
            .collect();
        canonical(&json!({
            "actor": self.actor.to_string(),
            "at": self.at.to_string(),
            "digests": digests,
            "facts": facts,
            "id": self.id.to_string(),
            "kind": self.kind.as_str(),
            "personal": personal,
            "subjects": self.subjects.to_json(),
            "v": FORMAT_VERSION,
        }))
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
