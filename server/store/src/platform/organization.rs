//! Organisations (E-01).

use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{OrganizationStatus, OrganizationType},
    failure::Failure,
    id::OrganizationId,
    list::{ListQuery, Page},
    platform::{
        organization::{Organization, OrganizationNode, OrganizationRow},
        organization_sheet::ORGANIZATION_LIST,
        permission::Permission,
    },
    value::Phone,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    kind: String,
    parent: Option<String>,
    division_code: String,
    leader: Option<String>,
    status: String,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for OrganizationRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: OrganizationId(record.id),
            code: record.code,
            name: record.name,
            kind: stored(&record.kind, OrganizationType::from_code)?,
            parent: record.parent,
            division_code: record.division_code,
            leader: record.leader,
            status: stored(&record.status, OrganizationStatus::from_code)?,
            updated_at: record.updated_at,
        })
    }
}

/// A page of organisations; their names are no secret, so there is no scope but the permission.
///
/// # Errors
/// Without [`Permission::OrganizationRead`].
pub async fn organization_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<OrganizationRow>> {
    ctx.require(Permission::OrganizationRead)?;
    let (sort, descending) = ORGANIZATION_LIST.sort(query);
    let order = match sort {
        "name" => "o.name collate natural_order",
        "type" => "o.type",
        "division_code" => "o.division_code",
        "updated_at" => "o.updated_at",
        _ => "o.code collate natural_order",
    };
    let page = SmallList {
        columns: "o.id, o.code, o.name, o.type as kind, p.name as parent, o.division_code, o.leader, o.status, o.updated_at",
        from: "from organization o left join organization p on p.id = o.parent_id where o.deleted_at is null",
        searched: &["o.name", "o.code", "o.short_name"],
        filter: &|sql| {
            push_code(sql, query, "type", "o.type");
            push_code(sql, query, "status", "o.status");
            push_id(sql, query, "parent", "o.parent_id");
        },
        order,
        descending,
        tie: "o.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(OrganizationRow::try_from)
}

/// One organisation.
///
/// # Errors
/// Without [`Permission::OrganizationRead`]; [`Failure::NotFound`].
pub async fn organization_get(ctx: &Ctx, id: OrganizationId) -> Result<Organization> {
    ctx.require(Permission::OrganizationRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select o.*, p.name as "parent?", p.code as "parent_code?" from organization o left join organization p on p.id = o.parent_id
           where o.id = $1 and o.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let record = Record {
        id: row.id,
        code: row.code,
        name: row.name,
        kind: row.r#type,
        parent: row.parent,
        division_code: row.division_code,
        leader: row.leader,
        status: row.status,
        updated_at: row.updated_at,
    };
    Ok(Organization {
        row: record.try_into()?,
        short_name: row.short_name,
        uscc: row.uscc,
        phone: row.phone.as_deref().and_then(|phone| Phone::parse(phone).ok()).map(|phone| phone.masked()),
        address: row.address,
        sort: row.sort,
        remark: row.remark,
        parent_code: row.parent_code,
        version: row.version,
    })
}

/// All organisations, by what hangs below what.
///
/// # Errors
/// Without [`Permission::OrganizationRead`].
pub async fn organization_tree(ctx: &Ctx) -> Result<Vec<OrganizationNode>> {
    ctx.require(Permission::OrganizationRead)?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "select id, parent_id, name, type as kind, status from organization where deleted_at is null
         order by sort, code collate natural_order"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(OrganizationNode {
                id: OrganizationId(row.id),
                parent: row.parent_id.map(OrganizationId),
                name: row.name,
                kind: stored(&row.kind, OrganizationType::from_code)?,
                status: stored(&row.status, OrganizationStatus::from_code)?,
            })
        })
        .collect()
}

/// Makes the city's own organisation when there is none: everything else hangs below it.
///
/// # Errors
/// When the database fails.
pub async fn city_seed(database: &crate::Database, code: &str, name: &str, division_code: &str) -> Result<()> {
    let mut tx = crate::ctx::begin_platform(database).await?;
    sqlx::query!(
        "insert into organization (code, name, type, division_code)
         select $1, $2, 'CITY', $3 where not exists (select from organization where type = 'CITY')",
        code,
        name,
        division_code
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
