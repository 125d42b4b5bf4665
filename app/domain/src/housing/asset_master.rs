//! 资产主卡片 (E-15, S1-4.3): the ledger card of a project or building.

use crate::{
    dictionary::{
        AcquireMode, AssetClass, AssetStatus, AssetUse, DepreciationMethod, HousingCategory, LedgerSubject, Structure,
        TitleForm, ValueType,
    },
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    housing::{
        asset_change::AssetChange,
        asset_depreciation::{DepreciationLife, Month},
        estate::parse_count,
    },
    id::{AssetMasterId, ProjectId},
    value::{Area, Check, Complaint, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the list of master cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetMasterRow {
    pub id: AssetMasterId,
    pub card_no: String,
    pub asset_name: String,
    pub project_id: ProjectId,
    pub project: String,
    pub owner: String,
    pub acquire_mode: AcquireMode,
    pub acquired_on: NaiveDate,
    pub original: Money,
    pub accumulated: Money,
    pub total_area: Area,
    pub units_count: i32,
    pub use_status: AssetUse,
    pub status: AssetStatus,
}

/// A master card with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetMaster {
    pub id: AssetMasterId,
    pub card_no: String,
    pub asset_code: String,
    pub asset_name: String,
    pub class: AssetClass,
    pub category: HousingCategory,
    pub district: String,
    pub project_id: ProjectId,
    pub project: String,
    pub owner: String,
    pub manager: String,
    pub using_unit: Option<String>,
    pub acquire_mode: AcquireMode,
    pub acquired_on: NaiveDate,
    pub booked_on: Option<NaiveDate>,
    pub voucher_no: Option<String>,
    pub value_type: ValueType,
    pub original: Money,
    pub fiscal_part: Option<Money>,
    /// of the part without sub cards, and of all sub cards in the books
    pub accumulated: Money,
    /// sums over the sub cards that are not deleted, and over those in the books
    pub allocated: Money,
    pub sub_cards: i64,
    pub sub_drafts: i64,
    pub sub_net: Money,
    pub method: DepreciationMethod,
    pub life_years: i32,
    pub months_done: i32,
    /// what a month depreciates now, over all parts
    pub monthly: Money,
    pub structure: Option<Structure>,
    pub total_area: Area,
    pub units_count: i32,
    pub land_area: Option<Area>,
    pub land_right_type: Option<String>,
    pub title_form: Option<TitleForm>,
    pub cert_no: Option<String>,
    pub cert_on: Option<NaiveDate>,
    pub location: String,
    pub use_status: AssetUse,
    pub rent_income_year: Option<Money>,
    pub subject: LedgerSubject,
    pub status: AssetStatus,
    pub disposed_on: Option<NaiveDate>,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub changes: Vec<AssetChange>,
}

impl AssetMaster {
    /// 净值 = 原值 − 累计折旧; also Σ of the sub cards' and the part without sub cards (§3.19).
    #[must_use]
    pub fn net(&self) -> Money {
        self.original - self.accumulated
    }

    /// What no sub card has.
    #[must_use]
    pub fn unallocated(&self) -> Money {
        self.original - self.allocated
    }
}

/// What a person types into the form of a master card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetMasterForm {
    pub card_no: String,
    pub asset_code: String,
    pub asset_name: String,
    pub class: String,
    pub category: String,
    pub project: String,
    pub owner: String,
    pub manager: String,
    pub using_unit: String,
    pub acquire_mode: String,
    pub acquired_on: String,
    pub booked_on: String,
    pub value_type: String,
    pub original: String,
    pub fiscal_part: String,
    pub method: String,
    pub life_years: String,
    pub months_done: String,
    pub accumulated: String,
    pub structure: String,
    pub total_area: String,
    pub units_count: String,
    pub land_area: String,
    pub land_right_type: String,
    pub title_form: String,
    pub cert_no: String,
    pub cert_on: String,
    pub location: String,
    pub use_status: String,
    pub rent_income_year: String,
    pub subject: String,
    pub remark: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetMasterFields {
    pub card_no: String,
    pub asset_code: String,
    pub asset_name: String,
    pub class: AssetClass,
    pub category: HousingCategory,
    pub project_id: ProjectId,
    pub owner: String,
    pub manager: String,
    pub using_unit: Option<String>,
    pub acquire_mode: AcquireMode,
    pub acquired_on: NaiveDate,
    pub booked_on: Option<NaiveDate>,
    pub value_type: ValueType,
    pub original: Money,
    pub fiscal_part: Option<Money>,
    pub method: DepreciationMethod,
    pub life_years: i32,
    pub months_done: i32,
    pub accumulated: Money,
    pub structure: Option<Structure>,
    pub total_area: Area,
    pub units_count: i32,
    pub land_area: Option<Area>,
    pub land_right_type: Option<String>,
    pub title_form: Option<TitleForm>,
    pub cert_no: Option<String>,
    pub cert_on: Option<NaiveDate>,
    pub location: String,
    pub use_status: AssetUse,
    pub rent_income_year: Option<Money>,
    pub subject: LedgerSubject,
    pub remark: Option<String>,
}

/// An amount that is not negative.
///
/// # Errors
/// `应为不小于0的数字，最多2位小数`.
pub fn parse_amount(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|amount| *amount >= Money::ZERO)
        .ok_or(Complaint::about("应为不小于0的数字，最多2位小数"))
}

