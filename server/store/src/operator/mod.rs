//! Operators (E-84), minimal: who is entrusted with running estates.

use crate::{
    Ctx, Error, Result,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code},
};
use domain::{
    dictionary::{OperatorType, OrganizationStatus},
    failure::Failure,
    id::{OperatorId, OrganizationId},
    list::{ListQuery, Page},
    operator::{OPERATOR_LIST, Operator, OperatorRow},
    platform::permission::Permission,
    value::Phone,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    kind: String,
    uscc: String,
    contact: Option<String>,
    estates: i64,
    status: String,
}

impl TryFrom<Record> for OperatorRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: OperatorId(record.id),
            code: record.code,
            name: record.name,
            kind: stored(&record.kind, OperatorType::from_code)?,
            uscc: record.uscc,
            contact: record.contact,
            estates: record.estates,
            status: stored(&record.status, OrganizationStatus::from_code)?,
        })
    }
}

/// A page of operators; who they are is no secret, but each counts only those of its estates that the
/// actor sees.
///
/// # Errors
/// Without [`Permission::OperatorRead`].
pub async fn operator_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<OperatorRow>> {
    ctx.require(Permission::OperatorRead)?;
    let (sort, descending) = OPERATOR_LIST.sort(query);
    let order = match sort {
        "code" => "o.code collate natural_order",
        "type" => "o.type",
        "estates" => "estates",
        _ => "o.name collate natural_order",
    };
    let page = SmallList {
        columns: "o.id, o.code, o.name, o.type as kind, o.uscc, o.contact, o.status,
                  (select count(*) from estate e where e.operator_id = o.id and e.deleted_at is null) as estates",
        from: "from operator o where true",
        searched: &["o.name", "o.code", "o.uscc"],
        filter: &|sql| {
            push_code(sql, query, "type", "o.type");
            push_code(sql, query, "status", "o.status");
        },
        order,
        descending,
        tie: "o.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(OperatorRow::try_from)
}

/// One operator.
///
/// # Errors
/// Without [`Permission::OperatorRead`]; [`Failure::NotFound`].
pub async fn operator_get(ctx: &Ctx, id: OperatorId) -> Result<Operator> {
    ctx.require(Permission::OperatorRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select o.*, g.name as organization,
                  (select count(*) from estate e where e.operator_id = o.id and e.deleted_at is null) as "estates!"
           from operator o join organization g on g.id = o.organization_id where o.id = $1"#,
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
        uscc: row.uscc,
        contact: row.contact,
        estates: row.estates,
        status: row.status,
    };
    Ok(Operator {
        row: record.try_into()?,
        organization_id: OrganizationId(row.organization_id),
        organization: row.organization,
        phone: row.phone.as_deref().and_then(|phone| Phone::parse(phone).ok()).map(|phone| phone.masked()),
        created_at: row.created_at,
    })
}
