//! 验房 (X7): the sheet that is signed at the door, held against how the home was handed over.

use super::{Held, hold, moved};
use crate::{
    Ctx, Result,
    billing::meter::{Shown, at_exit},
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{ExitBillStatus, ExitStatus, ItemState, MeterType},
    failure::Failure,
    id::ExitId,
    platform::permission::Permission,
    tenancy::{
        exit::ExitEvent,
        exit_inspection::{
            HandedOverThen, InspectedItem, Inspection, InspectionFields, InspectionForm, InspectionOffer,
        },
        hand_over::Reading,
    },
    value::Money,
};

/// What the form shows.
///
/// # Errors
/// Without [`Permission::ExitInspect`]; [`Failure::NotFound`] outside the scope; a refusal in another status.
pub async fn exit_inspection_offer(ctx: &Ctx, id: ExitId) -> Result<InspectionOffer> {
    ctx.require(Permission::ExitInspect)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    may_inspect(&held)?;
    let row = sqlx::query!(
        r#"select x.exit_no as "exit_no!", c.lessee_name, e.name || ' ' || c.address as "place!" from exit_case x
           join contract c on c.id = x.contract_id join estate e on e.id = x.estate_id where x.id = $1"#,
        held.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let offer = InspectionOffer {
        exit_no: row.exit_no,
        lessee: row.lessee_name,
        place: row.place,
        exit_on: held.exit_on,
        then: then(&mut tx, held.contract.id).await?,
        signed: inspection(&mut tx, held.id).await?,
        version: held.version,
        today: ctx.today(),
    };
    tx.commit().await?;
    Ok(offer)
}

/// How the home of a contract was handed over; nothing, where it never was. A renewed contract was handed over under the
/// one before.
pub(super) async fn then(tx: &mut Tx, contract: i64) -> Result<HandedOverThen> {
    let row = sqlx::query!(
        r#"with recursive line as (
             select id, prev_contract_id, 0 as depth from contract where id = $1
             union all
             select p.id, p.prev_contract_id, l.depth + 1 from line l join contract p on p.id = l.prev_contract_id
             -- Behind a swap lies another home.
             join contract c on c.id = l.id and c.unit_id = p.unit_id where l.depth < 50)
           select h.id, h.handed_on, h.keys from line l join hand_over h on h.contract_id = l.id order by l.depth limit 1"#,
        contract
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(HandedOverThen::default()) };
    let readings = sqlx::query!("select meter, reading from hand_over_reading where hand_over_id = $1", row.id)
        .fetch_all(connection(tx))
        .await?;
    let items = sqlx::query!("select name, quantity from hand_over_item where hand_over_id = $1 order by seq", row.id)
        .fetch_all(connection(tx))
        .await?;
    Ok(HandedOverThen {
        handed_on: Some(row.handed_on),
        keys: Some(row.keys.into()),
        readings: readings
            .into_iter()
            .map(|row| Ok((stored(&row.meter, MeterType::from_code)?, Reading(row.reading))))
            .collect::<Result<_>>()?,
        items: items.into_iter().map(|row| (row.name, row.quantity.into())).collect(),
    })
}

/// The sheet of an exit, once it was signed.
pub(super) async fn inspection(tx: &mut Tx, exit: i64) -> Result<Option<Inspection>> {
    let row = sqlx::query!(
        r#"select inspected_on, user_name(inspected_by) as by, signed_by, inspection_remark from exit_case where id = $1"#,
        exit
    )
    .fetch_one(connection(tx))
    .await?;
    let (Some(inspected_on), Some(signed_by)) = (row.inspected_on, row.signed_by) else { return Ok(None) };
    let mut readings = sqlx::query!("select meter, reading from exit_reading where exit_id = $1", exit)
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| Ok((stored(&row.meter, MeterType::from_code)?, Reading(row.reading))))
        .collect::<Result<Vec<_>>>()?;
    readings.sort_by_key(|(meter, _)| *meter);
    let items = sqlx::query!(
        "select name, quantity, state, damage, amount_fen from exit_item where exit_id = $1 order by seq",
        exit
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(InspectedItem {
            name: row.name,
            quantity: row.quantity.into(),
            state: stored(&row.state, ItemState::from_code)?,
            damage: row.damage,
            amount: Money::from_fen(row.amount_fen),
        })
    })
    .collect::<Result<_>>()?;
    Ok(Some(Inspection { inspected_on, by: row.by, signed_by, remark: row.inspection_remark, readings, items }))
}

