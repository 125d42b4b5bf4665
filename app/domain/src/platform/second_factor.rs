//! 二次验证 (domain.md §2.6, E-02 `mfa_enabled`): what a person enters besides the password, and what he is told of it.
//! The codes themselves are computed where the secret is, in the store.

use crate::value::{Check, Complaint, normalize};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Digits of a code, and how long one is shown (RFC 6238).
pub const DIGITS: usize = 6;
pub const STEP_SECONDS: i64 = 30;
/// How many steps a phone's clock may be off.
pub const DRIFT_STEPS: i64 = 1;
/// How long after the password the code is waited for.
pub const DUE_MINUTES: i64 = 10;

/// How many recovery codes there are, and of how many characters one is.
pub const RECOVERY_CODES: usize = 10;
pub const RECOVERY_LENGTH: usize = 10;
/// What recovery codes are made of: 32 characters without look-alikes, so that five bits make one.
pub const RECOVERY_ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// of the phone
    Code(u32),
    /// of the list that was kept for the day on which the phone is lost
    Recovery(String),
}

impl Entered {
    /// Reads what was typed; spaces, hyphens and small letters do not matter.
    ///
    /// # Errors
    /// The sentence that says what is expected.
    pub fn parse(text: &str) -> Check<Self> {
        let text: String = normalize(text).chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let text = text.to_ascii_uppercase();
        if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Code).map_err(|_| expected());
        }
        if text.len() == RECOVERY_LENGTH && text.bytes().all(|byte| RECOVERY_ALPHABET.contains(&byte)) {
            return Ok(Self::Recovery(text));
        }
        Err(expected())
    }

    /// Reads a code of the phone, and nothing else.
    ///
    /// # Errors
    /// The sentence that says what is expected.
    pub fn parse_code(text: &str) -> Check<u32> {
        match Self::parse(text) {
            Ok(Self::Code(code)) => Ok(code),
            _ => Err(Complaint::says("请输入验证器显示的6位验证码")),
        }
    }
}

fn expected() -> Complaint {
    Complaint::says("请输入验证器显示的6位验证码，或一个10位恢复码")
}

/// A text in groups of so many characters, as people copy it.
#[must_use]
pub fn grouped(text: &str, size: usize, between: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size.max(1)).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(between)
}

/// Where an account stands with its second factor, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorState {
    /// none: it is not in use
    pub since: Option<DateTime<Utc>>,
    pub recovery_left: usize,
    /// whether the city wants one of who holds such rights
    pub required: bool,
}

/// A secret to be taken over into a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorOffer {
    /// in Base32 (RFC 4648), as it is typed in
    pub key: String,
    pub login: String,
}

impl FactorOffer {
    /// The address that the QR code holds. `issuer` is what the phone shows beside the login.
    #[must_use]
    pub fn address(&self, issuer: &str) -> String {
        let encoded = crate::list::percent_encode;
        format!(
            "otpauth://totp/{}?secret={}&issuer={}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            encoded(&self.login),
            self.key,
            encoded(issuer)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(Entered::parse(" 012 345 "), Ok(Entered::Code(12_345)));
        assert_eq!(Entered::parse("０１２３４５"), Ok(Entered::Code(12_345)));
        assert_eq!(Entered::parse("abcde-23456"), Ok(Entered::Recovery("ABCDE23456".into())));
        // Ten digits of the alphabet are a recovery code too.
        assert_eq!(Entered::parse("2345623456"), Ok(Entered::Recovery("2345623456".into())));
        for bad in ["", "12345", "1234567", "ABCDE-2345O", "ABCDE-23456-7", "验证码"] {
            assert_eq!(Entered::parse(bad), Err(expected()), "{bad}");
        }
        assert!(Entered::parse_code("ABCDE-23456").is_err());
        assert_eq!(Entered::parse_code("000000"), Ok(0));
    }

    #[test]
    fn a_key_is_shown_in_groups() {
        assert_eq!(grouped("ABCDEFGHIJ", 4, " "), "ABCD EFGH IJ");
        assert_eq!(grouped("ABCDE23456", 5, "-"), "ABCDE-23456");
        assert_eq!(grouped("", 4, " "), "");
    }

    #[test]
    fn the_address_says_all_that_a_phone_needs() {
        let offer = FactorOffer { key: "GEZDGNBV".into(), login: "wang.li".into() };
        assert_eq!(
            offer.address("测试市"),
            "otpauth://totp/wang.li?secret=GEZDGNBV&issuer=%E6%B5%8B%E8%AF%95%E5%B8%82&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn the_alphabet_is_five_bits_without_look_alikes() {
        let letters: std::collections::BTreeSet<u8> = RECOVERY_ALPHABET.iter().copied().collect();
        assert_eq!(letters.len(), 32);
        assert!(b"01IO".iter().all(|letter| !letters.contains(letter)));
    }
}
