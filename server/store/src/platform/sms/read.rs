//! The sending list with its receipts, and what a month came to.

use crate::{
    Ctx, Error, Result,
    billing::named::{Named, words},
    ctx::{china_midnight, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    long_list::{LongList, Order},
    walk::{Walk, time_cursor},
};
use chrono::{DateTime, Days, Months, Utc};
use domain::{
    billing::{
        plan::month_of,
        sms::{Channel, SmsKind, SmsStatus},
        sms_sheet::{SMS_LIST, SMS_MONTH_LIST, SmsMonthRow, SmsRow},
    },
    failure::Failure,
    form::date,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.account_id, c.lessee_name as lessee, u.address, r.phone_mask, r.channel, r.template, r.content, r.status, r.queued_at,
     r.not_before, r.attempts, r.sent_at, r.receipt_at, r.receipt_code, r.parts, r.cost_fen, r.message, r.dunning_id,
     exists (select from sms n where n.resend_of = r.id) as resent";
const JOINS: &str = "join contract c on c.id = r.contract_id join unit u on u.id = c.unit_id";
/// Months of which is said what they came to, this one included.
const MONTHS: u32 = 12;

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    lessee: String,
    address: String,
    phone_mask: String,
    channel: String,
    template: String,
    content: String,
    status: String,
    queued_at: DateTime<Utc>,
    not_before: DateTime<Utc>,
    attempts: i16,
    sent_at: Option<DateTime<Utc>>,
    receipt_at: Option<DateTime<Utc>>,
    receipt_code: Option<String>,
    parts: i16,
    cost_fen: i64,
    message: Option<String>,
    dunning_id: Option<i64>,
    resent: bool,
}

impl TryFrom<Record> for SmsRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            account_id: AccountId(record.account_id),
            lessee: record.lessee,
            address: record.address,
            phone_mask: record.phone_mask,
            channel: stored(&record.channel, Channel::from_code)?,
            kind: stored(&record.template, SmsKind::from_code)?,
            content: record.content,
            status: stored(&record.status, SmsStatus::from_code)?,
            queued_at: record.queued_at,
            not_before: record.not_before,
            attempts: record.attempts,
            sent_at: record.sent_at,
            receipt_at: record.receipt_at,
            receipt_code: record.receipt_code,
            parts: record.parts,
            cost: Money::from_fen(record.cost_fen),
            message: record.message,
            resent: record.resent,
            dunning_id: record.dunning_id,
        })
    }
}

/// Adds the filters of the sending list on the message `r`.
pub(super) fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    let day = |key| query.filter(key).and_then(|text| date(text).ok());
    push_code(sql, query, "status", "r.status");
    push_code(sql, query, "channel", "r.channel");
    push_code(sql, query, "kind", "r.template");
    push_id(sql, query, "district", "r.district_id");
    if let Some(since) = day("since").and_then(china_midnight) {
        sql.push(" and r.queued_at >= ").push_bind(since);
    }
    if let Some(until) = day("until").and_then(|day| day.checked_add_days(Days::new(1))).and_then(china_midnight) {
        sql.push(" and r.queued_at < ").push_bind(until);
    }
}

/// A page of the sending list, in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn sms_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<SmsRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SMS_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let named = Named::read(&mut tx, ctx, words(query)).await?;
    let walk = named.narrow(Walk::new(ctx, query, &[]));
    let list = LongList {
        table: "sms",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            push_filter(sql, query);
            named.push(sql);
        },
        order: Order::Time("queued_at"),
        descending,
    };
    let page = list.page(tx, query, &walk, |row: &Record| time_cursor(row.queued_at, row.id)).await?;
    page.try_map(SmsRow::try_from)
}

/// One message.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn sms_get(ctx: &Ctx, id: i64) -> Result<SmsRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} from sms r {JOINS} where r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.try_into()
}

#[derive(sqlx::FromRow)]
struct MonthRecord {
    month: String,
    district: String,
    channel: String,
    template: String,
    messages: i64,
    delivered: i64,
    failed: i64,
    silent: i64,
    parts: i64,
    cost_fen: i64,
}

/// What the messages of each of the last [`MONTHS`] came to, by district and template, in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn sms_month_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<SmsMonthRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SMS_MONTH_LIST.sort(query);
    let since = month_of(ctx.today()).checked_sub_months(Months::new(MONTHS - 1)).and_then(china_midnight);
    let page = SmallList {
        columns: "m.*",
        from: "from (select to_char(s.sent_at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, d.name as district, s.channel, s.template,
                       count(*) as messages,
                       count(*) filter (where s.status = 'DELIVERED') as delivered,
                       count(*) filter (where s.status = 'FAILED') as failed,
                       count(*) filter (where s.status = 'SILENT') as silent,
                       sum(s.parts)::bigint as parts, sum(s.cost_fen)::bigint as cost_fen
                from sms s join organization d on d.id = s.district_id where s.sent_at >= ",
        searched: &["m.district"],
        filter: &|sql| {
            sql.push_bind(since);
            push_scope(sql, ctx, "s.district_id", "s.estate_id");
            push_id(sql, query, "district", "s.district_id");
            sql.push(" group by 1, d.id, s.channel, s.template) m where true");
        },
        order: "m.month",
        descending,
        tie: "m.district, m.template, m.channel",
    }
    .page::<MonthRecord>(ctx, query)
    .await?;
    page.try_map(|record| {
        Ok(SmsMonthRow {
            month: record.month,
            district: record.district,
            channel: stored(&record.channel, Channel::from_code)?,
            kind: stored(&record.template, SmsKind::from_code)?,
            messages: record.messages,
            delivered: record.delivered,
            failed: record.failed,
            silent: record.silent,
            parts: record.parts,
            cost: Money::from_fen(record.cost_fen),
        })
    })
}
