//! Scripts and styles that only some pages need: fetched on first use, from our own package folder.

use leptos::{prelude::*, wasm_bindgen::JsCast as _};
use wasm_bindgen_futures::JsFuture;

/// The folder of the browser bundle, e.g. `/pkg/0123456789abcdef`.
#[must_use]
pub fn package_path() -> String {
    document().document_element().and_then(|root| root.get_attribute("data-package")).unwrap_or_default()
}

/// Loads a script once; answers whether it is there. One that failed leaves no trace, so that the next asker tries
/// anew instead of waiting for what will not come.
pub async fn load_script(name: &'static str) -> bool {
    let id = format!("script-{}", name.replace('.', "-"));
    let script = match document().get_element_by_id(&id) {
        Some(script) => script,
        None => {
            let Ok(script) = document().create_element("script") else { return false };
            script.set_id(&id);
            let _ = script.set_attribute("src", &format!("{}/{name}", package_path()));
            if let Some(head) = document().head() {
                let _ = head.append_child(&script);
            }
            script
        }
    };
    if script.has_attribute("data-loaded") {
        return true;
    }
    let waiting = script.clone();
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        let marked = waiting.clone();
        let loaded = leptos::wasm_bindgen::closure::Closure::once_into_js(move || {
            let _ = marked.set_attribute("data-loaded", "");
            let _ = resolve.call0(&leptos::wasm_bindgen::JsValue::NULL);
        });
        let _ = waiting.add_event_listener_with_callback("load", loaded.unchecked_ref());
        let _ = waiting.add_event_listener_with_callback("error", &reject);
    });
    let loaded = JsFuture::from(promise).await.is_ok();
    if !loaded {
        script.remove();
    }
    loaded
}

/// Loads a style sheet once.
pub fn load_style(name: &'static str) {
    let id = format!("style-{}", name.replace('.', "-"));
    if document().get_element_by_id(&id).is_some() {
        return;
    }
    if let (Ok(link), Some(head)) = (document().create_element("link"), document().head()) {
        link.set_id(&id);
        let _ = link.set_attribute("rel", "stylesheet");
        let _ = link.set_attribute("href", &format!("{}/{name}", package_path()));
        let _ = head.append_child(&link);
    }
}

/// Pixels of the page's letters; what is drawn in pixels (charts, map marks) grows with them, so that
/// a wall can be read from across the room.
#[must_use]
pub fn letter_size() -> f64 {
    let root = document().document_element().and_then(|root| window().get_computed_style(&root).ok().flatten());
    let size = root.and_then(|style| style.get_property_value("font-size").ok());
    size.and_then(|size| size.trim_end_matches("px").parse().ok()).unwrap_or(16.0)
}
