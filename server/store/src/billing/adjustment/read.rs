//! Adjustments as lists and pages show them.

use super::write::noticed;
use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        adjustment::{AdjustStatus, AdjustType, Adjustment, AdjustmentRow, LAPSED, RentChangeRow, SHOWN},
        adjustment_sheet::{ADJUSTMENT_LIST, RENT_CHANGE_LIST},
    },
    failure::Failure,
    id::ContractId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Money, Rate},
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.adjustment_no, r.kind, d.name as district, r.target, r.month, r.doc_no, r.contracts, r.old_total_fen, r.new_total_fen,
     r.status, r.remark, r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker, r.checked_at,
     r.opinion, r.version";
const FROM: &str = "from rent_adjustment r join organization d on d.id = r.district_id where true";

const CHANGE_COLUMNS: &str =
    "h.adjustment_id, r.adjustment_no, r.kind, h.contract_id, coalesce(c.contract_no, '') as contract_no, c.lessee_name, c.address,
     h.old_rate, h.new_rate, h.old_rent_fen, h.new_rent_fen, h.from_on, r.doc_no, h.status, coalesce(h.lapse_reason, h.remark) as remark";
const CHANGE_FROM: &str = "from rent_change h join rent_adjustment r on r.id = h.adjustment_id join contract c on c.id = h.contract_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    adjustment_no: String,
    kind: String,
    district: String,
    target: String,
    month: NaiveDate,
    doc_no: String,
    contracts: i32,
    old_total_fen: i64,
    new_total_fen: i64,
    status: String,
    remark: Option<String>,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<AdjustmentRow> {
        let status = stored(&self.status, AdjustStatus::from_code)?;
        let (own, pending) = (self.maker_id == ctx.actor().id.0, status == AdjustStatus::Pending);
        Ok(AdjustmentRow {
            id: self.id,
            adjustment_no: self.adjustment_no,
            kind: stored(&self.kind, AdjustType::from_code)?,
            district: self.district,
            target: self.target,
            month: self.month,
            doc_no: self.doc_no,
            contracts: self.contracts,
            old_total: Money::from_fen(self.old_total_fen),
            new_total: Money::from_fen(self.new_total_fen),
            status,
            remark: self.remark,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            version: self.version,
            decidable: pending && !own && ctx.actor().may(Permission::RentCheck),
            withdrawable: pending && own && ctx.actor().may(Permission::RentAdjust),
        })
    }
}

#[derive(sqlx::FromRow)]
struct Change {
    adjustment_id: i64,
    adjustment_no: String,
    kind: String,
    contract_id: i64,
    contract_no: String,
    lessee_name: String,
    address: String,
    old_rate: i32,
    new_rate: i32,
    old_rent_fen: i64,
    new_rent_fen: i64,
    from_on: NaiveDate,
    doc_no: String,
    status: String,
    remark: Option<String>,
}

impl TryFrom<Change> for RentChangeRow {
    type Error = Error;

    fn try_from(row: Change) -> Result<Self> {
        Ok(Self {
            adjustment_id: row.adjustment_id,
            adjustment_no: row.adjustment_no,
            kind: stored(&row.kind, AdjustType::from_code)?,
            contract_id: ContractId(row.contract_id),
            contract_no: row.contract_no,
            lessee: row.lessee_name,
            address: row.address,
            old_rate: Rate::from_ten_thousandths(row.old_rate.into()),
            new_rate: Rate::from_ten_thousandths(row.new_rate.into()),
            old_rent: Money::from_fen(row.old_rent_fen),
            new_rent: Money::from_fen(row.new_rent_fen),
            from_on: row.from_on,
            doc_no: row.doc_no,
            status: if row.status == LAPSED.0 { None } else { Some(stored(&row.status, AdjustStatus::from_code)?) },
            remark: row.remark,
        })
    }
}

/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and r.status = 'PENDING' and r.maker_id <> ").push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::RentCheck));
}

/// A page of adjustments in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn adjustment_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AdjustmentRow>> {
    ctx.require(Permission::BillRead)?;
    let (sort, descending) = ADJUSTMENT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["r.adjustment_no", "r.doc_no"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "r.district_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: match sort {
            "month" => "r.month",
            "contracts" => "r.contracts",
            _ => "r.made_at",
        },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// A page of the contracts of adjustments.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn rent_change_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RentChangeRow>> {
    ctx.require(Permission::BillRead)?;
    let (sort, descending) = RENT_CHANGE_LIST.sort(query);
    let page = SmallList {
        columns: CHANGE_COLUMNS,
        from: CHANGE_FROM,
        searched: &["c.lessee_name", "c.contract_no", "c.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "h.district_id", "h.estate_id");
            push_code(sql, query, "status", "h.status");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "h.district_id");
            push_id(sql, query, "adjustment", "h.adjustment_id");
            push_id(sql, query, "contract", "h.contract_id");
        },
        order: match sort {
            "old_rent" => "h.old_rent_fen",
            "new_rent" => "h.new_rent_fen",
            _ => "h.from_on",
        },
        descending,
        tie: "h.id",
    }
    .page::<Change>(ctx, query)
    .await?;
    page.try_map(RentChangeRow::try_from)
}

/// One adjustment with the first of its contracts.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn adjustment_get(ctx: &Ctx, id: i64) -> Result<Adjustment> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let statement =
        format!("select {CHANGE_COLUMNS} {CHANGE_FROM} and h.adjustment_id = $1 order by h.id limit {SHOWN}");
    let changes: Vec<Change> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id).fetch_all(connection(&mut tx)).await?;
    let lapsed = sqlx::query!(
        r#"select lapse_reason as "reason!", count(*) as "count!" from rent_change where adjustment_id = $1 and lapse_reason is not null
           group by 1 order by 2 desc, 1"#,
        id
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let marks = sqlx::query!(
        r#"select count(remark) as "differing!", coalesce(bool_or(new_rent_fen > old_rent_fen and from_on < $2), false) as "soon!"
           from rent_change where adjustment_id = $1 and status = 'PENDING'"#,
        id,
        noticed(ctx)
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(Adjustment {
        row: record.read(ctx)?,
        changes: changes.into_iter().map(RentChangeRow::try_from).collect::<Result<_>>()?,
        lapsed: lapsed.into_iter().map(|row| (row.reason, row.count)).collect(),
        differing: marks.differing,
        short_notice: marks.soon,
    })
}
