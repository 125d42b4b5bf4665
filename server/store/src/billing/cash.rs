//! A shift's cash at the bank (S4-1.11, CASHIER → FINANCE): whoever has seen the money there moves it from CASH to BANK, once, and
//! what is missing or too much to 现金长短款. That is never who took it.

use super::ledger::{ShiftTransfer, transfer_shift};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        ledger::Subject,
        shift::{CashMove, ShiftBankForm, cash_moves},
    },
    dictionary::FeeItem,
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    value::Money,
};

/// A closed shift whose row is locked.
struct Held {
    /// 应交现金, and what of it was taken in the shift
    due: Money,
    taken: Money,
}

/// Locks a shift whose cash was handed in and waits for this actor.
async fn hold(tx: &mut Tx, ctx: &Ctx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!(
        "select cashier_id, opening_cash_fen, counted_cash_fen, system_cash_fen, handed_in_at, banked_at, version
         from cashier_shift where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.cashier_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能确认本人班次的交款").into());
    }
    if row.banked_at.is_some() {
        return Err(Failure::refused("该班次的交款已确认入账").into());
    }
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    let (Some(counted), Some(system), Some(_)) = (row.counted_cash_fen, row.system_cash_fen, row.handed_in_at) else {
        return Err(Failure::refused("该班次尚未交款").into());
    };
    Ok(Held {
        due: Money::from_fen((counted - row.opening_cash_fen).max(0)),
        taken: Money::from_fen(system - row.opening_cash_fen),
    })
}

/// What of a shift lies in CASH, by estate and fee item, the most first.
struct Part {
    district: i64,
    estate: i64,
    fee_item: FeeItem,
    amount: Money,
}

async fn parts(tx: &mut Tx, shift: i64) -> Result<Vec<Part>> {
    let rows = sqlx::query!(
        r#"select e.district_id, e.estate_id, e.fee_item,
                  sum(e.amount_fen * ((e.debit = 'CASH')::int - (e.credit = 'CASH')::int))::bigint as "fen!"
           from payment p join ledger_entry e on e.payment_id = p.id
           where p.shift_id = $1 and 'CASH' in (e.debit, e.credit) group by 1, 2, 3
           having sum(e.amount_fen * ((e.debit = 'CASH')::int - (e.credit = 'CASH')::int)) <> 0 order by 4 desc, 2, 3"#,
        shift
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Part {
                district: row.district_id,
                estate: row.estate_id,
                fee_item: stored(&row.fee_item, FeeItem::from_code)?,
                amount: Money::from_fen(row.fen),
            })
        })
        .collect()
}

/// Confirms that the cash of a shift is at the bank, as much as its slip says: the ledger's drawer is emptied by what the shift
/// took, with today's date.
///
/// # Errors
/// Without [`Permission::PaymentVerify`]; [`Failure::NotFound`] outside the scope; a refusal for one's own shift, one that is not
/// handed in, one that was confirmed, and one with payments out of scope; [`Failure::Conflict`]; complaints by field; a closed
/// month.
pub async fn shift_bank(ctx: &Ctx, id: i64, version: i32, form: &ShiftBankForm) -> Result<()> {
    ctx.require(Permission::PaymentVerify)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, ctx, id, version).await?;
    let (banked, note) = form.check(held.due)?;
    let parts = parts(&mut tx, id).await?;
    // The count of the drawer and the ledger have it from two places; who sees a part only would move a part only.
    if parts.iter().map(|part| part.amount).sum::<Money>() != held.taken {
        return Err(Failure::refused("该班次有您数据范围以外的收款，请由其区县的财务确认").into());
    }
    if parts.is_empty() && banked > Money::ZERO {
        return Err(FieldErrors::from(("amount", "该班次没有收取现金，入账金额应为0")).into());
    }
    let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
    let transfers: Vec<ShiftTransfer> =
        cash_moves(&amounts, banked).into_iter().map(|step| transfer_of(&parts[step.part], step)).collect();
    transfer_shift(&mut tx, ctx, ctx.today(), id, &transfers).await?;
    sqlx::query!(
        "update cashier_shift set banked_fen = $2, banked_at = $3, banked_by = $4, banked_note = $5, version = version + 1
         where id = $1",
        id,
        banked.fen(),
        ctx.now(),
        ctx.actor().id.0,
        note,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

fn transfer_of(part: &Part, step: CashMove) -> ShiftTransfer {
    ShiftTransfer {
        district: part.district,
        estate: part.estate,
        debit: step.debit,
        credit: step.credit,
        fee_item: part.fee_item,
        amount: step.amount,
        reason: match (step.debit, step.credit) {
            (Subject::CashDifference, _) => "现金短款",
            (_, Subject::CashDifference) => "现金长款",
            _ => "现金交存银行",
        },
    }
}

/// Gives the slip of a shift back to its cashier: it says what the bank does not.
///
/// # Errors
/// As [`shift_bank`]; a missing reason.
pub async fn shift_return(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::PaymentVerify)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    hold(&mut tx, ctx, id, version).await?;
    sqlx::query!(
        "update cashier_shift set bank_slip_no = null, handed_in_at = null, returned_reason = $2, version = version + 1 where id = $1",
        id,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
