//! The rules of exit bills.

use super::*;
use crate::{
    billing::plan::Rent,
    dictionary::{DayBase, RentSplit},
};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn fen(fen: i64) -> Money {
    Money::from_fen(fen)
}

/// The seed's lease: 111.80 a month from the first of October.
fn terms(cycle: u8) -> Terms {
    let start_on = day("2014-10-01");
    Terms {
        start_on,
        end_on: day("2015-09-30"),
        rent_start_on: start_on,
        split: RentSplit::Natural,
        cycle,
        first: cycle,
        due_day: 10,
        rents: vec![Rent { from: start_on, full: fen(11_180), payable: fen(11_180) }],
        cycles: Vec::new(),
        charged_to: None,
        base: DayBase::Actual,
    }
}

/// Every bill of the plan that begins by a day, as it was posted.
fn posted(terms: &Terms, until: &str) -> Vec<PostedRent> {
    let bills = plan::bills(terms).into_iter().filter(|bill| bill.from <= day(until));
    bills
        .zip(1..)
        .map(|(bill, id)| PostedRent { bill: id, from: bill.from, to: bill.to, charged: bill.amount() })
        .collect()
}

/// domain.md §4.4: a reversal −111.80 and a new 18.03 line.
#[test]
fn the_seed_exit() {
    let terms = terms(1);
    let posted = posted(&terms, "2014-12-31");
    let cut = rent_cut(&terms, day("2014-12-05"), &posted);
    assert_eq!(cut.reversed, [2]);
    assert_eq!(cut.charged.len(), 1);
    let december = &cut.charged[0];
    assert_eq!((december.from, december.to, december.amount()), (day("2014-12-01"), day("2014-12-05"), fen(1803)));
}

#[test]
fn what_lies_behind_the_exit_is_reversed_and_what_nobody_charged_is_charged() {
    let terms = terms(1);
    let all = posted(&terms, "2015-09-30");
    let cut = rent_cut(&terms, day("2014-10-31"), &all);
    assert_eq!((cut.reversed.len(), cut.charged.len()), (11, 0), "October stays as it is");
    let none = rent_cut(&terms, day("2014-11-30"), &all[..1]);
    assert_eq!(none.reversed, [0_usize; 0]);
    assert_eq!(none.charged.iter().map(PlannedBill::amount).collect::<Vec<_>>(), [fen(11_180)]);
    // Beyond the end of the lease there is no rent of the lease.
    let late = rent_cut(&terms, day("2015-12-05"), &all);
    assert_eq!((late.reversed.len(), late.charged.len()), (0, 0));
    let never = rent_cut(&terms, day("2014-09-30"), &all[..2]);
    assert_eq!((never.reversed.len(), never.charged.len()), (2, 0));
}

#[test]
fn a_quarter_is_cut_to_its_days() {
    let terms = terms(3);
    let cut = rent_cut(&terms, day("2014-12-05"), &posted(&terms, "2014-10-01"));
    assert_eq!(cut.reversed, [0]);
    let bill = &cut.charged[0];
    assert_eq!((bill.from, bill.to, bill.amount()), (day("2014-10-01"), day("2014-12-05"), fen(11_180 * 2 + 1803)));
}

fn line(kind: ExitLineKind, amount: i64) -> ExitBillLine {
    ExitBillLine {
        kind,
        fee_item: FeeItem::Rent,
        bill: None,
        from: None,
        to: None,
        amount: fen(amount),
        note: String::new(),
    }
}

#[test]
fn balance_and_deposit_are_used_before_anybody_pays() {
    use ExitLineKind as L;
    let lines = [line(L::Owed, 11_180), line(L::Reverse, -11_180), line(L::Rent, 1803), line(L::Damage, 12_000)];
    let told = |settlement: Settlement| {
        (settlement.by_balance.fen(), settlement.by_deposit.fen(), settlement.to_pay.fen(), settlement.to_return.fen())
    };
    assert_eq!(told(settle(&lines, fen(5_000), fen(100_000))), (5_000, 8_803, 0, 91_197));
    assert_eq!(told(settle(&lines, Money::ZERO, fen(10_000))), (0, 10_000, 3_803, 0));
    // December was paid: what it was paid is balance again.
    let paid = [line(L::Reverse, -11_180), line(L::Rent, 1803)];
    assert_eq!(told(settle(&paid, Money::ZERO, fen(100_000))), (0, 0, 0, 109_377));
}

