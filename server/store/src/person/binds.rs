//! What hangs on a person's record: rooms, contracts, accounts, homes that are kept for him, his household. A record with
//! any of it is not deleted; one that is given up for another hands it over (S1-5.4).

use super::doubles;
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
};
use domain::{failure::Failure, id::PersonId};

/// Refuses a record that something hangs on, anywhere in the city.
pub(super) async fn require_free(tx: &mut Tx, id: PersonId) -> Result<()> {
    let kind = sqlx::query_scalar!("select person_binds($1)", id.0).fetch_one(connection(tx)).await?;
    let sentence = match kind.as_deref() {
        None => return Ok(()),
        Some("CONTRACT") => "该人员已有合同，不能删除",
        Some("CHANGE") => "该人员有合同变更记录，不能删除",
        Some("TAKE_OVER") => "该人员在存量合同接管批次中，不能删除",
        Some("ASSIGNMENT") => "该人员已有直接分配，不能删除",
        Some("ACCOUNT") => "该人员已有租金账户，不能删除",
        Some("BINDING") => "该人员已有入住记录，不能删除",
        Some("HOUSEHOLD") => "该人员已登记家庭，不能删除",
        Some(other) => return Err(Error::Broken(format!("a person is bound by {other}"))),
    };
    Err(Failure::refused(sentence).into())
}

/// Takes the rows in the order of whoever works with contracts – homes, assignments, contracts, people – before the two
/// persons are taken.
pub(super) async fn hold(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    sqlx::query!(
        "select id from unit where id in (
             select unit_id from contract where person_id = any($1)
             union select unit_id from assignment where person_id = any($1)
             union select unit_id from binding where person_id = any($1)
             union select c.unit_id from contract_resident r join contract c on c.id = r.contract_id where r.person_id = any($1))
         order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!("select id from assignment where person_id = any($1) order by id for update", ids)
        .fetch_all(connection(tx))
        .await?;
    sqlx::query!(
        "select id from contract where person_id = any($1)
             or id in (select contract_id from contract_resident where person_id = any($1)) order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "select id from household where id in (select household_id from household_member where person_id = any($1))
         order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(())
}

/// Hands everything over to the record that goes on.
///
/// # Errors
/// A refusal where both have what one person has once.
pub(super) async fn hand_over(tx: &mut Tx, ctx: &Ctx, survivor: i64, merged: i64) -> Result<()> {
    doubles::resolve(tx, ctx, survivor, merged).await?;
    require_one(tx, survivor, merged).await?;
    // What was approved is held by the database; who is meant does not change, only where his record is.
    sqlx::query!("select set_config('app.contract', 'change', true) as held").fetch_one(connection(tx)).await?;
    // Of a contract in which both are named one stays: the lessee, else the survivor.
    sqlx::query!(
        "delete from contract_resident r using contract c
         where c.id = r.contract_id and r.person_id in ($1, $2) and (
             c.person_id in ($1, $2)
             or (r.person_id = $2 and exists (select from contract_resident o where o.contract_id = c.id and o.person_id = $1)))",
        survivor,
        merged
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update contract_resident set person_id = $1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    let contracts = sqlx::query_scalar!(
        "update contract set person_id = $1, version = version + 1, updated_at = $3, updated_by = $4 where person_id = $2 returning id",
        survivor,
        merged,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!("select set_config('app.contract', '', true) as held").fetch_one(connection(tx)).await?;
    sqlx::query!(
        "insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status)
         select district_id, estate_id, id, $2, $3, '承租人记录合并', status, status from contract where id = any($1)",
        &contracts,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update assignment set person_id = $1, version = version + 1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    sqlx::query!("update account set person_id = $1, version = version + 1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    sqlx::query!("update binding set person_id = $1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    sqlx::query!("update household_member set person_id = $1 where person_id = $2", survivor, merged)
        .execute(connection(tx))
        .await?;
    // A household is kept by who keeps its head.
    sqlx::query!(
        "update household h set head_id = p.id, organization_id = p.organization_id, district_id = p.district_id,
                version = h.version + 1
         from person p where p.id = $1 and h.head_id = $2",
        survivor,
        merged
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// What one person has once the two must not both have.
async fn require_one(tx: &mut Tx, survivor: i64, merged: i64) -> Result<()> {
    let both = sqlx::query!(
        r#"select
             (select count(distinct person_id) from contract where person_id in ($1, $2) and deleted_at is null
                and status not in ('REJECTED', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID')) > 1 as "contracts!",
             (select count(distinct person_id) from assignment where person_id in ($1, $2)
                and status in ('PENDING', 'CONFIRMED')) > 1 as "assignments!",
             exists (select from account a join account b on b.unit_id = a.unit_id and b.status = 'ON' and b.person_id = $2
                where a.person_id = $1 and a.status = 'ON') as "accounts!",
             (select count(distinct person_id) from binding where person_id in ($1, $2) and to_on is null) > 1 as "bindings!",
             (select count(distinct person_id) from household_member where person_id in ($1, $2) and left_on is null) > 1
                 as "households!""#,
        survivor,
        merged
    )
    .fetch_one(connection(tx))
    .await?;
    let refusals = [
        (both.contracts, "两条记录均有履行中或办理中的合同，不能合并"),
        (both.assignments, "两条记录均有待签约的房源，不能合并，请先撤销其中一条的直接分配"),
        (both.accounts, "两条记录在同一房屋均有未结清的租金账户，不能合并"),
        (both.bindings, "两条记录均有入住房间，不能合并"),
        (both.households, "两条记录均已登记家庭，不能合并，请先从家庭中移出其中一条"),
    ];
    match refusals.into_iter().find(|(both, _)| *both) {
        Some((_, sentence)) => Err(Failure::refused(sentence).into()),
        None => Ok(()),
    }
}
