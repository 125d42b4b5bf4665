//! One bill, and what is open of an account.

use super::{COLUMNS, JOINS, OPEN, Record};
use crate::{
    Ctx, Result,
    billing::{
        debt::{Owed, owed},
        rule::{Graces, graces},
    },
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill::{Bill, BillEntry, BillLine, BillNote, BillRow, BillShare},
        late_fee::Charged,
        ledger::Subject,
        rule::BillingRule,
    },
    dictionary::{FeeItem, PaymentStatus},
    failure::Failure,
    id::{BillId, PaymentId},
    platform::permission::Permission,
    value::Money,
};

/// One bill with its lines, payments, transfers and timeline: its balance explained down to the entries.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn bill_get(ctx: &Ctx, id: BillId) -> Result<Bill> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} from bill r {JOINS} where r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let more = sqlx::query!(
        r#"select b.reduction_fen, b.posted_at, user_name(b.posted_by) as posted_by, b.remark, b.version,
                  coalesce(b.reverses_id, (select r.id from bill r where r.reverses_id = b.id)) as reversal
           from bill b where b.id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let graces = graces(&mut tx, ctx.today()).await?;
    let bill = Bill {
        row: record.read(&graces, ctx.today())?,
        reduction: Money::from_fen(more.reduction_fen),
        lines: lines(&mut tx, id).await?,
        shares: shares(&mut tx, id).await?,
        entries: entries(&mut tx, id).await?,
        history: history(&mut tx, id).await?,
        reversal: more.reversal.map(BillId),
        posted_at: more.posted_at,
        posted_by: more.posted_by,
        remark: more.remark,
        version: more.version,
    };
    tx.commit().await?;
    Ok(bill)
}

async fn lines(tx: &mut Tx, id: BillId) -> Result<Vec<BillLine>> {
    sqlx::query!(
        "select fee_item, period_from, period_to, days, formula, amount_fen from bill_line where bill_id = $1 order by seq",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(BillLine {
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            from: row.period_from,
            to: row.period_to,
            days: row.days,
            formula: row.formula,
            amount: Money::from_fen(row.amount_fen),
        })
    })
    .collect()
}

async fn shares(tx: &mut Tx, id: BillId) -> Result<Vec<BillShare>> {
    sqlx::query!(
        "select s.payment_id, p.receipt_no, p.paid_at, p.status, s.principal_fen, s.late_fee_fen
         from payment_share s join payment p on p.id = s.payment_id where s.bill_id = $1 order by p.id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(BillShare {
            payment_id: PaymentId(row.payment_id),
            receipt_no: row.receipt_no,
            paid_at: row.paid_at,
            principal: Money::from_fen(row.principal_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
            void: stored(&row.status, PaymentStatus::from_code)? == PaymentStatus::Void,
        })
    })
    .collect()
}

async fn entries(tx: &mut Tx, id: BillId) -> Result<Vec<BillEntry>> {
    let rows = sqlx::query!(
        // Also how it was taken back: that belongs to the counter-bill.
        "select booked_on, debit, credit, fee_item, amount_fen, reason from ledger_entry
         where bill_id = $1 or reverses_id in (select id from ledger_entry where bill_id = $1) order by id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(BillEntry {
                booked_on: row.booked_on,
                debit: stored(&row.debit, Subject::from_code)?,
                credit: stored(&row.credit, Subject::from_code)?,
                fee_item: stored(&row.fee_item, FeeItem::from_code)?,
                amount: Money::from_fen(row.amount_fen),
                reason: row.reason,
            })
        })
        .collect()
}

async fn history(tx: &mut Tx, id: BillId) -> Result<Vec<BillNote>> {
    let rows = sqlx::query!(
        "select at, user_name(actor_id) as actor, event, amount_fen, reason from bill_history
         where bill_id = $1 order by id desc limit 200",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let notes = rows.into_iter().map(|row| BillNote {
        at: row.at,
        actor: row.actor,
        event: row.event,
        amount: row.amount_fen.map(Money::from_fen),
        reason: row.reason,
    });
    Ok(notes.collect())
}

#[derive(sqlx::FromRow)]
struct Open {
    #[sqlx(flatten)]
    record: Record,
    late_to: Option<NaiveDate>,
}

/// What is open of an account, oldest first, and what is owed for each today: what a counter collects.
pub(in crate::billing) async fn open_bills(
    tx: &mut Tx,
    account: i64,
    rule: &BillingRule,
    today: NaiveDate,
) -> Result<Vec<(BillRow, Owed)>> {
    let statement = format!(
        "select {COLUMNS}, r.late_to from bill r {JOINS} where r.account_id = $1{OPEN} order by r.due_on, r.id"
    );
    let records: Vec<Open> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_all(connection(tx)).await?;
    let graces = Graces::only(rule.grace);
    let open = |Open { record, late_to }: Open| {
        let charged = Charged {
            due_on: record.due_on,
            amount: Money::from_fen(record.amount_fen),
            principal: Money::from_fen(record.amount_fen - record.paid_fen),
            late_fee: Money::from_fen(record.late_fee_fen),
            to: late_to,
        };
        let (id, late_paid) = (record.id, Money::from_fen(record.late_paid_fen));
        let row = record.read(&graces, today)?;
        let owed = owed(id, row.fee_item, &charged, late_paid, rule, today);
        Ok((row, owed))
    };
    records.into_iter().map(open).collect()
}
