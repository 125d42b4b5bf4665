//! GET forms that are taken as links: the page stays and the address gets what stands in the fields. Without the program
//! the browser itself goes there.

use leptos::{ev::SubmitEvent, wasm_bindgen::JsCast as _};
use leptos_router::hooks::use_navigate;

/// What a GET form does when it is sent. It lives as long as the form does, also while what is around it is loaded again.
pub fn use_visit() -> impl Fn(SubmitEvent) + Clone + Send + Sync + 'static {
    let navigate = use_navigate();
    move |event: SubmitEvent| {
        let form = event.target().and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok());
        if let Some(href) = form.and_then(|form| address(&form)) {
            event.prevent_default();
            navigate(&href, Default::default());
        }
    }
}

/// Where the browser would go.
fn address(form: &web_sys::HtmlFormElement) -> Option<String> {
    let fields = web_sys::FormData::new_with_form(form).ok()?;
    let query = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some(format!("{}?{}", form.get_attribute("action")?, String::from(query.to_string())))
}
