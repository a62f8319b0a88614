//! 发文字号: organ code, year and serial, as in 湘办发电〔2014〕35号.
//!
//! Generous about how it is typed (brackets of any kind, blanks, full-width digits), strict about
//! what it says: no 第, no padded serial. One canonical form is kept and printed.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use super::text::{is_han, with_ascii_digits};

/// Characters an organ code may have.
pub const CODE_CHARS_MAX: usize = 20;
/// Digits a serial may have.
pub const SERIAL_DIGITS_MAX: usize = 6;

/// A document number; unique per (code, year, serial) within the issuing organ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentNumber {
    code: String,
    year: u16,
    serial: u32,
}

/// Why a text is not a document number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDocumentNumber {
    /// Nothing was written.
    #[error("the document number is empty")]
    Empty,
    /// No year in brackets.
    #[error("no year in brackets, as in 湘办发电〔2014〕35号")]
    NoYear,
    /// The brackets hold something else than a year from 1900 to 2099.
    #[error("{0:?} in brackets is not a year of four digits from 1900 to 2099")]
    BadYear(String),
    /// No organ code, too long, or with characters other than Han and Latin letters.
    #[error("{0:?} is not an organ code of 1 to 20 Chinese or Latin letters")]
    BadCode(String),
    /// The serial begins with 第.
    #[error("the serial is written without 第")]
    Ordinal,
    /// The serial is padded with zeros.
    #[error("the serial is not padded with zeros")]
    Padded,
    /// No 号 at the end.
    #[error("the number does not end with 号")]
    NoEnd,
    /// The serial is not a number from 1 to 999999.
    #[error("{0:?} is not a serial from 1 to 999999")]
    BadSerial(String),
}

impl BadDocumentNumber {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Empty => "请填写发文字号，如：湘办发电〔2014〕35号".to_owned(),
            Self::NoYear => "发文字号缺少括号内的年份，请写成：湘办发电〔2014〕35号".to_owned(),
            Self::BadYear(year) => {
                format!("括号内的“{year}”不是四位年份，请写成：〔2014〕")
            }
            Self::BadCode(code) if code.is_empty() => {
                "发文字号缺少机关代字，请写在年份之前，如：湘办发电".to_owned()
            }
            Self::BadCode(code) => {
                format!("机关代字“{code}”只能用汉字或字母，不超过{CODE_CHARS_MAX}字")
            }
            Self::Ordinal => "发文字号的序号前不加“第”，请写成：35号".to_owned(),
            Self::Padded => "发文字号的序号不编虚位，请写成35号，不写035号".to_owned(),
            Self::NoEnd => "发文字号应以“号”结尾，如：35号".to_owned(),
            Self::BadSerial(serial) => {
                format!("序号“{serial}”不是1至999999的数字，请更正")
            }
        }
    }
}

impl DocumentNumber {
    /// Organ code, such as 湘办发电.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Year of four digits.
    #[must_use]
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// Serial within code and year, from 1.
    #[must_use]
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// Reads a number as people type it.
    ///
    /// # Errors
    /// Says which part is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, BadDocumentNumber> {
        let plain = normalise(text);
        if plain.is_empty() {
            return Err(BadDocumentNumber::Empty);
        }
        let (code, rest) = plain.split_once('〔').ok_or(BadDocumentNumber::NoYear)?;
        let (year, rest) = rest.split_once('〕').ok_or(BadDocumentNumber::NoYear)?;
        Ok(Self { code: parse_code(code)?, year: parse_year(year)?, serial: parse_serial(rest)? })
    }
}

fn normalise(text: &str) -> String {
    with_ascii_digits(text)
        .nfc()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '[' | '【' | '（' | '(' | '［' | '﹝' => '〔',
            ']' | '】' | '）' | ')' | '］' | '﹞' => '〕',
            other => other,
        })
        .collect()
}

fn parse_code(code: &str) -> Result<String, BadDocumentNumber> {
    let fits = (1..=CODE_CHARS_MAX).contains(&code.chars().count())
        && code.chars().all(|c| is_han(c) || c.is_ascii_alphabetic());
    if fits { Ok(code.to_owned()) } else { Err(BadDocumentNumber::BadCode(code.to_owned())) }
}

