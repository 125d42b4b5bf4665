//! Settings of the city (domain.md §2.9) that pages need to draw themselves.

use crate::value::CoordinateSystem;
use serde::{Deserialize, Serialize};

/// Parameter codes; the values live in table `parameter`.
pub mod code {
    /// 城市名称, shown in the head of every page
    pub const CITY_NAME: &str = "CITY_NAME";
    /// PRM-07: coordinate system of the city's map
    pub const MAP_SYSTEM: &str = "PRM-07";
    /// address of map tiles with `{z}/{x}/{y}`, empty for the offline outlines alone
    pub const MAP_TILES: &str = "MAP_TILES";
    /// PRM-06: how a unit's address is built
    pub const ADDRESS_TEMPLATE: &str = "PRM-06";
}

/// What the city has set, with the defaults of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitySettings {
    pub city_name: String,
    pub map_system: CoordinateSystem,
    pub map_tiles: String,
    pub address_template: String,
}

impl Default for CitySettings {
    fn default() -> Self {
        Self {
            city_name: "公租房管理平台".to_owned(),
            map_system: CoordinateSystem::Gcj02,
            map_tiles: String::new(),
            address_template: "{building}号楼{entrance}单元{room}室".to_owned(),
        }
    }
}

impl CitySettings {
    /// PRM-06 filled in: `01号楼03单元0401室`.
    #[must_use]
    pub fn unit_address(&self, building: &str, entrance: &str, room: &str) -> String {
        // A number that already says 号楼/幢/栋 or 单元 does not get it twice.
        let building_suffixed = ["号楼", "楼", "幢", "栋", "座"].iter().any(|suffix| building.ends_with(suffix));
        let template = if building_suffixed {
            self.address_template.replace("{building}号楼", "{building}")
        } else {
            self.address_template.clone()
        };
        let template =
            if entrance.ends_with("单元") { template.replace("{entrance}单元", "{entrance}") } else { template };
        let template = if room.ends_with('室') { template.replace("{room}室", "{room}") } else { template };
        template.replace("{building}", building).replace("{entrance}", entrance).replace("{room}", room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_template_once() {
        let settings = CitySettings::default();
        assert_eq!(settings.unit_address("01", "03", "0401"), "01号楼03单元0401室");
        assert_eq!(settings.unit_address("9号楼", "2单元", "201室"), "9号楼2单元201室");
    }
}
