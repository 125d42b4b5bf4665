//! The sending list with its receipts, sending once more, and what a month came to.

use crate::{
    Ctx, Error, Result,
    ctx::{china_midnight, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, Days, Utc};
use domain::{
    billing::sms::{SMS_LIST, SMS_MONTH_LIST, SmsKind, SmsMonthRow, SmsRow, SmsStatus, resend_refusal, send_from},
    failure::Failure,
    form::date,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "s.id, s.account_id, c.lessee_name as lessee, u.address, s.phone_mask, s.template, s.content, s.status, s.queued_at,
     s.not_before, s.attempts, s.sent_at, s.receipt_at, s.receipt_code, s.parts, s.cost_fen, s.message, s.dunning_id,
     exists (select from sms n where n.resend_of = s.id) as resent";
const FROM: &str = "from sms s join contract c on c.id = s.contract_id join unit u on u.id = c.unit_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    lessee: String,
    address: String,
    phone_mask: String,
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

/// A page of the sending list.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn sms_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<SmsRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SMS_LIST.sort(query);
    let day = |key| query.filter(key).and_then(|text| date(text).ok());
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "u.address"],
        filter: &|sql| {
            push_code(sql, query, "status", "s.status");
            push_code(sql, query, "kind", "s.template");
            push_id(sql, query, "district", "s.district_id");
            if let Some(since) = day("since").and_then(china_midnight) {
                sql.push(" and s.queued_at >= ").push_bind(since);
            }
            if let Some(until) =
                day("until").and_then(|day| day.checked_add_days(Days::new(1))).and_then(china_midnight)
            {
                sql.push(" and s.queued_at < ").push_bind(until);
            }
        },
        order: "s.queued_at",
        descending,
        tie: "s.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(SmsRow::try_from)
}

/// One message.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn sms_get(ctx: &Ctx, id: i64) -> Result<SmsRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and s.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.try_into()
}

/// Sends a message once more that failed, or of which nothing was heard: the same words to the number of today. Answers the
/// new one.
///
/// # Errors
/// A refusal in another status, when it was resent already, and of who is on the black list.
pub async fn sms_resend(ctx: &Ctx, id: i64) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let status = sqlx::query_scalar!("select status from sms where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let status = stored(&status, SmsStatus::from_code)?;
    if !status.can_resend() {
        return Err(resend_refusal(status).into());
    }
    let sent = sqlx::query_scalar!(
        "insert into sms (district_id, estate_id, account_id, contract_id, dunning_id, template, told_key, sign, params, content,
                          phone_mask, queued_at, not_before, parts, resend_of, actor_id)
         select s.district_id, s.estate_id, s.account_id, s.contract_id, s.dunning_id, s.template, 'RESEND:' || s.id, s.sign,
                s.params, s.content, c.phone_mask, $2, $3, s.parts, s.id, $4
         from sms s join contract c on c.id = s.contract_id
         where s.id = $1 and not exists (select from sms_block b where b.account_id = s.account_id and b.ended_at is null)
         on conflict (resend_of) do nothing returning id",
        id,
        ctx.now(),
        send_from(ctx.now()),
        ctx.actor_id(),
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let sent = sent.ok_or_else(|| Failure::refused("该短信已重发，或承租人在短信黑名单中"))?;
    tx.commit().await?;
    Ok(sent)
}

#[derive(sqlx::FromRow)]
struct MonthRecord {
    month: String,
    district: String,
    template: String,
    messages: i64,
    delivered: i64,
    failed: i64,
    silent: i64,
    parts: i64,
    cost_fen: i64,
}

/// What each month's messages came to, by district and template.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn sms_month_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<SmsMonthRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SMS_MONTH_LIST.sort(query);
    let page = SmallList {
        columns: "m.*",
        from: "from (select to_char(s.sent_at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, d.name as district, s.template,
                       d.id as district_id, count(*) as messages,
                       count(*) filter (where s.status = 'DELIVERED') as delivered,
                       count(*) filter (where s.status = 'FAILED') as failed,
                       count(*) filter (where s.status = 'SILENT') as silent,
                       sum(s.parts)::bigint as parts, sum(s.cost_fen)::bigint as cost_fen
                from sms s join organization d on d.id = s.district_id where s.sent_at is not null
                group by 1, d.id, s.template) m where true",
        searched: &["m.district"],
        filter: &|sql| push_id(sql, query, "district", "m.district_id"),
        order: "m.month",
        descending,
        tie: "m.district_id, m.template",
    }
    .page::<MonthRecord>(ctx, query)
    .await?;
    page.try_map(|record| {
        Ok(SmsMonthRow {
            month: record.month,
            district: record.district,
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
