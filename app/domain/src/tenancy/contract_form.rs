//! The form of a contract (E-40, S0-4, S1-5.5), and the rules between its fields.

use crate::{
    billing::rent::monthly_rent,
    dictionary::{ApplicantCategory, AreaBasis, PayCycle, Relation, RentSplit, SignMode},
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    id::{AssignmentId, PersonId},
    tenancy::property_fee::PropertyEntry,
    value::{Area, BankCard, Check, Complaint, Money, Rate, normalize, required, text_max},
};
use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

/// 最长租期 (PRM-30, R-15): the hard limit of the law, in months.
pub const LEASE_MONTHS_MAX: u32 = 60;

/// What a person types into the form. The bank account stays empty when it is to be the one of the lessee's record, or the
/// one the contract has.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContractForm {
    pub assignment: String,
    /// only from an import; otherwise the approval gives it
    pub contract_no: String,
    pub category: String,
    /// yuan a month off the assessed rent
    pub reduction: String,
    /// yuan per m² of 建筑面积 and month; empty: the amount, if there is one
    pub property_rate: String,
    /// yuan a month, where there is no price
    pub property_fee: String,
    pub deposit: String,
    pub start_on: String,
    pub end_on: String,
    /// empty: from the first day
    pub rent_start_on: String,
    pub pay_cycle: String,
    pub first_pay_months: String,
    pub split: String,
    pub due_day: String,
    pub bank_name: String,
    pub bank_no: String,
    pub bank_holder: String,
    pub debit_agreement_no: String,
    pub block_access_clause: bool,
    pub explained_on: String,
    pub sign_on: String,
    pub sign_mode: String,
    pub remark: String,
    pub residents: Vec<ResidentForm>,
}

/// A co-resident: somebody of the register, and what he is to the lessee.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResidentForm {
    pub person: String,
    pub relation: String,
}

/// Without the account, so that logs never carry one.
impl fmt::Debug for ContractForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContractForm").field("assignment", &self.assignment).finish_non_exhaustive()
    }
}

/// A form that passed its check. What it costs is computed by [`assessed`] from the home and its standard.
#[derive(Clone, PartialEq, Eq)]
pub struct ContractFields {
    pub assignment_id: AssignmentId,
    pub contract_no: Option<String>,
    pub category: ApplicantCategory,
    pub reduction: Money,
    /// none: the contract has no property fee
    pub property: Option<PropertyEntry>,
    pub deposit: Money,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub rent_start_on: NaiveDate,
    pub pay_cycle: PayCycle,
    pub first_pay_months: u8,
    pub split: RentSplit,
    pub due_day: u8,
    pub bank_name: Option<String>,
    /// none: as it is in the record of the lessee or in the contract
    pub bank_no: Option<BankCard>,
    pub bank_holder: Option<String>,
    pub debit_agreement_no: Option<String>,
    pub block_access_clause: bool,
    pub explained_on: Option<NaiveDate>,
    pub sign_on: NaiveDate,
    pub sign_mode: SignMode,
    pub remark: Option<String>,
    pub residents: Vec<(PersonId, Relation)>,
}

impl PayCycle {
    /// Months in one bill.
    #[must_use]
    pub const fn months(self) -> u8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::HalfYear => 6,
            Self::Year => 12,
        }
    }

    /// The cycle of so many months, as stored.
    #[must_use]
    pub fn of_months(months: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|cycle| i16::from(cycle.months()) == months)
    }
}

/// A whole number of a range.
fn whole(text: &str, from: u8, to: u8) -> Check<u8> {
    normalize(text)
        .parse()
        .ok()
        .filter(|number| (from..=to).contains(number))
        .ok_or_else(|| Complaint::about(format!("应为{from}至{to}的整数")))
}

fn amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| *amount >= Money::ZERO && amount.fen() <= 10_000_000_000)
        .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

/// Whether a term is longer than so many months: the last day must lie before the same day that many months later.
#[must_use]
pub fn is_longer_than(start: NaiveDate, end: NaiveDate, months: u32) -> bool {
    start.checked_add_months(Months::new(months)).is_some_and(|after| end >= after)
}

