//! 物业费 of a contract (S4-1.2.1 物业费单价 and 金额, E-40 `property_fee_rate`, D-30 PROPERTY): what a household pays a month for the
//! service of the property company, beside the rent.
//!
//! It is a price per m² and month, or an amount where no price was agreed to. domain.md names no area for the price; in practice
//! property fees are counted by the built area (建筑面积), whatever area the rent is counted by. Nothing is taken off of it (E-56),
//! and days that are free of rent are not free of it.

use crate::{
    billing::{
        plan::{Rent, Terms},
        rent::monthly_rent,
    },
    failure::FieldErrors,
    form::optional,
    housing::room::property_rate,
    value::{Area, Check, Complaint, Money, Rate},
};
use serde::{Deserialize, Serialize};

/// What a home costs at most a month; the database says the same.
pub const PROPERTY_FEE_MAX: Money = Money::from_fen(10_000_000);

/// What a contract says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyFee {
    /// 物业费单价, yuan per m² and month; none: an amount was agreed to
    pub rate: Option<Rate>,
    /// 金额, a month
    pub monthly: Money,
}

/// What is entered of it: one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyEntry {
    Rate(Rate),
    Amount(Money),
}

impl PropertyEntry {
    /// What it comes to for a home: price × 建筑面积, rounded once to fen as a rent is (§4.1), or the amount itself.
    ///
    /// # Errors
    /// A price that comes to less than a fen, or to more than [`PROPERTY_FEE_MAX`].
    pub fn of(self, building: Area) -> Check<PropertyFee> {
        match self {
            Self::Amount(monthly) => Ok(PropertyFee { rate: None, monthly }),
            Self::Rate(rate) => {
                let monthly = monthly_rent(building, rate, None).full;
                if monthly <= Money::ZERO {
                    Err(Complaint::says(format!("按建筑面积{building}㎡计算，物业费不足0.01元")))
                } else if monthly > PROPERTY_FEE_MAX {
                    Err(Complaint::says(format!("按建筑面积{building}㎡计算，物业费超过每月10万元")))
                } else {
                    Ok(PropertyFee { rate: Some(rate), monthly })
                }
            }
        }
    }

    /// Reads the two fields of a form: a price, an amount where there is no price, or neither.
    pub fn read(rate: &str, amount: &str, errors: &mut FieldErrors) -> Option<Self> {
        let rate = errors.take("property_rate", optional(rate, property_rate)).flatten();
        let amount = errors.take("property_fee", optional(amount, property_amount)).flatten();
        if rate.is_some() && amount.is_some() {
            errors.add("property_fee", "已填写单价，金额按建筑面积计算，请留空");
        }
        rate.map(Self::Rate).or(amount.map(Self::Amount))
    }
}

impl PropertyFee {
    /// The same for another home: the price by its area, or the amount as it is.
    #[must_use]
    pub fn entry(self) -> PropertyEntry {
        self.rate.map_or(PropertyEntry::Amount(self.monthly), PropertyEntry::Rate)
    }

    /// As a contract on paper says it: `2.50元/㎡·月（按建筑面积），每月142.50元`.
    #[must_use]
    pub fn text(self) -> String {
        let rate = self.rate.map(|rate| format!("{rate}元/㎡·月（按建筑面积），")).unwrap_or_default();
        format!("{rate}每月{}元", self.monthly)
    }
}

fn property_amount(text: &str) -> Check<Money> {
    match Money::parse_yuan(text).ok().filter(|amount| *amount > Money::ZERO) {
        Some(amount) if amount <= PROPERTY_FEE_MAX => Ok(amount),
        Some(_) => Err(Complaint::says("物业费不能超过每月10万元")),
        None => Err(Complaint::about("应为大于0的数字，最多2位小数")),
    }
}

