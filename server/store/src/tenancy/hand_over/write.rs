//! The hand-over itself (U6), and corrections of its record. Whoever writes takes the rows in one order: the home, the
//! contract, its co-residents, the rooms.

use super::read::{load, people_load};
use crate::{
    Ctx, Error, Result,
    billing::{
        account::account_close,
        meter::{Shown, at_hand_over, swap_readings_bill},
    },
    ctx::{Tx, connection},
    housing::unit::{Moved, unit_move, unit_note},
    tenancy::{
        binding::{House, MoveIn, bindings_begin},
        contract,
    },
};
use domain::{
    dictionary::{BindingRelation, Relation},
    failure::{Failure, FieldErrors},
    housing::unit_status::UnitEvent,
    id::{ContractId, HandOverId},
    platform::permission::Permission,
    tenancy::hand_over::{HandOverFields, HandOverForm, Occupant, may_hand_over},
};

/// What is told about a contract that was handed over.
pub(super) const IS_DONE: &str = "该合同已办理交房";

/// Hands a home over: the home is OCCUPIED, its people live in its rooms.
///
/// # Errors
/// Complaints by field; a refusal of a contract that is not in force, of a home that is not SIGNED, and of a second time.
pub async fn hand_over_create(ctx: &Ctx, id: ContractId, form: &HandOverForm) -> Result<HandOverId> {
    ctx.require(Permission::HandOverWrite)?;
    let mut tx = ctx.begin().await?;
    let held = contract::hold(&mut tx, id).await?;
    may_hand_over(held.status)?;
    // Before a swap the home was the other household's.
    let about = sqlx::query!(
        r#"select case when swapped then start_on else sign_on end as "from!", swapped from contract where id = $1"#,
        held.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let fields = form.check(ctx.today(), about.from)?;
    let people = who(&people_load(&mut tx, held.id).await?, &fields)?;
    let record = sqlx::query_scalar!(
        "insert into hand_over (district_id, estate_id, unit_id, contract_id, handed_on, keys, signed_by, remark, created_at,
                                created_by, updated_at, updated_by)
         select district_id, estate_id, unit_id, id, $2, $3, $4, $5, $6, $7, $6, $7 from contract where id = $1 returning id",
        held.id,
        fields.handed_on,
        i16::from(fields.keys),
        fields.signed_by,
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| match error {
        sqlx::Error::Database(taken) if taken.constraint() == Some("hand_over_contract_key") => {
            Failure::refused(IS_DONE).into()
        }
        error => Error::from(error),
    })?;
    lines_write(&mut tx, record, &fields).await?;
    shown(&mut tx, ctx, record, (held.id, held.unit_id), &fields).await?;
    let house = House { unit: held.unit_id, contract: Some(held.id), from_on: fields.handed_on };
    bindings_begin(&mut tx, ctx, &house, &people, ("occupants", "occupants")).await?;
    let home = domain::id::UnitId(held.unit_id);
    if about.swapped {
        unit_note(&mut tx, ctx, home, "调换入住", "调换后由对方家庭入住").await?;
    } else {
        unit_move(&mut tx, ctx, home, Moved { event: UnitEvent::MoveIn, reason: None }).await?;
    }
    contract::history_add(&mut tx, ctx, held.id, "交房入住", (Some(held.status), held.status), None).await?;
    history_add(&mut tx, ctx, record, "办理交房", serde_json::json!([])).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(HandOverId(record))
}

/// Who moves in, under the names that the contract gives them. The lessee is among them.
fn who(people: &[Occupant], fields: &HandOverFields) -> Result<Vec<MoveIn>> {
    let complaint = |sentence: &str| Error::from(FieldErrors::from(("occupants", sentence)));
    let mut moving = Vec::with_capacity(fields.occupants.len());
    for (person, room) in &fields.occupants {
        let known = people.iter().find(|known| known.person_id == *person);
        let known = known.ok_or_else(|| complaint("入住人员与合同不一致，请刷新后重新填写"))?;
        let lessee = known.relation == Relation::Oneself;
        moving.push(MoveIn {
            person_id: person.0,
            name: known.name.clone(),
            room_id: room.0,
            relation: if lessee { BindingRelation::Lessee } else { BindingRelation::CoResident },
        });
    }
    if moving.iter().any(|one| one.relation == BindingRelation::Lessee) {
        Ok(moving)
    } else {
        Err(complaint("请选择承租人入住的房间"))
    }
}

