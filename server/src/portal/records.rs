//! What a tenant looks at.

use super::{SignedIn, failed, page};
use axum::{extract::Path, http::StatusCode, response::Response};
use domain::{failure::Failure, id::PaymentId};
use store::portal::{contract_list, debit_list, home_list, notice_list, paid_back_list, paid_get, paid_list};

pub async fn home(SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    match home_list(&tenant).await {
        Ok(homes) => page(StatusCode::OK, app::portal::home(&frame, homes)),
        Err(error) => failed(&frame, error),
    }
}

pub async fn receipts(SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    match (paid_list(&tenant).await, paid_back_list(&tenant).await, debit_list(&tenant).await) {
        (Ok(paid), Ok(back), Ok(debits)) => page(StatusCode::OK, app::portal::receipts(&frame, paid, back, debits)),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => failed(&frame, error),
    }
}

pub async fn receipt(Path(id): Path<String>, SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    let Ok(id) = id.parse() else { return failed(&frame, Failure::NotFound.into()) };
    match paid_get(&tenant, PaymentId(id)).await {
        Ok(receipt) => page(StatusCode::OK, app::portal::receipt(&frame, receipt)),
        Err(error) => failed(&frame, error),
    }
}

pub async fn contracts(SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    match contract_list(&tenant).await {
        Ok(contracts) => page(StatusCode::OK, app::portal::contracts(&frame, contracts)),
        Err(error) => failed(&frame, error),
    }
}

pub async fn notices(SignedIn { tenant, frame, .. }: SignedIn) -> Response {
    match notice_list(&tenant).await {
        Ok(notices) => page(StatusCode::OK, app::portal::notices(&frame, notices)),
        Err(error) => failed(&frame, error),
    }
}
