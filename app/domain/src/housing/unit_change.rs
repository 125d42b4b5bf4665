//! One change of many units (S1-4.2 batch change: rate, area, management unit): what is written is taken over by every
//! unit that may take it; the others are named with the reason.

use crate::{
    dictionary::{AreaBasis, Decoration, HousingCategory, LayoutType, UnitStatus},
    failure::FieldErrors,
    form::{optional, optional_text, pick},
    housing::{building::needs_rent_standard, building_sheet::unit_area, room::property_rate, unit_status::UnitEvent},
    id::{OrganizationId, RentStandardId, UnitId},
    value::{Area, Rate},
};
use serde::{Deserialize, Serialize};

/// Most units of one go: a page of a list holds a hundred.
pub const CHANGE_MAX: usize = 500;

/// A unit as it was when somebody chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenUnit {
    pub id: UnitId,
    pub version: i32,
}

impl ChosenUnit {
    /// As an address carries it: `17.3`.
    #[must_use]
    pub fn key(id: UnitId, version: i32) -> String {
        format!("{id}.{version}")
    }

    /// Reads what [`Self::key`] wrote.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (id, version) = key.split_once('.')?;
        Some(Self { id: id.parse().ok()?, version: version.parse().ok()? })
    }
}

/// A chosen unit as the page of the change shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenRow {
    pub id: UnitId,
    pub version: i32,
    pub code: String,
    pub estate: String,
    pub address: String,
    pub category: HousingCategory,
    pub building_area: Area,
    pub usable_area: Area,
    pub mgmt_unit: String,
    pub rent_standard: Option<String>,
    pub district_id: OrganizationId,
    pub status: UnitStatus,
}

/// What is to be written over; an empty field stays as it is in every unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitChangeForm {
    pub mgmt_unit: String,
    pub category: String,
    pub layout: String,
    pub building_area: String,
    pub usable_area: String,
    pub rent_standard: String,
    /// of the rooms
    pub property_rate: String,
    pub decoration: String,
    pub title_holder: String,
    pub supply_pool: String,
}

/// A change that passed its check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitChange {
    pub mgmt_unit_id: Option<OrganizationId>,
    pub category: Option<HousingCategory>,
    pub layout: Option<LayoutType>,
    pub building_area: Option<Area>,
    pub usable_area: Option<Area>,
    pub rent_standard_id: Option<RentStandardId>,
    /// 物业费单价 of the rooms (S4-1.3.2)
    pub property_rate: Option<Rate>,
    pub decoration: Option<Decoration>,
    pub title_holder: Option<String>,
    pub supply_pool: Option<String>,
}

/// What the rules of a change look at in one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitBefore {
    pub status: UnitStatus,
    pub category: HousingCategory,
    pub building_area: Area,
    pub usable_area: Area,
    pub inner_area: Option<Area>,
    pub shared_area: Option<Area>,
    pub rent_standard_id: Option<RentStandardId>,
}

/// What came of a change of many units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchOutcome {
    pub changed: u32,
    pub refused: Vec<BatchRefusal>,
}

impl BatchOutcome {
    /// `已处理12套，3套未处理`.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.refused.len() {
            0 => format!("已处理{}套", self.changed),
            refused => format!("已处理{}套，{refused}套未处理", self.changed),
        }
    }
}

/// A unit that stayed as it was, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchRefusal {
    pub id: UnitId,
    /// where it is; empty for one that is not to be seen any more
    pub address: String,
    pub reason: String,
}

/// What a unit is told that is not as it was when it was chosen.
pub const CHANGED_MEANWHILE: &str = "记录已被他人修改，请刷新列表后重新选择";
/// Area changes on a unit with an ACTIVE contract need a change order (S1-4.2, S0-4).
pub const AREA_IS_LET: &str = "该房源已签约或入住，面积须通过合同变更修改";

