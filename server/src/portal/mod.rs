//! The tenants' pages (domain.md S4-2.x): who asks, and what is answered. Apart from the clerks' in everything: addresses below
//! `/my`, a cookie and sessions of their own, no session of the staff is looked at.
//!
//! Every page is drawn by `app::portal` as plain HTML; every change is a form sent by POST and answered with a redirect, so that all
//! of it works without JavaScript and nothing is done twice by going back.

mod pay;
mod records;
mod sign_in;

use crate::{
    front::{
        limit::{Asked, network},
        plain,
    },
    router::AppState,
    session::{cookie, is_forged},
};
use app::portal::{Frame, STYLE};
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Form, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{any, get, post},
};
use domain::failure::Failure;
use store::portal::{Tenant, tenant_ctx};
use tower_http::{CompressionLevel, compression::CompressionLayer};

/// A tenant's session. Of the whole site, because a cookie of `/my` alone would stay behind when that moves.
pub const COOKIE: &str = "housing_tenant";
/// 大字版
const LARGE: &str = "housing_large";
/// No form of ours is larger.
const FORM_BYTES: usize = 64 * 1024;
/// The pages' own sheet, the picture of a captcha that is part of its page, and nothing else: no script at all. Paying leads away by a link, which this does not rule.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Every address of the tenants.
pub fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/my", get(records::home))
        .route("/my/", get(|| async { Redirect::to("/my") }))
        .route("/my/sign-in", get(sign_in::page).post(sign_in::enter))
        .route("/my/sign-in/code", post(sign_in::ask))
        .route("/my/sign-out", post(sign_in::leave))
        .route("/my/bills", get(pay::bills))
        .route("/my/pay", get(|| async { Redirect::to("/my/bills") }).post(pay::create))
        .route("/my/pay/{no}", get(pay::page))
        .route("/my/pay/{no}/place", post(pay::place))
        .route("/my/pay/{no}/check", post(pay::check))
        .route("/my/pay/{no}/cancel", post(pay::cancel))
        .route("/my/receipts", get(records::receipts))
        .route("/my/receipts/{id}", get(records::receipt))
        .route("/my/contract", get(records::contracts))
        .route("/my/notices", get(records::notices))
        .route("/my/size", post(size))
        .route("/my/{*rest}", any(missing))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), visit))
        .layer(middleware::from_fn(plain::address))
        .route("/my/style.css", get(style))
        .layer(CompressionLayer::new().br(true).quality(CompressionLevel::Fastest))
}

/// Who asks, and how the page is to look.
#[derive(Clone)]
pub(crate) struct Visit {
    pub tenant: Option<Tenant>,
    pub secret: Option<String>,
    pub address: String,
    /// by which codes are counted: whoever has one address of the new family has 2⁶⁴ of them
    pub network: String,
    pub frame: Frame,
}

/// A tenant who is signed in; who is not is led to the door.
pub(crate) struct SignedIn {
    pub tenant: Tenant,
    pub frame: Frame,
    pub address: String,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let visit = parts.extensions.get::<Visit>().cloned();
        match visit {
            Some(Visit { tenant: Some(tenant), frame, address, .. }) => Ok(Self { tenant, frame, address }),
            _ => Err(Redirect::to("/my/sign-in").into_response()),
        }
    }
}

/// Resolves the session and refuses what no page of ours can have sent, and what comes too often.
async fn visit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if is_forged(request.method(), request.headers()) {
        return (StatusCode::FORBIDDEN, "请求来源无效，请从本系统页面操作").into_response();
    }
    let address = state.front.address(&request);
    let path = request.uri().path().to_owned();
    if let Some(refusal) = state.front.refuse_address(address, &path, Asked::Page) {
        return refusal;
    }
    let secret = cookie(request.headers(), COOKIE);
    let mut tenant = None;
    if let Some(secret) = &secret {
        match tenant_ctx(&state.process.database, secret, chrono::Utc::now()).await {
            Ok(found) => tenant = found,
            Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, Failure::from(error).to_string()).into_response(),
        }
    }
    if let (Some(_), Some(secret)) = (&tenant, &secret)
        && let Some(refusal) = state.front.refuse_session(secret, Asked::Page)
    {
        return refusal;
    }
    let frame = Frame {
        city: state.process.settings.borrow().city_name.clone(),
        phone: tenant.as_ref().map(|tenant| tenant.phone_mask().to_owned()),
        large: cookie(request.headers(), LARGE).is_some_and(|large| large == "1"),
        style: style_address(),
        here: here(path),
    };
    let network = address.map(|address| network(address).to_string()).unwrap_or_default();
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    request.extensions_mut().insert(Visit { tenant, secret, address, network, frame });
    let mut response = next.run(request).await;
    // What one household may see is kept by nobody on the way.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    // WeChat lets nobody pay who comes from nowhere: its page is told the site, and nothing of the address.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    response
}

/// The page to come back to: of what is only posted to, the one with its form.
fn here(path: String) -> String {
    if path.starts_with("/my/sign-in") {
        return "/my/sign-in".to_owned();
    }
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "my", "pay"] => "/my/bills".to_owned(),
        ["", "my", "pay", no, _] => format!("/my/pay/{no}"),
        _ => path,
    }
}

/// A page as it is answered.
pub(crate) fn page(status: StatusCode, html: String) -> Response {
    (status, Html(html)).into_response()
}

/// A failure as a page; of what is somebody else's it says what of what is not there.
pub(crate) fn failed(frame: &Frame, error: store::Error) -> Response {
    let failure = Failure::from(error);
    let status = match &failure {
        Failure::NotFound => StatusCode::NOT_FOUND,
        Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let sentence = match failure {
        Failure::NotFound => "记录不存在，或不属于您".to_owned(),
        other => other.to_string(),
    };
    page(status, app::portal::failure(frame, sentence))
}

/// The sentence of a failure, of a form the first of its complaints.
pub(crate) fn sentence(error: store::Error) -> String {
    match Failure::from(error) {
        Failure::Invalid(errors) => {
            let first = ["phone", "captcha", "code"].iter().find_map(|field| errors.get(field));
            first.map_or_else(|| "填写内容有误，请按提示修改".to_owned(), ToOwned::to_owned)
        }
        other => other.to_string(),
    }
}

/// A cookie that scripts cannot read and other sites cannot send.
pub(crate) fn set_cookie(state: &AppState, name: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if state.process.secure_cookies { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The value of a field of a form; empty where it is missing.
pub(crate) fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

/// 大字版 on or off: a cookie of a year, which says nothing of anybody.
async fn size(State(state): State<AppState>, Form(form): Form<Vec<(String, String)>>) -> Response {
    // Only back to a page of these.
    let back = field(&form, "back");
    let own = (back == "/my" || back.starts_with("/my/"))
        && back.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-".contains(&byte));
    let (value, seconds) = if field(&form, "large") == "1" { ("1", 365 * 24 * 3600) } else { ("", 0) };
    let cookie = set_cookie(&state, LARGE, value, seconds);
    ([(header::SET_COOKIE, cookie)], Redirect::to(if own { back } else { "/my" })).into_response()
}

/// What is not there: of the tenants' pages, and not of the clerks'.
async fn missing(Extension(visit): Extension<Visit>) -> Response {
    failed(&visit.frame, Failure::NotFound.into())
}

/// The address of the sheet changes with its content, so that it can be kept for a year.
fn style_address() -> String {
    static DIGEST: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        store::platform::token::hex(&store::platform::token::digest(STYLE.as_bytes())[..6])
    });
    format!("/my/style.css?{}", *DIGEST)
}

async fn style() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    (headers, STYLE).into_response()
}