/// A calendar day of a card.
///
/// # Errors
/// `格式应为YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Check<NaiveDate> {
    text.parse::<NaiveDate>()
        .ok()
        .filter(|day| (1900..=2999).contains(&chrono::Datelike::year(day)))
        .ok_or(Complaint::about("格式应为YYYY-MM-DD"))
}

/// A dictionary value, or the sentence that asks for one.
pub(super) fn coded<T>(code: &str, from_code: fn(&str) -> Option<T>, sentence: &'static str) -> Check<T> {
    from_code(code).ok_or(Complaint::says(sentence))
}

/// A dictionary value that may be missing.
pub(super) fn coded_or_none<T>(code: &str, from_code: fn(&str) -> Option<T>) -> Check<Option<T>> {
    if code.is_empty() { Ok(None) } else { coded(code, from_code, "取值不在字典范围内").map(Some) }
}

impl AssetMasterForm {
    /// Checks every field and what belongs together (S1-4.3, R-53, PRM-70).
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate, life: DepreciationLife) -> Result<AssetMasterFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let e = &mut errors;
        let text = |text: &str, most| required(text).and_then(|text| text_max(&text, most));
        let unknown = if self.class.is_empty() { "请选择资产分类" } else { "资产分类代码不存在" };
        let fields = Some(AssetMasterFields {
            card_no: e.take("card_no", text_max(&self.card_no, 30)).unwrap_or_default(),
            asset_code: e.take("asset_code", text(&self.asset_code, 30)).unwrap_or_default(),
            asset_name: e.take("asset_name", text(&self.asset_name, 100)).unwrap_or_default(),
            class: e.take("class", coded(&self.class, AssetClass::from_code, unknown)).unwrap_or(AssetClass::Dwelling),
            category: e
                .take("category", coded(&self.category, HousingCategory::from_code, "请选择住房类别"))
                .unwrap_or(HousingCategory::PublicRental),
            project_id: ProjectId(e.take("project", pick(&self.project, "请选择项目")).unwrap_or_default()),
            owner: e.take("owner", text(&self.owner, 100)).unwrap_or_default(),
            manager: e.take("manager", text(&self.manager, 100)).unwrap_or_default(),
            using_unit: e.take("using_unit", optional_text(&self.using_unit, 100)).flatten(),
            acquire_mode: e
                .take("acquire_mode", coded(&self.acquire_mode, AcquireMode::from_code, "请选择取得方式"))
                .unwrap_or(AcquireMode::Built),
            acquired_on: e
                .take("acquired_on", required(&self.acquired_on).and_then(|text| parse_day(&text)))
                .unwrap_or_default(),
            booked_on: e.take("booked_on", optional(&self.booked_on, parse_day)).flatten(),
            value_type: e
                .take("value_type", coded(&self.value_type, ValueType::from_code, "请选择价值类型"))
                .unwrap_or(ValueType::Original),
            original: e
                .take("original", required(&self.original).and_then(|text| parse_amount(&text)))
                .unwrap_or_default(),
            fiscal_part: e.take("fiscal_part", optional(&self.fiscal_part, parse_amount)).flatten(),
            method: e
                .take("method", coded(&self.method, DepreciationMethod::from_code, "请选择折旧方法"))
                .unwrap_or(DepreciationMethod::None),
            life_years: e.take("life_years", optional(&self.life_years, parse_count)).flatten().unwrap_or_default(),
            months_done: e.take("months_done", optional(&self.months_done, parse_count)).flatten().unwrap_or_default(),
            accumulated: e.take("accumulated", optional(&self.accumulated, parse_amount)).flatten().unwrap_or_default(),
            structure: e.take("structure", coded_or_none(&self.structure, Structure::from_code)).flatten(),
            total_area: e
                .take("total_area", required(&self.total_area).and_then(|text| Area::parse(&text)))
                .unwrap_or_default(),
            units_count: e
                .take("units_count", required(&self.units_count).and_then(|text| parse_count(&text)))
                .unwrap_or_default(),
            land_area: e.take("land_area", optional(&self.land_area, Area::parse)).flatten(),
            land_right_type: e.take("land_right_type", optional_text(&self.land_right_type, 30)).flatten(),
            title_form: e.take("title_form", coded_or_none(&self.title_form, TitleForm::from_code)).flatten(),
            cert_no: e.take("cert_no", optional_text(&self.cert_no, 50)).flatten(),
            cert_on: e.take("cert_on", optional(&self.cert_on, parse_day)).flatten(),
            location: e.take("location", text(&self.location, 200)).unwrap_or_default(),
            use_status: e
                .take("use_status", coded(&self.use_status, AssetUse::from_code, "请选择使用状况"))
                .unwrap_or(AssetUse::InUse),
            rent_income_year: e.take("rent_income_year", optional(&self.rent_income_year, parse_amount)).flatten(),
            subject: e
                .take("subject", coded(&self.subject, LedgerSubject::from_code, "请选择会计科目"))
                .unwrap_or(LedgerSubject::Housing),
            remark: e.take("remark", optional_text(&self.remark, 500)).flatten(),
        });
        // A field that could not be read has its complaint already, and `add` keeps the first one.
        match fields.map(|fields| fields.consistent(today, life, &mut errors)) {
            Some(fields) if errors.is_empty() => Ok(fields),
            _ => Err(errors),
        }
    }
}

