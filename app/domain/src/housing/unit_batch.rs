//! Many units of a building at once (S1-4.2: floors × per-floor with area per column).
//!
//! The browser makes the same plan for its preview that the store makes to write it.

use crate::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, UnitStatus},
    failure::FieldErrors,
    form::{optional, pick},
    housing::{
        building::needs_rent_standard,
        building_sheet::{parse_floor, unit_area},
    },
    id::{OrganizationId, RentStandardId},
    value::{Area, Check, Complaint, normalize, required},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Most units of one go: what a person can look through before saying yes.
pub const BATCH_MAX: usize = 1_000;
/// Most positions on one floor of one entrance.
pub const POSITIONS_MAX: usize = 40;
/// What a room number may be made of.
pub const PATTERNS: [(&str, &str); 4] = [
    ("{floor}{seq2}", "楼层+两位序号，如 101"),
    ("{floor2}{seq2}", "两位楼层+两位序号，如 0101"),
    ("{floor}{seq}", "楼层+序号，如 11"),
    ("{entrance}{floor2}{seq2}", "单元+两位楼层+两位序号，如 10101"),
];

/// One position on every floor: what the flats above each other have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PositionForm {
    pub layout: String,
    pub building_area: String,
    pub usable_area: String,
    pub orientation: String,
}

/// What a person types to make the units of a building.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitBatchForm {
    /// `1、2、3`
    pub entrances: String,
    pub floor_from: String,
    pub floor_to: String,
    pub pattern: String,
    pub positions: Vec<PositionForm>,
    pub mgmt_unit: String,
    pub category: String,
    pub rent_standard: String,
    pub decoration: String,
    pub status: String,
}

/// One position that passed its check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub layout: LayoutType,
    pub building_area: Area,
    pub usable_area: Area,
    pub orientation: Option<Orientation>,
}

/// A batch form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitBatch {
    pub mgmt_unit_id: OrganizationId,
    pub category: HousingCategory,
    pub rent_standard_id: Option<RentStandardId>,
    pub decoration: Option<Decoration>,
    pub status: UnitStatus,
    pub positions: Vec<Position>,
    pub units: Vec<PlannedUnit>,
}

/// A unit that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedUnit {
    pub entrance: String,
    pub floor: i32,
    pub room_no: String,
    /// index into the positions
    pub position: usize,
}

