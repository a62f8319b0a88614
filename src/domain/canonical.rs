//! Canonical JSON: one value, one sequence of bytes (RFC 8785, the subset evidence needs).
//!
//! Refuses what it does not need instead of guessing: keys outside ASCII, fractions, integers
//! that a double cannot hold exactly, and nesting that no entry of ours has.

use serde::Serialize;
use serde_json::Value;

use write::Writer;

mod write;

/// Largest integer every JSON reader keeps exactly (RFC 7493 §2.2).
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Objects and arrays inside each other; deeper values are refused, not followed.
pub const DEPTH_MAX: usize = 16;

/// Room for a usual entry, so that it is written without growing.
const USUAL_BYTES: usize = 1_536;

/// The value lies outside the subset that has one agreed form here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A key has characters outside ASCII, or is no text.
    #[error("key {0:?} is not ASCII; name members in ASCII")]
    Key(String),
    /// A fraction, or an integer outside ±(2^53 − 1).
    #[error("number {0} is not an integer within ±(2^53 − 1); write it as text")]
    Number(String),
    /// More than [`DEPTH_MAX`] levels.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    Depth,
    /// Bytes, or an enum's variant with values.
    #[error("{0}")]
    Kind(String),
}

/// The canonical bytes of `value`.
///
/// # Errors
/// The value is outside the subset.
pub fn canonical(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    let mut out = String::with_capacity(USUAL_BYTES);
    value.serialize(Writer { out: &mut out, depth: DEPTH_MAX })?;
    Ok(out.into_bytes())
}

/// Whether `bytes` are what [`canonical`] would write for the value they hold.
///
/// Duplicate members, spaces, other escapes and other orders are all caught by this.
#[must_use]
pub fn is_canonical(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes)
        .ok()
        .and_then(|value| canonical(&value).ok())
        .is_some_and(|again| again == bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn the_strings_of_rfc_8785() {
        let value = json!({
            "string": "\u{20ac}$\u{f}\nA'\u{42}\u{22}\u{5c}\\\"/",
            "literals": [null, true, false],
            "numbers": [0, -1, 9_007_199_254_740_991_i64],
        });
        assert_eq!(
            text(&value),
            r#"{"literals":[null,true,false],"numbers":[0,-1,9007199254740991],"#.to_owned()
                + r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(text(&json!("\u{8}\t\u{c}\r\u{1f}\u{7f}")), "\"\\b\\t\\f\\r\\u001f\u{7f}\"");
        assert_eq!(
            text(&json!({"b": 1, "a": 2, "B": {}, "aa": []})),
            r#"{"B":{},"a":2,"aa":[],"b":1}"#
        );
    }

    #[test]
    fn what_has_no_agreed_form_is_refused() {
        assert!(matches!(canonical(&json!({"键": 1})), Err(NotCanonical::Key(_))));
        assert!(matches!(canonical(&json!(1.5)), Err(NotCanonical::Number(_))));
        assert!(matches!(canonical(&json!(INTEGER_MAX + 1)), Err(NotCanonical::Number(_))));
        assert!(matches!(canonical(&json!(u64::MAX)), Err(NotCanonical::Number(_))));
        assert!(matches!(canonical(&Some(Ok::<_, ()>(1))), Err(NotCanonical::Kind(_))));
        let deep = (0..=DEPTH_MAX).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(canonical(&deep), Err(NotCanonical::Depth));
    }

    #[test]
    fn other_spellings_are_told_apart() {
        assert!(is_canonical(br#"{"a":1,"b":"x"}"#));
        for other in [
            r#"{"b":"x","a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a": 1}"#,
            r#"{"a":1}x"#,
            "{\"a\":1}\n",
            r#"{"a":1.0}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\/"}"#,
        ] {
            assert!(!is_canonical(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn members_come_in_order_whatever_order_they_were_declared_in() {
        #[derive(Serialize)]
        struct Declared<'t> {
            #[serde(rename = "b\"")]
            quote: &'t str,
            b: Option<()>,
            a: [u8; 2],
            #[serde(skip_serializing_if = "Option::is_none")]
            gone: Option<u8>,
        }
        let value = Declared { quote: "\n", b: None, a: [1, 2], gone: None };
        let bytes = canonical(&[value]).unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"[{"a":[1,2],"b":null,"b\"":"\n"}]"#
        );
        assert!(is_canonical(&bytes));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,6}", inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn bytes_mean_the_value_and_are_their_own_form(value in values()) {
            let bytes = canonical(&value).unwrap();
            let back: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(canonical(&back).unwrap(), bytes.clone());
            prop_assert!(is_canonical(&bytes));
        }
    }
}
