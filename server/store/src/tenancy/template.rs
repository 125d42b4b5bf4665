//! Templates of documents (S2-3.7, E-105): one writes a version, another publishes it, and then it stays as it is. Which
//! version a paper is made with follows from a day.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::template::{
        LATE, TEMPLATE_LIST, Template, TemplateEvent, TemplateForm, TemplateKind, TemplateRow, TemplateStatus,
    },
};

/// The columns; which version is the present one follows from the day.
fn columns(ctx: &Ctx) -> String {
    COLUMNS.replace("$today", &format!("date '{}'", ctx.today()))
}

const COLUMNS: &str = "t.id, t.kind, t.version, t.name, t.status, t.effective_on, t.updated_at,
     user_name(t.maker_id) as maker, user_name(t.checker_id) as checker,
     t.id = (select n.id from document_template n where n.kind = t.kind and n.status = 'PUBLISHED' and n.effective_on <= $today
             order by n.effective_on desc limit 1) is true as current";
const FROM: &str = "from document_template t where true";
const TAKEN: [(&str, &str, &str); 3] = [
    ("document_template_draft_key", "kind", "该类别已有未发布的版本，请在其上修改"),
    ("document_template_version_key", "kind", "该类别已有未发布的版本，请在其上修改"),
    ("document_template_day_key", "effective_on", "该日期已有生效的版本"),
];

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    kind: String,
    version: i32,
    name: String,
    status: String,
    effective_on: NaiveDate,
    updated_at: DateTime<Utc>,
    maker: Option<String>,
    checker: Option<String>,
    current: bool,
}

impl TryFrom<Record> for TemplateRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            kind: stored(&record.kind, TemplateKind::from_code)?,
            version: record.version,
            name: record.name,
            status: stored(&record.status, TemplateStatus::from_code)?,
            effective_on: record.effective_on,
            current: record.current,
            updated_at: record.updated_at,
            maker: record.maker,
            checker: record.checker,
        })
    }
}

