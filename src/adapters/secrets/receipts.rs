//! Receipts as signed files: compact JWS, Ed25519, verified with the public key alone.
//!
//! Stricter than JWS: the header has exactly three members in one order, header and claims are
//! canonical JSON, and the key id must be that of the key in the verifier's hand. Keys, addresses
//! and algorithms named by a token are never followed. The same receipt always has the same text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

use super::jws_provider;
use super::keys::Keys;
use crate::domain::canonical::NotCanonical;
use crate::domain::digest::Sha256Digest;
use crate::domain::receipt::{BadReceipt, ReceiptBody};

/// The `typ` of a receipt.
pub const RECEIPT_TYPE: &str = "qianshou-receipt+jws";

/// Longest receipt that is looked at, in bytes; the largest real one is far below.
pub const RECEIPT_BYTES_MAX: usize = 1 << 20;

/// jsonwebtoken 11 and RFC 8037 call it `EdDSA`; the curve is Ed25519.
const ALGORITHM: &str = "EdDSA";

/// Characters of an encoded signature.
const SIGNATURE_LEN: usize = 86;

/// Hex digits of the key's SHA-256 that name it.
const KEY_ID_LEN: usize = 16;

/// A receipt that was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFault {
    /// The claims contradict each other.
    #[error("the receipt does not hold together: {0}")]
    Body(#[from] BadReceipt),
    /// The claims have no canonical form.
    #[error(transparent)]
    Form(#[from] NotCanonical),
}

/// Why a receipt does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// The key file.
    #[error("the key is not an Ed25519 public key in PEM; use the issuer's receipt.pub.pem")]
    Key,
    /// Not a compact JWS.
    #[error("this is not a receipt file: three base64url parts joined by dots are wanted")]
    Shape,
    /// The header names another algorithm.
    #[error("the header says algorithm {0}; receipts are signed with EdDSA and nothing else")]
    Algorithm(String),
    /// Another kind of token.
    #[error("the header says type {0}; a receipt has type {RECEIPT_TYPE}")]
    Type(String),
    /// Another key.
    #[error("signed with key {named}, but the given key is {given}")]
    OtherKey {
        /// The key id in the header.
        named: String,
        /// The key id of the given key.
        given: String,
    },
    /// More members, another order or another spelling.
    #[error("the header has more or other members than a receipt's header")]
    Header,
    /// The bytes were changed, or somebody else signed them.
    #[error("the signature does not fit: the file was changed or the key did not sign it")]
    Signature,
    /// Signed, but not a receipt that holds together.
    #[error(transparent)]
    Body(#[from] BadReceipt),
}

/// Signs a receipt.
///
/// # Errors
/// The receipt contradicts itself, or has no canonical form.
pub fn sign_receipt(keys: &Keys, body: &ReceiptBody) -> Result<String, SignFault> {
    body.check()?;
    Ok(sign(&keys.receipt, keys.receipt_header(), &body.canonical_bytes()?))
}

/// Verifies a receipt with the issuer's public key, and nothing else.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify_receipt(jws: &str, public_key_pem: &str) -> Result<ReceiptBody, ReceiptFault> {
    let key =
        VerifyingKey::from_public_key_pem(public_key_pem.trim()).map_err(|_| ReceiptFault::Key)?;
    let claims = verify(jws, &key, &key_id(&key))?;
    Ok(ReceiptBody::from_canonical(&claims)?)
}

/// The name of a public key: the first sixteen hex digits of its SHA-256.
#[must_use]
pub fn key_id(key: &VerifyingKey) -> String {
    Sha256Digest::of(key.as_bytes()).to_string().chars().take(KEY_ID_LEN).collect()
}

/// The header of receipts signed with the key of that name, as canonical JSON.
fn header(kid: &str) -> String {
    format!(r#"{{"alg":"{ALGORITHM}","kid":"{kid}","typ":"{RECEIPT_TYPE}"}}"#)
}

/// The first part of every receipt signed with that key.
pub(super) fn encoded_header(key: &VerifyingKey) -> String {
    URL_SAFE_NO_PAD.encode(header(&key_id(key)))
}

/// Signs with the key as it was parsed at start: jsonwebtoken would be handed its seed and
/// derive the key anew for every receipt.
fn sign(key: &SigningKey, head: &str, claims: &[u8]) -> String {
    let mut jws = String::with_capacity(head.len() + claims.len() * 4 / 3 + SIGNATURE_LEN + 4);
    jws.push_str(head);
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut jws);
    let signature = key.sign(jws.as_bytes()).to_bytes();
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    jws
}

fn verify(jws: &str, key: &VerifyingKey, kid: &str) -> Result<Vec<u8>, ReceiptFault> {
    if jws.len() > RECEIPT_BYTES_MAX {
        return Err(ReceiptFault::Shape);
    }
    let (message, signature) = jws.rsplit_once('.').ok_or(ReceiptFault::Shape)?;
    let (head, claims) = message.split_once('.').ok_or(ReceiptFault::Shape)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| ReceiptFault::Shape);
    check_header(&decode(head)?, kid)?;
    let claims = decode(claims)?;
    decode(signature)?;

    jws_provider::install();
    let public = DecodingKey::from_ed_der(key.as_bytes());
    match crypto::verify(signature, message.as_bytes(), &public, Algorithm::EdDSA) {
        Ok(true) => Ok(claims),
        Ok(false) | Err(_) => Err(ReceiptFault::Signature),
    }
}

/// Compares with the one header there can be; looks closer only to say what is wrong.
fn check_header(bytes: &[u8], kid: &str) -> Result<(), ReceiptFault> {
    if header(kid).as_bytes() == bytes {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| ReceiptFault::Shape)?;
    let member = |name: &str| match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(_) => "of a wrong kind".to_owned(),
        None => "none at all".to_owned(),
    };
    if member("alg") != ALGORITHM {
        return Err(ReceiptFault::Algorithm(member("alg")));
    }
    if member("typ") != RECEIPT_TYPE {
        return Err(ReceiptFault::Type(member("typ")));
    }
    if member("kid") != kid {
        return Err(ReceiptFault::OtherKey { named: member("kid"), given: kid.to_owned() });
    }
    Err(ReceiptFault::Header)
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
