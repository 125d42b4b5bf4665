//! The number of a request: drawn once per deed, so that what is sent twice is done once (domain.md §0.5 rule 10).

use leptos::{prelude::*, wasm_bindgen::JsCast as _};

/// A random UUID of the browser's own; empty where the browser has no random source, and then no form takes it.
#[must_use]
pub fn request_id() -> String {
    let Ok(crypto) = js_sys::Reflect::get(&window(), &"crypto".into()) else { return String::new() };
    let method = |name: &str| js_sys::Reflect::get(&crypto, &name.into()).ok()?.dyn_into::<js_sys::Function>().ok();
    // Only pages that came over HTTPS, or from this very machine, have it.
    if let Some(drawn) = method("randomUUID").and_then(|draw| draw.call0(&crypto).ok()?.as_string()) {
        return drawn;
    }
    let array = js_sys::Uint8Array::new_with_length(16);
    if method("getRandomValues").and_then(|fill| fill.call1(&crypto, &array).ok()).is_none() {
        return String::new();
    }
    let mut bytes = [0_u8; 16];
    array.copy_to(&mut bytes);
    // Version 4, variant 1 (RFC 9562).
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
