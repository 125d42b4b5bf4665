//! Server functions of charging and collecting.

use crate::{Api, ApiError};
use domain::{
    billing::{
        bill::{Bill, BillRow, BillSums},
        bill_form::{BillEdit, BillForm, TakeBack},
        pay_odd::{PayOddOutcome, PayOddRow},
        pay_order_sheet::{PayOrder, PayOrderRow},
        pay_record::PayRecordRow,
        payment::{Account, AccountRow, PaymentForm, PaymentRow, Receipt},
        run::{RunForm, RunRow},
    },
    id::{AccountId, BillId, PaymentId},
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::billing::{account, bill, pay_order, pay_record, payment, run_job, run_list},
};

/// A page of household accounts.
#[server(endpoint = "account_list", protocol = Api)]
pub async fn account_list(query: ListQuery) -> Result<Page<AccountRow>, ApiError> {
    Ok(account::account_list(&ctx()?, &query).await?)
}

/// One account at the counter.
#[server(endpoint = "account_get", protocol = Api)]
pub async fn account_get(id: AccountId) -> Result<Account, ApiError> {
    Ok(account::account_get(&ctx()?, id).await?)
}

/// A page of bills.
#[server(endpoint = "bill_list", protocol = Api)]
pub async fn bill_list(query: ListQuery) -> Result<Page<BillRow>, ApiError> {
    Ok(bill::bill_list(&ctx()?, &query).await?)
}

/// What the bills of a list come to.
#[server(endpoint = "bill_totals", protocol = Api)]
pub async fn bill_totals(query: ListQuery) -> Result<BillSums, ApiError> {
    Ok(bill::bill_totals(&ctx()?, &query).await?)
}

/// One bill.
#[server(endpoint = "bill_get", protocol = Api)]
pub async fn bill_get(id: BillId) -> Result<Bill, ApiError> {
    Ok(bill::bill_get(&ctx()?, id).await?)
}

/// Charges a household by hand.
#[server(endpoint = "bill_create", protocol = Api)]
pub async fn bill_create(account: AccountId, form: BillForm) -> Result<BillId, ApiError> {
    Ok(bill::bill_create(&ctx()?, account, &form).await?)
}

/// Changes when a bill is due and what is remarked of it.
#[server(endpoint = "bill_update", protocol = Api)]
pub async fn bill_update(id: BillId, version: i32, form: BillEdit) -> Result<(), ApiError> {
    Ok(bill::bill_update(&ctx()?, id, version, &form).await?)
}

/// Takes a bill back.
#[server(endpoint = "bill_reverse", protocol = Api)]
pub async fn bill_reverse(id: BillId, version: i32, how: TakeBack, reason: String) -> Result<(), ApiError> {
    Ok(bill::bill_reverse(&ctx()?, id, version, how, &reason).await?)
}

/// Asks for what was paid of a bill; answers the refund.
#[server(endpoint = "bill_refund", protocol = Api)]
pub async fn bill_refund(id: BillId, version: i32, reason: String) -> Result<i64, ApiError> {
    Ok(bill::bill_refund(&ctx()?, id, version, &reason).await?)
}

/// A page of payments and refunds.
#[server(endpoint = "pay_record_list", protocol = Api)]
pub async fn pay_record_list(query: ListQuery) -> Result<Page<PayRecordRow>, ApiError> {
    Ok(pay_record::pay_record_list(&ctx()?, &query).await?)
}

/// A page of payments.
#[server(endpoint = "payment_list", protocol = Api)]
pub async fn payment_list(query: ListQuery) -> Result<Page<PaymentRow>, ApiError> {
    Ok(payment::payment_list(&ctx()?, &query).await?)
}

/// A page of the orders by which tenants pay on their telephones.
#[server(endpoint = "pay_order_list", protocol = Api)]
pub async fn pay_order_list(query: ListQuery) -> Result<Page<PayOrderRow>, ApiError> {
    Ok(pay_order::pay_order_list(&ctx()?, &query).await?)
}

