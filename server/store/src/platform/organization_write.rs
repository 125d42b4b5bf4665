//! Organisations (E-01, S1-9.5) one by one: new, changed, deleted.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    import::{Import, RawRow},
};
use domain::{
    dictionary::{OrganizationStatus, OrganizationType},
    failure::{Failure, FieldErrors},
    id::OrganizationId,
    import::SheetKey,
    platform::{
        organization::superior_of,
        organization_form::{OrganizationEdit, OrganizationFields, complain},
        permission::Permission,
    },
};

/// The constraints of organisations, as complaints.
const COMPLAINTS: &[(&str, &str, &str)] =
    &[("organization_name_key", "name", "同级机构名称重复"), ("operator_name_key", "name", "运营主体已存在")];

/// Makes an organisation: an import of one row, so that the same rules hold and an operator comes with it.
///
/// # Errors
/// Without [`Permission::OrganizationWrite`]; complaints by field.
pub async fn organization_create(ctx: &Ctx, form: &OrganizationEdit) -> Result<OrganizationId> {
    ctx.require(Permission::OrganizationWrite)?;
    let fields = form.check()?;
    let row = RawRow { row_no: 1, cells: form.cells() };
    let outcome = Import::start(ctx, SheetKey::Organization, true).await?.chunk(vec![row], None).await?;
    let mut errors = FieldErrors::default();
    for error in outcome.failed.iter().flat_map(|row| &row.errors) {
        complain(&mut errors, &error.column, &error.message);
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let mut tx = ctx.begin().await?;
    // What a file has no columns for.
    let id = sqlx::query_scalar!(
        "update organization set short_name = $2, remark = $3 where code = $1 returning id",
        fields.row.code,
        fields.short_name,
        fields.remark
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(OrganizationId(id))
}

/// What is there of the organisation that is changed.
struct Present {
    code: String,
    kind: String,
    division_code: String,
    parent_id: Option<i64>,
    district_id: Option<i64>,
    version: i32,
}

/// Changes an organisation. Code, type and division stay: the stock and the scope of accounts hang on them.
///
/// # Errors
/// Without [`Permission::OrganizationWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn organization_update(ctx: &Ctx, id: OrganizationId, version: i32, form: &OrganizationEdit) -> Result<()> {
    ctx.require(Permission::OrganizationWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let present = sqlx::query_as!(
        Present,
        "select code, type as kind, division_code, parent_id, district_id, version from organization
         where id = $1 and deleted_at is null for update",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if present.version != version {
        return Err(Failure::Conflict.into());
    }
    fixed_check(&present, &fields)?;
    let parent = superior(&mut tx, id, &present, &fields).await?;
    write(&mut tx, ctx, id, parent, &fields).await?;
    tx.commit().await?;
    Ok(())
}

fn fixed_check(present: &Present, fields: &OrganizationFields) -> Result<()> {
    let mut errors = FieldErrors::default();
    if present.code != fields.row.code {
        errors.add("code", "机构编码不可修改");
    }
    if fields.row.kind.is_none_or(|kind| kind.code() != present.kind) {
        errors.add("kind", "机构类型不可修改");
    }
    if present.division_code != fields.row.division_code {
        errors.add("division_code", "行政区划代码不可修改");
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// The superior that is meant, by code or, where only one bears it, by name: of the right type, in the same district,
/// and not below the organisation itself.
async fn superior(
    tx: &mut Tx,
    id: OrganizationId,
    present: &Present,
    fields: &OrganizationFields,
) -> Result<Option<i64>> {
    let told = |sentence: &str| Err(FieldErrors::from(("parent", sentence)).into());
    let named = &fields.row.parent;
    if named.is_empty() {
        return Ok(None);
    }
    let found = sqlx::query!(
        "select id, code, type as kind, district_id from organization
         where (code = $1 or name = $1) and deleted_at is null order by code <> $1 limit 2",
        named
    )
    .fetch_all(connection(tx))
    .await?;
    let meant = match found.as_slice() {
        [] => return told(&format!("上级机构【{named}】不存在")),
        [first, ..] if first.code == *named => first,
        [only] => only,
        _ => return told("【上级】有多个同名机构，请填写机构编码"),
    };
    if Some(meant.id) == present.parent_id {
        return Ok(present.parent_id);
    }
    if let Some(above) = fields.row.kind.and_then(superior_of)
        && stored(&meant.kind, OrganizationType::from_code)? != above
    {
        return told(&format!("【上级】应为{above}"));
    }
    let own = fields.row.kind == Some(OrganizationType::District);
    if !own && meant.district_id != present.district_id {
        return told("不能移到其他区县之下，请在目标区县新建机构");
    }
    let below = sqlx::query_scalar!(
        r#"with recursive above as (
               select id, parent_id from organization where id = $1
               union select o.id, o.parent_id from organization o join above a on o.id = a.parent_id)
           select exists (select from above where id = $2) as "below!""#,
        meant.id,
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    if below { told("上级不能是自己或自己的下级") } else { Ok(Some(meant.id)) }
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    id: OrganizationId,
    parent: Option<i64>,
    fields: &OrganizationFields,
) -> Result<()> {
    let row = &fields.row;
    let status = row.status.unwrap_or(OrganizationStatus::On).code();
    sqlx::query!(
        "update organization set name = $2, short_name = $3, parent_id = $4, uscc = nullif($5, ''), leader = nullif($6, ''),
             phone = coalesce(nullif($7, ''), phone), address = nullif($8, ''), sort = $9, status = $10, remark = $11,
             version = version + 1, updated_at = $12, updated_by = $13
         where id = $1",
        id.0,
        row.name,
        fields.short_name,
        parent,
        row.uscc,
        row.leader,
        row.phone,
        row.address,
        row.sort,
        status,
        fields.remark,
        ctx.now(),
        ctx.actor().id.0
    )
    .execute(connection(tx))
    .await
    .map_err(|error| Error::from(error).or_field(COMPLAINTS))?;
    // The operator that it is (E-84) goes by the same name.
    sqlx::query!(
        "update operator set name = $2, uscc = $3, contact = nullif($4, ''), phone = coalesce(nullif($5, ''), phone), status = $6
         where organization_id = $1",
        id.0,
        row.name,
        row.uscc,
        row.leader,
        row.phone,
        status
    )
    .execute(connection(tx))
    .await
    .map_err(|error| Error::from(error).or_field(COMPLAINTS))?;
    Ok(())
}

/// Deletes an organisation that nothing has ever hung on. The database is asked by trying: its references see every
/// record, also those that this actor may not.
///
/// # Errors
/// Without [`Permission::OrganizationWrite`]; `该组织下存在项目/用户/人员，不能删除`; [`Failure::NotFound`].
pub async fn organization_delete(ctx: &Ctx, id: OrganizationId, version: i32) -> Result<()> {
    ctx.require(Permission::OrganizationWrite)?;
    let mut tx = ctx.begin().await?;
    let held = |error: sqlx::Error| match error.as_database_error() {
        Some(refused) if refused.is_foreign_key_violation() => {
            Failure::refused("该组织下存在项目/用户/人员，不能删除").into()
        }
        _ => Error::from(error),
    };
    sqlx::query!("delete from operator where organization_id = $1", id.0)
        .execute(connection(&mut tx))
        .await
        .map_err(held)?;
    let deleted = sqlx::query!("delete from organization where id = $1 and version = $2", id.0, version)
        .execute(connection(&mut tx))
        .await
        .map_err(held)?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}