impl UnitBatchForm {
    /// Checks the form for a building of so many floors and makes the plan: entrance by entrance, floor by floor
    /// upwards, position by position.
    ///
    /// # Errors
    /// One sentence per field; those of a position are named `layout-0`, `building_area-0` ….
    pub fn check(&self, floors_up: i32) -> Result<UnitBatch, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mgmt_unit_id = errors.take("mgmt_unit", pick(&self.mgmt_unit, "请选择住房管理单位").map(OrganizationId));
        let category = errors.take("category", required(&self.category).and_then(|text| HousingCategory::parse(&text)));
        let status = errors.take("status", new_status(&self.status));
        let decoration = errors.take("decoration", optional(&self.decoration, Decoration::parse)).flatten();
        let rent_standard_id = errors
            .take(
                "rent_standard",
                optional(&self.rent_standard, |text| pick(text, "请选择租金标准").map(RentStandardId)),
            )
            .flatten();
        if let (Some(category), Some(status), None) = (category, status, rent_standard_id)
            && needs_rent_standard(category, status)
        {
            errors.add("rent_standard", "请选择租金标准");
        }
        let positions: Vec<Position> = self.check_positions(&mut errors);
        let units = self.plan(floors_up, &mut errors);
        match (mgmt_unit_id, category, status) {
            (Some(mgmt_unit_id), Some(category), Some(status)) if errors.is_empty() => {
                Ok(UnitBatch { mgmt_unit_id, category, rent_standard_id, decoration, status, positions, units })
            }
            _ => Err(errors),
        }
    }

    fn check_positions(&self, errors: &mut FieldErrors) -> Vec<Position> {
        if self.positions.is_empty() || self.positions.len() > POSITIONS_MAX {
            errors.add("positions", format!("每层户数应为1至{POSITIONS_MAX}户"));
            return Vec::new();
        }
        let mut positions = Vec::with_capacity(self.positions.len());
        for (index, form) in self.positions.iter().enumerate() {
            let field = |name: &str| format!("{name}-{index}");
            let layout =
                errors.take(&field("layout"), required(&form.layout).and_then(|text| LayoutType::parse(&text)));
            let building_area =
                errors.take(&field("building_area"), required(&form.building_area).and_then(|text| unit_area(&text)));
            let usable_area =
                errors.take(&field("usable_area"), required(&form.usable_area).and_then(|text| Area::parse(&text)));
            let orientation =
                errors.take(&field("orientation"), optional(&form.orientation, Orientation::parse)).flatten();
            if let (Some(layout), Some(building_area), Some(usable_area)) = (layout, building_area, usable_area) {
                if usable_area > building_area {
                    errors.add(&field("usable_area"), "使用面积不能大于建筑面积");
                }
                positions.push(Position { layout, building_area, usable_area, orientation });
            }
        }
        positions
    }

    /// What would be made, as far as entrances, floors, positions and pattern say it; also while other fields are empty.
    pub fn plan(&self, floors_up: i32, errors: &mut FieldErrors) -> Vec<PlannedUnit> {
        let entrances = errors.take("entrances", entrances(&self.entrances));
        let floor = |text: &str| required(text).and_then(|text| parse_floor(&text));
        let from = errors.take("floor_from", floor(&self.floor_from));
        let to = errors.take("floor_to", floor(&self.floor_to));
        let pattern = errors.take("pattern", pattern(&self.pattern));
        let (Some(entrances), Some(from), Some(to), Some(pattern)) = (entrances, from, to, pattern) else {
            return Vec::new();
        };
        if to < from {
            errors.add("floor_to", "终止楼层不能低于起始楼层");
        } else if to > floors_up {
            errors.add("floor_to", format!("终止楼层不能大于楼栋的地上层数（{floors_up}层）"));
        }
        let floors: Vec<i32> = (from..=to).filter(|floor| *floor != 0).collect();
        if entrances.len() * floors.len() * self.positions.len() > BATCH_MAX {
            errors.add("floor_to", format!("一次最多生成{BATCH_MAX}套，请分批生成"));
            return Vec::new();
        }
        let mut units = Vec::with_capacity(entrances.len() * floors.len() * self.positions.len());
        let mut met = HashSet::new();
        for entrance in &entrances {
            for floor in floors.iter().copied() {
                for position in 0..self.positions.len() {
                    let room_no = room_no(&pattern, entrance, floor, position + 1);
                    if !met.insert((entrance.clone(), room_no.clone())) {
                        errors.add("pattern", format!("房号规则会产生重复的房号{room_no}，请换一种规则"));
                    }
                    units.push(PlannedUnit { entrance: entrance.clone(), floor, room_no, position });
                }
            }
        }
        if units.iter().any(|unit| unit.room_no.chars().count() > 20) {
            errors.add("pattern", "房号长度不能超过20");
        }
        units
    }
}

/// What a refused batch is told: every number that is there already, the first ones by name.
#[must_use]
pub fn batch_conflict(taken: &[(String, String)]) -> String {
    let named: Vec<String> = taken.iter().take(5).map(|(entrance, room)| format!("{entrance}单元{room}室")).collect();
    let more = if taken.len() > 5 { "等" } else { "" };
    format!("{}{more}已存在（共{}套），未生成任何房源，请调整后重试", named.join("、"), taken.len())
}

/// A new unit is in preparation or vacant (U1).
fn new_status(text: &str) -> Check<UnitStatus> {
    match UnitStatus::from_code(text) {
        Some(status @ (UnitStatus::Prep | UnitStatus::Vacant)) => Ok(status),
        _ => Err(Complaint::Says("新增房源只能为筹建中或闲置房".into())),
    }
}

/// The entrances as people list them, each named once.
fn entrances(text: &str) -> Check<Vec<String>> {
    let mut entrances: Vec<String> = Vec::new();
    for name in required(text)?.split(['、', '，', ',', '；', ';', ' ']).map(normalize).filter(|name| !name.is_empty())
    {
        if name.chars().count() > 10 {
            return Err(Complaint::About("每个单元号长度不能超过10".into()));
        }
        if !entrances.contains(&name) {
            entrances.push(name);
        }
    }
    if entrances.is_empty() || entrances.len() > 30 {
        return Err(Complaint::About("应填写1至30个单元号".into()));
    }
    Ok(entrances)
}

/// A pattern holds a sequence number, and no placeholder that is not known.
fn pattern(text: &str) -> Check<String> {
    let text = required(text)?;
    let rest = ["{entrance}", "{floor2}", "{floor}", "{seq2}", "{seq}"]
        .iter()
        .fold(text.clone(), |rest, placeholder| rest.replace(placeholder, ""));
    if rest.contains(['{', '}']) || !text.contains("{seq") {
        return Err(Complaint::About("须含序号{seq}或{seq2}，可用{entrance}、{floor}、{floor2}".into()));
    }
    Ok(text)
}

