//! What is masked, in clear (domain.md §0.5 rule 9, §2.7): the dialog that asks why and shows it once.

use super::changing::changing;
use super::form::Call;
use domain::person::REASON_MAX;
use leptos::{html::Dialog, prelude::*};

/// Opens when something is asked for, asks for the reason, shows the number, and forgets it when it is closed.
pub fn reveal_dialog<S: Copy + Send + Sync + 'static>(
    asked: RwSignal<Option<S>>,
    label: fn(S) -> &'static str,
    reveal: impl Fn(S, String) -> Call<String> + Send + Sync + 'static,
) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let reason = RwSignal::new(String::new());
    // Which opening of the dialog an answer belongs to: one that comes after it was closed is nobody's.
    let opening = RwSignal::new(0_u32);
    let reveal = Action::new(move |(opening, secret, reason): &(u32, S, String)| {
        let (opening, answer) = (*opening, reveal(*secret, reason.clone()));
        async move { (opening, answer.await) }
    });
    let answer = Signal::derive(move || {
        reveal.value().get().filter(|(asked, _)| *asked == opening.get()).map(|(_, answer)| answer)
    });
    Effect::new(move |_| {
        if reveal.value().with(|value| value.as_ref().is_some_and(|(asked, _)| *asked != opening.get_untracked())) {
            reveal.clear();
        }
    });
    Effect::new(move |_| {
        if asked.get().is_some()
            && let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            // It fails only for a dialog that is open or not in the page.
            let _ = dialog.show_modal();
        }
    });
    let forget = move |_| {
        asked.set(None);
        opening.update(|opening| *opening += 1);
        reason.set(String::new());
        reveal.clear();
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(secret) = asked.get_untracked() {
            reveal.dispatch((opening.get_untracked(), secret, reason.get_untracked()));
        }
    };
    let title = move || format!("查看{}明文", asked.get().map_or("", label));
    let complaint = move || match answer.get() {
        Some(Err(error)) => Some(
            error
                .fields()
                .and_then(|fields| fields.get("reason").map(ToOwned::to_owned))
                .unwrap_or_else(|| error.to_string()),
        ),
        _ => None,
    };
    let body = move || {
        match answer.get() {
        Some(Ok(clear)) => view! {
            <p class="py-4 text-xl font-semibold break-all tabular-nums" data-clear>{clear}</p>
            <div class="form-buttons"><button type="button" class="btn btn-primary" on:click=close>"关闭"</button></div>
        }
        .into_any(),
        _ => view! {
            <form class="flex flex-col gap-3 pt-4" on:submit=submit>
                <div class="form-field" class:has-error=move || complaint().is_some()>
                    <label for="reveal-reason">"查看原因"<span class="required" aria-hidden="true">"*"</span></label>
                    <input id="reveal-reason" class="input" required maxlength=REASON_MAX autocomplete="off" placeholder="如 核对租户来电身份"
                        aria-describedby="reveal-reason-error" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                    <p class="field-error" id="reveal-reason-error" role="alert">{changing(complaint)}</p>
                </div>
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=reveal.pending()>"查看"</button>
                    <button type="button" class="btn btn-ghost" on:click=close>"取消"</button>
                </div>
            </form>
        }
        .into_any(),
    }
    };
    view! {
        <dialog class="modal" node_ref=dialog on:close=forget aria-labelledby="reveal-title">
            <div class="modal-box"><h2 id="reveal-title" class="text-lg font-semibold">{changing(title)}</h2>{changing(body)}</div>
        </dialog>
    }
    .into_any()
}

/// The button that asks for the telephone of a record, and its dialog. Only for who may see contacts in clear.
pub fn phone_button(reveal: impl Fn(String) -> Call<String> + Send + Sync + 'static) -> AnyView {
    let asked = RwSignal::new(None::<()>);
    view! {
        <button type="button" class="btn btn-outline btn-sm" on:click=move |_| asked.set(Some(()))>"查看电话明文"</button>
        {reveal_dialog(asked, |()| "联系电话", move |(), reason| reveal(reason))}
    }
    .into_any()
}
