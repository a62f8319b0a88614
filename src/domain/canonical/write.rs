//! Writing a value in canonical form as serde hands it over, without a tree of it in between: most
//! of what is written is an event or a receipt of a burst.
//!
//! Never here: what canonical means beyond RFC 8785 is said in `canonical.rs`.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serialize, Serializer};

use super::{INTEGER_MAX, NotCanonical};

/// Writes one value. `depth` is how many more levels may be opened.
pub(super) struct Writer<'o> {
    pub(super) out: &'o mut String,
    pub(super) depth: usize,
}

impl ser::Error for NotCanonical {
    fn custom<T: Display>(what: T) -> Self {
        Self::Kind(what.to_string())
    }
}

impl Writer<'_> {
    fn integer(self, value: i128) -> Result<(), NotCanonical> {
        let max = i128::from(INTEGER_MAX);
        if !(-max..=max).contains(&value) {
            return Err(NotCanonical::Number(value.to_string()));
        }
        write!(self.out, "{value}").map_err(ser::Error::custom)
    }

    fn deeper(&self) -> Result<usize, NotCanonical> {
        self.depth.checked_sub(1).ok_or(NotCanonical::Depth)
    }
}

macro_rules! integers {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name(self, value: $kind) -> Result<(), NotCanonical> {
            self.integer(i128::from(value))
        })*
    };
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = NotCanonical;
    type SerializeSeq = Items<'o>;
    type SerializeTuple = Items<'o>;
    type SerializeTupleStruct = Items<'o>;
    type SerializeTupleVariant = ser::Impossible<(), NotCanonical>;
    type SerializeMap = Members<'o>;
    type SerializeStruct = Members<'o>;
    type SerializeStructVariant = ser::Impossible<(), NotCanonical>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, value: bool) -> Result<(), NotCanonical> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), NotCanonical> {
        Err(NotCanonical::Number(value.to_string()))
    }

    fn serialize_f64(self, value: f64) -> Result<(), NotCanonical> {
        Err(NotCanonical::Number(value.to_string()))
    }

    fn serialize_char(self, value: char) -> Result<(), NotCanonical> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), NotCanonical> {
        quoted(self.out, value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), NotCanonical> {
        self.out.push('"');
        write!(Escaping(self.out), "{value}").map_err(ser::Error::custom)?;
        self.out.push('"');
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NotCanonical> {
        Err(NotCanonical::Kind("bytes have no form of their own; write them as text".into()))
    }

    fn serialize_none(self) -> Result<(), NotCanonical> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotCanonical> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotCanonical> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NotCanonical> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), NotCanonical> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotCanonical> {
        Err(variant_of(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'o>, NotCanonical> {
        let depth = self.deeper()?;
        self.out.push('[');
        Ok(Items { out: self.out, depth, first: true })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'o>, NotCanonical> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Items<'o>, NotCanonical> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotCanonical> {
        Err(variant_of(name))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Members<'o>, NotCanonical> {
        let depth = self.deeper()?;
        self.out.push('{');
        let start = self.out.len();
        let ends = Vec::with_capacity(len.unwrap_or(0));
        Ok(Members { out: self.out, depth, start, ends, key: None })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Members<'o>, NotCanonical> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotCanonical> {
        Err(variant_of(name))
    }
}

fn variant_of(name: &str) -> NotCanonical {
    NotCanonical::Kind(format!("a variant of {name} with values has no agreed form"))
}

/// An array being written.
pub(super) struct Items<'o> {
    out: &'o mut String,
    depth: usize,
    first: bool,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        value.serialize(Writer { out: self.out, depth: self.depth })
    }

    fn close(self) {
        self.out.push(']');
    }
}

macro_rules! sequences {
    ($($kind:ident $item:ident),*) => {
        $(impl ser::$kind for Items<'_> {
            type Ok = ();
            type Error = NotCanonical;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
                self.item(value)
            }

            fn end(self) -> Result<(), NotCanonical> {
                self.close();
                Ok(())
            }
        })*
    };
}

sequences!(SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field);

/// An object being written. Members are written as they come and put in order at the end, which
/// mostly finds them so.
pub(super) struct Members<'o> {
    out: &'o mut String,
    depth: usize,
    /// Where the first member begins.
    start: usize,
    /// Each member's key and where its text ends.
    ends: Vec<(Cow<'static, str>, usize)>,
    /// Of the member whose value comes next.
    key: Option<Cow<'static, str>>,
}

impl Members<'_> {
    fn member<T: Serialize + ?Sized>(
        &mut self,
        key: Cow<'static, str>,
        value: &T,
    ) -> Result<(), NotCanonical> {
        if !key.is_ascii() {
            return Err(NotCanonical::Key(key.into_owned()));
        }
        if !self.ends.is_empty() {
            self.out.push(',');
        }
        quoted(self.out, &key);
        self.out.push(':');
        value.serialize(Writer { out: self.out, depth: self.depth })?;
        self.ends.push((key, self.out.len()));
        Ok(())
    }

    fn close(self) {
        if !self.ends.is_sorted_by(|a, b| a.0 < b.0) {
            self.sort();
        } else {
            self.out.push('}');
        }
    }

    /// RFC 8785 sorts by UTF-16 units; for ASCII keys that is the order of bytes.
    fn sort(self) {
        let written = self.out.split_off(self.start);
        let mut from = self.start;
        let mut parts: Vec<(Cow<'static, str>, &str)> = Vec::with_capacity(self.ends.len());
        for (key, end) in self.ends {
            let part = written.get(from - self.start..end - self.start).unwrap_or_default();
            parts.push((key, part));
            from = end + 1; // the comma
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        for (place, (_, part)) in parts.into_iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            self.out.push_str(part);
        }
        self.out.push('}');
    }
}

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotCanonical> {
        match serde_json::to_value(key) {
            Ok(serde_json::Value::String(key)) => {
                self.key = Some(Cow::Owned(key));
                Ok(())
            }
            other => Err(NotCanonical::Key(format!("{other:?}"))),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotCanonical> {
        let key = self.key.take();
        self.member(key.ok_or_else(|| NotCanonical::Kind("a value without a key".into()))?, value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = NotCanonical;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotCanonical> {
        self.member(Cow::Borrowed(key), value)
    }

    fn end(self) -> Result<(), NotCanonical> {
        self.close();
        Ok(())
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    escaped(out, text);
    out.push('"');
}

/// What is written here stands inside a string.
struct Escaping<'o>(&'o mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}

/// RFC 8785 §3.2.2.2: two-character escapes where JSON has them, `\u00xx` for the other
/// control characters, everything else as it is.
fn escaped(out: &mut String, text: &str) {
    let mut rest = text;
    // Almost no text needs an escape. All of it is looked at in one sweep that the compiler does
    // many bytes at a time; one that stops at the first find would go byte by byte.
    let needs_one = |needs, byte| needs | (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    if !text.bytes().fold(false, needs_one) {
        out.push_str(text);
        return;
    }
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
}

/// The run before the first character that must be escaped, that character, and what follows.
fn split_at_escape(text: &str) -> Option<(&str, char, &str)> {
    let place = text.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
    let (run, rest) = text.split_at_checked(place)?;
    let mut rest = rest.chars();
    Some((run, rest.next()?, rest.as_str()))
}
