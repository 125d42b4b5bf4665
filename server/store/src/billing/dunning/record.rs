//! 催缴记录 (E-52): what was done about a household, by the rules or by hand; a written notice with the proof of its service.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        dunning::{DoneForm, DunningForm, DunningStatus, DunningWay, Service},
        dunning_account::{notice_text, task_text},
        dunning_sheet::{DUNNING_LIST, DunningRow},
        plan::month_of,
        sms::SmsStatus,
    },
    dictionary::ArrearsLevel,
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "k.id, k.account_id, a.account_no, c.lessee_name as lessee, u.address, k.way, k.level, k.periods, k.amount_fen, k.content,
     k.status, k.at, user_name(k.actor_id) as actor, k.done_at, user_name(k.done_by) as done_by, k.result, k.notice_no, k.printed_on,
     k.served_how, k.served_on, k.received_by, m.id as sms_id, m.status as sms_status, k.version";
const FROM: &str =
    "from dunning_record k join account a on a.id = k.account_id join unit u on u.id = a.unit_id join contract c on c.id = k.contract_id
     left join lateral (select s.id, s.status from sms s where s.dunning_id = k.id order by s.id desc limit 1) m on true where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    account_no: String,
    lessee: String,
    address: String,
    way: String,
    level: String,
    periods: i32,
    amount_fen: i64,
    content: String,
    status: String,
    at: DateTime<Utc>,
    actor: Option<String>,
    done_at: Option<DateTime<Utc>>,
    done_by: Option<String>,
    result: Option<String>,
    notice_no: Option<String>,
    printed_on: Option<NaiveDate>,
    served_how: Option<String>,
    served_on: Option<NaiveDate>,
    received_by: Option<String>,
    sms_id: Option<i64>,
    sms_status: Option<String>,
    version: i32,
}

impl TryFrom<Record> for DunningRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        let sms = match (record.sms_id, record.sms_status) {
            (Some(id), Some(status)) => Some((id, stored(&status, SmsStatus::from_code)?)),
            _ => None,
        };
        Ok(Self {
            id: record.id,
            account_id: AccountId(record.account_id),
            account_no: record.account_no,
            lessee: record.lessee,
            address: record.address,
            way: stored(&record.way, DunningWay::from_code)?,
            level: stored(&record.level, ArrearsLevel::from_code)?,
            periods: record.periods.into(),
            amount: Money::from_fen(record.amount_fen),
            content: record.content,
            status: stored(&record.status, DunningStatus::from_code)?,
            at: record.at,
            actor: record.actor,
            done_at: record.done_at,
            done_by: record.done_by,
            result: record.result,
            notice_no: record.notice_no,
            printed_on: record.printed_on,
            served_how: record.served_how.map(|code| stored(&code, Service::from_code)).transpose()?,
            served_on: record.served_on,
            received_by: record.received_by,
            sms,
            version: record.version,
        })
    }
}

/// A page of records.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn dunning_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DunningRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = DUNNING_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "a.account_no", "u.address", "k.notice_no"],
        filter: &|sql| {
            push_code(sql, query, "way", "k.way");
            push_code(sql, query, "status", "k.status");
            push_id(sql, query, "district", "k.district_id");
            push_id(sql, query, "account", "k.account_id");
        },
        order: "k.at",
        descending,
        tie: "k.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(DunningRow::try_from)
}

/// One record.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn dunning_get(ctx: &Ctx, id: i64) -> Result<DunningRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and k.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.try_into()
}

/// The newest records of an account.
pub(super) async fn last_records(tx: &mut Tx, account: i64) -> Result<Vec<DunningRow>> {
    let statement = format!("select {COLUMNS} {FROM} and k.account_id = $1 order by k.id desc limit 50");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_all(connection(tx)).await?;
    records.into_iter().map(DunningRow::try_from).collect()
}

