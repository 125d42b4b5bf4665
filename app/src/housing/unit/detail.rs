//! The unit's own page: every field, its rooms, its timeline.

use super::{
    api::{unit_delete, unit_get},
    panel::{StatusChange, transition_buttons, use_status_change},
};
use crate::ui::label::told;
use crate::{
    housing::use_id,
    platform::attachment::attachments_panel,
    shell::may,
    tenancy::{
        lease::lease_panel,
        resident::panel::{Of, residents_panel},
    },
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell},
        icon, print_button,
        remove::delete_button,
        resource::resource,
        status_tile,
        table::time_text,
    },
};
use domain::{
    dictionary::AttachmentOwner,
    housing::{estate::facilities_text, unit::Unit, unit_status::UnitEvent},
    id::UnitId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty, estate_href},
};
use leptos::prelude::*;

pub fn detail_view() -> AnyView {
    let id = use_id();
    let unit = resource(move || id.get(), |id| unit_get(UnitId(id)));
    let change = use_status_change(move || unit.refetch());
    view! {
        <main class="page">
            {awaited(unit, move |found| detail(found, change).into_any())}
            {lease_panel(id.into())}
            {residents_panel(Of::Unit, id.into())}
            {attachments_panel(AttachmentOwner::Unit, id.into())}
        </main>
    }
    .into_any()
}

fn detail(unit: Unit, change: StatusChange) -> impl IntoView {
    let (id, version, lettable) = (unit.id, unit.version, unit.status.is_lettable());
    let leaves = unit.status.next(UnitEvent::Deregister).is_ok();
    let (address, board) = (unit.address.clone(), format!("/housing/buildings/{}", unit.building_id));
    let back = (format!("/housing/buildings/{}?unit={id}", unit.building_id), format!("{} 楼盘表", unit.estate));
    let trail =
        vec![("/housing/estates".to_owned(), "小区".to_owned()), (estate_href(unit.estate_id), unit.estate.clone())];
    view! {
        <PageHead title=unit.address.clone() trail=trail back=back>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=format!("/housing/units/{id}/label")>{icon("label")}"标签"</a>
            {changing(move || (lettable && may(Permission::AssignmentWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/assignments/new?unit={id}")>"直接分配"</a>
            }))}
            {changing(move || may(Permission::ContractRead).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/contracts?unit={id}")>"合同"</a>
            }))}
            {changing(move || may(Permission::RoomWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/housing/units/{id}/new-room")>{icon("add")}"新增房间"</a>
            }))}
            {changing(move || (leaves && may(Permission::UnitOffshelfWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/housing/units/{id}/offshelf")>"申请注销"</a>
            }))}
            {changing(move || may(Permission::UnitWrite).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("/housing/units/{id}/edit")>{icon("edit")}"编辑"</a>
                {delete_button("房源", address.clone(), board.clone(), move || Box::pin(unit_delete(id, version)))}
            }))}
        </PageHead>
        <section class="panel">
            <p class="status-badge text-base">{status_tile(unit.status)}{told(unit.status)}<span class="opacity-80">{format!("自 {}", time_text(unit.status_since))}</span></p>
            {unit.lock_reason.clone().map(|reason| view! { <p>"原因："{reason}</p> })}
            {transition_buttons(&unit, change)}
        </section>
        {fields(&unit)}
        {rooms_and_history(&unit)}
    }
}

