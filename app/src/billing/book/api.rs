//! Server functions of the books.

use crate::{Api, ApiError};
use domain::{
    billing::{
        ledger::{EntryRow, LedgerMonth, LevelPage, PeriodForm},
        refund::{RefundForm, RefundRow},
        shift::{Shift, ShiftBankForm, ShiftCloseForm, ShiftRow},
    },
    id::AccountId,
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::billing::{book, cash, refund, shift},
};

/// A page of transfers.
#[server(endpoint = "entry_list", protocol = Api)]
pub async fn entry_list(query: ListQuery) -> Result<Page<EntryRow>, ApiError> {
    Ok(book::entry_list(&ctx()?, &query).await?)
}

/// Everything that moved on an account.
#[server(endpoint = "account_entries", protocol = Api)]
pub async fn account_entries(id: AccountId) -> Result<Vec<EntryRow>, ApiError> {
    Ok(book::account_entries(&ctx()?, id).await?)
}

/// The trial balance of a month.
#[server(endpoint = "ledger_month_get", protocol = Api)]
pub async fn ledger_month_get(form: PeriodForm) -> Result<LedgerMonth, ApiError> {
    Ok(book::ledger_month(&ctx()?, &form).await?)
}

/// Closes a month.
#[server(endpoint = "ledger_close", protocol = Api)]
pub async fn ledger_close(form: PeriodForm) -> Result<(), ApiError> {
    Ok(book::ledger_close(&ctx()?, &form).await?)
}

/// A page of projects, or of the doors of one, with the sums of their accounts.
#[server(endpoint = "account_levels", protocol = Api)]
pub async fn account_levels(query: ListQuery) -> Result<LevelPage, ApiError> {
    Ok(book::account_levels(&ctx()?, &query).await?)
}

/// A page of refunds.
#[server(endpoint = "refund_list", protocol = Api)]
pub async fn refund_list(query: ListQuery) -> Result<Page<RefundRow>, ApiError> {
    Ok(refund::refund_list(&ctx()?, &query).await?)
}

/// One refund.
#[server(endpoint = "refund_get", protocol = Api)]
pub async fn refund_get(id: i64) -> Result<RefundRow, ApiError> {
    Ok(refund::refund_get(&ctx()?, id).await?)
}

/// Asks for a refund.
#[server(endpoint = "refund_create", protocol = Api)]
pub async fn refund_create(account: AccountId, form: RefundForm) -> Result<i64, ApiError> {
    Ok(refund::refund_create(&ctx()?, account, &form).await?)
}

/// Agrees to a refund or refuses it.
#[server(endpoint = "refund_decide", protocol = Api)]
pub async fn refund_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(refund::refund_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Enters what became of a refund at the bank.
#[server(endpoint = "refund_pay", protocol = Api)]
pub async fn refund_pay(id: i64, version: i32, paid: bool, serial: String) -> Result<(), ApiError> {
    Ok(refund::refund_pay(&ctx()?, id, version, paid, &serial).await.map(drop)?)
}

/// A page of shifts.
#[server(endpoint = "shift_list", protocol = Api)]
pub async fn shift_list(query: ListQuery) -> Result<Page<ShiftRow>, ApiError> {
    Ok(shift::shift_list(&ctx()?, &query).await?)
}

/// One shift.
#[server(endpoint = "shift_get", protocol = Api)]
pub async fn shift_get(id: i64) -> Result<Shift, ApiError> {
    Ok(shift::shift_get(&ctx()?, id).await?)
}

/// Opens the own shift.
#[server(endpoint = "shift_open", protocol = Api)]
pub async fn shift_open(opening_cash: String) -> Result<i64, ApiError> {
    Ok(shift::shift_open(&ctx()?, &opening_cash).await?)
}

/// Closes the own shift.
#[server(endpoint = "shift_close", protocol = Api)]
pub async fn shift_close(id: i64, version: i32, form: ShiftCloseForm) -> Result<(), ApiError> {
    Ok(shift::shift_close(&ctx()?, id, version, &form).await?)
}

/// Enters the slip with which the cash of the own shift went to the bank.
#[server(endpoint = "shift_hand_in", protocol = Api)]
pub async fn shift_hand_in(id: i64, version: i32, slip: String) -> Result<(), ApiError> {
    Ok(shift::shift_hand_in(&ctx()?, id, version, &slip).await?)
}

/// Confirms that the cash of somebody else's shift is at the bank.
#[server(endpoint = "shift_bank", protocol = Api)]
pub async fn shift_bank(id: i64, version: i32, form: ShiftBankForm) -> Result<(), ApiError> {
    Ok(cash::shift_bank(&ctx()?, id, version, &form).await?)
}

/// Gives the slip of a shift back to its cashier.
#[server(endpoint = "shift_return", protocol = Api)]
pub async fn shift_return(id: i64, version: i32, opinion: String) -> Result<(), ApiError> {
    Ok(cash::shift_return(&ctx()?, id, version, &opinion).await?)
}
