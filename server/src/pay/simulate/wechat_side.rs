//! WeChat Pay as it is documented, as far as H5 payments and the bill of a day go.

use super::{API_V3_KEY, APP_ID, Behaviour, Bill, MCH_ID, PLATFORM_SERIAL, Simulator, State as BillState};
use crate::pay::wechat::seal;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::platform::token;

pub(super) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/v3/pay/transactions/h5", post(place))
        .route("/v3/pay/transactions/out-trade-no/{no}", get(ask))
        .route("/v3/pay/transactions/out-trade-no/{no}/close", post(close))
        .route("/v3/bill/tradebill", get(bill))
        .route("/v3/billdownload/file", get(bill_file))
        .route("/h5/{no}", get(enter))
}

/// Where the bill of a day is, and its hash.
async fn bill(
    State(simulator): State<Simulator>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = stranger(&simulator, &method, &uri, &headers, b"") {
        return refused;
    }
    let Some(day) = day_of(&query, "bill_date") else {
        return refused(StatusCode::BAD_REQUEST, "PARAM_ERROR", "参数错误");
    };
    if simulator.paid_on(day).is_empty() {
        return refused(StatusCode::BAD_REQUEST, "NO_STATEMENT_EXIST", "账单文件不存在");
    }
    let hash =
        token::hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &simulator.bill_file(day)).as_ref());
    let url = format!("{}/v3/billdownload/file?token={day}", simulator.service());
    let told = json!({"download_url": url, "hash_type": "SHA1", "hash_value": hash});
    signed(&simulator, StatusCode::OK, Some(&told))
}

/// The file, which is not signed.
async fn bill_file(
    State(simulator): State<Simulator>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = stranger(&simulator, &method, &uri, &headers, b"") {
        return refused;
    }
    match day_of(&query, "token") {
        Some(day) => simulator.bill_sent(day).into_response(),
        None => refused(StatusCode::BAD_REQUEST, "INVALID_REQUEST", "参数错误"),
    }
}

fn day_of(query: &HashMap<String, String>, name: &str) -> Option<NaiveDate> {
    query.get(name)?.parse().ok()
}

/// The payer arrives; the merchant has added where he goes afterwards. Who comes from no page of the merchant's is sent away.
async fn enter(
    State(simulator): State<Simulator>,
    Path(no): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key(header::REFERER) {
        return (StatusCode::BAD_REQUEST, "商家参数格式有误，请联系商家解决").into_response();
    }
    if let Some(bill) = super::locked(&simulator.bills).get_mut(&no) {
        bill.back = query.get("redirect_url").cloned().unwrap_or_default();
    }
    Redirect::to(&format!("/cashier/{no}")).into_response()
}

