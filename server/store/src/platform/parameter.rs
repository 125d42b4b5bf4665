//! Parameters (E-130, S1-9.6): values from a day on, set by one person and agreed to by another.

use super::{
    approval::{Change, Request, approval_submit},
    setting::places_recompute,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
};
use domain::{
    dictionary::ApprovalKind,
    failure::{Failure, FieldErrors},
    housing::choice::Choice,
    id::{ApprovalId, OrganizationId},
    platform::{
        approval::ChangeLine,
        parameter::{CATALOGUE, ParameterFields, ParameterForm, ParameterRow, ParameterValue, parameter},
        permission::Permission,
        setting::{CitySettings, code},
    },
    value::CoordinateSystem,
};

/// Every parameter of the catalogue with its values.
///
/// # Errors
/// Without [`Permission::ParameterRead`].
pub async fn parameter_list(ctx: &Ctx) -> Result<Vec<ParameterRow>> {
    ctx.require(Permission::ParameterRead)?;
    let mut tx = ctx.begin_platform().await?;
    let rows = sqlx::query!(
        r#"select p.code, p.value, p.valid_from, p.version, p.updated_at, d.name as "district?",
                  user_name(a.made_by) as maker, user_name(a.checked_by) as checker
           from parameter p left join approval a on a.id = p.approval_id left join organization d on d.id = p.district_id
           order by p.code, p.valid_from desc, d.name nulls first"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let pending =
        sqlx::query_scalar!("select subject_key from approval where kind = 'PARAMETER' and status = 'PENDING'")
            .fetch_all(connection(&mut tx))
            .await?;
    let districts = sqlx::query_as!(
        Choice,
        "select id, name as label from organization where type = 'DISTRICT' and deleted_at is null and status = 'ON'
         order by division_code"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let today = ctx.today();
    Ok(CATALOGUE
        .iter()
        .map(|parameter| {
            let values: Vec<ParameterValue> = rows
                .iter()
                .filter(|row| row.code == parameter.code)
                .map(|row| ParameterValue {
                    value: row.value.clone(),
                    district: row.district.clone(),
                    valid_from: row.valid_from,
                    maker: row.maker.clone(),
                    checker: row.checker.clone(),
                })
                .collect();
            let own = rows.iter().filter(|row| row.code == parameter.code);
            let latest = own.clone().max_by_key(|row| row.updated_at);
            let present = values.iter().find(|value| value.district.is_none() && value.valid_from <= today);
            ParameterRow {
                code: parameter.code.to_owned(),
                value: present
                    .map_or_else(|| CitySettings::default().value(parameter.code), |value| value.value.clone()),
                since: present.map(|value| value.valid_from),
                values,
                districts: if parameter.by_district { districts.clone() } else { Vec::new() },
                version: own.map(|row| row.version).sum(),
                updated_at: latest.map(|row| row.updated_at),
                updated_by: latest.and_then(|row| row.maker.clone()),
                pending: pending.iter().any(|code| code == parameter.code),
            }
        })
        .collect())
}

/// Asks for a value from a day on.
///
/// # Errors
/// Without [`Permission::ParameterWrite`]; complaints by field; [`Failure::Conflict`] when the parameter was set since it
/// was read.
pub async fn parameter_request(ctx: &Ctx, version: i32, form: &ParameterForm) -> Result<ApprovalId> {
    ctx.require(Permission::ParameterWrite)?;
    let known = parameter(&form.code).ok_or(Failure::NotFound)?;
    let (fields, reason) = form.check(ctx.today())?;
    let mut tx = ctx.begin_platform().await?;
    let present = sqlx::query_scalar!(
        r#"select coalesce(sum(version), 0)::int as "version!" from parameter where code = $1"#,
        fields.code
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if version != present {
        return Err(Failure::Conflict.into());
    }
    let place = district_named(&mut tx, fields.district).await?;
    // What would be in force there on that day without the change.
    let before = sqlx::query_scalar!(
        "select value from parameter where code = $1 and (district_id is null or district_id = $2) and valid_from <= $3
         order by district_id nulls last, valid_from desc limit 1",
        fields.code,
        fields.district.map(|district| district.0),
        fields.valid_from
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let before = before.unwrap_or_else(|| CitySettings::default().value(&fields.code));
    let mut lines: Vec<ChangeLine> =
        ChangeLine::of(known.label, Some(before), Some(fields.value.clone())).into_iter().collect();
    if !lines.is_empty() {
        lines.extend(ChangeLine::of("生效日期", None, Some(fields.valid_from.to_string())));
    }
    let request = Request {
        kind: ApprovalKind::Parameter,
        subject: match &place {
            None => format!("参数：{}", known.label),
            Some(place) => format!("参数：{}（{place}）", known.label),
        },
        subject_key: fields.code.clone(),
        lines,
        change: Change::Parameter(fields),
        reason,
    };
    let id = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(id)
}

/// What the district is called that something is asked for; none: the whole city.
///
/// # Errors
/// A complaint about `district` when there is none of the kind in use.
pub(crate) async fn district_named(tx: &mut Tx, district: Option<OrganizationId>) -> Result<Option<String>> {
    let Some(district) = district else { return Ok(None) };
    let name = sqlx::query_scalar!(
        "select name from organization where id = $1 and type = 'DISTRICT' and deleted_at is null and status = 'ON'",
        district.0
    )
    .fetch_optional(connection(tx))
    .await?;
    match name {
        Some(name) => Ok(Some(name)),
        None => Err(FieldErrors::from(("district", "该区县不存在或已停用，请刷新后重新选择")).into()),
    }
}

/// Does what a request about a parameter asks for. A day that has passed while it waited becomes today's: the past is
/// not set.
pub(crate) async fn parameter_apply(tx: &mut Tx, ctx: &Ctx, id: ApprovalId, fields: &ParameterFields) -> Result<()> {
    let valid_from = fields.valid_from.max(ctx.today());
    sqlx::query!(
        "insert into parameter (code, district_id, value, valid_from, approval_id) values ($1, $2, $3, $4, $5)
         on conflict (code, district_id, valid_from) do update
         set value = excluded.value, approval_id = excluded.approval_id, version = parameter.version + 1,
             updated_at = now()",
        fields.code,
        fields.district.map(|district| district.0),
        fields.value,
        valid_from,
        id.0
    )
    .execute(connection(tx))
    .await?;
    if fields.code == code::MAP_SYSTEM
        && valid_from <= ctx.today()
        && let Some(system) = CoordinateSystem::from_code(&fields.value)
    {
        places_recompute(tx, system).await?;
    }
    Ok(())
}
