//! Unified social credit codes (统一社会信用代码, GB 32100-2015; domain.md R-91).

use super::{Check, Complaint, text::normalize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Without I, O, S, V and Z; a character's value is its place.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// 3^(i−1) mod 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// The code of an organisation: 18 upper-case characters with the right check character.
/// In JSON: the code; reading JSON repeats the check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditCode(String);

impl CreditCode {
    /// A code as entered; small letters are accepted.
    ///
    /// # Errors
    /// Says `统一社会信用代码校验不通过`.
    pub fn parse(text: &str) -> Check<Self> {
        let code = normalize(text).to_ascii_uppercase();
        if check_value(&code).is_some() {
            Ok(Self(code))
        } else {
            Err(Complaint::says("统一社会信用代码校验不通过"))
        }
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value of the check character, if the code has 18 legal characters and the last one is right.
fn check_value(code: &str) -> Option<usize> {
    let value = |b: u8| ALPHABET.iter().position(|legal| *legal == b);
    let (last, body) = code.as_bytes().split_last()?;
    if body.len() != WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (b, weight) in body.iter().zip(WEIGHTS) {
        sum += value(*b)? * weight;
    }
    let check = (31 - sum % 31) % 31;
    (value(*last) == Some(check)).then_some(check)
}

impl TryFrom<String> for CreditCode {
    type Error = Complaint;

    fn try_from(text: String) -> Check<Self> {
        Self::parse(&text)
    }
}

impl From<CreditCode> for String {
    fn from(code: CreditCode) -> Self {
        code.0
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RIGHT: &str = "91350100M000100Y43";

    #[test]
    fn vector_of_r91() {
        assert_eq!(CreditCode::parse(RIGHT).unwrap().as_str(), RIGHT);
        assert_eq!(CreditCode::parse(" 91350100m000100y43 ").unwrap().to_string(), RIGHT);
        for wrong in [
            "",
            "00",
            "91350100M000100Y4",
            "91350100M000100Y433",
            "91350100M000100Y44",
            "9135010OM000100Y43",
            "91350100M000100Y4公",
            "统一社会信用代码统一社会信用代码统一",
        ] {
            let complaint = CreditCode::parse(wrong).unwrap_err();
            assert_eq!(complaint, Complaint::says("统一社会信用代码校验不通过"), "{wrong}");
        }
    }

    #[test]
    fn a_sum_divisible_by_31_has_check_character_zero() {
        // 1·1 + 30·1 = 31: the only case in which 31 − Σ mod 31 would be no place of the alphabet.
        assert!(CreditCode::parse("100000000000000100").is_ok());
    }

    #[test]
    fn weights_are_powers_of_three() {
        for pair in WEIGHTS.windows(2) {
            assert_eq!(pair[0] * 3 % 31, pair[1]);
        }
    }

    #[test]
    fn json_is_checked() {
        let code: CreditCode = serde_json::from_str(r#""91350100M000100Y43""#).unwrap();
        assert_eq!(serde_json::to_string(&code).unwrap(), r#""91350100M000100Y43""#);
        assert!(serde_json::from_str::<CreditCode>(r#""91350100M000100Y44""#).is_err());
    }

    proptest! {
        #[test]
        fn every_body_has_one_check_character_and_no_wrong_digit_passes(
            body in "[0-9A-HJ-NP-RTUWXY]{17}", place in 0usize..17, shift in 1usize..31,
        ) {
            let passing: Vec<char> = ALPHABET.iter().map(|b| char::from(*b))
                .filter(|last| CreditCode::parse(&format!("{body}{last}")).is_ok())
                .collect();
            prop_assert_eq!(passing.len(), 1);

            let mut wrong = format!("{body}{}", passing[0]).into_bytes();
            let value = ALPHABET.iter().position(|b| *b == wrong[place]).unwrap();
            wrong[place] = ALPHABET[(value + shift) % 31];
            prop_assert!(CreditCode::parse(std::str::from_utf8(&wrong).unwrap()).is_err());
        }
    }
}
