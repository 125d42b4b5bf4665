//! Units by payment colour (缴费四色, domain.md §1.3, S0-6): what the boards count and what they say of one unit.

use crate::{
    dictionary::{ArrearsLevel, PayColor},
    id::UnitId,
    insight::StatusCounts,
    value::Money,
};
use serde::{Deserialize, Serialize};

/// What a board calls a unit that is let although no contract of its household runs here: taken over before contracts were
/// entered. Nothing is charged and nothing known, so it is grey and not green, and said apart from what is not let.
pub const UNBOOKED: &str = "已出租未建账";

/// Units by payment colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayCounts {
    colors: [i64; PayColor::ALL.len()],
    /// of the grey ones, those that are let ([`UNBOOKED`])
    unbooked: i64,
}

impl PayCounts {
    /// The colours of a stock, of which so many units have a household with an account at that level: of all that is let the
    /// rest is unbooked, and what is not let is grey.
    #[must_use]
    pub fn of_stock(stock: &StatusCounts, booked: impl IntoIterator<Item = (ArrearsLevel, i64)>) -> Self {
        let occupancy = stock.occupancy();
        let mut counts = Self::default();
        for (level, units) in booked {
            counts.colors[level.color() as usize] += units;
        }
        let known: i64 = counts.colors.iter().sum();
        counts.colors[PayColor::Grey as usize] = occupancy.units - known;
        counts.unbooked = occupancy.rented - known;
        counts
    }

    /// Adds one unit.
    pub const fn add(&mut self, color: PayColor, booked: bool) {
        self.colors[color as usize] += 1;
        if !booked {
            self.unbooked += 1;
        }
    }

    /// Adds the units of another place.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.colors.iter_mut().zip(other.colors) {
            *mine += theirs;
        }
        self.unbooked += other.unbooked;
    }

    /// Units of a colour.
    #[must_use]
    pub const fn of(&self, color: PayColor) -> i64 {
        self.colors[color as usize]
    }

    /// Units that are let and have no account.
    #[must_use]
    pub const fn unbooked(&self) -> i64 {
        self.unbooked
    }

    /// All units.
    #[must_use]
    pub fn units(&self) -> i64 {
        self.colors.iter().sum()
    }

    /// Units whose household is behind.
    #[must_use]
    pub const fn behind(&self) -> i64 {
        self.of(PayColor::Yellow) + self.of(PayColor::Red)
    }

    /// The colours that occur, in order.
    pub fn present(&self) -> impl Iterator<Item = (PayColor, i64)> + use<> {
        PayColor::ALL.iter().copied().zip(self.colors).filter(|(_, units)| *units > 0)
    }

    /// The few letters in a mark on the map: how many households are behind, or that none is.
    #[must_use]
    pub fn label(&self, sought: Option<PayColor>) -> String {
        match (sought, self.behind()) {
            (Some(color), _) => self.of(color).to_string(),
            (None, 0) if self.of(PayColor::Green) > 0 => "正常".to_owned(),
            (None, 0) => "—".to_owned(),
            (None, behind) => format!("欠{behind}"),
        }
    }
}

/// How one unit stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPay {
    pub id: UnitId,
    pub color: PayColor,
    /// false: let, but without an account ([`UNBOOKED`])
    pub booked: bool,
    /// of its household, for who may see bills
    pub household: Option<UnitHousehold>,
}

/// The household of a unit, as far as a board tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitHousehold {
    /// masked (domain.md §2.7)
    pub lessee: String,
    /// rent periods that are overdue
    pub periods: i64,
    pub amount: Money,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::UnitStatus as S;

    fn stock(units: &[(S, i64)]) -> StatusCounts {
        let mut counts = StatusCounts::default();
        units.iter().for_each(|(status, units)| counts.add(*status, *units));
        counts
    }

    #[test]
    fn every_unit_has_one_colour() {
        use ArrearsLevel::{L0, L1, L2, L3};
        let stock = stock(&[(S::Vacant, 5), (S::Sold, 2), (S::Signed, 3), (S::Occupied, 17)]);
        let counts = PayCounts::of_stock(&stock, [(L0, 9), (L1, 3), (L2, 2), (L3, 1)]);
        assert_eq!(PayColor::ALL.iter().map(|color| counts.of(*color)).collect::<Vec<_>>(), [9, 5, 1, 12]);
        // Of 20 that are let 15 have an account: the five others are grey and said so.
        assert_eq!((counts.unbooked(), counts.units(), counts.behind()), (5, 27, 6));
        let mut twice = counts;
        twice.merge(counts);
        assert_eq!((twice.units(), twice.unbooked()), (54, 10));
        assert_eq!(
            counts.present().map(|(color, _)| color.code()).collect::<Vec<_>>(),
            ["GREEN", "YELLOW", "RED", "GREY"]
        );
    }

    #[test]
    fn a_mark_says_who_is_behind() {
        let of = |stock: StatusCounts, level, units| PayCounts::of_stock(&stock, [(level, units)]);
        let let_out = || stock(&[(S::Occupied, 4)]);
        assert_eq!(of(let_out(), ArrearsLevel::L1, 3).label(None), "欠3");
        assert_eq!(of(let_out(), ArrearsLevel::L0, 3).label(None), "正常");
        assert_eq!(of(let_out(), ArrearsLevel::L0, 0).label(None), "—");
        assert_eq!(of(let_out(), ArrearsLevel::L2, 3).label(Some(PayColor::Grey)), "1");
    }
}
