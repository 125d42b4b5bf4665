//! To whom a home is let (S0-15): its contract in force, or else the one that is coming.

use crate::{Ctx, Result, ctx::connection, error::stored};
use domain::{
    dictionary::ContractStatus,
    id::{AccountId, ContractId, UnitId},
    platform::permission::Permission,
    tenancy::lease::{LeaseBooks, UnitLease},
    value::Money,
};

/// The contract of a home; none when it is not let. What is owed is for whoever may know bills.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn unit_lease(ctx: &Ctx, unit: UnitId) -> Result<Option<UnitLease>> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select c.id, c.contract_no, c.lessee_name, c.status, c.start_on, c.end_on, c.monthly_rent_fen, c.account_id,
                  coalesce(r.periods, 0) as "periods!", coalesce(r.amount_fen, 0) as "overdue!"
           from contract c left join arrears r on r.account_id = c.account_id
           where c.unit_id = $1 and c.deleted_at is null
               and c.status not in ('REJECTED', 'TERMINATED', 'RENEWED', 'VOID')
           order by c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING') desc, c.status = 'EXPIRED' desc, c.id desc limit 1"#,
        unit.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let Some(row) = row else { return Ok(None) };
    let may_know = ctx.actor().may(Permission::BillRead);
    Ok(Some(UnitLease {
        contract: ContractId(row.id),
        contract_no: row.contract_no,
        lessee: row.lessee_name,
        status: stored(&row.status, ContractStatus::from_code)?,
        start_on: row.start_on,
        end_on: row.end_on,
        rent: Money::from_fen(row.monthly_rent_fen),
        books: row.account_id.filter(|_| may_know).map(|account| LeaseBooks {
            account: AccountId(account),
            periods: row.periods,
            overdue: Money::from_fen(row.overdue),
        }),
    }))
}
