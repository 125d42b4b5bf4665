//! Batches as lists and pages show them.

use super::decide::obstacle;
use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    failure::Failure,
    id::ContractId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::take_over::{
        SHOWN, TAKE_OVER_ITEM_LIST, TAKE_OVER_LIST, TakeOver, TakeOverItem, TakeOverRow, TakeOverState, TakeOverStatus,
        TakeOverTotals,
    },
    value::Money,
};
use sqlx::{Postgres, QueryBuilder, types::Uuid};

const COLUMNS: &str =
    "r.id, r.batch_no, d.name as district, r.cutoff_on, r.file_name, r.rows, r.balance_fen, r.deposit_fen, r.arrears_fen,
     r.written_rows, r.written_balance_fen, r.written_deposit_fen, r.written_arrears_fen, r.failed_rows, r.digest, r.status,
     r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker, r.checked_at, r.opinion,
     r.finished_at, r.end_reason, r.write_job_id, r.status = 'APPROVED' and take_over_running(r.write_job_id) as running, r.version";
const FROM: &str = "from take_over r join organization d on d.id = r.district_id where true";

const ITEM_COLUMNS: &str =
    "t.take_over_id, b.batch_no, t.row_no, t.contract_no, t.contract_id, t.lessee_name, t.id_number_mask, t.address, t.start_on,
     t.end_on, t.monthly_rent_fen, t.balance_fen, t.deposit_fen, t.arrears_fen, t.state, t.message";
const ITEM_FROM: &str = "from take_over_row t join take_over b on b.id = t.take_over_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    batch_no: String,
    district: String,
    cutoff_on: NaiveDate,
    file_name: String,
    rows: i32,
    balance_fen: i64,
    deposit_fen: i64,
    arrears_fen: i64,
    written_rows: i32,
    written_balance_fen: i64,
    written_deposit_fen: i64,
    written_arrears_fen: i64,
    failed_rows: i32,
    digest: Option<String>,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    finished_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
    write_job_id: Option<Uuid>,
    running: bool,
    version: i32,
}

fn totals(rows: i32, [balance, deposit, arrears]: [i64; 3]) -> TakeOverTotals {
    TakeOverTotals {
        rows,
        balance: Money::from_fen(balance),
        deposit: Money::from_fen(deposit),
        arrears: Money::from_fen(arrears),
    }
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<TakeOverRow> {
        let status = stored(&self.status, TakeOverStatus::from_code)?;
        let own = self.maker_id == ctx.actor().id.0;
        let writes = own && ctx.actor().may(Permission::TakeOverWrite);
        Ok(TakeOverRow {
            id: self.id,
            batch_no: self.batch_no,
            district: self.district,
            cutoff_on: self.cutoff_on,
            file_name: self.file_name,
            staged: totals(self.rows, [self.balance_fen, self.deposit_fen, self.arrears_fen]),
            written: totals(
                self.written_rows,
                [self.written_balance_fen, self.written_deposit_fen, self.written_arrears_fen],
            ),
            failed: self.failed_rows,
            digest: self.digest,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            finished_at: self.finished_at,
            end_reason: self.end_reason,
            version: self.version,
            submittable: status == TakeOverStatus::Draft && writes,
            decidable: status == TakeOverStatus::Pending && !own && ctx.actor().may(Permission::TakeOverCheck),
            refusable: status == TakeOverStatus::Draft && !own && ctx.actor().may(Permission::TakeOverCheck),
            resumable: status == TakeOverStatus::Approved
                && !self.running
                && !own
                && ctx.actor().may(Permission::TakeOverCheck),
            withdrawable: matches!(status, TakeOverStatus::Draft | TakeOverStatus::Pending) && writes,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Item {
    take_over_id: i64,
    batch_no: String,
    row_no: i32,
    contract_no: String,
    contract_id: Option<i64>,
    lessee_name: String,
    id_number_mask: String,
    address: String,
    start_on: NaiveDate,
    end_on: NaiveDate,
    monthly_rent_fen: i64,
    balance_fen: i64,
    deposit_fen: i64,
    arrears_fen: i64,
    state: String,
    message: Option<String>,
}

impl TryFrom<Item> for TakeOverItem {
    type Error = Error;

    fn try_from(row: Item) -> Result<Self> {
        Ok(Self {
            take_over_id: row.take_over_id,
            batch_no: row.batch_no,
            row_no: row.row_no,
            contract_no: row.contract_no,
            contract_id: row.contract_id.map(ContractId),
            lessee: row.lessee_name,
            id_number_mask: row.id_number_mask,
            address: row.address,
            start_on: row.start_on,
            end_on: row.end_on,
            monthly_rent: Money::from_fen(row.monthly_rent_fen),
            balance: Money::from_fen(row.balance_fen),
            deposit: Money::from_fen(row.deposit_fen),
            arrears: Money::from_fen(row.arrears_fen),
            state: stored(&row.state, TakeOverState::from_code)?,
            message: row.message,
        })
    }
}

/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and r.status = 'PENDING' and r.maker_id <> ").push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::TakeOverCheck));
}

/// A page of batches in scope.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn take_over_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TakeOverRow>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = TAKE_OVER_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["r.batch_no", "r.file_name"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_id(sql, query, "district", "r.district_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: match sort {
            "cutoff_on" => "r.cutoff_on",
            "rows" => "r.rows",
            _ => "r.made_at",
        },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// A page of the rows of batches.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn take_over_item_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TakeOverItem>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = TAKE_OVER_ITEM_LIST.sort(query);
    let page = SmallList {
        columns: ITEM_COLUMNS,
        from: ITEM_FROM,
        searched: &["t.contract_no", "t.lessee_name", "t.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "t.district_id", "t.estate_id");
            push_code(sql, query, "state", "t.state");
            push_id(sql, query, "district", "t.district_id");
            push_id(sql, query, "batch", "t.take_over_id");
        },
        order: match sort {
            "contract_no" => "t.contract_no",
            "balance" => "t.balance_fen",
            "arrears" => "t.arrears_fen",
            _ => "t.take_over_id, t.row_no",
        },
        descending,
        tie: "t.id",
    }
    .page::<Item>(ctx, query)
    .await?;
    page.try_map(TakeOverItem::try_from)
}

/// One batch with the first of its rows, those first that were not written.
///
/// # Errors
/// Without [`Permission::ContractRead`]; [`Failure::NotFound`] outside the scope.
pub async fn take_over_get(ctx: &Ctx, id: i64) -> Result<TakeOver> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let statement = format!(
        "(select {ITEM_COLUMNS} {ITEM_FROM} and t.take_over_id = $1 and t.state = 'FAILED' order by t.row_no limit {SHOWN})
         union all
         (select {ITEM_COLUMNS} {ITEM_FROM} and t.take_over_id = $1 and t.state <> 'FAILED' order by t.row_no limit {SHOWN})
         limit {SHOWN}"
    );
    let items: Vec<Item> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id).fetch_all(connection(&mut tx)).await?;
    let obstacle = obstacle(&mut tx, id).await?;
    // The page of a job is there for whoever has begun it.
    let job = sqlx::query_scalar!(
        "select id from job where id = $1 and actor_id = $2",
        record.write_job_id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .map(|job| job.to_string());
    tx.commit().await?;
    Ok(TakeOver {
        row: record.read(ctx)?,
        items: items.into_iter().map(TakeOverItem::try_from).collect::<Result<_>>()?,
        job,
        obstacle,
    })
}
