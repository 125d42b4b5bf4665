//! Alipay as it is documented, as far as payments in a telephone's browser and the bill of a day go.

use super::{ALIPAY_APP_ID, Behaviour, Bill, Simulator, State as BillState};
use crate::pay::{
    alipay::{china, sorted, yuan},
    form,
};
use axum::{
    Form, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use domain::value::Money;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Fields = BTreeMap<String, String>;

pub(super) fn routes() -> Router<Simulator> {
    Router::new().route("/gateway.do", get(enter).post(call)).route("/downloadBillFile.resource", get(bill_file))
}

/// The file of a day, for whoever has its address.
async fn bill_file(State(simulator): State<Simulator>, Query(fields): Query<Fields>) -> Response {
    match fields.get("bizDates").and_then(|day| day.parse().ok()) {
        Some(day) => simulator.bill_sent(day).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where the bill of a day is.
fn bill(simulator: &Simulator, content: &Value) -> Value {
    let day = content["bill_date"].as_str().and_then(|day| day.parse().ok());
    match day.filter(|day| !simulator.paid_on(*day).is_empty()) {
        Some(day) => {
            let url = format!("{}/downloadBillFile.resource?bizType=trade&bizDates={day}", simulator.service());
            json!({"code": "10000", "msg": "Success", "bill_download_url": url})
        }
        None => {
            json!({"code": "40004", "msg": "Business Failed", "sub_code": "isp.bill_not_exist", "sub_msg": "账单不存在"})
        }
    }
}

/// Whether the parameters are the merchant's.
fn authorized(simulator: &Simulator, fields: &Fields) -> bool {
    let parameters: BTreeMap<&str, String> =
        fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    fields.get("app_id").is_some_and(|id| id == ALIPAY_APP_ID)
        && fields.get("sign").is_some_and(|sign| simulator.merchant.is_signed(&sorted(&parameters, &["sign"]), sign))
}

/// The payer arrives with the whole order: only now the company hears of it.
async fn enter(State(simulator): State<Simulator>, Query(fields): Query<Fields>) -> Response {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if !authorized(&simulator, &fields) || field("method") != "alipay.trade.wap.pay" {
        return (StatusCode::BAD_REQUEST, "签名错误").into_response();
    }
    let content: Value = serde_json::from_str(&field("biz_content")).unwrap_or_default();
    let text = |name: &str| content[name].as_str().unwrap_or_default().to_owned();
    let Ok(amount) = Money::parse_yuan(&text("total_amount")) else {
        return (StatusCode::BAD_REQUEST, "金额错误").into_response();
    };
    let no = text("out_trade_no");
    let end = NaiveDateTime::parse_from_str(&text("time_expire"), "%Y-%m-%d %H:%M:%S").ok();
    simulator.keep(
        &no,
        Bill {
            subject: text("subject"),
            fen: amount.fen(),
            notify_url: field("notify_url"),
            back: field("return_url"),
            expires_at: end.map(|end| end.and_utc() - TimeDelta::hours(8)),
            state: BillState::Open,
        },
    );
    Redirect::to(&format!("/cashier/{no}")).into_response()
}

async fn call(State(simulator): State<Simulator>, Form(fields): Form<Fields>) -> Response {
    let method = fields.get("method").cloned().unwrap_or_default();
    let content: Value =
        serde_json::from_str(fields.get("biz_content").map(String::as_str).unwrap_or_default()).unwrap_or_default();
    let no = content["out_trade_no"].as_str().unwrap_or_default();
    let missing =
        json!({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "交易不存在"});
    let told = match (method.as_str(), simulator.bill(no)) {
        _ if !authorized(&simulator, &fields) => {
            json!({"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"})
        }
        ("alipay.data.dataservice.bill.downloadurl.query", _) => bill(&simulator, &content),
        (_, None) => missing,
        ("alipay.trade.query", Some(bill)) => {
            let mut told = json!({
                "code": "10000", "msg": "Success", "out_trade_no": no, "total_amount": yuan(Money::from_fen(bill.fen)),
            });
            match bill.state {
                BillState::Open => told["trade_status"] = "WAIT_BUYER_PAY".into(),
                BillState::Closed => told["trade_status"] = "TRADE_CLOSED".into(),
                BillState::Paid { trade_no, at } => {
                    told["trade_status"] = "TRADE_SUCCESS".into();
                    told["trade_no"] = trade_no.into();
                    told["send_pay_date"] = china(at).into();
                }
            }
            told
        }
        ("alipay.trade.close", Some(_)) => match simulator.close(no) {
            Some(true) => json!({"code": "10000", "msg": "Success", "out_trade_no": no}),
            _ => json!({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_STATUS_ERROR"}),
        },
        _ => json!({"code": "40001", "msg": "Missing Method"}),
    };
    let raw = told.to_string();
    let signature = simulator.key.sign(&raw).unwrap_or_default();
    let body = format!("{{\"{}_response\":{raw},\"sign\":\"{signature}\"}}", method.replace('.', "_"));
    ([("content-type", "text/html;charset=utf-8")], body).into_response()
}

/// The notice of a payment.
pub(super) fn notice(simulator: &Simulator, no: &str, bill: &Bill) -> Option<reqwest::RequestBuilder> {
    let BillState::Paid { trade_no, at } = &bill.state else { return None };
    let (told, fen) = simulator.told(no, bill);
    let old = if simulator.behaviour == Behaviour::Old { TimeDelta::hours(26) } else { TimeDelta::zero() };
    let amount = yuan(Money::from_fen(fen));
    let mut fields: BTreeMap<&str, String> = [
        ("notify_time", china(Utc::now() - old)),
        ("notify_type", "trade_status_sync".to_owned()),
        // One payment has one notice, however often it is sent.
        ("notify_id", format!("AP{no}")),
        ("app_id", ALIPAY_APP_ID.to_owned()),
        ("charset", "utf-8".to_owned()),
        ("version", "1.0".to_owned()),
        ("sign_type", "RSA2".to_owned()),
        ("trade_no", trade_no.clone()),
        ("out_trade_no", told),
        ("trade_status", "TRADE_SUCCESS".to_owned()),
        ("total_amount", amount.clone()),
        ("receipt_amount", amount),
        ("gmt_create", china(*at)),
        ("gmt_payment", china(*at)),
        ("subject", bill.subject.clone()),
    ]
    .into();
    let signature = simulator.signer().sign(&sorted(&fields, &["sign", "sign_type"])).ok()?;
    fields.insert("sign", signature);
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = simulator.client.post(&bill.notify_url);
    Some(request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8").body(form(&pairs)))
}
