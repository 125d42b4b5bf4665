//! The room form (E-14): new in a unit, and change.

use crate::{
    housing::{
        room::{room_create, room_get, room_update},
        unit::api::unit_get,
        use_id,
    },
    ui::{
        PageHead,
        changing::changing,
        error_view,
        field::{coded, fixed},
        form::{Deeds, Newer, Reload, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{RoomType, UseStatus},
    housing::room::{Room, RoomForm},
    id::{RoomId, UnitId},
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn new_view() -> AnyView {
    let id = use_id();
    let unit = resource(move || id.get(), |id| unit_get(UnitId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match unit.await {
                        Ok(unit) => {
                            let back = (format!("/housing/units/{}", unit.id), unit.address.clone());
                            view! { <PageHead title="新增房间" back=back />{form_view(unit.id, unit.address, None)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub fn edit_view() -> AnyView {
    let id = use_id();
    let room = resource(move || id.get(), |id| room_get(RoomId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match room.await {
                        Ok(room) => {
                            let row = &room.row;
                            let back = (format!("/housing/rooms/{}", row.id), format!("{} {}", row.address, row.name));
                            let (unit, address) = (row.unit_id, row.address.clone());
                            view! { <PageHead title="编辑房间" back=back />{form_view(unit, address, Some(room))} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// A room is always bound to a unit (S1-4.2), which no field changes.
fn form_view(unit: UnitId, address: String, room: Option<Room>) -> AnyView {
    let known = room.as_ref().map(|room| room.row.id);
    let start = room.as_ref().map_or_else(
        || RoomForm {
            kind: RoomType::Room.code().to_owned(),
            status: UseStatus::On.code().to_owned(),
            ..RoomForm::default()
        },
        RoomForm::from,
    );
    let deeds = Deeds {
        check: Box::new(|form: &RoomForm| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                match known.zip(version) {
                    Some((id, version)) => {
                        room_update(id, version, form).await.map(|()| format!("/housing/rooms/{id}"))
                    }
                    None => room_create(unit, form).await.map(|_| format!("/housing/units/{unit}")),
                }
            })
        }),
        reload: known.map(|id| -> Reload<RoomForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let room = room_get(id).await?;
                    let form = RoomForm::from(&room);
                    Ok(Newer { form, version: room.version, at: room.row.updated_at, by: room.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, room.as_ref().map(|room| room.version), deeds);
    let fields = view! {
        {fixed("unit", "房源", address)}
        {edit.text("name", "房间名", true, |form| &mut form.name, ("text", "如 A，同一房源内不得重复"))}
        {edit.select("kind", "类型", true, |form| &mut form.kind, coded(RoomType::choices()))}
        {edit.text("area", "面积(㎡)", false, |form| &mut form.area, ("text", "最多2位小数"))}
        {edit.text("capacity", "可住人数", false, |form| &mut form.capacity, ("text", "1至12"))}
        {edit.text("bed_count", "床位数", false, |form| &mut form.bed_count, ("text", ""))}
        {edit.text("property_rate", "物业费单价(元/㎡·月)", false, |form| &mut form.property_rate, ("text", "最多4位小数"))}
        {edit.select("status", "状态", true, |form| &mut form.status, coded(UseStatus::choices()))}
    };
    edit.view(fields, known.map_or_else(|| format!("/housing/units/{unit}"), |id| format!("/housing/rooms/{id}")))
}
