//! The browser's entry: wake up what the server has drawn, nothing else.

/// Called by Leptos' hydration script once the WASM is there.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
