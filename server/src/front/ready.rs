//! `/healthz` and `/readyz`: whether the process lives, and whether it should be sent requests.
//!
//! The two differ on purpose. A database that is away makes the process not ready, and the load balancer waits;
//! restarting the process, which is what a failed liveness probe leads to, would bring no database back.

use crate::router::AppState;
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};
use store::readiness::{NotReady, migrations_check, role_check};

/// An answer that takes longer is none for whoever asks.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn health() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok").into_response()
}

/// `GET /readyz`: 200, or 503 with the reason as one of `stopping`, `database_unreachable`, `migrations_missing`,
/// `database_role`. What exactly is wrong stands in the log: this address is everybody's.
pub async fn ready(State(state): State<AppState>) -> Response {
    let reason = if *state.stopping.borrow() {
        Some("stopping")
    } else {
        match tokio::time::timeout(PATIENCE, check(&state)).await {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(told(&reason)),
            Err(_) => Some(told(&NotReady::Unreachable(store::Error::Broken("no answer in time".into())))),
        }
    };
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = Json(json!({"ready": reason.is_none(), "reason": reason}));
    (status, [(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

async fn check(state: &AppState) -> Result<(), NotReady> {
    let database = &state.process.database;
    role_check(database).await?;
    if !state.front.migrated.load(Ordering::Relaxed) {
        migrations_check(database).await?;
        state.front.migrated.store(true, Ordering::Relaxed);
    }
    Ok(())
}

fn told(reason: &NotReady) -> &'static str {
    tracing::warn!(?reason, "not ready");
    match reason {
        NotReady::Unreachable(_) => "database_unreachable",
        NotReady::Behind(_) => "migrations_missing",
        NotReady::Role(_) => "database_role",
    }
}
