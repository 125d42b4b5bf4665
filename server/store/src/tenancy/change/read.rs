//! Changes as lists and pages show them, and what the form of a new one begins with.

use super::charged_to;
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    tenancy::contract::{TRIES, contract_get, terms::billed_read_one},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::plan,
    dictionary::ContractStatus,
    failure::Failure,
    id::ContractId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        change::{
            ChangeKind, ChangeOffer, ChangeRow, ChangeState, ChangeStatus, ContractChange, NOT_IN_FORCE,
            SuccessionGround,
        },
        change_sheet::CHANGE_LIST,
    },
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.change_no, r.kind, r.contract_id, coalesce(c.contract_no, '') as contract_no, c.lessee_name, c.address, r.effective_on,
     r.reason, r.doc_no, r.status, r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker,
     r.checked_at, r.opinion, r.effective_at, r.message, r.sync_tries, r.version,
     r.pair_id is null or exists (select from contract_change p where p.pair_id = r.pair_id and p.id <> r.id) as whole";
const FROM: &str = "from contract_change r join contract c on c.id = r.contract_id where true";
/// Bill periods that the form offers.
const PERIODS: usize = 12;

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    change_no: String,
    kind: String,
    contract_id: i64,
    contract_no: String,
    lessee_name: String,
    address: String,
    effective_on: NaiveDate,
    reason: String,
    doc_no: Option<String>,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    effective_at: Option<DateTime<Utc>>,
    message: Option<String>,
    sync_tries: i32,
    version: i32,
    /// of a swap: the other home is in sight as well
    whole: bool,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<ChangeRow> {
        let status = stored(&self.status, ChangeStatus::from_code)?;
        let kind = stored(&self.kind, ChangeKind::from_code)?;
        let own = self.maker_id == ctx.actor().id.0;
        let may = |permission| self.whole && ctx.actor().may(permission);
        let (writes, checks) = (may(Permission::ContractWrite), may(Permission::ContractCheck));
        Ok(ChangeRow {
            id: self.id,
            change_no: self.change_no,
            kind,
            contract_id: ContractId(self.contract_id),
            contract_no: self.contract_no,
            lessee: self.lessee_name,
            address: self.address,
            effective_on: self.effective_on,
            reason: self.reason,
            doc_no: self.doc_no,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            effective_at: self.effective_at,
            message: self.message,
            version: self.version,
            submittable: status == ChangeStatus::Draft && own && writes,
            decidable: status == ChangeStatus::Pending && !own && checks,
            refusable: status == ChangeStatus::Draft && !own && checks,
            revocable: status == ChangeStatus::Approved && !own && checks,
            withdrawable: matches!(status, ChangeStatus::Draft | ChangeStatus::Pending) && own && writes,
            repeatable: status == ChangeStatus::Approved && kind.tells_bank() && self.sync_tries >= TRIES && writes,
        })
    }
}

/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and r.status = 'PENDING' and r.maker_id <> ").push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::ContractCheck));
    // A swap is decided about once, by who sees both homes.
    sql.push(
        " and (r.pair_id is null
               or r.pair_id = r.id and exists (select from contract_change p where p.pair_id = r.pair_id and p.id <> r.id))",
    );
}

/// A page of changes in scope.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn change_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ChangeRow>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = CHANGE_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["r.change_no", "c.contract_no", "c.lessee_name", "c.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "contract", "r.contract_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: if sort == "effective_on" { "r.effective_on" } else { "r.made_at" },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One change with what it changes.
///
/// # Errors
/// Without [`Permission::ContractRead`]; [`Failure::NotFound`] outside the scope.
pub async fn change_get(ctx: &Ctx, id: i64) -> Result<ContractChange> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let row = record.read(ctx)?;
    let states = sqlx::query!("select before, after, ground from contract_change where id = $1", id)
        .fetch_one(connection(&mut tx))
        .await?;
    let swap = match row.kind {
        ChangeKind::Swap => super::swap::sides(&mut tx, ctx, id).await?,
        _ => Vec::new(),
    };
    tx.commit().await?;
    Ok(ContractChange {
        row,
        swap,
        ground: states.ground.as_deref().map(|code| stored(code, SuccessionGround::from_code)).transpose()?,
        before: state(states.before)?,
        after: state(states.after)?,
    })
}

pub(super) fn state(value: serde_json::Value) -> Result<ChangeState> {
    serde_json::from_value(value).map_err(|error| Error::Broken(error.to_string()))
}

/// What the form of a new change shows.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::NotFound`] outside the scope; a refusal of one that is not in force.
pub async fn change_offer(ctx: &Ctx, id: ContractId) -> Result<ChangeOffer> {
    ctx.require(Permission::ContractWrite)?;
    let contract = contract_get(ctx, id).await?;
    if contract.row.status != ContractStatus::Active {
        return Err(Failure::refused(NOT_IN_FORCE).into());
    }
    let mut tx = ctx.begin().await?;
    let periods = periods(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(ChangeOffer { contract, today: ctx.today(), periods: periods.into_iter().take(PERIODS).collect() })
}

/// First days of the bill periods of a contract that are to come and not charged yet.
pub(super) async fn periods(tx: &mut Tx, ctx: &Ctx, id: ContractId) -> Result<Vec<NaiveDate>> {
    let (billed, _) = billed_read_one(tx, id.0).await?;
    let rule = billing_rule(tx, billed.district_id, ctx.today()).await?;
    let charged = charged_to(tx, id.0).await?;
    let last = billed.cycles.last().map(|cycle| cycle.from);
    let behind = |day: NaiveDate| charged.is_none_or(|charged| day > charged) && last.is_none_or(|last| day > last);
    let starts = plan::bills(&billed.terms(rule.base)).into_iter().map(|bill| bill.from);
    Ok(starts.filter(|day| *day >= ctx.today() && behind(*day)).collect())
}
