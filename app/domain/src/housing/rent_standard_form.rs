//! A rent standard by hand (E-17): a new one, and the last day of one that there is. Both are asked for by one person and
//! agreed to by another (domain.md §6.4); the rate of one that rents follow is changed by a rent adjustment (S1-7.1).

use crate::{
    dictionary::{ApplicantCategory, AreaBasis},
    failure::FieldErrors,
    form::{date, optional},
    id::OrganizationId,
    platform::approval::reason_check,
    value::{Check, Complaint, Rate, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is entered of a new standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewStandardForm {
    pub code: String,
    pub name: String,
    /// id of the district it is for, empty for the whole city
    pub district: String,
    /// empty: for whoever lives there
    pub category: String,
    pub unit_rate: String,
    pub market_rate: String,
    pub basis: String,
    pub doc_no: String,
    pub valid_from: String,
    pub valid_to: String,
    pub reason: String,
}

/// A new standard that passed its check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewStandard {
    pub code: String,
    pub name: String,
    pub district: Option<OrganizationId>,
    pub category: Option<ApplicantCategory>,
    pub unit_rate: Rate,
    /// what the market takes for the same; the standard's part of it follows
    pub market_rate: Option<Rate>,
    pub basis: AreaBasis,
    pub doc_no: String,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
}

impl NewStandardForm {
    /// Checks every field on a day; answers why it is asked for besides.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<(NewStandard, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let text = |text: &str, most: usize| required(text).and_then(|text| text_max(&text, most));
        let code = errors.take("code", text(&self.code, 30));
        let name = errors.take("name", text(&self.name, 100));
        let district = errors.take("district", optional(&self.district, chosen_district));
        let category =
            errors.take("category", optional(&self.category, |code| code_of(ApplicantCategory::from_code(code))));
        let unit_rate = errors.take("unit_rate", required(&self.unit_rate).and_then(|text| rate(&text)));
        let market_rate = errors.take("market_rate", optional(&self.market_rate, rate));
        let basis = errors.take("basis", code_of(AreaBasis::from_code(&self.basis)));
        let doc_no = errors.take("doc_no", text(&self.doc_no, 50));
        let valid_from =
            errors.take("valid_from", required(&self.valid_from).and_then(|text| from_today(&text, today)));
        let valid_to = errors.take("valid_to", optional(&self.valid_to, date));
        let reason = errors.take("reason", reason_check(&self.reason));
        if let (Some(from), Some(Some(to))) = (valid_from, valid_to)
            && to < from
        {
            errors.add("valid_to", "失效日期不能早于生效日期");
        }
        if let (Some(own), Some(Some(market))) = (unit_rate, market_rate)
            && own > market
        {
            errors.add("unit_rate", "租金标准不能高于市场租金");
        }
        match (code, name, district, category, unit_rate, market_rate, basis, doc_no, valid_from, valid_to, reason) {
            (
                Some(code),
                Some(name),
                Some(district),
                Some(category),
                Some(unit_rate),
                Some(market_rate),
                Some(basis),
                Some(doc_no),
                Some(valid_from),
                Some(valid_to),
                Some(reason),
            ) if errors.is_empty() => {
                let standard = NewStandard {
                    code,
                    name,
                    district,
                    category,
                    unit_rate,
                    market_rate,
                    basis,
                    doc_no,
                    valid_from,
                    valid_to,
                };
                Ok((standard, reason))
            }
            _ => Err(errors),
        }
    }
}

/// The last day of a standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StandardEndForm {
    pub valid_to: String,
    pub reason: String,
}

impl StandardEndForm {
    /// Checks the day against the first one; answers why it is asked for besides.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, valid_from: NaiveDate, today: NaiveDate) -> Result<(NaiveDate, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let day = required(&self.valid_to).and_then(|text| date(&text)).and_then(|day| {
            if day < today {
                Err(Complaint::says("失效日期不能早于今天"))
            } else if day < valid_from {
                Err(Complaint::says("失效日期不能早于生效日期"))
            } else {
                Ok(day)
            }
        });
        let day = errors.take("valid_to", day);
        let reason = errors.take("reason", reason_check(&self.reason));
        match (day, reason) {
            (Some(day), Some(reason)) => Ok((day, reason)),
            _ => Err(errors),
        }
    }
}

