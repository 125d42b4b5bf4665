//! The facts of a building (E-12) on its page.

use crate::ui::detail::{field_group, text_cell};
use domain::{
    housing::{building::Building, estate::percent_text},
    sheet::{Cell, cell_or_empty, estate_href},
};
use leptos::prelude::*;

/// Everything that is known of a building; folded up, because the page is about its units.
pub fn building_facts(building: &Building) -> impl IntoView + use<> {
    let count = |value: Option<i32>| cell_or_empty(value, |count| Cell::Number(count.into()));
    let fields = vec![
        ("楼栋号", Cell::text(&building.no)),
        ("楼栋名称", text_cell(building.name.as_ref())),
        ("小区", Cell::link(&building.estate, estate_href(building.estate_id))),
        ("项目", Cell::link(&building.project, format!("/housing/projects/{}", building.project_id))),
        ("建筑结构", cell_or_empty(building.structure, Cell::coded)),
        ("地上层数", Cell::Number(building.floors_up.into())),
        ("地下层数", count(building.floors_down)),
        ("单元数", Cell::Number(building.entrances.into())),
        ("每层户数", count(building.units_per_floor)),
        ("高度(m)", cell_or_empty(building.height, |height| Cell::Text(percent_text(height)))),
        ("有无电梯", cell_or_empty(building.has_elevator, |has| Cell::text(if has { "有" } else { "无" }))),
        ("电梯数", count(building.elevators)),
        ("建成年份", cell_or_empty(building.build_year, |year| Cell::Text(year.to_string()))),
        ("建筑面积(㎡)", cell_or_empty(building.area, Cell::Area)),
        ("房屋代码", text_cell(building.house_code.as_ref())),
        ("竣工日期", cell_or_empty(building.completed_on, Cell::Date)),
        ("保修期限", text_cell(building.warranty.as_ref())),
        ("状态", Cell::status(building.status)),
        ("经纬度", cell_or_empty(building.position, |point| Cell::Text(format!("{:.6}，{:.6}", point.lng, point.lat)))),
        ("更新时间", Cell::Time(building.updated_at)),
    ];
    view! { <details><summary class="link link-hover px-1">"楼栋资料"</summary>{field_group("楼栋资料", fields)}</details> }
}
