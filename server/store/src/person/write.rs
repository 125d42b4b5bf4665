//! Entering and changing persons.

use super::{
    keeper_district, merge,
    number::{Numbers, typed},
    person_load,
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    platform::cipher::Kind,
};
use domain::{
    failure::{Failure, FieldErrors},
    id::PersonId,
    person::{NumberChange, PersonFields, PersonForm, Secret},
    platform::permission::Permission,
};

/// Enters a new person.
///
/// # Errors
/// Complaints by field. Of a document that is registered already it tells no more than that, when the record lies
/// outside the actor's scope.
pub async fn person_create(ctx: &Ctx, form: &PersonForm) -> Result<PersonId> {
    ctx.require(Permission::PersonWrite)?;
    let fields = form.check(ctx.today(), None)?;
    let ring = ctx.database().keys()?;
    let mut numbers = Numbers::default();
    numbers.change(ring, &fields);
    let mut tx = ctx.begin().await?;
    let district = keeper_district(&mut tx, ctx, fields.organization_id).await?;
    let id = sqlx::query_scalar!(
        "insert into person (district_id, organization_id, name, person_type, id_type, id_verified, gender, birth, birth_year, nation,
                             education, marital, hukou_type, employer, job, bank_name, bank_holder, emergency_contact,
                             id_number, id_number_mask, phone, phone_mask, phone2, phone2_mask, hukou_address,
                             hukou_address_mask, live_address, live_address_mask, bank_no, bank_no_mask, emergency_phone,
                             emergency_phone_mask, key_id, created_by, updated_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                 $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $34, $35, $35)
         returning id",
        district,
        fields.organization_id.0,
        fields.name,
        fields.person_type.code(),
        fields.id_type.code(),
        fields.id_verified.code(),
        fields.gender.map(|value| value.code()),
        fields.birth,
        fields.birth_year,
        fields.nation.map(|value| value.code()),
        fields.education.map(|value| value.code()),
        fields.marital.map(|value| value.code()),
        fields.hukou_type.map(|value| value.code()),
        fields.employer,
        fields.job,
        fields.bank_name,
        fields.bank_holder,
        fields.emergency_contact,
        numbers.bytes(Secret::IdNumber) as _,
        numbers.mask(Secret::IdNumber) as _,
        numbers.bytes(Secret::Phone) as _,
        numbers.mask(Secret::Phone) as _,
        numbers.bytes(Secret::Phone2),
        numbers.mask(Secret::Phone2),
        numbers.bytes(Secret::HukouAddress),
        numbers.mask(Secret::HukouAddress),
        numbers.bytes(Secret::LiveAddress),
        numbers.mask(Secret::LiveAddress),
        numbers.bytes(Secret::BankNo),
        numbers.mask(Secret::BankNo),
        numbers.bytes(Secret::EmergencyPhone),
        numbers.mask(Secret::EmergencyPhone),
        ring.active(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let id = PersonId(id);
    let indexed = numbers.index(&mut tx, ring, id, fields.id_type).await;
    finish(ctx, tx, indexed, &fields).await?;
    Ok(id)
}

/// Changes a person that nobody else changed since version `version` was read.
///
/// # Errors
/// Complaints by field, as in [`person_create`]; [`Failure::Conflict`] when somebody was faster.
pub async fn person_update(ctx: &Ctx, id: PersonId, version: i32, form: &PersonForm) -> Result<()> {
    ctx.require(Permission::PersonWrite)?;
    let ring = ctx.database().keys()?;
    let mut tx = ctx.begin().await?;
    let before = person_load(&mut tx, id).await?;
    if before.merged_into.is_some() {
        return Err(merge::closed());
    }
    let fields = form.check(ctx.today(), Some(&before))?;
    let mut numbers = Numbers::load(&mut tx, id).await?;
    numbers.change(ring, &fields);
    numbers.renew(ring)?;
    let district = if fields.organization_id == before.organization_id {
        // Whoever keeps it now may go on, also when the organisation has closed since.
        sqlx::query_scalar!("select district_id from person where id = $1", id.0).fetch_one(connection(&mut tx)).await?
    } else if ctx.actor().may(Permission::PersonAssign) {
        keeper_district(&mut tx, ctx, fields.organization_id).await?
    } else {
        // It decides who sees the record; to move one is the city's business (domain.md §6.2).
        return Err(FieldErrors::from(("organization", "变更所属机构须由市住房保障中心办理")).into());
    };
    let updated = sqlx::query!(
        "update person set district_id = $3, organization_id = $4, name = $5, person_type = $6, id_type = $7, id_verified = $8,
                gender = $9, birth = $10, birth_year = $11, nation = $12, education = $13, marital = $14, hukou_type = $15,
                employer = $16, job = $17, bank_name = $18, bank_holder = $19, emergency_contact = $20, id_number = $21,
                id_number_mask = $22, phone = $23, phone_mask = $24, phone2 = $25, phone2_mask = $26, hukou_address = $27,
                hukou_address_mask = $28, live_address = $29, live_address_mask = $30, bank_no = $31, bank_no_mask = $32,
                emergency_phone = $33, emergency_phone_mask = $34, key_id = $35, updated_by = $36, updated_at = $37,
                version = version + 1
         where id = $1 and version = $2",
        id.0,
        version,
        district,
        fields.organization_id.0,
        fields.name,
        fields.person_type.code(),
        fields.id_type.code(),
        fields.id_verified.code(),
        fields.gender.map(|value| value.code()),
        fields.birth,
        fields.birth_year,
        fields.nation.map(|value| value.code()),
        fields.education.map(|value| value.code()),
        fields.marital.map(|value| value.code()),
        fields.hukou_type.map(|value| value.code()),
        fields.employer,
        fields.job,
        fields.bank_name,
        fields.bank_holder,
        fields.emergency_contact,
        numbers.bytes(Secret::IdNumber) as _,
        numbers.mask(Secret::IdNumber) as _,
        numbers.bytes(Secret::Phone) as _,
        numbers.mask(Secret::Phone) as _,
        numbers.bytes(Secret::Phone2),
        numbers.mask(Secret::Phone2),
        numbers.bytes(Secret::HukouAddress),
        numbers.mask(Secret::HukouAddress),
        numbers.bytes(Secret::LiveAddress),
        numbers.mask(Secret::LiveAddress),
        numbers.bytes(Secret::BankNo),
        numbers.mask(Secret::BankNo),
        numbers.bytes(Secret::EmergencyPhone),
        numbers.mask(Secret::EmergencyPhone),
        ring.active(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    if updated.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    // Whoever sees the record finds it by the numbers of those that were merged into it, too.
    sqlx::query!(
        "update person set district_id = $2, organization_id = $3 where merged_into = $1 and organization_id <> $3",
        id.0,
        district,
        fields.organization_id.0
    )
    .execute(connection(&mut tx))
    .await?;
    // As is his household, which is kept by who keeps its head.
    sqlx::query!(
        "update household set district_id = $2, organization_id = $3 where head_id = $1 and organization_id <> $3",
        id.0,
        district,
        fields.organization_id.0
    )
    .execute(connection(&mut tx))
    .await?;
    let indexed = numbers.index(&mut tx, ring, id, fields.id_type).await;
    finish(ctx, tx, indexed, &fields).await
}

/// Commits, or says whose document it is already: in words that tell only as much as the actor may see.
async fn finish(ctx: &Ctx, tx: Tx, indexed: Result<()>, fields: &PersonFields) -> Result<()> {
    match indexed {
        Ok(()) => Ok(tx.commit().await?),
        Err(Error::Database(sqlx::Error::Database(error))) if error.constraint() == Some("person_number_id") => {
            tx.rollback().await?;
            let sentence = if holder_in_scope(ctx, fields).await? {
                "人员已存在"
            } else {
                "该证件号码已由其他机构登记，请联系市住房保障中心办理"
            };
            Err(FieldErrors::from(("id_number", sentence)).into())
        }
        Err(error) => Err(error),
    }
}

async fn holder_in_scope(ctx: &Ctx, fields: &PersonFields) -> Result<bool> {
    let NumberChange::Set { plain, .. } = &fields.id_number else { return Ok(false) };
    let digests = ctx.database().keys()?.indexes(Kind::IdNumber, &typed(fields.id_type, plain));
    let mut tx = ctx.begin().await?;
    let found = sqlx::query_scalar!(
        r#"select exists (select from person_number n join person p on p.id = n.person_id
                          where n.kind = 'ID' and n.digest = any($1)) as "found!""#,
        &digests
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(found)
}