impl ContractForm {
    /// Checks every field and what belongs together. `months_max` is PRM-30.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, months_max: u32) -> Result<ContractFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let e = &mut errors;
        let day = |text: &str| required(text).and_then(|text| date(&text));
        let start = e.take("start_on", day(&self.start_on));
        let residents = self.residents(e);
        let fields = ContractFields {
            assignment_id: AssignmentId(
                e.take("assignment", pick(&self.assignment, "请选择待签约的房源")).unwrap_or_default(),
            ),
            contract_no: e.take("contract_no", optional(&self.contract_no, contract_no)).flatten(),
            category: e
                .take("category", required(&self.category).and_then(|text| ApplicantCategory::parse(&text)))
                .unwrap_or(ApplicantCategory::Special),
            reduction: e.take("reduction", optional(&self.reduction, amount)).flatten().unwrap_or_default(),
            property: PropertyEntry::read(&self.property_rate, &self.property_fee, e),
            deposit: e.take("deposit", required(&self.deposit).and_then(|text| amount(&text))).unwrap_or_default(),
            start_on: start.unwrap_or_default(),
            end_on: e.take("end_on", day(&self.end_on)).unwrap_or_default(),
            rent_start_on: e
                .take("rent_start_on", optional(&self.rent_start_on, date))
                .flatten()
                .or(start)
                .unwrap_or_default(),
            pay_cycle: e
                .take("pay_cycle", required(&self.pay_cycle).and_then(|text| PayCycle::parse(&text)))
                .unwrap_or(PayCycle::Month),
            first_pay_months: e
                .take("first_pay_months", optional(&self.first_pay_months, |text| whole(text, 1, 12)))
                .flatten()
                .unwrap_or(1),
            split: e
                .take("split", required(&self.split).and_then(|text| RentSplit::parse(&text)))
                .unwrap_or(RentSplit::Natural),
            due_day: e.take("due_day", required(&self.due_day).and_then(|text| whole(&text, 1, 28))).unwrap_or(1),
            bank_name: e.take("bank_name", optional_text(&self.bank_name, 50)).flatten(),
            bank_no: e.take("bank_no", optional(&self.bank_no, BankCard::parse)).flatten(),
            bank_holder: e.take("bank_holder", optional_text(&self.bank_holder, 50)).flatten(),
            debit_agreement_no: e.take("debit_agreement_no", optional_text(&self.debit_agreement_no, 50)).flatten(),
            block_access_clause: self.block_access_clause,
            explained_on: e.take("explained_on", optional(&self.explained_on, date)).flatten(),
            sign_on: e.take("sign_on", day(&self.sign_on)).unwrap_or_default(),
            sign_mode: e
                .take("sign_mode", required(&self.sign_mode).and_then(|text| SignMode::parse(&text)))
                .unwrap_or(SignMode::Paper),
            remark: e.take("remark", optional_text(&self.remark, 500)).flatten(),
            residents,
        };
        fields.consistent(months_max, &mut errors);
        if errors.is_empty() { Ok(fields) } else { Err(errors) }
    }

    /// 月租金 as the form shows it while it is being filled in (S0-4: computed, read-only); none as long as the reduction
    /// cannot be read or is more than the rent.
    #[must_use]
    pub fn monthly_rent(&self, assessed: Assessed) -> Option<Money> {
        let reduction = optional(&self.reduction, amount).ok()?.unwrap_or_default();
        assessed.less(reduction)
    }

    /// 物业费 a month as the form shows it while it is being filled in; none as long as nothing is entered that can be read.
    #[must_use]
    pub fn monthly_property_fee(&self, building: Area) -> Option<Money> {
        let mut errors = FieldErrors::default();
        let entry = PropertyEntry::read(&self.property_rate, &self.property_fee, &mut errors)?;
        entry.of(building).ok().filter(|_| errors.is_empty()).map(|fee| fee.monthly)
    }

    /// The co-residents; somebody stands among them once.
    fn residents(&self, errors: &mut FieldErrors) -> Vec<(PersonId, Relation)> {
        let mut residents: Vec<(PersonId, Relation)> = Vec::new();
        for resident in &self.residents {
            let person = errors.take("residents", pick(&resident.person, "请选择同住人"));
            let relation = errors.take("residents", Relation::parse(&resident.relation));
            let (Some(person), Some(relation)) = (person, relation) else { continue };
            if relation == Relation::Oneself || residents.iter().any(|(known, _)| known.0 == person) {
                errors.add("residents", "同住人不能重复，也不能是承租人本人");
            }
            residents.push((PersonId(person), relation));
        }
        residents
    }
}

