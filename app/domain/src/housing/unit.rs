//! 房源 (E-13): the lettable dwelling as an asset and as supply.

use crate::{
    dictionary::{
        AreaBasis, Decoration, HousingCategory, LayoutType, Orientation, ProjectStatus, UnitStatus, UseStatus,
    },
    failure::FieldErrors,
    form::{date, optional, optional_text, pick},
    housing::{
        building::needs_rent_standard,
        building_sheet::{house_code, parse_floor, real_estate_no, unit_area},
        estate::{facilities_text, parse_facilities},
        unit_status::Circumstances,
    },
    id::{BuildingId, EstateId, OrganizationId, RentStandardId, RoomId, UnitId},
    insight::ratio::Ratio,
    sheet::Cell,
    value::{Area, Check, Complaint, Money, Rate, monthly_rent, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A row of the unit list (S1-4.2, columns of seed 000).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRow {
    pub id: UnitId,
    pub code: String,
    pub estate_id: EstateId,
    pub estate: String,
    pub building_id: BuildingId,
    pub address: String,
    pub district: String,
    pub mgmt_unit: String,
    pub category: HousingCategory,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub status: UnitStatus,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
}

/// A unit with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub id: UnitId,
    pub code: String,
    pub district_id: OrganizationId,
    pub district: String,
    pub estate_id: EstateId,
    pub estate: String,
    pub building_id: BuildingId,
    pub building_no: String,
    pub entrance: String,
    pub floor: i32,
    pub room_no: String,
    pub address: String,
    pub mgmt_unit_id: OrganizationId,
    pub mgmt_unit: String,
    pub title_holder: Option<String>,
    pub category: HousingCategory,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub inner_area: Option<Area>,
    pub shared_area: Option<Area>,
    pub orientation: Option<Orientation>,
    pub decoration: Option<Decoration>,
    pub facilities: Vec<String>,
    pub rent: Option<UnitRent>,
    /// per month
    pub market_rent: Option<Money>,
    pub real_estate_no: Option<String>,
    pub cert_no: Option<String>,
    pub house_code: Option<String>,
    pub deliver_on: Option<NaiveDate>,
    pub supply_pool: Option<String>,
    /// of the project that the building belongs to
    pub project_status: ProjectStatus,
    /// where a unit that is FROZEN was frozen from
    pub frozen_from: Option<UnitStatus>,
    pub status: UnitStatus,
    pub status_since: DateTime<Utc>,
    pub vacant_since: Option<NaiveDate>,
    pub lock_reason: Option<String>,
    pub remark: Option<String>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
    pub rooms: Vec<UnitRoom>,
    pub history: Vec<UnitHistory>,
}

/// What the unit's rent is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRent {
    pub standard_id: RentStandardId,
    pub code: String,
    pub name: String,
    pub rate: Rate,
    pub basis: AreaBasis,
}

impl Unit {
    /// What the guards of §3.27 look at.
    #[must_use]
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            status: self.status,
            category: self.category,
            project: self.project_status,
            frozen_from: self.frozen_from,
        }
    }

    /// 核定月租金 (domain.md §4.2): area of the standard's basis × rate, rounded once.
    #[must_use]
    pub fn assessed_rent(&self) -> Option<Money> {
        let rent = self.rent.as_ref()?;
        let area = match rent.basis {
            AreaBasis::Usable => self.usable_area,
            AreaBasis::Building => self.building_area,
            AreaBasis::Inner => self.inner_area?,
        };
        Some(monthly_rent(area, rent.rate))
    }
}

/// A room as its unit's page lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRoom {
    pub id: RoomId,
    pub name: String,
    pub kind: crate::dictionary::RoomType,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
    pub bed_count: Option<i32>,
    pub status: UseStatus,
}

/// One line of the unit's timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitHistory {
    pub at: DateTime<Utc>,
    pub actor: Option<String>,
    pub event: String,
    pub from: Option<UnitStatus>,
    pub to: UnitStatus,
    pub reason: Option<String>,
    /// 文号
    pub document: Option<String>,
}

