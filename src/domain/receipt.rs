//! Receipts: what one binds, its number for people, and whether its shape holds together.
//!
//! Pure: nothing here signs or verifies a signature (`adapters/secrets/receipts.rs` does), and
//! nothing decides whether an organisation may sign. A receipt says that text and files were
//! received; it never says that anything was done.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{NotCanonical, canonical, is_canonical};
pub use super::delivery::ReceiptMode as Mode;
use super::digest::Sha256Digest;
use super::ids::{DeliveryId, EventId, NoticeId, OrganizationId, ReceiptId};
use super::receipt_number::ReceiptNumber;
use super::time::Timestamp;
use super::urgency::Urgency;
use super::words::stored_words;

/// Version of the claims; a reader refuses versions it does not know.
pub const RECEIPT_VERSION: u32 = 1;

/// Whom a receipt is for: any verifier of receipts, and no other kind of reader.
pub const RECEIPT_AUDIENCE: &str = "qianshou-receipt";

/// How much is known about who signed; a higher grade is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Spoke on the telephone; recorded by the issuer's duty desk, and marked as that for ever.
    Phone,
    /// Held the link.
    G0,
    /// Held the link that was sent to a verified address, and copied the code of the page.
    G1,
    /// Signed in with two factors.
    G2,
    /// Signed with the organisation's own key.
    G3,
}

stored_words!(Grade, { Phone => "phone", G0 => "g0", G1 => "g1", G2 => "g2", G3 => "g3" });

impl Grade {
    /// The grade of whoever holds a link: stronger if its address had been shown to work before.
    #[must_use]
    pub const fn of_link(address_is_verified: bool) -> Self {
        if address_is_verified { Self::G1 } else { Self::G0 }
    }

    /// What a level asks for. A lower grade is accepted, stops the clock and is marked.
    #[must_use]
    pub const fn wanted(level: Urgency) -> Self {
        match level {
            Urgency::Flash => Self::G1,
            Urgency::Immediate | Urgency::Priority | Urgency::Routine | Urgency::Ordinary => {
                Self::G0
            }
        }
    }

    /// Whether a level asks for more than this grade. A call is what the level would ask for.
    #[must_use]
    pub fn falls_short_of(self, level: Urgency) -> bool {
        self != Self::Phone && self < Self::wanted(level)
    }

    /// How far the signer was verified, in the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Phone => "电话中口头确认，由发电单位值班人员记录",
            Self::G0 => "持链接，照填页面校验码（该联系方式此前未验证）",
            Self::G1 => "持链接，经已验证的联系方式，照填页面校验码",
            Self::G2 => "双因素登录",
            Self::G3 => "以本单位密钥签名",
        }
    }
}

/// A file as the page offered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferedFile {
    /// Display name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}

/// The organisation, as it was called when it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptOrganization {
    /// Its id in the directory.
    pub id: OrganizationId,
    /// Its name at that time.
    pub name: String,
}

/// Who signed, as stated by the signer; nobody has checked it beyond the grade.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Stated name.
    pub name: String,
    /// Stated telephone number.
    pub phone: String,
    /// Stated post.
    pub post: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(redacted)")
    }
}

/// Everything a receipt binds: the claims of the signed file. Declared in the order of the
/// canonical form, here and above, so that nothing is put in order for each receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBody {
    /// When the server recorded the signature.
    #[serde(with = "instant")]
    pub acknowledged_at: Timestamp,
    /// [`RECEIPT_AUDIENCE`].
    pub aud: String,
    /// By whose authority, for [`Mode::OnBehalf`] and only there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authority: Option<String>,
    /// The way the link or the question travelled: `email`, `phone`, ….
    pub channel: String,
    /// Until when it was due; a copy addressee has no deadline.
    #[serde(with = "instant::optional", skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Timestamp>,
    /// The delivery that was signed for.
    pub delivery: DeliveryId,
    /// 发文字号.
    pub document_number: String,
    /// The event of the evidence log.
    pub event: EventId,
    /// Every file the page offered.
    pub files: Vec<OfferedFile>,
    /// How much is known about the signer.
    pub grade: Grade,
    /// When it was issued, in seconds since 1970 UTC.
    pub iat: i64,
    /// Address of the server that issued it.
    pub iss: String,
    /// Whether the signature came after the deadline.
    pub late: bool,
    /// Leaf hash of that event.
    pub leaf: Sha256Digest,
    /// How it was signed for.
    pub mode: Mode,
    /// The notice.
    pub notice: NoticeId,
    /// Its number for people; follows from the id.
    pub number: ReceiptNumber,
    /// The organisation.
    pub organization: ReceiptOrganization,
    /// Its id.
    pub receipt: ReceiptId,
    /// Who signed.
    pub signer: Signer,
    /// The sentence the signer saw; see [`statement`].
    pub statement: String,
    /// SHA-256 of the text on the page, if the notice has text outside its files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text_sha256: Option<Sha256Digest>,
    /// Title; absent where the network of the installation does not allow it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// [`RECEIPT_VERSION`].
    pub v: u32,
    /// The version of the notice that the page showed.
    pub version: u32,
}