/// What its bills follow from: the periods of the rent, with their days, cycles and due days, at one amount that nothing is taken
/// off of, from the first day of the contract on.
#[must_use]
pub fn property_terms(rent: Terms, monthly: Money) -> Terms {
    let fee = Rent { from: rent.start_on, full: monthly, payable: monthly };
    Terms { rent_start_on: rent.start_on, rents: vec![fee], ..rent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        billing::plan::bills,
        dictionary::{DayBase, RentSplit},
    };
    use chrono::NaiveDate;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn of(rate: &str, area: &str) -> Result<String, String> {
        let fee = PropertyEntry::Rate(Rate::parse(rate).unwrap()).of(Area::parse(area).unwrap());
        fee.map(|fee| fee.monthly.to_string()).map_err(|complaint| complaint.text().to_owned())
    }

    #[test]
    fn the_built_area_times_the_price() {
        assert_eq!(of("2.5", "57").as_deref(), Ok("142.50"));
        assert_eq!(of("1.2345", "57.00").as_deref(), Ok("70.37"), "70.3665");
        assert_eq!(of("0.5", "57.01").as_deref(), Ok("28.51"), "half a fen is rounded up");
        assert_eq!(of("100", "300").as_deref(), Ok("30,000.00"));
        assert_eq!(of("0.0001", "43").unwrap_err(), "按建筑面积43.00㎡计算，物业费不足0.01元");
        assert_eq!(of("100", "1000.01").unwrap_err(), "按建筑面积1000.01㎡计算，物业费超过每月10万元");
        let amount = PropertyEntry::Amount(Money::from_fen(8_000)).of(Area::parse("57").unwrap()).unwrap();
        assert_eq!((amount.rate, amount.monthly.fen(), amount.text()), (None, 8_000, "每月80.00元".to_owned()));
    }

    #[test]
    fn a_price_or_an_amount_or_neither() {
        let read = |rate: &str, amount: &str| {
            let mut errors = FieldErrors::default();
            let entry = PropertyEntry::read(rate, amount, &mut errors);
            let told = |field| errors.get(field).map(ToOwned::to_owned);
            (entry, told("property_rate"), told("property_fee"))
        };
        let rate = Rate::parse("2.5").unwrap();
        assert_eq!(read("", " "), (None, None, None));
        assert_eq!(read(" 2.5 ", ""), (Some(PropertyEntry::Rate(rate)), None, None));
        assert_eq!(read("", "1,080.50"), (Some(PropertyEntry::Amount(Money::from_fen(108_050))), None, None));
        let both = read("2.5", "80").2;
        assert_eq!(both.as_deref(), Some("已填写单价，金额按建筑面积计算，请留空"));
        for text in ["0", "-1", "1.23456", "x", "100000"] {
            assert_eq!(read(text, "").1.as_deref(), Some("应为大于0的数字，最多4位小数"), "{text}");
        }
        assert_eq!(read("100.0001", "").1.as_deref(), Some("物业费单价不能超过100元/㎡·月"));
        assert_eq!(read("100", "").1, None);
        for text in ["0", "-0.01", "1.234", "x", "1e3", "99999999999999999999"] {
            assert_eq!(read("", text).2.as_deref(), Some("应为大于0的数字，最多2位小数"), "{text}");
        }
        assert_eq!(read("", "100000.01").2.as_deref(), Some("物业费不能超过每月10万元"));
        assert_eq!(read("", "100000").2, None);
        // A price that cannot be read is told of once, not as one of two.
        assert_eq!(read("x", "80").2, None);
    }

    fn rent(start: &str, end: &str, split: RentSplit) -> Terms {
        Terms {
            start_on: day(start),
            end_on: day(end),
            rent_start_on: day(start),
            split,
            cycle: 1,
            first: 1,
            due_day: 10,
            rents: vec![Rent { from: day(start), full: Money::from_fen(11_180), payable: Money::from_fen(1_118) }],
            cycles: Vec::new(),
            charged_to: None,
            base: DayBase::Actual,
        }
    }

    /// §4.4 with 57 m² at 2.50: 142.50 a month, 3/31 of it 13.79, 28/31 of it 128.71.
    #[test]
    fn partial_months_are_charged_by_days() {
        let fen = |bill: &crate::billing::plan::PlannedBill| bill.amount().fen();
        let natural =
            bills(&property_terms(rent("2016-03-29", "2017-03-28", RentSplit::Natural), Money::from_fen(14_250)));
        assert_eq!((natural.len(), natural.iter().map(fen).sum::<i64>()), (13, 171_000));
        assert_eq!((fen(&natural[0]), fen(&natural[1]), fen(&natural[12])), (1_379, 14_250, 12_871));
        assert_eq!((natural[0].due_on, natural[1].due_on), (day("2016-04-10"), day("2016-04-10")));
        let contract =
            bills(&property_terms(rent("2016-01-31", "2016-06-30", RentSplit::Contract), Money::from_fen(14_250)));
        // The last period is a day of a month: 06-30 … 06-30 = 1/31 × 142.50.
        let last = contract.last().unwrap();
        assert_eq!((contract.len(), last.from, last.to, fen(last)), (6, day("2016-06-30"), day("2016-06-30"), 460));
        assert!(contract[..5].iter().all(|bill| fen(bill) == 14_250), "{contract:?}");
    }

    #[test]
    fn free_days_are_free_of_rent_only_and_nothing_is_taken_off() {
        let free = Terms { rent_start_on: day("2026-01-16"), ..rent("2026-01-01", "2026-03-31", RentSplit::Natural) };
        let fees = bills(&property_terms(free, Money::from_fen(14_250)));
        let told: Vec<_> =
            fees.iter().map(|bill| (bill.lines.len(), bill.amount().fen(), bill.reduction().fen())).collect();
        assert_eq!(told, [(1, 14_250, 0); 3]);
    }

    proptest! {
        /// A bill of it for each bill of the rent, for the same days, due on the same day.
        #[test]
        fn its_bills_are_those_of_the_rent(
            start in 0u64..800, days in 1u64..1500, free in 0u64..60, cycle in 1u8..=12, first in 1u8..=12,
            contract in any::<bool>(), other in 1u8..=12, otherwise in 0u64..1500, fen in 1i64..1_000_000,
            charged in prop::option::of(0u64..1500),
        ) {
            let start_on = day("2024-01-01") + chrono::Days::new(start);
            let end_on = start_on + chrono::Days::new(days);
            let terms = Terms {
                start_on,
                end_on,
                rent_start_on: (start_on + chrono::Days::new(free)).min(end_on),
                cycle,
                first,
                cycles: vec![crate::billing::plan::Cycle { from: start_on + chrono::Days::new(otherwise), months: other }],
                charged_to: charged.map(|days| start_on + chrono::Days::new(days)),
                split: if contract { RentSplit::Contract } else { RentSplit::Natural },
                ..rent("2024-01-01", "2024-12-31", RentSplit::Natural)
            };
            let days = |terms: &Terms| -> Vec<_> {
                bills(terms).into_iter().map(|bill| (bill.from, bill.to, bill.months, bill.due_on)).collect()
            };
            let fees = property_terms(terms.clone(), Money::from_fen(fen));
            prop_assert_eq!(days(&terms), days(&fees));
            prop_assert!(bills(&fees).iter().all(|bill| bill.amount().fen() <= fen * i64::from(bill.months)));
        }
    }
}
