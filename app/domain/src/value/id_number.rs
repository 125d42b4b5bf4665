//! Citizen identity numbers (居民身份证号码, GB 11643-1999; domain.md R-90) and what they tell.
//!
//! The whole number is personal data: only [`IdNumber::as_str`] shows it, everything else masks.

use super::{Check, Complaint, text::normalize};
use crate::dictionary::Gender;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Nobody is older (domain.md R-90).
const OLDEST_YEARS: u32 = 130;

/// A citizen's number of 18 characters whose birth date exists and whose check character is right;
/// a closing X is upper-case. Residence permits of Hong Kong, Macau and Taiwan residents (81…, 82…,
/// 83…) are built the same way.
///
/// In JSON: the number. Reading JSON repeats the checks except for the age, for which there is no
/// clock here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdNumber(String);

impl IdNumber {
    /// A number as entered today.
    ///
    /// # Errors
    /// In this order: `身份证号码应为18位`, `身份证号码含非法字符`, `身份证出生日期无效` (no such day, in the
    /// future, or more than 130 years ago), `身份证号码校验位错误`.
    pub fn parse(text: &str, today: NaiveDate) -> Check<Self> {
        checked(&normalize(text), Some(today))
    }

    /// A number from an old file: also 15 digits, which get the century `19` and a check character.
    /// For legacy imports only (domain.md R-90).
    ///
    /// # Errors
    /// As [`IdNumber::parse`].
    pub fn parse_legacy(text: &str, today: NaiveDate) -> Check<Self> {
        let text = normalize(text);
        if text.chars().count() != 15 {
            return checked(&text, Some(today));
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Complaint::says("身份证号码含非法字符"));
        }
        let mut number = format!("{}19{}", &text[..6], &text[6..]);
        number.push(check_character(&number));
        checked(&number, Some(today))
    }

    /// The whole number: for storage under encryption and for readers with the right to it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The date of birth, characters 7 to 14.
    #[must_use]
    pub fn birth(&self) -> NaiveDate {
        birth(&self.0).expect("the constructor checked the birth date")
    }

    /// Odd 17th digit: male; even: female.
    #[must_use]
    pub fn gender(&self) -> Gender {
        if self.0.as_bytes()[16] % 2 == 1 { Gender::Male } else { Gender::Female }
    }

    /// The division that issued it, the first six digits of GB/T 2260; old codes are legal.
    #[must_use]
    pub fn division(&self) -> &str {
        &self.0[..6]
    }

    /// For screens inside the authority: `410105********1248` (domain.md §2.7).
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}********{}", &self.0[..6], &self.0[14..])
    }

    /// For public notices: `4101**********1248` (domain.md §2.7).
    #[must_use]
    pub fn masked_for_notice(&self) -> String {
        format!("{}**********{}", &self.0[..4], &self.0[14..])
    }
}

/// The rules of R-90 in their order; without a day, a birth date only has to exist.
fn checked(text: &str, today: Option<NaiveDate>) -> Check<IdNumber> {
    if text.chars().count() != 18 {
        return Err(Complaint::says("身份证号码应为18位"));
    }
    let legal = |(place, c): (usize, char)| c.is_ascii_digit() || place == 17 && matches!(c, 'X' | 'x');
    if !text.chars().enumerate().all(legal) {
        return Err(Complaint::says("身份证号码含非法字符"));
    }
    let digits = &text[..17];
    let plausible = birth(digits).is_some_and(|birth| match today {
        Some(today) => today.years_since(birth).is_some_and(|age| age <= OLDEST_YEARS),
        None => true,
    });
    if !plausible {
        return Err(Complaint::says("身份证出生日期无效"));
    }
    let number = text.to_ascii_uppercase();
    if !number.ends_with(check_character(digits)) {
        return Err(Complaint::says("身份证号码校验位错误"));
    }
    Ok(IdNumber(number))
}

/// The day written in digits 7 to 14, if there is such a day.
fn birth(digits: &str) -> Option<NaiveDate> {
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let year = i32::try_from(part(6, 10)?).ok()?;
    NaiveDate::from_ymd_opt(year, part(10, 12)?, part(12, 14)?)
}

/// The 18th character for 17 digits: ISO 7064 MOD 11-2.
fn check_character(digits: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    char::from(b"10X98765432"[sum as usize % 11])
}

impl TryFrom<String> for IdNumber {
    type Error = Complaint;

    fn try_from(text: String) -> Check<Self> {
        checked(&text, None)
    }
}

impl From<IdNumber> for String {
    fn from(number: IdNumber) -> Self {
        number.0
    }
}

