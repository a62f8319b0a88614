//! Tests of `evidence`: the bytes, the hash, and what must not be in them.

use super::*;
use crate::domain::canonical::is_canonical;

const AT: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const SALT: [u8; 16] = [9; 16];

fn sample() -> Event {
    Event::new(
        EventId::from_bytes([1; 16]),
        EventKind::Acknowledged,
        AT,
        Actor::Link(LinkId::from_bytes([2; 16])),
    )
    .notice(NoticeId::from_bytes([3; 16]), 2)
    .delivery(DeliveryId::from_bytes([4; 16]))
    .fact("late", false)
    .fact("grade", "g1")
    .fact("rung", 2)
    .digest("page", Sha256Digest::of(b"page"))
    .personal("signer_name", "张三", SALT)
}

#[test]
fn the_bytes_are_fixed_for_ever() {
    let text = String::from_utf8(sample().canonical_bytes().unwrap()).unwrap();
    let page = Sha256Digest::of(b"page");
    let signer = Sha256Digest::of(&[&SALT[..], b"signer_name\0", "张三".as_bytes()].concat());
    assert_eq!(
        text,
        format!(
            "{{\"actor\":\"{}\",\"at\":\"2026-11-18T11:06:40.000000Z\",\
             \"digests\":{{\"page\":\"{page}\"}},\
             \"facts\":{{\"grade\":\"g1\",\"late\":false,\"rung\":2}},\
             \"id\":\"{}\",\"kind\":\"acknowledged\",\
             \"personal\":{{\"signer_name\":\"{signer}\"}},\
             \"subjects\":{{\"delivery\":\"{}\",\"notice\":\"{}\",\"version\":2}},\"v\":1}}",
            Actor::Link(LinkId::from_bytes([2; 16])),
            EventId::from_bytes([1; 16]),
            DeliveryId::from_bytes([4; 16]),
            NoticeId::from_bytes([3; 16]),
        )
    );
    assert!(is_canonical(text.as_bytes()));
}

#[test]
fn personal_values_and_salts_stay_outside() {
    let text = String::from_utf8(sample().canonical_bytes().unwrap()).unwrap();
    assert!(!text.contains("张三") && !text.contains("0909"));
    assert!(!format!("{:?}", sample()).contains("张三"));
    let other_salt = sample().personal("signer_name", "张三", [8; 16]);
    assert_eq!(other_salt.personal.len(), 1);
    assert_ne!(other_salt.leaf_hash(), sample().leaf_hash());
    // The separator keeps name and value apart.
    assert_ne!(commitment(&SALT, "a", "bc"), commitment(&SALT, "ab", "c"));
}

#[test]
fn leaf_hashes_agree_with_an_independent_implementation() {
    let entries = [
        (
            concat!(
                r#"{"act":"notice.issue","actor":"u:1","data":{"docs":["sha256:"#,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                r#""],"urgency":"特提"},"obj":"n:1","seq":0,"ts":"2026-01-01T00:00:00.000Z","v":1}"#
            ),
            "bf0e6ca796b0a088ba2c255ab0d3d7db0508baa7f3c8248e10cab01cf2c15e71",
        ),
        (
            concat!(
                r#"{"act":"escalation.fire","actor":"sys:engine","data":{"step":1},"#,
                r#""obj":"d:1","seq":1,"ts":"2026-01-01T00:05:00.000Z","v":1}"#
            ),
            "ff6759161829df75013b7e3d3a7e7d31566cdc43d8ba3e3dc54553f8acdd5848",
        ),
        (
            concat!(
                r#"{"act":"delivery.ack","actor":"o:7","data":{"via":"link"},"#,
                r#""obj":"d:1","seq":2,"ts":"2026-01-01T00:06:00.000Z","v":1}"#
            ),
            "43653d5e66889fcbf6b180172cfabe7d420f4e2e5005b5a22a8d62bf92323094",
        ),
    ];
    assert_eq!(entries[0].0.len(), 205);
    for (entry, leaf) in entries {
        assert!(is_canonical(entry.as_bytes()), "{entry}");
        assert_eq!(leaf_hash(entry.as_bytes()).to_string(), leaf);
    }
    assert_eq!(
        leaf_hash(b"").to_string(),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn every_kind_has_its_own_name_and_finds_back() {
    let mut names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    for kind in EventKind::ALL {
        assert_eq!(EventKind::from_name(kind.as_str()), Some(*kind));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), EventKind::ALL.len());
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    assert!(names.iter().all(|name| name.chars().all(plain)));
    assert_eq!(EventKind::Returned.family(), Family::Acceptance);
}

#[test]
fn actors_have_one_text_each() {
    let account = AccountId::from_bytes([7; 16]);
    assert_eq!(Actor::Account(account).to_string(), format!("account:{account}"));
    assert_eq!(Actor::System("deliver").to_string(), "system:deliver");
    assert_eq!(Actor::Operator.to_string(), "operator");
}
