//! The fields of a hand-over: the deed, who moves in, and what stands in the home.

use crate::ui::{field::coded, form::Edit, icon, label::told};
use domain::{
    dictionary::{ItemState, Relation},
    failure::FieldErrors,
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
            <p class="field-error" id="signed-error" role="alert">{complaint}</p>
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
        <p class="field-error form-title" role="alert">{complaint}</p>
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
pub(super) fn items_view(edit: Form) -> AnyView {
    edit.note("物品清单", |form| {
        let line = |item: &ItemForm| {
            let state = ItemState::from_code(&item.state).map(told).unwrap_or_default();
            format!("{}×{}（{state}）", item.name, item.quantity)
        };
        form.items.iter().map(line).collect::<Vec<_>>().join("、")
    });
    // Drawn again when a line comes or goes, and not with every key.
    let count = Memo::new(move |_| edit.form.with(|form| form.items.len()));
    let lines = move || (0..count.get()).map(|place| item_view(edit, place)).collect_view();
    let add = move |_| {
        edit.form.update(|form| {
            let state = ItemState::Good.code().to_owned();
            form.items.push(ItemForm { name: String::new(), quantity: "1".to_owned(), state });
        });
    };
    let full = move || count.get() >= ITEMS_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("items").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"物品清单"</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="物品清单">
            <table class="table table-sm">
                <thead><tr><th scope="col">"物品"</th><th scope="col">"数量"</th><th scope="col">"状态"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <div class="form-note">
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>{icon("add")}"添加物品"</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn item_view(edit: Form, place: usize) -> impl IntoView {
    let number = place + 1;
    let text = move |read: fn(&ItemForm) -> &String| {
        move || edit.form.with(|form| form.items.get(place).map(|item| read(item).clone()).unwrap_or_default())
    };
    let write = move |text: fn(&mut ItemForm) -> &mut String, value: String| {
        edit.form.update(|form| {
            if let Some(item) = form.items.get_mut(place) {
                *text(item) = value;
            }
        });
    };
    let remove = move |_| {
        // What was complained about stood at a place that is another one now.
        edit.errors.set(FieldErrors::default());
        edit.form.update(|form| {
            if place < form.items.len() {
                form.items.remove(place);
            }
        });
    };
    let (name, quantity, state) = (text(|item| &item.name), text(|item| &item.quantity), text(|item| &item.state));
    let states = coded(ItemState::choices())
        .all()
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            view! { <option value=code selected=move || state() == own>{label}</option> }
        })
        .collect_view();
    view! {
        <tr>
            <td><input type="text" class="input input-sm w-full" name=format!("item-{number}-name") maxlength="50" aria-label=format!("第{number}项物品") prop:value=name on:input=move |event| write(|item| &mut item.name, event_target_value(&event)) /></td>
            <td><input type="text" inputmode="numeric" class="input input-sm w-20" name=format!("item-{number}-quantity") aria-label=format!("第{number}项数量") prop:value=quantity on:input=move |event| write(|item| &mut item.quantity, event_target_value(&event)) /></td>
            <td><select class="select select-sm" name=format!("item-{number}-state") aria-label=format!("第{number}项状态") prop:value=state on:change=move |event| write(|item| &mut item.state, event_target_value(&event))>{states}</select></td>
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除第{number}项") on:click=remove>"移除"</button></td>
        </tr>
    }
}
