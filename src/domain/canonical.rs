//! Canonical JSON: one value, one sequence of bytes (RFC 8785, the subset evidence needs).
//!
//! Refuses what it does not need instead of guessing: keys outside ASCII, fractions, integers
//! that a double cannot hold exactly, and nesting that no entry of ours has.

use serde_json::{Number, Value};

/// Largest integer every JSON reader keeps exactly (RFC 7493 §2.2).
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Objects and arrays inside each other; deeper values are refused, not followed.
pub const DEPTH_MAX: usize = 16;

/// The value lies outside the subset that has one agreed form here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A key has characters outside ASCII.
    #[error("key {0:?} is not ASCII; name members in ASCII")]
    Key(String),
    /// A fraction, or an integer outside ±(2^53 − 1).
    #[error("number {0} is not an integer within ±(2^53 − 1); write it as text")]
    Number(Number),
    /// More than [`DEPTH_MAX`] levels.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    Depth,
}

/// The canonical bytes of `value`.
///
/// # Errors
/// The value is outside the subset.
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut out = String::new();
    write_value(&mut out, value, DEPTH_MAX)?;
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

fn write_value(out: &mut String, value: &Value, depth: usize) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            let depth = depth.checked_sub(1).ok_or(NotCanonical::Depth)?;
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_value(out, item, depth)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let depth = depth.checked_sub(1).ok_or(NotCanonical::Depth)?;
            // Sorted here, because serde_json's map keeps insertion order if any crate asks it to.
            // RFC 8785 sorts by UTF-16 units; for ASCII keys that is the order of bytes.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (place, (key, item)) in sorted.into_iter().enumerate() {
                if !key.is_ascii() {
                    return Err(NotCanonical::Key(key.clone()));
                }
                if place > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write_value(out, item, depth)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_number(out: &mut String, number: &Number) -> Result<(), NotCanonical> {
    match number.as_i64() {
        Some(n) if (-INTEGER_MAX..=INTEGER_MAX).contains(&n) => {
            out.push_str(&n.to_string());
            Ok(())
        }
        _ => Err(NotCanonical::Number(number.clone())),
    }
}

/// RFC 8785 §3.2.2.2: two-character escapes where JSON has them, `\u00xx` for the other
/// control characters, everything else as it is.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // Almost no text needs an escape, so it is copied in whole runs.
    while let Some((run, c, after)) = split_at_escape(rest) {
        out.push_str(run);
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// The run before the first character that must be escaped, that character, and what follows.
fn split_at_escape(text: &str) -> Option<(&str, char, &str)> {
    let place = text.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
    let (run, rest) = text.split_at_checked(place)?;
    let mut rest = rest.chars();
    Some((run, rest.next()?, rest.as_str()))
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
