//! What a household has paid ahead and left as a deposit, moved to its account for another home.

use super::ledger::{Transfer, transfer};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{billing::ledger::Subject, dictionary::FeeItem, value::Money};

/// Moves balance and deposit from one account to another of the same household: two transfers for each, so that either account
/// is explained by its own and the city's side is left as it was.
///
/// # Errors
/// A refusal when the month is closed.
pub(crate) async fn funds_move(tx: &mut Tx, ctx: &Ctx, (from, to): (i64, i64), reason: &str) -> Result<()> {
    if from == to {
        return Ok(());
    }
    sqlx::query!("select id from account where id = any($1) order by id for update", &[from, to])
        .fetch_all(connection(tx))
        .await?;
    let held = sqlx::query!("select balance_fen, deposit_fen from account where id = $1", from)
        .fetch_one(connection(tx))
        .await?;
    let kept = [
        (Subject::Balance, FeeItem::Rent, Money::from_fen(held.balance_fen)),
        (Subject::Deposit, FeeItem::Deposit, Money::from_fen(held.deposit_fen)),
    ];
    let moves: Vec<Transfer<'_>> = kept
        .into_iter()
        .flat_map(|(subject, fee_item, amount)| {
            let side = |account, debit, credit| Transfer {
                account,
                debit,
                credit,
                fee_item,
                amount,
                reason,
                bill: None,
                payment: None,
            };
            [side(from, subject, Subject::Moved), side(to, Subject::Moved, subject)]
        })
        .collect();
    transfer(tx, ctx, ctx.today(), &moves).await
}
