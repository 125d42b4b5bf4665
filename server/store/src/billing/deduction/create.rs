//! Asking for a batch: for which district, and which day's debts. What it collects is looked for by [`super::build`].

use super::build::portion;
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    platform::numbering::number_take,
};
use chrono::{Datelike as _, NaiveDate};
use domain::{
    billing::deduction::{DeductionFields, DeductionForm, DeductionOffer, PAGE_EXPIRED, latest},
    dictionary::NumberKind,
    failure::{Failure, FieldErrors},
    id::{DeductionBatchId, OrganizationId},
    platform::permission::Permission,
};
use std::time::{Duration, Instant};

/// So long a person waits for his batch; what is left, the server builds by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the form begins with: the districts in scope, and the next day of direct debit.
///
/// # Errors
/// Without [`Permission::DeductionWrite`].
pub async fn deduction_offer(ctx: &Ctx) -> Result<DeductionOffer> {
    ctx.require(Permission::DeductionWrite)?;
    let mut tx = ctx.begin().await?;
    let rows =
        sqlx::query!("select id, name from organization where type = 'DISTRICT' and status = 'ON' order by code")
            .fetch_all(connection(&mut tx))
            .await?;
    let districts: Vec<_> = rows
        .into_iter()
        .filter(|row| ctx.sees_district(row.id))
        .map(|row| (OrganizationId(row.id), row.name))
        .collect();
    let district = districts.first().map_or(0, |(id, _)| id.0);
    let rule = billing_rule(&mut tx, district, ctx.today()).await?;
    tx.commit().await?;
    Ok(DeductionOffer { districts, due_by: rule.deduction_days.from(ctx.today()), latest: latest(ctx.today()) })
}

/// Makes a batch, and as much of it as a person waits for. The same request again finds the first one.
///
/// # Errors
/// Without [`Permission::DeductionWrite`]; complaints by field, also while another batch of the district is being made; a
/// refusal for a request that has made another batch.
pub async fn deduction_create(ctx: &Ctx, form: &DeductionForm) -> Result<DeductionBatchId> {
    ctx.require(Permission::DeductionWrite)?;
    let fields = form.check(ctx.today())?;
    let district = fields.district.0;
    if !ctx.sees_district(district) {
        return Err(FieldErrors::from(("district", "请选择区县")).into());
    }
    let mut tx = ctx.begin().await?;
    if let Some(known) = known(&mut tx, ctx, &fields).await? {
        return Ok(known);
    }
    let code = division(&mut tx, district).await?.ok_or_else(|| FieldErrors::from(("district", "请选择区县")))?;
    let new = New { district, code: &code, due_by: fields.due_by, request: Some(&fields.request) };
    let made = insert(&mut tx, ctx, &new).await.map_err(|error| {
        error.or_field(&[("deduction_batch_building_key", "district", "该区县有正在生成的代扣批次，请稍候再试")])
    })?;
    let Some(id) = made else {
        // It was sent twice at the same moment; the number that was taken for it goes back.
        tx.rollback().await?;
        let mut tx = ctx.begin().await?;
        return known(&mut tx, ctx, &fields).await?.ok_or_else(|| Failure::refused(PAGE_EXPIRED).into());
    };
    tx.commit().await?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE && portion(ctx, id).await? {}
    Ok(id)
}

/// The batch that the same request has made already.
async fn known(tx: &mut Tx, ctx: &Ctx, fields: &DeductionFields) -> Result<Option<DeductionBatchId>> {
    let row = sqlx::query!(
        "select id, district_id, due_by, maker_id from deduction_batch where request_id = $1::text::uuid",
        fields.request
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.district_id == fields.district.0 && row.due_by == fields.due_by && row.maker_id == ctx.actor_id() {
        return Ok(Some(DeductionBatchId(row.id)));
    }
    Err(Failure::refused(PAGE_EXPIRED).into())
}

/// The number under which a district's batches are counted; none for what is no district.
pub(super) async fn division(tx: &mut Tx, district: i64) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        r#"select left(division_code, 6) as "code!" from organization where id = $1 and type = 'DISTRICT'"#,
        district
    )
    .fetch_optional(connection(tx))
    .await?)
}

/// A batch that is to be made.
pub(super) struct New<'a> {
    pub district: i64,
    /// [`division`]
    pub code: &'a str,
    pub due_by: NaiveDate,
    /// id of the request; none: nobody asked for it
    pub request: Option<&'a str>,
}

/// Writes its row; none when the same request has made one.
pub(super) async fn insert(tx: &mut Tx, ctx: &Ctx, new: &New<'_>) -> Result<Option<DeductionBatchId>> {
    let batch_no = number_take(tx, NumberKind::Deduction, new.code, ctx.today()).await?;
    let id = sqlx::query_scalar!(
        "insert into deduction_batch (district_id, batch_no, due_by, month, maker_id, made_at, request_id)
         values ($1, $2, $3, $4, $5, $6, $7::text::uuid)
         on conflict (request_id) do nothing returning id",
        new.district,
        batch_no,
        new.due_by,
        new.due_by.with_day(1).unwrap_or(new.due_by),
        ctx.actor_id(),
        ctx.now(),
        new.request,
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(id.map(DeductionBatchId))
}