/// Corrects the record of a hand-over; who lives there since that day does so since the corrected one.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal once the contract has ended.
pub async fn hand_over_update(ctx: &Ctx, id: HandOverId, version: i32, form: &HandOverForm) -> Result<()> {
    ctx.require(Permission::HandOverWrite)?;
    let mut tx = ctx.begin().await?;
    let contract = sqlx::query_scalar!("select contract_id from hand_over where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let held = contract::hold(&mut tx, ContractId(contract)).await?;
    if !held.status.is_open() {
        return Err(Failure::refused("合同已结束，交房记录不能修改").into());
    }
    let record = load(&mut tx, ctx, id).await?;
    if record.version != version {
        return Err(Failure::Conflict.into());
    }
    let fields = form.check(ctx.today(), record.sign_on)?;
    // As it was checked when it was written.
    let before = HandOverForm { signed: true, ..HandOverForm::from(&record) }.check(ctx.today(), record.sign_on)?;
    let changes = fields.changes(&before);
    sqlx::query!(
        "update hand_over set handed_on = $2, keys = $3, signed_by = $4, remark = $5, updated_at = $6, updated_by = $7,
                version = version + 1 where id = $1",
        id.0,
        fields.handed_on,
        i16::from(fields.keys),
        fields.signed_by,
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from hand_over_reading where hand_over_id = $1", id.0).execute(connection(&mut tx)).await?;
    sqlx::query!("delete from hand_over_item where hand_over_id = $1", id.0).execute(connection(&mut tx)).await?;
    lines_write(&mut tx, id.0, &fields).await?;
    shown(&mut tx, ctx, id.0, (held.id, held.unit_id), &fields).await?;
    sqlx::query!(
        "update binding set from_on = $3 where contract_id = $1 and from_on = $2 and to_on is null",
        held.id,
        before.handed_on,
        fields.handed_on,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id.0, "修改", serde_json::json!(changes)).await?;
    tx.commit().await?;
    Ok(())
}

/// What the registered meters showed is where their lessee begins.
///
/// Of a home that another household gave up by a swap (R-19), what was used until then is on its account of that home, which is
/// closed when nothing is open on it.
async fn shown(
    tx: &mut Tx,
    ctx: &Ctx,
    record: i64,
    (contract, unit): (i64, i64),
    fields: &HandOverFields,
) -> Result<()> {
    let shown = Shown { unit, day: fields.handed_on, readings: &fields.readings, rolled: &[] };
    at_hand_over(tx, ctx, record, &shown).await?;
    let before = sqlx::query_scalar!(
        r#"select o.account_id as "account!" from contract n
           join contract o on o.unit_id = n.unit_id and o.status = 'RENEWED' and o.ended_on = n.start_on - 1 and o.person_id <> n.person_id
           where n.id = $1 and n.swapped order by o.id desc limit 1"#,
        contract
    )
    .fetch_optional(connection(tx))
    .await?;
    if let Some(before) = before {
        swap_readings_bill(tx, ctx, record, before).await?;
        account_close(tx, ctx, before).await?;
    }
    Ok(())
}

/// What the meters show, and what stands in the home.
async fn lines_write(tx: &mut Tx, record: i64, fields: &HandOverFields) -> Result<()> {
    let meters: Vec<&str> = fields.readings.iter().map(|(meter, _)| meter.code()).collect();
    let readings: Vec<i64> = fields.readings.iter().map(|(_, reading)| reading.0).collect();
    sqlx::query!(
        "insert into hand_over_reading (hand_over_id, meter, district_id, estate_id, reading)
         select h.id, r.meter, h.district_id, h.estate_id, r.reading
         from unnest($2::text[], $3::bigint[]) as r (meter, reading) join hand_over h on h.id = $1",
        record,
        &meters as &[&str],
        &readings,
    )
    .execute(connection(tx))
    .await?;
    let names: Vec<&str> = fields.items.iter().map(|item| item.name.as_str()).collect();
    let quantities: Vec<i32> = fields.items.iter().map(|item| item.quantity).collect();
    let states: Vec<&str> = fields.items.iter().map(|item| item.state.code()).collect();
    sqlx::query!(
        "insert into hand_over_item (hand_over_id, seq, district_id, estate_id, name, quantity, state)
         select h.id, i.seq, h.district_id, h.estate_id, i.name, i.quantity, i.state
         from unnest($2::text[], $3::int[], $4::text[]) with ordinality as i (name, quantity, state, seq)
         join hand_over h on h.id = $1",
        record,
        &names as &[&str],
        &quantities,
        &states as &[&str],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

async fn history_add(tx: &mut Tx, ctx: &Ctx, record: i64, event: &str, changes: serde_json::Value) -> Result<()> {
    sqlx::query!(
        "insert into hand_over_history (district_id, estate_id, hand_over_id, at, actor_id, event, changes)
         select district_id, estate_id, id, $2, $3, $4, $5 from hand_over where id = $1",
        record,
        ctx.now(),
        ctx.actor_id(),
        event,
        changes,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