impl UnitChangeForm {
    /// Checks what is written.
    ///
    /// # Errors
    /// One sentence per field; `form` when nothing is written at all.
    pub fn check(&self) -> Result<UnitChange, FieldErrors> {
        let mut errors = FieldErrors::default();
        let change = UnitChange {
            mgmt_unit_id: errors
                .take(
                    "mgmt_unit",
                    optional(&self.mgmt_unit, |text| pick(text, "请选择住房管理单位").map(OrganizationId)),
                )
                .flatten(),
            category: errors.take("category", optional(&self.category, HousingCategory::parse)).flatten(),
            layout: errors.take("layout", optional(&self.layout, LayoutType::parse)).flatten(),
            building_area: errors.take("building_area", optional(&self.building_area, unit_area)).flatten(),
            usable_area: errors.take("usable_area", optional(&self.usable_area, Area::parse)).flatten(),
            rent_standard_id: errors
                .take(
                    "rent_standard",
                    optional(&self.rent_standard, |text| pick(text, "请选择租金标准").map(RentStandardId)),
                )
                .flatten(),
            property_rate: errors.take("property_rate", optional(&self.property_rate, property_rate)).flatten(),
            decoration: errors.take("decoration", optional(&self.decoration, Decoration::parse)).flatten(),
            title_holder: errors.take("title_holder", optional_text(&self.title_holder, 100)).flatten(),
            supply_pool: errors.take("supply_pool", optional_text(&self.supply_pool, 50)).flatten(),
        };
        if let (Some(building), Some(usable)) = (change.building_area, change.usable_area)
            && usable > building
        {
            errors.add("usable_area", "使用面积不能大于建筑面积");
        }
        if errors.is_empty() && change == UnitChange::default() {
            errors.add("form", "请至少填写一项要修改的内容");
        }
        if errors.is_empty() { Ok(change) } else { Err(errors) }
    }
}

impl UnitChange {
    /// What the timelines say of the change, by labels: `户型、租金标准`.
    #[must_use]
    pub fn named(&self) -> String {
        let fields = [
            ("住房管理单位", self.mgmt_unit_id.is_some()),
            ("住房类别", self.category.is_some()),
            ("户型", self.layout.is_some()),
            ("建筑面积", self.building_area.is_some()),
            ("使用面积", self.usable_area.is_some()),
            ("租金标准", self.rent_standard_id.is_some()),
            ("物业费单价", self.property_rate.is_some()),
            ("装修", self.decoration.is_some()),
            ("产权单位", self.title_holder.is_some()),
            ("供应池", self.supply_pool.is_some()),
        ];
        fields.iter().filter(|(_, changed)| *changed).map(|(label, _)| *label).collect::<Vec<_>>().join("、")
    }

    /// Whether one unit may take the change.
    ///
    /// # Errors
    /// The sentence that says what stands against it.
    pub fn fits(&self, unit: &UnitBefore) -> Result<(), &'static str> {
        let building = self.building_area.unwrap_or(unit.building_area);
        let usable = self.usable_area.unwrap_or(unit.usable_area);
        if area_is_bound(unit.status, (unit.building_area, unit.usable_area), (building, usable)) {
            return Err(AREA_IS_LET);
        }
        if usable > building {
            return Err("使用面积不能大于建筑面积");
        }
        if unit.inner_area.is_some_and(|area| area > building) {
            return Err("套内面积不能大于建筑面积");
        }
        if unit.shared_area.is_some_and(|area| area > building) {
            return Err("公摊面积不能大于建筑面积");
        }
        let category = self.category.unwrap_or(unit.category);
        let standard = self.rent_standard_id.or(unit.rent_standard_id);
        if standard.is_none() && needs_rent_standard(category, unit.status) {
            return Err("该类别的房源须有租金标准，请一并选择租金标准");
        }
        Ok(())
    }
}

/// Whether an event may be caused to many chosen units at once: what the next press takes back (§3.27 U3).
#[must_use]
pub const fn in_batch(event: UnitEvent) -> bool {
    matches!(event, UnitEvent::Lock | UnitEvent::Unlock)
}

/// Whether building or usable area of a unit with a tenant would change, which takes a change order.
#[must_use]
pub fn area_is_bound(status: UnitStatus, before: (Area, Area), after: (Area, Area)) -> bool {
    status.is_rented() && before != after
}

