//! Asking for a swap: both households, the day, and the three consents.

use super::side::{Party, common_days, obstacles, party};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    tenancy::contract::{Home, hold_all, home_load},
};
use domain::{
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    tenancy::{
        change::{CHANGE_IS_OPEN, ChangeState},
        swap::{NO_COMMON_PERIOD, SwapFields, SwapForm},
    },
};

/// Asks for a swap of two homes; `submit` sends it to the approver at once. The same request again finds the first one. Answers the
/// change of the first contract.
///
/// # Errors
/// Complaints by field; without [`Permission::ContractWrite`]; a refusal with what stands against it.
pub async fn swap_create(ctx: &Ctx, form: &SwapForm, submit: bool) -> Result<i64> {
    ctx.require(Permission::ContractWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let known =
        sqlx::query!("select id, maker_id from contract_change where request_id = $1::text::uuid", fields.request)
            .fetch_optional(connection(&mut tx))
            .await?;
    match known {
        Some(row) if row.maker_id == ctx.actor().id.0 => return Ok(row.id),
        Some(_) => return Err(Failure::refused("页面已过期，请刷新后再办理").into()),
        None => {}
    }
    hold_all(&mut tx, &fields.contracts.map(|contract| contract.0)).await?;
    let parties = [party(&mut tx, fields.contracts[0]).await?, party(&mut tx, fields.contracts[1]).await?];
    let against = obstacles(&mut tx, ctx, &parties, (fields.effective_on, None)).await?;
    if let Some(first) = against.into_iter().next() {
        return Err(Failure::refused(first).into());
    }
    if !common_days(&mut tx, ctx, &parties).await?.contains(&fields.effective_on) {
        return Err(FieldErrors::from(("effective_on", NO_COMMON_PERIOD)).into());
    }
    let ids = drafts(&mut tx, ctx, &parties, &fields).await?;
    if submit {
        super::super::decide::submit(&mut tx, ctx, &ids).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(ids[0])
}

async fn drafts(tx: &mut Tx, ctx: &Ctx, parties: &[Party; 2], fields: &SwapFields) -> Result<[i64; 2]> {
    let homes = [home_load(tx, ctx, parties[0].unit).await?, home_load(tx, ctx, parties[1].unit).await?];
    let numbers = sqlx::query_scalar!(
        r#"select nextval(pg_get_serial_sequence('contract_change', 'id')) as "id!" from generate_series(1, 2)"#
    )
    .fetch_all(connection(tx))
    .await?;
    let ids = [numbers[0], numbers[1]];
    for place in 0..2 {
        let (party, home) = (&parties[place], &homes[1 - place]);
        insert(tx, ctx, (ids, place), (party, home), fields).await?;
    }
    Ok(ids)
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    (ids, place): ([i64; 2], usize),
    (party, home): (&Party, &Home),
    fields: &SwapFields,
) -> Result<()> {
    let json = |state: &ChangeState| serde_json::to_value(state).map_err(|error| Error::Broken(error.to_string()));
    let before = sqlx::query!(
        r#"select address, rent_area, contract_rent_on(id, $2, monthly_rent_fen) as "rent!" from contract where id = $1"#,
        party.contract,
        ctx.today(),
    )
    .fetch_one(connection(tx))
    .await?;
    let before = ChangeState {
        home: Some(before.address),
        area: Some(domain::value::Area::from_hundredths(before.rent_area.into())),
        rent: Some(domain::value::Money::from_fen(before.rent)),
        ..ChangeState::default()
    };
    let after = ChangeState {
        home: Some(home.address.clone()),
        area: Some(home.assessed.area),
        rent: Some(home.assessed.rent - party.reduction_of(home)),
        ..ChangeState::default()
    };
    // The second row is found by the first.
    sqlx::query!(
        "insert into contract_change (id, district_id, estate_id, contract_id, request_id, kind, before, after, effective_on, reason,
                doc_no, maker_id, made_at, updated_at, pair_id, consent_no, signed_on)
         overriding system value
         select $2, district_id, estate_id, id, coalesce($3::text::uuid, gen_random_uuid()), 'SWAP', $4, $5, $6, $7, $8, $9, $10, $10, $11,
                $12, $13
         from contract where id = $1",
        party.contract,
        ids[place],
        (place == 0).then_some(fields.request.as_str()),
        json(&before)?,
        json(&after)?,
        fields.effective_on,
        fields.reason,
        fields.doc_no,
        ctx.actor().id.0,
        ctx.now(),
        ids[0],
        fields.consents[place],
        fields.signed_on,
    )
    .execute(connection(tx))
    .await
    .map_err(|error| {
        let field = if place == 0 { "first" } else { "second" };
        Error::from(error).or_field(&[
            ("contract_change_request_key", "first", "页面已过期，请刷新后再办理"),
            ("contract_change_open_key", field, CHANGE_IS_OPEN),
        ])
    })?;
    Ok(())
}