/// A basement is B1, B2, B3.
fn room_no(pattern: &str, entrance: &str, floor: i32, seq: usize) -> String {
    let (short, long) = if floor < 0 {
        (format!("B{}", -floor), format!("B{}", -floor))
    } else {
        (floor.to_string(), format!("{floor:02}"))
    };
    pattern
        .replace("{entrance}", entrance)
        .replace("{floor2}", &long)
        .replace("{floor}", &short)
        .replace("{seq2}", &format!("{seq:02}"))
        .replace("{seq}", &seq.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> UnitBatchForm {
        let position = |building: &str, usable: &str| PositionForm {
            layout: "ONE".into(),
            building_area: building.into(),
            usable_area: usable.into(),
            orientation: "S".into(),
        };
        UnitBatchForm {
            entrances: "1、2".into(),
            floor_from: "-1".into(),
            floor_to: "2".into(),
            pattern: "{floor}{seq2}".into(),
            positions: vec![position("50", "40"), position("60.5", "45")],
            mgmt_unit: "1".into(),
            category: "PRH".into(),
            rent_standard: "1".into(),
            decoration: String::new(),
            status: "VACANT".into(),
        }
    }

    #[test]
    fn every_floor_of_every_entrance_gets_its_positions() {
        let batch = form().check(6).unwrap();
        let rooms: Vec<String> = batch.units.iter().map(|unit| format!("{}-{}", unit.entrance, unit.room_no)).collect();
        assert_eq!(
            rooms,
            [
                "1-B101", "1-B102", "1-101", "1-102", "1-201", "1-202", "2-B101", "2-B102", "2-101", "2-102", "2-201",
                "2-202"
            ],
            "there is no floor 0"
        );
        assert_eq!(batch.units[1].position, 1);
        assert_eq!(batch.positions[1].building_area, Area::from_hundredths(6050));
    }

    #[test]
    fn what_cannot_be_planned_is_named() {
        let field = |change: fn(&mut UnitBatchForm), field: &str| {
            let mut form = form();
            change(&mut form);
            form.check(6).unwrap_err().get(field).map(ToOwned::to_owned)
        };
        for (change, at, sentence) in [
            (
                (|form| form.pattern = "{seq}".into()) as fn(&mut UnitBatchForm),
                "pattern",
                "房号规则会产生重复的房号1，请换一种规则",
            ),
            (
                |form| form.pattern = "{floor}".into(),
                "pattern",
                "须含序号{seq}或{seq2}，可用{entrance}、{floor}、{floor2}",
            ),
            (|form| form.floor_to = "7".into(), "floor_to", "终止楼层不能大于楼栋的地上层数（6层）"),
            (|form| form.floor_to = "-2".into(), "floor_to", "终止楼层不能低于起始楼层"),
            (|form| form.entrances = "、".into(), "entrances", "应填写1至30个单元号"),
            (|form| form.positions.clear(), "positions", "每层户数应为1至40户"),
            (|form| form.positions[1].usable_area = "61".into(), "usable_area-1", "使用面积不能大于建筑面积"),
            (|form| form.rent_standard = String::new(), "rent_standard", "请选择租金标准"),
            (|form| form.status = "SOLD".into(), "status", "新增房源只能为筹建中或闲置房"),
        ] {
            assert_eq!(field(change, at).as_deref(), Some(sentence));
        }
    }

    #[test]
    fn a_thousand_at_once_and_no_more() {
        let mut form = UnitBatchForm { entrances: "1".into(), floor_from: "1".into(), floor_to: "50".into(), ..form() };
        form.positions = vec![form.positions[0].clone(); 20];
        assert_eq!(form.check(60).map(|batch| batch.units.len()), Ok(1_000));
        form.floor_to = "51".into();
        assert_eq!(form.check(60).unwrap_err().get("floor_to"), Some("一次最多生成1000套，请分批生成"));
    }

    #[test]
    fn a_conflict_names_the_first_five() {
        let taken: Vec<(String, String)> = (1..=6).map(|room| ("1".to_owned(), format!("10{room}"))).collect();
        assert_eq!(
            batch_conflict(&taken),
            "1单元101室、1单元102室、1单元103室、1单元104室、1单元105室等已存在（共6套），未生成任何房源，请调整后重试"
        );
    }
}
