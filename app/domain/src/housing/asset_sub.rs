//! 资产子卡片 (E-16, S1-4.4): the ledger card of one housing unit, a part of a master card.

use crate::{
    dictionary::{AssetStatus, AssetUse, CountResult, LayoutType, UnitCondition},
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    housing::{
        asset_change::AssetChange,
        asset_master::{coded, coded_or_none, parse_amount, parse_day},
    },
    id::{AssetMasterId, AssetSubId, UnitId},
    value::{Area, Money, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// No single unit is larger.
pub const AREA_MAX: Area = Area::from_hundredths(10_000_000);

/// A row of the list of sub cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetSubRow {
    pub id: AssetSubId,
    pub card_no: String,
    pub master_id: AssetMasterId,
    pub master_no: String,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub location: String,
    pub building_area: Area,
    pub original: Money,
    pub accumulated: Money,
    pub use_status: AssetUse,
    pub status: AssetStatus,
}

/// A sub card with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetSub {
    pub id: AssetSubId,
    pub card_no: String,
    pub master_id: AssetMasterId,
    pub master_no: String,
    pub master_name: String,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub unit: String,
    pub district: String,
    pub asset_name: String,
    pub location: String,
    pub building_area: Area,
    pub usable_area: Option<Area>,
    pub layout: Option<LayoutType>,
    pub original: Money,
    pub accumulated: Money,
    pub monthly: Money,
    pub cert_no: Option<String>,
    pub acquired_on: NaiveDate,
    pub used_from: Option<NaiveDate>,
    pub use_status: AssetUse,
    pub condition: Option<UnitCondition>,
    pub counted_on: Option<NaiveDate>,
    pub count_result: Option<CountResult>,
    pub status: AssetStatus,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub changes: Vec<AssetChange>,
}

impl AssetSub {
    /// 净值 = 原值 − 累计折旧
    #[must_use]
    pub fn net(&self) -> Money {
        self.original - self.accumulated
    }
}

/// What a person types into the form of a sub card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetSubForm {
    pub card_no: String,
    pub unit: String,
    pub asset_name: String,
    pub location: String,
    pub building_area: String,
    pub usable_area: String,
    pub layout: String,
    pub original: String,
    pub cert_no: String,
    pub acquired_on: String,
    pub used_from: String,
    pub use_status: String,
    pub condition: String,
    pub remark: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetSubFields {
    pub card_no: String,
    pub unit_id: UnitId,
    pub asset_name: String,
    pub location: String,
    pub building_area: Area,
    pub usable_area: Option<Area>,
    pub layout: Option<LayoutType>,
    pub original: Money,
    pub cert_no: Option<String>,
    pub acquired_on: NaiveDate,
    pub used_from: Option<NaiveDate>,
    pub use_status: AssetUse,
    pub condition: Option<UnitCondition>,
    pub remark: Option<String>,
}

impl AssetSubForm {
    /// Checks every field (S1-4.4).
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<AssetSubFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let e = &mut errors;
        let text = |text: &str, most| required(text).and_then(|text| text_max(&text, most));
        let fields = AssetSubFields {
            card_no: e.take("card_no", text_max(&self.card_no, 30)).unwrap_or_default(),
            unit_id: UnitId(e.take("unit", pick(&self.unit, "请选择房源")).unwrap_or_default()),
            asset_name: e.take("asset_name", text(&self.asset_name, 100)).unwrap_or_default(),
            location: e.take("location", text(&self.location, 200)).unwrap_or_default(),
            building_area: e
                .take("building_area", required(&self.building_area).and_then(|text| Area::parse(&text)))
                .unwrap_or_default(),
            usable_area: e.take("usable_area", optional(&self.usable_area, Area::parse)).flatten(),
            layout: e.take("layout", coded_or_none(&self.layout, LayoutType::from_code)).flatten(),
            original: e
                .take("original", required(&self.original).and_then(|text| parse_amount(&text)))
                .unwrap_or_default(),
            cert_no: e.take("cert_no", optional_text(&self.cert_no, 50)).flatten(),
            acquired_on: e
                .take("acquired_on", required(&self.acquired_on).and_then(|text| parse_day(&text)))
                .unwrap_or_default(),
            used_from: e.take("used_from", optional(&self.used_from, parse_day)).flatten(),
            use_status: e
                .take("use_status", coded(&self.use_status, AssetUse::from_code, "请选择使用状况"))
                .unwrap_or(AssetUse::InUse),
            condition: e.take("condition", coded_or_none(&self.condition, UnitCondition::from_code)).flatten(),
            remark: e.take("remark", optional_text(&self.remark, 500)).flatten(),
        };
        if fields.usable_area.is_some_and(|usable| usable > fields.building_area) && e.get("building_area").is_none() {
            errors.add("usable_area", "建筑面积不能小于使用面积");
        }
        if fields.building_area > AREA_MAX {
            errors.add("building_area", "不能大于100000㎡");
        }
        if fields.acquired_on > today {
            errors.add("acquired_on", "取得日期不能晚于今天");
        }
        if fields.used_from.is_some_and(|day| day < fields.acquired_on) {
            errors.add("used_from", "启用日期不能早于取得日期");
        }
        if errors.is_empty() { Ok(fields) } else { Err(errors) }
    }
}

impl From<&AssetSub> for AssetSubForm {
    fn from(card: &AssetSub) -> Self {
        Self {
            card_no: card.card_no.clone(),
            unit: card.unit_id.to_string(),
            asset_name: card.asset_name.clone(),
            location: card.location.clone(),
            building_area: card.building_area.to_string(),
            usable_area: card.usable_area.map(|area| area.to_string()).unwrap_or_default(),
            layout: card.layout.map(|value| value.code().to_owned()).unwrap_or_default(),
            original: card.original.to_string(),
            cert_no: card.cert_no.clone().unwrap_or_default(),
            acquired_on: card.acquired_on.to_string(),
            used_from: card.used_from.map(|day| day.to_string()).unwrap_or_default(),
            use_status: card.use_status.code().to_owned(),
            condition: card.condition.map(|value| value.code().to_owned()).unwrap_or_default(),
            remark: card.remark.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_card_needs_a_unit_and_its_value() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let errors = AssetSubForm { usable_area: "x".into(), ..AssetSubForm::default() }.check(today).unwrap_err();
        assert_eq!(errors.get("unit"), Some("请选择房源"));
        assert_eq!(errors.get("original"), Some("不能为空"));
        assert_eq!(errors.get("use_status"), Some("请选择使用状况"));
        let form = AssetSubForm {
            card_no: "Z-1".into(),
            unit: "7".into(),
            asset_name: "101室".into(),
            location: "光明路1号".into(),
            building_area: "57".into(),
            usable_area: "43".into(),
            original: "100.50".into(),
            acquired_on: "2026-11-24".into(),
            use_status: "LET".into(),
            ..AssetSubForm::default()
        };
        assert_eq!(form.check(today).map(|fields| fields.original.fen()), Ok(10_050));
        let larger = AssetSubForm { usable_area: "57.01".into(), used_from: "2026-11-23".into(), ..form };
        let errors = larger.check(today).unwrap_err();
        assert_eq!(errors.get("usable_area"), Some("建筑面积不能小于使用面积"));
        assert_eq!(errors.get("used_from"), Some("启用日期不能早于取得日期"));
    }
}
