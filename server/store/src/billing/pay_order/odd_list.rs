//! The pool of money that is not an order's, as the staff sees it.

use crate::{
    Ctx, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        pay_odd::{PAY_ODD_LIST, PayOddOutcome, PayOddReason, PayOddRow, PayOddStatus},
        pay_order::PayChannel,
    },
    failure::Failure,
    id::{AccountId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "d.id, d.reason, d.channel, d.trade_no, d.order_no, o.amount_fen as asked_fen,
     coalesce(o.trade_no = d.trade_no, false) as entered, d.amount_fen, d.paid_at, d.found_at, d.account_id,
     coalesce(c.lessee_name, n.name, '') as lessee, coalesce(e.name || u.address, '') as address, d.status, d.outcome, d.opinion,
     d.maker_id, user_name(d.maker_id) as maker, d.made_at, user_name(d.checker_id) as checker, d.checked_at, d.payment_id, d.version";
const FROM: &str =
    "from pay_odd d left join pay_order o on o.id = d.order_id left join account a on a.id = d.account_id
     left join unit u on u.id = a.unit_id left join estate e on e.id = u.estate_id left join person n on n.id = a.person_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
     where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    reason: String,
    channel: String,
    trade_no: String,
    order_no: String,
    asked_fen: Option<i64>,
    entered: bool,
    amount_fen: i64,
    paid_at: DateTime<Utc>,
    found_at: DateTime<Utc>,
    account_id: Option<i64>,
    lessee: String,
    address: String,
    status: String,
    outcome: Option<String>,
    opinion: Option<String>,
    maker_id: Option<i64>,
    maker: Option<String>,
    made_at: Option<DateTime<Utc>>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    payment_id: Option<i64>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<PayOddRow> {
        let status = stored(&self.status, PayOddStatus::from_code)?;
        let actor = ctx.actor();
        Ok(PayOddRow {
            id: self.id,
            reason: stored(&self.reason, PayOddReason::from_code)?,
            channel: stored(&self.channel, PayChannel::from_code)?,
            trade_no: self.trade_no,
            order_no: self.order_no,
            asked: self.asked_fen.map(Money::from_fen),
            amount: Money::from_fen(self.amount_fen),
            entered: self.entered,
            paid_at: self.paid_at,
            found_at: self.found_at,
            account_id: self.account_id.map(AccountId),
            lessee: self.lessee,
            address: self.address,
            status,
            outcome: self.outcome.map(|code| stored(&code, PayOddOutcome::from_code)).transpose()?,
            opinion: self.opinion,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            payment_id: self.payment_id.map(PaymentId),
            proposable: status == PayOddStatus::Open && actor.may(Permission::RefundWrite),
            decidable: status == PayOddStatus::Proposed
                && self.maker_id != Some(actor.id.0)
                && actor.may(Permission::RefundCheck),
            version: self.version,
        })
    }
}

/// A page of the pool in scope. Money of an order that we do not know is seen by the whole city's staff alone.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn pay_odd_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PayOddRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAY_ODD_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["d.trade_no", "d.order_no"],
        filter: &|sql| {
            push_scope(sql, ctx, "d.district_id", "d.estate_id");
            push_code(sql, query, "status", "d.status");
            push_code(sql, query, "reason", "d.reason");
            push_code(sql, query, "channel", "d.channel");
            push_id(sql, query, "district", "d.district_id");
        },
        order: "d.found_at",
        descending,
        tie: "d.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One of the pool.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn pay_odd_get(ctx: &Ctx, id: i64) -> Result<PayOddRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and d.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}
