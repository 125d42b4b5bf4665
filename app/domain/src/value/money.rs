//! Money in whole fen: its arithmetic, rounding, splitting and the two ways of writing an amount
//! (domain.md §4.1, R-96). No floating point: products are exact integers and are rounded once.

use super::{
    Check, Complaint,
    text::{decimal, decimal_text, normalize},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    iter::Sum,
    ops::{Add, Neg, Sub},
};

/// An amount in fen (分, 1/100 yuan); negative for refunds and reductions. In JSON: integer fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount counted in fen.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// The amount counted in fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// An amount in yuan: `12`, `-3.2`, `1,234.50`. Commas only between groups of three digits, so
    /// that a foreign `1,5` is refused and not read as fifteen. At most ±90 000 000 000 000 yuan.
    ///
    /// # Errors
    /// About `应为数字，最多2位小数`.
    pub fn parse_yuan(text: &str) -> Check<Self> {
        ungrouped(&normalize(text))
            .and_then(|plain| decimal(&plain, 2))
            .map(Self)
            .ok_or(Complaint::about("应为数字，最多2位小数"))
    }

    /// The sum, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(fen) => Some(Self(fen)),
            None => None,
        }
    }

    /// The difference, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(fen) => Some(Self(fen)),
            None => None,
        }
    }

    /// The amount with the other sign, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(fen) => Some(Self(fen)),
            None => None,
        }
    }

    /// The amount in words (大写金额, domain.md R-96) without the prefix 人民币: `壹佰壹拾壹元捌角整`.
    #[must_use]
    pub fn capital(self) -> String {
        let amount = self.0.unsigned_abs();
        if amount == 0 {
            return "零元整".to_owned();
        }
        let (yuan, jiao, fen) = (amount / 100, amount / 10 % 10, amount % 10);
        let mut words = String::new();
        if self.0 < 0 {
            words.push('负');
        }
        if yuan > 0 {
            spell(yuan, &mut words);
            words.push('元');
            let cents = jiao > 0 || fen > 0;
            if cents && (yuan % 10 == 0 || jiao == 0) {
                words.push('零');
            }
        }
        if jiao > 0 {
            spell(jiao, &mut words);
            words.push('角');
        }
        if fen > 0 {
            spell(fen, &mut words);
            words.push('分');
        } else {
            words.push('整');
        }
        words
    }
}

/// A positive whole number in formal characters. A gap of zeros above the rest is one 零.
fn spell(number: u64, words: &mut String) {
    const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
    const UNITS: [(u64, char); 5] = [(100_000_000, '亿'), (10_000, '万'), (1_000, '仟'), (100, '佰'), (10, '拾')];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| number >= *size) else {
        return words.push(DIGITS[number as usize]);
    };
    spell(number / size, words);
    words.push(unit);
    let rest = number % size;
    if rest > 0 {
        if rest < size / 10 {
            words.push('零');
        }
        spell(rest, words);
    }
}

/// The text without its grouping commas; `None` when they do not stand between groups of three.
fn ungrouped(text: &str) -> Option<String> {
    let end = text.find('.').unwrap_or(text.len());
    let (whole, fraction) = text.split_at(end);
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = whole.contains(',');
    if grouped && !(1..=3).contains(&first.trim_start_matches('-').len()) {
        return None;
    }
    if groups.any(|group| group.len() != 3) {
        return None;
    }
    Some(whole.replace(',', "") + fraction)
}

/// Yuan with grouping: `-1,234.50`. The grouped text is read back by [`Money::parse_yuan`].
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = decimal_text(self.0, 2);
        let mut text = String::with_capacity(plain.len() * 4 / 3);
        for (index, c) in plain.char_indices() {
            // Three characters of the fraction stand behind the last whole digit.
            let left = (plain.len() - index).saturating_sub(3);
            let after_digit = text.ends_with(|before: char| before.is_ascii_digit());
            if after_digit && left > 0 && left.is_multiple_of(3) {
                text.push(',');
            }
            text.push(c);
        }
        f.pad(&text)
    }
}

const OUT_OF_RANGE: &str = "an amount of money left the range of 64 bits";

/// Never wraps.
///
/// # Panics
/// When the sum is out of range; amounts from outside are at most a thousandth of it.
impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.checked_add(other).expect(OUT_OF_RANGE)
    }
}

/// Never wraps.
///
/// # Panics
/// When the difference is out of range.
impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.checked_sub(other).expect(OUT_OF_RANGE)
    }
}