/// A number that another system gave: letters and digits, so that it can stand in files for the bank.
fn contract_no(text: &str) -> Check<String> {
    let text = text_max(text, 30)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        Ok(text)
    } else {
        Err(Complaint::about("只能含字母、数字和连字符"))
    }
}

impl ContractFields {
    /// What several fields say together; a field that could not be read has its complaint already, and the first one stays.
    fn consistent(&self, months_max: u32, errors: &mut FieldErrors) {
        let read = |errors: &FieldErrors, fields: &[&str]| fields.iter().all(|field| errors.get(field).is_none());
        if read(errors, &["start_on", "end_on"]) {
            if self.end_on <= self.start_on {
                errors.add("end_on", "租赁结束日期须晚于开始日期");
            } else if is_longer_than(self.start_on, self.end_on, months_max) {
                errors.add("end_on", format!("租赁期限不得超过{months_max}个月"));
            }
            if !(self.start_on..=self.end_on).contains(&self.rent_start_on) {
                errors.add("rent_start_on", "起租日期须在租赁期限内");
            }
        }
        if read(errors, &["start_on", "sign_on"]) && self.sign_on > self.start_on {
            errors.add("sign_on", "签订日期不能晚于租赁开始日期");
        }
        if read(errors, &["sign_on", "explained_on"]) && self.explained_on.is_some_and(|day| day > self.sign_on) {
            errors.add("explained_on", "须在签订之前说明合同条款");
        }
    }
}

/// What a home costs by its standard (R-16: the rent of a contract follows it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    pub basis: AreaBasis,
    /// the area that counts (PRM-34, by the standard)
    pub area: Area,
    pub rate: Rate,
    /// 核定月租金
    pub rent: Money,
}

impl Assessed {
    /// 月租金: the assessed rent after the reduction; none when more would be taken off than there is.
    #[must_use]
    pub fn less(self, reduction: Money) -> Option<Money> {
        self.rent.checked_sub(reduction).filter(|rent| *rent >= Money::ZERO)
    }
}