/// What a person types into the unit form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitForm {
    pub entrance: String,
    pub floor: String,
    pub room_no: String,
    pub mgmt_unit: String,
    pub title_holder: String,
    pub category: String,
    pub layout: String,
    pub building_area: String,
    pub usable_area: String,
    pub inner_area: String,
    pub shared_area: String,
    pub orientation: String,
    pub decoration: String,
    pub facilities: String,
    pub rent_standard: String,
    pub market_rent: String,
    pub real_estate_no: String,
    pub cert_no: String,
    pub house_code: String,
    pub deliver_on: String,
    pub supply_pool: String,
    pub remark: String,
}

/// A unit form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFields {
    pub entrance: String,
    pub floor: i32,
    pub room_no: String,
    pub mgmt_unit_id: OrganizationId,
    pub category: HousingCategory,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub rent_standard_id: Option<RentStandardId>,
    pub optional: UnitOptional,
}

/// What may be said about a unit and need not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitOptional {
    pub title_holder: Option<String>,
    pub inner_area: Option<Area>,
    pub shared_area: Option<Area>,
    pub orientation: Option<Orientation>,
    pub decoration: Option<Decoration>,
    pub facilities: Vec<String>,
    pub market_rent: Option<Money>,
    pub real_estate_no: Option<String>,
    pub cert_no: Option<String>,
    pub house_code: Option<String>,
    pub deliver_on: Option<NaiveDate>,
    pub supply_pool: Option<String>,
    pub remark: Option<String>,
}

impl UnitForm {
    /// Checks every field for a unit in the given status.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, status: UnitStatus) -> Result<UnitFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let entrance = errors.take("entrance", required(&self.entrance).and_then(|text| text_max(&text, 10)));
        let floor = errors.take("floor", required(&self.floor).and_then(|text| parse_floor(&text)));
        let room_no = errors.take("room_no", required(&self.room_no).and_then(|text| text_max(&text, 20)));
        let mgmt_unit_id = errors.take("mgmt_unit", pick(&self.mgmt_unit, "请选择住房管理单位").map(OrganizationId));
        let category = errors.take("category", required(&self.category).and_then(|text| HousingCategory::parse(&text)));
        let layout = errors.take("layout", required(&self.layout).and_then(|text| LayoutType::parse(&text)));
        let building_area =
            errors.take("building_area", required(&self.building_area).and_then(|text| unit_area(&text)));
        let usable_area = errors.take("usable_area", required(&self.usable_area).and_then(|text| Area::parse(&text)));
        let rent_standard_id = errors
            .take(
                "rent_standard",
                optional(&self.rent_standard, |text| pick(text, "请选择租金标准").map(RentStandardId)),
            )
            .flatten();
        let optional = self.check_optional(&mut errors);
        for (field, area, sentence) in [
            ("usable_area", usable_area, "使用面积不能大于建筑面积"),
            ("inner_area", optional.inner_area, "套内面积不能大于建筑面积"),
            ("shared_area", optional.shared_area, "公摊面积不能大于建筑面积"),
        ] {
            if area > building_area && building_area.is_some() {
                errors.add(field, sentence);
            }
        }
        if category.is_some_and(|category| needs_rent_standard(category, status)) && rent_standard_id.is_none() {
            errors.add("rent_standard", "请选择租金标准");
        }
        match (entrance, floor, room_no, mgmt_unit_id, category, layout, building_area, usable_area) {
            (
                Some(entrance),
                Some(floor),
                Some(room_no),
                Some(mgmt_unit_id),
                Some(category),
                Some(layout),
                Some(building_area),
                Some(usable_area),
            ) if errors.is_empty() => Ok(UnitFields {
                entrance,
                floor,
                room_no,
                mgmt_unit_id,
                category,
                layout,
                building_area,
                usable_area,
                rent_standard_id,
                optional,
            }),
            _ => Err(errors),
        }
    }

    fn check_optional(&self, errors: &mut FieldErrors) -> UnitOptional {
        UnitOptional {
            title_holder: errors.take("title_holder", optional_text(&self.title_holder, 100)).flatten(),
            inner_area: errors.take("inner_area", optional(&self.inner_area, Area::parse)).flatten(),
            shared_area: errors.take("shared_area", optional(&self.shared_area, Area::parse_or_zero)).flatten(),
            orientation: errors.take("orientation", optional(&self.orientation, Orientation::parse)).flatten(),
            decoration: errors.take("decoration", optional(&self.decoration, Decoration::parse)).flatten(),
            facilities: errors.take("facilities", parse_facilities(&self.facilities)).unwrap_or_default(),
            market_rent: errors.take("market_rent", optional(&self.market_rent, market_rent)).flatten(),
            real_estate_no: errors.take("real_estate_no", optional(&self.real_estate_no, real_estate_no)).flatten(),
            cert_no: errors.take("cert_no", optional_text(&self.cert_no, 50)).flatten(),
            house_code: errors.take("house_code", optional(&self.house_code, house_code)).flatten(),
            deliver_on: errors.take("deliver_on", optional(&self.deliver_on, date)).flatten(),
            supply_pool: errors.take("supply_pool", optional_text(&self.supply_pool, 50)).flatten(),
            remark: errors.take("remark", optional_text(&self.remark, 200)).flatten(),
        }
    }
}

