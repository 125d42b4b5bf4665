//! Floor areas in whole hundredths of a square metre (domain.md §0.5 rule 2, §7.0).

use super::{
    Check, Complaint,
    text::{decimal, decimal_text},
};
use serde::{Deserialize, Serialize};
use std::{fmt, iter::Sum};

/// An area in 1/100 ㎡; never negative. In JSON: the integer number of 1/100 ㎡.
///
/// A unit has a building, a usable and an inner area; which one a figure is, its field's name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Area(i64);

impl Area {
    /// No area.
    pub const ZERO: Self = Self(0);

    /// The largest area a person can enter, 99 999 999.99 ㎡. Sums may be larger.
    pub const MAX_ENTERED: Self = Self(9_999_999_999);

    /// An area counted in 1/100 ㎡.
    ///
    /// # Panics
    /// When it is negative; the database column must be constrained alike.
    #[must_use]
    pub const fn from_hundredths(hundredths: i64) -> Self {
        assert!(hundredths >= 0, "an area is not negative");
        Self(hundredths)
    }

    /// The area counted in 1/100 ㎡.
    #[must_use]
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// An area that must be there: above 0, at most two decimals, exact.
    ///
    /// # Errors
    /// About `应为大于0的数字，最多2位小数`.
    pub fn parse(text: &str) -> Check<Self> {
        entered(text, 1).ok_or(Complaint::about("应为大于0的数字，最多2位小数"))
    }

    /// An area that may be 0, at most two decimals, exact.
    ///
    /// # Errors
    /// About `应为不小于0的数字，最多2位小数`.
    pub fn parse_or_zero(text: &str) -> Check<Self> {
        entered(text, 0).ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
    }
}

fn entered(text: &str, least: i64) -> Option<Area> {
    let hundredths = decimal(text, 2)?;
    (least..=Area::MAX_ENTERED.0).contains(&hundredths).then_some(Area(hundredths))
}

impl TryFrom<i64> for Area {
    type Error = Complaint;

    fn try_from(hundredths: i64) -> Check<Self> {
        if hundredths < 0 {
            return Err(Complaint::about("应为不小于0的数字，最多2位小数"));
        }
        Ok(Self(hundredths))
    }
}

impl From<Area> for i64 {
    fn from(area: Area) -> Self {
        area.0
    }
}

/// Square metres with two decimals: `57.00`.
impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal_text(self.0, 2))
    }
}

/// Never wraps.
///
/// # Panics
/// Beyond 64 bits, which is more than the surface of the earth.
impl Sum for Area {
    fn sum<I: Iterator<Item = Self>>(areas: I) -> Self {
        Self(areas.fold(0, |sum: i64, area| sum.checked_add(area.0).expect("a sum of areas left the range of 64 bits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn areas_are_read_and_written() {
        for (text, hundredths, shown) in [
            ("57", 5_700, "57.00"),
            ("43.0", 4_300, "43.00"),
            (" １２．５ ", 1_250, "12.50"),
            ("0.01", 1, "0.01"),
            ("99999999.99", 9_999_999_999, "99999999.99"),
        ] {
            let area = Area::parse(text).unwrap();
            assert_eq!((area.hundredths(), area.to_string().as_str()), (hundredths, shown));
            assert_eq!(Area::from_hundredths(hundredths), area);
            assert_eq!(Area::parse_or_zero(text), Ok(area));
        }
        assert_eq!(Area::parse_or_zero("0"), Ok(Area::ZERO));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "0",
            "0.00",
            "-0",
            "-1",
            "NaN",
            "inf",
            "1e2",
            "43.099999999999994",
            "5.",
            ".5",
            "1,000",
            "57㎡",
            "100000000",
        ] {
            let complaint = Area::parse(text).unwrap_err();
            assert_eq!(complaint, Complaint::about("应为大于0的数字，最多2位小数"), "{text}");
        }
        for text in ["", "-1", "-0.01", "NaN", "1.001", "100000000"] {
            let complaint = Area::parse_or_zero(text).unwrap_err();
            assert_eq!(complaint, Complaint::about("应为不小于0的数字，最多2位小数"), "{text}");
        }
        assert!(std::panic::catch_unwind(|| Area::from_hundredths(-1)).is_err());
    }

    #[test]
    fn json_is_an_integer() {
        assert_eq!(serde_json::to_string(&Area(5_700)).unwrap(), "5700");
        assert_eq!(serde_json::from_str::<Area>("5700").unwrap(), Area(5_700));
        assert!(serde_json::from_str::<Area>("-1").is_err());
        assert!(serde_json::from_str::<Area>("57.5").is_err());
    }

    #[test]
    fn sums_never_wrap() {
        assert_eq!([Area(5_700), Area(4_300)].into_iter().sum::<Area>(), Area(10_000));
        let overflow = || [Area(i64::MAX), Area(1)].into_iter().sum::<Area>();
        assert!(std::panic::catch_unwind(overflow).is_err());
    }

    proptest! {
        #[test]
        fn areas_round_trip(hundredths in 1..=Area::MAX_ENTERED.0) {
            prop_assert_eq!(Area::parse(&Area(hundredths).to_string()), Ok(Area(hundredths)));
        }

        #[test]
        fn three_decimals_are_never_rounded_away(whole in 0u32..1000, fraction in 0u32..1000) {
            let text = format!("{whole}.{fraction:03}");
            prop_assert!(Area::parse(&text).is_err());
        }
    }
}