/// A page of versions.
///
/// # Errors
/// Without [`Permission::TemplateRead`].
pub async fn template_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TemplateRow>> {
    ctx.require(Permission::TemplateRead)?;
    let (sort, descending) = TEMPLATE_LIST.sort(query);
    let page = SmallList {
        columns: &columns(ctx),
        from: FROM,
        searched: &["t.name"],
        filter: &|sql| {
            push_code(sql, query, "kind", "t.kind");
            push_code(sql, query, "status", "t.status");
        },
        order: if sort == "effective_on" { "t.effective_on" } else { "t.updated_at" },
        descending,
        tie: "t.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(TemplateRow::try_from)
}

/// One version with its wording.
///
/// # Errors
/// Without [`Permission::TemplateRead`]; [`Failure::NotFound`].
pub async fn template_get(ctx: &Ctx, id: i64) -> Result<Template> {
    ctx.require(Permission::TemplateRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {} {FROM} and t.id = $1", columns(ctx));
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let more = sqlx::query!(
        r#"select body, encode(sha256(convert_to(body, 'UTF8')), 'hex') as "digest!", checked_at, opinion, revision, author_ids from document_template where id = $1"#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let own = more.author_ids.contains(&ctx.actor().id.0);
    let row = TemplateRow::try_from(record)?;
    Ok(Template {
        decidable: row.status == TemplateStatus::Pending && !own && ctx.actor().may(Permission::TemplateCheck),
        row,
        body: more.body,
        digest: more.digest,
        checked_at: more.checked_at,
        opinion: more.opinion,
        revision: more.revision,
    })
}

/// Begins a new version of a kind; answers its id.
///
/// # Errors
/// Without [`Permission::TemplateWrite`]; complaints about fields.
pub async fn template_create(ctx: &Ctx, form: &TemplateForm) -> Result<i64> {
    ctx.require(Permission::TemplateWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let id = sqlx::query_scalar!(
        "insert into document_template (kind, version, name, body, effective_on, maker_id, author_ids, updated_at)
         select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, array[$5::bigint], $6 from document_template where kind = $1 returning id",
        fields.kind.code(),
        fields.name,
        fields.body,
        fields.effective_on,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&TAKEN))?;
    tx.commit().await?;
    Ok(id)
}

/// A version whose row is locked.
struct Held {
    kind: TemplateKind,
    status: TemplateStatus,
    /// whoever had a hand in it: none of them publishes it
    authors: Vec<i64>,
    effective_on: NaiveDate,
}

async fn hold(tx: &mut Tx, id: i64, revision: i32) -> Result<Held> {
    let row = sqlx::query!(
        "select kind, status, author_ids, effective_on, revision from document_template where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.revision != revision {
        return Err(Failure::Conflict.into());
    }
    Ok(Held {
        kind: stored(&row.kind, TemplateKind::from_code)?,
        status: stored(&row.status, TemplateStatus::from_code)?,
        authors: row.author_ids,
        effective_on: row.effective_on,
    })
}

/// Changes a draft; whoever changes it last has written it.
///
/// # Errors
/// Without [`Permission::TemplateWrite`]; [`Failure::Conflict`]; complaints about fields; a refusal for one that is no draft.
pub async fn template_update(ctx: &Ctx, id: i64, revision: i32, form: &TemplateForm) -> Result<()> {
    ctx.require(Permission::TemplateWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, revision).await?;
    // A draft can be submitted, so one that can be is one.
    held.status.next(TemplateEvent::Submit)?;
    if held.kind != fields.kind {
        return Err(FieldErrors::from(("kind", "不能修改文书类别")).into());
    }
    sqlx::query!(
        "update document_template set name = $2, body = $3, effective_on = $4, maker_id = $5, updated_at = $6, checker_id = null,
                checked_at = null, revision = revision + 1,
                author_ids = case when $5 = any(author_ids) then author_ids else author_ids || $5::bigint end
         where id = $1",
        id,
        fields.name,
        fields.body,
        fields.effective_on,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&TAKEN))?;
    tx.commit().await?;
    Ok(())
}

/// Drops a draft.
///
/// # Errors
/// As [`template_update`].
pub async fn template_delete(ctx: &Ctx, id: i64, revision: i32) -> Result<()> {
    ctx.require(Permission::TemplateWrite)?;
    let mut tx = ctx.begin().await?;
    hold(&mut tx, id, revision).await?.status.next(TemplateEvent::Submit)?;
    sqlx::query!("delete from document_template where id = $1", id).execute(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(())
}

/// Sends a draft to whoever publishes.
///
/// # Errors
/// As [`template_update`].
pub async fn template_submit(ctx: &Ctx, id: i64, revision: i32) -> Result<()> {
    ctx.require(Permission::TemplateWrite)?;
    let mut tx = ctx.begin().await?;
    let next = hold(&mut tx, id, revision).await?.status.next(TemplateEvent::Submit)?;
    sqlx::query!(
        "update document_template set status = $2, updated_at = $4, checker_id = null, checked_at = null, revision = revision + 1,
                author_ids = case when $3 = any(author_ids) then author_ids else author_ids || $3::bigint end
         where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Publishes what another wrote, or gives it back to him (R-14: a published wording stays).
///
/// # Errors
/// Without [`Permission::TemplateCheck`]; [`Failure::Conflict`]; a refusal for one's own, and for a first day that has come
/// or does not follow that of the version before.
pub async fn template_decide(
    ctx: &Ctx,
    id: i64,
    revision: i32,
    publish: bool,
    opinion: &str,
) -> Result<TemplateStatus> {
    ctx.require(Permission::TemplateCheck)?;
    let opinion = opinion_check(opinion, !publish)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, revision).await?;
    if held.authors.contains(&ctx.actor().id.0) {
        return Err(Failure::refused("不能发布本人编制的模板").into());
    }
    let next = held.status.next(if publish { TemplateEvent::Publish } else { TemplateEvent::Refuse })?;
    if publish && held.effective_on <= ctx.today() {
        return Err(Failure::refused(format!("{LATE}，请退回修改")).into());
    }
    let last = sqlx::query_scalar!(
        "select max(effective_on) from document_template where kind = $1 and status = 'PUBLISHED'",
        held.kind.code()
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if let Some(last) = last.filter(|last| publish && held.effective_on <= *last) {
        return Err(Failure::refused(format!("生效日期须晚于已发布版本的生效日期{last}，请退回修改")).into());
    }
    sqlx::query!(
        "update document_template set status = $2, checker_id = $3, checked_at = $4, opinion = $5, updated_at = $4,
                revision = revision + 1 where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&TAKEN))?;
    tx.commit().await?;
    Ok(next)
}

/// The wording that is in force on a day.
#[derive(Clone)]
pub(crate) struct InForce {
    pub id: i64,
    pub version: i32,
    pub name: String,
    pub body: String,
}

pub(crate) async fn in_force(tx: &mut Tx, kind: TemplateKind, day: NaiveDate) -> Result<InForce> {
    let row = sqlx::query!(
        "select id, version, name, body from document_template
         where kind = $1 and status = 'PUBLISHED' and effective_on <= $2 order by effective_on desc limit 1",
        kind.code(),
        day
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| Failure::refused("没有生效的文书模板，请先发布模板"))?;
    Ok(InForce { id: row.id, version: row.version, name: row.name, body: row.body })
}

/// The wording of a version that was printed.
pub(crate) async fn printed_with(tx: &mut Tx, id: i64) -> Result<InForce> {
    let row = sqlx::query!("select id, version, name, body from document_template where id = $1", id)
        .fetch_one(connection(tx))
        .await?;
    Ok(InForce { id: row.id, version: row.version, name: row.name, body: row.body })
}
