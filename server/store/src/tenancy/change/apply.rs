//! Taking changes into their contracts: on their day, and where the account changes when the bank knows.

use super::{Held, hold, read::state, status_set};
use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, connection},
    person::{household::household_of, number::Numbers},
    platform::cipher::Kind,
    tenancy::{
        assignment::person_is_housed,
        contract::{history_add, hold as contract_hold},
    },
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::ContractStatus,
    failure::{Failure, FieldErrors},
    id::{ContractId, PersonId},
    person::Secret,
    tenancy::{
        change::{ChangeEvent, ChangeKind, ChangeState, ChangeStatus, NOT_IN_FORCE},
        contract::Resident,
    },
};

/// Changes in one look; what is left comes with the next.
const MOST: i64 = 1_000;

/// Takes in the changes whose day has come and of which the bank need not know; answers how many. One whose contract is not as
/// it was any more lapses, and says why; so does one that waits for the bank when its contract has ended.
///
/// # Errors
/// When the database fails.
pub async fn changes_apply(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let due = sqlx::query_scalar!(
        "select id from contract_change h where status = 'APPROVED' and (kind not in ('ACCOUNT', 'LESSEE') and effective_on <= $1
             or exists (select from contract c where c.id = h.contract_id and c.status in ('TERMINATED', 'EXPIRED', 'RENEWED', 'VOID')))
         order by effective_on, id limit $2",
        ctx.today(),
        MOST
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut taken = 0;
    for id in due {
        if apply_one(&ctx, id).await? == Some(ChangeStatus::Effective) {
            taken += 1;
        }
    }
    database.announce();
    Ok(taken)
}

/// One change by itself; none when somebody has dealt with it meanwhile.
async fn apply_one(ctx: &Ctx, id: i64) -> Result<Option<ChangeStatus>> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.status != ChangeStatus::Approved {
        return Ok(None);
    }
    match take_in(&mut tx, ctx, &held).await {
        Ok(status) => {
            tx.commit().await?;
            Ok(Some(status))
        }
        Err(Error::Failure(failure)) => {
            tx.rollback().await?;
            lapse(ctx, id, &sentence(&failure)).await.map(Some)
        }
        Err(error) => Err(error),
    }
}

fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::Invalid(errors) => errors.0.values().next().cloned().unwrap_or_else(|| failure.to_string()),
        failure => failure.to_string(),
    }
}

/// A change that cannot be taken in: the contract stays as it is.
async fn lapse(ctx: &Ctx, id: i64, why: &str) -> Result<ChangeStatus> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    let next = held.status.next(ChangeEvent::Lapse)?;
    status_set(&mut tx, ctx, id, next, Some(why)).await?;
    let contract = contract_hold(&mut tx, ContractId(held.contract)).await?;
    let told = format!("{} {}：{why}", held.change_no, held.kind);
    let stays = (Some(contract.status), contract.status);
    history_add(&mut tx, ctx, held.contract, "变更未生效", stays, Some(&told)).await?;
    tx.commit().await?;
    Ok(next)
}

/// What the bank answered about a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChangeAnswer {
    Known { agreement_no: Option<String> },
    Refused { message: String },
}

