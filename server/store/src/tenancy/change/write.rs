//! Asking for a change: what the contract says now, what it is to say, and whether it may.

use super::{CHARGED_FURTHER, PERSON_ELSEWHERE, charged_to, read::periods, renewal_is_open};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    platform::cipher::{KeyRing, Kind},
    tenancy::{
        assignment::person_is_housed,
        contract::{contract_get, hold},
    },
};
use chrono::NaiveDate;
use domain::{
    dictionary::ContractStatus,
    failure::{Failure, FieldErrors},
    id::{ContractId, PersonId},
    platform::permission::Permission,
    tenancy::{
        change::{
            CHANGE_IS_OPEN, ChangeFields, ChangeForm, ChangeState, Content, NO_PERIOD, NOT_IN_FORCE, RENEWAL_IS_OPEN,
            may_succeed,
        },
        contract::{Contract, Resident},
        contract_form::is_longer_than,
    },
};

/// A change as it is stored.
struct Drafted {
    before: ChangeState,
    after: ChangeState,
    /// the account and the telephone in clear; empty where the kind has none
    secrets: Option<(String, String)>,
    person: Option<i64>,
    ground: Option<&'static str>,
    cycle: Option<i16>,
}

/// Asks for a change of a contract; `submit` sends it to the approver at once. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; without [`Permission::ContractWrite`]; a refusal of a contract that is not in force, or already being
/// changed.
pub async fn change_create(ctx: &Ctx, id: ContractId, form: &ChangeForm, submit: bool) -> Result<i64> {
    ctx.require(Permission::ContractWrite)?;
    let fields = form.check(ctx.today())?;
    // Before the transaction, which holds a connection itself.
    let contract = contract_get(ctx, id).await?;
    let mut tx = ctx.begin().await?;
    let known =
        sqlx::query!("select id, maker_id from contract_change where request_id = $1::text::uuid", fields.request)
            .fetch_optional(connection(&mut tx))
            .await?;
    match known {
        Some(row) if row.maker_id == ctx.actor().id.0 => return Ok(row.id),
        Some(_) => return Err(Failure::refused("页面已过期，请刷新后再办理").into()),
        None => {}
    }
    let held = hold(&mut tx, id).await?;
    if held.status != ContractStatus::Active {
        return Err(Failure::refused(NOT_IN_FORCE).into());
    }
    if held.version != contract.row.version {
        return Err(Failure::Conflict.into());
    }
    if fields.kind.is_renewed() && renewal_is_open(&mut tx, id.0).await? {
        return Err(Failure::refused(RENEWAL_IS_OPEN).into());
    }
    let drafted = drafted(&mut tx, ctx, &contract, &fields).await?;
    if drafted.before == drafted.after && drafted.secrets.is_none() {
        return Err(Failure::refused("内容与现合同相同，无需变更").into());
    }
    let change = insert(&mut tx, ctx, id, &fields, &drafted).await?;
    if submit {
        super::decide::submit(&mut tx, ctx, &[change]).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(change)
}

async fn drafted(tx: &mut Tx, ctx: &Ctx, contract: &Contract, fields: &ChangeFields) -> Result<Drafted> {
    let before = ChangeState::of(contract, fields.kind);
    let mut drafted = Drafted { after: before.clone(), before, secrets: None, person: None, ground: None, cycle: None };
    let after = &mut drafted.after;
    match &fields.content {
        Content::Account { bank_name, bank_no } => {
            after.bank_name = Some(bank_name.clone());
            after.bank_no = Some(bank_no.masked());
            after.bank_holder = Some(contract.row.lessee.clone());
            drafted.secrets = Some((bank_no.as_str().to_owned(), String::new()));
        }
        Content::Phone(phone) => {
            // By the record he is called: who changes the number must be able to change it there.
            lessee(tx, contract.person_id).await.map_err(|_| FieldErrors::from(("phone", PERSON_ELSEWHERE)))?;
            after.phone = Some(phone.masked());
            drafted.secrets = Some((String::new(), phone.as_str().to_owned()));
        }
        Content::Residents(residents) => {
            let ids: Vec<PersonId> = residents.iter().map(|(person, _)| *person).collect();
            if ids.contains(&contract.person_id) {
                return Err(FieldErrors::from(("residents", "同住人不能重复，也不能是承租人本人")).into());
            }
            after.residents = Some(named(tx, contract, residents).await?);
        }
        Content::Lessee { person, ground, bank_name, bank_no, residents } => {
            may_succeed(contract, *person, *ground, residents)?;
            if person_is_housed(tx, *person).await? {
                return Err(FieldErrors::from(("person", "新承租人已有履行中的合同")).into());
            }
            let lessee = lessee(tx, *person).await?;
            after.lessee = Some(lessee.name.clone());
            after.id_number = Some(lessee.id_number_mask);
            after.phone = Some(lessee.phone_mask);
            after.residents = Some(named(tx, contract, residents).await?);
            after.bank_name = Some(bank_name.clone());
            after.bank_no = Some(bank_no.masked());
            after.bank_holder = Some(lessee.name);
            drafted.secrets = Some((bank_no.as_str().to_owned(), String::new()));
            drafted.person = Some(person.0);
            drafted.ground = Some(ground.code());
        }
        Content::Cycle(cycle) => {
            if !periods(tx, ctx, contract.row.id).await?.contains(&fields.effective_on) {
                return Err(FieldErrors::from(("effective_on", NO_PERIOD)).into());
            }
            after.pay_cycle = Some(*cycle);
            drafted.cycle = Some(cycle.months().into());
        }
        Content::Term(end_on) => {
            term_check(tx, ctx, contract, *end_on).await?;
            after.end_on = Some(*end_on);
        }
    }
    Ok(drafted)
}

/// PRM-30, and that nothing was charged for days that are no term any more.
async fn term_check(tx: &mut Tx, ctx: &Ctx, contract: &Contract, end_on: NaiveDate) -> Result<()> {
    let says = |sentence: &str| Err(Error::from(FieldErrors::from(("end_on", sentence))));
    let district = sqlx::query_scalar!("select district_id from contract where id = $1", contract.row.id.0)
        .fetch_one(connection(tx))
        .await?;
    let rule = billing_rule(tx, district, ctx.today()).await?;
    if end_on < ctx.today() || end_on <= contract.row.start_on {
        return says("租赁结束日期不能早于今天");
    }
    if is_longer_than(contract.row.start_on, end_on, rule.lease_months) {
        return says(&format!("租赁期限不得超过{}个月", rule.lease_months));
    }
    if charged_to(tx, contract.row.id.0).await?.is_some_and(|day| day > end_on) {
        return says(CHARGED_FURTHER);
    }
    Ok(())
}

/// Co-residents with their names; each must be somebody whom the actor sees, or stand in the contract already.
async fn named(
    tx: &mut Tx,
    contract: &Contract,
    residents: &[(PersonId, domain::dictionary::Relation)],
) -> Result<Vec<Resident>> {
    let ids: Vec<i64> = residents.iter().map(|(person, _)| person.0).collect();
    let found = sqlx::query!(
        "select id, name from person where id = any($1) and deleted_at is null and merged_into is null order by id for share",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let mut named: Vec<Resident> = residents
        .iter()
        .map(|(person, relation)| {
            let seen = found.iter().find(|row| row.id == person.0).map(|row| row.name.clone());
            let known = || {
                let known = contract.residents.iter().find(|resident| resident.person_id == *person);
                known.map(|resident| resident.name.clone())
            };
            let name = seen
                .or_else(known)
                .ok_or_else(|| Error::from(FieldErrors::from(("residents", "同住人不存在，或不在您的管辖范围内"))))?;
            Ok(Resident { person_id: *person, name, relation: *relation })
        })
        .collect::<Result<_>>()?;
    named.sort_by_key(|resident| resident.person_id.0);
    Ok(named)
}

struct Lessee {
    name: String,
    id_number_mask: String,
    phone_mask: String,
}

async fn lessee(tx: &mut Tx, person: PersonId) -> Result<Lessee> {
    let row = sqlx::query!(
        "select name, id_number_mask, phone_mask from person
         where id = $1 and deleted_at is null and merged_into is null for share",
        person.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| FieldErrors::from(("person", "新承租人不在您的管辖范围内，请联系市住房保障中心")))?;
    Ok(Lessee { name: row.name, id_number_mask: row.id_number_mask, phone_mask: row.phone_mask })
}

fn seal(ring: &KeyRing, (bank_no, phone): &(String, String)) -> (Vec<u8>, Vec<u8>) {
    (ring.seal(Kind::BankAccount, bank_no), ring.seal(Kind::Phone, phone))
}

async fn insert(tx: &mut Tx, ctx: &Ctx, contract: ContractId, fields: &ChangeFields, drafted: &Drafted) -> Result<i64> {
    let ring = ctx.database().keys()?;
    let sealed = drafted.secrets.as_ref().map(|secrets| seal(ring, secrets));
    let json = |state: &ChangeState| serde_json::to_value(state).map_err(|error| Error::Broken(error.to_string()));
    let id = sqlx::query_scalar!(
        "insert into contract_change (district_id, estate_id, contract_id, request_id, kind, before, after, bank_no, phone, key_id,
                person_id, ground, cycle, effective_on, reason, doc_no, maker_id, made_at, updated_at)
         select district_id, estate_id, id, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16
         from contract where id = $1 returning id",
        contract.0,
        fields.request,
        fields.kind.code(),
        json(&drafted.before)?,
        json(&drafted.after)?,
        sealed.as_ref().map(|(bank_no, _)| bank_no.clone()),
        sealed.as_ref().map(|(_, phone)| phone.clone()),
        sealed.is_some().then(|| ring.active()),
        drafted.person,
        drafted.ground,
        drafted.cycle,
        fields.effective_on,
        fields.reason,
        fields.doc_no,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("contract_change_request_key", "kind", "页面已过期，请刷新后再办理"),
            ("contract_change_open_key", "kind", CHANGE_IS_OPEN),
        ])
    })?;
    Ok(id)
}
