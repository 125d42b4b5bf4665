//! Rooms: list.

use super::list_actions;
use crate::{
    ApiError,
    ui::list::{ListActions, list_page},
};
use domain::{
    housing::room::{ROOM_LIST, RoomRow},
    list::{ListQuery, Page},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of rooms.
#[server(endpoint = "room_list", input = Json)]
pub async fn room_list(query: ListQuery) -> Result<Page<RoomRow>, ApiError> {
    Ok(store::housing::room::room_list(&crate::context::ctx()?, &query).await?)
}

pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        export: crate::shell::may(domain::platform::permission::Permission::StockExport),
        ..ListActions::default()
    });
    list_page(&ROOM_LIST, actions, room_list)
}
