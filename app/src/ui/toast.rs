//! Short notices in the corner: that something was done, on whatever page one goes on. The shell holds the place
//! ([`PLACE`], a live region); style says how long a notice stays, and lets it wait under hand or keyboard.
//!
//! Made of plain elements and not of a view, so that no page loads more than an empty place for it.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use web_sys::Element;

/// The id of the live region.
pub const PLACE: &str = "toasts";

/// Says that something was done: `已保存`.
pub fn tell(sentence: &str) {
    note(sentence, "done");
}

/// Says that something failed where the page itself has no place to say so; stays until it is closed.
pub fn tell_failure(sentence: &str) {
    note(sentence, "failed");
}

fn note(sentence: &str, tone: &str) {
    let page = document();
    let Some(place) = page.get_element_by_id(PLACE) else { return };
    let made = (page.create_element("div"), page.create_element("span"), page.create_element("button"));
    let (Ok(note), Ok(text), Ok(close)) = made else { return };
    note.set_class_name("toast-note");
    let _ = note.set_attribute("data-tone", tone);
    text.set_text_content(Some(sentence));
    close.set_class_name("btn btn-ghost btn-sm btn-square");
    let _ = close.set_attribute("type", "button");
    let _ = close.set_attribute("aria-label", "关闭通知");
    close.set_text_content(Some("✕"));
    removed_on("animationend", &note, &note);
    removed_on("click", &close, &note);
    let _ = note.append_child(&text);
    let _ = note.append_child(&close);
    let _ = place.append_child(&note);
}

/// What ends a notice: its time, or whoever closes it.
fn removed_on(event: &str, source: &Element, note: &Element) {
    let note = note.clone();
    let call = Closure::once_into_js(move || note.remove());
    let _ = source.add_event_listener_with_callback(event, call.unchecked_ref());
}