/// The assessed rent of a home (§4.2). None: the standard counts an area that the home has not.
#[must_use]
pub fn assessed(basis: AreaBasis, rate: Rate, usable: Area, building: Area, inner: Option<Area>) -> Option<Assessed> {
    let area = match basis {
        AreaBasis::Usable => Some(usable),
        AreaBasis::Building => Some(building),
        AreaBasis::Inner => inner,
    }?;
    Some(Assessed { basis, area, rate, rent: monthly_rent(area, rate, None).full })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A contract as a clerk fills it in.
    fn form() -> ContractForm {
        ContractForm {
            assignment: "7".into(),
            category: "LOWINC".into(),
            deposit: "1000".into(),
            start_on: "2026-12-01".into(),
            end_on: "2031-11-30".into(),
            pay_cycle: "MONTH".into(),
            split: "NATURAL".into(),
            due_day: "10".into(),
            sign_on: "2026-11-28".into(),
            sign_mode: "PAPER".into(),
            explained_on: "2026-11-28".into(),
            ..Default::default()
        }
    }

    fn complaint(change: impl FnOnce(&mut ContractForm), field: &str) -> Option<String> {
        let mut form = form();
        change(&mut form);
        form.check(LEASE_MONTHS_MAX).err().and_then(|errors| errors.get(field).map(ToString::to_string))
    }

    #[test]
    fn a_good_form_passes() {
        let fields = form().check(LEASE_MONTHS_MAX).unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!((fields.rent_start_on, fields.first_pay_months), (fields.start_on, 1));
        assert_eq!((fields.deposit.to_string(), fields.reduction), ("1,000.00".to_owned(), Money::ZERO));
    }

    #[test]
    fn a_term_ends_before_the_same_day_five_years_later() {
        assert_eq!(complaint(|form| form.end_on = "2031-12-01".into(), "end_on").unwrap(), "租赁期限不得超过60个月");
        assert!(complaint(|form| form.end_on = "2026-12-01".into(), "end_on").is_some());
        assert!(complaint(|form| form.end_on = "2027-02-30".into(), "end_on").is_some());
    }

    #[test]
    fn amounts_and_days_that_are_none() {
        for amount in ["-1", "1.234", "1e9", "999999999999", ""] {
            assert!(complaint(|form| form.deposit = amount.into(), "deposit").is_some(), "{amount}");
        }
        for day in ["0", "29", "x", ""] {
            assert!(complaint(|form| form.due_day = day.into(), "due_day").is_some(), "{day}");
        }
        assert!(complaint(|form| form.sign_on = "2026-12-02".into(), "sign_on").is_some());
        assert!(complaint(|form| form.explained_on = "2026-11-29".into(), "explained_on").is_some());
        assert!(complaint(|form| form.rent_start_on = "2026-11-30".into(), "rent_start_on").is_some());
        assert!(complaint(|form| form.contract_no = "合同1".into(), "contract_no").is_some());
    }

    #[test]
    fn a_resident_stands_once_and_is_somebody_else() {
        let resident = |person: &str, relation: &str| ResidentForm { person: person.into(), relation: relation.into() };
        let among = |residents: Vec<ResidentForm>| complaint(|form| form.residents = residents, "residents");
        assert_eq!(among(vec![resident("1", "SPOUSE"), resident("2", "CHILD")]), None);
        assert!(among(vec![resident("1", "SPOUSE"), resident("1", "CHILD")]).is_some());
        assert!(among(vec![resident("1", "SELF")]).is_some());
        assert!(among(vec![resident("", "CHILD")]).is_some());
    }

    #[test]
    fn the_standard_says_which_area_counts() {
        let rent = |basis, inner| {
            let area = |text| Area::parse(text).unwrap();
            assessed(basis, Rate::parse("2.6").unwrap(), area("43"), area("57"), inner).map(|it| it.rent.to_string())
        };
        assert_eq!(rent(AreaBasis::Usable, None).as_deref(), Some("111.80"));
        assert_eq!(rent(AreaBasis::Building, None).as_deref(), Some("148.20"));
        assert_eq!(rent(AreaBasis::Inner, None), None);
    }

    #[test]
    fn the_rent_follows_the_reduction_while_it_is_typed() {
        let rate = Rate::parse("2.6").unwrap();
        let assessed =
            assessed(AreaBasis::Usable, rate, Area::parse("43").unwrap(), Area::parse("57").unwrap(), None).unwrap();
        let rent = |reduction: &str| {
            let form = ContractForm { reduction: reduction.into(), ..form() };
            form.monthly_rent(assessed).map(|rent| rent.to_string())
        };
        assert_eq!(rent("").as_deref(), Some("111.80"));
        assert_eq!(rent("100.62").as_deref(), Some("11.18"));
        assert_eq!(rent("111.80").as_deref(), Some("0.00"));
        for none in ["111.81", "-1", "1.234", "十"] {
            assert_eq!(rent(none), None, "{none}");
        }
    }

    #[test]
    fn the_property_fee_follows_what_is_typed() {
        let building = Area::parse("57").unwrap();
        let typed = |rate: &str, fee: &str| {
            let form = ContractForm { property_rate: rate.into(), property_fee: fee.into(), ..form() };
            let entered = form.check(LEASE_MONTHS_MAX).map(|fields| fields.property.is_some()).ok();
            (entered, form.monthly_property_fee(building).map(|fee| fee.to_string()))
        };
        let shown = |fee: &str| Some(fee.to_owned());
        assert_eq!(typed("", ""), (Some(false), None));
        assert_eq!(typed("2.5", ""), (Some(true), shown("142.50")));
        assert_eq!(typed("", "80"), (Some(true), shown("80.00")));
        for (rate, fee) in [("2.5", "80"), ("-2.5", ""), ("2.50001", ""), ("", "-80"), ("", "99999999"), ("2.5", "x")] {
            assert_eq!(typed(rate, fee), (None, None), "{rate} {fee}");
        }
        let both =
            complaint(|form| (form.property_rate, form.property_fee) = ("2.5".into(), "80".into()), "property_fee");
        assert_eq!(both.as_deref(), Some("已填写单价，金额按建筑面积计算，请留空"));
    }

    #[test]
    fn a_log_carries_no_account() {
        let form = ContractForm { bank_no: "6222021234567890128".into(), ..form() };
        assert!(!format!("{form:?}").contains("6222"));
    }
}