/// Makes a notice, or a task of a call or a visit, by hand. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; a refusal for a household that is not behind; [`Failure::NotFound`] outside the scope.
pub async fn dunning_create(ctx: &Ctx, account: AccountId, form: &DunningForm) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let (way, content) = form.check()?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select r.level, r.periods, r.amount_fen, c.id as contract_id, c.lessee_name, u.address
           from arrears r join unit u on u.id = r.unit_id
           cross join lateral (select id, lessee_name from contract c where c.account_id = r.account_id order by c.id desc limit 1) c
           where r.account_id = $1 for update of r"#,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let known = sqlx::query_scalar!(
        "select id from dunning_record where request_id::text = $1 and account_id = $2",
        form.request,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    if row.level == ArrearsLevel::L0.code() {
        return Err(Failure::refused("该承租人没有欠费，无需催缴").into());
    }
    let (periods, amount) = (i64::from(row.periods), Money::from_fen(row.amount_fen));
    let content = content.unwrap_or_else(|| match way {
        DunningWay::Written => notice_text(&row.lessee_name, &row.address, ctx.today(), periods, amount),
        _ => task_text(periods, amount),
    });
    let id = sqlx::query_scalar!(
        "insert into dunning_record (district_id, estate_id, account_id, contract_id, request_id, month, way, level, periods, amount_fen,
                                     due_on, content, at, actor_id)
         select district_id, estate_id, account_id, $2, $3::text::uuid, $4, $5, level, periods, amount_fen, since, $6, $7, $8
         from arrears where account_id = $1 returning id",
        account.0,
        row.contract_id,
        form.request,
        month_of(ctx.today()),
        way.code(),
        content,
        ctx.now(),
        ctx.actor_id(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("dunning_record_request_key", "way", "页面已过期，请刷新后再办理")]))?;
    tx.commit().await?;
    Ok(id)
}

/// A record whose row is locked.
struct Held {
    way: DunningWay,
    status: DunningStatus,
    printed_on: Option<NaiveDate>,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!("select way, status, printed_on, version from dunning_record where id = $1 for update", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    let status = stored(&row.status, DunningStatus::from_code)?;
    if status != DunningStatus::Open {
        return Err(Failure::refused(format!("催缴状态为“{status}”，请刷新后再办理")).into());
    }
    Ok(Held { way: stored(&row.way, DunningWay::from_code)?, status, printed_on: row.printed_on })
}

/// Notes that a notice was printed, the first time.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for what is no notice, or was ended.
pub async fn dunning_print(ctx: &Ctx, id: i64, version: i32) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.way != DunningWay::Written {
        return Err(Failure::refused("只有书面催缴可以打印通知书").into());
    }
    if held.printed_on.is_none() {
        sqlx::query!("update dunning_record set printed_on = $2, version = version + 1 where id = $1", id, ctx.today())
            .execute(connection(&mut tx))
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Enters what came of a task, or how and when a notice was served.
///
/// # Errors
/// [`Failure::Conflict`]; complaints by field; a refusal for what was ended, and for a text message.
pub async fn dunning_done(ctx: &Ctx, id: i64, version: i32, form: &DoneForm) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.way == DunningWay::Sms {
        return Err(Failure::refused("短信的结果由回执登记").into());
    }
    let fields = form.check(held.way, held.printed_on, ctx.today())?;
    let (how, day, received) = match fields.served {
        Some((how, day, received)) => (Some(how.code()), Some(day), received),
        None => (None, None, None),
    };
    sqlx::query!(
        "update dunning_record set status = 'DONE', done_at = $2, done_by = $3, result = $4, served_how = $5, served_on = $6,
             received_by = $7, version = version + 1
         where id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        fields.result,
        how,
        day,
        received,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Takes back what waits, and a text message that was not sent yet with it.
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal for what was ended, and for a message that is on its way.
pub async fn dunning_cancel(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::DunningWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    debug_assert_eq!(held.status, DunningStatus::Open);
    if held.way == DunningWay::Sms {
        let done = sqlx::query!(
            "update sms set status = 'CANCELLED', message = '已取消' where dunning_id = $1 and status = 'QUEUED'",
            id
        )
        .execute(connection(&mut tx))
        .await?;
        if done.rows_affected() == 0 {
            return Err(Failure::refused("短信正在发送，不能取消").into());
        }
    }
    sqlx::query!(
        "update dunning_record set status = 'CANCELLED', done_at = $2, done_by = $3, result = $4, version = version + 1 where id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