/// Enters what the bank answered: the change is taken in, or told again some times, or waits for somebody. An answer that was
/// entered already changes nothing. Answers whether the account is changed now, with the words to note.
pub(crate) async fn change_answered(ctx: &Ctx, id: i64, answer: ChangeAnswer) -> Result<(bool, String)> {
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.status != ChangeStatus::Approved {
        return Ok((held.status == ChangeStatus::Effective, String::new()));
    }
    let message = match answer {
        ChangeAnswer::Known { agreement_no } => match take_in(&mut tx, ctx, &held).await {
            Ok(_) => {
                agreement_note(&mut tx, held.contract, agreement_no.as_deref()).await?;
                tx.commit().await?;
                ctx.database().announce();
                return Ok((true, String::new()));
            }
            Err(Error::Failure(failure)) => {
                tx.rollback().await?;
                let why = sentence(&failure);
                lapse(ctx, id, &why).await?;
                return Ok((false, why));
            }
            Err(error) => return Err(error),
        },
        ChangeAnswer::Refused { message } => message.chars().take(200).collect::<String>(),
    };
    sqlx::query!(
        "update contract_change set sync_tries = sync_tries + 1, message = $2, updated_at = $3, version = version + 1 where id = $1",
        id,
        message,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok((false, message))
}

/// A new account has a new agreement; one that the bank does not name is none.
async fn agreement_note(tx: &mut Tx, contract: i64, agreement_no: Option<&str>) -> Result<()> {
    sqlx::query!("update contract set debit_agreement_no = $2 where id = $1", contract, agreement_no)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// Changes the contract as was agreed to, in the transaction of its caller.
///
/// # Errors
/// A refusal when the contract is not as it was when the change was agreed to.
pub(super) async fn take_in(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<ChangeStatus> {
    let next = held.status.next(ChangeEvent::Take)?;
    let contract = contract_hold(tx, ContractId(held.contract)).await?;
    if contract.status != ContractStatus::Active {
        return Err(Failure::refused(NOT_IN_FORCE).into());
    }
    let row = sqlx::query!("select after, person_id, ground from contract_change where id = $1", held.id)
        .fetch_one(connection(tx))
        .await?;
    let after = state(row.after)?;
    // What was approved is held by the database; this is the way in which it changes (contract_hold).
    sqlx::query!("select set_config('app.contract', 'change', true) as held").fetch_one(connection(tx)).await?;
    match held.kind {
        ChangeKind::Account => account_change(tx, ctx, held, &after).await?,
        ChangeKind::Phone => phone_change(tx, ctx, held, &after).await?,
        ChangeKind::Residents => residents_change(tx, held.contract, after.residents.as_deref()).await?,
        ChangeKind::Lessee => {
            let person =
                row.person_id.ok_or_else(|| Error::Broken("a change of the lessee names nobody".to_owned()))?;
            account_change(tx, ctx, held, &after).await?;
            lessee_change(tx, ctx, held, person, row.ground.as_deref()).await?;
            residents_change(tx, held.contract, after.residents.as_deref()).await?;
        }
        // The plan follows from the changes that are agreed to (`contract::terms`).
        ChangeKind::Cycle => {}
        ChangeKind::Term => term_change(tx, held.contract, &after).await?,
    }
    sqlx::query!(
        "update contract set version = version + 1, updated_at = $2, updated_by = $3 where id = $1",
        held.contract,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("select set_config('app.contract', '', true) as held").fetch_one(connection(tx)).await?;
    status_set(tx, ctx, held.id, next, None).await?;
    let told = format!("{} {}", held.change_no, held.kind);
    let stays = (Some(contract.status), contract.status);
    history_add(tx, ctx, held.contract, "变更生效", stays, Some(&told)).await?;
    Ok(next)
}

/// The sealed account of the change, under the key of the contract: what a contract keeps names one key.
async fn account_change(tx: &mut Tx, ctx: &Ctx, held: &Held, after: &ChangeState) -> Result<()> {
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

async fn phone_change(tx: &mut Tx, ctx: &Ctx, held: &Held, after: &ChangeState) -> Result<()> {
    let ring = ctx.database().keys()?;
    let row = sqlx::query!(
        r#"select h.phone as "new!", c.id_number, c.bank_no from contract_change h join contract c on c.id = h.contract_id where h.id = $1"#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
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

async fn residents_change(tx: &mut Tx, contract: i64, residents: Option<&[Resident]>) -> Result<()> {
    let residents = residents.unwrap_or_default();
    let ids: Vec<i64> = residents.iter().map(|resident| resident.person_id.0).collect();
    let names: Vec<String> = residents.iter().map(|resident| resident.name.clone()).collect();
    let relations: Vec<&str> = residents.iter().map(|resident| resident.relation.code()).collect();
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

async fn term_change(tx: &mut Tx, contract: i64, after: &ChangeState) -> Result<()> {
    let end_on = after.end_on.ok_or_else(|| Error::Broken("a change of the term names no day".to_owned()))?;
    let charged = sqlx::query_scalar!(
        r#"select exists (select from bill b where b.contract_id = $1 and b.fee_item = 'RENT' and b.reverses_id is null and b.months > 0
               and (b.decision is null or b.decision not in ('VOID', 'REVERSED')) and b.period_to > $2) as "charged!""#,
        contract,
        end_on
    )
    .fetch_one(connection(tx))
    .await?;
    if charged {
        return Err(Failure::refused("租赁结束日期早于已生成账单的账期，请先处理账单").into());
    }
    sqlx::query!(
        "update contract set end_on = $2, rent_start_on = least(rent_start_on, $2) where id = $1",
        contract,
        end_on
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// R-73: another of the household goes on with contract, account, deposit and home.
async fn lessee_change(tx: &mut Tx, ctx: &Ctx, held: &Held, person: i64, ground: Option<&str>) -> Result<()> {
    if person_is_housed(tx, PersonId(person)).await? {
        return Err(FieldErrors::from(("person", "新承租人已有履行中的合同")).into());
    }
    let ring = ctx.database().keys()?;
    let mut numbers = Numbers::load(tx, PersonId(person))
        .await
        .map_err(|_| Error::from(Failure::refused("新承租人的人员记录不存在或已合并")))?;
    numbers.renew(ring)?;
    let before = sqlx::query!("select person_id, account_id, unit_id from contract where id = $1", held.contract)
        .fetch_one(connection(tx))
        .await?;
    let household = household_of(tx, person).await?.map(|(household, _)| household);
    sqlx::query!(
        "update contract c set person_id = p.id, lessee_name = p.name, id_number = $3, id_number_mask = $4, phone = $5,
                phone_mask = $6, household_id = coalesce($7, c.household_id)
         from person p where c.id = $1 and p.id = $2",
        held.contract,
        person,
        numbers.bytes(Secret::IdNumber) as _,
        numbers.mask(Secret::IdNumber) as _,
        numbers.bytes(Secret::Phone) as _,
        numbers.mask(Secret::Phone) as _,
        household,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update account set person_id = $2, version = version + 1 where id = $1", before.account_id, person)
        .execute(connection(tx))
        .await
        .map_err(|error| {
            Error::from(error).or_field(&[("account_open_key", "person", "新承租人在该房屋已有租金账户，请先销户")])
        })?;
    homes_follow(tx, ctx, (before.unit_id, before.person_id, person), ground == Some("OTHER"), held).await
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
    sqlx::query!(
        "update binding set relation = 'LESSEE' where unit_id = $1 and person_id = $2 and to_on is null",
        unit,
        person
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
