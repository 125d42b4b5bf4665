//! Persons (E-04, S1-5.4): list, record, form, and the numbers that only a reason opens.
//!
//! A person belongs to the organisation that keeps the record, and through it to a district or to the whole city.

mod binds;
mod delete;
mod doubles;
pub mod household;
mod merge;
pub(crate) mod number;
mod rotate;
mod write;

pub use delete::person_delete;
pub use merge::{person_likely, person_merge};
pub use rotate::person_rotate;
pub use write::{person_create, person_update};

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{Education, Gender, HukouType, IdType, IdVerified, Marital, Nation, OrganizationType, PersonType},
    failure::{Failure, FieldErrors},
    id::{OrganizationId, PersonId},
    list::{ListQuery, Page},
    person::{Person, PersonRow, Secret, reveal_reason, sheet::PERSON_LIST},
    platform::permission::Permission,
    value::normalize,
};
use number::{Numbers, digests_of};
use sqlx::{Postgres, QueryBuilder};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    name: String,
    person_type: String,
    id_type: String,
    id_number_mask: String,
    phone_mask: String,
    organization: String,
    district: Option<String>,
    id_verified: String,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for PersonRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: PersonId(record.id),
            name: record.name,
            person_type: stored(&record.person_type, PersonType::from_code)?,
            id_type: stored(&record.id_type, IdType::from_code)?,
            id_number: record.id_number_mask,
            phone: record.phone_mask,
            organization: record.organization,
            district: record.district,
            id_verified: stored(&record.id_verified, IdVerified::from_code)?,
            updated_at: record.updated_at,
            room: None,
            moved_in_on: None,
        })
    }
}

const COLUMNS: &str = "p.id, p.name, p.person_type, p.id_type, p.id_number_mask, p.phone_mask, o.name as organization,
    d.name as district, p.id_verified, p.updated_at";

const FROM: &str = "from person p join organization o on o.id = p.organization_id
    left join organization d on d.id = p.district_id where p.deleted_at is null and p.merged_into is null";

/// A page of persons in scope. The keyword is the beginning of a name: it stands in the address, where no number
/// belongs (see [`person_find`]).
///
/// # Errors
/// Without [`Permission::PersonRead`].
pub async fn person_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PersonRow>> {
    ctx.require(Permission::PersonRead)?;
    let (_, descending) = PERSON_LIST.sort(query);
    let name = normalize(&query.q);
    // The keyword is ours: what the general list would do with it reads every name.
    let rest = ListQuery { q: String::new(), ..query.clone() };
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &[],
        filter: &|sql| {
            push_person_scope(sql, ctx);
            push_id(sql, query, "district", "p.district_id");
            push_code(sql, query, "person_type", "p.person_type");
            push_code(sql, query, "id_type", "p.id_type");
            push_code(sql, query, "id_verified", "p.id_verified");
            if !name.is_empty() {
                // A range of names can use the index also behind row-level security; LIKE could not.
                sql.push(" and p.name collate \"C\" >= ").push_bind(name.clone());
                sql.push(" and p.name collate \"C\" < ").push_bind(format!("{name}\u{10FFFF}"));
            }
        },
        order: "p.updated_at",
        descending,
        tie: "p.id",
    }
    .page::<Record>(ctx, &rest)
    .await?;
    let mut page = page.try_map(PersonRow::try_from)?;
    rooms_fill(ctx, &mut page.rows).await?;
    Ok(page)
}

/// Where these persons live, as far as the actor sees homes: asked for the rows that are shown alone, so that the list is
/// planned as if it had no such columns.
async fn rooms_fill(ctx: &Ctx, rows: &mut [PersonRow]) -> Result<()> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let mut tx = ctx.begin().await?;
    let rooms = sqlx::query!(
        r#"select b.person_id, b.from_on, e.name || u.address || case when r.name = u.room_no then '' else ' ' || r.name end as "room!"
           from binding b join room r on r.id = b.room_id join unit u on u.id = b.unit_id join estate e on e.id = b.estate_id
           where b.person_id = any($1) and b.to_on is null"#,
        &ids
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    for room in rooms {
        if let Some(row) = rows.iter_mut().find(|row| row.id.0 == room.person_id) {
            (row.room, row.moved_in_on) = (Some(room.room), Some(room.from_on));
        }
    }
    Ok(())
}

