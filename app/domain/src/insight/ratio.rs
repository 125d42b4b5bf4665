//! Rates as exact fractions (domain.md §4.9): a total is the fraction of the sums and never the mean of rates.

use crate::value::round_half_up;
use serde::{Deserialize, Serialize};
use std::iter::Sum;

/// A part of a whole, both in whole fen, units or hundredths of a square metre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    pub part: i64,
    pub whole: i64,
}

impl Ratio {
    /// A part of a whole.
    #[must_use]
    pub const fn new(part: i64, whole: i64) -> Self {
        Self { part, whole }
    }

    /// Hundredths of a percent, half-up; none of nothing.
    fn hundredths(self) -> Option<i64> {
        (self.whole > 0).then(|| round_half_up(i128::from(self.part) * 10_000, i128::from(self.whole)))
    }

    /// `85.33%`; `--` of nothing.
    #[must_use]
    pub fn text(self) -> String {
        match self.hundredths() {
            None => "--".to_owned(),
            Some(hundredths) => {
                let sign = if hundredths < 0 { "-" } else { "" };
                let size = hundredths.unsigned_abs();
                format!("{sign}{}.{:02}%", size / 100, size % 100)
            }
        }
    }

    /// The colour of a collection rate: continuous from red, 0 % at 0°, over 50 % at 60° to green, 100 % at 120°, that is
    /// percent × 1.2°, in whole degrees. What is beyond both ends has the colour of the end.
    #[must_use]
    pub fn hue(self) -> Option<u16> {
        let degrees = (self.whole > 0).then(|| round_half_up(i128::from(self.part) * 120, i128::from(self.whole)))?;
        u16::try_from(degrees.clamp(0, 120)).ok()
    }
}

impl Sum for Ratio {
    fn sum<I: Iterator<Item = Self>>(ratios: I) -> Self {
        ratios.fold(Self::default(), |sum, ratio| Self { part: sum.part + ratio.part, whole: sum.whole + ratio.whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of §4.9, in fen.
    #[test]
    fn two_estates_together_are_weighed() {
        let (a, b) = (Ratio::new(9_800_000, 12_000_000), Ratio::new(3_000_000, 3_000_000));
        assert_eq!((a.text().as_str(), b.text().as_str()), ("81.67%", "100.00%"));
        let total: Ratio = [a, b].into_iter().sum();
        assert_eq!((total.part, total.whole), (12_800_000, 15_000_000));
        assert_eq!(total.text(), "85.33%", "and not 90.83 %, the mean of both");
    }

    #[test]
    fn of_nothing_there_is_no_rate() {
        assert_eq!((Ratio::new(0, 0).text().as_str(), Ratio::new(0, 0).hue()), ("--", None));
        assert_eq!((Ratio::new(0, 5).text().as_str(), Ratio::new(0, 5).hue()), ("0.00%", Some(0)));
        assert_eq!(Ratio::new(-1, 3).text(), "-33.33%");
        // An estate without bills does not move the total.
        let total: Ratio = [Ratio::new(1, 2), Ratio::default()].into_iter().sum();
        assert_eq!(total, Ratio::new(1, 2));
    }

    #[test]
    fn colours_of_section_4_9() {
        for (part, hue) in [(0, 0), (50, 60), (100, 120), (25, 30), (120, 120), (-5, 0)] {
            assert_eq!(Ratio::new(part, 100).hue(), Some(hue), "{part} %");
        }
        // 85.33 % × 1.2° = 102.4°
        assert_eq!(Ratio::new(128_000, 150_000).hue(), Some(102));
    }

    proptest! {
        #[test]
        fn a_total_lies_between_its_parts(
            pairs in prop::collection::vec((0i64..1_000_000_000_000, 1i64..1_000_000_000_000), 1..20),
        ) {
            let ratios: Vec<Ratio> = pairs.iter().map(|(part, whole)| Ratio::new(*part.min(whole), *whole)).collect();
            let total: Ratio = ratios.iter().copied().sum();
            let hundredths: Vec<i64> = ratios.iter().filter_map(|ratio| ratio.hundredths()).collect();
            let of_total = total.hundredths().unwrap();
            prop_assert!(hundredths.iter().min().unwrap() <= &of_total && &of_total <= hundredths.iter().max().unwrap());
            prop_assert!((0..=10_000).contains(&of_total));
            prop_assert!(total.hue().unwrap() <= 120);
        }
    }
}
