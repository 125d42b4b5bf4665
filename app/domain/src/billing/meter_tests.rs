use super::*;
use crate::value::split;
use proptest::prelude::*;

fn span(opening: i64, closing: i64) -> Span {
    Span {
        opening: Reading(opening * 100),
        closing: Reading(closing * 100),
        multiplier: 100,
        max: None,
        rolled: false,
        carried: 0,
    }
}

/// The worked example of domain.md §4.12.
#[test]
fn a_usage_of_36_at_3_15_costs_113_40() {
    let tariff = Tariff::parse("3.15").unwrap();
    let usage = span(1200, 1236).usage().unwrap();
    assert_eq!((usage, tariff.charge(usage).to_string()), (3_600, "113.40".to_owned()));
    assert_eq!(tariff.formula(usage), "36.00 × 3.15元");
}

#[test]
fn meters_that_roll_over_multiply_or_follow_another() {
    assert_eq!(span(1236, 1200).usage().unwrap_err().text(), IS_LESS);
    let rolled = Span { rolled: true, max: Some(Reading(999_900)), ..span(9_990, 20) };
    // 9999 + 1 − 9990 + 20
    assert_eq!(rolled.usage(), Ok(3_000));
    let fine = Span { max: Some(Reading(999_999)), ..rolled };
    assert_eq!(fine.usage(), Ok(3_000));
    assert!(Span { max: None, ..rolled }.usage().is_err());
    assert!(Span { closing: Reading(999_000), ..rolled }.usage().is_err(), "it did not roll");
    assert!(Span { max: Some(Reading(100)), ..span(0, 2) }.usage().is_err(), "no such value");
    assert_eq!(Span { multiplier: 2_000, carried: 550, ..span(10, 12) }.usage(), Ok(4_550));
}

#[test]
fn prices_by_usage() {
    let tariff = Tariff::parse("260:0.52,400:0.57,0.82").unwrap();
    assert_eq!(tariff.code(), "260.00:0.52,400.00:0.57,0.82");
    assert_eq!(Tariff::parse(&tariff.code()), Some(tariff.clone()));
    // 260×0.52 + 140×0.57 + 50×0.82
    assert_eq!(tariff.charge(45_000).to_string(), "256.00");
    assert_eq!(tariff.charge(26_000).to_string(), "135.20");
    assert_eq!(tariff.formula(30_000), "260.00 × 0.52元 + 40.00 × 0.57元");
    assert_eq!(tariff.charge(0), Money::ZERO);
    assert!(!Tariff::default().is_set() && tariff.single().is_none());
    for none in ["0", "x", "260:0.52", "400:0.5,260:0.6,0.7", "260:0,0.5", "1:1,2:1,3:1,4:1,5:1,6:1,1", ",1,", "-3"] {
        assert_eq!(Tariff::parse(none), None, "{none}");
    }
}

/// A meter that was skipped in February pays March's bill for two months by the limits of two.
#[test]
fn every_month_has_its_own_limits() {
    let tariff = Tariff::parse("260:0.52,400:0.57,0.82").unwrap();
    assert_eq!(tariff.over(2).charge(52_000), tariff.charge(26_000) + tariff.charge(26_000));
    assert_eq!(tariff.over(1), tariff);
    assert_eq!(tariff.over(0), tariff);
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(months_since(None, day("2026-03-01")), 1);
    assert_eq!(months_since(Some(day("2026-02-28")), day("2026-03-01")), 1);
    assert_eq!(months_since(Some(day("2025-12-01")), day("2026-02-01")), 2);
    assert_eq!(months_since(Some(day("2026-03-20")), day("2026-03-01")), 1, "an exit in the month");
    assert_eq!(months_since(Some(day("2026-04-01")), day("2026-03-01")), 1);
}

#[test]
fn what_has_to_be_confirmed() {
    assert_eq!(abnormal(3_600, &[], 300, true), None, "the first reading compares with nothing");
    assert_eq!(abnormal(30_000, &[10_000, 10_000], 300, true), None);
    assert_eq!(abnormal(30_001, &[10_000, 10_000], 300, true).as_deref(), Some("用量超过近期平均的3.00倍"));
    assert!(abnormal(0, &[10_000], 300, true).is_some() && abnormal(0, &[10_000], 300, false).is_none());
}

proptest! {
    /// Whoever shares a meter pays all of it together, and tiers never make a part cheaper than the whole's first price.
    #[test]
    fn shares_add_up(usage in 0i64..10_000_000, areas in prop::collection::vec(1u64..20_000, 1..40)) {
        let total = Tariff::parse("260:0.52,400:0.57,0.82").unwrap().charge(usage);
        let shares = split(total, &areas);
        prop_assert_eq!(shares.iter().copied().sum::<Money>(), total);
        prop_assert!(shares.iter().all(|share| *share >= Money::ZERO));
        let least = Tariff::parse("0.52").unwrap().charge(usage);
        let most = Tariff::parse("0.82").unwrap().charge(usage);
        prop_assert!(least <= total && total <= most);
    }

    /// Two readings in a row measure what one over both measures.
    #[test]
    fn readings_in_a_row(a in 0i64..100_000, b in 0i64..100_000, c in 0i64..100_000) {
        let mut values = [a, b, c];
        values.sort_unstable();
        let [a, b, c] = values;
        prop_assert_eq!(span(a, b).usage().unwrap() + span(b, c).usage().unwrap(), span(a, c).usage().unwrap());
    }
}
