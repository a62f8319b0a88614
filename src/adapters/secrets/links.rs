//! Links, visits, check codes and form tokens: texts that only this server can have made.
//!
//! Each kind has its own label inside the MAC, so that one never passes for another. What is
//! *allowed* with a token (revoked? spent? withdrawn?) is decided by whoever holds the state;
//! here it is only genuine and unexpired, or nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::keys::Keys;
use crate::domain::ids::{AccountId, DeliveryId, LinkId};
use crate::domain::time::Timestamp;

const MAC_LEN: usize = 32;
const LINK: &str = "qianshou/link/1";
const VISIT: &str = "qianshou/visit/1";
const CHECK_FORM: &str = "qianshou/check-form/1";
const CHECK_CODE: &str = "qianshou/check-code/1";
const CALL: &str = "qianshou/call/1";
const CSRF: &str = "qianshou/csrf/1";
const VERIFICATION: &str = "qianshou/verification/1";

/// The MAC a link carried; worth nothing until it is verified.
#[derive(Clone, Copy)]
pub struct LinkMac([u8; MAC_LEN]);

impl std::fmt::Debug for LinkMac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkMac(redacted)")
    }
}

/// What a visit cookie says: which delivery, through which link, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The delivery whose page is visited.
    pub delivery: DeliveryId,
    /// The link that opened it.
    pub link: LinkId,
    /// Generation of the link; a newer one ends the visit.
    pub generation: u32,
    /// When the cookie stops working.
    pub expires: Timestamp,
}

/// What an acknowledgement form carries beside the fields a person fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckForm {
    /// The delivery that is being signed for.
    pub delivery: DeliveryId,
    /// The version of the notice that the page showed.
    pub version: u32,
    /// Spent by the signature, so that a form signs once.
    pub nonce: [u8; 16],
    /// When the form stops working.
    pub expires: Timestamp,
}

/// A form that must be loaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckFault {
    /// Not made here, or for another delivery.
    #[error("the form was not made by this server for this delivery; load the page again")]
    Forged,
    /// Too old.
    #[error("the form has expired; load the page again")]
    Expired,
    /// The notice has a newer version than the page showed.
    #[error("the form shows version {shown} of the notice; load the page again")]
    OtherVersion {
        /// What the page showed.
        shown: u32,
    },
}

impl Keys {
    /// The token of a link: the same for the same link and generation, so that a repeated mail
    /// carries the same address.
    #[must_use]
    pub fn link_token(&self, link: LinkId, generation: u32) -> String {
        let id = link.to_bytes();
        let mac = mac(&self.link, LINK, &[&id, &generation.to_be_bytes()]);
        URL_SAFE_NO_PAD.encode([&id[..], &mac[..]].concat())
    }

    /// Whether `mac` came from [`Self::link_token`] of this link and generation.
    #[must_use]
    pub fn verify_link(&self, link: LinkId, generation: u32, mac: LinkMac) -> bool {
        let parts: [&[u8]; 2] = [&link.to_bytes(), &generation.to_be_bytes()];
        same(&self::mac(&self.link, LINK, &parts), &mac.0)
    }

    /// The value of a visit cookie.
    #[must_use]
    pub fn visit_token(&self, visit: &Visit) -> String {
        let body = [
            &visit.delivery.to_bytes()[..],
            &visit.link.to_bytes(),
            &visit.generation.to_be_bytes(),
            &visit.expires.as_micros().to_be_bytes(),
        ]
        .concat();
        seal(&self.link, VISIT, &body)
    }

    /// The visit of a genuine, unexpired cookie.
    #[must_use]
    pub fn read_visit(&self, token: &str, now: Timestamp) -> Option<Visit> {
        let body = unseal(&self.link, VISIT, token)?;
        let mut rest = body.as_slice();
        let visit = Visit {
            delivery: DeliveryId::from_bytes(take(&mut rest)?),
            link: LinkId::from_bytes(take(&mut rest)?),
            generation: u32::from_be_bytes(take(&mut rest)?),
            expires: Timestamp::from_micros(i64::from_be_bytes(take(&mut rest)?)),
        };
        (rest.is_empty() && now < visit.expires).then_some(visit)
    }

    /// The hidden field of an acknowledgement form.
    #[must_use]
    pub fn check_token(&self, form: &CheckForm) -> String {
        seal(&self.form, CHECK_FORM, &form.to_bytes())
    }

    /// Reads the hidden field of a form that was posted for `delivery`, whose notice now has
    /// `version`. Whether the nonce is spent is for the transaction to see.
    ///
    /// # Errors
    /// The field is forged, for another delivery, expired, or shows another version.
    pub fn read_check_token(
        &self,
        token: &str,
        delivery: DeliveryId,
        version: u32,
        now: Timestamp,
    ) -> Result<CheckForm, CheckFault> {
        let body = unseal(&self.form, CHECK_FORM, token).ok_or(CheckFault::Forged)?;
        let form = CheckForm::from_bytes(&body).ok_or(CheckFault::Forged)?;
        if form.delivery != delivery {
            return Err(CheckFault::Forged);
        }
        if now >= form.expires {
            return Err(CheckFault::Expired);
        }
        if form.version != version {
            return Err(CheckFault::OtherVersion { shown: form.version });
        }
        Ok(form)
    }

