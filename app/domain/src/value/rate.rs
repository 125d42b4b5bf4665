//! Prices per square metre and month, and the rent they make (domain.md §4.2).

use super::{
    Area, Check, Complaint, Money,
    money::round_half_up,
    text::{decimal, decimal_text},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A price with four decimals, in 1/10000 yuan: `unit_rate 元/㎡·月 d4` of domain.md §4.2.
/// Not negative. In JSON: the integer number of 1/10000 yuan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rate(i64);

impl Rate {
    /// 99 999.9999 yuan.
    pub const MAX: Self = Self(999_999_999);

    /// A rate counted in 1/10000 yuan.
    ///
    /// # Panics
    /// When it is negative or above [`Rate::MAX`]; the database column must be constrained alike.
    #[must_use]
    pub const fn from_ten_thousandths(value: i64) -> Self {
        assert!(value >= 0 && value <= Self::MAX.0, "rate out of range");
        Self(value)
    }

    /// The rate counted in 1/10000 yuan.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// A rate from 0 to 99 999.9999 yuan with at most four decimals: `2.6`.
    ///
    /// # Errors
    /// About `应为不小于0的数字，最多4位小数`.
    pub fn parse(text: &str) -> Check<Self> {
        decimal(text, 4).map_or(Err(Self::complaint()), Self::try_from)
    }

    fn complaint() -> Complaint {
        Complaint::about("应为不小于0的数字，最多4位小数")
    }
}

impl TryFrom<i64> for Rate {
    type Error = Complaint;

    fn try_from(value: i64) -> Check<Self> {
        if (0..=Self::MAX.0).contains(&value) { Ok(Self(value)) } else { Err(Self::complaint()) }
    }
}

impl From<Rate> for i64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

/// Yuan without trailing zeros, but with two decimals at least: `2.60`, `2.605`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = decimal_text(self.0, 4);
        let shortest = text.len() - 2;
        f.pad(&text[..text.trim_end_matches('0').len().max(shortest)])
    }
}

/// The rent of a month: area × rate, rounded once to fen (domain.md §4.2). Which of a unit's areas
/// counts is PRM-34 and the caller's choice.
///
/// # Panics
/// Beyond 64 bits, which no parsed area and rate can reach.
#[must_use]
pub fn monthly_rent(area: Area, rate: Rate) -> Money {
    // 1/100 ㎡ × 1/10000 yuan = 1/10000 fen.
    Money::from_fen(round_half_up(i128::from(area.hundredths()) * i128::from(rate.0), 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::text::DECIMAL_LIMIT;
    use proptest::prelude::*;

    #[test]
    fn rates_are_read_and_written() {
        for (text, value, shown) in [
            ("2.6", 26_000, "2.60"),
            ("2.605", 26_050, "2.605"),
            ("0.0001", 1, "0.0001"),
            ("0", 0, "0.00"),
            ("10", 100_000, "10.00"),
            ("99999.9999", 999_999_999, "99999.9999"),
        ] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!((rate.ten_thousandths(), rate.to_string().as_str()), (value, shown));
            assert_eq!(Rate::from_ten_thousandths(value), rate);
        }
        for text in ["", "-1", "1.23456", "100000", "1,000"] {
            let complaint = Rate::parse(text).unwrap_err();
            assert_eq!(complaint, Complaint::about("应为不小于0的数字，最多4位小数"), "{text}");
        }
        assert!(std::panic::catch_unwind(|| Rate::from_ten_thousandths(-1)).is_err());
    }

    #[test]
    fn monthly_rents_of_seed_000() {
        for (area, rent) in [("43.0", "111.80"), ("56.0", "145.60"), ("57", "148.20")] {
            let area = Area::parse(area).unwrap();
            assert_eq!(monthly_rent(area, Rate::parse("2.6").unwrap()), Money::parse_yuan(rent).unwrap());
        }
        // 0.01 ㎡ × 0.5 yuan is half a fen.
        let half = Rate::parse("0.5").unwrap();
        assert_eq!(monthly_rent(Area::parse("0.01").unwrap(), half).fen(), 1);
        let largest = monthly_rent(Area::parse("99999999.99").unwrap(), Rate::MAX);
        assert!(largest.fen() <= DECIMAL_LIMIT);
    }

    #[test]
    fn json_is_an_integer() {
        assert_eq!(serde_json::to_string(&Rate::parse("2.6").unwrap()).unwrap(), "26000");
        assert_eq!(serde_json::from_str::<Rate>("26000").unwrap().to_string(), "2.60");
        assert!(serde_json::from_str::<Rate>("-1").is_err());
    }

    proptest! {
        #[test]
        fn rates_round_trip(value in 0..=Rate::MAX.0) {
            prop_assert_eq!(Rate::parse(&Rate(value).to_string()), Ok(Rate(value)));
        }
    }
}
