//! How text messages are worded, and by whom they are signed.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    billing::sms::{SmsKind, SmsTemplate, SmsTemplateForm},
    failure::Failure,
    platform::{message::render, permission::Permission},
};
use std::collections::HashMap;

/// The templates that are switched on: signature and content.
pub(crate) struct Templates(HashMap<String, (String, String)>);

impl Templates {
    pub async fn load(tx: &mut Tx) -> Result<Self> {
        let rows = sqlx::query!("select code, sign, content from sms_template where enabled")
            .fetch_all(connection(tx))
            .await?;
        Ok(Self(rows.into_iter().map(|row| (row.code, (row.sign, row.content))).collect()))
    }

    /// Signature and text of a message; none: it is switched off.
    pub fn text(&self, kind: SmsKind, params: &[(&'static str, String)]) -> Option<(String, String)> {
        let (sign, content) = self.0.get(kind.code())?;
        let params: Vec<(&str, &str)> = params.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Some((sign.clone(), render(content, &params)))
    }
}

/// Every template, in the order of the program.
///
/// # Errors
/// Without [`Permission::MessageTemplateWrite`].
pub async fn sms_template_list(ctx: &Ctx) -> Result<Vec<SmsTemplate>> {
    ctx.require(Permission::MessageTemplateWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let rows = sqlx::query!(
        "select code, content, sign, enabled, version, updated_at, user_name(updated_by) as updated_by from sms_template"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut templates = rows
        .into_iter()
        .map(|row| {
            Ok(SmsTemplate {
                kind: stored(&row.code, SmsKind::from_code)?,
                content: row.content,
                sign: row.sign,
                enabled: row.enabled,
                version: row.version,
                updated_at: row.updated_at,
                updated_by: row.updated_by,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    templates.sort_by_key(|template| template.kind);
    Ok(templates)
}

/// Words a template anew; what waits in the outbox keeps its words.
///
/// # Errors
/// Without the permission; complaints by field; [`Failure::Conflict`] when somebody else was faster.
pub async fn sms_template_update(ctx: &Ctx, kind: SmsKind, version: i32, form: &SmsTemplateForm) -> Result<()> {
    ctx.require(Permission::MessageTemplateWrite)?;
    let fields = form.check(kind)?;
    let mut tx = ctx.begin_platform().await?;
    let done = sqlx::query!(
        "update sms_template set content = $3, sign = $4, enabled = $5, version = version + 1, updated_at = $6, updated_by = $7
         where code = $1 and version = $2",
        kind.code(),
        version,
        fields.content,
        fields.sign,
        fields.enabled,
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
