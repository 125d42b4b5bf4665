//! Contracts as lists and pages show them.

use super::{
    TRIES,
    approve::few,
    before::before,
    home_load, property_stored,
    stay::{push_overdue, push_stay_turn, stays},
    terms::billed_read_one,
};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_ending, push_id},
    tenancy::assignment,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::plan,
    dictionary::{
        ApplicantCategory, AreaBasis, AssignmentStatus, ContractStatus, LayoutType, PayCycle, Relation, RentSplit,
        SignMode,
    },
    failure::{Failure, FieldErrors},
    id::{AccountId, AssignmentId, ContractId, PersonId, RentStandardId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        contract::{CONTRACT_LIST, Contract, ContractLine, ContractOffer, ContractRow, Resident, Voided},
        contract_form::Assessed,
        contract_void::{voided_by_city, voided_by_clerk},
        filing::FilingState,
    },
    value::{Area, Money, Rate},
};
use sqlx::{Postgres, QueryBuilder};

/// The columns; what a contract costs is that of the day (E-55).
fn columns(ctx: &Ctx) -> String {
    COLUMNS.replace(SIGNED, &rent(ctx))
}

fn rent(ctx: &Ctx) -> String {
    format!("contract_rent_on(c.id, date '{}', {SIGNED})", ctx.today())
}

const SIGNED: &str = "c.monthly_rent_fen";
const COLUMNS: &str =
    "c.id, c.contract_no, c.lessee_name, c.id_number_mask, c.unit_id, e.name as estate, u.address, c.rent_area, c.unit_rate,
     c.monthly_rent_fen as monthly_rent_fen, c.property_rate, c.property_fee_fen,
     c.start_on, c.end_on, c.status, c.sync_message, c.take_over_id is not null as taken_over, user_name(c.created_by) as maker, c.created_at,
     c.submitted_at, c.version";
const FROM: &str =
    "from contract c join unit u on u.id = c.unit_id join estate e on e.id = c.estate_id where c.deleted_at is null";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    contract_no: Option<String>,
    lessee_name: String,
    id_number_mask: String,
    unit_id: i64,
    estate: String,
    address: String,
    rent_area: i32,
    unit_rate: i32,
    monthly_rent_fen: i64,
    property_rate: Option<i32>,
    property_fee_fen: Option<i64>,
    start_on: NaiveDate,
    end_on: NaiveDate,
    status: String,
    sync_message: Option<String>,
    taken_over: bool,
    maker: Option<String>,
    created_at: DateTime<Utc>,
    submitted_at: Option<DateTime<Utc>>,
    version: i32,
}

impl TryFrom<Record> for ContractRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: ContractId(record.id),
            contract_no: record.contract_no,
            lessee: record.lessee_name,
            id_number_mask: record.id_number_mask,
            unit_id: UnitId(record.unit_id),
            estate: record.estate,
            address: record.address,
            rent_area: Area::from_hundredths(record.rent_area.into()),
            unit_rate: Rate::from_ten_thousandths(record.unit_rate.into()),
            monthly_rent: Money::from_fen(record.monthly_rent_fen),
            property: property_stored(record.property_rate, record.property_fee_fen),
            start_on: record.start_on,
            end_on: record.end_on,
            status: stored(&record.status, ContractStatus::from_code)?,
            sync_message: record.sync_message,
            taken_over: record.taken_over,
            maker: record.maker,
            created_at: record.created_at,
            submitted_at: record.submitted_at,
            version: record.version,
        })
    }
}

/// Adds that the contract `c` waits for the actor's approval; what he entered or changed himself is hidden from him (S1-5.6).
/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let me = ctx.actor().id.0;
    // An end that waits is decided at its exit (S1-5.6, 合同注销审批).
    sql.push(" and c.status = 'PENDING' and ").push_bind(ctx.actor().may(Permission::ContractCheck));
    sql.push(" and c.created_by <> ").push_bind(me);
    sql.push(" and not ").push_bind(me).push(" = any(c.author_ids)");
}

/// Adds that the contract `c` is in force and about to end: of the reminder and the list behind it.
pub(crate) fn push_contract_ending(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and c.status = 'ACTIVE'");
    push_ending(sql, ctx, "c.end_on");
}

