//! Many papers of different people as one file: each has its number and its line in the log, and the file is fetched under the
//! number that the lines share.

use super::{
    AGAIN, Entry, Printing, in_time,
    make::{desk, dunning_made, make},
    note,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    failure::Failure,
    platform::{
        permission::Permission,
        print::{PaperKind, PrintFields, PrintKind},
    },
};
use std::collections::HashMap;

/// Notes the first print of 催缴通知书 that were just made out, in this order; answers the number of their file.
pub(crate) async fn batch_note(tx: &mut Tx, ctx: &Ctx, records: &[i64]) -> Result<i64> {
    let desk = desk(ctx).await?;
    let wanted: Vec<_> = records.iter().map(|id| (*id, None)).collect();
    let made = dunning_made(tx, ctx, &desk, &wanted).await?;
    let batch = sqlx::query_scalar!(r#"select nextval('print_batch') as "batch!""#).fetch_one(connection(tx)).await?;
    let fields: Vec<_> = made
        .iter()
        .map(|(id, _)| PrintFields { paper: PaperKind::Dunning, id: *id, month: None, reason: None })
        .collect();
    let entries: Vec<_> = fields
        .iter()
        .zip(&made)
        .map(|(fields, (_, made))| Entry { fields, made, kind: PrintKind::First, nth: Some(1) })
        .collect();
    note(tx, ctx, Some(batch), &entries).await?;
    Ok(batch)
}

/// The papers of a batch as they were noted, for whoever printed it.
///
/// # Errors
/// As [`print_get`](super::print_get).
pub async fn print_batch_get(ctx: &Ctx, batch: i64) -> Result<Printing> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "select paper, object_id, month, nth, digest, at from print_log where batch = $1 and printed_by = $2 order by id",
        batch,
        ctx.actor().id.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let noted = rows.first().ok_or(Failure::NotFound)?.at;
    in_time(ctx, noted)?;
    let notice = PaperKind::Dunning.code();
    // Of notices there are many, so they are read together.
    let wanted: Vec<_> = rows.iter().filter(|row| row.paper == notice).map(|row| (row.object_id, row.nth)).collect();
    let mut notices = HashMap::new();
    if !wanted.is_empty() {
        ctx.require(Permission::DunningWrite)?;
        notices.extend(dunning_made(&mut tx, ctx, &desk(ctx).await?, &wanted).await?);
    }
    tx.commit().await?;
    let mut papers = Vec::new();
    for row in rows {
        let known = if row.paper == notice { notices.remove(&row.object_id) } else { None };
        let made = match known {
            Some(made) => made,
            None => {
                let paper = stored(&row.paper, PaperKind::from_code)?;
                let fields = PrintFields { paper, id: row.object_id, month: row.month, reason: None };
                make(ctx, &fields, row.nth).await?
            }
        };
        if made.digest != row.digest {
            return Err(Failure::refused(AGAIN).into());
        }
        papers.extend(made.papers);
    }
    Ok(Printing { name: format!("批量打印-{batch}.pdf"), papers })
}