/// Whether a sheet can be entered now: a bill that waits for its checker says what the sheet said.
fn may_inspect(held: &Held) -> Result<()> {
    held.status.next(ExitEvent::Inspect)?;
    if held.is_entered() {
        return Err(Failure::refused("退租账单已入账，不能修改验房").into());
    }
    let refused = held.bill.as_ref().is_some_and(|bill| bill.status == ExitBillStatus::Refused);
    if held.status == ExitStatus::Settlement && !refused {
        return Err(Failure::refused("退租账单待复核，请先退回账单").into());
    }
    Ok(())
}

/// Enters the sheet that was signed; it can be corrected until the bill is made from it, and after that bill was sent back.
///
/// # Errors
/// Without [`Permission::ExitInspect`]; complaints by field; [`Failure::Conflict`]; a refusal in another status.
pub async fn exit_inspect(ctx: &Ctx, id: ExitId, version: i32, form: &InspectionForm) -> Result<()> {
    ctx.require(Permission::ExitInspect)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    may_inspect(&held)?;
    let fields = form.check(&then(&mut tx, held.contract.id).await?, ctx.today())?;
    sqlx::query!(
        "update exit_case set inspected_on = $2, inspected_by = $3, signed_by = $4, inspection_remark = $5 where id = $1",
        held.id,
        fields.inspected_on,
        ctx.actor().id.0,
        fields.signed_by,
        fields.remark,
    )
    .execute(connection(&mut tx))
    .await?;
    lines_write(&mut tx, held.id, &fields).await?;
    let (unit, day) = (held.contract.unit_id, fields.inspected_on);
    let shown = Shown { unit, day, readings: &fields.readings, rolled: &fields.rolled };
    at_exit(&mut tx, ctx, held.id, &shown).await?;
    moved(&mut tx, ctx, &held, ExitEvent::Inspect, None).await?;
    tx.commit().await?;
    Ok(())
}

async fn lines_write(tx: &mut Tx, exit: i64, fields: &InspectionFields) -> Result<()> {
    sqlx::query!("delete from exit_reading where exit_id = $1", exit).execute(connection(tx)).await?;
    sqlx::query!("delete from exit_item where exit_id = $1", exit).execute(connection(tx)).await?;
    let meters: Vec<&str> = fields.readings.iter().map(|(meter, _)| meter.code()).collect();
    let readings: Vec<i64> = fields.readings.iter().map(|(_, reading)| reading.0).collect();
    sqlx::query!(
        "insert into exit_reading (exit_id, meter, district_id, estate_id, reading)
         select x.id, r.meter, x.district_id, x.estate_id, r.reading
         from unnest($2::text[], $3::bigint[]) as r (meter, reading) join exit_case x on x.id = $1",
        exit,
        &meters as &[&str],
        &readings,
    )
    .execute(connection(tx))
    .await?;
    let names: Vec<&str> = fields.items.iter().map(|item| item.name.as_str()).collect();
    let quantities: Vec<i32> = fields.items.iter().map(|item| item.quantity).collect();
    let states: Vec<&str> = fields.items.iter().map(|item| item.state.code()).collect();
    let damages: Vec<Option<String>> = fields.items.iter().map(|item| item.damage.clone()).collect();
    let amounts: Vec<i64> = fields.items.iter().map(|item| item.amount.fen()).collect();
    sqlx::query!(
        "insert into exit_item (exit_id, seq, district_id, estate_id, name, quantity, state, damage, amount_fen)
         select x.id, i.seq, x.district_id, x.estate_id, i.name, i.quantity, i.state, i.damage, i.amount
         from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[]) with ordinality
              as i (name, quantity, state, damage, amount, seq)
         join exit_case x on x.id = $1",
        exit,
        &names as &[&str],
        &quantities,
        &states as &[&str],
        &damages as &[Option<String>],
        &amounts,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
