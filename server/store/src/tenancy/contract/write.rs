//! Entering and changing contracts before they are approved (C1).

use super::{
    history_add, hold,
    home::{Cost, Home, fits, home_load, property_columns, rate_column},
    renew::succession_check,
};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    housing::unit::area_column,
    person::{household::household_of, number::Numbers},
    platform::cipher::{KeyRing, Kind},
    tenancy::assignment,
};
use domain::{
    dictionary::{AssignmentStatus, ContractStatus},
    failure::{Failure, FieldErrors},
    id::{AssignmentId, ContractId, PersonId},
    person::Secret,
    platform::permission::Permission,
    tenancy::{
        contract::{CONTRACT_IS_APPROVED, CONTRACT_IS_REJECTED},
        contract_form::{ContractFields, ContractForm, LEASE_MONTHS_MAX},
    },
};

/// The lessee with his sealed numbers, and the account that is to be debited.
struct Lessee {
    id: i64,
    name: String,
    numbers: Numbers,
    bank_name: String,
    bank_holder: String,
    bank_no: Vec<u8>,
    bank_no_mask: String,
}

/// Where the account of an edited contract, or of one that follows another, comes from, if the form keeps it.
pub(super) struct Kept {
    pub bank_name: String,
    pub bank_holder: String,
    pub bank_no: Vec<u8>,
    pub bank_no_mask: String,
}

async fn lessee_load(
    tx: &mut Tx,
    ring: &KeyRing,
    person: i64,
    fields: &ContractFields,
    kept: Option<Kept>,
) -> Result<Lessee> {
    let mut numbers = Numbers::load(tx, PersonId(person))
        .await
        .map_err(|_| FieldErrors::from(("assignment", "承租人不在您的管辖范围内，请联系市住房保障中心")))?;
    // A contract names one key for all that it keeps.
    numbers.renew(ring)?;
    let row = sqlx::query!("select name, bank_name, bank_holder from person where id = $1", person)
        .fetch_one(connection(tx))
        .await?;
    let (kept_name, kept_holder, kept_no) = match kept {
        Some(kept) => (
            Some(kept.bank_name),
            Some(kept.bank_holder),
            Some((ring.renewed(Kind::BankAccount, kept.bank_no)?, kept.bank_no_mask)),
        ),
        None => (row.bank_name, row.bank_holder, numbers.bytes(Secret::BankNo).zip(numbers.mask(Secret::BankNo))),
    };
    let mut errors = FieldErrors::default();
    let bank_name = fields.bank_name.clone().or(kept_name);
    let bank_holder = fields.bank_holder.clone().or(kept_holder).unwrap_or_else(|| row.name.clone());
    let bank_no = match &fields.bank_no {
        Some(card) => Some((ring.seal(Kind::BankAccount, card.as_str()), card.masked())),
        None => kept_no,
    };
    if bank_name.is_none() {
        errors.add("bank_name", "不能为空");
    }
    if bank_no.is_none() {
        errors.add("bank_no", "不能为空");
    }
    if bank_holder != row.name {
        errors.add("bank_holder", "代扣账户户名与承租人不一致");
    }
    match (bank_name, bank_no) {
        (Some(bank_name), Some((bank_no, bank_no_mask))) if errors.is_empty() => {
            Ok(Lessee { id: person, name: row.name, numbers, bank_name, bank_holder, bank_no, bank_no_mask })
        }
        _ => Err(errors.into()),
    }
}

fn whose(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("contract_no_key", "contract_no", "合同编号已存在"),
        ("contract_unit_coming_key", "assignment", "该房间已有待审批的合同"),
        ("contract_person_coming_key", "assignment", "承租人已有待审批的合同"),
    ])
}

/// Enters a contract for an assigned home; `submit` sends it to the approver at once.
///
/// # Errors
/// Complaints by field.
pub async fn contract_create(ctx: &Ctx, form: &ContractForm, submit: bool) -> Result<ContractId> {
    ctx.require(Permission::ContractWrite)?;
    // Before the home is known its form must be one, by the law's own limit.
    form.check(LEASE_MONTHS_MAX)?;
    let mut tx = ctx.begin().await?;
    let assigned = assignment::hold(&mut tx, AssignmentId(form.assignment.parse().unwrap_or_default()))
        .await
        .map_err(|_| FieldErrors::from(("assignment", "请选择待签约的房源")))?;
    if assigned.status != AssignmentStatus::Confirmed {
        return Err(FieldErrors::from(("assignment", "房屋状态不是已分配，不能签订")).into());
    }
    let rule = billing_rule(&mut tx, assigned.district_id, ctx.today()).await?;
    let fields = form.check(rule.lease_months)?;
    let home = home_load(&mut tx, ctx, assigned.unit_id).await?;
    if assignment::person_is_housed(&mut tx, PersonId(assigned.person_id)).await? {
        return Err(FieldErrors::from(("assignment", "承租人已有履行中的合同")).into());
    }
    if assignment::household_is_housed(&mut tx, PersonId(assigned.person_id)).await? {
        return Err(FieldErrors::from(("assignment", assignment::HOUSEHOLD_IS_HOUSED)).into());
    }
    let id = enter(&mut tx, ctx, &home, PersonId(assigned.person_id), &fields, None).await?;
    history_add(&mut tx, ctx, id, "录入", (None, ContractStatus::Draft), None).await?;
    if submit {
        super::decide::submit(&mut tx, ctx, id, ContractStatus::Draft).await?;
    }
    tx.commit().await?;
    Ok(ContractId(id))
}

