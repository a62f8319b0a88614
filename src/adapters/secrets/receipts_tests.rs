//! Tests of `receipts`: an independent vector, and everything that must be refused.

use super::*;
use crate::adapters::random::{Random as _, SeededRandom};
use crate::domain::receipt::sample;
use jsonwebtoken::EncodingKey;

const VECTOR: &str = concat!(
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIiwidHlwIjoicWlhbnNob3UtcmVjZWlwdCtqd3MifQ.",
    "eyJhdWQiOiJxaWFuc2hvdS1yZWNlaXB0IiwiZGVsaXZlcnkiOiJkOjEiLCJkb2NzIjpbInNoYTI1NjplM2Iw",
    "YzQ0Mjk4ZmMxYzE0OWFmYmY0Yzg5OTZmYjkyNDI3YWU0MWU0NjQ5YjkzNGNhNDk1OTkxYjc4NTJiODU1Il0s",
    "ImlhdCI6MTc2NzIyNTk2MCwiaXNzIjoiaHR0cHM6Ly9xaWFuc2hvdS5leGFtcGxlIiwibGVhZiI6IjQzNjUz",
    "ZDVlNjY4ODlmY2JmNmIxODAxNzJjZmFiZTdkNDIwZjRlMmU1MDA1YjVhMjJhOGQ2MmJmOTIzMjMwOTQiLCJu",
    "b3RpY2UiOiJuOjEiLCJvcmciOiJvOjcifQ.",
    "q1dIITz6JBZn0aPEL8JZB13exyzJj9-Kv9yXjCAR1e3O_C-u81ntkx2---8ESohLRXTGx4vVMwoE8aVoY5e5CA",
);

fn keys() -> Keys {
    Keys::for_tests(7)
}

fn signed() -> String {
    sign_receipt(&keys(), &sample()).unwrap()
}

fn check(jws: &str) -> Result<ReceiptBody, ReceiptFault> {
    verify_receipt(jws, keys().receipt_public_pem())
}

