//! Which debts a payment pays (domain.md §4.10, PRM-45).

use crate::{dictionary::PaidFirst, value::Money};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What somebody owes for one bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// id of the bill
    pub bill: i64,
    pub due_on: NaiveDate,
    pub principal: Money,
    pub late_fee: Money,
}

/// What a payment pays of one bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub bill: i64,
    pub principal: Money,
    pub late_fee: Money,
}

impl Debt {
    /// Both together.
    #[must_use]
    pub fn total(self) -> Money {
        self.principal + self.late_fee
    }
}

impl Share {
    /// Both together.
    #[must_use]
    pub fn total(self) -> Money {
        self.principal + self.late_fee
    }
}

/// Divides a payment among debts; answers the shares that are not nothing, in the order in which they were paid, and what is
/// left for the balance of the account. Debts are paid by their due day, of one day by the number of the bill; `chosen`
/// debts (the debtor's own designation, R-75) keep the order in which they are given.
///
/// A payment that is not positive, and debts that are none, pay nothing.
#[must_use]
pub fn allocate(payment: Money, debts: &[Debt], chosen: bool, first: PaidFirst) -> (Vec<Share>, Money) {
    let mut debts = debts.to_vec();
    if !chosen {
        debts.sort_by_key(|debt| (debt.due_on, debt.bill));
    }
    let mut left = payment;
    let mut take = |owed: Money| {
        let taken = owed.min(left).max(Money::ZERO);
        left = left - taken;
        taken
    };
    let shares = debts
        .into_iter()
        .map(|debt| {
            let (principal, late_fee);
            match first {
                PaidFirst::Principal => {
                    principal = take(debt.principal);
                    late_fee = take(debt.late_fee);
                }
                PaidFirst::LateFee => {
                    late_fee = take(debt.late_fee);
                    principal = take(debt.principal);
                }
            }
            Share { bill: debt.bill, principal, late_fee }
        })
        .filter(|share| share.total() > Money::ZERO)
        .collect();
    (shares, left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn yuan(text: &str) -> Money {
        Money::parse_yuan(text).unwrap()
    }

    fn debt(bill: i64, due_on: &str, principal: &str, late_fee: &str) -> Debt {
        Debt { bill, due_on: due_on.parse().unwrap(), principal: yuan(principal), late_fee: yuan(late_fee) }
    }

    fn told(shares: &[Share]) -> Vec<(i64, String, String)> {
        shares.iter().map(|share| (share.bill, share.principal.to_string(), share.late_fee.to_string())).collect()
    }

    /// The worked example of domain.md §4.10.
    #[test]
    fn the_oldest_debt_is_paid_first() {
        let debts = [debt(11, "2014-11-10", "111.80", "0"), debt(10, "2014-10-10", "111.80", "1.12")];
        let (shares, left) = allocate(yuan("200"), &debts, false, PaidFirst::Principal);
        let paid = |bill, principal: &str, late: &str| (bill, principal.to_owned(), late.to_owned());
        assert_eq!(told(&shares), [paid(10, "111.80", "1.12"), paid(11, "87.08", "0.00")]);
        assert_eq!(left, Money::ZERO);
        let (shares, left) = allocate(yuan("1,000"), &debts, false, PaidFirst::Principal);
        assert_eq!((shares.len(), left), (2, yuan("775.28")));
        let (shares, _) = allocate(yuan("50"), &debts, true, PaidFirst::Principal);
        assert_eq!(told(&shares), [paid(11, "50.00", "0.00")], "as the debtor says");
        let (shares, _) = allocate(yuan("2"), &debts, false, PaidFirst::LateFee);
        assert_eq!(told(&shares), [paid(10, "0.88", "1.12")]);
        assert_eq!(allocate(yuan("-5"), &debts, false, PaidFirst::Principal), (vec![], yuan("-5")));
    }

    prop_compose! {
        fn any_debts()(debts in proptest::collection::vec((0_i64..9, 0_i64..500, 0_i64..50), 0..9)) -> Vec<Debt> {
            let day: NaiveDate = "2020-01-01".parse().unwrap();
            debts
                .into_iter()
                .enumerate()
                .map(|(bill, (due, principal, late_fee))| Debt {
                    bill: bill as i64,
                    due_on: day + chrono::Days::new(due as u64),
                    principal: Money::from_fen(principal),
                    late_fee: Money::from_fen(late_fee),
                })
                .collect()
        }
    }

    proptest! {
        /// Nothing is lost, nothing is paid twice, and nothing is left while a debt is.
        #[test]
        fn a_payment_is_all_there(debts in any_debts(), fen in 0_i64..5_000, late_first: bool, chosen: bool) {
            let first = if late_first { PaidFirst::LateFee } else { PaidFirst::Principal };
            let (shares, left) = allocate(Money::from_fen(fen), &debts, chosen, first);
            let paid: Money = shares.iter().map(|share| share.total()).sum();
            prop_assert_eq!((paid + left).fen(), fen);
            let owed: Money = debts.iter().map(|debt| debt.principal + debt.late_fee).sum();
            prop_assert_eq!(paid.fen(), owed.fen().min(fen));
            for share in &shares {
                let debt = debts.iter().find(|debt| debt.bill == share.bill).expect("one of them");
                prop_assert!(share.principal <= debt.principal && share.late_fee <= debt.late_fee);
            }
        }

        /// The order in which debts are looked up changes nothing.
        #[test]
        fn the_order_of_rows_does_not_matter(debts in any_debts(), fen in 0_i64..5_000) {
            let mut mirrored = debts.clone();
            mirrored.reverse();
            prop_assert_eq!(
                allocate(Money::from_fen(fen), &debts, false, PaidFirst::Principal),
                allocate(Money::from_fen(fen), &mirrored, false, PaidFirst::Principal)
            );
        }

        /// Two payments pay what one of both together pays.
        #[test]
        fn payments_add_up(debts in any_debts(), one in 0_i64..2_000, other in 0_i64..2_000) {
            let (first, left) = allocate(Money::from_fen(one), &debts, false, PaidFirst::Principal);
            let rest: Vec<Debt> = debts
                .iter()
                .map(|debt| {
                    let paid = first.iter().find(|share| share.bill == debt.bill);
                    let (principal, late_fee) = paid.map_or_else(Default::default, |share| (share.principal, share.late_fee));
                    Debt { principal: debt.principal - principal, late_fee: debt.late_fee - late_fee, ..*debt }
                })
                .collect();
            let (_, end) = allocate(left + Money::from_fen(other), &rest, false, PaidFirst::Principal);
            let (_, at_once) = allocate(Money::from_fen(one + other), &debts, false, PaidFirst::Principal);
            prop_assert_eq!(end, at_once);
        }
    }
}
