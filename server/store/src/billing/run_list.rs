//! The runs that were made, by district and month (S1-7.3).

use crate::{
    Ctx, Result,
    list::{SmallList, push_district_scope, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::run::{RUN_LIST, RunRow},
    id::OrganizationId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    district_id: i64,
    district: String,
    month: NaiveDate,
    status: String,
    contracts: i32,
    bills: i32,
    amount_fen: i64,
    started_at: DateTime<Utc>,
    started_by: Option<String>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Record> for RunRow {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            district_id: OrganizationId(record.district_id),
            district: record.district,
            month: record.month,
            done: record.status == "DONE",
            contracts: record.contracts,
            bills: record.bills,
            amount: Money::from_fen(record.amount_fen),
            started_at: record.started_at,
            started_by: record.started_by,
            finished_at: record.finished_at,
        }
    }
}

/// A page of runs; who sees single estates only sees none, because a run is a district's.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn bill_run_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RunRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = RUN_LIST.sort(query);
    let page = SmallList {
        columns: "r.id, r.district_id, d.name as district, r.month, r.status, r.contracts, r.bills, r.amount_fen, r.started_at,
                  user_name(r.started_by) as started_by, r.finished_at",
        from: "from bill_run r join organization d on d.id = r.district_id where true",
        searched: &["d.name"],
        filter: &|sql| {
            push_district_scope(sql, ctx, "r.district_id");
            push_id(sql, query, "district", "r.district_id");
        },
        order: "r.month",
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    Ok(page.map(RunRow::from))
}
