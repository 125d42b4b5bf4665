//! Leaving a form that was changed asks first: by a link, by the browser's back, or by closing the tab.
//!
//! It looks at the fields themselves, so one piece serves every form; what is typed and taken back is no change.

use crate::shell::LEAVE;
use leptos::{
    __reexports::send_wrapper::SendWrapper,
    ev,
    html::{Dialog, Form},
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use std::fmt::Write as _;
use web_sys::{Element, HtmlAnchorElement, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

/// Where somebody was on the way to.
#[derive(Clone)]
enum Way {
    Link(SendWrapper<HtmlAnchorElement>),
    Back,
}

/// Guards a form; answers the question's dialog, which stands beside the form.
pub fn guard(form: NodeRef<Form>) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    // What the form holds, and its address, when a hand first comes near it: by then all that was loaded is there.
    let start = StoredValue::new(None::<(String, String)>);
    let way = StoredValue::new(None::<Way>);
    let free = StoredValue::new(false);
    let changed = move || {
        let held = form.get_untracked().map(|form| content(&form));
        let start = start.try_get_value().flatten().map(|(content, _)| content);
        !free.get_value() && start.is_some() && held != start
    };
    let ask = move |to: Way| {
        way.set_value(Some(to));
        if let Some(dialog) = dialog.get_untracked() {
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
    };
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        let first = Closure::<dyn Fn()>::new({
            let form = form.clone();
            move || {
                start.update_value(|start| {
                    start.get_or_insert_with(|| (content(&form), window().location().href().unwrap_or_default()));
                })
            }
        });
        let _ = form.add_event_listener_with_callback("focusin", first.as_ref().unchecked_ref());
        let here = move || start.try_get_value().flatten().map(|(_, address)| address);
        let kept = SendWrapper::new((first, Watch::new(changed, here, ask)));
        on_cleanup(move || drop(kept));
    });
    let stay = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let leave = move |event: ev::MouseEvent| {
        free.set_value(true);
        stay(event);
        match way.get_value() {
            Some(Way::Link(link)) => link.click(),
            Some(Way::Back) => drop(window().history().map(|history| history.back())),
            None => {}
        }
    };
    view! {
        <dialog class="modal" node_ref=dialog aria-labelledby="leave-title">
            <div class="modal-box">
                <h2 id="leave-title" class="text-lg font-semibold">"内容尚未保存"</h2>
                <p class="py-3">"离开后，已填写的内容将丢失。"</p>
                <div class="form-buttons">
                    <button type="button" class="btn btn-primary" on:click=stay>"继续填写"</button>
                    <button type="button" class="btn btn-outline" on:click=leave>"放弃并离开"</button>
                </div>
            </div>
        </dialog>
    }
    .into_any()
}

/// What a form's fields hold, in one text to compare; what only searches is no content.
fn content(form: &HtmlFormElement) -> String {
    let mut text = String::new();
    let Ok(found) = form.query_selector_all("input:not([type=search]):not([readonly]), select, textarea") else {
        return text;
    };
    for field in (0..found.length()).filter_map(|place| found.item(place)) {
        let value = if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
            if matches!(input.type_().as_str(), "checkbox" | "radio") {
                input.checked().to_string()
            } else {
                input.value()
            }
        } else if let Some(select) = field.dyn_ref::<HtmlSelectElement>() {
            select.value()
        } else {
            field.dyn_ref::<HtmlTextAreaElement>().map(HtmlTextAreaElement::value).unwrap_or_default()
        };
        let _ = write!(text, "{value}\u{1f}");
    }
    text
}

/// The three ways out, watched for as long as the form is there.
struct Watch {
    click: Closure<dyn Fn(web_sys::MouseEvent)>,
    back: Closure<dyn Fn(web_sys::Event)>,
    close: Closure<dyn Fn(web_sys::Event)>,
}

impl Watch {
    fn new(
        changed: impl Fn() -> bool + Copy + 'static,
        here: impl Fn() -> Option<String> + 'static,
        ask: impl Fn(Way) + Copy + 'static,
    ) -> Self {
        let click = Closure::<dyn Fn(web_sys::MouseEvent)>::new(move |event: web_sys::MouseEvent| {
            if let Some(link) = left_by(&event).filter(|_| changed()) {
                event.prevent_default();
                event.stop_propagation();
                ask(Way::Link(SendWrapper::new(link)));
            }
        });
        let back = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let Some(here) = here().filter(|_| changed()) else { return };
            // The browser has gone already, the router will not: the form's address is put on top again.
            event.prevent_default();
            let null = leptos::wasm_bindgen::JsValue::NULL;
            let _ = window().history().and_then(|history| history.push_state_with_url(&null, "", Some(&here)));
            ask(Way::Back);
        });
        let close = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            if changed() {
                event.prevent_default();
            }
        });
        let page = document();
        // Capturing: in front of the router, which listens to clicks further out.
        let _ = page.add_event_listener_with_callback_and_bool("click", click.as_ref().unchecked_ref(), true);
        let _ = page.add_event_listener_with_callback(LEAVE, back.as_ref().unchecked_ref());
        let _ = window().add_event_listener_with_callback("beforeunload", close.as_ref().unchecked_ref());
        Self { click, back, close }
    }
}

/// The link by which a click leaves the page; none when it opens another tab, a download or a place on this page.
fn left_by(event: &web_sys::MouseEvent) -> Option<HtmlAnchorElement> {
    if event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0 {
        return None;
    }
    let at = event.target()?.dyn_into::<Element>().ok()?;
    let link = at.closest("a[href]").ok()??.dyn_into::<HtmlAnchorElement>().ok()?;
    let here = link.get_attribute("href").is_some_and(|href| href.starts_with('#'));
    let stays = here || !link.target().is_empty() || link.has_attribute("download");
    (!stays).then_some(link)
}

impl Drop for Watch {
    fn drop(&mut self) {
        let page = document();
        let _ = page.remove_event_listener_with_callback_and_bool("click", self.click.as_ref().unchecked_ref(), true);
        let _ = page.remove_event_listener_with_callback(LEAVE, self.back.as_ref().unchecked_ref());
        let _ = window().remove_event_listener_with_callback("beforeunload", self.close.as_ref().unchecked_ref());
    }
}