impl AssetMasterFields {
    /// What several fields say together.
    fn consistent(mut self, today: NaiveDate, life: DepreciationLife, errors: &mut FieldErrors) -> Self {
        let unread = |errors: &FieldErrors, field| errors.get(field).is_some();
        if self.fiscal_part.is_some_and(|part| part > self.original) && !unread(errors, "original") {
            errors.add("fiscal_part", "财政性资金不能大于账面原值");
        }
        if self.acquired_on > today {
            errors.add("acquired_on", "取得日期不能晚于今天");
        }
        if self.booked_on.is_some_and(|day| day < self.acquired_on) {
            errors.add("booked_on", "入账日期不能早于取得日期");
        }
        if self.title_form == Some(TitleForm::Certified) && self.cert_no.is_none() {
            errors.add("cert_no", "产权形式为“有证”时须填写权属证号");
        }
        if self.value_type == ValueType::Nominal && self.method != DepreciationMethod::None {
            errors.add("method", "名义金额入账的资产不计提折旧");
        }
        if self.class == AssetClass::Land && self.method != DepreciationMethod::None {
            errors.add("method", "土地不计提折旧");
        }
        if self.method == DepreciationMethod::None {
            if self.months_done > 0 || self.accumulated > Money::ZERO {
                errors.add("accumulated", "不计提折旧的资产不能有累计折旧");
            }
            self.life_years = 0;
            return self;
        }
        let least = self.structure.map(|structure| life.years(structure));
        match (self.life_years, least) {
            (0, None) => errors.add("life_years", "请填写折旧年限，或选择建筑结构按规定年限计提"),
            (0, Some(least)) => self.life_years = least,
            (years, _) if years > 100 => errors.add("life_years", "折旧年限不能大于100年"),
            (years, Some(least)) if years < least => {
                errors.add("life_years", format!("该建筑结构的折旧年限不能少于{least}年"));
            }
            (years, None) if years < life.simple => {
                errors.add("life_years", format!("折旧年限不能少于{}年", life.simple));
            }
            _ => {}
        }
        if (self.months_done > 0) != (self.accumulated > Money::ZERO) && !unread(errors, "months_done") {
            errors.add("accumulated", "已提折旧月数与累计折旧须同时填写");
        }
        if self.months_done >= self.life_years * 12 && self.life_years > 0 {
            errors.add("months_done", "已提折旧月数须小于折旧年限的月数");
        }
        let elapsed = Month::of(today).since(Month::of(self.acquired_on)) + 1;
        if self.months_done > elapsed && !unread(errors, "acquired_on") {
            errors.add("months_done", format!("取得至今只有{elapsed}个月，已提折旧月数不能超过"));
        }
        if self.accumulated > self.original && !unread(errors, "original") {
            errors.add("accumulated", "累计折旧不能大于账面原值");
        }
        self
    }
}