/// Whether the inner area of a unit with a tenant would change whose rent is reckoned by it.
#[must_use]
pub fn inner_area_is_bound(
    status: UnitStatus,
    basis: Option<AreaBasis>,
    before: Option<Area>,
    after: Option<Area>,
) -> bool {
    status.is_rented() && basis == Some(AreaBasis::Inner) && before != after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_that_rent_is_reckoned_by_is_bound() {
        let area = |hundredths| Some(Area::from_hundredths(hundredths));
        let bound = |status, basis, after| inner_area_is_bound(status, basis, area(4_500), after);
        let (inner, usable) = (Some(AreaBasis::Inner), Some(AreaBasis::Usable));
        assert!(bound(UnitStatus::Signed, inner, area(4_600)) && bound(UnitStatus::Occupied, inner, None));
        assert!(!bound(UnitStatus::Occupied, inner, area(4_500)), "the same area is no change");
        assert!(!bound(UnitStatus::Vacant, inner, area(4_600)), "nobody pays for it");
        assert!(!bound(UnitStatus::Occupied, usable, None) && !bound(UnitStatus::Occupied, None, None));
    }

    fn unit(status: UnitStatus) -> UnitBefore {
        UnitBefore {
            status,
            category: HousingCategory::PublicRental,
            building_area: Area::from_hundredths(5_000),
            usable_area: Area::from_hundredths(4_000),
            inner_area: Some(Area::from_hundredths(4_500)),
            shared_area: None,
            rent_standard_id: Some(RentStandardId(1)),
        }
    }

    #[test]
    fn each_unit_is_judged_by_itself() {
        let area = |building: i64| UnitChange {
            building_area: Some(Area::from_hundredths(building)),
            ..UnitChange::default()
        };
        assert_eq!(area(6_000).fits(&unit(UnitStatus::Vacant)), Ok(()));
        assert_eq!(area(6_000).fits(&unit(UnitStatus::Occupied)), Err(AREA_IS_LET));
        assert_eq!(area(5_000).fits(&unit(UnitStatus::Occupied)), Ok(()), "the same area is no change");
        assert_eq!(area(3_999).fits(&unit(UnitStatus::Vacant)), Err("使用面积不能大于建筑面积"));
        assert_eq!(area(4_400).fits(&unit(UnitStatus::Vacant)), Err("套内面积不能大于建筑面积"));
        let rented = UnitChange { category: Some(HousingCategory::LowRent), ..UnitChange::default() };
        let sold = UnitBefore { rent_standard_id: None, category: HousingCategory::Sale, ..unit(UnitStatus::Vacant) };
        assert!(rented.fits(&sold).is_err());
        let with_rent = UnitChange { rent_standard_id: Some(RentStandardId(2)), ..rented };
        assert_eq!(with_rent.fits(&sold), Ok(()));
        assert_eq!(with_rent.named(), "住房类别、租金标准");
    }

    #[test]
    fn an_empty_change_is_none() {
        assert_eq!(UnitChangeForm::default().check().unwrap_err().get("form"), Some("请至少填写一项要修改的内容"));
        let form = UnitChangeForm { building_area: "40".into(), usable_area: "41".into(), ..Default::default() };
        assert_eq!(form.check().unwrap_err().get("usable_area"), Some("使用面积不能大于建筑面积"));
        for (rate, sentence) in [("0", "应为大于0的数字，最多4位小数"), ("100.01", "物业费单价不能超过100元/㎡·月")]
        {
            let form = UnitChangeForm { property_rate: rate.into(), ..Default::default() };
            assert_eq!(form.check().unwrap_err().get("property_rate"), Some(sentence));
        }
    }

    #[test]
    fn a_choice_survives_the_address() {
        let chosen = ChosenUnit { id: UnitId(17), version: 3 };
        assert_eq!(ChosenUnit::of_key(&ChosenUnit::key(chosen.id, chosen.version)), Some(chosen));
        for nonsense in ["", "17", "x.3", "17.x"] {
            assert_eq!(ChosenUnit::of_key(nonsense), None, "{nonsense}");
        }
    }
}
