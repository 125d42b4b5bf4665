//! What a page loads from the server: drawn by the server first, carried inside the page, loaded again in the browser.

use crate::ApiError;
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, pin::Pin};

/// What [`resource`] answers: the value, or why there is none.
pub type Loaded<T> = Resource<Result<T, ApiError>, PageJson>;

/// Loads with `fetch`, again whenever what `source` reads has changed.
///
/// The future is boxed, so that the machinery behind a resource is compiled once for a type of value.
pub fn resource<S, F, T>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    Resource::new_with_options(
        source,
        move |source| Box::pin(fetch(source)) as Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>,
        false,
    )
}

/// How a value travels inside the page: the same JSON as the answer of a server function, read the same way.
///
/// Leptos's own codec reads from `&str`, its server functions from bytes, and `serde_json` compiles the reader of
/// every type once for each (without that 3.09 MB of the browser's code became 2.97).
pub struct PageJson;

impl<T: Serialize> Encoder<T> for PageJson {
    type Encoded = String;
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for PageJson {
    type Encoded = str;
    type Error = serde_json::Error;

    fn decode(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
