//! 缴退记录 (S0-13): payments, and refunds that were paid out, walked as one table along the indexes of both.

use super::{
    named::{Named, words},
    payment::numbers_of,
};
use crate::{
    Ctx, Error, Result,
    error::stored,
    list::{push_code, push_id},
    long_list::{LongList, Order},
    platform::job::push_days,
    walk::{Walk, time_cursor},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        pay_record::{Moved, PAY_RECORD_LIST, PayRecordRow},
        refund::RefundKind,
    },
    dictionary::{PayKind, PayMethod, PaymentStatus},
    id::{AccountId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

/// Payments are walked along their index; refunds, which are few, are sorted. A refund goes by transfer to the account that the
/// contract names, and stands behind zero, so that each id is one row's.
const TABLE: &str =
    "(select p.id, p.district_id, p.estate_id, p.account_id, false as back, p.receipt_no as number, p.payer, p.kind, p.method,
             p.amount_fen, p.paid_at, p.cashier_id as actor_id, p.status
      from payment p
      union all
      select -f.id, f.district_id, f.estate_id, f.account_id, true, f.bank_serial, null::text, f.kind, 'TRANSFER'::text, f.amount_fen,
             f.paid_at, f.paid_by, 'NORMAL'::text
      from refund f where f.paid_at is not null)";
const COLUMNS: &str =
    "r.id, r.back, coalesce(r.number, '') as number, r.account_id, coalesce(r.payer, c.lessee_name, n.name, '') as person,
     coalesce(c.id_number_mask, n.id_number_mask, '') as id_number_mask, u.address, r.kind, r.method, r.amount_fen, r.paid_at,
     user_name(r.actor_id) as actor, r.status";
const JOINS: &str =
    "join account a on a.id = r.account_id join unit u on u.id = a.unit_id left join person n on n.id = a.person_id
     left join lateral (select * from contract c where c.account_id = a.id order by c.id desc limit 1) c on true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    back: bool,
    number: String,
    account_id: i64,
    person: String,
    id_number_mask: String,
    address: String,
    kind: String,
    method: String,
    amount_fen: i64,
    paid_at: DateTime<Utc>,
    actor: Option<String>,
    status: String,
}

impl TryFrom<Record> for PayRecordRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        let moved = if record.back {
            Moved::Out { refund: -record.id, kind: stored(&record.kind, RefundKind::from_code)? }
        } else {
            Moved::In {
                payment: PaymentId(record.id),
                kind: stored(&record.kind, PayKind::from_code)?,
                status: stored(&record.status, PaymentStatus::from_code)?,
            }
        };
        Ok(Self {
            moved,
            number: record.number,
            account_id: AccountId(record.account_id),
            person: record.person,
            id_number_mask: record.id_number_mask,
            address: record.address,
            method: stored(&record.method, PayMethod::from_code)?,
            amount: Money::from_fen(record.amount_fen),
            at: record.paid_at,
            actor: record.actor,
        })
    }
}

/// A page of what was paid and paid back in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn pay_record_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PayRecordRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAY_RECORD_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let (numbers, words) = numbers_of(&mut tx, words(query)).await?;
    let named = Named::read(&mut tx, ctx, words).await?;
    let walk = Walk::new(ctx, query, &[("account", "account_id"), ("estate", "estate_id")]);
    let list = LongList {
        table: TABLE,
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            match query.filter("flow") {
                Some("IN") => drop(sql.push(" and not r.back")),
                Some("OUT") => drop(sql.push(" and r.back")),
                Some(_) => drop(sql.push(" and false")),
                None => {}
            }
            push_code(sql, query, "kind", "r.kind");
            push_code(sql, query, "method", "r.method");
            push_code(sql, query, "status", "r.status");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_id(sql, query, "account", "r.account_id");
            named.push(sql);
            for number in &numbers {
                sql.push(" and r.number >= ").push_bind(number.clone());
                sql.push(" and r.number < ").push_bind(format!("{number}\u{10FFFF}"));
            }
            push_days(sql, query, "r.paid_at");
        },
        order: Order::Time("paid_at"),
        descending,
    };
    let page = list.page(tx, query, &named.narrow(walk), |row: &Record| time_cursor(row.paid_at, row.id)).await?;
    page.try_map(PayRecordRow::try_from)
}
