//! Payments out of what an account holds already: its balance or its deposit.

use super::{
    debt::OpenBill,
    payment::{Entry, Held, payments_enter},
};
use crate::{
    Ctx, Result,
    ctx::Tx,
    platform::token::{digest, hex},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        allocation::{Debt, allocate},
        rule::BillingRule,
    },
    dictionary::{FeeItem, PayMethod},
    tenancy::exit_bill::order,
    value::Money,
};
use std::collections::HashMap;

/// A payment out of what the account holds already.
pub(super) struct Pays {
    pub method: PayMethod,
    /// at most
    pub amount: Money,
    /// id of the request (a UUID)
    pub request: String,
    pub remark: String,
    pub day: NaiveDate,
}

/// Pays open bills of a locked account out of its balance or its deposit.
pub(super) async fn fund_pays(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    rule: &BillingRule,
    open: &[OpenBill],
    pays: Pays,
) -> Result<()> {
    let debts: Vec<(Debt, FeeItem)> = open.iter().map(|open| (open.owed.debt, open.owed.fee_item)).collect();
    let by_deposit = pays.method == PayMethod::DepositOffset;
    let (shares, rest) = allocate(pays.amount, &order(&debts, by_deposit), true, rule.first);
    if shares.is_empty() {
        return Ok(());
    }
    let by_bill: HashMap<i64, &OpenBill> = open.iter().map(|open| (open.owed.debt.bill, open)).collect();
    let entry = Entry {
        estate: held.estate_id,
        account: held.id,
        request: pays.request,
        method: pays.method,
        amount: pays.amount - rest,
        payer: held.payer.clone(),
        bank_serial: None,
        paid_at: ctx.now(),
        remark: Some(pays.remark),
        shift: None,
        shares: shares.into_iter().map(|share| by_bill[&share.bill].owed.paid(share)).collect(),
    };
    payments_enter(tx, ctx, held.district_id, pays.day, &[entry]).await?;
    Ok(())
}

/// The same cause pays once, however often it is entered.
pub(super) fn request_id(cause: &str) -> String {
    let digits = hex(&digest(cause.as_bytes())[..16]);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
