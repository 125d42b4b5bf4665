//! How failures travel between server and browser.

use domain::failure::{Failure, FieldErrors};
use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol,
    client::Client,
    codec::{Json, Post},
    error::{FromServerFnError, ServerFnErrorErr},
    redirect::call_redirect_hook,
    request::ClientReq as _,
    response::ClientRes as _,
    server::Server,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt, future::Future, pin::Pin};

/// How a server function is called: its arguments as JSON, its answer as [`Terse`]. It is [`Http`] of the two, but what
/// happens in a browser between the arguments and the answer is compiled once, and not for each function.
pub struct Api;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, ApiError> for Api
where
    Http<Json, Terse>: Protocol<Input, Output, C, S, ApiError>,
    Input: Serialize + Send,
    Output: DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
{
    const METHOD: http::Method = http::Method::POST;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, ApiError>> + Send
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, ApiError>> + Send,
    {
        <Http<Json, Terse> as Protocol<Input, Output, C, S, ApiError>>::run_server(request, server_fn)
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, ApiError> {
        let arguments = serde_json::to_string(&input);
        let arguments = arguments.map_err(|error| unsaid(ServerFnErrorErr::Serialization(error.to_string())))?;
        let answer = ask::<C>(path.to_owned(), arguments).await?;
        TerseEncoding::decode(answer).map_err(|error| unsaid(ServerFnErrorErr::Deserialization(error.to_string())))
    }
}

fn unsaid(error: ServerFnErrorErr) -> ApiError {
    ApiError::from_server_fn_error(error)
}

/// Sends arguments and waits for the answer.
fn ask<C: Client<ApiError>>(
    path: String,
    arguments: String,
) -> Pin<Box<dyn Future<Output = Result<Bytes, ApiError>> + Send>> {
    Box::pin(async move {
        let request = C::Request::try_new_post(&path, Json::CONTENT_TYPE, Terse::CONTENT_TYPE, arguments)?;
        let answer = C::send(request).await?;
        let (status, location, redirected) = (answer.status(), answer.location(), answer.has_redirect());
        let bytes = answer.try_into_bytes().await?;
        if (400..=599).contains(&status) {
            return Err(ApiError::de(bytes));
        }
        if redirected {
            call_redirect_hook(&location);
        }
        Ok(bytes)
    })
}

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
        (leptos::prelude::use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(status))
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
