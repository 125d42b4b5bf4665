//! Bills, and paying them through a payment company.

use super::{SignedIn, failed, field, page as answer, sentence};
use crate::{
    pay::{Asked, Gateway, exchange},
    router::AppState,
};
use app::portal::Frame;
use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::Utc;
use domain::{
    billing::pay_order::{PayChannel, PayOrderStatus, Told, ask_closed_at},
    failure::Failure,
    id::{AccountId, BillId},
};
use std::time::Duration;
use store::{
    billing::pay_order::{
        Order, OrderAsked, order_close, order_create, order_get, order_paid, order_placed, order_press,
    },
    platform::token,
    portal::{Tenant, bill_past_list, home_list},
};

/// So long somebody waits for the answer of a company (§0.5 rule 11).
const PATIENCE: Duration = Duration::from_secs(3);
/// Said of an order that was given up: another tab may still show where it was paid.
const GIVEN_UP: &str = "已取消，请勿再使用原支付页面付款";
/// What people are told while a company does not answer.
const AWAY: &str = "支付渠道暂时无法连接，请稍后再试";

/// The id of a payment that a form would begin (a UUID): the same form sent twice begins one.
fn request_id() -> String {
    let digits = token::hex(&token::random_bytes()[..16]);
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

pub async fn bills(State(state): State<AppState>, SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    bills_page(&state, &tenant, &frame, None).await
}

async fn bills_page(state: &AppState, tenant: &Tenant, frame: &Frame, complaint: Option<String>) -> Response {
    let status = if complaint.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    // A page that was refused is the bills' page all the same.
    let frame = Frame { here: "/my/bills".to_owned(), ..frame.clone() };
    let homes = match home_list(tenant).await {
        Ok(homes) => homes.into_iter().map(|home| (home, request_id())).collect(),
        Err(error) => return failed(&frame, error),
    };
    match bill_past_list(tenant).await {
        Ok(past) => answer(status, app::portal::bills(&frame, homes, past, &state.till.channels(), complaint)),
        Err(error) => failed(&frame, error),
    }
}

/// Begins a payment of the chosen bills.
pub async fn create(
    State(state): State<AppState>,
    SignedIn { tenant, frame, address }: SignedIn,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let channel =
        PayChannel::from_code(field(&form, "channel")).filter(|channel| state.till.gateway(*channel).is_some());
    let Some(channel) = channel else {
        return bills_page(&state, &tenant, &frame, Some("请选择支付方式".to_owned())).await;
    };
    let account = AccountId(field(&form, "account").parse().unwrap_or(0));
    let bills: Vec<BillId> =
        form.iter().filter(|(name, _)| name == "bill").map(|(_, value)| BillId(value.parse().unwrap_or(0))).collect();
    match order_create(&tenant, account, &bills, channel, field(&form, "request")).await {
        Ok(order) => {
            // The form sent twice finds its order, which may have ended meanwhile.
            if order.status == PayOrderStatus::New
                && let Err(error) = submit(&state, &order, &address).await
            {
                // The order is there; its page offers to try again.
                tracing::warn!(order = order.order_no, error, "an order was not placed");
            }
            Redirect::to(&format!("/my/pay/{}", order.order_no)).into_response()
        }
        Err(error) => bills_page(&state, &tenant, &frame, Some(sentence(error))).await,
    }
}

/// Tells the company of an order that it does not know yet.
async fn submit(state: &AppState, order: &Order, address: &str) -> Result<(), String> {
    let gateway = state.till.gateway(order.channel).ok_or("the channel is not set up any more")?;
    let address = if address.is_empty() { "127.0.0.1" } else { address };
    let url = gateway.place(order, address, &state.till.public).await?;
    order_placed(&state.process.database, order.id, &url, Utc::now()).await.map_err(|error| error.to_string())
}

pub async fn page(Path(no): Path<String>, SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    order_page(&tenant, &frame, &no, None).await
}

async fn order_page(tenant: &Tenant, frame: &Frame, no: &str, complaint: Option<String>) -> Response {
    let status = if complaint.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame { here: format!("/my/pay/{no}"), ..frame.clone() };
    match order_get(tenant, no).await {
        Ok(order) => answer(status, app::portal::pay(&frame, order, complaint)),
        Err(error) => failed(&frame, error),
    }
}

/// Places an order once more that the company did not take, or whose address is dead.
pub async fn place(
    State(state): State<AppState>,
    Path(no): Path<String>,
    SignedIn { tenant, frame, address }: SignedIn,
) -> Response {
    let order = match order_press(&tenant, &no).await {
        Ok(order) => order,
        Err(error) => return order_failed(&tenant, &frame, &no, error).await,
    };
    if order.status.is_open()
        && order.expires_at > Utc::now()
        && let Err(error) = submit(&state, &order, &address).await
    {
        tracing::warn!(order = no, error, "an order was not placed");
        return order_page(&tenant, &frame, &no, Some(AWAY.to_owned())).await;
    }
    Redirect::to(&format!("/my/pay/{no}")).into_response()
}

/// Asks the company now, for a payer who comes back before its notice does.
pub async fn check(
    State(state): State<AppState>,
    Path(no): Path<String>,
    SignedIn { tenant, frame, .. }: SignedIn,
) -> Response {
    let order = match order_press(&tenant, &no).await {
        Ok(order) => order,
        Err(error) => return order_failed(&tenant, &frame, &no, error).await,
    };
    if order.status.is_open() {
        let asked = OrderAsked { over: false, ..OrderAsked::new(order, Utc::now()) };
        let answer = exchange::ask(&state.process.database, &state.till, &asked, Utc::now());
        let said = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(exchange::End::Entered | exchange::End::Closed | exchange::End::Odd)) => None,
            Ok(Ok(exchange::End::Open)) => Some("尚未收到付款结果，如已付款请稍后再查看"),
            Ok(Err(error)) => {
                tracing::warn!(order = no, error, "it is not known what became of an order");
                Some(AWAY)
            }
            // The plan asks on.
            Err(_) => Some("处理中，请稍后再查看"),
        };
        if let Some(said) = said {
            return order_page(&tenant, &frame, &no, Some(said.to_owned())).await;
        }
    }
    Redirect::to(&format!("/my/pay/{no}")).into_response()
}

