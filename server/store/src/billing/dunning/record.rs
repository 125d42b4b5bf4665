//! 催缴记录 (E-52): what was done about a household, by the rules or by hand, as lists and pages show it.

use crate::{
    Ctx, Error, Result,
    billing::named::{Named, words},
    ctx::{Tx, connection},
    error::stored,
    list::{push_code, push_id},
    long_list::{LongList, Order},
    walk::{Walk, time_cursor},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        dunning::{DunningStatus, DunningWay, Service},
        dunning_form::Suit,
        dunning_sheet::{DUNNING_LIST, DunningRow},
        sms::SmsStatus,
    },
    dictionary::ArrearsLevel,
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.account_id, a.account_no, c.lessee_name as lessee, u.address, r.way, r.level, r.periods, r.amount_fen, r.content,
     r.status, r.at, user_name(r.actor_id) as actor, r.done_at, user_name(r.done_by) as done_by, r.result, r.notice_no, r.printed_on,
     r.served_how, r.served_on, r.received_by, m.id as sms_id, m.status as sms_status, r.court, r.case_no, r.filed_on, r.version";
const JOINS: &str =
    "join account a on a.id = r.account_id join unit u on u.id = a.unit_id join contract c on c.id = r.contract_id
     left join lateral (select s.id, s.status from sms s where s.dunning_id = r.id order by s.id desc limit 1) m on true";

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
    court: Option<String>,
    case_no: Option<String>,
    filed_on: Option<NaiveDate>,
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
            suit: match (record.court, record.case_no, record.filed_on) {
                (Some(court), Some(case_no), Some(filed_on)) => Some(Suit { court, case_no, filed_on }),
                _ => None,
            },
            version: record.version,
        })
    }
}

/// Adds that the record `r` is a task, or a notice, that waits: the condition of the filter, and of home.
pub(crate) fn push_task(sql: &mut QueryBuilder<Postgres>) {
    sql.push(" and r.status = 'OPEN' and r.way not in ('SMS', 'VOICE')");
}

/// A page of records in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn dunning_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DunningRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = DUNNING_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    // The number of a notice is its id in other clothes, and the id has the index.
    let (numbers, words): (Vec<_>, Vec<_>) = words(query).into_iter().partition(|word| word.starts_with("CJ"));
    let named = Named::read(&mut tx, ctx, words).await?;
    let walk = named.narrow(Walk::new(ctx, query, &[("account", "account_id")]));
    let list = LongList {
        table: "dunning_record",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            push_code(sql, query, "way", "r.way");
            push_code(sql, query, "status", "r.status");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "account", "r.account_id");
            if query.filter("task").is_some() {
                push_task(sql);
            }
            named.push(sql);
            for number in &numbers {
                let id: i64 = number[2..].parse().unwrap_or(-1);
                sql.push(" and r.way = 'WRITTEN' and r.id = ").push_bind(id);
            }
        },
        order: Order::Time("at"),
        descending,
    };
    let page = list.page(tx, query, &walk, |row: &Record| time_cursor(row.at, row.id)).await?;
    page.try_map(DunningRow::try_from)
}

/// One record.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn dunning_get(ctx: &Ctx, id: i64) -> Result<DunningRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} from dunning_record r {JOINS} where r.id = $1");
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
    let statement =
        format!("select {COLUMNS} from dunning_record r {JOINS} where r.account_id = $1 order by r.id desc limit 50");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_all(connection(tx)).await?;
    records.into_iter().map(DunningRow::try_from).collect()
}
