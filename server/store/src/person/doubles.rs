//! What two records of one human both have and one person has once (S1-5.4): where the two say the same – one room, one
//! household, an account that is settled – one of them ends; where they do not, the merge is refused (`binds`).

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::failure::Failure;

/// Ends what is there twice and says the same.
///
/// # Errors
/// A refusal while something is under way that names the record that is given up.
pub(super) async fn resolve(tx: &mut Tx, ctx: &Ctx, survivor: i64, merged: i64) -> Result<()> {
    require_idle(tx, merged).await?;
    room(tx, ctx, survivor, merged).await?;
    household(tx, ctx, survivor, merged).await?;
    account(tx, ctx, survivor, merged).await?;
    sqlx::query!("update contract_change set person_id = $1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// What was written down by the record's id and waits for somebody would name nobody.
async fn require_idle(tx: &mut Tx, merged: i64) -> Result<()> {
    let idle = sqlx::query!(
        r#"select exists (select from contract_change where status in ('DRAFT', 'PENDING', 'APPROVED') and (person_id = $1
                  or after -> 'residents' @> jsonb_build_array(jsonb_build_object('person_id', $1::bigint)))) as "changes!",
                  exists (select from take_over_row where person_id = $1 and state = 'STAGED') as "staged!""#,
        merged
    )
    .fetch_one(connection(tx))
    .await?;
    if idle.changes {
        return Err(Failure::refused("被合并的记录有办理中的合同变更，不能合并").into());
    }
    if idle.staged {
        return Err(Failure::refused("被合并的记录在待接管的批次中，请先完成或作废该批次").into());
    }
    Ok(())
}

/// Somebody was entered twice in one home: he lives there once, as the lessee if either is.
async fn room(tx: &mut Tx, ctx: &Ctx, survivor: i64, merged: i64) -> Result<()> {
    let ended = sqlx::query!(
        "update binding m set to_on = greatest(m.from_on, $3::date), ended_reason = '人员记录合并', ended_at = $4, ended_by = $5
         from binding s where s.person_id = $1 and m.person_id = $2 and s.unit_id = m.unit_id and s.to_on is null and m.to_on is null
         returning s.id, m.relation",
        survivor,
        merged,
        ctx.today(),
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_optional(connection(tx))
    .await?;
    if let Some(row) = ended.filter(|row| row.relation == "LESSEE") {
        sqlx::query!("update binding set relation = 'LESSEE' where id = $1", row.id).execute(connection(tx)).await?;
    }
    Ok(())
}

/// Somebody was entered twice in one household: he belongs to it once, as its head if either is.
async fn household(tx: &mut Tx, ctx: &Ctx, survivor: i64, merged: i64) -> Result<()> {
    let left = sqlx::query_scalar!(
        "with double as (
             select m.household_id, case when m.relation = 'SELF' then s.id else m.id end as member
             from household_member s join household_member m on m.household_id = s.household_id
             where s.person_id = $1 and m.person_id = $2 and s.left_on is null and m.left_on is null)
         update household_member h set left_on = greatest(h.joined_on, $3) from double d where h.id = d.member
         returning d.household_id",
        survivor,
        merged,
        ctx.today(),
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(household) = left else { return Ok(()) };
    sqlx::query!(
        "update household set size = greatest(size - 1, 1), version = version + 1, updated_at = $2, updated_by = $3 where id = $1",
        household,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into household_history (household_id, at, actor_id, event, reason) values ($1, $2, $3, '成员合并', '人员记录合并')",
        household,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Of two open accounts of one home that of a contract that has ended is closed, if nothing is left on it.
async fn account(tx: &mut Tx, ctx: &Ctx, survivor: i64, merged: i64) -> Result<()> {
    sqlx::query!(
        "select id from account where person_id in ($1, $2) and status = 'ON' order by id for update",
        survivor,
        merged
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "update account set status = 'OFF', closed_on = $3, version = version + 1
         where id = (
             select a.id from account a join account o on o.unit_id = a.unit_id and o.id <> a.id and o.status = 'ON'
             where a.status = 'ON' and a.person_id in ($1, $2) and o.person_id in ($1, $2) and a.person_id <> o.person_id
                 and a.balance_fen = 0 and a.deposit_fen = 0
                 and not exists (select from contract c where c.account_id = a.id
                                 and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED'))
                 and not exists (select from bill b where b.account_id = a.id and b.decision is null
                                 and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen)
             order by a.person_id = $1, a.id limit 1)",
        survivor,
        merged,
        ctx.today(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
