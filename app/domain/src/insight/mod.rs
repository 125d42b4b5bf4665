//! What boards and maps count: occupancy figures (domain.md §4.9) and the city map's answers.

use crate::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    id::OrganizationId,
};
use serde::{Deserialize, Serialize};

/// Units by what matters on a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupancy {
    pub units: i64,
    /// counted in rental rates: not sold, not off-shelf, not in preparation
    pub lettable: i64,
    /// SIGNED or OCCUPIED
    pub rented: i64,
    pub occupied: i64,
    pub vacant: i64,
    pub sold: i64,
}

impl Occupancy {
    /// Adds `units` units of a status.
    pub fn add(&mut self, status: UnitStatus, units: i64) {
        self.units += units;
        if status.counts_in_rental_rate() {
            self.lettable += units;
        }
        if status.is_rented() {
            self.rented += units;
        }
        match status {
            UnitStatus::Occupied => self.occupied += units,
            UnitStatus::Vacant => self.vacant += units,
            UnitStatus::Sold => self.sold += units,
            _ => {}
        }
    }

    /// Adds the units of another place.
    pub fn merge(&mut self, other: Self) {
        self.units += other.units;
        self.lettable += other.lettable;
        self.rented += other.rented;
        self.occupied += other.occupied;
        self.vacant += other.vacant;
        self.sold += other.sold;
    }

    /// 出租率 as text: rented ÷ lettable.
    #[must_use]
    pub fn rate(&self) -> String {
        crate::housing::unit::rate_text(self.rented, self.lettable)
    }

    /// Whole percent 0–100 for colours; `None` when nothing is lettable.
    #[must_use]
    pub fn percent(&self) -> Option<i64> {
        (self.lettable > 0).then(|| self.rented * 100 / self.lettable)
    }
}

/// One district's line on the home page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrictFigures {
    pub district_id: OrganizationId,
    pub district: String,
    pub estates: i64,
    pub occupancy: Occupancy,
}

/// The home page (S1-2.1), first version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeFigures {
    pub projects: i64,
    pub estates: i64,
    pub buildings: i64,
    pub occupancy: Occupancy,
    pub districts: Vec<DistrictFigures>,
    pub by_status: Vec<(UnitStatus, i64)>,
    pub by_layout: Vec<(LayoutType, i64)>,
    pub by_category: Vec<(HousingCategory, i64)>,
}

/// The part of the map a browser looks at, in degrees of the map's own system.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapView {
    pub min_lng: f64,
    pub min_lat: f64,
    pub max_lng: f64,
    pub max_lat: f64,
    pub zoom: u8,
}

/// What one mark on the map stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkLevel {
    District,
    /// several estates too close to tell apart at this zoom
    Cluster,
    Estate,
    Building,
}

/// One mark on the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapMark {
    pub level: MarkLevel,
    /// id of the district, estate or building; of the largest estate for a cluster
    pub id: i64,
    pub name: String,
    pub lng: f64,
    pub lat: f64,
    /// estates in a cluster or district, 1 otherwise
    pub estates: i64,
    pub occupancy: Occupancy,
}

/// The marks of a view, and what is not on the map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapMarks {
    pub marks: Vec<MapMark>,
    /// estates in scope without coordinates (S1-2.2: a list to complete)
    pub unlocated: i64,
}

/// Below this zoom districts are shown, from [`BUILDING_ZOOM`] on buildings.
pub const ESTATE_ZOOM: u8 = 12;
/// From this zoom on single buildings are shown.
pub const BUILDING_ZOOM: u8 = 16;
