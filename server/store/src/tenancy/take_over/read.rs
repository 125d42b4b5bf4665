//! Batches as lists and pages show them.

use super::decide::obstacle;
use crate::{
    Ctx, Error, Result,
    billing::named::words,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, contains_pattern, push_code, push_id, push_scope},
    long_list::{LongList, Order},
    walk::Walk,
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
    "r.id, r.take_over_id, b.batch_no, r.row_no, r.contract_no, r.contract_id, r.lessee_name, r.id_number_mask, r.address, r.start_on,
     r.end_on, r.monthly_rent_fen, r.balance_fen, r.deposit_fen, r.arrears_fen, r.state, r.message";
const ITEM_JOINS: &str = "join take_over b on b.id = r.take_over_id";

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
    id: i64,
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

/// A page of the rows of batches, in the order in which they were staged: that of their file.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn take_over_item_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TakeOverItem>> {
    ctx.require(Permission::ContractRead)?;
    let (_, descending) = TAKE_OVER_ITEM_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let (numbers, words) = numbers_of(&mut tx, words(query)).await?;
    let list = LongList {
        table: "take_over_row",
        columns: ITEM_COLUMNS,
        joins: ITEM_JOINS,
        filter: &|sql| {
            // Along a batch the walk does not say whose the rows are.
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "state", "r.state");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "batch", "r.take_over_id");
            for number in &numbers {
                sql.push(" and r.contract_no >= ").push_bind(number.clone());
                sql.push(" and r.contract_no < ").push_bind(format!("{number}\u{10FFFF}"));
            }
            for word in &words {
                let pattern = contains_pattern(word);
                sql.push(" and (r.contract_no ilike ").push_bind(pattern.clone());
                sql.push(" or r.lessee_name ilike ").push_bind(pattern.clone());
                sql.push(" or r.address ilike ").push_bind(pattern).push(")");
            }
        },
        order: Order::Id,
        descending,
    };
    let walk = Walk::new(ctx, query, &[("batch", "take_over_id")]);
    let page = list.page(tx, query, &walk, |row: &Item| row.id.to_string()).await?;
    page.try_map(TakeOverItem::try_from)
}

/// Which of the words begin the number of a contract that was staged: a range, which the index of the numbers can be asked for.
async fn numbers_of(tx: &mut Tx, words: Vec<String>) -> Result<(Vec<String>, Vec<String>)> {
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for word in words {
        let known = word.is_ascii()
            && sqlx::query_scalar!(
                r#"select exists (select from take_over_row where contract_no >= $1 and contract_no < $2) as "known!""#,
                word,
                format!("{word}\u{10FFFF}")
            )
            .fetch_one(connection(tx))
            .await?;
        if known { numbers.push(word) } else { others.push(word) }
    }
    Ok((numbers, others))
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
    let of_state = |condition: &str| {
        format!(
            "(select {ITEM_COLUMNS} from take_over_row r {ITEM_JOINS} where r.take_over_id = $1 and r.state {condition} order by r.row_no
              limit {SHOWN})"
        )
    };
    let statement = format!("{} union all {} limit {SHOWN}", of_state("= 'FAILED'"), of_state("<> 'FAILED'"));
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