    /// 校验码: the four digits the page shows and a person types. Keeps machines out, no more.
    #[must_use]
    pub fn check_code(&self, form: &CheckForm) -> String {
        let mac = mac(&self.form, CHECK_CODE, &[&form.to_bytes()]);
        let [a, b, c, d, ..] = mac;
        format!("{:04}", u32::from_be_bytes([a, b, c, d]) % 10_000)
    }

    /// What stands for chance in the code of a telephone call, so that its page shows the same
    /// digits however often it is drawn: who rings, about which delivery and version.
    #[must_use]
    pub fn call_entropy(&self, caller: AccountId, delivery: DeliveryId, version: u32) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = mac(
            &self.form,
            CALL,
            &[&caller.to_bytes(), &delivery.to_bytes(), &version.to_be_bytes()],
        );
        [a, b, c, d, e, f, g, h]
    }

    /// Whether `typed` is the code of `form`; full-width digits and spaces are what keyboards
    /// of the readers produce, so they count.
    #[must_use]
    pub fn check_code_matches(&self, form: &CheckForm, typed: &str) -> bool {
        same(self.check_code(form).as_bytes(), plain_digits(typed).as_bytes())
    }

    /// The six digits that are sent to an address to show that it works, for the asking `about`
    /// (a `ver_` id). Derived, so that nobody has to store them.
    #[must_use]
    pub fn verification_code(&self, about: &str) -> String {
        let mac = mac(&self.form, VERIFICATION, &[about.as_bytes()]);
        let [a, b, c, d, ..] = mac;
        format!("{:06}", u32::from_be_bytes([a, b, c, d]) % 1_000_000)
    }

    /// Whether `typed` is the code of the asking `about`, in whatever digits it was typed.
    #[must_use]
    pub fn verification_code_matches(&self, about: &str, typed: &str) -> bool {
        same(self.verification_code(about).as_bytes(), plain_digits(typed).as_bytes())
    }

    /// The form token of a session.
    #[must_use]
    pub fn form_token(&self, session: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.form, CSRF, &[session]))
    }

    /// Whether `token` belongs to this session.
    #[must_use]
    pub fn form_token_matches(&self, session: &[u8], token: &str) -> bool {
        same(self.form_token(session).as_bytes(), token.as_bytes())
    }
}

/// Takes a link token apart; nothing is proved before [`Keys::verify_link`].
#[must_use]
pub fn parse_link_token(token: &str) -> Option<(LinkId, LinkMac)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let mut rest = bytes.as_slice();
    let id = LinkId::from_bytes(take(&mut rest)?);
    let mac = LinkMac(take(&mut rest)?);
    rest.is_empty().then_some((id, mac))
}

impl CheckForm {
    /// A nonce that begins with the instant its form was made: nonces that are spent about the
    /// same time then lie together in the database.
    #[must_use]
    pub fn nonce(now: Timestamp, entropy: [u8; 8]) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h] = now.as_micros().to_be_bytes();
        let [i, j, k, l, m, n, o, p] = entropy;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    fn to_bytes(self) -> Vec<u8> {
        [
            &self.delivery.to_bytes()[..],
            &self.version.to_be_bytes(),
            &self.nonce,
            &self.expires.as_micros().to_be_bytes(),
        ]
        .concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let form = Self {
            delivery: DeliveryId::from_bytes(take(&mut rest)?),
            version: u32::from_be_bytes(take(&mut rest)?),
            nonce: take(&mut rest)?,
            expires: Timestamp::from_micros(i64::from_be_bytes(take(&mut rest)?)),
        };
        rest.is_empty().then_some(form)
    }
}

