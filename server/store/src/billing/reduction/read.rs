//! Reductions as lists and pages show them.

use crate::{
    Ctx, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::reduction::{ENDING_DAYS, Note, REDUCTION_LIST, ReductionRecord, ReductionRow, ReductionStatus},
    dictionary::ApplicantCategory,
    failure::Failure,
    id::ContractId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Area, Money, Rate},
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str = "r.id, r.reduction_no, r.contract_id, coalesce(c.contract_no, '') as contract_no, c.lessee_name, c.address,
     r.category, r.percent, r.standard_area, r.over_rate, r.from_on, r.to_on, r.full_fen, r.payable_fen, r.doc_no, r.remark, r.status,
     r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker, r.checked_at, r.opinion, r.stop_reason,
     r.stop_on, r.stop_maker, r.version";
const FROM: &str = "from rent_reduction r join contract c on c.id = r.contract_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    reduction_no: String,
    contract_id: i64,
    contract_no: String,
    lessee_name: String,
    address: String,
    category: String,
    percent: i16,
    standard_area: i32,
    over_rate: Option<i32>,
    from_on: NaiveDate,
    to_on: NaiveDate,
    full_fen: i64,
    payable_fen: i64,
    doc_no: String,
    remark: Option<String>,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    stop_reason: Option<String>,
    stop_on: Option<NaiveDate>,
    stop_maker: Option<i64>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<ReductionRow> {
        let status = stored(&self.status, ReductionStatus::from_code)?;
        let (own, pending) = (self.maker_id == ctx.actor().id.0, status == ReductionStatus::Pending);
        let approved = status == ReductionStatus::Approved;
        let may_check = ctx.actor().may(Permission::RentCheck);
        Ok(ReductionRow {
            id: self.id,
            reduction_no: self.reduction_no,
            contract_id: ContractId(self.contract_id),
            contract_no: self.contract_no,
            lessee: self.lessee_name,
            address: self.address,
            category: stored(&self.category, ApplicantCategory::from_code)?,
            percent: self.percent,
            standard_area: Area::from_hundredths(self.standard_area.into()),
            over_rate: self.over_rate.map(|rate| Rate::from_ten_thousandths(rate.into())),
            from: self.from_on,
            to: self.to_on,
            full: Money::from_fen(self.full_fen),
            payable: Money::from_fen(self.payable_fen),
            doc_no: self.doc_no,
            remark: self.remark,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            stop_reason: self.stop_reason,
            stop_on: self.stop_on,
            version: self.version,
            decidable: pending && !own && may_check,
            withdrawable: pending && own && ctx.actor().may(Permission::RentAdjust),
            stoppable: approved
                && self.stop_maker.is_none()
                && self.to_on > ctx.today()
                && ctx.actor().may(Permission::RentAdjust),
            stop_decidable: approved && may_check && self.stop_maker.is_some_and(|maker| maker != ctx.actor().id.0),
        })
    }
}

/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let own = ctx.actor().id.0;
    sql.push(" and (r.status = 'PENDING' and r.maker_id <> ").push_bind(own);
    sql.push(" or r.status = 'APPROVED' and r.stop_maker <> ").push_bind(own).push(")");
    sql.push(" and ").push_bind(ctx.actor().may(Permission::RentCheck));
}

/// Adds that the reduction `r` of the contract `c` ends soon, as the city counts it, and that nobody has asked for the next one: it is
/// to be reviewed (年度复核). Of the reminder and the list behind it.
pub(crate) fn push_reduction_ending(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let today = ctx.today();
    sql.push(" and r.status = 'APPROVED' and c.status = 'ACTIVE' and r.to_on between ").push_bind(today).push(" and ");
    sql.push_bind(today).push("::date + coalesce((select value::int from parameter where code = 'REDUCTION_DAYS'");
    sql.push(" and district_id is null and valid_from <= ").push_bind(today);
    sql.push(" order by valid_from desc limit 1), ").push_bind(i32::from(ENDING_DAYS)).push(")");
    sql.push(
        " and not exists (select from rent_reduction n where n.contract_id = r.contract_id and n.from_on > r.to_on
                          and n.status in ('PENDING', 'APPROVED'))",
    );
}

/// A page of reductions in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn reduction_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ReductionRow>> {
    ctx.require(Permission::BillRead)?;
    let (sort, descending) = REDUCTION_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["r.reduction_no", "c.contract_no", "c.lessee_name", "r.doc_no"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "category", "r.category");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "contract", "r.contract_id");
            if query.filter("ending").is_some() {
                push_reduction_ending(sql, ctx);
            }
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: match sort {
            "from" => "r.from_on",
            "to" => "r.to_on",
            _ => "r.made_at",
        },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One reduction with its timeline.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn reduction_get(ctx: &Ctx, id: i64) -> Result<ReductionRecord> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let history = sqlx::query!(
        "select at, user_name(actor_id) as actor, event, reason from rent_reduction_history where reduction_id = $1 order by id desc",
        id
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let note = |at, actor, event, reason| Note { at, actor, event, reason };
    let history = history.into_iter().map(|row| note(row.at, row.actor, row.event, row.reason));
    Ok(ReductionRecord { row: record.read(ctx)?, history: history.collect() })
}
