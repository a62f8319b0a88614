//! Telephone numbers as offices write them: land lines with area code and perhaps an extension,
//! and mobiles.
//!
//! Two forms are kept: one to read and one of digits alone, to dial and to compare. A number
//! without area code is refused: the desk that calls may sit in another city.

use std::fmt;

const EXTENSION_DIGITS_MAX: usize = 6;
const TEXT_CHARS_MAX: usize = 40;

/// A telephone number in mainland China.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber {
    digits: String,
    area_digits: usize,
    extension: Option<String>,
}

/// Why a text is not accepted as a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// Nothing was written.
    #[error("the telephone number is empty; write one such as 0731-55500001")]
    Empty,
    /// A line break or another control character.
    #[error("the telephone number contains a line break or control character; write one number")]
    ControlCharacter,
    /// A letter or sign that no number has; often a spreadsheet's 7.31E+11, or two numbers.
    #[error("the telephone number has a character that is no digit; write one number as text")]
    BadCharacter,
    /// A local number alone.
    #[error("the telephone number lacks its area code; write it such as 0731-55500001")]
    NoAreaCode,
    /// Too few or too many digits, or a first digit no subscriber has.
    #[error(
        "not a telephone number; a land line has 7 or 8 digits after its area code, a mobile 11"
    )]
    BadLength,
    /// The extension is empty, too long or stands behind a mobile.
    #[error("the extension is malformed; write up to six digits after a land line's number")]
    BadExtension,
    /// A land line where a mobile is wanted.
    #[error("not a mobile number; a mobile has 11 digits and begins with 13 to 19")]
    NotMobile,
}

impl PhoneFault {
    /// The sentence for a page.
    #[must_use]
    pub const fn message_zh(self) -> &'static str {
        match self {
            Self::Empty => "请填写电话号码",
            Self::ControlCharacter => "电话号码中有换行或控制字符，请只写一个号码",
            Self::BadCharacter => "电话号码中有数字以外的字符，请只写一个号码",
            Self::NoAreaCode => "电话号码缺少区号，请写成 0731-55500001 的形式",
            Self::BadLength => "电话号码位数有误：固定电话为区号加 7 或 8 位，手机为 11 位",
            Self::BadExtension => "分机号有误：写在固定电话之后，最多 6 位数字",
            Self::NotMobile => "不是手机号码：手机为 11 位，以 13 至 19 开头",
        }
    }
}

impl PhoneNumber {
    /// Reads a number; accepts full-width characters, brackets, spaces, +86 and 转.
    ///
    /// # Errors
    /// The first rule of this room that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PhoneFault> {
        let text = text.trim_matches([' ', '\u{3000}']);
        if text.is_empty() {
            return Err(PhoneFault::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(PhoneFault::ControlCharacter);
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err(PhoneFault::BadLength);
        }
        let half_width: String = text.chars().map(half_width).collect();
        let (main, after) = match half_width.split_once('转') {
            Some((main, after)) => (main, Some(after.trim())),
            None => (half_width.as_str(), None),
        };
        let mut groups = digit_groups(main)?;
        let extension = after.map(check_extension).transpose()?;
        if groups.concat().starts_with('1') {
            return Self::mobile(groups.concat(), extension);
        }
        if !groups.concat().starts_with('0') {
            return Err(PhoneFault::NoAreaCode);
        }
        if let Some(line) = Self::land_line(groups.concat(), extension.clone()) {
            return Ok(line);
        }
        // 0731-55500001-8012: the third group is an extension if the rest is a whole number.
        match (extension, groups.pop()) {
            (None, Some(last)) => {
                let extension = check_extension(last);
                let line = extension.and_then(|extension| {
                    Self::land_line(groups.concat(), Some(extension)).ok_or(PhoneFault::BadLength)
                });
                line.map_err(|_| PhoneFault::BadLength)
            }
            _ => Err(PhoneFault::BadLength),
        }
    }

    /// Reads a number that must be a mobile.
    ///
    /// # Errors
    /// As [`Self::parse`], or the number is a land line.
    pub fn parse_mobile(text: &str) -> Result<Self, PhoneFault> {
        let number = Self::parse(text)?;
        if number.is_mobile() { Ok(number) } else { Err(PhoneFault::NotMobile) }
    }

    fn mobile(digits: String, extension: Option<String>) -> Result<Self, PhoneFault> {
        if extension.is_some() {
            return Err(PhoneFault::BadExtension);
        }
        let second_fits = matches!(digits.as_bytes(), [_, b'3'..=b'9', ..]);
        if digits.len() != 11 || !second_fits {
            return Err(PhoneFault::BadLength);
        }
        Ok(Self { digits, area_digits: 0, extension: None })
    }

    fn land_line(digits: String, extension: Option<String>) -> Option<Self> {
        // 010 and 02x are the area codes of three digits; all others have four.
        let area_digits = match digits.as_bytes() {
            [b'0', b'1' | b'2', ..] => 3,
            [b'0', b'3'..=b'9', ..] => 4,
            _ => return None,
        };
        let subscriber = digits.get(area_digits..)?;
        let fits = matches!(subscriber.len(), 7 | 8) && !subscriber.starts_with(['0', '1']);
        fits.then_some(Self { digits, area_digits, extension })
    }

