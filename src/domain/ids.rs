//! Typed ids that know what they identify, in URL, log, table and evidence.
//!
//! An id is a prefix, an underscore and 26 characters of lower-case Crockford base 32 over 128
//! bits: 48 bits of milliseconds since 1970, then 80 random bits. Ids made later sort later, and
//! a text with another prefix is refused.

use std::fmt;
use std::str::FromStr;

use super::time::Timestamp;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {prefix}_ id")]
pub struct BadId {
    /// Prefix that was expected.
    pub prefix: &'static str,
}

/// Eighty random bits, enough that two ids of one millisecond never meet.
pub type IdEntropy = [u8; 10];

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
/// A prefix of three letters, the underscore and the digits.
const TEXT_LEN: usize = 4 + DIGITS;

/// The whole text, so that it is written in one piece: a burst writes some forty ids a signature.
fn encode(prefix: &str, bits: u128) -> [u8; TEXT_LEN] {
    let mut text = [b'_'; TEXT_LEN];
    for (place, letter) in text.iter_mut().zip(prefix.bytes()) {
        *place = letter;
    }
    let mut rest = bits;
    for place in text.iter_mut().rev().take(DIGITS) {
        let digit = usize::try_from(rest & 31).unwrap_or(0);
        *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    text
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != DIGITS {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = digit_of(byte)?;
        if place == 0 && digit > 7 {
            return None;
        }
        bits = (bits << 5) | u128::from(digit);
    }
    Some(bits)
}

/// The place of a digit in [`ALPHABET`], which leaves out i, l, o and u.
fn digit_of(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j' | b'k' => byte - b'j' + 18,
        b'm' | b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return None,
    })
}

fn assemble(at: Timestamp, entropy: IdEntropy) -> u128 {
    let millis = u128::from(u64::try_from(at.as_millis()).unwrap_or(0)) & 0xffff_ffff_ffff;
    let random = entropy.iter().fold(0u128, |acc, byte| (acc << 8) | u128::from(*byte));
    (millis << 80) | random
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id for something that happened at `at`.
            #[must_use]
            pub fn new(at: Timestamp, entropy: IdEntropy) -> Self {
                Self(assemble(at, entropy))
            }

            /// The 128 bits, most significant byte first: the form inside tokens.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// An id from [`Self::to_bytes`]; any 16 bytes name one, whether it exists or not.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const { assert!(Self::PREFIX.len() + 1 + DIGITS == TEXT_LEN) };
                let text = encode(Self::PREFIX, self.0);
                f.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(BadId { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_id!(/// A directory entry (单位).
    OrganizationId, "org");
typed_id!(/// A mail room or duty desk (收文点).
    DeskId, "dsk");
typed_id!(/// A person or desk with addresses (联系人).
    ContactId, "ctc");
typed_id!(/// One address of a contact.
    AddressId, "adr");
typed_id!(/// An account of the staff.
    AccountId, "acc");
typed_id!(/// A notice (公文), in all its versions.
    NoticeId, "ntc");
typed_id!(/// An uploaded file as it hangs on one version of a notice.
    FileId, "fil");
typed_id!(/// One notice to one organisation (发送).
    DeliveryId, "dlv");
typed_id!(/// One link: one delivery to one contact address.
    LinkId, "lnk");
typed_id!(/// One outgoing mail, short message or call of a delivery (消息).
    MessageId, "msg");
typed_id!(/// One try at handing a message over.
    AttemptId, "att");
typed_id!(/// A receipt (签收凭证).
    ReceiptId, "rcp");
typed_id!(/// A return or a request for a good copy (退文, 请求重发).
    ReturnId, "ret");
typed_id!(/// One entry of the evidence log.
    EventId, "evt");
typed_id!(/// One step of one delivery's ladder.
    RungId, "rng");
typed_id!(/// A call that a person of the issuer's duty desk owes (待拨电话).
    TaskId, "tsk");
typed_id!(/// Calls that the desk of a 市州 was asked to make (代拨).
    DelegationId, "dlg");
typed_id!(/// A call that was made, and what came of it (电话通知记录).
    CallId, "cal");
typed_id!(/// Something that is wrong with the server and that a person must see to.
    AlarmId, "alm");
typed_id!(/// A check whether one address works (联系方式核验).
    VerificationId, "ver");
typed_id!(/// A round in which many addresses are checked (一轮核验).
    RoundId, "vrd");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_refuses_another_prefix() {
        let id = NoticeId::new(Timestamp::from_micros(1_795_000_000_000_000), [7; 10]);
        let text = id.to_string();
        assert_eq!(text.len(), 30);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(NoticeId::from_bytes(id.to_bytes()), id);
        assert_eq!(text.parse::<DeliveryId>(), Err(BadId { prefix: "dlv" }));
        assert!("ntc_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<NoticeId>().is_err());
        assert!(text.to_uppercase().parse::<NoticeId>().is_err());
    }

    #[test]
    fn every_digit_stands_for_its_place_in_the_alphabet_and_no_other_byte_for_any() {
        for byte in 0..=u8::MAX {
            let place = ALPHABET.iter().position(|known| *known == byte);
            assert_eq!(digit_of(byte).map(usize::from), place, "{byte}");
        }
        let text = "7zzzzzzzzzzzzzzzzzzzzzzzzz";
        assert_eq!(NoticeId(u128::MAX).to_string(), format!("ntc_{text}"));
        assert_eq!(decode(text), Some(u128::MAX));
        assert_eq!(NoticeId(32 + 31).to_string(), format!("ntc_{}1z", "0".repeat(24)));
    }

    #[test]
    fn later_ids_sort_later_as_text() {
        let early = NoticeId::new(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = NoticeId::new(Timestamp::from_micros(2_000_000), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }
}
