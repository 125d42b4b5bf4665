//! 待打印 (S1-12.6): contracts that were approved, receipts of the counter and notices that were never printed. They wait because
//! of what they are and have no row of their own; what somebody takes out of the queue is noted.

use super::print_noted;
use crate::{
    Ctx, Error, Result,
    billing::dunning::dunning_make_out,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::Failure,
    list::{ListQuery, Page},
    platform::{
        permission::Permission,
        print::{PaperKind, PrintFields},
        print_queue::{QUEUE_DAYS, QUEUE_LIST, QueueForm, QueuePrinted, QueueRow},
    },
};
use sqlx::{Postgres, QueryBuilder};

/// What waits, as `r`; each branch asks for what its partial index holds.
const FROM: &str = "from (
     select 'CONTRACT' as paper, c.id as object_id, c.district_id, c.estate_id, coalesce(c.contract_no, '') as number, c.lessee_name as lessee,
         c.address, c.checked_at as at
     from contract c
     where c.status in ('APPROVED_SYNCING', 'ACTIVE') and c.take_over_id is null and c.checked_at is not null
         and not exists (select from print_log l where l.paper = 'CONTRACT' and l.object_id = c.id and l.kind <> 'DRAFT')
     union all
     select 'RECEIPT', p.id, p.district_id, p.estate_id, p.receipt_no, p.payer, u.address, p.paid_at
     from payment p join account a on a.id = p.account_id join unit u on u.id = a.unit_id
     where p.status = 'NORMAL' and p.printed = 0 and p.cashier_id is not null
     union all
     select 'DUNNING', k.id, k.district_id, k.estate_id, k.notice_no, c.lessee_name, u.address, k.at
     from dunning_record k join contract c on c.id = k.contract_id join account a on a.id = k.account_id join unit u on u.id = a.unit_id
     where k.status = 'OPEN' and k.way = 'WRITTEN' and k.printed_on is null) r
     left join print_skip s on s.paper = r.paper and s.object_id = r.object_id and s.restored_at is null
     where true";

#[derive(sqlx::FromRow)]
struct Record {
    paper: String,
    object_id: i64,
    number: String,
    lessee: String,
    address: String,
    at: DateTime<Utc>,
    skipped: Option<String>,
}

impl TryFrom<Record> for QueueRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            paper: stored(&record.paper, PaperKind::from_code)?,
            object_id: record.object_id,
            number: record.number,
            lessee: record.lessee,
            address: record.address,
            at: record.at,
            skipped: record.skipped,
        })
    }
}

/// Whose papers an actor prints: what he could not print does not wait for him.
fn push_own(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    for (paper, right) in [
        (PaperKind::Contract, Permission::ContractPrint),
        (PaperKind::Receipt, Permission::BillRead),
        (PaperKind::Dunning, Permission::DunningWrite),
    ] {
        if !ctx.actor().may(right) {
            sql.push(" and r.paper <> ").push_bind(paper.code());
        }
    }
}

