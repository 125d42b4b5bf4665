//! What of a contract a change changes, kind by kind, in the transaction of its caller.

use super::{CHARGED_FURTHER, Held, PERSON_ELSEWHERE, charged_to};
use crate::{
    Ctx, Error, Result,
    billing::{post, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    person::{
        household::household_of,
        number::{Numbers, person_phone_set},
    },
    platform::{calendar::calendar_load, cipher::Kind},
    tenancy::{assignment::person_is_housed, contract::terms::billed_read_one},
};
use domain::{
    failure::{Failure, FieldErrors},
    id::PersonId,
    person::Secret,
    tenancy::{change::ChangeState, contract::Resident},
    value::Phone,
};

/// The sealed account of the change, under the key of the contract: what a contract keeps names one key.
pub(super) async fn account(tx: &mut Tx, ctx: &Ctx, held: &Held, after: &ChangeState) -> Result<()> {
    let ring = ctx.database().keys()?;
    let row = sqlx::query!(
        r#"select h.bank_no as "new!", c.id_number, c.phone from contract_change h join contract c on c.id = h.contract_id where h.id = $1"#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    sqlx::query!(
        "update contract set bank_name = $2, bank_no = $3, bank_no_mask = $4, bank_holder = $5, id_number = $6, phone = $7, key_id = $8
         where id = $1",
        held.contract,
        after.bank_name.as_deref().unwrap_or_default(),
        ring.renewed(Kind::BankAccount, row.new)?,
        after.bank_no.as_deref().unwrap_or_default(),
        after.bank_holder.as_deref().unwrap_or_default(),
        ring.renewed(Kind::IdNumber, row.id_number)?,
        ring.renewed(Kind::Phone, row.phone)?,
        ring.active(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

pub(super) async fn phone(tx: &mut Tx, ctx: &Ctx, held: &Held, after: &ChangeState) -> Result<()> {
    let ring = ctx.database().keys()?;
    let row = sqlx::query!(
        r#"select h.phone as "new!", c.id_number, c.bank_no, c.person_id
           from contract_change h join contract c on c.id = h.contract_id where h.id = $1"#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    // By the record of the person he is called, sent messages and signs in.
    let plain = Phone::parse(&ring.open(Kind::Phone, &row.new)?).map_err(|error| Error::Broken(error.to_string()))?;
    if !person_phone_set(tx, ctx, PersonId(row.person_id), &plain).await? {
        return Err(Failure::refused(PERSON_ELSEWHERE).into());
    }
    sqlx::query!(
        "update contract set phone = $2, phone_mask = $3, id_number = $4, bank_no = $5, key_id = $6 where id = $1",
        held.contract,
        ring.renewed(Kind::Phone, row.new)?,
        after.phone.as_deref().unwrap_or_default(),
        ring.renewed(Kind::IdNumber, row.id_number)?,
        ring.renewed(Kind::BankAccount, row.bank_no)?,
        ring.active(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Who lives there with the lessee. Who is named no more has left: his room is free, and his card with it.
pub(super) async fn residents(tx: &mut Tx, ctx: &Ctx, contract: i64, residents: Option<&[Resident]>) -> Result<()> {
    let residents = residents.unwrap_or_default();
    let ids: Vec<i64> = residents.iter().map(|resident| resident.person_id.0).collect();
    let names: Vec<String> = residents.iter().map(|resident| resident.name.clone()).collect();
    let relations: Vec<&str> = residents.iter().map(|resident| resident.relation.code()).collect();
    sqlx::query!(
        "update binding b set to_on = greatest(b.from_on, $3::date), ended_reason = '合同变更', ended_at = $4, ended_by = $5
         from contract_resident r join contract c on c.id = r.contract_id
         where r.contract_id = $1 and r.person_id <> all($2) and r.person_id <> c.person_id
             and b.unit_id = c.unit_id and b.person_id = r.person_id and b.to_on is null",
        contract,
        &ids,
        ctx.today(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("delete from contract_resident where contract_id = $1", contract).execute(connection(tx)).await?;
    sqlx::query!(
        "insert into contract_resident (contract_id, person_id, district_id, estate_id, name, relation)
         select c.id, r.person, c.district_id, c.estate_id, r.name, r.relation
         from unnest($2::bigint[], $3::text[], $4::text[]) as r (person, name, relation) join contract c on c.id = $1",
        contract,
        &ids,
        &names,
        &relations as &[&str],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Another last day. Where the old term was charged to its end its last bill may be a part of a month or of a cycle: the plan
/// goes on behind it with a bill of its own, so that no day is missed and none is charged twice.
pub(super) async fn term(tx: &mut Tx, ctx: &Ctx, held: &Held, after: &ChangeState) -> Result<()> {
    let end_on = after.end_on.ok_or_else(|| Error::Broken("a change of the term names no day".to_owned()))?;
    let before = sqlx::query!("select end_on, district_id from contract where id = $1", held.contract)
        .fetch_one(connection(tx))
        .await?;
    let charged = charged_to(tx, held.contract).await?;
    if charged.is_some_and(|day| day > end_on) {
        return Err(Failure::refused(CHARGED_FURTHER).into());
    }
    sqlx::query!(
        "update contract set end_on = $2, rent_start_on = least(rent_start_on, $2) where id = $1",
        held.contract,
        end_on
    )
    .execute(connection(tx))
    .await?;
    let behind = before.end_on.succ_opt().unwrap_or(before.end_on);
    if end_on <= before.end_on {
        return Ok(());
    }
    if charged == Some(before.end_on) {
        sqlx::query!("update contract_change set seam_on = $2 where id = $1", held.id, behind)
            .execute(connection(tx))
            .await?;
    }
    // The runs of the months that have begun looked at the old term.
    let rule = billing_rule(tx, before.district_id, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (billed, _) = billed_read_one(tx, held.contract).await?;
    let mut charges = charges_until(&billed, ctx.today(), &rule, &calendar);
    charges.retain(|charge| charge.bill.from >= behind);
    for charge in &mut charges {
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
    }
    post(tx, ctx, &charges, None, ctx.today()).await?;
    Ok(())
}

/// R-73: another of the household goes on with contract, account, deposit and home.
pub(super) async fn lessee(tx: &mut Tx, ctx: &Ctx, held: &Held, person: PersonId, ground: Option<&str>) -> Result<()> {
    if person_is_housed(tx, person).await? {
        return Err(FieldErrors::from(("person", "新承租人已有履行中的合同")).into());
    }
    let ring = ctx.database().keys()?;
    let mut numbers = Numbers::load(tx, person).await.map_err(|error| match error {
        Error::Failure(Failure::NotFound) => Failure::refused("新承租人的人员记录不存在或已合并").into(),
        error => error,
    })?;
    numbers.renew(ring)?;
    let before = sqlx::query!("select person_id, account_id, unit_id from contract where id = $1", held.contract)
        .fetch_one(connection(tx))
        .await?;
    let household = household_of(tx, person.0).await?.map(|(household, _)| household);
    sqlx::query!(
        "update contract c set person_id = p.id, lessee_name = p.name, id_number = $3, id_number_mask = $4, phone = $5,
                phone_mask = $6, household_id = coalesce($7, c.household_id)
         from person p where c.id = $1 and p.id = $2",
        held.contract,
        person.0,
        numbers.bytes(Secret::IdNumber) as _,
        numbers.mask(Secret::IdNumber) as _,
        numbers.bytes(Secret::Phone) as _,
        numbers.mask(Secret::Phone) as _,
        household,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update account set person_id = $2, version = version + 1 where id = $1", before.account_id, person.0)
        .execute(connection(tx))
        .await
        .map_err(|error| {
            Error::from(error).or_field(&[("account_open_key", "person", "新承租人在该房屋已有租金账户，请先销户")])
        })?;
    homes_follow(tx, ctx, (before.unit_id, before.person_id, person.0), ground == Some("OTHER"), held).await
}

/// Who lives there: the one before leaves, or stays as a co-resident; the new lessee lives there as such.
async fn homes_follow(
    tx: &mut Tx,
    ctx: &Ctx,
    (unit, before, person): (i64, i64, i64),
    stays: bool,
    held: &Held,
) -> Result<()> {
    let named = sqlx::query_scalar!(
        r#"select after -> 'residents' @> jsonb_build_array(jsonb_build_object('person_id', $2::bigint)) as "named"
           from contract_change where id = $1"#,
        held.id,
        before
    )
    .fetch_one(connection(tx))
    .await?;
    sqlx::query!(
        "update binding set relation = case when $3 then 'CO_RESIDENT' else relation end,
                to_on = case when $3 then null else greatest(from_on, $4::date) end,
                ended_reason = case when $3 then null else '变更承租人' end,
                ended_at = case when $3 then null else $5::timestamptz end,
                ended_by = case when $3 then null else $6::bigint end
         where unit_id = $1 and person_id = $2 and to_on is null",
        unit,
        before,
        stays && named == Some(true),
        ctx.today(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    let moved = sqlx::query!(
        "update binding set relation = 'LESSEE' where unit_id = $1 and person_id = $2 and to_on is null",
        unit,
        person
    )
    .execute(connection(tx))
    .await?;
    if moved.rows_affected() == 0 {
        succeed_room(tx, ctx, held.contract, before).await?;
    }
    Ok(())
}

/// Who was bound nowhere in the home lives in the room of the one before, unless he lives in another home.
async fn succeed_room(tx: &mut Tx, ctx: &Ctx, contract: i64, before: i64) -> Result<()> {
    sqlx::query!(
        "insert into binding (district_id, estate_id, unit_id, room_id, person_id, person_name, relation, from_on, contract_id, created_at,
                              created_by)
         select c.district_id, c.estate_id, c.unit_id, b.room_id, c.person_id, c.lessee_name, 'LESSEE', $3, c.id, $4, $5
         from contract c join binding b on b.unit_id = c.unit_id and b.person_id = $2
         where c.id = $1 order by b.to_on is null desc, b.id desc limit 1
         on conflict do nothing",
        contract,
        before,
        ctx.today(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