/// Writes a draft with its household and its co-residents; `before`: the contract that it follows, and the account of that.
pub(super) async fn enter(
    tx: &mut Tx,
    ctx: &Ctx,
    home: &Home,
    person: PersonId,
    fields: &ContractFields,
    before: Option<(i64, Kept)>,
) -> Result<i64> {
    let cost = fits(fields, home)?;
    let (before, kept) = before.map_or((None, None), |(before, kept)| (Some(before), Some(kept)));
    let lessee = lessee_load(tx, ctx.database().keys()?, person.0, fields, kept).await?;
    let id = insert(tx, ctx, home, &lessee, fields, (cost, before)).await?;
    household_note(tx, id, lessee.id).await?;
    residents_write(tx, id, &lessee, fields).await?;
    Ok(id)
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    home: &Home,
    lessee: &Lessee,
    fields: &ContractFields,
    (cost, before): (Cost, Option<i64>),
) -> Result<i64> {
    let (property_rate, property_fen) = property_columns(cost.property);
    let id = sqlx::query_scalar!(
        "insert into contract (district_id, estate_id, unit_id, contract_no, assignment_id, lessor_id, person_id, lessee_name,
                id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id,
                unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, deposit_fen, start_on, end_on,
                rent_start_on, pay_cycle, first_pay_months, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder,
                debit_agreement_no, block_access_clause, explained_on, sign_on, sign_mode, remark, author_ids, key_id, created_at,
                created_by, updated_at, updated_by, prev_contract_id, property_rate, property_fee_fen)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                 $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, array[$45]::bigint[], $43, $44,
                 $45, $44, $45, $46, $47, $48)
         returning id",
        home.district_id,
        home.estate_id,
        home.unit_id,
        fields.contract_no,
        Some(fields.assignment_id.0).filter(|_| before.is_none()),
        home.lessor_id,
        lessee.id,
        lessee.name,
        lessee.numbers.bytes(Secret::IdNumber) as _,
        lessee.numbers.mask(Secret::IdNumber) as _,
        lessee.numbers.bytes(Secret::Phone) as _,
        lessee.numbers.mask(Secret::Phone) as _,
        home.address,
        home.layout,
        home.building_area,
        home.usable_area,
        fields.category.code(),
        home.standard_id,
        rate_column(home.assessed.rate),
        home.assessed.basis.code(),
        area_column(home.assessed.area),
        home.assessed.rent.fen(),
        fields.reduction.fen(),
        cost.rent.fen(),
        fields.deposit.fen(),
        fields.start_on,
        fields.end_on,
        fields.rent_start_on,
        i16::from(fields.pay_cycle.months()),
        i16::from(fields.first_pay_months),
        fields.split.code(),
        i16::from(fields.due_day),
        lessee.bank_name,
        lessee.bank_no,
        lessee.bank_no_mask,
        lessee.bank_holder,
        fields.debit_agreement_no,
        fields.block_access_clause,
        fields.explained_on,
        fields.sign_on,
        fields.sign_mode.code(),
        fields.remark,
        ctx.database().keys()?.active(),
        ctx.now(),
        ctx.actor().id.0,
        before,
        property_rate,
        property_fen,
    )
    .fetch_one(connection(tx))
    .await
    .map_err(whose)?;
    Ok(id)
}

/// Changes a contract that nobody approved yet; one that waits for its approver goes on waiting (§3.5).
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal for one that is approved or refused.
pub async fn contract_update(ctx: &Ctx, id: ContractId, version: i32, form: &ContractForm) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let ring = ctx.database().keys()?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if !held.status.is_editable() {
        let sentence =
            if held.status == ContractStatus::Rejected { CONTRACT_IS_REJECTED } else { CONTRACT_IS_APPROVED };
        return Err(Failure::refused(sentence).into());
    }
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    let rule = billing_rule(&mut tx, held.district_id, ctx.today()).await?;
    // The home of a contract stays; another home is another contract.
    let form = ContractForm { assignment: held.assignment_id.unwrap_or_default().to_string(), ..form.clone() };
    let fields = form.check(rule.lease_months)?;
    succession_check(&mut tx, held.id, fields.start_on).await?;
    let home = home_load(&mut tx, ctx, held.unit_id).await?;
    let cost = fits(&fields, &home)?;
    let kept = sqlx::query!(
        "select person_id, bank_name, bank_holder, bank_no, bank_no_mask from contract where id = $1",
        held.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let person = kept.person_id;
    let kept = Kept {
        bank_name: kept.bank_name,
        bank_holder: kept.bank_holder,
        bank_no: kept.bank_no,
        bank_no_mask: kept.bank_no_mask,
    };
    let lessee = lessee_load(&mut tx, ring, person, &fields, Some(kept)).await?;
    update(&mut tx, ctx, held.id, &home, &lessee, &fields, cost).await?;
    sqlx::query!("delete from contract_resident where contract_id = $1", held.id).execute(connection(&mut tx)).await?;
    residents_write(&mut tx, held.id, &lessee, &fields).await?;
    history_add(&mut tx, ctx, held.id, "修改", (Some(held.status), held.status), None).await?;
    tx.commit().await?;
    Ok(())
}

