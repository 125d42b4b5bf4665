//! Household accounts (E-44 level 3): 租金管理列表 (S0-9) and the counter's view of one household.

use super::{
    bill,
    named::{Named, words},
    payment,
};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    list::push_id,
    long_list::{LongList, Order},
    walk::Walk,
};
use chrono::NaiveDate;
use domain::{
    billing::payment::{ACCOUNT_LIST, Account, AccountRow},
    failure::Failure,
    id::{AccountId, ContractId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

/// The columns; what a household pays is that of the day.
fn columns(ctx: &Ctx) -> String {
    COLUMNS.replace("$today", &format!("date '{}'", ctx.today()))
}

const COLUMNS: &str = "r.id, r.account_no, m.name as mgmt_unit, coalesce(c.lessee_name, p.name, '') as person,
     coalesce(c.id_number_mask, p.id_number_mask, '') as id_number_mask, r.unit_id, e.name as estate, u.address,
     c.id as contract_id, c.contract_no, c.start_on, c.end_on,
     contract_rent_on(c.id, $today, c.monthly_rent_fen) as monthly_rent_fen, r.balance_fen, r.deposit_fen,
     coalesce((select sum(b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen) from bill b
               where b.account_id = r.id and b.decision is null
                 and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen), 0)::bigint as outstanding_fen";
const JOINS: &str = "join unit u on u.id = r.unit_id join estate e on e.id = r.estate_id
     join organization m on m.id = u.mgmt_unit_id left join person p on p.id = r.person_id
     left join lateral (select * from contract c where c.account_id = r.id order by c.id desc limit 1) c on true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_no: String,
    mgmt_unit: String,
    person: String,
    id_number_mask: String,
    unit_id: i64,
    estate: String,
    address: String,
    contract_id: Option<i64>,
    contract_no: Option<String>,
    start_on: Option<NaiveDate>,
    end_on: Option<NaiveDate>,
    monthly_rent_fen: Option<i64>,
    balance_fen: i64,
    deposit_fen: i64,
    outstanding_fen: i64,
}

impl From<Record> for AccountRow {
    fn from(record: Record) -> Self {
        Self {
            id: AccountId(record.id),
            account_no: record.account_no,
            mgmt_unit: record.mgmt_unit,
            person: record.person,
            id_number_mask: record.id_number_mask,
            unit_id: UnitId(record.unit_id),
            estate: record.estate,
            address: record.address,
            contract_id: record.contract_id.map(ContractId),
            contract_no: record.contract_no,
            start_on: record.start_on,
            end_on: record.end_on,
            monthly_rent: record.monthly_rent_fen.map(Money::from_fen),
            balance: Money::from_fen(record.balance_fen),
            deposit: Money::from_fen(record.deposit_fen),
            outstanding: Money::from_fen(record.outstanding_fen),
        }
    }
}

/// A page of accounts in scope (S0-9), the newest first.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn account_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AccountRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = ACCOUNT_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let named = Named::read(&mut tx, ctx, words(query)).await?;
    let walk = match &named.few {
        Some(few) => Walk { column: "id", ids: few.clone() },
        None => Walk::new(ctx, query, &[("estate", "estate_id")]),
    };
    let list = LongList {
        table: "account",
        columns: &columns(ctx),
        joins: JOINS,
        filter: &|sql| {
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            if named.few.is_none() && named.has_words() {
                sql.push(" and r.id in (select a.id from account a where true");
                named.push_words(sql);
                sql.push(")");
            }
            push_id(sql, query, "unit", "r.unit_id");
            if query.filter("owing").is_some() {
                sql.push(" and exists (select from bill b where b.account_id = r.id and b.decision is null");
                sql.push(" and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen");
                sql.push(" and b.due_on < ").push_bind(ctx.today()).push(")");
            }
        },
        order: Order::Id,
        descending,
    };
    let page = list.page(tx, query, &walk, |row: &Record| row.id.to_string()).await?;
    Ok(page.map(AccountRow::from))
}

/// One account with what is open and what was paid last.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn account_get(ctx: &Ctx, id: AccountId) -> Result<Account> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {} from account r {JOINS} where r.id = $1", columns(ctx));
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let district = sqlx::query_scalar!("select district_id from account where id = $1", id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let rule = billing_rule(&mut tx, district, ctx.today()).await?;
    let (bills, owed): (Vec<_>, Vec<_>) =
        bill::open_bills(&mut tx, id.0, &rule, ctx.today()).await?.into_iter().unzip();
    let account = Account {
        row: record.into(),
        bills,
        debts: owed.into_iter().map(|owed| owed.debt).collect(),
        first: rule.first,
        payments: payment::last_payments(&mut tx, id.0).await?,
    };
    tx.commit().await?;
    Ok(account)
}

/// Closes the account of somebody who has left, by an exit or by a swap, or whose contract is void, and with whom nothing is open any more; one of a household that stays, or that
/// still owes or gets something, goes on.
pub(crate) async fn account_close(tx: &mut Tx, ctx: &Ctx, account: i64) -> Result<()> {
    // Locked before anything is asked, so that the question sees what whoever held it has written.
    sqlx::query!("select id from account where id = $1 for update", account).fetch_one(connection(tx)).await?;
    sqlx::query!(
        "update account a set status = 'OFF', closed_on = $2, version = version + 1
         where id = $1 and status = 'ON' and balance_fen = 0 and deposit_fen = 0
             and exists (select from contract c where c.account_id = a.id
                 and (c.status in ('TERMINATED', 'VOID') or c.status = 'RENEWED' and not swap_leaving(c.id)))
             and not exists (select from contract c where c.account_id = a.id
                 and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED'))
             and not exists (
             select from bill b where b.account_id = a.id and b.decision is null
                 and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen)",
        account,
        ctx.today()
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Opens an account again whose last payment is taken back: something is owed once more. One that was opened since for the
/// same household stays the one that is open.
pub(super) async fn account_reopen(tx: &mut Tx, account: i64) -> Result<()> {
    sqlx::query!(
        "update account a set status = 'ON', closed_on = null, version = version + 1
         where id = $1 and status = 'OFF' and not exists (
             select from account o where o.unit_id = a.unit_id and o.person_id = a.person_id and o.status = 'ON')",
        account
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
