//! A dialog over the page: the browser's own, which keeps the focus inside and closes with Escape.

use super::changing::changing;
use leptos::{html::Dialog, prelude::*};

/// Shows its content while `open` is true; closing it by any means makes `open` false.
#[component]
pub fn Ask(open: RwSignal<bool>, #[prop(into)] title: Signal<String>, children: ChildrenFn) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            // It fails only for a dialog that is not in the page.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // What the title is made of may be gone a moment before the dialog is.
    let title = move || title.try_get().unwrap_or_default();
    view! {
        <dialog class="modal" node_ref=dialog on:close=move |_| open.set(false) aria-label=title>
            <div class="modal-box">
                <h2 class="text-lg font-semibold">{changing(title)}</h2>
                {changing(move || open.get().then(|| children()))}
            </div>
        </dialog>
    }
}
