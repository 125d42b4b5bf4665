//! The trace that a request leaves: an id, one line in the log, a count and a time in the figures.
//!
//! The line names the pattern of the address (`/persons/{id}`) and never the address itself: in a path stands who is
//! looked at, in a query what is searched for, and neither belongs into a log. Nor does the visitor's network address;
//! who did what is in the operation log, behind its rights.

use super::{Front, header, metrics::Metrics};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use leptos::server_fn::axum::server_fn_paths;
use std::{collections::HashSet, sync::LazyLock, time::Instant};
use tracing::{Instrument as _, info_span};

/// By this header a proxy names a request, and every answer says under which id it is in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is asked for by machines every few seconds leaves no line at the usual level.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Outermost: also a panic and a refusal have their line.
pub async fn trace(State(front): State<Front>, request: Request, next: Next) -> Response {
    let (id, https) = (request_id(&request, front.behind_proxy), front.https);
    let mut passage = Passage {
        method: method(request.method()),
        route: route(request.extensions().get::<MatchedPath>(), request.uri().path()),
        began: Instant::now(),
        status: None,
        metrics: front.metrics,
    };
    let span = info_span!("request", id = %id.to_str().unwrap_or_default());
    async move {
        let mut response = next.run(request).await;
        passage.status = Some(response.status().as_u16());
        drop(passage);
        header::complete(response.headers_mut(), https);
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

/// One request on its way. Its line is written when it is dropped, so that a request whose browser went away, which
/// ends in the middle, leaves one too. The time ends with the head of the answer: a live stream's body lasts for hours.
struct Passage {
    method: &'static str,
    route: String,
    began: Instant,
    status: Option<u16>,
    metrics: Metrics,
}

impl Drop for Passage {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.metrics.request(self.method, &self.route, self.status, took);
        let (method, route) = (self.method, self.route.as_str());
        // In whole microseconds, so that the line does not pretend to more.
        #[allow(clippy::cast_precision_loss, reason = "a request takes less than 285 years")]
        let ms = took.as_micros() as f64 / 1000.0;
        match self.status {
            Some(status) if PROBES.contains(&route) => tracing::debug!(method, route, status, ms, "answered"),
            Some(status) => tracing::info!(method, route, status, ms, "answered"),
            None => tracing::info!(method, route, ms, "abandoned"),
        }
    }
}

/// The proxy's id, when one is trusted and it looks like an id; else one of our own.
fn request_id(request: &Request, trusted: bool) -> HeaderValue {
    let named = trusted.then(|| request.headers().get(&REQUEST_ID)).flatten();
    let plain = |id: &HeaderValue| {
        let bytes = id.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    match named {
        Some(id) if plain(id) => id.clone(),
        _ => {
            let random = store::platform::token::random_bytes();
            HeaderValue::try_from(store::platform::token::hex(&random[..8])).unwrap_or(HeaderValue::from_static("0"))
        }
    }
}

/// Anything else that somebody invents must not become a name of a figure.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

/// The pattern as the router has it. Of server functions, which are a closed list, the one that is called; files of
/// the browser bundle share one name, and addresses that lead nowhere another.
fn route(matched: Option<&MatchedPath>, path: &str) -> String {
    static FUNCTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| server_fn_paths().map(|(path, _)| path).collect());
    match matched.map(MatchedPath::as_str) {
        // Files of the bundle are answered without a pattern.
        _ if path.starts_with("/pkg/") => "/pkg".to_owned(),
        Some("/api/{name}") if FUNCTIONS.contains(path) => path.to_owned(),
        Some(pattern) => pattern.to_owned(),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(id: &str) -> Request {
        Request::builder().header(REQUEST_ID, id).body(Body::empty()).expect("a request")
    }

    #[test]
    fn only_a_trusted_proxy_names_a_request() {
        assert_eq!(request_id(&asked("edge-7.1"), true), "edge-7.1");
        let own = request_id(&asked("edge-7.1"), false);
        assert_eq!(own.len(), 16);
        assert_ne!(own, request_id(&asked("edge-7.1"), false), "each has its own");
    }

    #[test]
    fn what_is_no_id_is_not_taken_over() {
        for strange in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_ne!(request_id(&asked(strange), true).as_bytes(), strange.as_bytes());
        }
    }
}
