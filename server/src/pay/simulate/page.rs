//! The page on which a payer pays, or gives up.

use super::{Simulator, State as BillState};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{get, post},
};

pub(super) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/cashier/{no}", get(page))
        .route("/cashier/{no}/pay", post(pay))
        .route("/cashier/{no}/quit", post(quit))
}

async fn page(State(simulator): State<Simulator>, Path(no): Path<String>) -> Response {
    let Some(bill) = simulator.bill(&no) else { return StatusCode::NOT_FOUND.into_response() };
    let said = match bill.state {
        BillState::Open => "",
        BillState::Paid { .. } => "<p>已支付</p>",
        BillState::Closed => "<p>订单已关闭</p>",
    };
    let buttons = if said.is_empty() {
        format!(
            "<form method=post action=\"/cashier/{no}/pay\"><button>支付</button></form>\
             <form method=post action=\"/cashier/{no}/quit\"><button>放弃</button></form>"
        )
    } else {
        format!("<form method=post action=\"/cashier/{no}/quit\"><button>返回商户</button></form>")
    };
    let (yuan, fen) = (bill.fen / 100, bill.fen % 100);
    // The subject is the merchant's own text, which has no sign of HTML in it; whatever is one is left out.
    let subject: String = bill.subject.chars().filter(|letter| !"<>&\"".contains(*letter)).collect();
    Html(format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>模拟收银台</title></head><body><main><h1>模拟收银台</h1>\
         <p>{subject}</p><p>{yuan}.{fen:02}元</p>{said}{buttons}</main></body></html>"
    ))
    .into_response()
}

async fn pay(State(simulator): State<Simulator>, Path(no): Path<String>) -> Response {
    if simulator.pay(&no) {
        back(&simulator, &no)
    } else {
        (StatusCode::CONFLICT, "订单已支付、已关闭或已超时").into_response()
    }
}

async fn quit(State(simulator): State<Simulator>, Path(no): Path<String>) -> Response {
    back(&simulator, &no)
}

fn back(simulator: &Simulator, no: &str) -> Response {
    match simulator.bill(no) {
        Some(bill) if !bill.back.is_empty() => Redirect::to(&bill.back).into_response(),
        Some(_) => "已完成".into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
