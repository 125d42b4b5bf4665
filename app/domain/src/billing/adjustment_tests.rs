use super::*;
use crate::{
    billing::plan::Rent,
    dictionary::{DayBase, RentSplit},
};
use AdjustEvent as E;
use AdjustStatus as S;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn fen(fen: i64) -> Money {
    Money::from_fen(fen)
}

fn two_sixty() -> Rate {
    Rate::parse("2.6").unwrap()
}

/// 43 ㎡ at 2.60, of which a third is paid; billed up to March.
fn standing() -> Standing {
    Standing {
        terms: Terms {
            start_on: day("2026-01-01"),
            end_on: day("2026-12-31"),
            rent_start_on: day("2026-01-01"),
            split: RentSplit::Natural,
            cycle: 1,
            first: 1,
            due_day: 10,
            rents: vec![Rent { from: day("2026-01-01"), full: fen(11180), payable: fen(3354) }],
            cycles: Vec::new(),
            charged_to: None,
            base: DayBase::Actual,
        },
        area: Area::parse("43").unwrap(),
        rate: two_sixty(),
        billed: Some(day("2026-03-01")),
        changed_on: None,
        pending: false,
        leaving: false,
    }
}

fn form() -> AdjustmentForm {
    AdjustmentForm {
        request: "5b0c2d1e-8f7a-4b3c-9d2e-1f0a6b7c8d9e".into(),
        district: "1".into(),
        estate: "2".into(),
        kind: "STANDARD".into(),
        new_rate: "3".into(),
        month: "2026-04".into(),
        doc_no: "测发〔2026〕1号".into(),
        ..AdjustmentForm::default()
    }
}

#[test]
fn the_life_of_an_adjustment() {
    let events = [E::Approve, E::Refuse, E::Withdraw];
    let table = [
        (S::Pending, [Some(S::Approved), Some(S::Refused), Some(S::Withdrawn)]),
        (S::Approved, [None; 3]),
        (S::Refused, [None; 3]),
        (S::Withdrawn, [None; 3]),
    ];
    assert_eq!(table.map(|(status, _)| status), S::ALL);
    for (status, to) in table {
        assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
    }
}

#[test]
fn a_new_rate_makes_a_new_rent_of_which_the_same_part_is_paid() {
    let rent = standing().adjusted(day("2026-04-01"), Rate::parse("3").unwrap(), None).unwrap();
    assert_eq!((rent.from, rent.old_payable), (day("2026-04-01"), fen(3354)));
    assert_eq!((rent.full, rent.payable), (fen(12900), fen(3870)));
    // What a reduction leaves is said, not computed.
    let rent = standing().adjusted(day("2026-04-01"), two_sixty(), Some(fen(1118))).unwrap();
    assert_eq!((rent.full, rent.payable), (fen(11180), fen(1118)));
    let more = standing().adjusted(day("2026-04-01"), two_sixty(), Some(fen(11181))).unwrap_err();
    assert_eq!(more.text(), "新月租金不能高于核定租金111.80元");
}

#[test]
fn it_begins_with_a_bill_that_is_not_posted() {
    let says = |month: &str, standing: &Standing| {
        let rent = standing.adjusted(day(month), Rate::parse("3").unwrap(), None);
        rent.map(|rent| rent.from.to_string()).unwrap_or_else(|complaint| complaint.text().to_owned())
    };
    assert_eq!(says("2026-03-01", &standing()), IS_BILLED);
    assert_eq!(says("2026-04-01", &standing()), "2026-04-01");
    assert_eq!(says("2027-01-01", &standing()), "生效月份晚于合同期限");
    assert_eq!(says("2026-04-01", &Standing { pending: true, ..standing() }), IS_PENDING);
    assert_eq!(says("2026-04-01", &Standing { leaving: true, ..standing() }), IS_LEAVING);
    let changed = Standing { changed_on: Some(day("2026-05-01")), ..standing() };
    assert_eq!(says("2026-05-01", &changed), "该合同已有同期或更晚生效的租金调整");
    assert_eq!(says("2026-06-01", &changed), "2026-06-01");
    // Of a quarter that is billed the rest stays as it is.
    let mut quarters = standing();
    quarters.terms.cycle = 3;
    quarters.terms.first = 3;
    quarters.billed = Some(day("2026-01-01"));
    assert_eq!(says("2026-02-01", &quarters), "2026-04-01");
    let same = standing().adjusted(day("2026-04-01"), two_sixty(), None).unwrap_err();
    assert_eq!(same.text(), "新租金与现租金相同");
}

#[test]
fn a_form_names_contracts_rate_month_and_document() {
    let fields = form().check(day("2026-03-15")).unwrap();
    let target = Target::All { district: OrganizationId(1), standard: None, estate: Some(EstateId(2)), category: None };
    assert_eq!((fields.target, fields.kind, fields.month), (target, AdjustType::Standard, day("2026-04-01")));
    let one = AdjustmentForm { contract_no: " HT1 ".into(), estate: String::new(), ..form() };
    assert_eq!(one.check(day("2026-03-15")).unwrap().target, Target::Contract("HT1".into()));
    for (field, wrong) in [
        ("contract_no", AdjustmentForm { contract_no: "HT1".into(), ..form() }),
        ("district", AdjustmentForm { district: String::new(), ..form() }),
        ("standard", AdjustmentForm { estate: String::new(), ..form() }),
        ("category", AdjustmentForm { category: "KING".into(), ..form() }),
        ("kind", AdjustmentForm { kind: "REDUCTION".into(), ..form() }),
        ("kind", AdjustmentForm { kind: "CATEGORY".into(), ..form() }),
        ("new_rate", AdjustmentForm { new_rate: "0".into(), ..form() }),
        ("new_rate", AdjustmentForm { new_rate: "2.60001".into(), ..form() }),
        ("month", AdjustmentForm { month: "2026-4".into(), ..form() }),
        ("month", AdjustmentForm { month: "2031-04".into(), ..form() }),
        ("doc_no", AdjustmentForm { doc_no: " ".into(), ..form() }),
        ("doc_no", AdjustmentForm { request: "1".into(), ..form() }),
    ] {
        let errors = wrong.check(day("2026-03-15")).unwrap_err();
        assert!(errors.get(field).is_some(), "{field}: {errors:?}");
    }
    assert_eq!(next_month(day("2026-12-31")), "2027-01");
}

proptest! {
    /// Nobody pays more than the full rent, and the change begins in or behind the month that was asked for.
    #[test]
    fn no_adjustment_is_dearer_than_the_rent(rate in 1_i64..1_000_000, month in 4_u32..=12, paid in 0_i64..=11180) {
        let mut standing = standing();
        standing.terms.rents[0].payable = fen(paid);
        let month = NaiveDate::from_ymd_opt(2026, month, 1).unwrap();
        if let Ok(rent) = standing.adjusted(month, Rate::from_ten_thousandths(rate), None) {
            prop_assert!(rent.payable <= rent.full && rent.payable >= Money::ZERO);
            prop_assert!(rent.from >= month);
        }
    }
}
