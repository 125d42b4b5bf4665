//! Messages to people (E-126): written in the transaction of what they tell, so that neither is there without the other.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::SmallList,
};
use chrono::{DateTime, Utc};
use domain::{
    failure::Failure,
    list::{ListQuery, Page},
    platform::{
        message::{MessageRow, Notice, Template, TemplateForm, render},
        permission::Permission,
    },
};
use sqlx::types::Json;
use std::collections::BTreeMap;

/// Tells somebody of something, unless administrators have switched that off. `link` is the page that it is about.
pub(crate) async fn message_send(
    tx: &mut Tx,
    receiver: i64,
    notice: Notice,
    params: &[(&str, &str)],
    link: &str,
) -> Result<()> {
    let template =
        sqlx::query_scalar!("select content from message_template where code = $1 and enabled", notice.code())
            .fetch_optional(connection(tx))
            .await?;
    let Some(template) = template else { return Ok(()) };
    let kept: BTreeMap<&str, &str> = params.iter().copied().collect();
    sqlx::query!(
        "insert into message (receiver_id, template, params, content, link, sent_at) values ($1, $2, $3, $4, $5, now())",
        receiver,
        notice.code(),
        Json(kept) as _,
        render(&template, params),
        link,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    template: String,
    content: String,
    link: String,
    sent_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl TryFrom<Record> for MessageRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            notice: stored(&record.template, Notice::from_code)?,
            content: record.content,
            link: record.link,
            sent_at: record.sent_at,
            read_at: record.read_at,
        })
    }
}

/// The actor's messages, newest first. Filter: status (`READ`, `UNREAD`).
///
/// # Errors
/// [`Failure::Forbidden`] for a wall and for a newcomer.
pub async fn message_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<MessageRow>> {
    ctx.require_desk()?;
    let page = SmallList {
        columns: "m.id, m.template, m.content, m.link, m.sent_at, m.read_at",
        // Said besides the policy, which shows the platform everybody's.
        from: "from message m where m.receiver_id = (select scope_actor())",
        searched: &["m.content"],
        filter: &|sql| {
            sql.push(match query.filter("status") {
                Some("UNREAD") => " and m.read_at is null",
                Some("READ") => " and m.read_at is not null",
                _ => "",
            });
        },
        order: "m.id",
        descending: true,
        tie: "m.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(MessageRow::try_from)
}

/// One of the actor's messages, which is read by that; and how many are left unread.
///
/// # Errors
/// [`Failure::NotFound`], also for somebody else's; as [`message_list`].
pub async fn message_open(ctx: &Ctx, id: i64) -> Result<(MessageRow, i64)> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    let record = sqlx::query_as!(
        Record,
        "update message set read_at = coalesce(read_at, $3) where id = $1 and receiver_id = $2
         returning id, template, content, link, sent_at, read_at",
        id,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let unread = sqlx::query_scalar!(
        r#"select count(*) as "unread!" from message where receiver_id = $1 and read_at is null"#,
        ctx.actor().id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok((record.try_into()?, unread))
}

/// Marks all of the actor's messages as read.
///
/// # Errors
/// As [`message_list`].
pub async fn message_read_all(ctx: &Ctx) -> Result<()> {
    ctx.require_desk()?;
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "update message set read_at = $2 where receiver_id = $1 and read_at is null",
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Every template (S1-9.8), in the order of the program.
///
/// # Errors
/// Without [`Permission::MessageTemplateWrite`].
pub async fn message_template_list(ctx: &Ctx) -> Result<Vec<Template>> {
    ctx.require(Permission::MessageTemplateWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let rows = sqlx::query!(
        "select code, content, enabled, version, updated_at, user_name(updated_by) as updated_by from message_template"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut templates = rows
        .into_iter()
        .map(|row| {
            Ok(Template {
                notice: stored(&row.code, Notice::from_code)?,
                content: row.content,
                enabled: row.enabled,
                version: row.version,
                updated_at: row.updated_at,
                updated_by: row.updated_by,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    templates.sort_by_key(|template| template.notice as u8);
    Ok(templates)
}

/// Words a template anew.
///
/// # Errors
/// Without the permission; complaints by field; [`Failure::Conflict`] when somebody else was faster.
pub async fn message_template_update(ctx: &Ctx, notice: Notice, version: i32, form: &TemplateForm) -> Result<()> {
    ctx.require(Permission::MessageTemplateWrite)?;
    let (content, enabled) = form.check(notice)?;
    let mut tx = ctx.begin_platform().await?;
    let done = sqlx::query!(
        "update message_template set content = $3, enabled = $4, version = version + 1, updated_at = $5, updated_by = $6
         where code = $1 and version = $2",
        notice.code(),
        version,
        content,
        enabled,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if done.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}
