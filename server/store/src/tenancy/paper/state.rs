//! What becomes of a copy (domain.md §3.12): it is handed out, comes back, or counts no more. What was printed stays as it was
//! noted.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    failure::Failure,
    platform::{
        permission::Permission,
        print::{CopyForm, PaperKind, PrintEvent, PrintKind, PrintStatus},
    },
};

/// Hands a copy out, takes it back or declares it void.
///
/// # Errors
/// Without [`Permission::PrintWrite`]; [`Failure::NotFound`] outside the scope; [`Failure::Conflict`]; the state machine's
/// refusal; a missing name or reason; a refusal for a draft.
pub async fn print_move(ctx: &Ctx, id: i64, version: i32, form: &CopyForm) -> Result<PrintStatus> {
    ctx.require(Permission::PrintWrite)?;
    let text = form.check()?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select kind, status, version from print_log where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    if stored(&row.kind, PrintKind::from_code)? == PrintKind::Draft {
        return Err(Failure::refused("草稿不发放，也不作废").into());
    }
    let next = stored(&row.status, PrintStatus::from_code)?.next(form.event)?;
    if form.event == PrintEvent::Issue {
        sqlx::query!(
            "update print_log set status = $2, issued_to = $3, issued_at = $4, issued_by = $5, version = version + 1 where id = $1",
            id,
            next.code(),
            text,
            ctx.now(),
            ctx.actor().id.0,
        )
        .execute(connection(&mut tx))
        .await?;
    } else {
        sqlx::query!(
            "update print_log set status = $2, end_reason = $3, ended_at = $4, ended_by = $5, version = version + 1 where id = $1",
            id,
            next.code(),
            text,
            ctx.now(),
            ctx.actor().id.0,
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    Ok(next)
}

/// Notes that the newest copy of a paper was handed out, because that follows from something else that was entered.
pub(crate) async fn copy_issued(tx: &mut Tx, ctx: &Ctx, paper: PaperKind, object: i64, to: &str) -> Result<()> {
    sqlx::query!(
        "update print_log set status = 'ISSUED', issued_to = $3, issued_at = $4, issued_by = $5, version = version + 1
         where status = 'PRINTED' and id = (select max(l.id) from print_log l where l.paper = $1 and l.object_id = $2
                                            and l.kind <> 'DRAFT' and l.status <> 'VOID')",
        paper.code(),
        object,
        to,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
