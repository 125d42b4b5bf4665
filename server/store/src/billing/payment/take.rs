//! Taking money at a counter: dividing it among the debts of a household (§4.10) and entering it.

use super::{Entry, Held, Paid, hold, payments_enter};
use crate::{
    Ctx, Error, Result,
    billing::{
        account::account_close,
        debt::{BILL_IS_IN_BATCH, OpenBill, open_bills},
        rule::billing_rule,
        shift::shift_of,
    },
    ctx::{Tx, connection},
};
use domain::{
    billing::{
        allocation::{Debt, allocate},
        payment::{PaymentFields, PaymentForm},
        rule::BillingRule,
    },
    failure::{Failure, FieldErrors},
    id::{AccountId, PaymentId},
    platform::permission::Permission,
    value::Money,
};
use std::collections::HashMap;

/// Takes money of a household at the counter: divides it among its debts (§4.10), keeps the rest as balance if that is
/// wanted, and enters it all. The same request again finds the first receipt.
///
/// # Errors
/// Complaints by field; a refusal for more than is owed without 预存, of a closed account, and when the month is closed.
pub async fn payment_take(ctx: &Ctx, account: AccountId, form: &PaymentForm) -> Result<PaymentId> {
    ctx.require(Permission::PaymentTake)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, account).await?;
    if let Some(known) = known(&mut tx, &held, &fields).await? {
        return Ok(known);
    }
    if held.closed {
        // Nothing is owed under it, and nobody would look for what is kept there.
        return Err(Failure::refused("账户已销户，不能收款").into());
    }
    let rule = billing_rule(&mut tx, held.district_id, ctx.today()).await?;
    let open = open_bills(&mut tx, &[held.id], None, &rule, ctx.today()).await?;
    let entry = Entry {
        estate: held.estate_id,
        account: held.id,
        shares: divide(&fields, &open, &rule)?,
        request: fields.request,
        method: fields.method,
        amount: fields.amount,
        payer: held.payer,
        bank_serial: fields.bank_serial,
        paid_at: ctx.now(),
        remark: fields.remark,
        shift: Some(shift_of(&mut tx, ctx).await?),
    };
    let ids = payments_enter(&mut tx, ctx, held.district_id, ctx.today(), &[entry]).await?;
    // The last debt of a household that has left.
    account_close(&mut tx, ctx, held.id).await?;
    tx.commit().await?;
    ctx.database().announce();
    ids.first().copied().map(PaymentId).ok_or_else(|| Error::Broken("a payment was not entered".to_owned()))
}

/// The receipt that the same request has made already.
async fn known(tx: &mut Tx, held: &Held, fields: &PaymentFields) -> Result<Option<PaymentId>> {
    let row = sqlx::query!(
        "select id, account_id, amount_fen from payment where request_id = $1::text::uuid",
        fields.request
    )
    .fetch_optional(connection(tx))
    .await?;
    match row {
        None => Ok(None),
        Some(row) if row.account_id == held.id && row.amount_fen == fields.amount.fen() => Ok(Some(PaymentId(row.id))),
        Some(_) => Err(Failure::refused("页面已过期，请刷新后再收款").into()),
    }
}

/// What is paid of which bills; the rest of the amount is kept as balance if that is wanted.
fn divide(fields: &PaymentFields, open: &[OpenBill], rule: &BillingRule) -> Result<Vec<Paid>> {
    let by_bill: HashMap<i64, &OpenBill> = open.iter().map(|open| (open.owed.debt.bill, open)).collect();
    let chosen = !fields.bills.is_empty();
    let debts: Vec<Debt> = if chosen {
        let debts: Vec<Debt> =
            fields.bills.iter().filter_map(|bill| by_bill.get(&bill.0)).map(|open| open.owed.debt).collect();
        if debts.len() < fields.bills.len() {
            return Err(Failure::refused("所选账单已缴清或已变更，请刷新后重新选择").into());
        }
        debts
    } else {
        open.iter().map(|open| open.owed.debt).collect()
    };
    let (shares, rest) = allocate(fields.amount, &debts, chosen, rule.first);
    if shares.iter().any(|share| by_bill[&share.bill].in_batch) {
        return Err(Failure::refused(BILL_IS_IN_BATCH).into());
    }
    if rest > Money::ZERO && !fields.prepay {
        let sum: Money = debts.iter().map(|debt| debt.total()).sum();
        let sentence = format!("收款金额与明细不符：应收{sum}元，多收的{rest}元请勾选“转入账户余额”");
        return Err(FieldErrors::from(("amount", sentence.as_str())).into());
    }
    Ok(shares.into_iter().map(|share| by_bill[&share.bill].owed.paid(share)).collect())
}