/// A page of contracts in scope.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn contract_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ContractRow>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = CONTRACT_LIST.sort(query);
    let present = rent(ctx);
    let order = match sort {
        "contract_no" => "c.contract_no",
        "lessee" => "c.lessee_name collate natural_order",
        "monthly_rent" => &present,
        "start_on" => "c.start_on",
        "end_on" => "c.end_on",
        "submitted_at" => "c.submitted_at",
        _ => "c.created_at",
    };
    let page = SmallList {
        columns: &columns(ctx),
        from: FROM,
        searched: &["c.contract_no", "c.lessee_name", "c.address"],
        filter: &|sql| {
            push_code(sql, query, "status", "c.status");
            push_id(sql, query, "district", "c.district_id");
            push_id(sql, query, "estate", "c.estate_id");
            push_id(sql, query, "unit", "c.unit_id");
            push_id(sql, query, "person", "c.person_id");
            if query.filter("ending").is_some() {
                push_contract_ending(sql, ctx);
            }
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
            if query.filter("overdue").is_some() {
                push_overdue(sql, ctx);
            }
            if query.filter("stay").is_some() {
                push_stay_turn(sql, ctx);
            }
            if let Some(state) = query.filter("filing").and_then(FilingState::from_code) {
                super::filing::push_filing(sql, ctx, state);
            }
        },
        order,
        descending,
        tie: "c.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(ContractRow::try_from)
}

/// The contracts chosen in a list, as they are now, those first that wait longest.
///
/// # Errors
/// Without [`Permission::ContractRead`]; a refusal of more than one approval takes.
pub async fn contracts_chosen(ctx: &Ctx, ids: &[ContractId]) -> Result<Vec<ContractRow>> {
    ctx.require(Permission::ContractRead)?;
    few(ids.len())?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {} {FROM} and c.id = any($1) order by c.submitted_at, c.id", columns(ctx));
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(ids).fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    records.into_iter().map(ContractRow::try_from).collect()
}

/// One contract with the bills of its whole term.
///
/// # Errors
/// Without [`Permission::ContractRead`]; [`Failure::NotFound`] outside the scope.
pub async fn contract_get(ctx: &Ctx, id: ContractId) -> Result<Contract> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {} {FROM} and c.id = $1", columns(ctx));
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let row = ContractRow::try_from(record)?;
    let more = sqlx::query!(
        r#"select c.*, m.name as lessor, u.code as unit_code, r.code || ' ' || r.name as "standard!", a.account_no as "account_no?",
                  p.contract_no as "previous_no?", user_name(c.checker_id) as checker, user_name(c.voided_by) as voider
           from contract c join organization m on m.id = c.lessor_id join unit u on u.id = c.unit_id
           join rent_standard r on r.id = c.rent_standard_id left join account a on a.id = c.account_id
           left join contract p on p.id = c.prev_contract_id where c.id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let rule = billing_rule(&mut tx, more.district_id, ctx.today()).await?;
    let (billed, deposit) = billed_read_one(&mut tx, id.0).await?;
    let area = |hundredths: i32| Area::from_hundredths(hundredths.into());
    let own = more.created_by == Some(ctx.actor().id.0) || more.author_ids.contains(&ctx.actor().id.0);
    let voided = more.voided_at.zip(more.void_reason);
    let contract = Contract {
        voidable: voided_by_clerk(row.status) && ctx.actor().may(Permission::ContractWrite)
            || voided_by_city(row.status)
                && ctx.actor().may(Permission::ContractVoid)
                && !own
                && more.checker_id != Some(ctx.actor().id.0),
        tell_again: row.status == ContractStatus::SyncFailed
            || row.status == ContractStatus::Void && more.active_at.is_some() && more.sync_tries >= TRIES,
        voided: voided.map(|(at, reason)| Voided { by: more.voider, at, reason }),
        decidable: row.status == ContractStatus::Pending && !own && ctx.actor().may(Permission::ContractCheck),
        row,
        assignment_id: more.assignment_id.map(AssignmentId),
        account_id: more.account_id.map(AccountId),
        account_no: more.account_no,
        previous: more.prev_contract_id.map(ContractId).zip(more.previous_no),
        lessor: more.lessor,
        person_id: PersonId(more.person_id),
        phone_mask: more.phone_mask,
        unit_code: more.unit_code,
        layout: stored(&more.layout, LayoutType::from_code)?,
        building_area: area(more.building_area),
        usable_area: area(more.usable_area),
        category: stored(&more.category, ApplicantCategory::from_code)?,
        rent_standard_id: RentStandardId(more.rent_standard_id),
        rent_standard: more.standard,
        assessed: Assessed {
            basis: stored(&more.area_basis, AreaBasis::from_code)?,
            area: area(more.rent_area),
            rate: Rate::from_ten_thousandths(more.unit_rate.into()),
            rent: Money::from_fen(more.base_rent_fen),
        },
        reduction: Money::from_fen(more.reduction_fen),
        deposit,
        rent_start_on: more.rent_start_on,
        // The last that holds today, of those that were agreed to (C10).
        pay_cycle: billed
            .cycles
            .iter()
            .rev()
            .find(|cycle| cycle.from <= ctx.today())
            .map_or(PayCycle::of_months(more.pay_cycle), |cycle| PayCycle::of_months(cycle.months.into()))
            .unwrap_or(PayCycle::Month),
        first_pay_months: u8::try_from(more.first_pay_months).unwrap_or(1),
        split: stored(&more.split, RentSplit::from_code)?,
        due_day: u8::try_from(more.due_day).unwrap_or(1),
        bank_name: more.bank_name,
        bank_no_mask: more.bank_no_mask,
        bank_holder: more.bank_holder,
        debit_agreement_no: more.debit_agreement_no,
        block_access_clause: more.block_access_clause,
        explained_on: more.explained_on,
        sign_on: more.sign_on,
        sign_mode: stored(&more.sign_mode, SignMode::from_code)?,
        filing_no: more.filing_no,
        filed_on: more.filed_on,
        remark: more.remark,
        checker: more.checker,
        checked_at: more.checked_at,
        opinion: more.opinion,
        digest: more.digest,
        sync_tries: more.sync_tries,
        synced_at: more.synced_at,
        ended_on: more.ended_on,
        residents: residents(&mut tx, id).await?,
        history: history(&mut tx, id).await?,
        plan: plan::bills(&billed.terms(rule.base)),
        property_plan: billed.property_terms(rule.base).map(|terms| plan::bills(&terms)).unwrap_or_default(),
        before: match more.prev_contract_id {
            Some(previous) => before(&mut tx, previous).await?,
            None => None,
        },
        stays: stays(&mut tx, ctx, id.0).await?,
        stay_to: more.stay_to,
    };
    tx.commit().await?;
    Ok(contract)
}

