//! Printing (S0-5, E-128, S1-12.7): what a paper says ([`make`]), and the log of who printed which copy of it ([`log`]). Whoever
//! asks for a print has it noted first and fetches the papers then, for a short time and only as they were noted; many that
//! are printed at once are one file ([`batch`]). What waits to be printed ([`queue`]), what becomes of a copy ([`state`]), and
//! numbers that are odd ([`finding`]).

mod batch;
mod finding;
mod log;
mod make;
mod queue;
mod state;
mod suit;

pub(crate) use batch::batch_note;
pub use batch::print_batch_get;
pub use finding::print_finding_list;
pub use log::{print_copy_get, print_estates, print_list};
pub use queue::{print_queue_list, print_queue_print, print_queue_restore, print_queue_skip};
pub(crate) use state::copy_issued;
pub use state::print_move;

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    paper::Paper,
    platform::print::{FETCH_MINUTES, PaperKind, PrintFields, PrintForm, PrintKind},
};
use make::{Made, make};

const AGAIN: &str = "内容已变化，请重新打印";

/// Notes a print; answers its id, under which its papers can be fetched for [`FETCH_MINUTES`].
///
/// # Errors
/// Without the right to print this paper; [`Failure::NotFound`] outside the scope; a missing reason for what was printed before
/// and is no statement of an account; `无欠费，无需生成`.
pub async fn print_create(ctx: &Ctx, form: &PrintForm) -> Result<i64> {
    print_noted(ctx, &form.check()?, None).await
}

