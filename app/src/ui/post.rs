//! Forms of server functions: sent by the program, and by the browser itself before the program is alive or without it.
//!
//! Leptos' own `ActionForm` reads its fields with the decoder of addresses, which is 30 KB of what every page loads.

use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn, wasm_bindgen::JsCast as _};

/// What stands in the fields of a form that is being sent.
pub struct Sent(web_sys::FormData);

impl Sent {
    /// One field's text; empty when the form has none of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.0.get(name).as_string().unwrap_or_default()
    }
}

/// A form that calls a server function; `read` makes its arguments of the fields.
pub fn post_form<F>(
    action: ServerAction<F>,
    read: fn(&Sent) -> F,
    class: &'static str,
    fields: impl IntoView + 'static,
) -> AnyView
where
    F: ServerFn + Clone + Send + Sync + 'static,
    F::Output: Send + Sync + 'static,
    F::Error: Send + Sync + 'static,
{
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok());
        if let Some(form) = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()) {
            action.dispatch(read(&Sent(form)));
        }
    };
    view! { <form method="post" action=F::url() class=class on:submit=send>{fields.into_any()}</form> }.into_any()
}