/// A page of what waits for the actor.
///
/// # Errors
/// Without [`Permission::PrintWrite`].
pub async fn print_queue_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<QueueRow>> {
    ctx.require(Permission::PrintWrite)?;
    let (_, descending) = QUEUE_LIST.sort(query);
    let page = SmallList {
        columns: "r.paper, r.object_id, r.number, r.lessee, r.address, r.at, s.reason as skipped",
        from: FROM,
        searched: &["r.number", "r.lessee", "r.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "paper", "r.paper");
            push_id(sql, query, "district", "r.district_id");
            sql.push(" and (r.paper = 'DUNNING' or r.at > ")
                .push_bind(ctx.now() - TimeDelta::days(QUEUE_DAYS))
                .push(")");
            sql.push(if query.filter("state").is_some() { " and s.id is not null" } else { " and s.id is null" });
            push_own(sql, ctx);
        },
        order: "r.at",
        descending,
        tie: "r.object_id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(QueueRow::try_from)
}

/// Prints papers as one file. Each is noted in a transaction of its own; one that cannot be printed is named with the reason and
/// keeps none of the others.
///
/// # Errors
/// Without [`Permission::PrintWrite`]; a complaint about none, or too many.
pub async fn print_queue_print(ctx: &Ctx, form: &QueueForm) -> Result<QueuePrinted> {
    ctx.require(Permission::PrintWrite)?;
    let papers = form.check()?;
    let mut tx = ctx.begin().await?;
    let batch =
        sqlx::query_scalar!(r#"select nextval('print_batch') as "batch!""#).fetch_one(connection(&mut tx)).await?;
    tx.commit().await?;
    let mut done = QueuePrinted::default();
    for (paper, id) in papers {
        match print_one(ctx, batch, paper, id).await {
            Ok(()) => done.printed += 1,
            Err(Error::Failure(
                failure @ (Failure::Refused(_) | Failure::Invalid(_) | Failure::NotFound | Failure::Forbidden),
            )) => {
                let sentence = match failure {
                    Failure::Invalid(_) => "已打印过，请在打印记录中补打".to_owned(),
                    other => other.to_string(),
                };
                done.left_out.push((format!("{}-{id}", paper.code()), sentence));
            }
            Err(error) => return Err(error),
        }
    }
    done.batch = (done.printed > 0).then_some(batch);
    Ok(done)
}

async fn print_one(ctx: &Ctx, batch: i64, paper: PaperKind, id: i64) -> Result<()> {
    if paper == PaperKind::Dunning {
        dunning_make_out(ctx, id).await?;
    }
    let fields = PrintFields { paper, id, month: None, reason: None };
    print_noted(ctx, &fields, Some(batch)).await.map(drop)
}

/// Takes papers out of the queue, with a reason; they can still be printed where they belong.
///
/// # Errors
/// Without [`Permission::PrintWrite`]; a missing reason; [`Failure::NotFound`] for what does not wait for the actor.
pub async fn print_queue_skip(ctx: &Ctx, form: &QueueForm, reason: &str) -> Result<u64> {
    ctx.require(Permission::PrintWrite)?;
    let papers = form.check()?;
    let reason = QueueForm::reason(reason)?;
    let mut tx = ctx.begin().await?;
    let mut sql = QueryBuilder::new(
        "insert into print_skip (district_id, estate_id, paper, object_id, reason, skipped_by, skipped_at) ",
    );
    sql.push("select r.district_id, r.estate_id, r.paper, r.object_id, ").push_bind(reason);
    sql.push(", ").push_bind(ctx.actor().id.0).push(", ").push_bind(ctx.now()).push(format!(" {FROM}"));
    push_scope(&mut sql, ctx, "r.district_id", "r.estate_id");
    push_own(&mut sql, ctx);
    sql.push(" and s.id is null");
    push_chosen(&mut sql, &papers);
    sql.push(" on conflict do nothing");
    let done = sql.build().execute(connection(&mut tx)).await?.rows_affected();
    if done == 0 {
        return Err(Failure::refused("所选文书已打印或已跳过，请刷新").into());
    }
    tx.commit().await?;
    Ok(done)
}

/// Puts papers back into the queue.
///
/// # Errors
/// Without [`Permission::PrintWrite`]; a refusal for what was not skipped.
pub async fn print_queue_restore(ctx: &Ctx, form: &QueueForm) -> Result<u64> {
    ctx.require(Permission::PrintWrite)?;
    let papers = form.check()?;
    let mut tx = ctx.begin().await?;
    let mut sql = QueryBuilder::new("update print_skip r set restored_by = ");
    sql.push_bind(ctx.actor().id.0).push(", restored_at = ").push_bind(ctx.now()).push(" where r.restored_at is null");
    push_scope(&mut sql, ctx, "r.district_id", "r.estate_id");
    push_chosen(&mut sql, &papers);
    let done = sql.build().execute(connection(&mut tx)).await?.rows_affected();
    if done == 0 {
        return Err(Failure::refused("所选文书不在已跳过中，请刷新").into());
    }
    tx.commit().await?;
    Ok(done)
}

/// That the row `r` is one of these papers.
fn push_chosen(sql: &mut QueryBuilder<Postgres>, papers: &[(PaperKind, i64)]) {
    let (kinds, ids): (Vec<&str>, Vec<i64>) = papers.iter().map(|(paper, id)| (paper.code(), *id)).unzip();
    sql.push(" and (r.paper, r.object_id) in (select * from unnest(").push_bind(kinds);
    sql.push("::text[], ").push_bind(ids).push("::bigint[]))");
}
