//! The fields of a hand-over: the deed, who moves in, and what stands in the home.

use crate::ui::{
    changing::changing,
    form::Edit,
    label::told,
    lines::{LineCell, LineKind, Lines, always},
};
use domain::{
    dictionary::{ItemState, Relation},
    tenancy::hand_over::{HandOverForm, HandOverOffer, ITEMS_MAX, ItemForm, Occupant},
};
use leptos::prelude::*;

type Form = Edit<HandOverForm>;

/// Day, keys, meters and signature.
pub(super) fn deed_fields(edit: Form) -> AnyView {
    let held = move || edit.form.with(|form| form.signed);
    let toggle = move |event| {
        let checked = event_target_checked(&event);
        edit.form.update(|form| form.signed = checked);
    };
    let complaint = move || edit.errors.with(|errors| errors.get("signed").map(ToOwned::to_owned));
    let invalid = move || edit.errors.with(|errors| errors.get("signed").is_some()).then_some("true");
    view! {
        <h2 class="form-section">"交房"</h2>
        {edit.text("handed_on", "交房日期", true, |form| &mut form.handed_on, ("date", ""))}
        {edit.text("keys", "钥匙数", true, |form| &mut form.keys, ("text", "把"))}
        {edit.text("water", "水表读数", false, |form| &mut form.water, ("text", "没有则留空"))}
        {edit.text("power", "电表读数", false, |form| &mut form.power, ("text", "没有则留空"))}
        {edit.text("gas", "气表读数", false, |form| &mut form.gas, ("text", "没有则留空"))}
        {edit.text("heat", "热表读数", false, |form| &mut form.heat, ("text", "没有则留空"))}
        {edit.text("signed_by", "签收人", true, |form| &mut form.signed_by, ("text", "承租人或其委托的人"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "委托他人签收的请注明"))}
        <div class="form-field check-field" class:has-error=move || complaint().is_some()>
            <label class="check-box">
                <input type="checkbox" id="signed" name="signed" class="checkbox checkbox-sm" checked=held prop:checked=held aria-invalid=invalid aria-describedby="signed-error" on:change=toggle />
                "签收人已在交房确认单上签字"
            </label>
            <p class="field-error" id="signed-error" role="alert">{changing(complaint)}</p>
        </div>
    }
    .into_any()
}

/// A room for everybody whom the contract names.
pub(super) fn people_view(edit: Form, offer: &HandOverOffer) -> AnyView {
    let complaint = move || edit.errors.with(|errors| errors.get("occupants").map(ToOwned::to_owned));
    let rows =
        offer.people.iter().enumerate().map(|(place, one)| occupant_view(edit, place, one, offer)).collect_view();
    view! {
        <h2 class="form-section">"入住人员"</h2>
        {rows}
        <p class="field-error form-title" role="alert">{changing(complaint)}</p>
        <p class="form-note">"办理后即登记为该房间的入住人员；暂不入住的同住人，入住时在房源页面登记。"</p>
    }
    .into_any()
}

fn occupant_view(edit: Form, place: usize, one: &Occupant, offer: &HandOverOffer) -> impl IntoView + use<> {
    let lessee = one.relation == Relation::Oneself;
    let who = if lessee { "承租人".to_owned() } else { format!("同住人，{}", told(one.relation)) };
    let label = format!("{}（{who}）", one.name);
    let name = format!("occupant-{place}");
    let chosen =
        move || edit.form.with(|form| form.occupants.get(place).map(|one| one.room.clone()).unwrap_or_default());
    let set = move |event| {
        let room = event_target_value(&event);
        edit.form.update(|form| {
            if let Some(one) = form.occupants.get_mut(place) {
                one.room = room;
            }
        });
    };
    let options = offer
        .rooms
        .iter()
        .map(|room| {
            let (id, label) = (room.id.to_string(), room.label());
            let own = id.clone();
            let selected = move || edit.form.with(|form| form.occupants.get(place).is_some_and(|one| one.room == own));
            view! { <option value=id selected=selected>{label}</option> }
        })
        .collect_view();
    view! {
        <div class="form-field">
            <label for=name.clone()>{label}{lessee.then(|| view! { <span class="required" aria-hidden="true">"*"</span> })}</label>
            <select id=name.clone() name=name class="select" required=lessee prop:value=chosen on:change=set>
                <option value="">{if lessee { "请选择" } else { "暂不入住" }}</option>
                {options}
            </select>
        </div>
    }
}

/// The list of what stands in the home, line by line.
pub(super) static ITEMS: Lines<HandOverForm, ItemForm> = Lines {
    field: "items",
    title: "物品清单",
    line: "item",
    unit: "项",
    most: ITEMS_MAX,
    read: |form| &form.items,
    write: |form| &mut form.items,
    blank: || ItemForm { name: String::new(), quantity: "1".to_owned(), state: ItemState::Good.code().to_owned() },
    add: "添加物品",
    hint: "",
    told: |item| {
        let state = ItemState::from_code(&item.state).map(told).unwrap_or_default();
        format!("{}×{}（{state}）", item.name, item.quantity)
    },
    cells: CELLS,
};

#[rustfmt::skip] // a table: one line per cell
const CELLS: &[LineCell<ItemForm>] = &[
    LineCell { header: "物品", name: "name", says: "物品", kind: LineKind::Text(50), class: "w-full", text: |item| &mut item.name, off: always },
    LineCell { header: "数量", name: "quantity", says: "数量", kind: LineKind::Count, class: "w-20", text: |item| &mut item.quantity, off: always },
    LineCell { header: "状态", name: "state", says: "状态", kind: LineKind::Choice(ItemState::choices), class: "", text: |item| &mut item.state, off: always },
];
