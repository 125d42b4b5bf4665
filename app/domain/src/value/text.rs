//! Text as people and spreadsheets deliver it: cleaning, length, exact decimals, natural order.
//!
//! Every parser of `value` cleans its input here first, so `１２`, `12 ` and `12` are one number.

use super::{Check, Complaint};

/// Largest magnitude of a scaled decimal: whole numbers up to here are exact in a browser too (2⁵³).
pub const DECIMAL_LIMIT: i64 = 9_000_000_000_000_000;

/// One line of text as it is stored (domain.md §7.0: trim spaces, full-width → half-width).
///
/// Full-width digits, letters and the signs `. - / : + %` become half-width; Chinese punctuation
/// such as （）， stays. Control characters (line breaks too) and invisible marks are dropped
/// wherever they stand, because two names that look the same must be the same.
#[must_use]
pub fn normalize(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !is_invisible(*c)).map(half_width).collect();
    kept.trim_matches(|c: char| c.is_whitespace() || is_joiner(c)).to_owned()
}

/// Control characters, zero-width spaces, byte-order marks and marks of writing direction.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Zero-width joiners mean something inside Mongolian and Uyghur names, so they go only at the ends.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '．' | '－' | '／' | '：' | '＋' | '％' => {
            // The full-width forms lie at a fixed distance above ASCII.
            char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c)
        }
        other => other,
    }
}

/// The cleaned text, which must not be empty.
///
/// # Errors
/// About `不能为空`.
pub fn required(text: &str) -> Check<String> {
    let text = normalize(text);
    if text.is_empty() { Err(Complaint::about("不能为空")) } else { Ok(text) }
}

/// The cleaned text of at most `max` characters (type `s20` of domain.md §0.4); it may be empty.
///
/// # Errors
/// About `长度不能超过{max}`.
pub fn text_max(text: &str, max: usize) -> Check<String> {
    let text = normalize(text);
    if text.chars().count() > max {
        return Err(Complaint::about(format!("长度不能超过{max}")));
    }
    Ok(text)
}

/// The exact value of a plain decimal text times 10^`places`: digits, at most one point with at
/// least one digit on either side, an optional `-`. No grouping, no exponent, no `+`.
///
/// `None` for anything else, for more than `places` decimals, and beyond ±[`DECIMAL_LIMIT`].
#[must_use]
pub fn decimal(text: &str, places: usize) -> Option<i64> {
    let text = normalize(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    if whole.is_empty() {
        return None;
    }
    let missing = places.checked_sub(fraction.len())?;
    let zeros = std::iter::repeat_n(b'0', missing);
    let mut value = 0;
    for byte in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
        if value > DECIMAL_LIMIT {
            return None;
        }
    }
    Some(if negative { -value } else { value })
}

