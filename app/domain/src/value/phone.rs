//! Telephone numbers, mobile or landline (domain.md R-93).

use super::{Check, Complaint, text::normalize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mobile number (`1[3-9]` and nine digits) or a landline number with area code and perhaps an
/// extension (`0371-63390000-8001`). Personal data: only [`Phone::as_str`] shows all of it.
/// In JSON: the number; reading JSON repeats the check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// A number as entered.
    ///
    /// # Errors
    /// About `格式不正确`.
    pub fn parse(text: &str) -> Check<Self> {
        let number = normalize(text);
        if is_mobile(&number) || is_landline(&number) {
            Ok(Self(number))
        } else {
            Err(Complaint::about("格式不正确"))
        }
    }

    /// The whole number: for dialling and for readers with the right to it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when short messages can reach it.
    #[must_use]
    pub fn is_mobile(&self) -> bool {
        is_mobile(&self.0)
    }

    /// `138****5678` (domain.md §2.7); a landline number likewise keeps three and four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[self.0.len() - 4..])
    }
}

/// `^1[3-9]\d{9}$`
fn is_mobile(number: &str) -> bool {
    are_digits(number, 11..=11) && matches!(number.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// `^0\d{2,3}-?\d{7,8}(-\d{1,6})?$`
fn is_landline(number: &str) -> bool {
    let parts: Vec<&str> = number.split('-').collect();
    // Without a hyphen after the area code, area and number together have 10 to 12 digits.
    let joined = |part| are_digits(part, 10..=12);
    let apart = |area, local| are_digits(area, 3..=4) && are_digits(local, 7..=8);
    let extension = |part| are_digits(part, 1..=6);
    number.starts_with('0')
        && match parts[..] {
            [line] => joined(line),
            [first, second] => apart(first, second) || joined(first) && extension(second),
            [area, local, last] => apart(area, local) && extension(last),
            _ => false,
        }
}

fn are_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl TryFrom<String> for Phone {
    type Error = Complaint;

    fn try_from(text: String) -> Check<Self> {
        Self::parse(&text)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

/// Masked, so that logs never carry a number.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_r93() {
        for mobile in ["13812345678", "19912345678", " １３８12345678 "] {
            assert!(Phone::parse(mobile).unwrap().is_mobile(), "{mobile}");
        }
        for landline in [
            "0371-63390000",
            "037163390000",
            "010-1234567",
            "0101234567",
            "0371-63390000-8001",
            "037163390000-1",
            "01012345678-123456",
        ] {
            assert!(!Phone::parse(landline).unwrap().is_mobile(), "{landline}");
        }
        for wrong in [
            "",
            "1381234567",
            "138123456789",
            "12812345678",
            "23812345678",
            "1381234567a",
            "+8613812345678",
            "138-1234-5678",
            "63390000",
            "03-63390000",
            "03711-63390000",
            "0371-633900",
            "0371-633900001",
            "037",
            "010123456",
            "0101234567890",
            "0371-63390000-",
            "0371-63390000-1234567",
            "0371--63390000",
            "0371-63390000-1-2",
            "1371-63390000",
            "电话",
        ] {
            let complaint = Phone::parse(wrong).unwrap_err();
            assert_eq!(complaint, Complaint::about("格式不正确"), "{wrong}");
        }
    }

    #[test]
    fn masks_of_section_2_7() {
        let phone = Phone::parse("13812345678").unwrap();
        assert_eq!(phone.masked(), "138****5678");
        assert_eq!(format!("{phone:?}"), "Phone(138****5678)");
        assert_eq!(phone.as_str(), "13812345678");
        assert_eq!(Phone::parse("0371-63391234").unwrap().masked(), "037****1234");
    }

    #[test]
    fn json_is_checked() {
        let phone: Phone = serde_json::from_str(r#""13812345678""#).unwrap();
        assert_eq!(serde_json::to_string(&phone).unwrap(), r#""13812345678""#);
        let wrong = serde_json::from_str::<Phone>(r#""12812345678""#).unwrap_err();
        assert!(!wrong.to_string().contains("128"), "an error must not carry the number");
    }

    proptest! {
        #[test]
        fn every_number_of_the_pattern_is_accepted(
            mobile in "1[3-9][0-9]{9}", landline in "0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?",
        ) {
            prop_assert!(Phone::parse(&mobile).is_ok_and(|phone| phone.is_mobile()));
            prop_assert!(Phone::parse(&landline).is_ok_and(|phone| !phone.is_mobile()));
        }

        #[test]
        fn a_mask_tells_nothing_about_the_middle(
            first in "0[0-9]{2}", middle in "[0-9]{3,5}", other in "[0-9]{3,5}", last in "[0-9]{4}",
        ) {
            let masked = |middle| Phone::parse(&format!("{first}{middle}{last}")).unwrap().masked();
            prop_assert_eq!(masked(middle), masked(other));
        }
    }
}
