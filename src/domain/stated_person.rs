//! Who somebody says to be: name, post and telephone as stated on a recipient's page.
//!
//! Only the shape is checked; whether it is true is what the grade of a receipt speaks about.

use std::fmt;

use super::phone::PhoneNumber;
use super::text::clean_line;

/// Characters in a stated name.
pub const STATED_NAME_CHARS_MAX: usize = 40;
/// Characters in a stated post.
pub const STATED_POST_CHARS_MAX: usize = 60;

/// A person as stated.
#[derive(Clone, PartialEq, Eq)]
pub struct StatedPerson {
    /// 姓名.
    pub name: String,
    /// 职务.
    pub post: String,
    /// 电话, in the form to read.
    pub phone: String,
}

impl fmt::Debug for StatedPerson {
    /// Redacted, because debug output ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatedPerson(redacted)")
    }
}

/// What is wrong with the three fields, each in the words of a page; `None` is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonFaults {
    /// Of the name.
    pub name: Option<String>,
    /// Of the post.
    pub post: Option<String>,
    /// Of the telephone.
    pub phone: Option<String>,
}

impl StatedPerson {
    /// Reads the three fields as typed.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn check(name: &str, post: &str, phone: &str) -> Result<Self, PersonFaults> {
        let name = line(name, STATED_NAME_CHARS_MAX, "没有填姓名，请写明", "姓名");
        let post = line(post, STATED_POST_CHARS_MAX, "没有填职务，请写明，如：值班员", "职务");
        let phone = read_phone(phone);
        match (name, post, phone) {
            (Ok(name), Ok(post), Ok(phone)) => Ok(Self { name, post, phone }),
            (name, post, phone) => {
                Err(PersonFaults { name: name.err(), post: post.err(), phone: phone.err() })
            }
        }
    }
}

fn line(typed: &str, max: usize, missing: &str, label: &str) -> Result<String, String> {
    match clean_line(typed, max) {
        Ok(text) if text.is_empty() => Err(missing.to_owned()),
        Ok(text) => Ok(text),
        Err(fault) => Err(format!("{label}{}", fault.message_zh())),
    }
}

fn read_phone(typed: &str) -> Result<String, String> {
    match PhoneNumber::parse(typed) {
        Ok(number) => Ok(number.to_string()),
        Err(_) if typed.trim().is_empty() => {
            Err("没有填电话，请写能找到您本人的号码，带区号".to_owned())
        }
        Err(fault) => Err(format!("电话“{}”：{}", typed.trim(), fault.message_zh())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_kept_as_stated() {
        let person =
            StatedPerson::check(" 王某 ", "机要室主任", "０７３１－８８０６２３４５").unwrap();
        assert_eq!(person.name, "王某");
        assert_eq!(person.phone, "0731-88062345");
        assert_eq!(format!("{person:?}"), "StatedPerson(redacted)");
    }

    #[test]
    fn every_fault_is_told_at_once_and_repeats_what_was_typed() {
        let faults = StatedPerson::check("", &"长".repeat(61), "88062").unwrap_err();
        assert!(faults.name.unwrap().contains("没有填姓名"));
        assert!(faults.post.unwrap().contains("61字"));
        assert!(faults.phone.unwrap().contains("88062"));
    }
}
