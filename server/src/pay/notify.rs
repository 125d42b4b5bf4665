//! Notices of the payment companies. They come without a cookie from somewhere in the network: nothing of them is believed but
//! what is signed, and a repeat changes nothing.

use super::{Distrust, Gateway, Till};
use crate::{front::limit::Asked, router::AppState};
use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::post,
};
use chrono::Utc;
use domain::{
    billing::pay_order::{PayChannel, Told},
    failure::Failure,
};
use serde_json::json;
use std::collections::BTreeMap;
use store::{
    Database,
    billing::pay_order::{Verdict, order_paid},
};

/// Notices have some hundred bytes.
const NOTICE_BYTES: usize = 64 * 1024;

/// The addresses that are told to the companies.
pub fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/pay/notify/wechat", post(wechat))
        .route("/pay/notify/alipay", post(alipay))
        .layer(DefaultBodyLimit::max(NOTICE_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), limited))
}

/// Each forgery costs us a signature to be checked: of one address so many are read as of anybody. The companies have many addresses and
/// send again what was refused.
async fn limited(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let address = state.front.address(&request);
    match state.front.refuse_address(address, request.uri().path(), Asked::Page) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// What is answered: taken, or to be sent again. The reason is for the log; whoever sends forgeries learns nothing from it.
enum Answer {
    Taken,
    Refused(StatusCode, &'static str),
}

async fn wechat(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let read = |till: &Till| match till.gateway(PayChannel::WeChat) {
        Some(Gateway::WeChat(gateway)) => {
            let body = std::str::from_utf8(&body).map_err(|_| Distrust::Form("text"))?;
            gateway.notice(&headers, body, Utc::now())
        }
        _ => Err(Distrust::Addressee),
    };
    match take(&state.process.database, read(&state.till)).await {
        Answer::Taken => StatusCode::NO_CONTENT.into_response(),
        Answer::Refused(status, why) => (status, Json(json!({"code": "FAIL", "message": why}))).into_response(),
    }
}

async fn alipay(
    State(state): State<AppState>,
    fields: Result<Form<BTreeMap<String, String>>, FormRejection>,
) -> Response {
    let read = |till: &Till| match till.gateway(PayChannel::Alipay) {
        Some(Gateway::Alipay(gateway)) => {
            let Form(fields) = fields.map_err(|_| Distrust::Form("form"))?;
            gateway.notice(&fields, Utc::now())
        }
        _ => Err(Distrust::Addressee),
    };
    match take(&state.process.database, read(&state.till)).await {
        Answer::Taken => "success".into_response(),
        Answer::Refused(status, _) => (status, "failure").into_response(),
    }
}

async fn take(database: &Database, read: Result<Option<Told>, Distrust>) -> Answer {
    let told = match read {
        Ok(Some(told)) => told,
        // Something that needs no answer of ours, but is the company's own word.
        Ok(None) => return Answer::Taken,
        Err(why) => {
            tracing::warn!(?why, "a notice of a payment is not believed");
            return Answer::Refused(StatusCode::UNAUTHORIZED, "验签失败");
        }
    };
    match order_paid(database, &told, Utc::now()).await {
        // What is not an order's is kept for a person: the company has been heard.
        Ok(Verdict::Entered | Verdict::Known | Verdict::Odd) => Answer::Taken,
        Err(error) => match Failure::from(error) {
            Failure::Refused(why) => {
                tracing::warn!(order = told.order_no, why, "a notice of a payment is refused");
                Answer::Refused(StatusCode::CONFLICT, "订单不符")
            }
            _ => Answer::Refused(StatusCode::SERVICE_UNAVAILABLE, "系统繁忙"),
        },
    }
}
