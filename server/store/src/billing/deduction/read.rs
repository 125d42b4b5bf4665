//! Batches and items as lists and pages show them.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_district_scope, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        deduction::{BankFileRow, DEDUCTION_ITEM_LIST, DEDUCTION_LIST, Deduction, DeductionItemRow, DeductionRow},
        deduction_status::DeductionEvent,
    },
    dictionary::{BankFileKind, BankFileState, DeductFail, DeductStatus, DeductionStatus},
    failure::Failure,
    id::{AccountId, ContractId, DeductionBatchId, DeductionItemId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "b.id, b.batch_no, o.name as district, b.due_by, b.status, b.built_at is not null as built, b.items, b.amount_fen,
     b.balance_fen, b.success, b.partial, b.failed, b.deducted_fen, user_name(b.maker_id) as maker,
     b.maker_id is null as automatic, b.made_at";
const FROM: &str = "from deduction_batch b join organization o on o.id = b.district_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    batch_no: String,
    district: String,
    due_by: NaiveDate,
    status: String,
    built: bool,
    items: i32,
    amount_fen: i64,
    balance_fen: i64,
    success: i32,
    partial: i32,
    failed: i32,
    deducted_fen: i64,
    maker: Option<String>,
    automatic: bool,
    made_at: DateTime<Utc>,
}

impl TryFrom<Record> for DeductionRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: DeductionBatchId(record.id),
            batch_no: record.batch_no,
            district: record.district,
            due_by: record.due_by,
            status: stored(&record.status, DeductionStatus::from_code)?,
            built: record.built,
            items: record.items,
            amount: Money::from_fen(record.amount_fen),
            balance: Money::from_fen(record.balance_fen),
            success: record.success,
            partial: record.partial,
            failed: record.failed,
            deducted: Money::from_fen(record.deducted_fen),
            maker: record.maker,
            automatic: record.automatic,
            made_at: record.made_at,
        })
    }
}

/// Batches of others that wait to be checked or sent; who checked one that the server made does not send it. Of the reminder
/// and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and b.built_at is not null and b.items > 0 and b.maker_id is distinct from ")
        .push_bind(ctx.actor().id.0);
    sql.push(" and (b.maker_id is not null or b.checker_id is distinct from ").push_bind(ctx.actor().id.0).push(")");
    sql.push(" and (b.status in ('CREATED', 'CHECKED') or b.status = 'FILE_REJECTED' and b.accepted_at is null) and ");
    sql.push_bind(ctx.actor().may(Permission::DeductionCheck));
}

/// A page of batches in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn deduction_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DeductionRow>> {
    ctx.require(Permission::BillRead)?;
    let (key, descending) = DEDUCTION_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["b.batch_no"],
        filter: &|sql| {
            push_district_scope(sql, ctx, "b.district_id");
            push_code(sql, query, "status", "b.status");
            push_id(sql, query, "district", "b.district_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: if key == "due_by" { "b.due_by" } else { "b.made_at" },
        descending,
        tie: "b.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(DeductionRow::try_from)
}

/// A batch with its files, and what the one who asks may do with it.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn deduction_get(ctx: &Ctx, id: DeductionBatchId) -> Result<Deduction> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and b.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let row = DeductionRow::try_from(record)?;
    let more = sqlx::query!(
        r#"select maker_id, checker_id, user_name(checker_id) as checker, opinion, user_name(sender_id) as sender, checked_at, exported_at,
                  sent_at, accepted_at, responded_at, reconciled_at, posted_at, closed_at, message, version,
                  (select count(*) from bank_difference d where d.batch_id = b.id and d.status = 'OPEN') as "open!"
           from deduction_batch b where id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let steps = [
        (DeductionStatus::Created, Some(row.made_at)),
        (DeductionStatus::Checked, more.checked_at),
        (DeductionStatus::Exported, more.exported_at),
        (DeductionStatus::Sent, more.sent_at),
        (DeductionStatus::Accepted, more.accepted_at),
        (DeductionStatus::Responded, more.responded_at),
        (DeductionStatus::Reconciled, more.reconciled_at),
        (DeductionStatus::Posted, more.posted_at),
        (DeductionStatus::Closed, more.closed_at),
    ];
    let at_bank = more.accepted_at.is_some() || more.responded_at.is_some();
    let events = events(ctx, &row, (more.maker_id, more.checker_id), at_bank, more.open);
    let files = files(&mut tx, &row.batch_no).await?;
    tx.commit().await?;
    Ok(Deduction {
        row,
        checker: more.checker,
        opinion: more.opinion,
        sender: more.sender,
        steps: steps.into_iter().filter_map(|(status, at)| Some((status, at?))).collect(),
        message: more.message,
        files,
        open_differences: more.open,
        events,
        version: more.version,
    })
}

/// What somebody may do with a batch: by its status, by his rights, and never both halves of two people's work.
fn events(
    ctx: &Ctx,
    row: &DeductionRow,
    (maker, checker): (Option<i64>, Option<i64>),
    at_bank: bool,
    open: i64,
) -> Vec<DeductionEvent> {
    use DeductionEvent as E;
    let may = |permission| ctx.actor().may(permission);
    let me = Some(ctx.actor().id.0);
    let another = maker != me;
    let two = maker.is_some() || checker != me;
    let offered = |event: &E| match event {
        E::Check => may(Permission::DeductionCheck) && another && row.built && row.items > 0,
        E::Export => may(Permission::DeductionCheck) && another && two && !at_bank,
        E::Discard => may(Permission::DeductionWrite) && !at_bank,
        E::Close => may(Permission::DeductionCheck) && open == 0,
        _ => false,
    };
    let events = [E::Check, E::Export, E::Discard, E::Close].into_iter();
    events.filter(|event| row.status.next(*event).is_ok() && offered(event)).collect()
}

async fn files(tx: &mut Tx, batch_no: &str) -> Result<Vec<BankFileRow>> {
    sqlx::query!(
        "select kind, name, state, lines, digest, message, made_at from bank_file
         where file_no = $1 and kind in ('REQUEST', 'RECEIPT', 'RESPONSE') order by id",
        batch_no
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(BankFileRow {
            kind: stored(&row.kind, BankFileKind::from_code)?,
            name: row.name,
            state: stored(&row.state, BankFileState::from_code)?,
            lines: row.lines,
            digest: row.digest,
            message: row.message,
            made_at: row.made_at,
        })
    })
    .collect()
}

