//! From cookie to context: the only place where a request becomes somebody.

use crate::{front::limit::Asked, router::AppState};
use app::context::{SESSION_COOKIE, Visit};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use store::platform::session::{session_ctx, session_factor_due, session_peek};

/// The pages for whoever is not signed in.
const DOORS: [&str; 2] = ["/sign-in", domain::platform::forgotten::PAGE];

/// What a page calls when somebody is in front of it.
const PRESENCE: &str = "/api/frame_get";

/// Resolves the session and refuses what no page of ours can have sent.
pub async fn visit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if is_forged(request.method(), request.headers()) {
        return (StatusCode::FORBIDDEN, "请求来源无效，请从本系统页面操作").into_response();
    }
    let asked = Asked::of(request.method(), request.uri().path(), request.headers());
    let address = state.front.address(&request);
    if let Some(refusal) = state.front.refuse_address(address, request.uri().path(), asked) {
        return refusal;
    }
    let secret = cookie(request.headers(), SESSION_COOKIE);
    let (mut ctx, mut factor_due) = (None, false);
    if let Some(secret) = &secret {
        let (database, now) = (&state.process.database, chrono::Utc::now());
        let found = if is_work(request.uri().path()) {
            session_ctx(database, secret, now).await
        } else {
            session_peek(database, secret, now).await
        };
        // A session whose second factor is due is nobody's, and the sign-in page asks for its code.
        let found = match found {
            Ok(None) => session_factor_due(database, secret, now).await.map(|due| (None, due)),
            found => found.map(|found| (found, false)),
        };
        match found {
            Ok(found) => (ctx, factor_due) = found,
            Err(error) => {
                let failure = domain::failure::Failure::from(error);
                return (StatusCode::SERVICE_UNAVAILABLE, failure.to_string()).into_response();
            }
        }
    }
    if let (Some(_), Some(secret)) = (&ctx, &secret)
        && let Some(refusal) = state.front.refuse_session(secret, asked)
    {
        return refusal;
    }
    if let Some(elsewhere) = elsewhere(request.uri().path(), ctx.as_ref()) {
        return Redirect::to(elsewhere).into_response();
    }
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let origin = origin(&state, &request);
    request.extensions_mut().insert(Visit { secret, address, origin, ctx, factor_due, nonce: None });
    next.run(request).await
}

/// Whether a request shows somebody at work, which keeps a desk's session alive (domain.md §2.6: idle 30 min):
/// a page opened, a file sent or fetched, and [`PRESENCE`], by which an open page says that a hand was on it
/// (`app::presence`). Everything else a page may ask for by itself – it follows changes, looks at figures every
/// minute and at a running import several times a second – and an empty chair is no person at work.
fn is_work(path: &str) -> bool {
    path != "/live" && (path == PRESENCE || !path.starts_with("/api/"))
}

/// Pages send people without a session to sign in, and those who have something to do first – a new password, a second
/// factor – to do it. What is not a page answers for itself.
fn elsewhere(path: &str, ctx: Option<&store::Ctx>) -> Option<&'static str> {
    let page = !["/api/", "/files/", "/live", "/map/outlines"].iter().any(|start| path.starts_with(start));
    match ctx {
        _ if !page => None,
        None => (!DOORS.contains(&path)).then_some("/sign-in"),
        Some(ctx) => match ctx.actor().forced_page() {
            Some(forced) => (path != forced).then_some(forced),
            None => DOORS.contains(&path).then_some("/"),
        },
    }
}

/// Cross-site request forgery: besides `SameSite=Lax`, a state-changing request must come from our own
/// origin as the browser itself tells it. Command-line clients send neither header and no cookie.
pub(crate) fn is_forged(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    if let Some(site) = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        return !matches!(site, "same-origin" | "none");
    }
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    origin.is_some_and(|origin| origin.split_once("://").is_none_or(|(_, origin_host)| origin_host != host))
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Scheme and host under which the visitor asks, as far as they can be one.
fn origin(state: &AppState, request: &Request) -> String {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = named.or(request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    let scheme = if state.process.secure_cookies { "https" } else { "http" };
    if host.chars().all(plain) { format!("{scheme}://{host}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_form_of_another_site_is_forged() {
        assert!(is_forged(&Method::POST, &headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_forged(&Method::POST, &headers(&[("origin", "https://evil.example"), ("host", "housing.example")])));
        assert!(!is_forged(
            &Method::POST,
            &headers(&[("origin", "https://housing.example"), ("host", "housing.example")])
        ));
        assert!(!is_forged(&Method::POST, &headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!is_forged(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")])));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(
            cookie(&headers(&[("cookie", "a=1; housing_session=abc; b=2")]), "housing_session").as_deref(),
            Some("abc")
        );
        assert_eq!(cookie(&headers(&[("cookie", "xhousing_session=abc")]), "housing_session"), None);
    }
}