/// 市场租金, yuan per month.
fn market_rent(text: &str) -> Check<Money> {
    Money::parse_yuan(text)
        .ok()
        .filter(|rent| *rent >= Money::ZERO)
        .ok_or_else(|| Complaint::About("应为不小于0的数字，最多2位小数".into()))
}

impl From<&Unit> for UnitForm {
    fn from(unit: &Unit) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            entrance: unit.entrance.clone(),
            floor: unit.floor.to_string(),
            room_no: unit.room_no.clone(),
            mgmt_unit: unit.mgmt_unit_id.to_string(),
            title_holder: text(&unit.title_holder),
            category: unit.category.code().to_owned(),
            layout: unit.layout.code().to_owned(),
            building_area: unit.building_area.to_string(),
            usable_area: unit.usable_area.to_string(),
            inner_area: unit.inner_area.map(|area| area.to_string()).unwrap_or_default(),
            shared_area: unit.shared_area.map(|area| area.to_string()).unwrap_or_default(),
            orientation: unit.orientation.map(|value| value.code().to_owned()).unwrap_or_default(),
            decoration: unit.decoration.map(|value| value.code().to_owned()).unwrap_or_default(),
            facilities: facilities_text(&unit.facilities),
            rent_standard: unit.rent.as_ref().map(|rent| rent.standard_id.to_string()).unwrap_or_default(),
            real_estate_no: text(&unit.real_estate_no),
            cert_no: text(&unit.cert_no),
            market_rent: unit.market_rent.map(|rent| rent.to_string()).unwrap_or_default(),
            house_code: text(&unit.house_code),
            deliver_on: unit.deliver_on.map(|date| date.to_string()).unwrap_or_default(),
            supply_pool: text(&unit.supply_pool),
            remark: text(&unit.remark),
        }
    }
}

/// A rate of units as `85.33%`, half up, or `--` when there is nothing to divide by (domain.md §4.9).
#[must_use]
pub fn rate_text(part: i64, whole: i64) -> String {
    Ratio::new(part, whole).text()
}

/// A rate as a cell.
#[must_use]
pub fn rate_cell(part: i64, whole: i64) -> Cell {
    Cell::Text(rate_text(part, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_round_half_up_and_survive_nothing() {
        assert_eq!(rate_text(128_000, 150_000), "85.33%");
        assert_eq!(rate_text(1, 3), "33.33%");
        assert_eq!(rate_text(2, 3), "66.67%");
        assert_eq!(rate_text(5, 5), "100.00%");
        assert_eq!(rate_text(0, 0), "--");
    }

    #[test]
    fn a_unit_form_names_every_mistake() {
        let errors = UnitForm {
            building_area: "40".into(),
            usable_area: "41".into(),
            category: "PRH".into(),
            shared_area: "40.01".into(),
            market_rent: "-1".into(),
            house_code: "1".repeat(25),
            deliver_on: "2026/1/1".into(),
            ..UnitForm::default()
        }
        .check(UnitStatus::Vacant)
        .unwrap_err();
        for (field, message) in [
            ("entrance", "不能为空"),
            ("floor", "不能为空"),
            ("room_no", "不能为空"),
            ("mgmt_unit", "请选择住房管理单位"),
            ("usable_area", "使用面积不能大于建筑面积"),
            ("rent_standard", "请选择租金标准"),
            ("shared_area", "公摊面积不能大于建筑面积"),
            ("market_rent", "应为不小于0的数字，最多2位小数"),
            ("house_code", "应为26位"),
            ("deliver_on", "日期格式应为YYYY-MM-DD"),
        ] {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
    }
}
