//! What boards and maps count: occupancy figures (domain.md §4.9), payment colours (§1.3) and the city map's answers; what
//! waits for whom; rates (§4.9) and reports (§8).

pub mod money;
pub mod pay;
pub mod ratio;
pub mod reminder;
pub mod report;
pub mod report_query;
pub mod report_sheet;
pub mod stock;

use crate::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    housing::unit::rate_text,
    id::OrganizationId,
    insight::{money::MoneyFigures, pay::PayCounts},
};
use serde::{Deserialize, Serialize};

/// Units by status, in the order of D-05.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCounts([i64; UnitStatus::ALL.len()]);

impl StatusCounts {
    /// Adds `units` units of a status.
    pub const fn add(&mut self, status: UnitStatus, units: i64) {
        self.0[status as usize] += units;
    }

    /// Adds the units of another place.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Units of a status.
    #[must_use]
    pub const fn of(&self, status: UnitStatus) -> i64 {
        self.0[status as usize]
    }

    /// The statuses that occur, in order.
    pub fn present(&self) -> impl Iterator<Item = (UnitStatus, i64)> {
        UnitStatus::ALL.iter().copied().zip(self.0).filter(|(_, units)| *units > 0)
    }

    /// What these units mean for the rates.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        let mut occupancy = Occupancy::default();
        for (status, units) in self.present() {
            occupancy.add(status, units);
        }
        occupancy
    }
}

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

    /// 配租率 as text: units under contract ÷ lettable units (§4.9, PRH extras).
    #[must_use]
    pub fn letting_rate(&self) -> String {
        rate_text(self.rented, self.lettable)
    }

    /// 入住率 as text: (sold + rented) ÷ all units (§4.9).
    #[must_use]
    pub fn occupancy_rate(&self) -> String {
        rate_text(self.sold + self.rented, self.units)
    }

    /// 配租率 in whole percent 0–100 for colours, cut off so that 100 says all; `None` when nothing is lettable.
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
    /// none before the first count
    pub money: Option<MoneyFigures>,
}

/// What the home page says to a person: the figures of his scope and what waits for him (S1-2.1, S4-1.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Home {
    /// none for whoever sees no business data
    pub figures: Option<HomeFigures>,
    /// none on a wall, where nobody is to be reminded
    pub reminders: Vec<reminder::Reminder>,
}

/// The part of the map a browser looks at, in degrees of the map's own system.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapView {
    pub min_lng: f64,
    pub min_lat: f64,
    pub max_lng: f64,
    pub max_lat: f64,
    pub zoom: u8,
    /// only units of this category, and places that have some (S1-2.2)
    pub category: Option<HousingCategory>,
    /// also by payment colour
    #[serde(default)]
    pub pay: bool,
}

impl MapView {
    /// The whole earth at some zoom.
    #[must_use]
    pub const fn everywhere(zoom: u8, category: Option<HousingCategory>) -> Self {
        Self { min_lng: -180.0, min_lat: -90.0, max_lng: 180.0, max_lat: 90.0, zoom, category, pay: false }
    }

    /// The same view, also by payment colour.
    #[must_use]
    pub const fn with_pay(self, pay: bool) -> Self {
        Self { pay, ..self }
    }
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
    pub counts: StatusCounts,
    /// of a district whose outline is known
    pub area_km2: Option<f64>,
    /// where it was asked for
    pub pay: Option<PayCounts>,
}

impl MapMark {
    /// 房源密度, units per km² (S1-2.2), where the area is known.
    #[must_use]
    pub fn density(&self) -> Option<f64> {
        self.area_km2.filter(|area| *area > 0.0).map(|area| self.counts.occupancy().units as f64 / area)
    }

    /// The few letters in the mark: 配租率, or why there is none. `sought` asks for the units of one status.
    #[must_use]
    pub fn label(&self, sought: Option<UnitStatus>) -> String {
        if let Some(status) = sought {
            return self.counts.of(status).to_string();
        }
        match self.counts.occupancy().percent() {
            Some(percent) => format!("{percent}%"),
            None if self.counts.of(UnitStatus::Sold) > 0 => "售".to_owned(),
            None if self.counts.of(UnitStatus::Prep) > 0 => "筹".to_owned(),
            None => "—".to_owned(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(units: &[(UnitStatus, i64)]) -> StatusCounts {
        let mut counts = StatusCounts::default();
        for (status, units) in units {
            counts.add(*status, *units);
        }
        counts
    }

    /// §4.9: sold and rented live there; what is let is measured by what can be let.
    #[test]
    fn two_rates_of_one_stock() {
        use UnitStatus as S;
        let stock = counts(&[(S::Prep, 10), (S::Vacant, 5), (S::Signed, 5), (S::Occupied, 10), (S::Sold, 70)]);
        let occupancy = stock.occupancy();
        assert_eq!((occupancy.units, occupancy.lettable, occupancy.rented), (100, 20, 15));
        assert_eq!((occupancy.occupancy_rate().as_str(), occupancy.letting_rate().as_str()), ("85.00%", "75.00%"));
        let none = Occupancy::default();
        assert_eq!((none.occupancy_rate().as_str(), none.letting_rate().as_str()), ("--", "--"));
        let mut twice = stock;
        twice.merge(stock);
        assert_eq!(twice.present().map(|(_, units)| units).collect::<Vec<_>>(), [20, 10, 10, 20, 140]);
    }

    #[test]
    fn a_mark_says_why_it_has_no_rate() {
        use UnitStatus as S;
        let label = |units: &[(S, i64)], sought| {
            let mark = MapMark {
                level: MarkLevel::Estate,
                id: 1,
                name: String::new(),
                lng: 0.0,
                lat: 0.0,
                estates: 1,
                counts: counts(units),
                area_km2: None,
                pay: None,
            };
            mark.label(sought)
        };
        assert_eq!(label(&[(S::Occupied, 199), (S::Vacant, 1)], None), "99%");
        assert_eq!(label(&[(S::Sold, 1), (S::Prep, 9)], None), "售");
        assert_eq!(label(&[(S::Prep, 9)], None), "筹");
        assert_eq!(label(&[(S::OffShelf, 9)], None), "—");
        assert_eq!(label(&[], None), "—");
        assert_eq!(label(&[(S::Occupied, 3), (S::Vacant, 7)], Some(S::Vacant)), "7");
    }
}