#[test]
fn the_deposit_pays_damage_first() {
    let debt = |bill, due: &str| Debt { bill, due_on: day(due), principal: fen(100), late_fee: Money::ZERO };
    let debts = [
        (debt(1, "2014-11-10"), FeeItem::Rent),
        (debt(2, "2014-10-10"), FeeItem::Rent),
        (debt(3, "2014-12-05"), FeeItem::Damage),
        (debt(4, "2014-09-01"), FeeItem::Water),
    ];
    let told = |by_deposit| order(&debts, by_deposit).iter().map(|debt| debt.bill).collect::<Vec<_>>();
    assert_eq!(told(true), [3, 2, 1, 4]);
    assert_eq!(told(false), [2, 1, 4, 3]);
}

#[test]
fn lines_by_hand_are_checked() {
    let form = |item: &str, amount: &str, note: &str| ExitBillForm {
        settle_on: "2014-12-06".into(),
        others: vec![OtherForm { fee_item: item.into(), amount: amount.into(), note: note.into() }],
    };
    let today = day("2014-12-06");
    let (settle_on, lines) = form("WATER", "12.60", "水表 1200→1204").check(today, today).unwrap();
    assert_eq!((settle_on, lines[0].amount, lines[0].kind), (today, fen(1260), ExitLineKind::Other));
    for (item, amount, note) in [
        ("LATE", "1", "x"),
        ("DEPOSIT", "1", "x"),
        ("DAMAGE", "1", "x"),
        ("WATER", "0", "x"),
        ("WATER", "1", ""),
        ("", "1", "x"),
    ] {
        assert!(
            form(item, amount, note).check(today, today).unwrap_err().get("others").is_some(),
            "{item} {amount} {note}"
        );
    }
    let tomorrow = ExitBillForm { settle_on: "2014-12-07".into(), ..ExitBillForm::default() };
    assert_eq!(tomorrow.check(today, today).unwrap_err().get("settle_on"), Some("费用结算日不能晚于今天"));
    let early = form("WATER", "1", "x").check(day("2014-12-07"), day("2014-12-08")).unwrap_err();
    assert_eq!(early.get("settle_on"), Some("费用结算日不能早于验房日期2014-12-07"));
    // Days behind the term have no rent in the plan.
    assert!(form("RENT", "18.03", "到期后5天").check(today, today).is_ok());
}

proptest! {
    /// Whatever was posted, and whenever somebody leaves: what stands and what is charged together make the shortened plan,
    /// each of its days once, and nothing behind the exit is left.
    #[test]
    fn every_day_until_the_exit_is_charged_once(exit in 0_u64..420, until in 0_u64..420, cycle in 1_u8..=6, contract in any::<bool>()) {
        let start = day("2014-10-17");
        let split = if contract { RentSplit::Contract } else { RentSplit::Natural };
        let terms = Terms { start_on: start, rent_start_on: start, split, ..terms(cycle) };
        let exit_on = start + chrono::Days::new(exit);
        let until = start + chrono::Days::new(until);
        let posted = posted(&terms, &until.to_string());
        let cut = rent_cut(&terms, exit_on, &posted);
        let stands = posted.iter().enumerate().filter(|(place, _)| !cut.reversed.contains(place)).map(|(_, rent)| (rent.from, rent.to));
        let mut stretches: Vec<_> = stands.chain(cut.charged.iter().map(|bill| (bill.from, bill.to))).collect();
        stretches.sort_unstable();
        let mut next = start;
        for (from, to) in stretches {
            prop_assert_eq!(from, next);
            next = to.succ_opt().unwrap();
        }
        prop_assert_eq!(next, exit_on.min(terms.end_on).succ_opt().unwrap());
    }

    /// Nothing is lost: what was held and what is paid is what is charged and what is given back.
    #[test]
    fn a_settlement_adds_up(charges in -200_000_i64..200_000, balance in 0_i64..100_000, deposit in 0_i64..100_000) {
        let done = settle(&[line(ExitLineKind::Owed, charges)], fen(balance), fen(deposit));
        prop_assert_eq!(balance + deposit + done.to_pay.fen(), charges + done.to_return.fen());
        prop_assert!(done.to_pay == Money::ZERO || done.to_return == Money::ZERO);
        prop_assert!(done.by_balance.fen() <= balance && done.by_deposit.fen() <= deposit);
    }
}
