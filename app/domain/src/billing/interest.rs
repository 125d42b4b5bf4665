//! Interest on what a household paid ahead (结息, domain.md §4.5).

use crate::value::{Money, money::round_half_up};

/// The interest on the balances of the days of a period at a yearly rate in millionths (500 is 0.05 %), a year of 360 days.
/// A day on which nothing stood on the account brings nothing; the sum is rounded once to fen.
///
/// # Panics
/// Beyond 64 bits, which no balance can reach.
#[must_use]
pub fn interest(balances: impl IntoIterator<Item = Money>, yearly: u32) -> Money {
    let stood: i128 = balances.into_iter().map(|balance| i128::from(balance.fen().max(0))).sum();
    Money::from_fen(round_half_up(stood * i128::from(yearly), 360_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::iter::repeat_n;

    /// The worked example of domain.md §4.5: 1,571.00 for 90 days at 0.05 %.
    #[test]
    fn a_quarter_of_a_small_balance() {
        assert_eq!(interest(repeat_n(Money::from_fen(157_100), 90), 500).to_string(), "0.20");
        assert_eq!(interest([], 500), Money::ZERO);
        assert_eq!(interest([Money::from_fen(-100)], 1_000_000), Money::ZERO);
    }

    proptest! {
        /// The order of the days is of no account, and a day more never takes away.
        #[test]
        fn days_add_up(mut days in prop::collection::vec(-1_000i64..10_000_000, 1..60), yearly in 0u32..50_000) {
            let of = |days: &[i64]| interest(days.iter().map(|fen| Money::from_fen(*fen)), yearly);
            let (all, fewer) = (of(&days), of(&days[1..]));
            days.reverse();
            prop_assert_eq!(of(&days), all);
            prop_assert!(fewer <= all);
        }
    }
}