/// A receipt that does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// Not the one agreed form of JSON.
    #[error("the claims are not canonical JSON")]
    Form,
    /// Made by another version of the program.
    #[error("the receipt has version {0}, this program reads version {RECEIPT_VERSION}")]
    Version(String),
    /// A member is missing, unknown or of the wrong kind.
    #[error("the claims do not read as a receipt: {0}")]
    Claims(String),
    /// Made for other readers.
    #[error("the receipt is for {0:?}, not for {RECEIPT_AUDIENCE:?}")]
    Audience(String),
    /// Number and id differ.
    #[error("the receipt number does not belong to the receipt id")]
    Number,
    /// 代收 without authority, or an authority where none belongs.
    #[error("an authority is stated for mode on_behalf and for no other")]
    Authority,
    /// The flag contradicts the times.
    #[error("the late flag contradicts the times")]
    Late,
    /// Issued before the act.
    #[error("the receipt was issued before it was signed for")]
    IssuedBefore,
    /// A stated field is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
}

/// What was received, in words: `正文`, `正文及附件2件`.
#[must_use]
pub fn received_words(attachments: usize) -> String {
    match attachments {
        0 => "正文".to_owned(),
        count => format!("正文及附件{count}件"),
    }
}

/// 签收仅表示收到正文及附件×件，不代表已办理。
#[must_use]
pub fn statement(attachments: usize) -> String {
    format!("签收仅表示收到{}，不代表已办理。", received_words(attachments))
}

impl ReceiptBody {
    /// Whether an act at `at` is late; exactly at the deadline is on time.
    #[must_use]
    pub fn is_late(at: Timestamp, deadline: Option<Timestamp>) -> bool {
        deadline.is_some_and(|deadline| at > deadline)
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// A file size beyond 2^53 − 1.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical(self)
    }

    /// Reads what [`Self::canonical_bytes`] wrote and checks that it holds together.
    ///
    /// # Errors
    /// Any other form, an unknown version, or members that contradict each other.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, BadReceipt> {
        if !is_canonical(bytes) {
            return Err(BadReceipt::Form);
        }
        let claims = |error: serde_json::Error| BadReceipt::Claims(error.to_string());
        let value: Value = serde_json::from_slice(bytes).map_err(claims)?;
        match value.get("v") {
            Some(v) if v.as_u64() == Some(RECEIPT_VERSION.into()) => {}
            Some(other) => return Err(BadReceipt::Version(other.to_string())),
            None => return Err(BadReceipt::Version("none".to_owned())),
        }
        let body: Self = serde_json::from_value(value).map_err(claims)?;
        body.check()?;
        Ok(body)
    }

    /// Whether the members agree with each other.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), BadReceipt> {
        if self.v != RECEIPT_VERSION {
            return Err(BadReceipt::Version(self.v.to_string()));
        }
        if self.aud != RECEIPT_AUDIENCE {
            return Err(BadReceipt::Audience(self.aud.clone()));
        }
        if self.number != ReceiptNumber::of(self.receipt) {
            return Err(BadReceipt::Number);
        }
        let states_authority = self.authority.as_ref().is_some_and(|who| !who.trim().is_empty());
        if states_authority != (self.mode == Mode::OnBehalf)
            || self.authority.is_some() != states_authority
        {
            return Err(BadReceipt::Authority);
        }
        if self.late != Self::is_late(self.acknowledged_at, self.deadline) {
            return Err(BadReceipt::Late);
        }
        if self.iat < self.acknowledged_at.as_seconds() {
            return Err(BadReceipt::IssuedBefore);
        }
        for (name, text) in [
            ("iss", &self.iss),
            ("document_number", &self.document_number),
            ("organization.name", &self.organization.name),
            ("signer.name", &self.signer.name),
            ("channel", &self.channel),
            ("statement", &self.statement),
        ] {
            if text.trim().is_empty() {
                return Err(BadReceipt::Empty(name));
            }
        }
        Ok(())
    }
}

/// Instants in claims: the text of evidence, and only that text.
mod instant {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Timestamp;

    fn parse(text: &str) -> Option<Timestamp> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let at = Timestamp::from_micros(instant.as_microsecond());
        (at.to_string() == text).then_some(at)
    }

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| D::Error::custom("not an instant in UTC with microseconds"))
    }

    pub(super) mod optional {
        use super::{Deserializer, Serializer, Timestamp};

        pub(in super::super) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, to),
                None => to.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            super::deserialize(from).map(Some)
        }
    }
}

