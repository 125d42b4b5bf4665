//! Deleting a person's record, for a reason.

use super::api::person_delete;
use crate::ui::changing::changing;
use crate::ui::toast;
use domain::person::{Person, REASON_MAX};
use leptos::{html::Dialog, prelude::*};
use leptos_router::hooks::use_navigate;

/// The button beside the name, and the dialog behind it.
pub fn delete_tool(person: &Person) -> impl IntoView + use<> {
    let (id, version, name) = (person.id, person.version, person.name.clone());
    let dialog = NodeRef::<Dialog>::new();
    let reason = RwSignal::new(String::new());
    let delete = Action::new(move |reason: &String| {
        let reason = reason.clone();
        async move { person_delete(id, version, reason).await }
    });
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(())) = delete.value().get() {
            toast::tell("已删除人员");
            navigate("/persons", Default::default());
        }
    });
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
        reason.set(String::new());
        delete.clear();
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        delete.dispatch(reason.get_untracked());
    };
    let complaint = move || {
        delete.value().get().and_then(Result::err).map(|error| {
            let field = error.fields().and_then(|fields| fields.get("reason").map(ToOwned::to_owned));
            field.unwrap_or_else(|| error.to_string())
        })
    };
    view! {
        <button type="button" class="btn btn-outline btn-error btn-sm" on:click=open>"删除"</button>
        <dialog class="modal" node_ref=dialog on:close=forget aria-labelledby="delete-title">
            <div class="modal-box">
                <h2 id="delete-title" class="text-lg font-semibold">{format!("删除人员{name}")}</h2>
                <p class="pt-2 text-sm">"仅用于误录的记录：删除后不再显示，证件号码可重新登记，并记入操作日志。"</p>
                <form class="flex flex-col gap-3 pt-4" on:submit=submit>
                    <div class="form-field" class:has-error=move || complaint().is_some()>
                        <label for="delete-reason">"删除原因"<span class="required" aria-hidden="true">"*"</span></label>
                        <input id="delete-reason" class="input" required maxlength=REASON_MAX autocomplete="off" placeholder="如 误录，无此人"
                            aria-describedby="delete-reason-error" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                        <p class="field-error" id="delete-reason-error" role="alert">{changing(complaint)}</p>
                    </div>
                    <div class="form-buttons">
                        <button type="submit" class="btn btn-error" disabled=delete.pending()>"确认删除"</button>
                        <button type="button" class="btn btn-ghost" on:click=close>"取消"</button>
                    </div>
                </form>
            </div>
        </dialog>
    }
}