fn parse_year(year: &str) -> Result<u16, BadDocumentNumber> {
    let bad = || BadDocumentNumber::BadYear(year.to_owned());
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let number: u16 = year.parse().map_err(|_| bad())?;
    if (1900..=2099).contains(&number) { Ok(number) } else { Err(bad()) }
}

fn parse_serial(rest: &str) -> Result<u32, BadDocumentNumber> {
    if rest.starts_with('第') {
        return Err(BadDocumentNumber::Ordinal);
    }
    let serial = rest.strip_suffix('号').ok_or(BadDocumentNumber::NoEnd)?;
    let digits = !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_digit());
    if digits && serial.starts_with('0') && serial.bytes().any(|b| b != b'0') {
        return Err(BadDocumentNumber::Padded);
    }
    if !digits || serial.len() > SERIAL_DIGITS_MAX || serial.starts_with('0') {
        return Err(BadDocumentNumber::BadSerial(serial.to_owned()));
    }
    serial.parse().map_err(|_| BadDocumentNumber::BadSerial(serial.to_owned()))
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}〔{}〕{}号", self.code, self.year, self.serial)
    }
}

impl FromStr for DocumentNumber {
    type Err = BadDocumentNumber;

    fn from_str(text: &str) -> Result<Self, BadDocumentNumber> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_typing_it_is_the_same_number() {
        for typed in [
            "湘办发电〔2014〕35号",
            "湘办发电[2014]35号",
            "湘办发电【2014】35号",
            "湘办发电（2014）35号",
            "湘办发电(2014)35号",
            "湘办发电［２０１４］３５号",
            " 湘办发电 〔2014〕 35 号\u{3000}",
        ] {
            let number = DocumentNumber::parse(typed).unwrap();
            assert_eq!(number.to_string(), "湘办发电〔2014〕35号", "typed {typed:?}");
            assert_eq!((number.code(), number.year(), number.serial()), ("湘办发电", 2014, 35));
        }
        assert_eq!("国发明电〔2008〕8号".parse::<DocumentNumber>().unwrap().serial(), 8);
    }

    #[test]
    fn each_mistake_has_its_own_answer() {
        use BadDocumentNumber as Bad;
        let cases = [
            ("", Bad::Empty),
            ("湘办发电2014-35号", Bad::NoYear),
            ("湘办发电〔2014 35号", Bad::NoYear),
            ("湘办发电〔14〕35号", Bad::BadYear("14".into())),
            ("湘办发电〔1814〕35号", Bad::BadYear("1814".into())),
            ("〔2014〕35号", Bad::BadCode(String::new())),
            ("湘办-发〔2014〕35号", Bad::BadCode("湘办-发".into())),
            ("湘办发电〔2014〕第35号", Bad::Ordinal),
            ("湘办发电〔2014〕035号", Bad::Padded),
            ("湘办发电〔2014〕35", Bad::NoEnd),
            ("湘办发电〔2014〕号", Bad::BadSerial(String::new())),
            ("湘办发电〔2014〕0号", Bad::BadSerial("0".into())),
            ("湘办发电〔2014〕1234567号", Bad::BadSerial("1234567".into())),
        ];
        for (typed, fault) in cases {
            assert_eq!(DocumentNumber::parse(typed), Err(fault.clone()), "typed {typed:?}");
            assert!(!fault.message_zh().is_empty());
        }
    }

    proptest! {
        #[test]
        fn the_printed_form_reads_back(code in "[一-龥A-Za-z]{1,20}", year in 1900u16..2100,
                                       serial in 1u32..1_000_000) {
            let number = DocumentNumber { code, year, serial };
            prop_assert_eq!(DocumentNumber::parse(&number.to_string()), Ok(number));
        }

        #[test]
        fn no_text_makes_it_stumble(raw in any::<String>()) {
            if let Ok(number) = DocumentNumber::parse(&raw) {
                prop_assert_eq!(DocumentNumber::parse(&number.to_string()), Ok(number));
            }
        }
    }
}
