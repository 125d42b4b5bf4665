//! Contracts and bills as the benchmark needs them: many at once, and the bare work that a run is held against.

use crate::{Database, Result, platform::cipher::Kind};
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::{Duration, Instant};

/// What is added to ids of the copies, so that they stand behind everything else.
const COPY: i64 = 100_000_000_000;

/// What follows a new contract and is no work of a run.
const QUIET: [&str; 2] = ["audit_insert", "search_insert"];

/// The tables that a monthly run fills.
pub const FILLED: [&str; 4] = ["bill", "bill_line", "bill_history", "ledger_entry"];

pub(super) async fn scope(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("select set_config('app.districts', '*', true), set_config('app.platform', 'on', true)")
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets up to `most` units at once: accounts and running contracts of the register's persons in turn, a third of them with
/// a reduced rent, a tenth with a reduction for some months, a fifth by contract months, and one in twenty since some day of
/// this month. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn contracts_make(database: &Database, most: i64) -> Result<i64> {
    let ring = database.keys()?;
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    // The register is smaller than the stock; who lives twice does not matter to a run.
    sqlx::query("drop index if exists contract_person_running_key").execute(&mut *tx).await?;
    // Neither logged nor noted for the search: its terms would be written while bills are measured.
    for trigger in QUIET {
        sqlx::query(AssertSqlSafe(format!("alter table contract disable trigger {trigger}"))).execute(&mut *tx).await?;
    }
    sqlx::query(
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select u.district_id, u.estate_id, u.building_id, u.id, p.ids[1 + u.id % array_length(p.ids, 1)], '2024-01-01'
         from unit u cross join (select array_agg(id order by id) as ids from person) p
         where u.deleted_at is null order by u.id limit $1",
    )
    .bind(most)
    .execute(&mut *tx)
    .await?;
    let made = sqlx::query(
        "insert into contract (district_id, estate_id, unit_id, contract_no, account_id, lessor_id, person_id, lessee_name, id_number,
             id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id, unit_rate,
             area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, deposit_fen, start_on, end_on, rent_start_on,
             pay_cycle, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder, debit_agreement_no, sign_on, sign_mode, status,
             digest, key_id, active_at)
         select a.district_id, a.estate_id, a.unit_id, 'JZ' || a.id, a.id, u.mgmt_unit_id, a.person_id, '基准租户', $1, '*', '\\x00',
             '*', u.address, u.layout, u.building_area, u.usable_area, 'LOWINC', s.id, 26000, 'USABLE', u.usable_area, r.full_fen,
             case when a.id % 3 = 0 then r.full_fen * 7 / 10 else 0 end,
             r.full_fen - case when a.id % 3 = 0 then r.full_fen * 7 / 10 else 0 end, 100000, t.start_on,
             (t.start_on + interval '5 years - 1 day')::date, t.start_on, 1,
             case when a.id % 5 = 0 then 'CONTRACT' else 'NATURAL' end, 10, '基准银行', $2, '*', '基准租户', 'XY' || a.id, t.start_on, 'PAPER',
             'ACTIVE', '0', k.id, now()
         from account a join unit u on u.id = a.unit_id
         cross join (select id from rent_standard order by id limit 1) s cross join (select min(id) as id from cipher_key) k
         cross join lateral (select greatest(u.usable_area::bigint * 26 / 10, 1) as full_fen) r
         cross join lateral (
             select case when a.id % 20 = 0
                         then date_trunc('month', current_date)::date
                              + least((a.id / 20 % 28)::int, extract(day from current_date)::int - 1)
                         else current_date - 60 - (a.id % 700)::int end as start_on) t",
    )
    .bind(ring.seal(Kind::IdNumber, "990000199001010011"))
    .bind(ring.seal(Kind::BankAccount, "6200000000000000000"))
    .execute(&mut *tx)
    .await?
    .rows_affected();
    sqlx::query(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
             doc_no, full_fen, payable_fen, status, maker_id, checker_id, checked_at)
         select district_id, estate_id, gen_random_uuid(), id, 'LOWINC', 30, 6000, (m.first - interval '1 month')::date,
             (m.first + interval '11 months - 1 day')::date, '基准', monthly_rent_fen, monthly_rent_fen * 3 / 10, 'APPROVED', 1, 2, now()
         from contract cross join (select date_trunc('month', current_date) as first) m
         where id % 10 = 1 and reduction_fen = 0",
    )
    .execute(&mut *tx)
    .await?;
    for trigger in QUIET {
        sqlx::query(AssertSqlSafe(format!("alter table contract enable trigger {trigger}"))).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(made.cast_signed())
}

/// How long the same rows take to go into the same tables by bare `insert … select`: copies of a run's rows, with ids far
/// behind them, in one transaction that is taken back. A bill's period must be a new one and is moved far into the future;
/// everything else is the same.
///
/// # Errors
/// When the database fails.
pub async fn run_floor(database: &Database) -> Result<Duration> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    let began = Instant::now();
    for table in FILLED {
        let columns = columns(&mut tx, table).await?;
        let values: Vec<String> = columns.iter().map(|column| copied(column)).collect();
        let sql = format!(
            "insert into {table} ({}) overriding system value select {} from {table}",
            columns.join(", "),
            values.join(", ")
        );
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    let took = began.elapsed();
    tx.rollback().await?;
    Ok(took)
}

/// The columns of a table that a copy can give values.
pub(super) async fn columns(connection: &mut PgConnection, table: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select attname::text from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and attgenerated = '' and not attisdropped order by attnum",
    )
    .bind(table)
    .fetch_all(connection)
    .await?)
}

/// What stands in a column of a copy.
fn copied(column: &str) -> String {
    match column {
        "id" | "bill_id" => format!("{column} + {COPY}"),
        "period_from" | "period_to" => format!("{column} + 36500"),
        _ => column.to_owned(),
    }
}

/// How many rows a run has left in its tables, and whether what is receivable is what the bills say.
///
/// # Errors
/// When the database fails.
pub async fn run_rows(database: &Database) -> Result<(i64, bool)> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    let mut rows = 0;
    for table in FILLED {
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(&mut *tx).await?;
        rows += count;
    }
    let balanced = sqlx::query_scalar(
        "select (select coalesce(sum(amount_fen - paid_fen), 0) from bill where fee_item <> 'DEPOSIT' and decision is null)
              = (select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0) from ledger_entry)",
    )
    .fetch_one(&mut *tx)
    .await?;
    Ok((rows, balanced))
}

/// Accounts to pay for at counters: those with something open.
///
/// # Errors
/// When the database fails.
pub async fn accounts_open(database: &Database, most: i64) -> Result<Vec<i64>> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    Ok(sqlx::query_scalar(
        "select account_id from bill where decision is null and paid_fen < amount_fen order by account_id limit $1",
    )
    .bind(most)
    .fetch_all(&mut *tx)
    .await?)
}

/// What counters received in all by the ledger, and by the payments.
///
/// # Errors
/// When the database fails.
pub async fn received(database: &Database) -> Result<(i64, i64)> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    Ok(sqlx::query_as(
        "select (select coalesce(sum(amount_fen), 0)::bigint from ledger_entry where debit = 'CASH'),
                (select coalesce(sum(amount_fen), 0)::bigint from payment where method = 'CASH')",
    )
    .fetch_one(&mut *tx)
    .await?)
}
