//! Rooms: list and detail.

use super::list_actions;
use crate::{
    ApiError,
    shell::may,
    ui::{
        detail::{RecordPage, record_view, text_cell},
        list::{ListActions, list_page},
    },
};
use domain::{
    housing::room::{ROOM_LIST, Room, RoomRow},
    id::RoomId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    sheet::Cell,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of rooms.
#[server(endpoint = "room_list", input = Json)]
pub async fn room_list(query: ListQuery) -> Result<Page<RoomRow>, ApiError> {
    Ok(store::housing::room::room_list(&crate::context::ctx()?, &query).await?)
}

/// One room.
#[server(endpoint = "room_get", input = Json)]
pub async fn room_get(id: RoomId) -> Result<Room, ApiError> {
    Ok(store::housing::room::room_get(&crate::context::ctx()?, id).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions { export: may(Permission::StockExport), ..ListActions::default() });
    list_page(&ROOM_LIST, actions, room_list)
}

pub(super) fn detail_view() -> AnyView {
    record_view(|id| room_get(RoomId(id)), detail)
}

fn detail(room: Room) -> RecordPage {
    let mut fields = ROOM_LIST.fields(&room.row);
    fields.extend([("所属区县", Cell::text(&room.district)), ("更新人", text_cell(room.updated_by.as_ref()))]);
    RecordPage {
        title: format!("{} {}", room.row.address, room.row.name),
        back: (ROOM_LIST.path, ROOM_LIST.noun),
        links: vec![(format!("/housing/units/{}", room.row.unit_id), "房源资料")],
        groups: vec![("基本信息", fields)],
    }
}