/// The reverse of [`decimal`]: `5700` with two places is `57.00`.
#[must_use]
pub fn decimal_text(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if places == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// A key whose plain byte order is the natural order: 9号楼 before 10号楼, `10` before `10A`.
///
/// Each run of digits is written as its length and its digits without leading zeros, so a longer
/// number is a larger key. `2` and `02` are neighbours: the counts of leading zeros come after
/// everything else, behind a separator below every character that cleaned text can hold.
#[must_use]
pub fn natural_key(text: &str) -> String {
    let text = normalize(text);
    let mut key = String::with_capacity(text.len() + 8);
    let mut zeros = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_digit() {
            key.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        // The number zero keeps one digit.
        let number = match run.trim_start_matches('0') {
            "" => "0",
            number => number,
        };
        push_length(&mut key, number.len());
        key.push_str(number);
        push_length(&mut zeros, run.len() - number.len() + 1);
        rest = after;
    }
    if zeros.bytes().any(|b| b != b'0') {
        key.push('\u{1}');
        key.push_str(&zeros);
    }
    key
}

/// A length ≥ 1 as digits that sort like the length and of which none begins another:
/// 1 → `0`, 9 → `8`, 10 → `90`, 19 → `990`.
fn push_length(key: &mut String, length: usize) {
    let mut left = length - 1;
    while left >= 9 {
        key.push('9');
        left -= 9;
    }
    key.push(char::from(b'0' + left as u8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cleaning() {
        for (dirty, clean) in [
            ("\u{FEFF}\u{3000} ０１号楼　\t", "01号楼"),
            ("Ａｂ－１２．５／３：４＋９％", "Ab-12.5/3:4+9%"),
            ("幸福小区（一期），东区", "幸福小区（一期），东区"),
            ("第 1 栋", "第 1 栋"),
            ("阳光\u{200B}苑\u{7}\r\n二期", "阳光苑二期"),
            ("\u{202D}410105\u{202C}", "410105"),
            ("\u{200D}a\u{200D}b\u{200C} ", "a\u{200D}b"),
            ("\u{3000}", ""),
        ] {
            assert_eq!(normalize(dirty), clean, "{dirty:?}");
        }
    }

    #[test]
    fn length_counts_characters_of_the_cleaned_text() {
        assert_eq!(text_max(" 幸福小区 ", 4), Ok("幸福小区".to_owned()));
        assert_eq!(text_max("幸福小区", 3), Err(Complaint::about("长度不能超过3")));
        assert_eq!(text_max("", 3), Ok(String::new()));
        assert_eq!(required("\u{3000}\u{FEFF}"), Err(Complaint::about("不能为空")));
        assert_eq!(required(" 甲 "), Ok("甲".to_owned()));
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, value) in [
            ("12", 1200),
            (" １２．５ ", 1250),
            ("-3.2", -320),
            ("-0", 0),
            ("007.05", 705),
            ("90000000000000", DECIMAL_LIMIT),
            ("-90000000000000.00", -DECIMAL_LIMIT),
        ] {
            assert_eq!(decimal(text, 2), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "-.5",
            "1.234",
            "1e2",
            "NaN",
            "inf",
            "+1",
            "1,000",
            "1 0",
            "0x1",
            "1.2.3",
            "--1",
            "1.-2",
            "一",
            "٣",
            "90000000000000.01",
            "-90000000000000.01",
            "99999999999999999999999999",
        ] {
            assert_eq!(decimal(text, 2), None, "{text}");
        }
        assert_eq!(decimal("12", 0), Some(12));
        assert_eq!(decimal("12.0", 0), None);
        assert_eq!(decimal_text(12, 0), "12");
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(i64::MIN, 2), "-92233720368547758.08");
    }

    #[test]
    fn natural_order_of_buildings_and_rooms() {
        let sorted = [
            "",
            "-1",
            "0",
            "1",
            "01",
            "001",
            "2",
            "02",
            "2-9",
            "02-9",
            "2-10",
            "2号楼",
            "9",
            "9号楼",
            "10",
            "010",
            "10A",
            "10B",
            "10a",
            "10号楼",
            "100",
            "1000000000",
            "A1",
            "A2",
            "A10",
            "B",
            "东区2号",
            "东区10号",
        ];
        for pair in sorted.windows(2) {
            let (low, high) = (natural_key(pair[0]), natural_key(pair[1]));
            assert!(low < high, "{:?} should come before {:?}", pair[0], pair[1]);
        }
        // Stored keys must not change between releases.
        for (text, key) in [
            ("9号楼", "09号楼"),
            ("10号楼", "110号楼"),
            ("01号楼03单元0401室", "01号楼03单元2401室\u{1}111"),
            ("2-02", "02-02\u{1}01"),
            ("1000000000", "901000000000"),
            ("1000000000000000000", "9901000000000000000000"),
        ] {
            assert_eq!(natural_key(text), key, "{text}");
        }
        // Digits far beyond any integer type: the length code itself grows by one digit at 10 and 19.
        for length in 1..40 {
            let low = natural_key(&"9".repeat(length));
            let high = natural_key(&format!("1{}", "0".repeat(length)));
            assert!(low < high, "{length} digits");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in any::<String>()) {
            let once = normalize(&text);
            prop_assert_eq!(normalize(&once), once);
        }

        #[test]
        fn decimals_round_trip(value in -DECIMAL_LIMIT..=DECIMAL_LIMIT, places in 0usize..8) {
            prop_assert_eq!(decimal(&decimal_text(value, places), places), Some(value));
        }

        #[test]
        fn numbers_order_by_value(prefix in any::<String>(), a: u32, b: u32) {
            let key = |number: u32| natural_key(&format!("{prefix}{number}"));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }

        #[test]
        fn numbers_order_by_value_whatever_follows(
            prefix in "[^0-9]{0,4}", a: u32, b: u32,
            zeros_a in "0{0,3}", zeros_b in "0{0,3}",
            tail_a in "([^0-9].{0,6})?", tail_b in "([^0-9].{0,6})?",
        ) {
            prop_assume!(a != b);
            let key_a = natural_key(&format!("{prefix}{zeros_a}{a}号{tail_a}"));
            let key_b = natural_key(&format!("{prefix}{zeros_b}{b}号{tail_b}"));
            prop_assert_eq!(key_a.cmp(&key_b), a.cmp(&b));
        }

        #[test]
        fn different_texts_have_different_keys(a in "[0-2A-]{0,8}", b in "[0-2A-]{0,8}") {
            prop_assert_eq!(natural_key(&a) == natural_key(&b), a == b);
        }
    }
}
