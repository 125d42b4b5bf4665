use super::*;
use crate::{
    billing::plan::{Terms, bills_of_month},
    dictionary::{DayBase, RentSplit},
};
use ReductionEvent as E;
use ReductionStatus as S;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn area(text: &str) -> Area {
    Area::parse(text).unwrap()
}

fn rent(from: &str, full: i64, rate_of: &str) -> (Rent, Rate) {
    (Rent { from: day(from), full: Money::from_fen(full), payable: Money::from_fen(full) }, rate(rate_of))
}

fn off(from: &str, to: &str, percent: u32) -> Off {
    let reduction = Reduction { percent, standard_area: area("50"), over_rate: None };
    Off { from: day(from), to: day(to), reduction }
}

#[test]
fn the_life_of_a_reduction() {
    let events = [E::Approve, E::Refuse, E::Withdraw, E::Stop];
    let table = [
        (S::Pending, [Some(S::Approved), Some(S::Refused), Some(S::Withdrawn), None]),
        (S::Approved, [None, None, None, Some(S::Stopped)]),
        (S::Refused, [None; 4]),
        (S::Withdrawn, [None; 4]),
        (S::Stopped, [None; 4]),
    ];
    assert_eq!(table.map(|(status, _)| status), S::ALL);
    for (status, to) in table {
        assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
    }
}

/// §4.3: 43.0 ㎡ at 2.60 of a household on 低保, for three months, with a rent that rises in the second.
#[test]
fn a_reduction_lies_over_the_rents_and_ends_by_itself() {
    let rents = [rent("2026-01-01", 11_180, "2.6"), rent("2026-03-01", 12_900, "3")];
    let told = overlay(&rents, area("43"), &[off("2026-02-01", "2026-04-30", 10)]);
    let told: Vec<_> = told.iter().map(|rent| (rent.from.to_string(), rent.full.fen(), rent.payable.fen())).collect();
    let line = |from: &str, full, payable| (from.to_owned(), full, payable);
    assert_eq!(
        told,
        [
            line("2026-01-01", 11_180, 11_180),
            line("2026-02-01", 11_180, 1_118),
            line("2026-03-01", 12_900, 1_290),
            line("2026-05-01", 12_900, 12_900),
        ]
    );
    // 低收入, 56 ㎡: 39.00 + 15.60
    let over = overlay(&[rent("2026-01-01", 14_560, "2.6")], area("56"), &[off("2025-12-01", "2026-11-30", 30)]);
    assert_eq!((over[0].payable.to_string(), over[1].from), ("54.60".to_owned(), day("2026-12-01")));
    // What was taken off for good is not given back by less.
    let mut kept = rent("2026-01-01", 11_180, "2.6");
    kept.0.payable = Money::from_fen(1_000);
    assert_eq!(overlay(&[kept], area("43"), &[off("2026-01-01", "2026-12-31", 10)])[0].payable.fen(), 1_000);
    assert!(overlay(&[], area("43"), &[]).is_empty());
}

#[test]
fn the_bill_shows_what_was_taken_off() {
    let terms = Terms {
        start_on: day("2026-01-01"),
        end_on: day("2026-12-31"),
        rent_start_on: day("2026-01-01"),
        split: RentSplit::Natural,
        cycle: 1,
        first: 1,
        cycles: Vec::new(),
        charged_to: None,
        due_day: 10,
        rents: overlay(&[rent("2026-01-01", 11_180, "2.6")], area("43"), &[off("2026-02-01", "2026-02-28", 10)]),
        base: DayBase::Actual,
    };
    let of = |month: &str| {
        let bill = &bills_of_month(&terms, day(month))[0];
        (bill.amount().to_string(), bill.reduction().to_string())
    };
    assert_eq!(of("2026-02-01"), ("11.18".to_owned(), "100.62".to_owned()));
    assert_eq!(of("2026-03-01"), ("111.80".to_owned(), "0.00".to_owned()));
}

#[test]
fn a_form_names_its_mistakes() {
    let today = day("2026-03-15");
    let form = ReductionForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
        contract_no: "HT1".into(),
        category: "LOWINC".into(),
        percent: "30".into(),
        standard_area: "50".into(),
        from: "2026-04".into(),
        to: "2027-03".into(),
        doc_no: "测发1号".into(),
        ..ReductionForm::default()
    };
    let fields = form.check(today).unwrap();
    assert_eq!((fields.off.from, fields.off.to), (day("2026-04-01"), day("2027-03-31")));
    for (bad, field) in [
        (ReductionForm { to: "2027-04".into(), ..form.clone() }, "to"),
        (ReductionForm { to: "2026-03".into(), ..form.clone() }, "to"),
        (ReductionForm { from: "2024-01".into(), ..form.clone() }, "from"),
        (ReductionForm { percent: "100".into(), ..form.clone() }, "percent"),
        (ReductionForm { percent: "-1".into(), ..form.clone() }, "percent"),
        (ReductionForm { standard_area: "0".into(), ..form.clone() }, "standard_area"),
        (ReductionForm { over_rate: "0".into(), ..form.clone() }, "over_rate"),
        (ReductionForm { category: String::new(), ..form.clone() }, "category"),
        (ReductionForm { request: "1".into(), ..form.clone() }, "doc_no"),
        (ReductionForm { contract_no: " ".into(), ..form }, "contract_no"),
    ] {
        assert!(bad.check(today).unwrap_err().get(field).is_some(), "{field}");
    }
    assert!(preview(area("43"), rate("2.6"), off("2026-01-01", "2026-01-31", 30).reduction).is_ok());
    let none = Reduction { percent: 99, standard_area: area("0.01"), over_rate: Some(rate("9")) };
    assert!(preview(area("43"), rate("2.6"), none).is_err());
}
