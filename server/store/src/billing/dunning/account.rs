//! How one household stands with dunning.

use super::{
    instalment::{instalment_of, overdue_bills},
    pause::pause_of,
    record::last_records,
};
use crate::{Ctx, Result, ctx::connection, error::stored};
use domain::{
    billing::dunning_account::DunningAccount, dictionary::ArrearsLevel, failure::Failure, id::AccountId,
    platform::permission::Permission, value::Money,
};

/// Level, debt, what rests, and what was done.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn dunning_account_get(ctx: &Ctx, id: AccountId) -> Result<DunningAccount> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select a.account_no, a.district_id, coalesce(c.lessee_name, '') as "lessee!", u.address, coalesce(p.phone_mask, c.phone_mask, '') as "phone_mask!",
                  r.level, r.periods, r.amount_fen, r.since,
                  (select b.id from sms_block b where b.account_id = a.id and b.ended_at is null) as blocked
           from account a join unit u on u.id = a.unit_id join arrears r on r.account_id = a.id
           left join person p on p.id = a.person_id
           left join lateral (select lessee_name, phone_mask from contract c where c.account_id = a.id order by c.id desc limit 1) c
               on true
           where a.id = $1"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let bills = overdue_bills(&mut tx, ctx, id.0, row.district_id).await?;
    let pause = pause_of(&mut tx, ctx, id.0).await?;
    let instalment = instalment_of(&mut tx, ctx, id.0).await?;
    let records = last_records(&mut tx, id.0).await?;
    tx.commit().await?;
    Ok(DunningAccount {
        account_id: id,
        account_no: row.account_no,
        lessee: row.lessee,
        address: row.address,
        phone_mask: row.phone_mask,
        level: stored(&row.level, ArrearsLevel::from_code)?,
        periods: row.periods.into(),
        amount: Money::from_fen(row.amount_fen),
        since: row.since,
        debt: bills.iter().map(|bill| Money::from_fen(bill.outstanding_fen)).sum(),
        blocked: row.blocked,
        pause,
        instalment,
        records,
        today: ctx.today(),
    })
}