/// One of these orders with its timeline.
#[server(endpoint = "pay_order_get", protocol = Api)]
pub async fn pay_order_get(id: i64) -> Result<PayOrder, ApiError> {
    Ok(pay_order::pay_order_get(&ctx()?, id).await?)
}

/// A page of money that came by telephone and is not what an order asked for.
#[server(endpoint = "pay_odd_list", protocol = Api)]
pub async fn pay_odd_list(query: ListQuery) -> Result<Page<PayOddRow>, ApiError> {
    Ok(pay_order::pay_odd_list(&ctx()?, &query).await?)
}

/// One of it.
#[server(endpoint = "pay_odd_get", protocol = Api)]
pub async fn pay_odd_get(id: i64) -> Result<PayOddRow, ApiError> {
    Ok(pay_order::pay_odd_get(&ctx()?, id).await?)
}

/// Says what becomes of it.
#[server(endpoint = "pay_odd_propose", protocol = Api)]
pub async fn pay_odd_propose(
    id: i64,
    version: i32,
    outcome: PayOddOutcome,
    account_no: String,
    opinion: String,
) -> Result<(), ApiError> {
    Ok(pay_order::pay_odd_propose(&ctx()?, id, version, outcome, &account_no, &opinion).await?)
}

/// Agrees to it, or refuses.
#[server(endpoint = "pay_odd_decide", protocol = Api)]
pub async fn pay_odd_decide(id: i64, version: i32, agree: bool, opinion: String) -> Result<(), ApiError> {
    Ok(pay_order::pay_odd_decide(&ctx()?, id, version, agree, &opinion).await?)
}

/// Takes money at the counter.
#[server(endpoint = "payment_take", protocol = Api)]
pub async fn payment_take(account: AccountId, form: PaymentForm) -> Result<PaymentId, ApiError> {
    Ok(payment::payment_take(&ctx()?, account, &form).await?)
}

/// Takes a payment back.
#[server(endpoint = "payment_void", protocol = Api)]
pub async fn payment_void(id: PaymentId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(payment::payment_void(&ctx()?, id, version, &reason).await?)
}

/// The payments that were chosen in the list.
#[server(endpoint = "payments_chosen", protocol = Api)]
pub async fn payments_chosen(ids: Vec<PaymentId>) -> Result<Vec<PaymentRow>, ApiError> {
    Ok(payment::payments_chosen(&ctx()?, &ids).await?)
}

/// Confirms payments as an accountant.
#[server(endpoint = "payments_verify", protocol = Api)]
pub async fn payments_verify(ids: Vec<PaymentId>) -> Result<u32, ApiError> {
    Ok(payment::payments_verify(&ctx()?, &ids).await?)
}

/// Takes back that a payment was verified.
#[server(endpoint = "payment_unverify", protocol = Api)]
pub async fn payment_unverify(id: PaymentId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(payment::payment_unverify(&ctx()?, id, version, &reason).await?)
}

/// A payment as its receipt shows it.
#[server(endpoint = "receipt_get", protocol = Api)]
pub async fn receipt_get(id: PaymentId) -> Result<Receipt, ApiError> {
    Ok(payment::receipt_get(&ctx()?, id).await?)
}

/// Notes that a receipt is printed; answers how often it was before.
#[server(endpoint = "receipt_print", protocol = Api)]
pub async fn receipt_print(id: PaymentId) -> Result<i32, ApiError> {
    Ok(payment::receipt_print(&ctx()?, id).await?)
}

/// A page of monthly runs.
#[server(endpoint = "bill_run_list", protocol = Api)]
pub async fn bill_run_list(query: ListQuery) -> Result<Page<RunRow>, ApiError> {
    Ok(run_list::bill_run_list(&ctx()?, &query).await?)
}

/// Starts the run of a month; answers the job's id.
#[server(endpoint = "bill_run_create", protocol = Api)]
pub async fn bill_run_create(form: RunForm) -> Result<String, ApiError> {
    Ok(run_job::bill_run_create(&ctx()?, &form).await?)
}