/// A token over any header and claims, signed by the right key.
fn forge(header: &str, claims: &[u8]) -> String {
    jws_provider::install();
    let head = URL_SAFE_NO_PAD.encode(header);
    let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_ed_der(&keys().receipt.to_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

#[test]
fn the_vector_of_an_independent_implementation() {
    let seed: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let key = SigningKey::from_bytes(&seed);
    let public = key.verifying_key();
    assert_eq!(
        Sha256Digest::from_bytes(*public.as_bytes()).to_string(),
        "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    );
    let claims = verify(VECTOR, &public, "k1").unwrap();
    assert_eq!(sign(&key, &URL_SAFE_NO_PAD.encode(header("k1")), &claims), VECTOR);
    assert!(matches!(verify(VECTOR, &public, "k2"), Err(ReceiptFault::OtherKey { .. })));
}

#[test]
fn a_receipt_is_the_same_text_every_time_and_verifies_with_the_public_key_alone() {
    let jws = signed();
    assert_eq!(jws, signed());
    assert_eq!(check(&jws), Ok(sample()));
    let other = verify_receipt(&jws, Keys::for_tests(8).receipt_public_pem());
    assert!(matches!(other, Err(ReceiptFault::OtherKey { .. })));
    assert_eq!(verify_receipt(&jws, "no key"), Err(ReceiptFault::Key));
}

#[test]
fn what_contradicts_itself_is_not_signed() {
    let mut body = sample();
    body.late = true;
    assert!(matches!(sign_receipt(&keys(), &body), Err(SignFault::Body(BadReceipt::Late))));
}

#[test]
fn a_thousand_flipped_bits_are_all_refused() {
    let jws = signed();
    let random = SeededRandom::new(4);
    let mut refused = 0;
    for _ in 0..1_000 {
        let mut pick = [0u8; 4];
        random.fill(&mut pick).unwrap();
        let mut bytes = jws.clone().into_bytes();
        let at = usize::try_from(u32::from_be_bytes(pick)).unwrap() % (bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        match String::from_utf8(bytes) {
            Ok(text) => refused += i32::from(check(&text).is_err()),
            Err(_) => refused += 1,
        }
    }
    assert_eq!(refused, 1_000);
}

#[test]
fn every_bit_of_header_claims_and_signature_counts() {
    let jws = signed();
    let parts: Vec<Vec<u8>> =
        jws.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    for part in 0..3 {
        for bit in 0..parts[part].len() * 8 {
            let mut wrong = parts.clone();
            wrong[part][bit / 8] ^= 1 << (bit % 8);
            let text: Vec<_> = wrong.iter().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).collect();
            assert!(check(&text.join(".")).is_err(), "part {part} bit {bit}");
        }
    }
}

#[test]
fn more_fewer_or_other_bytes_are_refused() {
    let jws = signed();
    let parts: Vec<&str> = jws.split('.').collect();
    let (head, claims, mac) = (parts[0], parts[1], parts[2]);
    for wrong in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{jws}\n"),
        format!(" {jws}"),
        format!("{jws}="),
        format!("{jws}."),
        format!("{jws}.{mac}"),
        format!("{head}.{claims}"),
        format!("{head}.{claims}."),
        format!("{claims}.{head}.{mac}"),
        jws[..jws.len() - 1].to_owned(),
    ] {
        assert!(check(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn headers_that_try_something_are_refused_even_when_signed() {
    let claims = sample().canonical_bytes().unwrap();
    let kid = key_id(&keys().receipt.verifying_key());
    let refused = |header: String| check(&forge(&header, &claims)).unwrap_err();
    let head = |alg: &str, kid: &str, typ: &str| {
        format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#)
    };
    assert!(check(&forge(&head("EdDSA", &kid, RECEIPT_TYPE), &claims)).is_ok());
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES256", "eddsa", "Ed25519", ""] {
        let fault = refused(head(alg, &kid, RECEIPT_TYPE));
        assert_eq!(fault, ReceiptFault::Algorithm(alg.to_owned()));
    }
    for typ in ["JWT", "qianshou-receipt", "QIANSHOU-RECEIPT+JWS", "qianshou-mfa+jwt"] {
        assert_eq!(refused(head("EdDSA", &kid, typ)), ReceiptFault::Type(typ.to_owned()));
    }
    for other in ["", "../../etc/passwd", "' OR 1=1", "0000000000000000"] {
        let fault = refused(head("EdDSA", other, RECEIPT_TYPE));
        assert!(matches!(fault, ReceiptFault::OtherKey { .. }));
    }
    for more in [
        format!(r#"{{"alg":"EdDSA","jku":"https://x","kid":"{kid}","typ":"{RECEIPT_TYPE}"}}"#),
        format!(r#"{{"alg":"EdDSA","crit":["b64"],"kid":"{kid}","typ":"{RECEIPT_TYPE}"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"EdDSA","typ":"{RECEIPT_TYPE}"}}"#),
        format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{kid}","typ":"{RECEIPT_TYPE}"}}"#),
        format!(r#"{{"alg": "EdDSA","kid":"{kid}","typ":"{RECEIPT_TYPE}"}}"#),
    ] {
        assert_eq!(refused(more), ReceiptFault::Header);
    }
}

#[test]
fn a_mac_under_the_public_key_does_not_pass() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let pem = keys().receipt_public_pem().to_owned();
    let header = format!(
        r#"{{"alg":"HS256","kid":"{}","typ":"{RECEIPT_TYPE}"}}"#,
        key_id(&keys().receipt.verifying_key())
    );
    let claims = URL_SAFE_NO_PAD.encode(sample().canonical_bytes().unwrap());
    let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header));
    let mac = Hmac::<sha2::Sha256>::new_from_slice(pem.as_bytes()).unwrap();
    let mac = mac.chain_update(message.as_bytes()).finalize().into_bytes();
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
    assert_eq!(check(&forged), Err(ReceiptFault::Algorithm("HS256".to_owned())));
}

#[test]
fn signed_claims_in_another_form_are_refused() {
    let kid = key_id(&keys().receipt.verifying_key());
    let head = header(&kid);
    let claims = String::from_utf8(sample().canonical_bytes().unwrap()).unwrap();
    let twice = claims.replace(r#""v":1,"#, r#""v":1,"v":1,"#);
    assert_eq!(check(&forge(&head, twice.as_bytes())), Err(BadReceipt::Form.into()));
    let newer = claims.replace(r#""v":1,"#, r#""v":2,"#);
    assert!(matches!(
        check(&forge(&head, newer.as_bytes())),
        Err(ReceiptFault::Body(BadReceipt::Version(_)))
    ));
}