fn chosen_district(text: &str) -> Check<OrganizationId> {
    text.parse().map(OrganizationId).map_err(|_| Complaint::says("请选择适用区县"))
}

fn code_of<T>(known: Option<T>) -> Check<T> {
    known.ok_or(Complaint::says("请从下拉值中选择"))
}

fn rate(text: &str) -> Check<Rate> {
    Rate::parse(text)
        .ok()
        .filter(|rate| rate.ten_thousandths() > 0)
        .ok_or(Complaint::about("应为大于0的数字，最多4位小数"))
}

fn from_today(text: &str, today: NaiveDate) -> Check<NaiveDate> {
    date(text).and_then(|day| if day < today { Err(Complaint::says("生效日期不能早于今天")) } else { Ok(day) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        "2026-12-01".parse().unwrap()
    }

    fn form() -> NewStandardForm {
        NewStandardForm {
            code: "GZ-2027".into(),
            name: "公租房基准租金".into(),
            unit_rate: "2.6".into(),
            market_rate: "10.4".into(),
            basis: "USABLE".into(),
            doc_no: "测发〔2026〕9号".into(),
            valid_from: "2027-01-01".into(),
            reason: "年度调整".into(),
            ..NewStandardForm::default()
        }
    }

    #[test]
    fn a_standard_names_its_rate_document_and_days() {
        let (standard, reason) = form().check(today()).unwrap();
        assert_eq!((standard.unit_rate.to_string(), reason.as_str()), ("2.60".to_owned(), "年度调整"));
        assert_eq!((standard.district, standard.category, standard.valid_to), (None, None, None));
        let nothing = NewStandardForm::default().check(today()).unwrap_err();
        for field in ["code", "name", "unit_rate", "basis", "doc_no", "valid_from", "reason"] {
            assert!(nothing.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn days_and_rates_that_are_none() {
        let complaint = |change: fn(&mut NewStandardForm), field: &str| {
            let mut form = form();
            change(&mut form);
            form.check(today()).unwrap_err().get(field).map(str::to_owned).unwrap_or_else(|| panic!("{field}"))
        };
        assert_eq!(complaint(|form| form.valid_from = "2026-11-30".into(), "valid_from"), "生效日期不能早于今天");
        assert_eq!(complaint(|form| form.valid_to = "2026-12-31".into(), "valid_to"), "失效日期不能早于生效日期");
        assert_eq!(complaint(|form| form.unit_rate = "10.5".into(), "unit_rate"), "租金标准不能高于市场租金");
        for rate in ["0", "-1", "1.00001", "贵", "1e3"] {
            let form = NewStandardForm { unit_rate: rate.into(), ..form() };
            assert!(form.check(today()).unwrap_err().get("unit_rate").is_some(), "{rate}");
        }
        complaint(|form| form.basis = "AIR".into(), "basis");
        complaint(|form| form.category = "RICH".into(), "category");
        complaint(|form| form.district = "x".into(), "district");
        complaint(|form| form.valid_from = "2027-02-30".into(), "valid_from");
    }

    #[test]
    fn the_last_day_is_none_that_has_passed() {
        let from = "2026-01-01".parse().unwrap();
        let end = |day: &str| StandardEndForm { valid_to: day.into(), reason: "新标准施行".into() };
        assert_eq!(end("2026-12-01").check(from, today()).unwrap().0, today());
        assert!(end("2026-11-30").check(from, today()).unwrap_err().get("valid_to").is_some());
        assert!(end("2026-12-05").check("2027-01-01".parse().unwrap(), today()).unwrap_err().get("valid_to").is_some());
        assert!(StandardEndForm { reason: "x".into(), ..end("2026-12-31") }.check(from, today()).is_err());
    }
}
