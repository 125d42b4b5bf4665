//! What a household pays a month (应缴租金, 租金核减, domain.md §4.2, §4.3).

use crate::value::{Area, Money, Rate, money::round_half_up};

/// What a category of households pays of the rent, and for how much area (§4.3 [P]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// of the rent of the standard area, in percent: 低保 10, 低收入 30, 中等偏下 100
    pub percent: u32,
    /// up to which the reduced rent holds (保障面积标准)
    pub standard_area: Area,
    /// what a square metre beyond costs; none: as much as any other
    pub over_rate: Option<Rate>,
}

/// The three lines of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthlyRent {
    /// 应收租金: area × rate
    pub full: Money,
    /// 核减, negative or nothing
    pub reduction: Money,
    /// 实际应缴
    pub payable: Money,
}

/// The monthly rent of an area, with the reduction of the household if it has one. Each part is rounded once to fen.
///
/// # Panics
/// Beyond 64 bits, which no parsed area and rate can reach.
#[must_use]
pub fn monthly_rent(area: Area, rate: Rate, reduction: Option<Reduction>) -> MonthlyRent {
    let cost = |area: i64, rate: Rate, percent: u32| {
        let exact = i128::from(area) * i128::from(rate.ten_thousandths()) * i128::from(percent);
        Money::from_fen(round_half_up(exact, 1_000_000))
    };
    let full = cost(area.hundredths(), rate, 100);
    let payable = reduction.map_or(full, |reduction| {
        let base = area.hundredths().min(reduction.standard_area.hundredths());
        let over = area.hundredths() - base;
        cost(base, rate, reduction.percent) + cost(over, reduction.over_rate.unwrap_or(rate), 100)
    });
    MonthlyRent { full, reduction: payable - full, payable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(area: &str, reduction: Option<(u32, &str)>) -> [String; 3] {
        let reduction = reduction.map(|(percent, standard)| Reduction {
            percent,
            standard_area: Area::parse(standard).unwrap(),
            over_rate: None,
        });
        let rent = monthly_rent(Area::parse(area).unwrap(), Rate::parse("2.6").unwrap(), reduction);
        [rent.full, rent.reduction, rent.payable].map(|amount| amount.to_string())
    }

    /// The worked examples of domain.md §4.2 and §4.3.
    #[test]
    fn rent_and_what_is_taken_off() {
        assert_eq!(told("43.0", None), ["111.80", "0.00", "111.80"]);
        assert_eq!(told("56", None), ["145.60", "0.00", "145.60"]);
        assert_eq!(told("43", Some((10, "50"))), ["111.80", "-100.62", "11.18"]);
        assert_eq!(told("56", Some((30, "50"))), ["145.60", "-91.00", "54.60"]);
        assert_eq!(told("56", Some((100, "50"))), ["145.60", "0.00", "145.60"]);
    }

    #[test]
    fn beyond_the_standard_another_rate_may_hold() {
        let reduction = Reduction {
            percent: 30,
            standard_area: Area::parse("50").unwrap(),
            over_rate: Some(Rate::parse("10").unwrap()),
        };
        let rent = monthly_rent(Area::parse("56").unwrap(), Rate::parse("2.6").unwrap(), Some(reduction));
        assert_eq!((rent.payable.to_string(), rent.reduction.to_string()), ("99.00".to_owned(), "-46.60".to_owned()));
    }

    proptest! {
        /// The three lines add up, and without a rate of its own the area beyond never makes it dearer.
        #[test]
        fn the_lines_add_up(area in 1_i64..100_000, rate in 0_i64..1_000_000, percent in 0_u32..=100, standard in 1_i64..20_000) {
            let area = Area::from_hundredths(area);
            let reduction = Reduction { percent, standard_area: Area::from_hundredths(standard), over_rate: None };
            let rent = monthly_rent(area, Rate::from_ten_thousandths(rate), Some(reduction));
            prop_assert_eq!(rent.full + rent.reduction, rent.payable);
            // Two parts that are rounded may be half a fen dearer each than the whole.
            prop_assert!(rent.payable.fen() <= rent.full.fen() + 1 && rent.payable >= Money::ZERO);
        }
    }
}
