//! 差异池 (E-49): what our books and the bank's file say differently, and what somebody decided about it. When the last
//! difference of a batch is decided, the batch agrees and is entered.

use super::{By, hold};
use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_district_scope, push_id},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        deduction::{DIFFERENCE_LIST, DifferenceRow},
        deduction_status::DeductionEvent,
    },
    dictionary::{DeductionStatus, DifferenceKind, DifferenceStatus, Resolution},
    failure::{Failure, FieldErrors},
    id::{BankDifferenceId, DeductionBatchId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "d.id, d.kind, d.batch_id, b.batch_no, d.seq, d.item_id, coalesce(i.payer, p.payer) as payer, d.payment_id, p.receipt_no, d.own_fen, d.their_fen, d.bank_serial, d.status, d.resolution,
     d.opinion, user_name(d.resolved_by) as resolved_by, d.resolved_at, d.created_at, d.version";
const FROM: &str = "from bank_difference d left join deduction_batch b on b.id = d.batch_id left join deduction_item i on i.id = d.item_id
     left join payment p on p.id = d.payment_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    kind: String,
    batch_id: Option<i64>,
    batch_no: Option<String>,
    seq: Option<i64>,
    item_id: Option<i64>,
    payer: Option<String>,
    payment_id: Option<i64>,
    receipt_no: Option<String>,
    own_fen: i64,
    their_fen: i64,
    bank_serial: Option<String>,
    status: String,
    resolution: Option<String>,
    opinion: Option<String>,
    resolved_by: Option<String>,
    resolved_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<DifferenceRow> {
        let kind = stored(&self.kind, DifferenceKind::from_code)?;
        let status = stored(&self.status, DifferenceStatus::from_code)?;
        let their = Money::from_fen(self.their_fen);
        let open = status == DifferenceStatus::Open && ctx.actor().may(Permission::DeductionCheck);
        Ok(DifferenceRow {
            id: BankDifferenceId(self.id),
            kind,
            batch_id: self.batch_id.map(DeductionBatchId),
            batch_no: self.batch_no,
            seq: self.seq,
            payer: self.payer,
            payment: self.payment_id.map(PaymentId).zip(self.receipt_no),
            own: Money::from_fen(self.own_fen),
            their,
            bank_serial: self.bank_serial,
            status,
            resolution: self.resolution.map(|code| stored(&code, Resolution::from_code)).transpose()?,
            opinion: self.opinion,
            resolved_by: self.resolved_by,
            resolved_at: self.resolved_at,
            created_at: self.created_at,
            choices: if open { kind.resolutions(self.item_id.is_some(), their) } else { Vec::new() },
            version: self.version,
        })
    }
}

/// A page of differences in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn difference_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DifferenceRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = DIFFERENCE_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["b.batch_no", "coalesce(i.payer, p.payer)", "p.receipt_no", "d.bank_serial"],
        filter: &|sql| {
            push_district_scope(sql, ctx, "d.district_id");
            push_code(sql, query, "status", "d.status");
            push_code(sql, query, "kind", "d.kind");
            push_id(sql, query, "district", "d.district_id");
            push_id(sql, query, "batch", "d.batch_id");
        },
        order: "d.created_at",
        descending,
        tie: "d.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One difference.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn difference_get(ctx: &Ctx, id: BankDifferenceId) -> Result<DifferenceRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and d.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}

/// Decides about a difference.
///
/// # Errors
/// Without [`Permission::DeductionCheck`]; a complaint without an opinion, or about a decision that this kind does not have; a refusal
/// for whoever made the batch or took the payment (§6.4);
/// [`Failure::Conflict`] for one that was decided.
pub async fn difference_resolve(
    ctx: &Ctx,
    id: BankDifferenceId,
    version: i32,
    resolution: Resolution,
    opinion: &str,
) -> Result<()> {
    ctx.require(Permission::DeductionCheck)?;
    let opinion = opinion_check(opinion, true)?;
    let mut tx = ctx.begin().await?;
    let batch = sqlx::query_scalar!("select batch_id from bank_difference where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let batch = match batch {
        Some(batch) => Some(hold(&mut tx, By::Id(DeductionBatchId(batch))).await?),
        None => None,
    };
    if batch.as_ref().is_some_and(|batch| batch.maker_id == Some(ctx.actor().id.0)) {
        return Err(Failure::refused("该代扣批次由您制作，差异须由另一人处理").into());
    }
    let row = sqlx::query!(
        r#"select d.kind, d.item_id, d.their_fen, d.status, d.version,
                  (select p.cashier_id from payment p where p.id = d.payment_id) as cashier_id
           from bank_difference d where d.id = $1 for update of d"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if row.cashier_id == Some(ctx.actor().id.0) {
        return Err(Failure::refused("该笔收款由您办理，差异须由另一人处理").into());
    }
    if row.version != version || row.status != DifferenceStatus::Open.code() {
        return Err(Failure::Conflict.into());
    }
    let kind = stored(&row.kind, DifferenceKind::from_code)?;
    if !kind.resolutions(row.item_id.is_some(), Money::from_fen(row.their_fen)).contains(&resolution) {
        return Err(FieldErrors::from(("resolution", "该差异不能按银行结果入账")).into());
    }
    sqlx::query!(
        "update bank_difference set status = 'RESOLVED', resolution = $2, opinion = $3, resolved_at = $4, resolved_by = $5,
                version = version + 1
         where id = $1",
        id.0,
        resolution.code(),
        opinion,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if let Some(batch) = batch.filter(|batch| batch.status == DeductionStatus::ReconDiff) {
        let next = batch.next(DeductionEvent::Resolve)?;
        // The last one: everything is decided, and the batch goes on.
        sqlx::query!(
            "update deduction_batch set status = $2, reconciled_at = $3, message = null, version = version + 1
             where id = $1 and not exists (select from bank_difference d where d.batch_id = $1 and d.status = 'OPEN')",
            batch.id,
            next.code(),
            ctx.now()
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok::<_, Error>(())
}
