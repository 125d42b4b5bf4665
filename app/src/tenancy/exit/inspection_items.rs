//! The list of what stands in the home, line by line, with what is broken and what it costs.

use crate::ui::{field::coded, form::Edit, icon, label::told};
use domain::{
    dictionary::ItemState,
    failure::FieldErrors,
    tenancy::{
        exit_inspection::{InspectedForm, InspectionForm},
        hand_over::ITEMS_MAX,
    },
};
use leptos::prelude::*;

type Form = Edit<InspectionForm>;

pub(super) fn items_view(edit: Form) -> AnyView {
    edit.note("验房项目", |form| {
        let line = |item: &InspectedForm| {
            let state = ItemState::from_code(&item.state).map(told).unwrap_or_default();
            format!("{}×{}（{state}{}{}）", item.name, item.quantity, item.damage, item.amount)
        };
        form.items.iter().map(line).collect::<Vec<_>>().join("、")
    });
    // Drawn again when a line comes or goes, and not with every key.
    let count = Memo::new(move |_| edit.form.with(|form| form.items.len()));
    let lines = move || (0..count.get()).map(|place| item_view(edit, place)).collect_view();
    let add = move |_| {
        edit.form.update(|form| {
            let state = ItemState::Good.code().to_owned();
            form.items.push(InspectedForm { quantity: "1".to_owned(), state, ..InspectedForm::default() });
        });
    };
    let full = move || count.get() >= ITEMS_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("items").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"验房项目"</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="验房项目">
            <table class="table table-sm">
                <thead><tr>
                    <th scope="col">"物品"</th><th scope="col">"数量"</th><th scope="col">"状态"</th>
                    <th scope="col">"损坏情况"</th><th scope="col">"赔偿(元)"</th><th scope="col">"操作"</th>
                </tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <div class="form-note">
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>{icon("add")}"添加项目"</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn item_view(edit: Form, place: usize) -> impl IntoView {
    let number = place + 1;
    let text = move |read: fn(&InspectedForm) -> &String| {
        move || edit.form.with(|form| form.items.get(place).map(|item| read(item).clone()).unwrap_or_default())
    };
    let write = move |text: fn(&mut InspectedForm) -> &mut String, value: String| {
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
    let state = text(|item| &item.state);
    let states = coded(ItemState::choices())
        .all()
        .into_iter()
        .map(|(code, label)| {
            let own = code.clone();
            view! { <option value=code selected=move || state() == own>{label}</option> }
        })
        .collect_view();
    let (name, quantity) = (text(|item| &item.name), text(|item| &item.quantity));
    let (damage, amount) = (text(|item| &item.damage), text(|item| &item.amount));
    view! {
        <tr>
            <td><input type="text" class="input input-sm w-full" name=format!("item-{number}-name") maxlength="50" aria-label=format!("第{number}项物品") prop:value=name on:input=move |event| write(|item| &mut item.name, event_target_value(&event)) /></td>
            <td><input type="text" inputmode="numeric" class="input input-sm w-16" name=format!("item-{number}-quantity") aria-label=format!("第{number}项数量") prop:value=quantity on:input=move |event| write(|item| &mut item.quantity, event_target_value(&event)) /></td>
            <td><select class="select select-sm" name=format!("item-{number}-state") aria-label=format!("第{number}项状态") prop:value=state on:change=move |event| write(|item| &mut item.state, event_target_value(&event))>{states}</select></td>
            <td><input type="text" class="input input-sm w-full" name=format!("item-{number}-damage") maxlength="100" aria-label=format!("第{number}项损坏情况") prop:value=damage on:input=move |event| write(|item| &mut item.damage, event_target_value(&event)) /></td>
            <td><input type="text" inputmode="decimal" class="input input-sm w-24" name=format!("item-{number}-amount") aria-label=format!("第{number}项赔偿金额") prop:value=amount on:input=move |event| write(|item| &mut item.amount, event_target_value(&event)) /></td>
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除第{number}项") on:click=remove>"移除"</button></td>
        </tr>
    }
}