/// A failure on the way to an order: of the own one its page says it.
async fn order_failed(tenant: &Tenant, frame: &Frame, no: &str, error: store::Error) -> Response {
    match Failure::from(error) {
        Failure::Refused(said) => order_page(tenant, frame, no, Some(said)).await,
        other => failed(frame, other.into()),
    }
}

/// Gives an order up, unless it is paid already.
pub async fn cancel(
    State(state): State<AppState>,
    Path(no): Path<String>,
    SignedIn { tenant, frame, .. }: SignedIn,
) -> Response {
    let order = match order_press(&tenant, &no).await {
        Ok(order) => order,
        Err(error) => return order_failed(&tenant, &frame, &no, error).await,
    };
    if !order.status.is_open() {
        return Redirect::to(&format!("/my/pay/{no}")).into_response();
    }
    match give_up(&state, order).await {
        Ok(()) => Redirect::to(&format!("/my/pay/{no}")).into_response(),
        Err(error) => {
            tracing::warn!(order = no, error, "an order was not closed");
            order_page(&tenant, &frame, &no, Some(AWAY.to_owned())).await
        }
    }
}

/// The company closes it first: what is closed here alone could still be paid there. What has ended can be paid there no more,
/// and is closed even when the company cannot be asked; the plan asks on.
async fn give_up(state: &AppState, order: Order) -> Result<(), String> {
    let (database, now) = (&state.process.database, Utc::now());
    let OrderAsked { order, over, .. } = OrderAsked::new(order, now);
    let again = ask_closed_at(order.expires_at, now);
    let answer = match state.till.gateway(order.channel) {
        Some(gateway) => given_up(gateway, &order.order_no).await,
        None => Err("the channel is not set up any more".to_owned()),
    };
    match answer {
        Ok(Some(told)) => order_paid(database, &told, now).await.map(|_| ()),
        Ok(None) => order_close(database, order.id, GIVEN_UP, again, now).await.map(|_| ()),
        Err(_) if over => order_close(database, order.id, GIVEN_UP, again, now).await.map(|_| ()),
        Err(error) => return Err(error),
    }
    .map_err(|error| error.to_string())
}

/// Closes an order at the company; what it says instead, when it is paid already – be it in the moment between.
async fn given_up(gateway: &Gateway, order_no: &str) -> Result<Option<Told>, String> {
    for _ in 0..2 {
        match gateway.ask(order_no).await? {
            Asked::Paid(told) => return Ok(Some(told)),
            Asked::Gone => return Ok(None),
            Asked::Open => match gateway.close(order_no).await {
                Ok(()) => return Ok(None),
                Err(error) => tracing::warn!(order = order_no, error, "an order was not closed at the first try"),
            },
        }
    }
    Err("it was not closed".to_owned())
}
