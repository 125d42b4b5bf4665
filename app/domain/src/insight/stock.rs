//! How much of a place is lived in and how much of it stands empty, in homes and in area: the head of the room chart
//! (房态图, S4-1.5.1, domain.md §4.9).

use super::StatusCounts;
use crate::{dictionary::UnitStatus, housing::unit::rate_text, value::Area};
use serde::{Deserialize, Serialize};

/// Units of a place and their building area, by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockFigures {
    pub units: StatusCounts,
    /// 1/100 ㎡
    area: StatusCounts,
}

impl StockFigures {
    /// Adds `units` units of a status, which have this building area together.
    pub const fn add(&mut self, status: UnitStatus, units: i64, area: Area) {
        self.units.add(status, units);
        self.area.add(status, area.hundredths());
    }

    /// Adds the units of another place.
    pub fn merge(&mut self, other: Self) {
        self.units.merge(other.units);
        self.area.merge(other.area);
    }

    /// 总面积
    #[must_use]
    pub fn area(&self) -> Area {
        area(&self.area, |_| true)
    }

    /// 入住面积: sold and rented
    #[must_use]
    pub fn lived_area(&self) -> Area {
        area(&self.area, is_lived_in)
    }

    /// 入住户数
    #[must_use]
    pub fn lived_units(&self) -> i64 {
        sum(&self.units, is_lived_in)
    }

    /// 空关面积: nobody lives there, though somebody could
    #[must_use]
    pub fn empty_area(&self) -> Area {
        area(&self.area, is_empty)
    }

    /// 空关户数
    #[must_use]
    pub fn empty_units(&self) -> i64 {
        sum(&self.units, is_empty)
    }

    /// 空关率 as text: empty ÷ all units
    #[must_use]
    pub fn empty_rate(&self) -> String {
        rate_text(self.empty_units(), sum(&self.units, |_| true))
    }
}

fn is_lived_in(status: UnitStatus) -> bool {
    status.is_rented() || status == UnitStatus::Sold
}

/// What is being prepared, and what is no home any more, does not stand empty.
fn is_empty(status: UnitStatus) -> bool {
    status.counts_in_rental_rate() && !status.is_rented()
}

fn sum(counts: &StatusCounts, is: fn(UnitStatus) -> bool) -> i64 {
    counts.present().filter(|(status, _)| is(*status)).map(|(_, units)| units).sum()
}

fn area(counts: &StatusCounts, is: fn(UnitStatus) -> bool) -> Area {
    Area::from_hundredths(sum(counts, is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitStatus as S;

    /// As the report of the same figures counts them (RP-24).
    #[test]
    fn a_home_is_lived_in_or_empty_or_neither() {
        let mut place = StockFigures::default();
        for status in S::ALL.iter().copied() {
            place.add(status, 2, Area::from_hundredths(10_050));
        }
        assert_eq!((place.lived_units(), place.empty_units()), (6, 10));
        assert_eq!(place.area().to_string(), "1005.00");
        assert_eq!(
            (place.lived_area().to_string().as_str(), place.empty_area().to_string().as_str()),
            ("301.50", "502.50")
        );
        assert_eq!(place.empty_rate(), "50.00%");
        let mut both = place;
        both.merge(place);
        assert_eq!((both.empty_units(), both.empty_area().hundredths()), (20, 100_500));
        assert_eq!(StockFigures::default().empty_rate(), "--");
    }
}
