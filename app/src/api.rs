//! How failures travel between server and browser.

use domain::failure::{Failure, FieldErrors};
use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    codec::Post,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;

/// How answers come back: arguments go as JSON, which anybody can write, and answers come as postcard, whose reader is a
/// small part of a JSON reader, for every type that travels.
pub type Terse = Post<TerseEncoding>;

/// The encoding of [`Terse`]: the build that answers, then the value. Without names a value can only be read by the program
/// that wrote it, so an old tab reads nothing of a newer server and is told to begin anew (`crate::presence`). Whoever says
/// that he accepts JSON gets JSON: tests and other programs do.
pub struct TerseEncoding;

impl ContentType for TerseEncoding {
    const CONTENT_TYPE: &'static str = "application/x-postcard";
}

impl FormatType for TerseEncoding {
    const FORMAT_TYPE: Format = Format::Binary;
}

impl<T: Serialize> Encodes<T> for TerseEncoding {
    type Error = String;

    fn encode(value: &T) -> Result<Bytes, String> {
        #[cfg(feature = "ssr")]
        if crate::context::accepts_json() {
            return serde_json::to_vec(value).map(Bytes::from).map_err(|error| error.to_string());
        }
        #[cfg(feature = "ssr")]
        let build = crate::context::build();
        #[cfg(not(feature = "ssr"))]
        let build = String::new();
        postcard::to_allocvec(&(build, value)).map(Bytes::from).map_err(|error| error.to_string())
    }
}

impl<T: DeserializeOwned> Decodes<T> for TerseEncoding {
    type Error = postcard::Error;

    fn decode(bytes: Bytes) -> Result<T, postcard::Error> {
        let (build, value) = postcard::take_from_bytes::<String>(&bytes)?;
        if !crate::presence::is_own_build(build) {
            return Err(postcard::Error::WontImplement);
        }
        postcard::from_bytes(value)
    }
}

/// A [`Failure`] in the shape that server functions want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError(pub Failure);

impl FromServerFnError for ApiError {
    type Encoder = TerseEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        // Whatever the transport says is for engineers; the person can only try again.
        let sentence = match error {
            ServerFnErrorErr::Request(_) => "网络连接中断，请检查网络后重试",
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                "提交的内容无法识别，请刷新页面后重试"
            }
            _ => "系统暂时无法处理，请稍后重试",
        };
        answer_with(400);
        Self(Failure::refused(sentence))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        answer_with(match &failure {
            Failure::NotSignedIn => 401,
            Failure::Forbidden => 403,
            Failure::NotFound => 404,
            Failure::Conflict => 409,
            Failure::Invalid(_) | Failure::Refused(_) => 422,
            Failure::Internal(_) => 500,
        });
        Self(failure)
    }
}

/// The status of the answer under way, page or server function; nothing in a browser.
fn answer_with(status: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (leptos::prelude::use_context::<leptos_axum::ResponseOptions>(), axum::http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}

#[cfg(feature = "ssr")]
impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        Failure::from(error).into()
    }
}

impl ApiError {
    /// Complaints by field, when the form was the trouble.
    #[must_use]
    pub fn fields(&self) -> Option<&FieldErrors> {
        match &self.0 {
            Failure::Invalid(fields) => Some(fields),
            _ => None,
        }
    }
}