fn fields(unit: &Unit) -> impl IntoView + use<> {
    let rent = unit.rent.as_ref();
    view! {
        {field_group("基本信息", vec![
            ("房源编码", Cell::text(&unit.code)),
            ("小区", Cell::link(&unit.estate, estate_href(unit.estate_id))),
            ("楼栋", Cell::link(&unit.building_no, format!("/housing/buildings/{}", unit.building_id))),
            ("单元号", Cell::text(&unit.entrance)),
            ("楼层", Cell::Number(unit.floor.into())),
            ("房号", Cell::text(&unit.room_no)),
            ("所属城区", Cell::text(&unit.district)),
            ("住房管理单位", Cell::text(&unit.mgmt_unit)),
            ("产权单位", text_cell(unit.title_holder.as_ref())),
            ("住房类别", Cell::coded(unit.category)),
            ("户型", Cell::coded(unit.layout)),
            ("朝向", cell_or_empty(unit.orientation, Cell::coded)),
            ("装修", cell_or_empty(unit.decoration, Cell::coded)),
            ("室内设施", Cell::text(&facilities_text(&unit.facilities))),
            ("供应池", text_cell(unit.supply_pool.as_ref())),
        ])}
        {field_group("面积与租金", vec![
            ("建筑面积(㎡)", Cell::Area(unit.building_area)),
            ("使用面积(㎡)", Cell::Area(unit.usable_area)),
            ("套内面积(㎡)", cell_or_empty(unit.inner_area, Cell::Area)),
            ("公摊面积(㎡)", cell_or_empty(unit.shared_area, Cell::Area)),
            ("租金标准", cell_or_empty(rent, |rent| Cell::link(&rent.code, format!("/housing/rent-standards/{}", rent.standard_id)))),
            ("单价(元/㎡·月)", cell_or_empty(rent, |rent| Cell::Text(rent.rate.to_string()))),
            ("计租面积", cell_or_empty(rent, |rent| Cell::coded(rent.basis))),
            ("核定月租金(元)", cell_or_empty(unit.assessed_rent(), Cell::Money)),
            ("市场租金(元/月)", cell_or_empty(unit.market_rent, Cell::Money)),
        ])}
        {field_group("权属与其他", vec![
            ("不动产单元号", text_cell(unit.real_estate_no.as_ref())),
            ("产权证号", text_cell(unit.cert_no.as_ref())),
            ("房屋代码", text_cell(unit.house_code.as_ref())),
            ("交付日期", cell_or_empty(unit.deliver_on, Cell::Date)),
            ("空置起始", cell_or_empty(unit.vacant_since, Cell::Date)),
            ("备注", text_cell(unit.remark.as_ref())),
            ("更新时间", Cell::Time(unit.updated_at)),
            ("更新人", text_cell(unit.updated_by.as_ref())),
        ])}
    }
}

fn rooms_and_history(unit: &Unit) -> impl IntoView + use<> {
    let rooms = unit
        .rooms
        .iter()
        .map(|room| {
            let area = room.area.map_or_else(|| "—".to_owned(), |area| area.to_string());
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/housing/rooms/{}", room.id)>{room.name.clone()}</a></td>
                    <td>{told(room.kind)}</td>
                    <td class="figures">{area}</td>
                    <td class="figures">{room.capacity}</td>
                    <td class="figures">{room.bed_count}</td>
                    <td>{told(room.status)}</td>
                </tr>
            }
        })
        .collect_view();
    let history = unit
        .history
        .iter()
        .map(|line| {
            let from = line.from.map_or_else(|| "—".to_owned(), told);
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{time_text(line.at)}</td>
                    <td>{line.event.clone()}</td>
                    <td>{from}" → "{told(line.to)}</td>
                    <td>{line.actor.clone()}</td>
                    <td>{line.reason.clone()}</td>
                    <td>{line.document.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"房间"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="房间">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"房间名"</th><th scope="col">"类型"</th><th scope="col" class="figures">"面积(㎡)"</th><th scope="col" class="figures">"可住人数"</th><th scope="col" class="figures">"床位数"</th><th scope="col">"状态"</th></tr></thead>
                    <tbody>{rooms}</tbody>
                </table>
            </div>
        </section>
        <section class="panel">
            <h2>"状态历史"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="状态历史">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"时间"</th><th scope="col">"事件"</th><th scope="col">"状态"</th><th scope="col">"操作人"</th><th scope="col">"原因"</th><th scope="col">"文号"</th></tr></thead>
                    <tbody>{history}</tbody>
                </table>
            </div>
        </section>
    }
}