/// Searches by number that one person may make in an hour: whoever sees a mask could try what it hides.
pub const SEARCHES_PER_HOUR: i64 = 120;

/// The persons in scope who bear a number: of a document, a telephone or a bank account, written out in full. That
/// somebody searched, and how many were found, stands in the operation log; the number does not.
///
/// # Errors
/// Without [`Permission::PersonRead`]; a complaint about a text that is no number; a refusal beyond
/// [`SEARCHES_PER_HOUR`].
pub async fn person_find(ctx: &Ctx, number: &str) -> Result<Vec<PersonRow>> {
    /// More people than these do not share a telephone.
    const MOST: i64 = 50;
    ctx.require(Permission::PersonRead)?;
    // People write numbers in groups.
    let digests = digests_of(ctx, &normalize(number).replace(' ', ""))?;
    if digests.is_empty() {
        return Err(FieldErrors::from(("number", "请输入完整的证件号码、电话或银行账号")).into());
    }
    let mut tx = ctx.begin().await?;
    let lately = sqlx::query_scalar!(
        r#"select count(*) as "count!" from person_search where actor_id = $1 and at > $2::timestamptz - interval '1 hour'"#,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if lately >= SEARCHES_PER_HOUR {
        return Err(Failure::refused("查找次数过多，请一小时后再试").into());
    }
    let mut sql = QueryBuilder::<Postgres>::new(format!("select {COLUMNS} {FROM}"));
    push_person_scope(&mut sql, ctx);
    // A number of a record that was merged leads to the one that goes on.
    sql.push(" and p.id = any(array(select coalesce(m.merged_into, m.id) from person_number n join person m on m.id = n.person_id where n.digest = any(");
    sql.push_bind(digests);
    sql.push("))) order by p.updated_at desc, p.id desc limit ").push_bind(MOST);
    let found: Vec<Record> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    sqlx::query!(
        "insert into person_search (actor_id, at, hits) values ($1, $2, $3)",
        ctx.actor().id.0,
        ctx.now(),
        i32::try_from(found.len()).unwrap_or(i32::MAX),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut found = found.into_iter().map(PersonRow::try_from).collect::<Result<Vec<_>>>()?;
    rooms_fill(ctx, &mut found).await?;
    Ok(found)
}

/// The first wall of data scope for persons.
fn push_person_scope(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => {
            sql.push(" and p.district_id = any(").push_bind(districts.clone()).push(")");
        }
        Scope::Estates(_) => {
            sql.push(" and p.organization_id = ").push_bind(ctx.actor().organization_id.0);
        }
        Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// One person, numbers and addresses masked.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn person_get(ctx: &Ctx, id: PersonId) -> Result<Person> {
    ctx.require(Permission::PersonRead)?;
    let mut tx = ctx.begin().await?;
    let person = person_load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(person)
}

async fn person_load(tx: &mut Tx, id: PersonId) -> Result<Person> {
    let row = sqlx::query!(
        r#"select p.*, o.name as organization, d.name as "district?", user_name(p.updated_by) as updated_by_name
           from person p join organization o on o.id = p.organization_id
           left join organization d on d.id = p.district_id
           where p.id = $1 and p.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    fn read<T>(code: Option<&str>, from_code: fn(&str) -> Option<T>) -> Result<Option<T>> {
        code.map(|code| stored(code, from_code)).transpose()
    }
    Ok(Person {
        id,
        name: row.name,
        person_type: stored(&row.person_type, PersonType::from_code)?,
        organization_id: OrganizationId(row.organization_id),
        organization: row.organization,
        district: row.district,
        id_type: stored(&row.id_type, IdType::from_code)?,
        id_number: row.id_number_mask,
        id_verified: stored(&row.id_verified, IdVerified::from_code)?,
        gender: read(row.gender.as_deref(), Gender::from_code)?,
        birth: row.birth,
        birth_year: row.birth_year,
        nation: read(row.nation.as_deref(), Nation::from_code)?,
        education: read(row.education.as_deref(), Education::from_code)?,
        marital: read(row.marital.as_deref(), Marital::from_code)?,
        phone: row.phone_mask,
        phone2: row.phone2_mask,
        hukou_type: read(row.hukou_type.as_deref(), HukouType::from_code)?,
        hukou_address: row.hukou_address_mask,
        live_address: row.live_address_mask,
        employer: row.employer,
        job: row.job,
        bank_name: row.bank_name,
        bank_holder: row.bank_holder,
        bank_no: row.bank_no_mask,
        emergency_contact: row.emergency_contact,
        emergency_phone: row.emergency_phone_mask,
        merged_into: row.merged_into.map(PersonId),
        history: merge::history(tx, id).await?,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
    })
}

/// A hidden field in clear; who looked at whose, and why, stands in the operation log before it is shown
/// (domain.md §2.7, R-119).
///
/// # Errors
/// Without the field's permission; a complaint about the reason; [`Failure::NotFound`] outside the scope or when the
/// field is empty.
pub async fn person_reveal(ctx: &Ctx, id: PersonId, secret: Secret, reason: &str) -> Result<String> {
    ctx.require(Permission::PersonRead)?;
    ctx.require(secret.permission())?;
    let reason = reveal_reason(reason)?;
    let mut tx = ctx.begin().await?;
    let numbers = Numbers::load(&mut tx, id).await?;
    let clear = numbers.open(ctx.database().keys()?, secret)?.ok_or(Failure::NotFound)?;
    sqlx::query!(
        "insert into audit_log (actor_id, action, object_type, object_id, rows, after)
         values ($1, 'REVEAL', 'person', $2, 1, jsonb_build_object('field', $3::text, 'reason', $4::text))",
        ctx.actor().id.0,
        id.0,
        secret.column(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(clear)
}

/// What may keep a person's record (所属机构).
pub(crate) const KEEPERS: &[OrganizationType] = &[
    OrganizationType::City,
    OrganizationType::District,
    OrganizationType::ManagementUnit,
    OrganizationType::Operator,
    OrganizationType::PropertyCompany,
];

/// The organisations that the actor may enter persons for, by name.
///
/// # Errors
/// Without [`Permission::PersonWrite`].
pub async fn person_keepers(ctx: &Ctx) -> Result<Vec<(OrganizationId, String)>> {
    ctx.require(Permission::PersonWrite)?;
    let mut tx = ctx.begin().await?;
    let mut sql = QueryBuilder::<Postgres>::new(
        "select o.id, o.name from organization o where o.deleted_at is null and o.status = 'ON'",
    );
    push_keepers(&mut sql, ctx);
    sql.push(" order by o.name collate natural_order, o.id limit 500");
    let keepers: Vec<(i64, String)> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(keepers.into_iter().map(|(id, name)| (OrganizationId(id), name)).collect())
}

fn push_keepers(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let kinds: Vec<&str> = KEEPERS.iter().map(|kind| kind.code()).collect();
    match ctx.scope() {
        Scope::City { .. } => {
            sql.push(" and o.type = any(").push_bind(kinds.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>());
            sql.push(")");
        }
        Scope::Districts(districts) => {
            sql.push(" and o.type = any(").push_bind(kinds.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>());
            sql.push(") and (o.id = any(").push_bind(districts.clone());
            sql.push(") or o.district_id = any(").push_bind(districts.clone()).push("))");
        }
        Scope::Estates(_) => {
            sql.push(" and o.id = ").push_bind(ctx.actor().organization_id.0);
        }
        Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// The district of an organisation that the actor may enter persons for.
async fn keeper_district(tx: &mut Tx, ctx: &Ctx, id: OrganizationId) -> Result<Option<i64>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "select case when o.type = 'DISTRICT' then o.id else o.district_id end from organization o
         where o.deleted_at is null and o.status = 'ON' and o.id = ",
    );
    sql.push_bind(id.0);
    push_keepers(&mut sql, ctx);
    let found: Option<Option<i64>> = sql.build_query_scalar().fetch_optional(connection(tx)).await?;
    found.ok_or_else(|| FieldErrors::from(("organization", "所属机构不存在，或不在您的管辖范围内")).into())
}
