//! One flat router, grouped by who calls.

use crate::{
    attachment, files,
    front::{Front, part, plain, ready, trace},
    live, pay, portal, print, search, session,
    sms::Carrier,
};
use any_spawner::{CustomExecutor, PinnedFuture, PinnedLocalFuture};
use app::context::{Process, SearchedNumber, Visit};
use axum::{
    Extension, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRef, Query, Request, State},
    http::{HeaderValue, header},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use leptos::{
    config::LeptosOptions,
    nonce::{provide_nonce, use_nonce},
    prelude::{ServerActionError, provide_context},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use store::live::Feed;
use tokio::sync::watch;
use tower_http::{
    CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer, services::ServeDir,
    set_header::SetResponseHeaderLayer,
};
use tracing::Instrument as _;

/// What every handler can reach.
#[derive(Clone)]
pub struct AppState {
    pub process: Process,
    pub options: LeptosOptions,
    pub feed: Feed,
    pub front: Front,
    /// what papers are printed with
    pub fonts: Arc<::print::Fonts>,
    /// the payment companies by which tenants pay
    pub till: pay::Till,
    /// what codes for tenants are sent with
    pub carrier: Option<Arc<Carrier>>,
    /// where the demo's text messages can be read
    pub demo_phone: Option<PathBuf>,
    /// turns true when the process is to end; streams end then
    pub stopping: watch::Receiver<bool>,
    /// how often an open stream checks its session again ([`live::RECHECK`])
    pub stream_recheck: Duration,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

/// Every address the process answers.
pub fn router(state: AppState, site: &Path) -> Router {
    // Pages are rendered on the server's own runtime; tests call this more than once.
    let _ = any_spawner::Executor::init_custom_executor(Traced);
    // One address each, so that a request knows its pattern; what they answer is decided in the application.
    let pages = app::page_patterns(&state.process);
    let pages = pages.iter().fold(Router::new(), |router, pattern| Router::route(router, pattern, get(page)));
    let dynamic = Router::new()
        // server functions of the pages
        .route("/api/{name}", post(server_function))
        // files in and out
        .route("/files/template/{sheet}", get(files::template))
        .route(
            "/files/import/{sheet}",
            post(files::upload).layer(DefaultBodyLimit::max(domain::import::UPLOAD_BYTES_MAX + 64 * 1024)),
        )
        .route("/files/import/{id}/failed.xlsx", get(files::failed_rows))
        .route("/files/export/{list}", get(files::export).post(files::export_start))
        .route("/files/job/{id}", get(files::job_result))
        .route("/files/passwords/{id}", post(files::passwords))
        .route("/files/board/{building}", get(files::board))
        // papers
        .route("/files/print/{id}", get(print::papers))
        .route("/files/print/batch/{id}", get(print::batch))
        .route("/files/print/template/{id}", get(print::specimen))
        // files that belong to records
        .route(
            "/files/attachment/{owner}/{owner_id}",
            post(attachment::upload).layer(DefaultBodyLimit::max(attachment::BODY_BYTES_MAX)),
        )
        .route("/files/attachment/{id}", get(attachment::open))
        // boards and maps
        .route("/map/outlines", get(files::outlines))
        .route("/live", get(live::stream))
        // the search, whose box also sends numbers that must not stand in an address
        .route("/search", post(search::submit))
        // pages
        .merge(pages)
        .fallback(page)
        .layer(middleware::from_fn_with_state(state.clone(), session::visit))
        .layer(middleware::from_fn(plain::address))
        // A page is written once and read once: what a slower compression would save in bytes costs more in waiting.
        .layer(CompressionLayer::new().br(true).quality(CompressionLevel::Fastest));
    // An address names one content for ever; that there is none is true of now.
    let immutable = SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, |response: &Response| {
        response.status().is_success().then_some(HeaderValue::from_static("public, max-age=31536000, immutable"))
    });
    let package = site.join("pkg");
    let package = part::routes(package.clone())
        .fallback_service(ServeDir::new(package).precompressed_br().precompressed_gzip())
        .layer(immutable);
    Router::new()
        .route("/healthz", get(ready::health))
        .route("/readyz", get(ready::ready))
        .nest("/pkg", package)
        .route_service("/favicon.svg", tower_http::services::ServeFile::new(site.join("favicon.svg")))
        .merge(dynamic)
        // tenants on their telephones, and the payment companies: no session of the staff is looked at
        .merge(portal::routes(&state))
        .merge(pay::notify::routes(&state))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.front.clone(), trace::trace))
        .with_state(state)
}

/// Spawns what a page loads as a part of its request, so that a line about a failure carries the request's id.
struct Traced;

impl CustomExecutor for Traced {
    fn spawn(&self, future: PinnedFuture<()>) {
        tokio::spawn(future.in_current_span());
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(future.in_current_span());
    }

    fn poll_local(&self) {}
}

/// A defect of ours must not look like a broken network. The line carries the request's id; where it happened, the
/// process has written itself.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request panicked");
    (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "系统出现故障，请稍后重试").into_response()
}

async fn server_function(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let request = match plain::arguments(request).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let process = state.process;
    let context = move || {
        provide_context(process.clone());
        provide_context(visit.clone());
    };
    // What a browser asks for when a form is sent without JavaScript; our own calls ask for data.
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let mut response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    // Such a form is led back to its page, whatever the status of the refusal.
    if wants_page && response.headers().contains_key(header::LOCATION) {
        *response.status_mut() = axum::http::StatusCode::FOUND;
    }
    // Answers hold what one person may see.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) async fn page(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    request: Request<Body>,
) -> Response {
    let (process, options) = (state.process, state.options);
    let refusal = refusal(&request);
    let number = request.extensions().get::<SearchedNumber>().cloned();
    let context = move || {
        provide_nonce();
        // The very settings that the page is drawn with: tiles may be set while the process runs.
        set_policy(process.settings.borrow().tile_origin());
        provide_context(process.clone());
        provide_context(visit.clone());
        if let Some(refusal) = &refusal {
            provide_context(refusal.clone());
        }
        if let Some(number) = &number {
            provide_context(number.clone());
        }
    };
    let render = leptos_axum::render_app_async_with_context(context, move || app::document(options.clone()));
    let mut response = render(request).await.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a form without JavaScript was refused with: the address it is led back to says so.
fn refusal(request: &Request<Body>) -> Option<ServerActionError> {
    let Query(mut params) = Query::<HashMap<String, String>>::try_from_uri(request.uri()).ok()?;
    Some(ServerActionError::new(&params.remove("__path")?, &params.remove("__err")?))
}

/// The content security policy of a page: our own scripts by nonce, nothing from another host.
fn set_policy(tile_origin: Option<String>) {
    let (Some(nonce), Some(response)) = (use_nonce(), leptos::prelude::use_context::<leptos_axum::ResponseOptions>())
    else {
        return;
    };
    let tiles = tile_origin.unwrap_or_default();
    let policy = format!(
        "default-src 'self'; script-src 'strict-dynamic' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data: {tiles}; connect-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}