async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    id: i64,
    home: &Home,
    lessee: &Lessee,
    fields: &ContractFields,
    cost: Cost,
) -> Result<()> {
    let (property_rate, property_fen) = property_columns(cost.property);
    sqlx::query!(
        "update contract set contract_no = $2, lessee_name = $3, id_number = $4, id_number_mask = $5, phone = $6, phone_mask = $7,
                address = $8, layout = $9, building_area = $10, usable_area = $11, category = $12, rent_standard_id = $13,
                unit_rate = $14, area_basis = $15, rent_area = $16, base_rent_fen = $17, reduction_fen = $18, monthly_rent_fen = $19,
                deposit_fen = $20, start_on = $21, end_on = $22, rent_start_on = $23, pay_cycle = $24, first_pay_months = $25,
                split = $26, due_day = $27, bank_name = $28, bank_no = $29, bank_no_mask = $30, bank_holder = $31,
                debit_agreement_no = $32, block_access_clause = $33, explained_on = $34, sign_on = $35, sign_mode = $36, remark = $37,
                key_id = $38, lessor_id = $39, updated_at = $40, updated_by = $41, property_rate = $42, property_fee_fen = $43,
                version = version + 1,
                author_ids = case when $41 = any(author_ids) then author_ids else author_ids || $41::bigint end
         where id = $1",
        id,
        fields.contract_no,
        lessee.name,
        lessee.numbers.bytes(Secret::IdNumber) as _,
        lessee.numbers.mask(Secret::IdNumber) as _,
        lessee.numbers.bytes(Secret::Phone) as _,
        lessee.numbers.mask(Secret::Phone) as _,
        home.address,
        home.layout,
        home.building_area,
        home.usable_area,
        fields.category.code(),
        home.standard_id,
        rate_column(home.assessed.rate),
        home.assessed.basis.code(),
        area_column(home.assessed.area),
        home.assessed.rent.fen(),
        fields.reduction.fen(),
        cost.rent.fen(),
        fields.deposit.fen(),
        fields.start_on,
        fields.end_on,
        fields.rent_start_on,
        i16::from(fields.pay_cycle.months()),
        i16::from(fields.first_pay_months),
        fields.split.code(),
        i16::from(fields.due_day),
        lessee.bank_name,
        lessee.bank_no,
        lessee.bank_no_mask,
        lessee.bank_holder,
        fields.debit_agreement_no,
        fields.block_access_clause,
        fields.explained_on,
        fields.sign_on,
        fields.sign_mode.code(),
        fields.remark,
        ctx.database().keys()?.active(),
        home.lessor_id,
        ctx.now(),
        ctx.actor().id.0,
        property_rate,
        property_fen,
    )
    .execute(connection(tx))
    .await
    .map_err(whose)?;
    Ok(())
}

/// With which household a contract is made: the lessee's, if there is one.
async fn household_note(tx: &mut Tx, contract: i64, lessee: i64) -> Result<()> {
    if let Some((household, _)) = household_of(tx, lessee).await? {
        sqlx::query!("update contract set household_id = $2 where id = $1", contract, household)
            .execute(connection(tx))
            .await?;
    }
    Ok(())
}

/// The co-residents as the form has them; each must be somebody whom the actor sees.
async fn residents_write(tx: &mut Tx, contract: i64, lessee: &Lessee, fields: &ContractFields) -> Result<()> {
    if fields.residents.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = fields.residents.iter().map(|(person, _)| person.0).collect();
    let relations: Vec<&str> = fields.residents.iter().map(|(_, relation)| relation.code()).collect();
    let written = sqlx::query!(
        "insert into contract_resident (contract_id, person_id, district_id, estate_id, name, relation)
         select c.id, p.id, c.district_id, c.estate_id, p.name, r.relation
         from unnest($2::bigint[], $3::text[]) as r (person, relation)
         join person p on p.id = r.person and p.deleted_at is null and p.merged_into is null and p.id <> $4
         join contract c on c.id = $1",
        contract,
        &ids,
        &relations as &[&str],
        lessee.id,
    )
    .execute(connection(tx))
    .await?;
    if written.rows_affected() == ids.len() as u64 {
        Ok(())
    } else {
        Err(FieldErrors::from(("residents", "同住人不存在，或不在您的管辖范围内，或就是承租人")).into())
    }
}