/// Notes a print, alone or as one of a file.
async fn print_noted(ctx: &Ctx, fields: &PrintFields, batch: Option<i64>) -> Result<i64> {
    let made = make(ctx, fields, None).await?;
    let mut tx = ctx.begin().await?;
    let nth = if made.draft { None } else { Some(next(&mut tx, fields).await?) };
    let kind = match nth {
        None => PrintKind::Draft,
        Some(1) => PrintKind::First,
        Some(_) => PrintKind::Reprint,
    };
    if kind == PrintKind::Reprint && fields.reason.is_none() {
        let sentence = match fields.paper {
            PaperKind::Contract => "该合同已打印过，请填写补打原因",
            PaperKind::Receipt => "该收据已打印过，请填写补打原因",
            PaperKind::Dunning => "该通知书已打印过，请填写补打原因",
            PaperKind::ExitBill => "该结算单已打印过，请填写补打原因",
            PaperKind::ExitSheet => "该验房单已打印过，请填写补打原因",
            PaperKind::Notice | PaperKind::Notices | PaperKind::Lawsuit => "",
        };
        if !sentence.is_empty() {
            return Err(FieldErrors::from(("reason", sentence)).into());
        }
    }
    let entry = Entry { fields, made: &made, kind, nth };
    let id = note(&mut tx, ctx, batch, &[entry]).await?.first().copied().ok_or(Failure::NotFound)?;
    if let Some(contract) = made.reveals.filter(|_| kind != PrintKind::Draft) {
        // Its numbers stand there in clear (domain.md §2.7).
        sqlx::query!(
            "insert into audit_log (actor_id, action, object_type, object_id, rows, after)
             values ($1, 'REVEAL', 'contract', $2, 1, 
                     jsonb_build_object('field', 'id_number,phone', 'reason', coalesce($4::text, '打印合同'), 'print', $3::bigint))",
            ctx.actor().id.0,
            contract,
            id,
            fields.reason,
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// A print that goes into the log.
struct Entry<'a> {
    fields: &'a PrintFields,
    made: &'a Made,
    kind: PrintKind,
    nth: Option<i32>,
}

/// Notes prints, of one file when they have a batch; answers their ids in the same order.
async fn note(tx: &mut Tx, ctx: &Ctx, batch: Option<i64>, entries: &[Entry<'_>]) -> Result<Vec<i64>> {
    fn column<T>(entries: &[Entry<'_>], of: impl Fn(&Entry<'_>) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    let copies = |entry: &Entry<'_>| i32::try_from(entry.made.papers.len()).unwrap_or(i32::MAX);
    let ids = sqlx::query_scalar!(
        "insert into print_log (district_id, estate_id, paper, object_id, number, month, template_id, kind, nth, copies, reason, digest,
                                printed_by, at, batch)
         select n.district, n.estate, n.paper, n.object, n.number, n.month, n.template, n.kind, n.nth, n.copies, n.reason, n.digest,
                $1, $2, $3
         from unnest($4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::date[], $10::bigint[], $11::text[],
                     $12::integer[], $13::integer[], $14::text[], $15::text[]) with ordinality
              as n (district, estate, paper, object, number, month, template, kind, nth, copies, reason, digest, place)
         order by n.place returning id",
        ctx.actor().id.0,
        ctx.now(),
        batch,
        &column(entries, |entry| entry.made.district_id),
        &column(entries, |entry| entry.made.estate_id),
        &column(entries, |entry| entry.fields.paper.code()) as &[&str],
        &column(entries, |entry| entry.fields.id),
        &column(entries, |entry| entry.made.number.clone()),
        &column(entries, |entry| entry.fields.month) as _,
        &column(entries, |entry| entry.made.template.as_ref().map(|template| template.id)) as _,
        &column(entries, |entry| entry.kind.code()) as &[&str],
        &column(entries, |entry| entry.nth) as _,
        &column(entries, copies),
        &column(entries, |entry| entry.fields.reason.clone()) as _,
        &column(entries, |entry| entry.made.digest.clone()),
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(ids)
}

/// Which print of a paper comes next; of two who print the same, one waits for the other.
async fn next(tx: &mut Tx, fields: &PrintFields) -> Result<i32> {
    if fields.paper == PaperKind::Receipt {
        // Counted with the prints of its page (R-132).
        let printed =
            sqlx::query_scalar!("update payment set printed = printed + 1 where id = $1 returning printed", fields.id)
                .fetch_one(connection(tx))
                .await?;
        return Ok(printed);
    }
    let name = format!("print {} {} {:?}", fields.paper.code(), fields.id, fields.month);
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", name).execute(connection(tx)).await?;
    let next = sqlx::query_scalar!(
        r#"select coalesce(max(nth), 0) + 1 as "next!" from print_log
           where paper = $1 and object_id = $2 and month is not distinct from $3"#,
        fields.paper.code(),
        fields.id,
        fields.month
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(next)
}

/// The papers of a print, for whoever asked for it.
#[derive(Debug)]
pub struct Printing {
    /// of the file; it says nothing about people
    pub name: String,
    pub papers: Vec<Paper>,
}

/// The papers of a print as they were noted.
///
/// # Errors
/// [`Failure::NotFound`] for everybody else; a refusal when the time is over, and when they would say something else now.
pub async fn print_get(ctx: &Ctx, id: i64) -> Result<Printing> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        "select paper, object_id, number, month, nth, digest, at from print_log where id = $1 and printed_by = $2",
        id,
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    in_time(ctx, row.at)?;
    let paper = stored(&row.paper, PaperKind::from_code)?;
    let fields = PrintFields { paper, id: row.object_id, month: row.month, reason: None };
    let made = make(ctx, &fields, row.nth).await?;
    if made.digest != row.digest {
        return Err(Failure::refused(AGAIN).into());
    }
    let month = row.month.map(|month| month.format("-%Y-%m").to_string()).unwrap_or_default();
    Ok(Printing { name: format!("{}-{}{month}.pdf", paper.label(), row.number), papers: made.papers })
}

/// Refuses what was noted too long ago to be fetched.
fn in_time(ctx: &Ctx, noted: DateTime<Utc>) -> Result<()> {
    if ctx.now() - noted > TimeDelta::minutes(FETCH_MINUTES) {
        return Err(Failure::refused(format!("打印文件仅保留{FETCH_MINUTES}分钟，请重新打印")).into());
    }
    Ok(())
}
