//! The browser's entry: wake up what the server has drawn, nothing else.

use leptos::{mount::hydrate_from_async, prelude::document};

/// Called by Leptos' hydration script once the WASM is there. `hydrate_lazy` does the same, but does not tell when
/// the open page's own module has arrived and its buttons work; `data-hydrated` does, for tests and screenshots.
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let body = document().body().expect("the server writes a body");
    hydrate_from_async(body.clone(), app::App).await.forget();
    body.set_attribute("data-hydrated", "").expect("a plain attribute name");
}
