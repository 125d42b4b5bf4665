//! Finding a person by a whole number. The number goes to the server in a request's body and stays out of the address,
//! which the browser remembers and proxies write down.

use super::api::person_find;
use crate::ui::changing::changing;
use crate::ui::label::told;
use domain::person::PersonRow;
use leptos::{html::Dialog, prelude::*};

/// The button beside the list's title, and the dialog behind it.
pub fn find_tool() -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let number = RwSignal::new(String::new());
    // Which opening of the dialog an answer belongs to: one that comes after it was closed is nobody's.
    let opening = RwSignal::new(0_u32);
    let find = Action::new(|(opening, number): &(u32, String)| {
        let (opening, number) = (*opening, number.clone());
        async move { (opening, person_find(number).await) }
    });
    let found = move || find.value().get().filter(|(asked, _)| *asked == opening.get()).map(|(_, answer)| answer);
    let open = move |_| {
        if let Some(dialog) = dialog.get() {
            // It fails only for a dialog that is not in the page.
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let forget = move |_| {
        number.set(String::new());
        opening.update(|opening| *opening += 1);
        find.clear();
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        find.dispatch((opening.get_untracked(), number.get_untracked()));
    };
    let answer = move || match found() {
        None => ().into_any(),
        Some(Err(error)) => {
            let sentence = error.fields().and_then(|fields| fields.get("number").map(ToOwned::to_owned));
            view! { <p class="field-error" role="alert">{sentence.unwrap_or_else(|| error.to_string())}</p> }.into_any()
        }
        Some(Ok(found)) if found.is_empty() => {
            view! { <p role="status">"您的管辖范围内没有该号码的人员"</p> }.into_any()
        }
        Some(Ok(found)) => {
            view! { <ul class="menu w-full">{found.into_iter().map(hit).collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <button type="button" class="btn btn-outline btn-sm" on:click=open>"按号码查找"</button>
        <dialog class="modal" node_ref=dialog on:close=forget aria-labelledby="find-title">
            <div class="modal-box">
                <h2 id="find-title" class="text-lg font-semibold">"按号码查找人员"</h2>
                <form class="flex flex-col gap-3 pt-4" on:submit=submit>
                    <div class="form-field">
                        <label for="find-number">"证件号码、电话或银行账号"</label>
                        <input id="find-number" class="input" required maxlength="40" autocomplete="off" placeholder="须输入完整号码"
                            prop:value=number on:input=move |event| number.set(event_target_value(&event)) />
                    </div>
                    {changing(answer)}
                    <div class="form-buttons">
                        <button type="submit" class="btn btn-primary" disabled=find.pending()>"查找"</button>
                        <button type="button" class="btn btn-ghost" on:click=close>"关闭"</button>
                    </div>
                </form>
            </div>
        </dialog>
    }
    .into_any()
}

fn hit(row: PersonRow) -> impl IntoView {
    view! {
        <li>
            <a href=format!("/persons/{}", row.id)>
                <b>{row.name}</b><span>{told(row.person_type)}</span><span class="tabular-nums">{row.id_number}</span>
            </a>
        </li>
    }
}
