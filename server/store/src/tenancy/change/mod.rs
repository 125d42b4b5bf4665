//! Changes of contracts (domain.md §3.5 C10, E-41): asked for by one, agreed to by another, taken into the contract on their day.
//! Where the account changes the bank is told on that day, and its answer takes the change in (`billing::bank::contract_file`).

mod apply;
mod decide;
mod read;
mod write;

pub use apply::changes_apply;
pub(crate) use apply::{ChangeAnswer, change_answered};
pub use decide::{change_decide, change_submit, change_sync_again, change_withdraw};
pub(crate) use read::push_turn;
pub use read::{change_get, change_list, change_offer};
pub use write::change_create;

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    failure::Failure,
    tenancy::change::{ChangeKind, ChangeStatus},
};

/// A change whose row, behind those of its home and its contract, is locked.
struct Held {
    id: i64,
    contract: i64,
    kind: ChangeKind,
    status: ChangeStatus,
    maker: i64,
    change_no: String,
    effective_on: chrono::NaiveDate,
    version: i32,
}

/// Takes the rows in the order of whoever works with contracts: the home, the contract, then the change.
async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let contract = sqlx::query_scalar!("select contract_id from contract_change where id = $1", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    super::contract::hold(tx, domain::id::ContractId(contract)).await?;
    let row = sqlx::query!(
        r#"select contract_id, kind, status, maker_id, change_no as "change_no!", effective_on, version
           from contract_change where id = $1 for update"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Held {
        id,
        contract: row.contract_id,
        kind: stored(&row.kind, ChangeKind::from_code)?,
        status: stored(&row.status, ChangeStatus::from_code)?,
        maker: row.maker_id,
        change_no: row.change_no,
        effective_on: row.effective_on,
        version: row.version,
    })
}

/// Sets the status and says why, if there is anything to say.
async fn status_set(tx: &mut Tx, ctx: &Ctx, id: i64, status: ChangeStatus, message: Option<&str>) -> Result<()> {
    sqlx::query!(
        "update contract_change set status = $2, message = coalesce($3, message),
                effective_at = case when $2 = 'EFFECTIVE' then $4::timestamptz end, updated_at = $4, version = version + 1
         where id = $1",
        id,
        status.code(),
        message,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
