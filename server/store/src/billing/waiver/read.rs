//! Waivers as lists and pages show them.

use super::{require_read, written_off};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        reduction::Note,
        waiver::{WAIVER_LIST, WaivedBill, WaiverKind, WaiverRecord, WaiverRow, WaiverStatus},
    },
    dictionary::FeeItem,
    failure::Failure,
    id::{AccountId, BillId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str = "r.id, r.district_id, r.waiver_no, r.account_id, a.account_no, coalesce(c.lessee_name, '') as lessee,
     e.name || ' ' || u.address as address, r.kind, (select count(*) from waiver_bill w where w.waiver_id = r.id) as bills, r.amount_fen,
     r.doc_no, r.reason, r.status, r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker, r.checked_at,
     r.opinion, r.version";
const FROM: &str = "from waiver r join account a on a.id = r.account_id join unit u on u.id = a.unit_id
     join estate e on e.id = u.estate_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
     where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    district_id: i64,
    waiver_no: String,
    account_id: i64,
    account_no: String,
    lessee: String,
    address: String,
    kind: String,
    bills: i64,
    amount_fen: i64,
    doc_no: String,
    reason: String,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<WaiverRow> {
        let status = stored(&self.status, WaiverStatus::from_code)?;
        let (own, pending) = (self.maker_id == ctx.actor().id.0, status == WaiverStatus::Pending);
        Ok(WaiverRow {
            id: self.id,
            waiver_no: self.waiver_no,
            account_id: AccountId(self.account_id),
            account_no: self.account_no,
            lessee: self.lessee,
            address: self.address,
            kind: stored(&self.kind, WaiverKind::from_code)?,
            bills: self.bills,
            amount: Money::from_fen(self.amount_fen),
            doc_no: self.doc_no,
            reason: self.reason,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            version: self.version,
            decidable: pending && !own && ctx.actor().may(Permission::WaiverCheck),
            withdrawable: pending && own && ctx.actor().may(Permission::WaiverWrite),
        })
    }
}

/// Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and r.status = 'PENDING' and r.maker_id <> ").push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::WaiverCheck));
}

/// A page of waivers in scope.
///
/// # Errors
/// Without [`Permission::BillRead`] or [`Permission::WaiverCheck`].
pub async fn waiver_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<WaiverRow>> {
    require_read(ctx)?;
    let (sort, descending) = WAIVER_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["r.waiver_no", "c.lessee_name", "a.account_no", "r.doc_no"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "kind", "r.kind");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "account", "r.account_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: if sort == "amount" { "r.amount_fen" } else { "r.made_at" },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One waiver with its bills and timeline.
///
/// # Errors
/// Without [`Permission::BillRead`] or [`Permission::WaiverCheck`]; [`Failure::NotFound`] outside the scope.
pub async fn waiver_get(ctx: &Ctx, id: i64) -> Result<WaiverRecord> {
    require_read(ctx)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let bills = bills(&mut tx, id).await?;
    let history = sqlx::query!(
        "select at, user_name(actor_id) as actor, event, reason from waiver_history where waiver_id = $1 order by id desc",
        id
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let rule = billing_rule(&mut tx, record.district_id, ctx.today()).await?;
    let before = written_off(&mut tx, ctx, record.account_id).await?;
    tx.commit().await?;
    let note = |at, actor, event, reason| Note { at, actor, event, reason };
    let history = history.into_iter().map(|row| note(row.at, row.actor, row.event, row.reason)).collect();
    let row = record.read(ctx)?;
    let for_leader =
        row.status == WaiverStatus::Pending && row.kind.needs_leader(row.amount + before, rule.write_off_limit);
    Ok(WaiverRecord { row, bills, history, for_leader })
}

async fn bills(tx: &mut Tx, id: i64) -> Result<Vec<WaivedBill>> {
    sqlx::query!(
        r#"select b.id, b.bill_no as "bill_no!", b.fee_item, b.period_from, b.period_to, b.due_on, w.principal_fen, w.late_fee_fen
           from waiver_bill w join bill b on b.id = w.bill_id where w.waiver_id = $1 order by b.due_on, b.id"#,
        id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(WaivedBill {
            id: BillId(row.id),
            bill_no: row.bill_no,
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            from: row.period_from,
            to: row.period_to,
            due_on: row.due_on,
            principal: Money::from_fen(row.principal_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
        })
    })
    .collect()
}
