//! 楼栋 (E-12) and the matrix of its units (楼盘表).

use crate::{
    dictionary::{HousingCategory, LayoutType, Structure, UnitStatus, UseStatus},
    housing::place::Place,
    id::{BuildingId, EstateId, OrganizationId, ProjectId, UnitId},
    value::{Area, Point},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Highest storey a building may have (domain.md §7.2).
pub const FLOORS_MAX: i32 = 60;
/// Lowest storey a unit may be on.
pub const FLOOR_MIN: i32 = -3;

/// A row of the building list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildingRow {
    pub id: BuildingId,
    pub estate_id: EstateId,
    pub estate: String,
    pub district: String,
    pub no: String,
    pub project: String,
    pub structure: Option<Structure>,
    pub floors_up: i32,
    pub entrances: i32,
    pub build_year: Option<i32>,
    pub units: i64,
    pub lettable: i64,
    pub rented: i64,
    pub updated_at: DateTime<Utc>,
}

/// A building with the names around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Building {
    pub id: BuildingId,
    pub no: String,
    pub estate_id: EstateId,
    pub estate: String,
    pub district_id: OrganizationId,
    pub district: String,
    pub project_id: ProjectId,
    pub project: String,
    pub name: Option<String>,
    pub structure: Option<Structure>,
    pub floors_up: i32,
    pub floors_down: Option<i32>,
    pub entrances: i32,
    pub units_per_floor: Option<i32>,
    /// 1/100 m
    pub height: Option<i32>,
    pub has_elevator: Option<bool>,
    pub elevators: Option<i32>,
    pub build_year: Option<i32>,
    pub area: Option<Area>,
    pub house_code: Option<String>,
    pub completed_on: Option<NaiveDate>,
    pub warranty: Option<String>,
    pub status: UseStatus,
    pub place: Option<Place>,
    /// in the system of the city's map
    pub position: Option<Point>,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

impl Building {
    /// What people call it: `01` is 01号楼; a number that says so itself stays.
    #[must_use]
    pub fn title(&self) -> String {
        if self.no.ends_with(['楼', '栋', '幢', '座']) { self.no.clone() } else { format!("{}号楼", self.no) }
    }
}

/// One unit on the board of its building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardUnit {
    pub id: UnitId,
    pub entrance: String,
    pub floor: i32,
    pub room_no: String,
    pub status: UnitStatus,
    pub category: HousingCategory,
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
}

/// The board of a building: floor × unit (S0-6 level 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildingBoard {
    pub building: Building,
    /// in natural order: entrance, then floor, then room
    pub units: Vec<BoardUnit>,
}

impl BuildingBoard {
    /// The floors that have units, from the top down.
    #[must_use]
    pub fn floors(&self) -> Vec<i32> {
        let mut floors: Vec<i32> = self.units.iter().map(|unit| unit.floor).collect();
        floors.sort_unstable_by(|a, b| b.cmp(a));
        floors.dedup();
        floors
    }

    /// The entrances in natural order.
    #[must_use]
    pub fn entrances(&self) -> Vec<String> {
        let mut entrances: Vec<String> = Vec::new();
        for unit in &self.units {
            if entrances.last() != Some(&unit.entrance) {
                entrances.push(unit.entrance.clone());
            }
        }
        entrances
    }
}

/// One row of I-02 (domain.md §7.2): estate, building and unit in one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildingImportForm {
    pub project: String,
    pub estate: String,
    pub district: String,
    pub estate_address: String,
    pub building: String,
    pub floors_up: Option<i32>,
    pub place: super::place::PlaceForm,
    pub structure: Option<Structure>,
    pub entrance: String,
    pub floor: i32,
    pub room_no: String,
    pub layout: Option<LayoutType>,
    pub building_area: Option<Area>,
    pub usable_area: Option<Area>,
    pub inner_area: Option<Area>,
    pub orientation: Option<crate::dictionary::Orientation>,
    pub decoration: Option<crate::dictionary::Decoration>,
    pub mgmt_unit: String,
    pub category: Option<HousingCategory>,
    pub rent_standard: String,
    pub cert_no: String,
    pub real_estate_no: String,
    pub status: Option<UnitStatus>,
    pub remark: String,
}

/// Whether a unit of this category and status needs a rent standard (domain.md §7.2: public-rental
/// categories that are not SOLD).
#[must_use]
pub fn needs_rent_standard(category: HousingCategory, status: UnitStatus) -> bool {
    matches!(category, HousingCategory::PublicRental | HousingCategory::LowRent) && status != UnitStatus::Sold
}
