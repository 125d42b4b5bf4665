//! What a contract says before and after a change, side by side.

use crate::{
    dictionary::PayCycle,
    tenancy::{
        change::ChangeKind,
        contract::{Contract, Resident},
    },
    value::{Area, Money},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a contract says, as far as a change is about it: before it, and after it. Numbers are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeState {
    pub lessee: Option<String>,
    pub id_number: Option<String>,
    pub phone: Option<String>,
    pub residents: Option<Vec<Resident>>,
    pub bank_name: Option<String>,
    pub bank_no: Option<String>,
    pub bank_holder: Option<String>,
    pub pay_cycle: Option<PayCycle>,
    pub end_on: Option<NaiveDate>,
    /// of a swap: the home, the area that counts, and what it costs a month before a reduction (E-56)
    pub home: Option<String>,
    pub area: Option<Area>,
    pub rent: Option<Money>,
}

/// One line of the difference between before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub field: &'static str,
    pub before: String,
    pub after: String,
}

impl ChangeState {
    /// The part of a contract that a kind of change is about.
    #[must_use]
    pub fn of(contract: &Contract, kind: ChangeKind) -> Self {
        let account = matches!(kind, ChangeKind::Account | ChangeKind::Lessee);
        let lessee = kind == ChangeKind::Lessee;
        // In an order that is not that of a form.
        let mut residents = contract.residents.clone();
        residents.sort_by_key(|resident| resident.person_id.0);
        Self {
            lessee: lessee.then(|| contract.row.lessee.clone()),
            id_number: lessee.then(|| contract.row.id_number_mask.clone()),
            phone: (lessee || kind == ChangeKind::Phone).then(|| contract.phone_mask.clone()),
            residents: (lessee || kind == ChangeKind::Residents).then_some(residents),
            bank_name: account.then(|| contract.bank_name.clone()),
            bank_no: account.then(|| contract.bank_no_mask.clone()),
            bank_holder: account.then(|| contract.bank_holder.clone()),
            pay_cycle: (kind == ChangeKind::Cycle).then_some(contract.pay_cycle),
            end_on: (kind == ChangeKind::Term).then_some(contract.row.end_on),
            ..Self::default()
        }
    }

    fn lines(&self) -> [(&'static str, Option<String>); 12] {
        let residents = |residents: &Vec<Resident>| match residents.as_slice() {
            [] => "无".to_owned(),
            some => some
                .iter()
                .map(|resident| format!("{}（{}）", resident.name, resident.relation))
                .collect::<Vec<_>>()
                .join("、"),
        };
        [
            ("承租人", self.lessee.clone()),
            ("证件号码", self.id_number.clone()),
            ("联系电话", self.phone.clone()),
            ("同住人", self.residents.as_ref().map(residents)),
            ("开户行", self.bank_name.clone()),
            ("银行卡号", self.bank_no.clone()),
            ("户名", self.bank_holder.clone()),
            ("缴费周期", self.pay_cycle.map(|cycle| cycle.to_string())),
            ("租赁结束日期", self.end_on.map(|day| day.to_string())),
            ("住房地址", self.home.clone()),
            ("计租面积(㎡)", self.area.map(|area| area.to_string())),
            ("月租金(元)", self.rent.map(|rent| rent.to_string())),
        ]
    }
}

/// What is different between two states of a contract, line by line; what stays is left out.
#[must_use]
pub fn differences(before: &ChangeState, after: &ChangeState) -> Vec<Difference> {
    before
        .lines()
        .into_iter()
        .zip(after.lines())
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Difference {
            field,
            before: before.unwrap_or_default(),
            after: after.unwrap_or_default(),
        })
        .collect()
}
