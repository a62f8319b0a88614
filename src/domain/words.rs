//! Enums that have one word per variant in tables, URLs and JSON, and perhaps another on pages.
//!
//! The stored word is stable; the Chinese word is what people read. Refuses any other word and
//! lists the ones it knows, so that whoever typed it can correct it.

use std::fmt;

/// A word that is not one of a closed list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// What was written.
    pub word: String,
    /// What may be written.
    pub allowed: Vec<&'static str>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown word {:?}; use one of: {}", self.word, self.allowed.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Gives an enum its one stored word per variant: for columns, forms, URLs and JSON.
macro_rules! stored_words {
    ($name:ident, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in its natural order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in columns, forms, URLs and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    $crate::domain::words::UnknownWord {
                        word: word.to_owned(),
                        allowed: Self::ALL.iter().map(|known| known.as_str()).collect(),
                    }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Declares an enum with its stored word and its word on pages, in their natural order.
macro_rules! word_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $zh:literal;)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        $crate::domain::words::stored_words!($name, { $($variant => $word),+ });

        impl $name {
            /// The word on pages.
            #[must_use]
            pub const fn word_zh(self) -> &'static str {
                match self {
                    $(Self::$variant => $zh,)+
                }
            }
        }
    };
}

pub(crate) use stored_words;
pub(crate) use word_enum;
