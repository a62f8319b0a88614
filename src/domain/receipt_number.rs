//! Receipt numbers: what people print, write down and read to each other over the telephone.
//!
//! `261123-7K3M9-QXT4R-C`: the day in Asia/Shanghai, ten characters of the receipt's random
//! bits, and one check character. The check (Damm's method over 32 symbols) finds every single
//! wrong character and every swap of neighbours. The number finds a receipt; the id names it.

use std::fmt;
use std::str::FromStr;

use super::ids::ReceiptId;
use super::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS: usize = 17;

/// A receipt's number for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptNumber(String);

/// The text is not a receipt number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReceiptNumber {
    /// Too few or too many characters, or one that no number has.
    #[error("a receipt number has the form 261123-7K3M9-QXT4R-C")]
    Form,
    /// One character is wrong, or two are swapped.
    #[error("the check character does not fit: one character was misread or two were swapped")]
    Check,
}

impl ReceiptNumber {
    /// The number of a receipt; the same id always has the same number.
    #[must_use]
    pub fn of(receipt: ReceiptId) -> Self {
        let bits = u128::from_be_bytes(receipt.to_bytes());
        let millis = i64::try_from(bits >> 80).unwrap_or(i64::MAX);
        let day = Timestamp::from_micros(millis.saturating_mul(1_000)).in_shanghai().date();
        let mut text =
            format!("{:02}{:02}{:02}", day.year().rem_euclid(100), day.month(), day.day());
        for place in (0..10).rev() {
            let value = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
            text.push(symbol(value));
        }
        let check = damm(text.bytes().filter_map(value_of));
        text.push(symbol(usize::from(check)));
        Self(group(&text))
    }

    /// The number as it is printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn symbol(value: usize) -> char {
    ALPHABET.get(value).copied().map_or('0', char::from)
}

fn value_of(symbol: u8) -> Option<u8> {
    ALPHABET.iter().position(|known| *known == symbol).and_then(|at| u8::try_from(at).ok())
}

/// Damm's check over GF(2^5): add the symbol, multiply by x modulo x^5 + x^2 + 1. The check
/// character is the state itself, which brings the state to zero when it is fed in.
fn damm(symbols: impl Iterator<Item = u8>) -> u8 {
    symbols.fold(0u8, |state, symbol| {
        let doubled = (state ^ symbol) << 1;
        if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
    })
}

fn group(symbols: &str) -> String {
    let mut text = String::with_capacity(symbols.len() + 3);
    for (place, symbol) in symbols.chars().enumerate() {
        if matches!(place, 6 | 11 | 16) {
            text.push('-');
        }
        text.push(symbol);
    }
    text
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ReceiptNumber {
    type Err = BadReceiptNumber;

    /// Reads what a person typed: any case, any hyphens and spaces, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, BadReceiptNumber> {
        let mut symbols = String::with_capacity(SYMBOLS);
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '－' | '—')) {
            symbols.push(match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            });
        }
        let values: Option<Vec<u8>> = symbols.bytes().map(value_of).collect();
        let values = values.filter(|all| all.len() == SYMBOLS).ok_or(BadReceiptNumber::Form)?;
        if !symbols.bytes().take(6).all(|digit| digit.is_ascii_digit()) {
            return Err(BadReceiptNumber::Form);
        }
        if damm(values.into_iter()) != 0 {
            return Err(BadReceiptNumber::Check);
        }
        Ok(Self(group(&symbols)))
    }
}

impl serde::Serialize for ReceiptNumber {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ReceiptNumber {
    /// In files only the printed form stands.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let number: Self = text.parse().map_err(serde::de::Error::custom)?;
        if number.0 == text {
            Ok(number)
        } else {
            Err(serde::de::Error::custom(BadReceiptNumber::Form))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> ReceiptNumber {
        // 2026-11-18 17:00 UTC is already the 19th in Shanghai.
        let at = Timestamp::from_micros(1_795_021_200_000_000);
        ReceiptNumber::of(ReceiptId::new(at, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    }

    #[test]
    fn a_number_reads_back_however_it_was_written_down() {
        let number = number();
        let text = number.to_string();
        assert!(text.starts_with("261119-") && text.len() == 20, "{text}");
        for written in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('-', ""),
            text.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(written.parse(), Ok(number.clone()), "{written}");
        }
        assert_eq!("".parse::<ReceiptNumber>(), Err(BadReceiptNumber::Form));
        assert_eq!(format!("{text}0").parse::<ReceiptNumber>(), Err(BadReceiptNumber::Form));
    }

    #[test]
    fn every_slip_of_one_character_or_one_swap_is_found() {
        let plain: Vec<char> = number().to_string().chars().filter(|c| *c != '-').collect();
        for place in 0..plain.len() {
            for symbol in ALPHABET.iter().map(|s| char::from(*s)) {
                let mut wrong = plain.clone();
                wrong[place] = symbol;
                let read = wrong.iter().collect::<String>().parse::<ReceiptNumber>();
                assert_eq!(read.is_ok(), symbol == plain[place]);
            }
            if place > 0 && plain[place] != plain[place - 1] {
                let mut wrong = plain.clone();
                wrong.swap(place, place - 1);
                assert!(wrong.iter().collect::<String>().parse::<ReceiptNumber>().is_err());
            }
        }
    }
}
