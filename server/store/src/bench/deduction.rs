//! The bare work that a batch of direct debits is held against: the same rows, in as few statements, without a rule.

use super::billing::{columns, scope};
use crate::{Database, Result};
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::{Duration, Instant};

/// What the steps of a batch do, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// items with their bills, which are locked
    Build,
    /// what stands in the request is read; the items say that they were sent
    Export,
    /// lines of the response are kept and held against the items
    Read,
    /// payments with their shares, ledger and histories; bills and items say so
    Post,
}

/// How long the rows of a step take when nothing is thought about: copied by `insert … select` into tables with the same
/// columns, checks, indexes and foreign keys, and the rows that change written once, in one transaction that is taken back.
///
/// # Errors
/// When the database fails.
pub async fn deduction_floor(database: &Database, step: Step) -> Result<Duration> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    let (copied, changed): (&[&str], &[&str]) = match step {
        Step::Build => (
            &["deduction_item", "deduction_item_bill"],
            &["update bill b set in_batch = in_batch, version = version + 1 from deduction_item_bill i where i.bill_id = b.id"],
        ),
        Step::Export => (
            &[],
            &["select i.seq, c.bank_holder, i.due_fen, c.bank_no, c.id_number, c.contract_no
               from deduction_item i join contract c on c.id = i.contract_id order by i.batch_id, i.seq",
              "update deduction_item set status = status"],
        ),
        Step::Read => (
            &["deduction_line"],
            &["select count(*) from deduction_item i join deduction_line l on l.batch_id = i.batch_id and l.seq = i.seq
               where l.deducted_fen <> i.due_fen"],
        ),
        Step::Post => (
            &["payment", "payment_share", "ledger_entry", "bill_history"],
            &[
                "update bill b set paid_fen = paid_fen, version = version + 1
                 from payment_share s where s.bill_id = b.id",
                "update deduction_item set status = status",
            ],
        ),
    };
    for table in copied {
        run(&mut tx, &format!("create table floor_{table} (like {table} including all)")).await?;
        // The one thing that `like` leaves out.
        let keys: Vec<String> = sqlx::query_scalar(
            "select pg_get_constraintdef(oid) from pg_constraint where conrelid = $1::regclass and contype = 'f'",
        )
        .bind(*table)
        .fetch_all(&mut *tx)
        .await?;
        for key in keys {
            run(&mut tx, &format!("alter table floor_{table} add {key}")).await?;
        }
    }
    let began = Instant::now();
    for table in copied {
        // What was there before is the run's, not the batch's.
        let only = match *table {
            "ledger_entry" => " where payment_id is not null",
            "bill_history" => " where event = '缴费'",
            _ => "",
        };
        let columns = columns(&mut tx, table).await?.join(", ");
        let sql = format!(
            "insert into floor_{table} ({columns}) overriding system value select {columns} from {table}{only}"
        );
        run(&mut tx, &sql).await?;
    }
    for statement in changed {
        run(&mut tx, statement).await?;
    }
    let took = began.elapsed();
    tx.rollback().await?;
    Ok(took)
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(connection).await?;
    Ok(())
}

/// What the batches came to: items, those that were entered, the money that was taken, what the ledger says of it, and how
/// many bills are still locked.
///
/// # Errors
/// When the database fails.
pub async fn deduction_sums(database: &Database) -> Result<(i64, i64, i64, i64, i64)> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    Ok(sqlx::query_as(
        "select (select count(*) from deduction_item), (select count(*) from deduction_item where status in ('SUCCESS', 'PARTIAL')),
                (select coalesce(sum(deducted_fen), 0)::bigint from deduction_item),
                (select coalesce(sum(amount_fen), 0)::bigint from payment where method = 'DEBIT'),
                (select count(*) from bill where in_batch is not null)",
    )
    .fetch_one(&mut *tx)
    .await?)
}

/// The batches with their versions, those first that were made first; an empty one is left out.
///
/// # Errors
/// When the database fails.
pub async fn deduction_batches(database: &Database) -> Result<Vec<(i64, i32)>> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    Ok(sqlx::query_as("select id, version from deduction_batch where items > 0 order by id")
        .fetch_all(&mut *tx)
        .await?)
}

/// Leaves agreements to debit to so many contracts; the others are collected at a counter.
///
/// # Errors
/// When the database fails.
pub async fn agreements_keep(database: &Database, most: i64) -> Result<()> {
    let mut tx = database.owner().begin().await?;
    scope(&mut tx).await?;
    sqlx::query("alter table contract disable trigger user").execute(&mut *tx).await?;
    sqlx::query(
        "update contract set debit_agreement_no = null
         where account_id > (select max(account_id) from (select account_id from contract order by account_id limit $1) c)",
    )
    .bind(most)
    .execute(&mut *tx)
    .await?;
    sqlx::query("alter table contract enable trigger user").execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}
