//! What no page of ours sends and the database cannot hold is turned away where it comes in: character 0, and arguments
//! of a size that no form has. Behind this wall a text is a text.

use app::ApiError;
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::failure::Failure;

/// Most bytes of a server function's arguments; the largest form of ours has some thousands.
const ARGUMENTS_MAX: usize = 1 << 20;

/// Turns away an address with a character 0 in it.
pub async fn address(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if [Some(uri.path()), uri.query()].into_iter().flatten().any(|part| part.contains("%00")) {
        return (StatusCode::BAD_REQUEST, "地址中有无法识别的内容，请检查地址").into_response();
    }
    next.run(request).await
}

/// The arguments of a server function, read whole.
///
/// # Errors
/// The answer to what cannot be arguments.
pub async fn arguments(request: Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, ARGUMENTS_MAX).await.map_err(|_| refusal(StatusCode::PAYLOAD_TOO_LARGE))?;
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if holds_zero(&body, kind.starts_with("application/json")) {
        return Err(refusal(StatusCode::BAD_REQUEST));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// In the shape that the browser's side of a server function reads.
fn refusal(status: StatusCode) -> Response {
    let told = ApiError(Failure::refused("提交的内容无法识别，请刷新页面后重试"));
    (status, Json(told)).into_response()
}

/// Whether a text in the body has the character 0: as it is, or as JSON and forms write it.
fn holds_zero(body: &[u8], json: bool) -> bool {
    if body.contains(&0) {
        return true;
    }
    if !json {
        return body.windows(3).any(|written| written == b"%00");
    }
    // Behind an even number of backslashes, each pair of which is one, stands a text that only looks like it.
    let escapes = body.windows(6).enumerate().filter(|(_, written)| *written == br"\u0000");
    escapes
        .map(|(place, _)| body[..place].iter().rev().take_while(|byte| **byte == b'\\').count())
        .any(|before| before.is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_zero_is_seen_however_it_is_written() {
        for (body, json) in [
            (b"a\0b".as_slice(), true),
            (br#"{"name":"\u0000"}"#, true),
            (br#"{"name":"\\\u0000"}"#, true),
            (b"name=%00", false),
        ] {
            assert!(holds_zero(body, json), "{}", String::from_utf8_lossy(body));
        }
        for (body, json) in [
            (br#"{"name":"100%00"}"#.as_slice(), true),
            (br#"{"name":"\\u0000 \u0001"}"#, true),
            (b"name=%2500&q=u0000", false),
            (b"", true),
        ] {
            assert!(!holds_zero(body, json), "{}", String::from_utf8_lossy(body));
        }
    }
}
