//! Bank account numbers: cards with a check digit, passbooks and corporate accounts without
//! (domain.md R-92).
//!
//! Both are personal data: only `as_str` shows the whole number, everything else masks. They are two
//! types because whether Luhn applies is a fact of the account, not of the digits.

use super::{Check, Complaint, text::normalize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A card number: 12 to 19 digits that satisfy Luhn.
/// In JSON: the digits; reading JSON repeats the check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BankCard(String);

/// The number of a passbook or corporate account: 8 to 32 digits, no check digit.
/// In JSON: the digits; reading JSON repeats the check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Passbook(String);

impl BankCard {
    /// A card number as entered; the spaces between printed groups are taken out.
    ///
    /// # Errors
    /// Says `银行卡号校验不通过，请核对`.
    pub fn parse(text: &str) -> Check<Self> {
        digits(text)
            .filter(|number| (12..=19).contains(&number.len()) && luhn(number))
            .map(Self)
            .ok_or(Complaint::says("银行卡号校验不通过，请核对"))
    }
}

impl Passbook {
    /// An account number as entered; the spaces between printed groups are taken out.
    ///
    /// # Errors
    /// About `格式不正确`.
    pub fn parse(text: &str) -> Check<Self> {
        digits(text).filter(|number| (8..=32).contains(&number.len())).map(Self).ok_or(Complaint::about("格式不正确"))
    }
}

/// The digits without spaces, if there is nothing else.
fn digits(text: &str) -> Option<String> {
    let number = normalize(text).replace(' ', "");
    number.bytes().all(|b| b.is_ascii_digit()).then_some(number)
}

/// Mod 10 over digits: every second one from the right is doubled and its digits are added.
fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, b)| match (u32::from(b - b'0'), place % 2) {
            (digit, 0) => digit,
            (digit @ 0..=4, _) => digit * 2,
            (digit, _) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `6217 **** **** 0011` (domain.md §2.7); a number too short to hide its middle shows only its end.
fn masked(number: &str) -> String {
    let first = if number.len() < 12 { "****" } else { &number[..4] };
    format!("{first} **** **** {}", &number[number.len() - 4..])
}

/// What a card and a passbook number have in common.
macro_rules! account_number {
    ($name:ident) => {
        impl $name {
            /// The whole number: for the bank and for readers with the right to it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// `6217 **** **** 0011` (domain.md §2.7).
            #[must_use]
            pub fn masked(&self) -> String {
                masked(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Complaint;

            fn try_from(text: String) -> Check<Self> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        /// Masked, so that logs never carry a number.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.masked())
            }
        }
    };
}

account_number!(BankCard);
account_number!(Passbook);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cards_of_r92() {
        for right in ["6217000010000000011", "6228480030000000007", "000000000000", "0000000000000000000"] {
            assert_eq!(BankCard::parse(right).unwrap().as_str(), right);
        }
        let spaced = BankCard::parse(" ６217 0000 1000 0000 011").unwrap();
        assert_eq!(spaced.as_str(), "6217000010000000011");
        for wrong in [
            "",
            "6217000010000000012",
            "6228480030000000070",
            "00000000000",
            "00000000000000000000",
            "6217-0000-1000-0000-011",
            "621700001000000001X",
            "卡号",
        ] {
            let complaint = BankCard::parse(wrong).unwrap_err();
            assert_eq!(complaint, Complaint::says("银行卡号校验不通过，请核对"), "{wrong}");
        }
    }

    #[test]
    fn passbooks_have_no_check_digit() {
        for right in ["12345678", "6217000010000000012", "12345678901234567890123456789012"] {
            assert_eq!(Passbook::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["", "1234567", "123456789012345678901234567890123", "1234567a"] {
            let complaint = Passbook::parse(wrong).unwrap_err();
            assert_eq!(complaint, Complaint::about("格式不正确"), "{wrong}");
        }
    }

    #[test]
    fn masks_of_section_2_7() {
        let card = BankCard::parse("6217000010000000011").unwrap();
        assert_eq!(card.masked(), "6217 **** **** 0011");
        assert_eq!(format!("{card:?}"), "BankCard(6217 **** **** 0011)");
        assert_eq!(Passbook::parse("123456789012").unwrap().masked(), "1234 **** **** 9012");
        let short = Passbook::parse("12345678901").unwrap();
        assert_eq!(format!("{short:?}"), "Passbook(**** **** **** 8901)");
    }

    #[test]
    fn json_is_checked() {
        let json = r#""6217000010000000011""#;
        let card: BankCard = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&card).unwrap(), json);
        let wrong = serde_json::from_str::<BankCard>(r#""6217000010000000012""#).unwrap_err();
        assert!(!wrong.to_string().contains("6217"), "an error must not carry the number");
        assert!(serde_json::from_str::<Passbook>(r#""6217000010000000012""#).is_ok());
        assert!(serde_json::from_str::<Passbook>(r#""1234567""#).is_err());
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_passes_and_no_wrong_digit_does(body in "[0-9]{11,18}") {
            let passing: Vec<String> = (0..10).map(|check| format!("{body}{check}"))
                .filter(|number| BankCard::parse(number).is_ok())
                .collect();
            prop_assert_eq!(passing.len(), 1);

            for place in 0..body.len() {
                for shift in 1..10 {
                    let mut wrong = passing[0].clone().into_bytes();
                    wrong[place] = b'0' + (wrong[place] - b'0' + shift) % 10;
                    prop_assert!(BankCard::parse(std::str::from_utf8(&wrong).unwrap()).is_err());
                }
            }
        }
    }
}