/// Masked, so that logs never carry a number.
impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn parse(text: &str) -> Check<IdNumber> {
        IdNumber::parse(text, day(2026, 6, 30))
    }

    /// 17 digits with their check character.
    fn complete(digits: &str) -> String {
        format!("{digits}{}", check_character(digits))
    }

    fn says(sentence: &'static str) -> Check<IdNumber> {
        Err(Complaint::says(sentence))
    }

    #[test]
    fn vectors_of_r90() {
        let woman = parse("410105199003071248").unwrap();
        assert_eq!((woman.gender(), woman.birth()), (Gender::Female, day(1990, 3, 7)));
        assert_eq!(woman.division(), "410105");
        let man = parse(" 41010519900307123x ").unwrap();
        assert_eq!((man.gender(), man.as_str()), (Gender::Male, "41010519900307123X"));
        assert!(parse("11010519491231002X").is_ok());
        assert!(parse("４１０１０５１９９００３０７１２４８").is_ok());
    }

    #[test]
    fn complaints_come_in_the_order_of_r90() {
        for (text, sentence) in [
            ("", "身份证号码应为18位"),
            ("1112223", "身份证号码应为18位"),
            ("3700683197812082216", "身份证号码应为18位"),
            ("410105900307124", "身份证号码应为18位"),
            // Wrong in every later respect too.
            ("4101O5199013071240", "身份证号码含非法字符"),
            ("X10105199003071248", "身份证号码含非法字符"),
            ("41010519900307124Y", "身份证号码含非法字符"),
            ("41010519900307124张", "身份证号码含非法字符"),
            ("410105199013071240", "身份证出生日期无效"),
            ("440524188001010014", "身份证出生日期无效"),
            ("403526198003075896", "身份证号码校验位错误"),
            ("410105199003071240", "身份证号码校验位错误"),
        ] {
            assert_eq!(parse(text), says(sentence), "{text}");
        }
    }

    #[test]
    fn birth_dates_exist_and_lie_between_today_and_130_years_ago() {
        let born = |date: &str| complete(&format!("410105{date}123"));
        let on = |date: &str, today| IdNumber::parse(&born(date), today).map(|number| number.birth());
        let invalid = Err(Complaint::says("身份证出生日期无效"));
        assert_eq!(on("20260630", day(2026, 6, 30)), Ok(day(2026, 6, 30)));
        assert_eq!(on("20260701", day(2026, 6, 30)), invalid);
        assert_eq!(on("18950701", day(2026, 6, 30)), Ok(day(1895, 7, 1)));
        assert_eq!(on("18950630", day(2026, 6, 30)), invalid);
        assert_eq!(on("20000229", day(2026, 6, 30)), Ok(day(2000, 2, 29)));
        for impossible in ["19000229", "20010431", "20011301", "20010001", "00000101"] {
            assert_eq!(on(impossible, day(2026, 6, 30)), invalid, "{impossible}");
        }
    }

    #[test]
    fn fifteen_digits_only_in_legacy_imports() {
        let legacy = |text| IdNumber::parse_legacy(text, day(2026, 6, 30));
        assert_eq!(legacy("410105900307124").unwrap().as_str(), "410105199003071248");
        assert_eq!(legacy("410105900307123").unwrap().as_str(), "41010519900307123X");
        assert_eq!(legacy("41010519900307123x"), parse("41010519900307123X"));
        assert_eq!(legacy("41010590030712X"), says("身份证号码含非法字符"));
        assert_eq!(legacy("四10105900307124"), says("身份证号码含非法字符"));
        assert_eq!(legacy("410105901307124"), says("身份证出生日期无效"));
        assert_eq!(legacy("1112223"), says("身份证号码应为18位"));
    }

    #[test]
    fn masks_of_section_2_7() {
        let number = parse("410105199003071248").unwrap();
        assert_eq!(number.masked(), "410105********1248");
        assert_eq!(number.masked_for_notice(), "4101**********1248");
        assert_eq!(format!("{number:?}"), "IdNumber(410105********1248)");
    }

    #[test]
    fn json_is_checked_except_for_age() {
        let json = r#""41010519900307123X""#;
        let number: IdNumber = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), json);
        assert!(serde_json::from_str::<IdNumber>(r#""440524188001010014""#).is_ok());
        let wrong = serde_json::from_str::<IdNumber>(r#""410105199003071240""#).unwrap_err();
        assert!(wrong.to_string().contains("身份证号码校验位错误"));
        assert!(!wrong.to_string().contains("410105"), "an error must not carry the number");
        assert!(serde_json::from_str::<IdNumber>(r#""410105199013071240""#).is_err());
        assert!(serde_json::from_str::<IdNumber>(r#""410105900307124""#).is_err());
    }

    proptest! {
        #[test]
        fn a_right_number_is_accepted_and_one_wrong_digit_is_not(
            division in 110_000u32..830_000, days in 0u64..36_000, sequence in 0u32..1000,
        ) {
            let born = day(1926, 1, 1) + chrono::Days::new(days);
            let right = complete(&format!("{division}{}{sequence:03}", born.format("%Y%m%d")));
            let number = parse(&right).unwrap();
            prop_assert_eq!(number.birth(), born);
            prop_assert_eq!(number.gender() == Gender::Male, sequence % 2 == 1);

            // The standard's own definition: read as a polynomial in 2, the number is 1 modulo 11.
            let value = |c: char| c.to_digit(10).unwrap_or(10);
            prop_assert_eq!(right.chars().fold(0, |sum, c| (sum * 2 + value(c)) % 11), 1);

            for place in 0..17 {
                for shift in 1..10 {
                    let mut wrong = right.clone().into_bytes();
                    wrong[place] = b'0' + (wrong[place] - b'0' + shift) % 10;
                    prop_assert!(parse(std::str::from_utf8(&wrong).unwrap()).is_err());
                }
            }
        }

        #[test]
        fn no_text_breaks_the_check(text in any::<String>(), near in "[0-9Xx四]{15}([0-9Xx四]{3})?") {
            let _ = parse(&text);
            let _ = IdNumber::parse_legacy(&near, day(2026, 6, 30));
        }
    }
}
