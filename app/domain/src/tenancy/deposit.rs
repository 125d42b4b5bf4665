//! What a household deposits when its contract begins (履约保证金, domain.md §4.5, PRM-44).

use crate::value::Money;

/// How much is usual; the contract says what was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepositRule {
    /// the same from everybody
    Fixed(Money),
    /// so many months' rent
    Months(u32),
}

impl DepositRule {
    /// Reads `FIXED/1000` or `MONTHS/3`: up to 100,000 yuan, or twelve months.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mode, value) = text.split_once('/')?;
        match mode {
            "FIXED" => {
                Money::parse_yuan(value).ok().filter(|amount| (0..=10_000_000).contains(&amount.fen())).map(Self::Fixed)
            }
            "MONTHS" => value.parse().ok().filter(|months| (1..=12).contains(months)).map(Self::Months),
            _ => None,
        }
    }

    /// As it is stored and read back.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Fixed(amount) => format!("FIXED/{amount}"),
            Self::Months(months) => format!("MONTHS/{months}"),
        }
    }

    /// The deposit of whoever pays this rent a month.
    ///
    /// # Panics
    /// Beyond 64 bits, which no rent can reach.
    #[must_use]
    pub fn of(self, monthly_rent: Money) -> Money {
        match self {
            Self::Fixed(amount) => amount,
            Self::Months(months) => Money::from_fen(monthly_rent.fen() * i64::from(months)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two that domain.md §4.5 observed.
    #[test]
    fn a_fixed_amount_or_months_of_rent() {
        let rent = Money::from_fen(11_180);
        let of = |text: &str| DepositRule::parse(text).expect(text).of(rent).to_string();
        assert_eq!(of("FIXED/1000"), "1,000.00");
        assert_eq!(of("MONTHS/3"), "335.40");
        assert_eq!(of("FIXED/0"), "0.00");
    }

    #[test]
    fn what_is_no_deposit_is_refused() {
        for text in
            ["", "1000", "FIXED/", "FIXED/-1", "FIXED/1.001", "FIXED/100000.01", "MONTHS/0", "MONTHS/13", "MONTHS/1.5"]
        {
            assert_eq!(DepositRule::parse(text), None, "{text}");
        }
    }
}
