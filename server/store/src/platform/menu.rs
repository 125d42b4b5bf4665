//! Menu (E-03, S1-9.1): what the city changed of the program's entries, and its own.

use crate::{
    Ctx, Database, Error, Result,
    ctx::{Tx, begin_platform, connection},
    platform::dictionary::page_of,
};
use domain::{
    failure::Failure,
    list::{ListQuery, Page},
    platform::{
        menu::{MenuChange, MenuEntry, MenuForm, menu_entries},
        permission::Permission,
    },
};

/// What is stored, for every page.
///
/// # Errors
/// When the database fails.
pub async fn menu_get(database: &Database) -> Result<Vec<MenuChange>> {
    let mut tx = begin_platform(database).await?;
    changes(&mut tx).await
}

async fn changes(tx: &mut Tx) -> Result<Vec<MenuChange>> {
    let rows = sqlx::query!(
        r#"select coalesce(system_key, 'm' || id) as "key!", directory, name, icon, path, permission, parent_key, sort, visible, version
           from menu_entry order by id"#
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| MenuChange {
            key: row.key,
            directory: row.directory,
            name: row.name,
            icon: row.icon,
            path: row.path,
            permission: row.permission,
            parent: row.parent_key,
            sort: row.sort,
            visible: row.visible,
            version: row.version,
        })
        .collect())
}

/// Every entry, in its order.
///
/// # Errors
/// Without [`Permission::MenuRead`].
pub async fn menu_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<MenuEntry>> {
    Ok(page_of(query, menu_all(ctx).await?))
}

/// The same as a whole.
///
/// # Errors
/// Without [`Permission::MenuRead`].
pub async fn menu_all(ctx: &Ctx) -> Result<Vec<MenuEntry>> {
    ctx.require(Permission::MenuRead)?;
    let mut tx = ctx.begin_platform().await?;
    let changes = changes(&mut tx).await?;
    tx.commit().await?;
    Ok(menu_entries(&changes))
}

/// Adds an entry of the city (`key` is none), or changes one; `version` is the one that was read.
///
/// # Errors
/// Without [`Permission::MenuWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn menu_save(ctx: &Ctx, key: Option<&str>, version: i32, form: &MenuForm) -> Result<()> {
    ctx.require(Permission::MenuWrite)?;
    let mut tx = ctx.begin_platform().await?;
    // One at a time: two moves that are right alone could make a circle together.
    sqlx::query!("lock table menu_entry in share row exclusive mode").execute(connection(&mut tx)).await?;
    let entries = menu_entries(&changes(&mut tx).await?);
    let present = match key {
        Some(key) => Some(entries.iter().find(|entry| entry.key == key).ok_or(Failure::NotFound)?),
        None => None,
    };
    if present.is_some_and(|present| present.version != version) {
        return Err(Failure::Conflict.into());
    }
    let change = form.check(key, &entries)?;
    match present {
        Some(entry) if entry.version > 0 => update(&mut tx, ctx, entry, &change).await?,
        _ => insert(&mut tx, ctx, present, &change).await?,
    }
    tx.commit().await?;
    Ok(())
}

fn complaint(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[("menu_entry_path_key", "path", "路由与另一个菜单重复")])
}

async fn insert(tx: &mut Tx, ctx: &Ctx, present: Option<&MenuEntry>, change: &MenuChange) -> Result<()> {
    sqlx::query!(
        "insert into menu_entry (system_key, directory, name, icon, path, permission, parent_key, sort, visible, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        present.map(|present| present.key.as_str()),
        change.directory,
        change.name,
        change.icon,
        change.path,
        change.permission,
        change.parent,
        change.sort,
        change.visible,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await
    .map_err(complaint)?;
    Ok(())
}

async fn update(tx: &mut Tx, ctx: &Ctx, entry: &MenuEntry, change: &MenuChange) -> Result<()> {
    sqlx::query!(
        "update menu_entry set name = $2, icon = $3, path = $4, permission = $5, parent_key = $6, sort = $7, visible = $8,
             version = version + 1, updated_at = $9, updated_by = $10
         where coalesce(system_key, 'm' || id) = $1",
        entry.key,
        change.name,
        change.icon,
        change.path,
        change.permission,
        change.parent,
        change.sort,
        change.visible,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await
    .map_err(complaint)?;
    Ok(())
}

/// Deletes an entry of the city; of one of the program it takes back what the city changed.
///
/// # Errors
/// Without [`Permission::MenuWrite`]; `存在下级菜单，不能删除`; [`Failure::NotFound`].
pub async fn menu_delete(ctx: &Ctx, key: &str) -> Result<()> {
    ctx.require(Permission::MenuWrite)?;
    let mut tx = ctx.begin_platform().await?;
    sqlx::query!("lock table menu_entry in share row exclusive mode").execute(connection(&mut tx)).await?;
    let entries = menu_entries(&changes(&mut tx).await?);
    let entry = entries.iter().find(|entry| entry.key == key && entry.version > 0).ok_or(Failure::NotFound)?;
    if !entry.system && entries.iter().any(|other| other.parent == key) {
        return Err(Failure::refused("存在下级菜单，不能删除").into());
    }
    sqlx::query!("delete from menu_entry where coalesce(system_key, 'm' || id) = $1", key)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}
