//! Exports leave a trace: who took how many rows of what, with which filters (domain.md §0.5 rule 6).

use crate::{Ctx, Result, ctx::connection};
use domain::{
    list::{EXPORT_MAX, ListQuery},
    platform::permission::Permission,
};
use serde_json::json;

/// Checks the right to export and writes the export into the audit log; answers how many rows may go.
///
/// # Errors
/// Without the permission to export that list.
pub async fn export_begin(ctx: &Ctx, list: &str, query: &ListQuery, wanted: u32) -> Result<u32> {
    ctx.require(match list {
        "person" => Permission::PersonExport,
        "dictionary" | "dictionary_item" => Permission::DictionaryRead,
        "calendar" => Permission::CalendarRead,
        "numbering" => Permission::NumberingRead,
        "menu" => Permission::MenuRead,
        list if list.starts_with("asset_") => Permission::AssetExport,
        _ => Permission::StockExport,
    })?;
    let rows = wanted.clamp(1, EXPORT_MAX);
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "insert into audit_log (actor_id, action, object_type, rows, after) values ($1, 'EXPORT', $2, $3, $4)",
        ctx.actor().id.0,
        list,
        i32::try_from(rows).unwrap_or(i32::MAX),
        json!({"filter": query.filter, "sort": query.sort}),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(rows)
}
