//! Deleting one record: asked about first, refused with the rule's sentence, and then back to where it stood.

use super::{changing::changing, form::Call, icon, toast};
use leptos::{html::Dialog, prelude::*};
use leptos_router::hooks::use_navigate;

/// The button 删除 of a record's page, with its question. `back` is where one goes on afterwards.
pub fn delete_button(
    noun: &'static str,
    name: String,
    back: String,
    delete: impl Fn() -> Call<()> + Send + Sync + 'static,
) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let act = Action::new(move |(): &()| delete());
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(())) = act.value().get() {
            toast::tell(&format!("已删除{noun}"));
            navigate(&back, Default::default());
        }
    });
    let open = move |_| {
        act.clear();
        if let Some(dialog) = dialog.get() {
            // It fails only for a dialog that is open or not in the page.
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let refused = move || act.value().get().and_then(Result::err).map(|error| error.to_string());
    view! {
        <button type="button" class="btn btn-outline btn-sm" on:click=open>{icon("delete")}"删除"</button>
        <dialog class="modal" node_ref=dialog aria-labelledby="delete-title">
            <div class="modal-box">
                <h2 id="delete-title" class="text-lg font-semibold">{format!("删除{noun}")}</h2>
                <p class="py-3">{format!("确定删除{noun}“{name}”吗？删除后不再显示，操作日志中保留记录。")}</p>
                <p class="field-error" role="alert">{changing(refused)}</p>
                <div class="form-buttons">
                    <button type="button" class="btn btn-error" disabled=act.pending() on:click=move |_| { act.dispatch(()); }>"确定删除"</button>
                    <button type="button" class="btn btn-ghost" on:click=close>"取消"</button>
                </div>
            </div>
        </dialog>
    }
    .into_any()
}