/// HMAC-SHA256 over label and parts, each with its length before it, so that no two different
/// lists of parts are the same message.
pub(super) fn mac(key: &[u8; 32], label: &str, parts: &[&[u8]]) -> [u8; MAC_LEN] {
    // HMAC fills a short key with zeros up to its block (RFC 2104 §2); done here, it cannot fail.
    let mut block = Zeroizing::new([0u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn seal(key: &[u8; 32], label: &str, body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([body, &mac(key, label, &[body])].concat())
}

pub(super) fn unseal(key: &[u8; 32], label: &str, token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (body, carried) = bytes.split_last_chunk::<MAC_LEN>()?;
    same(&mac(key, label, &[body]), carried).then(|| body.to_vec())
}

pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn plain_digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace()).map(half_width).collect()
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' => {
            char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
    const LATER: Timestamp = Timestamp::from_micros(1_795_000_001_000_000);

    fn link() -> LinkId {
        LinkId::from_bytes([1; 16])
    }

    fn visit() -> Visit {
        let delivery = DeliveryId::from_bytes([2; 16]);
        Visit { delivery, link: link(), generation: 1, expires: LATER }
    }

    fn form() -> CheckForm {
        let delivery = DeliveryId::from_bytes([2; 16]);
        CheckForm { delivery, version: 3, nonce: [4; 16], expires: LATER }
    }

    #[test]
    fn a_link_is_the_same_every_time_and_only_its_own() {
        let keys = Keys::for_tests(1);
        let token = keys.link_token(link(), 1);
        assert_eq!(token.len(), 64);
        assert_eq!(token, keys.link_token(link(), 1));
        let (id, mac) = parse_link_token(&token).unwrap();
        assert_eq!(id, link());
        assert!(keys.verify_link(id, 1, mac));
        assert!(!keys.verify_link(id, 2, mac), "an older generation");
        assert!(!keys.verify_link(LinkId::from_bytes([9; 16]), 1, mac), "another link");
        assert!(!Keys::for_tests(2).verify_link(id, 1, mac), "another server");
        for broken in ["", "a", &token[1..], &format!("{token}AAAA"), &format!("{token}=")] {
            assert!(parse_link_token(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_visit_ends_and_bears_no_change() {
        let keys = Keys::for_tests(1);
        let token = keys.visit_token(&visit());
        assert_eq!(keys.read_visit(&token, NOW), Some(visit()));
        assert_eq!(keys.read_visit(&token, LATER), None);
        assert_eq!(Keys::for_tests(2).read_visit(&token, NOW), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1;
            assert_eq!(keys.read_visit(&URL_SAFE_NO_PAD.encode(wrong), NOW), None);
        }
    }

    #[test]
    fn a_form_knows_its_delivery_its_version_and_its_end() {
        let keys = Keys::for_tests(1);
        let (token, delivery) = (keys.check_token(&form()), form().delivery);
        let read = |delivery, version, now| keys.read_check_token(&token, delivery, version, now);
        assert_eq!(read(delivery, 3, NOW), Ok(form()));
        assert_eq!(read(DeliveryId::from_bytes([9; 16]), 3, NOW), Err(CheckFault::Forged));
        assert_eq!(read(delivery, 3, LATER), Err(CheckFault::Expired));
        assert_eq!(read(delivery, 4, NOW), Err(CheckFault::OtherVersion { shown: 3 }));
    }

    #[test]
    fn the_code_is_four_digits_and_changes_with_the_form() {
        let keys = Keys::for_tests(1);
        let code = keys.check_code(&form());
        assert!(code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()));
        let wide: String =
            code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        assert!(keys.check_code_matches(&form(), &format!(" {wide} ")));
        assert!(!keys.check_code_matches(&form(), ""));
        assert!(!keys.check_code_matches(&form(), &code[..3]));
        let others: std::collections::BTreeSet<_> =
            (0..64).map(|n| keys.check_code(&CheckForm { nonce: [n; 16], ..form() })).collect();
        assert!(others.len() > 60);
    }

    #[test]
    fn an_asking_has_six_digits_of_its_own() {
        let keys = Keys::for_tests(1);
        let code = keys.verification_code("ver_one");
        assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert!(keys.verification_code_matches("ver_one", &spaced));
        assert!(!keys.verification_code_matches("ver_two", &code));
        assert!(!Keys::for_tests(2).verification_code_matches("ver_one", &code));
        assert!(!keys.verification_code_matches("ver_one", ""));
    }

    #[test]
    fn no_kind_passes_for_another() {
        let keys = Keys::for_tests(1);
        let tokens = [
            keys.link_token(link(), 1),
            keys.visit_token(&visit()),
            keys.check_token(&form()),
            keys.form_token(&link().to_bytes()),
        ];
        for (kind, token) in tokens.iter().enumerate() {
            let as_link = parse_link_token(token)
                .is_some_and(|(id, mac)| (0..3).any(|g| keys.verify_link(id, g, mac)));
            let as_visit = keys.read_visit(token, NOW).is_some();
            let as_form = keys.read_check_token(token, form().delivery, 3, NOW).is_ok();
            let as_csrf = keys.form_token_matches(&link().to_bytes(), token);
            let passes = [as_link, as_visit, as_form, as_csrf];
            assert_eq!(passes, std::array::from_fn(|at| at == kind), "token {kind}");
        }
        // Same key and same bytes, another label: another MAC. Lengths do the same for parts.
        for (one, other) in [(LINK, VISIT), (CHECK_FORM, CHECK_CODE), (CHECK_CODE, CSRF)] {
            assert_ne!(mac(&keys.form, one, &[b"x"]), mac(&keys.form, other, &[b"x"]));
            let sealed = seal(&keys.form, one, b"x");
            assert!(unseal(&keys.form, one, &sealed).is_some());
            assert!(unseal(&keys.form, other, &sealed).is_none());
        }
        assert_ne!(mac(&keys.form, CSRF, &[b"ab", b"c"]), mac(&keys.form, CSRF, &[b"a", b"bc"]));
        assert!(!keys.form_token_matches(b"other session", &tokens[3]));
    }
}
