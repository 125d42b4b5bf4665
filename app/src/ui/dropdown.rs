//! What opens below a button: the browser's own `<details>`, so it opens before hydration and without JavaScript.
//! Escape closes it and gives the keyboard back to the button; going elsewhere closes it too.

use leptos::{ev, prelude::*, wasm_bindgen::JsCast as _};
use web_sys::{Element, HtmlElement};

/// A button with a form or a list below it.
pub fn dropdown(label: impl IntoView + 'static, content: impl IntoView + 'static) -> AnyView {
    let escape = |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close_dropdown(&event);
        }
    };
    let left = |event: ev::FocusEvent| {
        let Some(details) = around(&event) else { return };
        // Nothing is named where a click meets no control, or the window loses the keyboard: both leave it open.
        let to = event.related_target().and_then(|to| to.dyn_into::<Element>().ok());
        if to.is_some_and(|to| !details.contains(Some(&to))) {
            let _ = details.remove_attribute("open");
        }
    };
    view! {
        <details class="dropdown dropdown-end" on:keydown=escape on:focusout=left>
            <summary class="btn btn-outline btn-sm">{label}</summary>
            <div class="dropdown-content">{content}</div>
        </details>
    }
    .into_any()
}

/// Closes what an event happened in; the keyboard goes back to its button.
pub fn close_dropdown(event: &ev::Event) {
    let Some(details) = around(event).filter(|details| details.has_attribute("open")) else { return };
    let _ = details.remove_attribute("open");
    let button = details.query_selector("summary").ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

fn around(event: &ev::Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest("details").ok().flatten()
}
