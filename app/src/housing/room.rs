//! Rooms: list and detail.

use super::list_actions;
use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        detail::{RecordExtra, RecordPage, record_view_with, text_cell},
        icon,
        list::{ListActions, list_page},
        remove::delete_button,
    },
};
use domain::{
    housing::room::{ROOM_LIST, Room, RoomForm, RoomRow},
    id::{RoomId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// A page of rooms.
#[server(endpoint = "room_list", protocol = Api)]
pub async fn room_list(query: ListQuery) -> Result<Page<RoomRow>, ApiError> {
    Ok(store::housing::room::room_list(&crate::context::ctx()?, &query).await?)
}

/// Enters a room into a unit.
#[server(endpoint = "room_create", protocol = Api)]
pub async fn room_create(unit: UnitId, form: RoomForm) -> Result<RoomId, ApiError> {
    Ok(store::housing::room::room_create(&crate::context::ctx()?, unit, &form).await?)
}

/// Changes a room's fields.
#[server(endpoint = "room_update", protocol = Api)]
pub async fn room_update(id: RoomId, version: i32, form: RoomForm) -> Result<(), ApiError> {
    Ok(store::housing::room::room_update(&crate::context::ctx()?, id, version, &form).await?)
}

/// Deletes a room; the last one of a unit stays.
#[server(endpoint = "room_delete", protocol = Api)]
pub async fn room_delete(id: RoomId, version: i32) -> Result<(), ApiError> {
    Ok(store::housing::room::room_delete(&crate::context::ctx()?, id, version).await?)
}

/// One room.
#[server(endpoint = "room_get", protocol = Api)]
pub async fn room_get(id: RoomId) -> Result<Room, ApiError> {
    Ok(store::housing::room::room_get(&crate::context::ctx()?, id).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        import: may(Permission::RoomWrite).then_some("room"),
        export: may(Permission::StockExport),
        ..ListActions::default()
    });
    list_page(&ROOM_LIST, actions, room_list)
}

pub(super) fn detail_view() -> AnyView {
    record_view_with(|id| room_get(RoomId(id)), detail, extra)
}

fn detail(room: Room) -> RecordPage {
    let mut fields = ROOM_LIST.fields(&room.row);
    fields.extend([
        ("物业费单价(元/㎡·月)", cell_or_empty(room.property_rate, |rate| Cell::Text(rate.to_string()))),
        ("业主姓名", text_cell(room.owner_name.as_ref())),
        ("业主电话", text_cell(room.owner_phone.as_ref())),
        ("所属区县", Cell::text(&room.district)),
        ("更新人", text_cell(room.updated_by.as_ref())),
    ]);
    RecordPage {
        title: format!("{} {}", room.row.address, room.row.name),
        back: (ROOM_LIST.path, ROOM_LIST.noun),
        links: vec![(format!("/housing/units/{}", room.row.unit_id), "房源资料")],
        groups: vec![("基本信息", fields)],
    }
}

fn extra(room: &Room) -> RecordExtra {
    let (id, version, unit) = (room.row.id, room.version, room.row.unit_id);
    let name = room.row.name.clone();
    let tools = move || {
        may(Permission::RoomWrite).then(|| view! {
            <a class="btn btn-primary btn-sm" href=format!("/housing/rooms/{id}/edit")>{icon("edit")}"编辑"</a>
            {delete_button("房间", name.clone(), format!("/housing/units/{unit}"), move || Box::pin(room_delete(id, version)))}
        })
        .into_any()
    };
    RecordExtra { notice: None, tools: Some(Box::new(tools)) }
}