const ITEM_COLUMNS: &str =
    "i.id, i.batch_id, b.batch_no, b.status as batch_status, i.seq, i.account_id, i.contract_id, c.contract_no, i.payer,
     e.name || u.address as address, i.month, i.due_fen, i.deducted_fen, i.status, i.fail_reason, i.fail_text, i.retry_on,
     i.deducted_at, i.bank_serial, i.payment_id, i.created_at";
/// An operator sees his estates' items and not the batch that holds them: its number is the item's own business.
const ITEM_FROM: &str =
    "from deduction_item i left join deduction_batch b on b.id = i.batch_id join contract c on c.id = i.contract_id
     join unit u on u.id = c.unit_id join estate e on e.id = u.estate_id where true";

#[derive(sqlx::FromRow)]
struct ItemRecord {
    id: i64,
    batch_id: i64,
    batch_no: Option<String>,
    batch_status: Option<String>,
    seq: i32,
    account_id: i64,
    contract_id: i64,
    contract_no: Option<String>,
    payer: String,
    address: String,
    month: NaiveDate,
    due_fen: i64,
    deducted_fen: i64,
    status: String,
    fail_reason: Option<String>,
    fail_text: Option<String>,
    retry_on: Option<NaiveDate>,
    deducted_at: Option<DateTime<Utc>>,
    bank_serial: Option<String>,
    payment_id: Option<i64>,
    created_at: DateTime<Utc>,
}

impl ItemRecord {
    fn read(self, ctx: &Ctx) -> Result<DeductionItemRow> {
        let status = stored(&self.status, DeductStatus::from_code)?;
        let inside = match &self.batch_status {
            Some(status) => stored(status, DeductionStatus::from_code)?.is_inside(),
            None => false,
        };
        Ok(DeductionItemRow {
            id: DeductionItemId(self.id),
            batch_id: DeductionBatchId(self.batch_id),
            batch_no: self.batch_no.unwrap_or_default(),
            seq: self.seq,
            account_id: AccountId(self.account_id),
            contract_id: ContractId(self.contract_id),
            contract_no: self.contract_no,
            payer: self.payer,
            address: self.address,
            month: self.month,
            due: Money::from_fen(self.due_fen),
            deducted: Money::from_fen(self.deducted_fen),
            status,
            fail_reason: self.fail_reason.map(|code| stored(&code, DeductFail::from_code)).transpose()?,
            fail_text: self.fail_text,
            retry_on: self.retry_on,
            deducted_at: self.deducted_at,
            bank_serial: self.bank_serial,
            payment_id: self.payment_id.map(PaymentId),
            created_at: self.created_at,
            cancellable: inside && status == DeductStatus::Wait && ctx.actor().may(Permission::DeductionWrite),
        })
    }
}

/// A page of 房租扣费记录 in scope (S0-12); of one batch or one account, if the query says so.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn deduction_item_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DeductionItemRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = DEDUCTION_ITEM_LIST.sort(query);
    let page = SmallList {
        columns: ITEM_COLUMNS,
        from: ITEM_FROM,
        searched: &["i.payer", "c.contract_no", "e.name", "u.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "i.district_id", "i.estate_id");
            push_code(sql, query, "status", "i.status");
            push_code(sql, query, "fail_reason", "i.fail_reason");
            push_id(sql, query, "district", "i.district_id");
            push_id(sql, query, "batch", "i.batch_id");
            push_id(sql, query, "account", "i.account_id");
        },
        order: "i.id",
        descending,
        tie: "i.id",
    }
    .page::<ItemRecord>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One item.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn deduction_item_get(ctx: &Ctx, id: DeductionItemId) -> Result<DeductionItemRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {ITEM_COLUMNS} {ITEM_FROM} and i.id = $1");
    let record: ItemRecord = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}
