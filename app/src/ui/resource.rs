//! What a page loads from the server: drawn by the server first, carried inside the page, loaded again in the browser.

use crate::ApiError;
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, pin::Pin};

/// What [`resource`] answers: the value, or why there is none.
pub type Loaded<T> = Resource<Result<T, ApiError>, Carried>;

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

/// How a value travels inside the page: as the answer of a server function does, read by the same code.
pub struct Carried;

impl<T: Serialize> Encoder<T> for Carried {
    type Encoded = Vec<u8>;
    type Error = postcard::Error;

    fn encode(value: &T) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_allocvec(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Carried {
    type Encoded = [u8];
    type Error = postcard::Error;

    fn decode(bytes: &[u8]) -> Result<T, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}
