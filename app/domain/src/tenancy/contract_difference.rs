//! What a contract says otherwise than the one that it follows (S1-5.6): whoever approves a renewal reads what became another.

use crate::{
    dictionary::{ApplicantCategory, Item, PayCycle, RentSplit},
    tenancy::property_fee::PropertyFee,
    value::{Money, Rate},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is compared of a contract, as it was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    pub lessor: String,
    pub lessee: String,
    pub address: String,
    pub residents: Vec<String>,
    pub category: ApplicantCategory,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub rate: Rate,
    pub assessed: Money,
    pub reduction: Money,
    pub rent: Money,
    pub property: Option<PropertyFee>,
    pub deposit: Money,
    pub pay_cycle: PayCycle,
    pub split: RentSplit,
    pub due_day: u8,
    pub bank_name: String,
    pub bank_no_mask: String,
    pub bank_holder: String,
    pub block_access_clause: bool,
}

/// A thing that is another now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub label: &'static str,
    pub before: String,
    pub now: String,
}

/// What is another, in the order of the page; `told` names a value of a dictionary.
#[must_use]
pub fn differences(before: &Compared, now: &Compared, told: impl Fn(Item) -> String) -> Vec<Difference> {
    let said = |it: &Compared| -> [(&'static str, String); 21] {
        let none = || "无".to_owned();
        let rate = it.property.and_then(|fee| fee.rate).map_or_else(none, |rate| rate.to_string());
        let fee = it.property.map_or_else(none, |fee| fee.monthly.to_string());
        let residents = if it.residents.is_empty() { none() } else { it.residents.join("、") };
        [
            ("出租方", it.lessor.clone()),
            ("承租人", it.lessee.clone()),
            ("房间", it.address.clone()),
            ("同住人", residents),
            ("保障类别", told(it.category.into())),
            ("租赁开始时间", it.start_on.to_string()),
            ("租赁结束时间", it.end_on.to_string()),
            ("单价(元/㎡·月)", it.rate.to_string()),
            ("核定月租金(元)", it.assessed.to_string()),
            ("租金核减(元/月)", it.reduction.to_string()),
            ("签订月租金(元)", it.rent.to_string()),
            ("物业费单价(元/㎡·月)", rate),
            ("物业费(元/月)", fee),
            ("押金(元)", it.deposit.to_string()),
            ("缴费周期", told(it.pay_cycle.into())),
            ("账单月", told(it.split.into())),
            ("每期缴费日", format!("{}日", it.due_day)),
            ("开户行", it.bank_name.clone()),
            ("账号", it.bank_no_mask.clone()),
            ("户名", it.bank_holder.clone()),
            ("欠费限制门禁条款", if it.block_access_clause { "已约定" } else { "未约定" }.to_owned()),
        ]
    };
    let pairs = said(before).into_iter().zip(said(now));
    pairs
        .filter(|((_, before), (_, now))| before != now)
        .map(|((label, before), (_, now))| Difference { label, before, now })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared() -> Compared {
        Compared {
            lessor: "管理单位".into(),
            lessee: "甲".into(),
            address: "1号楼101室".into(),
            residents: vec!["乙".into()],
            category: ApplicantCategory::ALL[0],
            start_on: "2021-12-01".parse().unwrap(),
            end_on: "2026-11-30".parse().unwrap(),
            rate: Rate::from_ten_thousandths(26_000),
            assessed: Money::from_fen(11_180),
            reduction: Money::ZERO,
            rent: Money::from_fen(11_180),
            property: None,
            deposit: Money::from_fen(100_000),
            pay_cycle: PayCycle::Month,
            split: RentSplit::Natural,
            due_day: 10,
            bank_name: "中行".into(),
            bank_no_mask: "6216****0001".into(),
            bank_holder: "甲".into(),
            block_access_clause: false,
        }
    }

    #[test]
    fn only_what_is_another_is_told() {
        let before = compared();
        let told = |item: Item| item.label.to_owned();
        assert_eq!(differences(&before, &before, told), []);
        let now = Compared {
            residents: Vec::new(),
            pay_cycle: PayCycle::Quarter,
            rent: Money::from_fen(12_900),
            property: Some(PropertyFee { rate: None, monthly: Money::from_fen(8_000) }),
            block_access_clause: true,
            ..compared()
        };
        let found: Vec<_> =
            differences(&before, &now, told).into_iter().map(|one| (one.label, one.before, one.now)).collect();
        let line = |label, before: &str, now: &str| (label, before.to_owned(), now.to_owned());
        assert_eq!(
            found,
            [
                line("同住人", "乙", "无"),
                line("签订月租金(元)", "111.80", "129.00"),
                line("物业费(元/月)", "无", "80.00"),
                line("缴费周期", "月", "季"),
                line("欠费限制门禁条款", "未约定", "已约定"),
            ]
        );
    }
}
