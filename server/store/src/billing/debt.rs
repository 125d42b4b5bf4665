//! What is owed for a bill on a day: its principal, and the late fee with what only now is charged (domain.md §4.5).

use super::payment::Paid;
use crate::{
    Result,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        allocation::{Debt, Share},
        late_fee::Charged,
        rule::BillingRule,
    },
    dictionary::FeeItem,
    value::Money,
};

/// What a counter, a waiver or whoever else is told while the bank is at it (§3.7).
pub(crate) const BILL_IS_IN_BATCH: &str = "该账单正在银行扣款中，请于回盘后再缴";

/// What somebody owes, with what the transfers have to name.
pub(super) struct Owed {
    pub debt: Debt,
    pub fee_item: FeeItem,
    /// of the late fee, what is charged only now
    pub accrued: Money,
}

impl Owed {
    /// What a payment pays of it.
    pub fn paid(&self, share: Share) -> Paid {
        Paid {
            bill: share.bill,
            fee_item: self.fee_item,
            principal: share.principal,
            late_fee: share.late_fee,
            accrued: self.accrued,
        }
    }
}

/// What is owed for a bill whose late fee was paid in part.
pub(super) fn owed(
    bill: i64,
    fee_item: FeeItem,
    charged: &Charged,
    late_paid: Money,
    rule: &BillingRule,
    today: NaiveDate,
) -> Owed {
    let fee = rule.late_fee.filter(|_| fee_item == FeeItem::Rent);
    let accrued = fee.map_or(Money::ZERO, |fee| fee.accrued(charged, today));
    let late_fee = charged.late_fee - late_paid + accrued;
    let debt = Debt { bill, due_on: charged.due_on, principal: charged.principal, late_fee };
    Owed { debt, fee_item, accrued }
}

/// An open bill of an account.
pub(super) struct OpenBill {
    pub account: i64,
    pub owed: Owed,
    /// a batch has asked the bank for it
    pub in_batch: bool,
}

/// The open bills of locked accounts, with the late fee up to a day, by account and age; `due_by` leaves out what is due
/// later. They are locked.
pub(super) async fn open_bills(
    tx: &mut Tx,
    accounts: &[i64],
    due_by: Option<NaiveDate>,
    rule: &BillingRule,
    day: NaiveDate,
) -> Result<Vec<OpenBill>> {
    sqlx::query!(
        "select id, account_id, fee_item, due_on, amount_fen, paid_fen, late_fee_fen, late_paid_fen, late_to, in_batch
         from bill where account_id = any($1) and decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen
             and ($2::date is null or due_on <= $2)
         order by account_id, due_on, id for update",
        accounts,
        due_by
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        let amount = Money::from_fen(row.amount_fen);
        let charged = Charged {
            due_on: row.due_on,
            amount,
            principal: amount - Money::from_fen(row.paid_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
            to: row.late_to,
        };
        let fee_item = stored(&row.fee_item, FeeItem::from_code)?;
        let owed = owed(row.id, fee_item, &charged, Money::from_fen(row.late_paid_fen), rule, day);
        Ok(OpenBill { account: row.account_id, owed, in_batch: row.in_batch.is_some() })
    })
    .collect()
}