async fn residents(tx: &mut Tx, id: ContractId) -> Result<Vec<Resident>> {
    sqlx::query!("select person_id, name, relation from contract_resident where contract_id = $1 order by name", id.0)
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| {
            Ok(Resident {
                person_id: PersonId(row.person_id),
                name: row.name,
                relation: stored(&row.relation, Relation::from_code)?,
            })
        })
        .collect()
}

async fn history(tx: &mut Tx, id: ContractId) -> Result<Vec<ContractLine>> {
    sqlx::query!(
        "select at, user_name(actor_id) as actor, event, from_status, to_status, reason from contract_history
         where contract_id = $1 order by id desc limit 200",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ContractLine {
            at: row.at,
            actor: row.actor,
            event: row.event,
            from: row.from_status.as_deref().map(|code| stored(code, ContractStatus::from_code)).transpose()?,
            to: stored(&row.to_status, ContractStatus::from_code)?,
            reason: row.reason,
        })
    })
    .collect()
}

/// What the form of a new contract shows of an assigned home.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; a refusal for an assignment that is not confirmed.
pub async fn contract_offer(ctx: &Ctx, assignment: AssignmentId) -> Result<ContractOffer> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = assignment::hold(&mut tx, assignment).await?;
    if held.status != AssignmentStatus::Confirmed {
        return Err(FieldErrors::from(("assignment", "房屋状态不是已分配，不能签订")).into());
    }
    let row = sqlx::query!(
        r#"select a.person_name, a.id_number_mask, a.expires_on, m.name as mgmt_unit, e.name as estate, u.address, u.layout,
                  u.building_area, u.usable_area, r.code || ' ' || r.name as "standard?", p.bank_name as "bank_name?",
                  p.bank_no_mask as "bank_no_mask?", p.bank_holder as "bank_holder?",
                  (select case when min(w.property_rate) = max(w.property_rate) then min(w.property_rate) end from room w
                   where w.unit_id = u.id and w.deleted_at is null and w.property_rate > 0) as property_rate
           from assignment a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id
           join organization m on m.id = u.mgmt_unit_id left join rent_standard r on r.id = u.rent_standard_id
           left join person p on p.id = a.person_id where a.id = $1"#,
        assignment.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let home = home_load(&mut tx, ctx, held.unit_id).await.ok();
    let deposit = match &home {
        Some(home) => Some(billing_rule(&mut tx, home.district_id, ctx.today()).await?.deposit.of(home.assessed.rent)),
        None => None,
    };
    tx.commit().await?;
    Ok(ContractOffer {
        assignment_id: assignment,
        person_id: PersonId(held.person_id),
        person: row.person_name,
        id_number_mask: row.id_number_mask,
        mgmt_unit: row.mgmt_unit,
        estate: row.estate,
        unit_id: UnitId(held.unit_id),
        address: row.address,
        layout: stored(&row.layout, LayoutType::from_code)?,
        building_area: Area::from_hundredths(row.building_area.into()),
        usable_area: Area::from_hundredths(row.usable_area.into()),
        rent_standard: row.standard,
        assessed: home.map(|home| home.assessed),
        deposit,
        property_rate: row.property_rate.map(|rate| Rate::from_ten_thousandths(rate.into())),
        expires_on: row.expires_on,
        bank_name: row.bank_name,
        bank_no_mask: row.bank_no_mask,
        bank_holder: row.bank_holder,
    })
}
