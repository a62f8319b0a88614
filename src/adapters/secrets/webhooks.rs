//! Secrets of webhooks and short codes: derived from the key file, one for each address or link.

use sha2::{Digest as _, Sha256};

use super::keys::Keys;
use super::links::mac;
use crate::domain::digest::hex;
use crate::domain::ids::{AddressId, LinkId};

const WEBHOOK: &str = "qianshou/webhook/1";
const SHORT_CODE: &str = "qianshou/short-code/1";
const SHORT_CODE_HASH: &str = "qianshou/short-code-hash/1";
/// Octets of an HMAC block (RFC 2104).
const BLOCK: usize = 64;

impl Keys {
    /// What the system behind a webhook's address proves our messages with; given to it once, by
    /// hand, with `qianshou webhook secret`.
    #[must_use]
    pub fn webhook_secret(&self, address: AddressId) -> String {
        hex(&mac(&self.link, WEBHOOK, &[&address.to_bytes()]))
    }

    /// The eight digits that stand in a short message for a link.
    #[must_use]
    pub fn short_code(&self, link: LinkId, generation: u32) -> String {
        let mac = mac(&self.link, SHORT_CODE, &[&link.to_bytes(), &generation.to_be_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = mac;
        format!("{:08}", u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 100_000_000)
    }

    /// Under what a code is found again; says nothing to who has no key.
    #[must_use]
    pub fn short_code_hash(&self, code: &str) -> Vec<u8> {
        mac(&self.link, SHORT_CODE_HASH, &[code.as_bytes()]).to_vec()
    }
}

/// HMAC-SHA256 over `id.time.body` under the secret's text, in hexadecimal: what the other side
/// computes as well.
#[must_use]
pub fn webhook_signature(secret: &str, id: &str, time: i64, body: &str) -> String {
    let mut block = [0u8; BLOCK];
    for (to, from) in block.iter_mut().zip(secret.bytes()) {
        *to = from;
    }
    let with = |pad: u8| block.map(|byte| byte ^ pad);
    let message = format!("{id}.{time}.{body}");
    let inner = Sha256::new().chain_update(with(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(with(0x5c)).chain_update(inner).finalize();
    hex(&outer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac module.
    #[test]
    fn a_signature_is_what_others_compute() {
        assert_eq!(
            webhook_signature("0123456789abcdef", "id1", 1_795_395_600, "{\"a\":1}"),
            "63a062beeb7c2270bd603fbe4ec2261918d2b7d2d22f820d65859c89a16c6401"
        );
        assert_ne!(
            webhook_signature("0123456789abcdef", "id1", 1_795_395_601, "{\"a\":1}"),
            webhook_signature("0123456789abcdef", "id1", 1_795_395_600, "{\"a\":1}")
        );
    }

    #[test]
    fn each_address_has_its_secret_and_each_link_its_code() {
        let keys = Keys::for_tests(1);
        let address = |n| AddressId::from_bytes([n; 16]);
        assert_eq!(keys.webhook_secret(address(1)).len(), 64);
        assert_ne!(keys.webhook_secret(address(1)), keys.webhook_secret(address(2)));
        let link = LinkId::from_bytes([1; 16]);
        let code = keys.short_code(link, 1);
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert_ne!(code, keys.short_code(link, 2));
        assert_ne!(keys.short_code_hash(&code), Keys::for_tests(2).short_code_hash(&code));
    }
}