impl From<&AssetMaster> for AssetMasterForm {
    fn from(card: &AssetMaster) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let money = |value: Option<Money>| value.map(|value| value.to_string()).unwrap_or_default();
        let day = |value: Option<NaiveDate>| value.map(|value| value.to_string()).unwrap_or_default();
        let none_if_zero = |number: i32| if number == 0 { String::new() } else { number.to_string() };
        Self {
            card_no: card.card_no.clone(),
            asset_code: card.asset_code.clone(),
            asset_name: card.asset_name.clone(),
            class: card.class.code().to_owned(),
            category: card.category.code().to_owned(),
            project: card.project_id.to_string(),
            owner: card.owner.clone(),
            manager: card.manager.clone(),
            using_unit: text(&card.using_unit),
            acquire_mode: card.acquire_mode.code().to_owned(),
            acquired_on: card.acquired_on.to_string(),
            booked_on: day(card.booked_on),
            value_type: card.value_type.code().to_owned(),
            original: card.original.to_string(),
            fiscal_part: money(card.fiscal_part),
            method: card.method.code().to_owned(),
            life_years: none_if_zero(card.life_years),
            months_done: none_if_zero(card.months_done),
            accumulated: money(Some(card.accumulated).filter(|amount| *amount > Money::ZERO)),
            structure: card.structure.map(|value| value.code().to_owned()).unwrap_or_default(),
            total_area: card.total_area.to_string(),
            units_count: card.units_count.to_string(),
            land_area: card.land_area.map(|area| area.to_string()).unwrap_or_default(),
            land_right_type: text(&card.land_right_type),
            title_form: card.title_form.map(|value| value.code().to_owned()).unwrap_or_default(),
            cert_no: text(&card.cert_no),
            cert_on: day(card.cert_on),
            location: card.location.clone(),
            use_status: card.use_status.code().to_owned(),
            rent_income_year: money(card.rent_income_year),
            subject: card.subject.code().to_owned(),
            remark: text(&card.remark),
        }
    }
}

/// What the form offers to choose from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssetChoices {
    pub projects: Vec<ProjectChoice>,
    pub today: NaiveDate,
}

/// A project with what a card of it takes over as a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectChoice {
    pub id: i64,
    pub name: String,
    pub owner: String,
    pub address: String,
    pub category: HousingCategory,
}

#[cfg(test)]
#[path = "asset_master_tests.rs"]
mod tests;