/// Never wraps.
///
/// # Panics
/// For the one amount that has no opposite.
impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        self.checked_neg().expect(OUT_OF_RANGE)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// The whole number nearest to `numerator / denominator`, halves away from zero (domain.md §4.1:
/// half-up, and a negative amount is the negation of the positive result).
///
/// # Panics
/// When the denominator is not positive or the result does not fit 64 bits.
#[must_use]
pub fn round_half_up(numerator: i128, denominator: i128) -> i64 {
    assert!(denominator > 0, "rounding needs a positive denominator");
    let size = numerator.unsigned_abs();
    let denominator = denominator.unsigned_abs();
    let (whole, rest) = (size / denominator, size % denominator);
    let up = u128::from(rest * 2 >= denominator);
    let rounded = i128::try_from(whole + up).expect(OUT_OF_RANGE);
    i64::try_from(if numerator < 0 { -rounded } else { rounded }).expect(OUT_OF_RANGE)
}

/// Splits an amount in proportion to the weights so that the lines add up to it exactly (largest
/// remainder, domain.md §4.1). Of equal remainders the earlier line gets the fen; weights that are
/// all 0 count as equal; no weights, no lines. A negative amount mirrors the positive one.
#[must_use]
pub fn split(total: Money, weights: &[u64]) -> Vec<Money> {
    let mut sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let equal = vec![1; weights.len()];
    let weights = if sum == 0 { equal.as_slice() } else { weights };
    if sum == 0 {
        sum = weights.len() as u128;
    }
    let size = u128::from(total.0.unsigned_abs());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut lines = Vec::with_capacity(weights.len());
    let mut left = size;
    for (index, weight) in weights.iter().enumerate() {
        let product = size * u128::from(*weight);
        left -= product / sum;
        lines.push(product / sum);
        remainders.push((product % sum, index));
    }
    remainders.sort_by_key(|(remainder, index)| (std::cmp::Reverse(*remainder), *index));
    for (_, index) in remainders.into_iter().take(left as usize) {
        lines[index] += 1;
    }
    let sign = i128::from(total.0.signum());
    lines.into_iter().map(|fen| Money(round_half_up(fen as i128 * sign, 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::text::DECIMAL_LIMIT;
    use proptest::prelude::*;

    fn yuan(text: &str) -> Money {
        Money::parse_yuan(text).unwrap()
    }

    #[test]
    fn amounts_are_read_and_written_in_yuan() {
        for (text, fen, shown) in [
            ("1,234.50", 123_450, "1,234.50"),
            ("12", 1_200, "12.00"),
            ("-3.2", -320, "-3.20"),
            (" －１２３.4 ", -12_340, "-123.40"),
            ("1,２３４.5", 123_450, "1,234.50"),
            ("-0.05", -5, "-0.05"),
            ("1234567.8", 123_456_780, "1,234,567.80"),
            ("-123,456", -12_345_600, "-123,456.00"),
            ("90,000,000,000,000", DECIMAL_LIMIT, "90,000,000,000,000.00"),
        ] {
            assert_eq!(Money::parse_yuan(text).map(Money::fen), Ok(fen), "{text}");
            assert_eq!(Money::from_fen(fen).to_string(), shown);
        }
        for text in [
            "",
            "1,5",
            "1,23.40",
            "1234,567",
            ",123",
            "-,123",
            "1,,234",
            "1,234,",
            "1,2345",
            "1.2,345",
            "1.234",
            "1e3",
            "NaN",
            "¥5",
            "+5",
            "90,000,000,000,000.01",
        ] {
            let complaint = Money::parse_yuan(text).unwrap_err();
            assert_eq!(complaint, Complaint::about("应为数字，最多2位小数"), "{text}");
        }
        assert_eq!(format!("{:>8}", yuan("1")), "    1.00");
    }

    #[test]
    fn arithmetic_never_wraps() {
        let most = Money::from_fen(i64::MAX);
        let least = Money::from_fen(i64::MIN);
        let one = Money::from_fen(1);
        assert_eq!(most.checked_add(one), None);
        assert_eq!(least.checked_sub(one), None);
        assert_eq!(least.checked_neg(), None);
        assert_eq!(yuan("1").checked_add(yuan("0.5")), Some(yuan("1.5")));
        assert_eq!(yuan("1").checked_sub(yuan("2.5")), Some(-yuan("1.5")));
        assert_eq!(most.checked_neg().map(Money::fen), Some(-i64::MAX));
        for overflow in [|| Money(i64::MAX) + Money(1), || Money(i64::MIN) - Money(1), || -Money(i64::MIN)] {
            assert!(std::panic::catch_unwind(overflow).is_err());
        }
        assert_eq!([yuan("1"), yuan("2.5"), yuan("-4")].into_iter().sum::<Money>(), yuan("-0.5"));
    }

    #[test]
    fn capital_amounts_of_r96() {
        for (amount, words) in [
            ("0.00", "零元整"),
            ("0.05", "伍分"),
            ("0.20", "贰角整"),
            ("10.82", "壹拾元零捌角贰分"),
            ("111.80", "壹佰壹拾壹元捌角整"),
            ("145.60", "壹佰肆拾伍元陆角整"),
            ("325.04", "叁佰贰拾伍元零肆分"),
            ("1,000.00", "壹仟元整"),
            ("1,001.00", "壹仟零壹元整"),
            ("1,409.50", "壹仟肆佰零玖元伍角整"),
            ("1,571.00", "壹仟伍佰柒拾壹元整"),
            ("1,680.32", "壹仟陆佰捌拾元零叁角贰分"),
            ("6,007.14", "陆仟零柒元壹角肆分"),
            ("10,000.05", "壹万元零伍分"),
            ("16,409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("107,000.53", "壹拾万柒仟元零伍角叁分"),
            ("100,000,000.01", "壹亿元零壹分"),
            ("123,456,789.01", "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元零壹分"),
            ("-111.80", "负壹佰壹拾壹元捌角整"),
            // By the same rules, beyond the table of domain.md.
            ("0.25", "贰角伍分"),
            ("10.00", "壹拾元整"),
            ("20.50", "贰拾元零伍角整"),
            // §4.6
            ("1,026", "壹仟零贰拾陆元整"),
            ("100,700", "壹拾万零柒佰元整"),
            ("100,010,000", "壹亿零壹万元整"),
            ("10,000,000,001", "壹佰亿零壹元整"),
            ("90,000,000,000,000", "玖拾万亿元整"),
        ] {
            assert_eq!(yuan(amount).capital(), words, "{amount}");
        }
    }

    #[test]
    fn rounding_is_half_up_and_symmetric() {
        for (numerator, denominator, nearest) in
            [(5, 10, 1), (4, 10, 0), (-5, 10, -1), (-4, 10, 0), (3, 2, 2), (1, 3, 0), (2, 3, 1)]
        {
            assert_eq!(round_half_up(numerator, denominator), nearest, "{numerator}/{denominator}");
        }
        assert_eq!(round_half_up(i128::MAX - 1, i128::MAX), 1);
        assert_eq!(round_half_up(i128::from(i64::MIN), 1), i64::MIN);
        assert!(std::panic::catch_unwind(|| round_half_up(1, 0)).is_err());
        assert!(std::panic::catch_unwind(|| round_half_up(1, -1)).is_err());
        assert!(std::panic::catch_unwind(|| round_half_up(i128::from(i64::MAX) * 2, 1)).is_err());
        // domain.md §4.3: 43.0 ㎡ × 2.6 × 0.10 = 11.18 yuan; 50 × 2.6 × 0.30 + 6.0 × 2.6 = 54.60.
        assert_eq!(round_half_up(4_300 * 26_000 * 10, 1_000_000), 1_118);
        assert_eq!(round_half_up(5_000 * 26_000 * 30, 1_000_000) + 1_560, 5_460);
    }

    #[test]
    fn json_is_integers() {
        assert_eq!(serde_json::to_string(&yuan("111.80")).unwrap(), "11180");
        assert_eq!(serde_json::from_str::<Money>("-5").unwrap().fen(), -5);
        assert!(serde_json::from_str::<Money>("1.5").is_err());
    }

    #[test]
    fn splitting_by_largest_remainder() {
        let fens =
            |total, weights: &[u64]| -> Vec<i64> { split(Money(total), weights).into_iter().map(Money::fen).collect() };
        assert_eq!(fens(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(fens(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(fens(100, &[1, 2, 4]), [14, 29, 57]);
        assert_eq!(fens(5, &[0, 0]), [3, 2]);
        assert_eq!(fens(5, &[0, 7, 0]), [0, 5, 0]);
        assert_eq!(fens(i64::MIN, &[u64::MAX]), [i64::MIN]);
        assert!(fens(5, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn amounts_round_trip(fen in -DECIMAL_LIMIT..=DECIMAL_LIMIT) {
            let amount = Money(fen);
            prop_assert_eq!(Money::parse_yuan(&amount.to_string()), Ok(amount));
        }

        #[test]
        fn rounding_is_the_nearest(numerator in any::<i64>(), denominator in 1i64..1_000_000) {
            let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
            let rounded = i128::from(round_half_up(numerator, denominator));
            prop_assert!((numerator - rounded * denominator).abs() * 2 <= denominator);
            prop_assert_eq!(i128::from(round_half_up(-numerator, denominator)), -rounded);
        }

        #[test]
        fn lines_add_up_and_stay_within_a_fen(
            fen in any::<i64>(), weights in prop::collection::vec(0u64..1_000_000, 1..20),
        ) {
            let lines = split(Money(fen), &weights);
            prop_assert_eq!(lines.iter().map(|line| i128::from(line.0)).sum::<i128>(), i128::from(fen));
            let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            prop_assume!(sum > 0);
            for (line, weight) in lines.iter().zip(&weights) {
                let exact = i128::from(fen) * i128::from(*weight);
                prop_assert!((i128::from(line.0) * sum - exact).abs() < sum);
            }
        }

        #[test]
        fn words_tell_amounts_apart(a in 0i64..20_000_000, b in 0i64..20_000_000) {
            prop_assert_eq!(Money(a).capital() == Money(b).capital(), a == b);
            prop_assert!(!Money(a).capital().contains("零零"));
        }
    }
}
