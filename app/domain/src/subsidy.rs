//! Housing subsidy (租赁补贴 / 住房补贴, domain.md §4.6): what a household gets a month, in whole months.

use crate::value::{Area, Money, Rate, money::round_half_up};

/// How a programme counts; what was counted is stored with its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubsidyMode {
    /// AREA_GAP: what the household lacks of the standard area, at a price
    AreaGap(AreaGap),
    /// COEFFICIENT: a part of a base amount
    Coefficient { base: Money, coefficient: Rate },
    /// FIXED, and a row of the table of TIER: an amount that was entered and approved
    Fixed(Money),
}

/// The inputs of [`SubsidyMode::AreaGap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaGap {
    /// of each person
    pub standard: Area,
    /// what each person has
    pub present: Area,
    /// the persons who are subsidised
    pub persons: u32,
    /// of a square metre and a month
    pub price: Rate,
    /// of the household's category; 1 where there is none
    pub coefficient: Rate,
    /// the most that is subsidised of a household (60 m²)
    pub most: Area,
    /// where a household gets no more than it pays
    pub rent: Option<Money>,
}

/// One, as a coefficient.
pub const WHOLE: Rate = Rate::from_ten_thousandths(10_000);

impl AreaGap {
    /// What the household lacks: nothing when it has more than the standard.
    #[must_use]
    pub fn area(&self) -> Area {
        let gap = (self.standard.hundredths() - self.present.hundredths()).max(0) * i64::from(self.persons);
        Area::from_hundredths(gap.min(self.most.hundredths()))
    }
}

impl SubsidyMode {
    /// The subsidy of a month, rounded once to fen.
    ///
    /// # Panics
    /// Beyond 64 bits, which no parsed area and price can reach.
    #[must_use]
    pub fn monthly(&self) -> Money {
        match self {
            Self::AreaGap(gap) => {
                let exact = i128::from(gap.area().hundredths())
                    * i128::from(gap.price.ten_thousandths())
                    * i128::from(gap.coefficient.ten_thousandths());
                let amount = Money::from_fen(round_half_up(exact, 100_000_000));
                gap.rent.map_or(amount, |rent| amount.min(rent))
            }
            Self::Coefficient { base, coefficient } => {
                let exact = i128::from(base.fen()) * i128::from(coefficient.ten_thousandths());
                Money::from_fen(round_half_up(exact, 10_000))
            }
            Self::Fixed(amount) => *amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gap(present: &str, persons: u32, price: &str) -> AreaGap {
        AreaGap {
            standard: Area::parse("15").unwrap(),
            present: Area::parse(present).unwrap(),
            persons,
            price: Rate::parse(price).unwrap(),
            coefficient: WHOLE,
            most: Area::parse("60").unwrap(),
            rent: None,
        }
    }

    /// The worked examples of domain.md §4.6.
    #[test]
    fn every_mode_as_worked_out() {
        let three = gap("6", 3, "14");
        assert_eq!(three.area().to_string(), "27.00");
        assert_eq!(SubsidyMode::AreaGap(three).monthly().to_string(), "378.00");
        assert_eq!(SubsidyMode::AreaGap(gap("6", 3, "10")).monthly().to_string(), "270.00");
        assert_eq!(SubsidyMode::Fixed(Money::from_fen(42_000)).monthly().to_string(), "420.00");
        let part = SubsidyMode::Coefficient { base: Money::from_fen(88_889), coefficient: Rate::parse("0.9").unwrap() };
        assert_eq!(part.monthly().to_string(), "800.00");
    }

    /// The cover sheet: 低保 two households 756.00, 低收入 one household 270.00.
    #[test]
    fn the_sum_of_a_month_is_written_out() {
        let total: Money = [gap("6", 3, "14"), gap("6", 3, "14"), gap("6", 3, "10")]
            .into_iter()
            .map(|gap| SubsidyMode::AreaGap(gap).monthly())
            .sum();
        assert_eq!((total.to_string(), total.capital()), ("1,026.00".to_owned(), "壹仟零贰拾陆元整".to_owned()));
    }

    #[test]
    fn no_more_than_the_rent_and_the_largest_area() {
        assert_eq!(SubsidyMode::AreaGap(gap("15.01", 3, "14")).monthly(), Money::ZERO);
        let crowded = AreaGap { present: Area::from_hundredths(0), ..gap("6", 5, "14") };
        assert_eq!(crowded.area().to_string(), "60.00");
        let paying = AreaGap { rent: Some(Money::from_fen(30_000)), ..gap("6", 3, "14") };
        assert_eq!(SubsidyMode::AreaGap(paying).monthly().to_string(), "300.00");
    }

    proptest! {
        /// Whoever has less gets no less.
        #[test]
        fn a_smaller_home_never_gets_less(present in 0i64..2_000, less in 0i64..500, persons in 1u32..8, price in 1i64..500_000) {
            let at = |present: i64| {
                let present = Area::from_hundredths(present.max(0));
                SubsidyMode::AreaGap(AreaGap { present, price: Rate::from_ten_thousandths(price), ..gap("6", persons, "1") }).monthly()
            };
            prop_assert!(at(present - less) >= at(present));
        }
    }
}
