//! Entering somebody in a room by hand (S1-5.4): of a home that was taken over, or a co-resident whom the contract names.

use super::api::{binding_create, binding_offer_get};
use crate::ui::{
    PageHead,
    changing::changing,
    empty_view, error_view,
    field::{coded, fixed},
    form::{Deeds, use_edit},
    loading_view,
    person_picker::person_picker,
    resource::resource,
};
use domain::{
    dictionary::{BindingRelation, UnitStatus},
    id::UnitId,
    tenancy::binding::{BindingForm, BindingOffer},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    // Nothing has this id: the form then says where to begin.
    let unit = Memo::new(move |_| query.read().get("unit").and_then(|id| id.parse::<i64>().ok()).unwrap_or(-1));
    let offer = resource(move || unit.get(), |id| binding_offer_get(UnitId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => {
                            let back = (format!("/housing/units/{}", offer.unit_id), offer.place.clone());
                            view! { <PageHead title="登记入住" back=back />{form_view(offer)} }.into_any()
                        }
                        Err(error) => view! { <PageHead title="登记入住" />{error_view(&error)} }.into_any(),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: BindingOffer) -> AnyView {
    if offer.status != UnitStatus::Occupied {
        return empty_view("房源尚未入住，请在“交房入住”中办理交房");
    }
    let (unit, today) = (offer.unit_id, offer.today);
    let rooms: Vec<_> = offer.rooms.iter().map(|room| (room.id.to_string(), room.label())).collect();
    let start = BindingForm {
        unit: unit.to_string(),
        // The only room needs no choice.
        room: rooms.first().filter(|_| rooms.len() == 1).map(|(id, _)| id.clone()).unwrap_or_default(),
        from_on: today.to_string(),
        ..BindingForm::default()
    };
    let deeds = Deeds {
        check: Box::new(move |form: &BindingForm| form.check(today).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move { binding_create(form).await.map(|_| format!("/housing/units/{unit}")) })
        }),
        reload: None,
    };
    let edit = use_edit(start, None, deeds);
    let person = edit.field("person", "人员", true, |form| &mut form.person, ToOwned::to_owned);
    let note = match &offer.tenants {
        None => "该房屋没有履行中的合同，按接管登记",
        Some(_) => "该房屋有履行中的合同，只能登记合同中的承租人和同住人",
    };
    let fields = view! {
        {fixed("place", "房源", offer.place)}
        {edit.select("room", "房间", true, |form| &mut form.room, rooms)}
        {person_picker(person, None)}
        {edit.select("relation", "关系", true, |form| &mut form.relation, coded(BindingRelation::choices()))}
        {edit.text("from_on", "入住日期", true, |form| &mut form.from_on, ("date", ""))}
        <p class="basis-full text-sm opacity-80">{note}</p>
    };
    edit.view(fields, format!("/housing/units/{unit}"))
}
