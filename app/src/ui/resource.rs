//! What a page loads from the server: drawn by the server first, carried inside the page, loaded again in the browser.
//!
//! To Leptos all pages load the same thing, [`Held`], from the same kind of source, so its machinery is compiled once and
//! not once for a page. What a page really loads is known by its type where it is fetched and where it is read.

use crate::ApiError;
use domain::failure::Failure;
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{any::Any, future::IntoFuture, marker::PhantomData, pin::Pin, sync::Arc};

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What [`resource`] answers: the value, or why there is none.
pub struct Loaded<T> {
    held: Resource<Held, HeldCarried>,
    read: PhantomData<fn() -> T>,
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loaded<T> {}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Loaded<T> {
    /// The value as it is now, `None` before there is one; whoever asks is told when it changes.
    pub fn get(&self) -> Option<Result<T, ApiError>> {
        self.held.get().map(|held| held.read())
    }
}

impl<T> Loaded<T> {
    /// Loads again; what was loaded before stays until then.
    pub fn refetch(&self) {
        self.held.refetch();
    }
}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> IntoFuture for Loaded<T> {
    type Output = Result<T, ApiError>;
    type IntoFuture = Later<Result<T, ApiError>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.held.await.read() })
    }
}

/// Loads with `fetch`, again whenever what `source` reads has changed.
pub fn resource<S, F, T>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
    T: Serialize + Send + Sync + 'static,
{
    let held = load(
        Box::new(move || Source(Arc::new(source()))),
        Box::new(move |source| match source.0.value().downcast_ref::<S>() {
            Some(source) => {
                let answer = fetch(source.clone());
                Box::pin(async move { Held::new(answer.await) })
            }
            None => unreachable!("a source of another resource"),
        }),
    );
    Loaded { held, read: PhantomData }
}

/// All of a resource that does not know types.
fn load(
    source: Box<dyn Fn() -> Source + Send + Sync>,
    fetch: Box<dyn Fn(Source) -> Later<Held> + Send + Sync>,
) -> Resource<Held, HeldCarried> {
    Resource::new_with_options(source, fetch, false)
}

/// What a resource is loaded by.
#[derive(Clone)]
struct Source(Arc<dyn Compared>);

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other.0.value())
    }
}

/// A value of any type that can be held against another.
trait Compared: Send + Sync {
    fn value(&self) -> &dyn Any;
    fn is(&self, other: &dyn Any) -> bool;
}

impl<S: PartialEq + Send + Sync + 'static> Compared for S {
    fn value(&self) -> &dyn Any {
        self
    }

    fn is(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

/// A `Result<T, ApiError>` of some `T`: as a value where it was fetched, and as the page's bytes where it came with those.
#[derive(Clone)]
enum Held {
    Value {
        value: Arc<dyn Any + Send + Sync>,
        #[cfg(feature = "ssr")]
        encode: fn(&(dyn Any + Send + Sync)) -> Result<Vec<u8>, postcard::Error>,
    },
    Bytes(Arc<[u8]>),
}

impl Held {
    fn new<T: Serialize + Send + Sync + 'static>(answer: Result<T, ApiError>) -> Self {
        Self::Value {
            value: Arc::new(answer),
            #[cfg(feature = "ssr")]
            encode: |value| {
                let answer = value.downcast_ref::<Result<T, ApiError>>().ok_or(postcard::Error::SerdeSerCustom)?;
                Carried::encode(answer)
            },
        }
    }

    fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, ApiError> {
        match self {
            Self::Value { value, .. } => value.downcast_ref::<Result<T, ApiError>>().cloned(),
            Self::Bytes(bytes) => Carried::decode(bytes).ok(),
        }
        .unwrap_or_else(|| Err(ApiError(Failure::Internal(String::new()))))
    }
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

/// [`Carried`] for a value whose type only [`Held`] knows.
struct HeldCarried;

impl Encoder<Held> for HeldCarried {
    type Encoded = Vec<u8>;
    type Error = postcard::Error;

    fn encode(held: &Held) -> Result<Vec<u8>, postcard::Error> {
        match held {
            #[cfg(feature = "ssr")]
            Held::Value { value, encode } => encode(&**value),
            // A browser carries nothing to anybody.
            #[cfg(not(feature = "ssr"))]
            Held::Value { .. } => Err(postcard::Error::WontImplement),
            Held::Bytes(bytes) => Ok(bytes.to_vec()),
        }
    }
}

impl Decoder<Held> for HeldCarried {
    type Encoded = [u8];
    type Error = postcard::Error;

    fn decode(bytes: &[u8]) -> Result<Held, postcard::Error> {
        Ok(Held::Bytes(bytes.into()))
    }
}