    /// The digits to dial and compare, with area code, without extension.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The extension to ask for, if there is one.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// Whether short messages can reach it.
    #[must_use]
    pub const fn is_mobile(&self) -> bool {
        self.area_digits == 0
    }

    /// What a log may show. Not the last four digits: a recipient types those to prove himself.
    #[must_use]
    pub fn redacted(&self) -> String {
        format!("{}****", self.digits.get(..4).unwrap_or_default())
    }
}

impl fmt::Display for PhoneNumber {
    /// The form to read: `0731-55500001`, `0731-55500001转8012`, `15400000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (area, subscriber) = self.digits.split_at_checked(self.area_digits).unwrap_or_default();
        if !area.is_empty() {
            write!(f, "{area}-")?;
        }
        f.write_str(subscriber)?;
        match &self.extension {
            Some(extension) => write!(f, "转{extension}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PhoneNumber {
    /// Redacted, because debug output ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '—' | '–' | '－' => '-',
        '０'..='９' | '（' | '）' | '＋' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    }
}

/// The groups of digits, with the country code taken off and the area code's 0 put back.
fn digit_groups(text: &str) -> Result<Vec<String>, PhoneFault> {
    let text = text.trim();
    let foreign = ["+86", "0086", "(+86)"].iter().find_map(|code| text.strip_prefix(code));
    let mut groups: Vec<String> = Vec::new();
    for part in foreign.unwrap_or(text).split(['-', ' ', '(', ')']).filter(|p| !p.is_empty()) {
        if !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PhoneFault::BadCharacter);
        }
        groups.push(part.to_owned());
    }
    let is_area = |first: &&mut String| !first.starts_with(['0', '1']) || first.len() == 2;
    if let Some(first) = groups.first_mut().filter(|first| foreign.is_some() && is_area(first)) {
        first.insert(0, '0');
    }
    Ok(groups)
}

fn check_extension(text: impl Into<String>) -> Result<String, PhoneFault> {
    let text = text.into();
    let fits = (1..=EXTENSION_DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(text) } else { Err(PhoneFault::BadExtension) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_as_offices_write_them_have_one_form_to_read_and_one_to_dial() {
        let cases = [
            ("0731-55500001", "0731-55500001", "073155500001"),
            ("（0731）55500001", "0731-55500001", "073155500001"),
            ("０７３１－５５５０ ０００１", "0731-55500001", "073155500001"),
            ("073155500001", "0731-55500001", "073155500001"),
            ("0739-5550001", "0739-5550001", "07395550001"),
            ("010 5550 0001", "010-55500001", "01055500001"),
            ("+86 731 5550 0001", "0731-55500001", "073155500001"),
            ("+86 10 5550 0001", "010-55500001", "01055500001"),
            ("0731-55500001转8012", "0731-55500001转8012", "073155500001"),
            ("0731-55500001-8012", "0731-55500001转8012", "073155500001"),
            ("154 0000 0001", "15400000001", "15400000001"),
            ("+86-15400000001", "15400000001", "15400000001"),
        ];
        for (text, shown, digits) in cases {
            let number = PhoneNumber::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!((number.to_string().as_str(), number.digits()), (shown, digits), "{text}");
            assert_eq!(PhoneNumber::parse(shown), Ok(number), "{text} read back");
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_by_name() {
        let cases = [
            ("", PhoneFault::Empty),
            ("55500001", PhoneFault::NoAreaCode),
            ("7.31556E+11", PhoneFault::BadCharacter),
            ("0731-55500001/55500002", PhoneFault::BadCharacter),
            ("0731-55500001\n0731-55500002", PhoneFault::ControlCharacter),
            ("0731-555000", PhoneFault::BadLength),
            ("0731-155500001", PhoneFault::BadLength),
            ("0731-15550000", PhoneFault::BadLength),
            ("12400000001", PhoneFault::BadLength),
            ("1540000000", PhoneFault::BadLength),
            ("0731-55500001转", PhoneFault::BadExtension),
            ("0731-55500001转1234567", PhoneFault::BadExtension),
            ("15400000001转1", PhoneFault::BadExtension),
        ];
        for (text, fault) in cases {
            assert_eq!(PhoneNumber::parse(text), Err(fault), "{text:?}");
        }
        assert_eq!(PhoneNumber::parse_mobile("0731-55500001"), Err(PhoneFault::NotMobile));
        assert!(PhoneNumber::parse_mobile("15400000001").is_ok_and(|n| n.is_mobile()));
    }

    #[test]
    fn logs_do_not_show_the_last_four_digits() {
        let number = PhoneNumber::parse("0731-55509876").unwrap();
        assert_eq!(format!("{number:?}"), "0731****");
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_reads_back_as_itself(text in "[0-9+() 转-]{0,24}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(PhoneNumber::parse(&number.to_string()), Ok(number));
            }
        }
    }
}
