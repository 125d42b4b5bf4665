//! What changes on a page, as views of one type.
//!
//! Leptos compiles for each type that a closure answers, and for each closure that stands there by a name, how it is drawn, taken
//! over, awaited and drawn again: up to three kilobytes of what a browser loads, hundreds of times. Boxed they are all the same.

use super::{error_view, loading_view, resource::Loaded};
use leptos::{prelude::*, tachys::view::any_view::IntoAny};
use serde::de::DeserializeOwned;

/// What `view` shows, drawn again when what it reads has changed.
pub fn changing<V: IntoAny>(mut view: impl FnMut() -> V + Send + 'static) -> AnyView {
    let view: Box<dyn FnMut() -> AnyView + Send> = Box::new(move || view().into_any());
    view.into_any()
}

/// What `view` makes of a value that is loaded: until it is there a sign of that, and why it is not when it failed.
pub fn awaited<T: Clone + DeserializeOwned + Send + Sync + 'static>(
    loaded: Loaded<T>,
    view: impl Fn(T) -> AnyView + Clone + Send + 'static,
) -> AnyView {
    let answer = move || {
        let view = view.clone();
        Suspend::new(async move {
            match loaded.await {
                Ok(value) => view(value),
                Err(error) => error_view(&error),
            }
        })
    };
    view! { <Transition fallback=loading_view>{changing(answer)}</Transition> }.into_any()
}
