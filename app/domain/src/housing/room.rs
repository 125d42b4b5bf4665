//! 房间 (E-14): the physical room of a unit, where people, devices and cards are bound.

use crate::{
    dictionary::{RoomType, UseStatus},
    failure::FieldErrors,
    form::optional,
    housing::building_sheet::parse_between,
    id::{EstateId, RoomId, UnitId},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty, estate_href},
    value::{Area, Check, Complaint, Rate, required, text_max},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A row of the room list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomRow {
    pub id: RoomId,
    pub unit_id: UnitId,
    pub unit_code: String,
    pub estate_id: EstateId,
    pub estate: String,
    pub address: String,
    pub name: String,
    pub kind: RoomType,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
    pub bed_count: Option<i32>,
    pub status: UseStatus,
    pub updated_at: DateTime<Utc>,
}

/// A room with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    pub row: RoomRow,
    pub district: String,
    /// 物业费单价, per m² and month
    pub property_rate: Option<Rate>,
    /// of a sold flat
    pub owner_name: Option<String>,
    /// masked
    pub owner_phone: Option<String>,
    pub version: i32,
    pub updated_by: Option<String>,
}

/// Most people a room may be meant for (domain.md §7.4).
pub const CAPACITY_MAX: i32 = 12;

/// What a square metre may cost a month for property services, where it is charged: in a contract (S4-1.2.1), whose column the database
/// constrains alike, and in the rooms of many homes at once (S4-1.3.2).
pub const PROPERTY_RATE_MAX: Rate = Rate::from_ten_thousandths(1_000_000);

/// 物业费单价, from 0.0001 yuan per m² and month to [`PROPERTY_RATE_MAX`].
///
/// # Errors
/// The sentence.
pub fn property_rate(text: &str) -> Check<Rate> {
    let rate = Rate::parse(text).ok().filter(|rate| rate.ten_thousandths() > 0);
    match rate.ok_or(Complaint::about("应为大于0的数字，最多4位小数"))? {
        rate if rate > PROPERTY_RATE_MAX => Err(Complaint::says("物业费单价不能超过100元/㎡·月")),
        rate => Ok(rate),
    }
}

/// What a person types into the room form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomForm {
    pub name: String,
    pub kind: String,
    pub area: String,
    pub capacity: String,
    pub bed_count: String,
    pub property_rate: String,
    pub status: String,
}

/// A room form that passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomFields {
    pub name: String,
    pub kind: RoomType,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
    pub bed_count: Option<i32>,
    pub property_rate: Option<Rate>,
    pub status: UseStatus,
}

impl RoomForm {
    /// Checks every field.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<RoomFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", required(&self.name).and_then(|text| text_max(&text, 50)));
        let kind = errors.take("kind", required(&self.kind).and_then(|text| RoomType::parse(&text)));
        let area = errors.take("area", optional(&self.area, room_area)).flatten();
        let capacity =
            errors.take("capacity", optional(&self.capacity, |text| parse_between(text, 1, CAPACITY_MAX))).flatten();
        let bed_count =
            errors.take("bed_count", optional(&self.bed_count, |text| parse_between(text, 0, 99))).flatten();
        let property_rate = errors.take("property_rate", optional(&self.property_rate, Rate::parse)).flatten();
        let status = errors.take("status", optional(&self.status, UseStatus::parse)).flatten();
        match (name, kind) {
            (Some(name), Some(kind)) if errors.is_empty() => Ok(RoomFields {
                name,
                kind,
                area,
                capacity,
                bed_count,
                property_rate,
                status: status.unwrap_or(UseStatus::On),
            }),
            _ => Err(errors),
        }
    }
}

/// The area of a room: > 0, ≤ 300 m² as that of its unit.
///
/// # Errors
/// As [`Area::parse`], or `不能大于300`.
pub fn room_area(text: &str) -> Check<Area> {
    crate::housing::building_sheet::unit_area(text)
}

impl From<&Room> for RoomForm {
    fn from(room: &Room) -> Self {
        let row = &room.row;
        Self {
            name: row.name.clone(),
            kind: row.kind.code().to_owned(),
            area: row.area.map(|area| area.to_string()).unwrap_or_default(),
            capacity: row.capacity.map(|count| count.to_string()).unwrap_or_default(),
            bed_count: row.bed_count.map(|count| count.to_string()).unwrap_or_default(),
            property_rate: room.property_rate.map(|rate| rate.to_string()).unwrap_or_default(),
            status: row.status.code().to_owned(),
        }
    }
}

/// 房间 list.
#[rustfmt::skip] // a table: one line per column
pub const ROOM_LIST: ListSheet<RoomRow> = ListSheet {
    key: "room",
    noun: "房间",
    path: "/housing/rooms",
    search_hint: "小区、楼栋、房号或房源编码，以空格分隔",
    columns: &[
        ListColumn { key: "name", header: "房间名", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.name, format!("/housing/rooms/{}", row.id)) },
        ListColumn { key: "estate", header: "小区名称", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.estate, estate_href(row.estate_id)) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "unit", header: "房源编码", kind: Kind::Text, sortable: true, essential: false, cell: |row| Cell::link(&row.unit_code, format!("/housing/units/{}", row.unit_id)) },
        ListColumn { key: "type", header: "类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "area", header: "面积(㎡)", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.area, Cell::Area) },
        ListColumn { key: "capacity", header: "可住人数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.capacity, |count| Cell::Number(count.into())) },
        ListColumn { key: "bed_count", header: "床位数", kind: Kind::Number, sortable: false, essential: false, cell: |row| cell_or_empty(row.bed_count, |count| Cell::Number(count.into())) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: false, cell: |row| Cell::status(row.status) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
    ],
    filters: &[
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
        Filter { key: "estate", label: "小区", choices: Choices::Linked },
        Filter { key: "unit", label: "房源", choices: Choices::Linked },
    ],
    default_sort: ("unit", false),
    jumps: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_form_names_every_mistake() {
        let errors =
            RoomForm { area: "301".into(), capacity: "13".into(), property_rate: "x".into(), ..RoomForm::default() }
                .check()
                .unwrap_err();
        for (field, message) in
            [("name", "不能为空"), ("kind", "不能为空"), ("area", "不能大于300"), ("capacity", "应为1至12之间的整数")]
        {
            assert_eq!(errors.get(field), Some(message), "{field}");
        }
        assert!(errors.get("property_rate").is_some());
    }
}