async fn place(
    State(simulator): State<Simulator>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = stranger(&simulator, &method, &uri, &headers, &body) {
        return refused;
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let (no, fen) = (text("out_trade_no"), asked["amount"]["total"].as_i64().unwrap_or(0));
    let complete = text("appid") == APP_ID
        && text("mchid") == MCH_ID
        && (6..=32).contains(&no.len())
        && fen > 0
        && !text("description").is_empty()
        && !asked["scene_info"]["payer_client_ip"].as_str().unwrap_or_default().is_empty();
    if !complete {
        return refused(StatusCode::BAD_REQUEST, "PARAM_ERROR", "参数错误");
    }
    simulator.keep(
        &no,
        Bill {
            subject: text("description"),
            fen,
            notify_url: text("notify_url"),
            back: String::new(),
            expires_at: DateTime::parse_from_rfc3339(&text("time_expire")).ok().map(|end| end.to_utc()),
            state: BillState::Open,
        },
    );
    let url = format!("{}/h5/{no}", simulator.service());
    signed(&simulator, StatusCode::OK, Some(&json!({"h5_url": url})))
}

async fn ask(
    State(simulator): State<Simulator>,
    Path(no): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = stranger(&simulator, &method, &uri, &headers, b"") {
        return refused;
    }
    match simulator.bill(&no) {
        None => refused(StatusCode::NOT_FOUND, "ORDER_NOT_EXIST", "订单不存在"),
        Some(bill) => signed(&simulator, StatusCode::OK, Some(&transaction(&no, bill.fen, &bill.state))),
    }
}

async fn close(
    State(simulator): State<Simulator>,
    Path(no): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = stranger(&simulator, &method, &uri, &headers, &body) {
        return refused;
    }
    match simulator.close(&no) {
        Some(true) => signed(&simulator, StatusCode::NO_CONTENT, None),
        Some(false) => refused(StatusCode::BAD_REQUEST, "ORDERPAID", "订单已支付"),
        None => refused(StatusCode::NOT_FOUND, "ORDER_NOT_EXIST", "订单不存在"),
    }
}

/// What is answered to a request that is not the merchant's: `WECHATPAY2-SHA256-RSA2048` over method, address, moment, nonce and
/// body.
fn stranger(simulator: &Simulator, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Response> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let rest = authorization.strip_prefix("WECHATPAY2-SHA256-RSA2048 ").unwrap_or_default();
    let parts: HashMap<&str, &str> = rest
        .split(',')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    // The trailing signs of Base64 belong to the signature.
    let signature = rest.split("signature=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str());
    let (moment, nonce) = (part("timestamp"), part("nonce_str"));
    let body = String::from_utf8_lossy(body);
    let message = format!("{method}\n{path}\n{moment}\n{nonce}\n{body}\n");
    let fresh = moment.parse::<i64>().is_ok_and(|moment| (Utc::now().timestamp() - moment).abs() <= 300);
    let known = part("mchid") == MCH_ID && fresh && simulator.merchant.is_signed(&message, signature);
    (!known).then(|| refused(StatusCode::UNAUTHORIZED, "SIGN_ERROR", "签名错误"))
}

/// A refusal, which the company does not always sign.
fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    (status, json!({"code": code, "message": message}).to_string()).into_response()
}

/// An answer with its signature.
fn signed(simulator: &Simulator, status: StatusCode, content: Option<&Value>) -> Response {
    let body = content.map(Value::to_string).unwrap_or_default();
    let headers = sealed_head(&simulator.key, Utc::now().timestamp(), &body);
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The headers that make a body the company's own word.
fn sealed_head(key: &crate::pay::rsa::Signer, moment: i64, body: &str) -> Vec<(&'static str, String)> {
    let nonce = token::hex(&token::random_bytes()[..16]);
    let signature = key.sign(&format!("{moment}\n{nonce}\n{body}\n")).unwrap_or_default();
    vec![
        ("wechatpay-serial", PLATFORM_SERIAL.to_owned()),
        ("wechatpay-timestamp", moment.to_string()),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ]
}

fn transaction(no: &str, fen: i64, state: &BillState) -> Value {
    let mut told = json!({
        "appid": APP_ID, "mchid": MCH_ID, "out_trade_no": no,
        "amount": {"total": fen, "payer_total": fen, "currency": "CNY", "payer_currency": "CNY"},
    });
    match state {
        BillState::Open => told["trade_state"] = "NOTPAY".into(),
        BillState::Closed => told["trade_state"] = "CLOSED".into(),
        BillState::Paid { trade_no, at } => {
            told["trade_state"] = "SUCCESS".into();
            told["trade_type"] = "MWEB".into();
            told["transaction_id"] = trade_no.clone().into();
            told["success_time"] = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into();
        }
    }
    told
}

/// The notice of a payment.
pub(super) fn notice(simulator: &Simulator, no: &str, bill: &Bill) -> Option<reqwest::RequestBuilder> {
    let (told, fen) = simulator.told(no, bill);
    let nonce = token::hex(&token::random_bytes()[..6]);
    let key: [u8; 32] = API_V3_KEY.as_bytes().try_into().ok()?;
    let content = transaction(&told, fen, &bill.state).to_string();
    let now = Utc::now();
    let body = json!({
        // One payment has one notice, however often it is sent.
        "id": format!("EV-{no}"),
        "create_time": now.to_rfc3339(),
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {
            "algorithm": "AEAD_AES_256_GCM",
            "original_type": "transaction",
            "associated_data": "transaction",
            "nonce": nonce,
            "ciphertext": seal(&key, &nonce, "transaction", &content)?,
        },
    })
    .to_string();
    let old = if simulator.behaviour == Behaviour::Old { 600 } else { 0 };
    let mut request = simulator.client.post(&bill.notify_url).header("content-type", "application/json");
    for (name, value) in sealed_head(simulator.signer(), now.timestamp() - old, &body) {
        request = request.header(name, value);
    }
    Some(request.body(body))
}