/// A receipt for tests of other rooms.
#[cfg(test)]
pub(crate) fn sample() -> ReceiptBody {
    let at = Timestamp::from_micros(1_795_000_000_123_456);
    let receipt = ReceiptId::new(at, [5; 10]);
    ReceiptBody {
        v: RECEIPT_VERSION,
        iss: "https://qianshou.example".to_owned(),
        aud: RECEIPT_AUDIENCE.to_owned(),
        iat: at.as_seconds(),
        receipt,
        number: ReceiptNumber::of(receipt),
        delivery: DeliveryId::new(at, [1; 10]),
        notice: NoticeId::new(at, [2; 10]),
        version: 1,
        document_number: "湘办发电〔2026〕35号".to_owned(),
        title: Some("关于做好防汛工作的通知".to_owned()),
        text_sha256: None,
        files: vec![OfferedFile {
            name: "通知.pdf".to_owned(),
            size: 3,
            sha256: Sha256Digest::of(b"pdf"),
        }],
        organization: ReceiptOrganization {
            id: OrganizationId::new(at, [3; 10]),
            name: "中共长沙市委".to_owned(),
        },
        signer: Signer {
            name: "张三".to_owned(),
            post: "值班员".to_owned(),
            phone: "0731-80000000".to_owned(),
        },
        mode: Mode::OwnOrganization,
        authority: None,
        grade: Grade::G0,
        channel: "email".to_owned(),
        statement: statement(1),
        acknowledged_at: at,
        deadline: Some(at),
        late: false,
        event: EventId::new(at, [4; 10]),
        leaf: Sha256Digest::of(b"event"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoilt(spoil: impl FnOnce(&mut ReceiptBody)) -> Result<ReceiptBody, BadReceipt> {
        let mut body = sample();
        spoil(&mut body);
        ReceiptBody::from_canonical(&body.canonical_bytes().unwrap())
    }

    #[test]
    fn a_receipt_survives_its_bytes() {
        assert_eq!(spoilt(|_| ()), Ok(sample()));
        let without = |body: &mut ReceiptBody| {
            body.title = None;
            body.deadline = None;
        };
        assert!(spoilt(without).is_ok());
        let text = String::from_utf8(sample().canonical_bytes().unwrap()).unwrap();
        assert!(text.contains(r#""mode":"self""#) && text.contains(r#""grade":"g0""#));
        assert!(text.contains(r#""acknowledged_at":"2026-11-18T11:06:40.123456Z""#));
    }

    #[test]
    fn contradictions_are_found() {
        let later = Timestamp::from_micros(1_795_000_000_123_457);
        let earlier = Timestamp::from_micros(1_795_000_000_123_455);
        assert_eq!(spoilt(|r| r.late = true), Err(BadReceipt::Late));
        assert_eq!(spoilt(|r| r.deadline = Some(earlier)), Err(BadReceipt::Late));
        assert!(spoilt(|r| r.deadline = Some(later)).is_ok());
        assert_eq!(spoilt(|r| r.mode = Mode::OnBehalf), Err(BadReceipt::Authority));
        assert_eq!(spoilt(|r| r.authority = Some("李四".into())), Err(BadReceipt::Authority));
        assert_eq!(spoilt(|r| r.authority = Some(" ".into())), Err(BadReceipt::Authority));
        assert_eq!(spoilt(|r| r.aud = "x".into()), Err(BadReceipt::Audience("x".into())));
        assert_eq!(spoilt(|r| r.v = 2), Err(BadReceipt::Version("2".into())));
        assert_eq!(spoilt(|r| r.iat -= 1), Err(BadReceipt::IssuedBefore));
        assert_eq!(spoilt(|r| r.signer.name.clear()), Err(BadReceipt::Empty("signer.name")));
        let other = ReceiptId::from_bytes([9; 16]);
        assert_eq!(spoilt(|r| r.receipt = other), Err(BadReceipt::Number));
    }

    #[test]
    fn other_forms_are_refused() {
        let text = String::from_utf8(sample().canonical_bytes().unwrap()).unwrap();
        let read = |text: String| ReceiptBody::from_canonical(text.as_bytes());
        assert_eq!(read(format!("{text} ")), Err(BadReceipt::Form));
        assert_eq!(read(text.replace(r#""v":1,"#, r#""v":1,"v":1,"#)), Err(BadReceipt::Form));
        let more = text.replace(r#""v":1,"#, r#""v":1,"va":1,"#);
        assert!(matches!(read(more), Err(BadReceipt::Claims(_))));
        let zone = text.replace("123456Z", "123456+00:00");
        assert!(matches!(read(zone), Err(BadReceipt::Claims(_))));
    }

    #[test]
    fn the_sentence_shown() {
        assert_eq!(statement(3), "签收仅表示收到正文及附件3件，不代表已办理。");
        assert_eq!(statement(0), "签收仅表示收到正文，不代表已办理。");
    }
}
