//! 到期处置 (C8, R-26, R-74): entered for a contract that has expired, agreed to by another, and then charged; and days of it that
//! are taken back before they are over, whose bills are taken back too.

use super::{Held, history_add, hold, terms::billed_read_one};
use crate::{
    Ctx, Error, Result,
    billing::{post, rents_end, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    dictionary::ContractStatus,
    failure::Failure,
    id::{ContractId, StayId},
    platform::permission::Permission,
    tenancy::stay::{
        RENEWAL_IS_COMING, STAY_IS_OPEN, ServedWay, Stay, StayEnd, StayForm, StayKind, StayOffer, StayStatus, StayTerm,
        may_stay,
    },
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

/// What the form shows.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; [`Failure::NotFound`] outside the scope; a refusal of a contract that has not expired,
/// and while a renewal, or another of these, is under way.
pub async fn contract_stay_offer(ctx: &Ctx, id: ContractId) -> Result<StayOffer> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    ready(&mut tx, held.id, held.status).await?;
    require_settled(&mut tx, held.id).await?;
    let row = sqlx::query!(
        r#"select c.contract_no, c.lessee_name, e.name || ' ' || c.address as "place!"
           from contract c join estate e on e.id = c.estate_id where c.id = $1"#,
        held.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let offer = StayOffer {
        contract_id: id,
        contract_no: row.contract_no,
        lessee: row.lessee_name,
        place: row.place,
        term: term(&mut tx, ctx, held.id, held.district_id).await?,
        end: end(&mut tx, held.id).await?,
        version: held.version,
    };
    tx.commit().await?;
    Ok(offer)
}

/// Whether one can be entered, or agreed to.
async fn ready(tx: &mut Tx, contract: i64, status: ContractStatus) -> Result<()> {
    may_stay(status)?;
    if renewal_is_coming(tx, contract).await? {
        return Err(Failure::refused(RENEWAL_IS_COMING).into());
    }
    Ok(())
}

async fn renewal_is_coming(tx: &mut Tx, contract: i64) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from contract where prev_contract_id = $1 and deleted_at is null
                          and status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED')) as "coming!""#,
        contract
    )
    .fetch_one(connection(tx))
    .await?)
}

/// Whether none waits for its approval: neither another of these nor a renewal is entered before.
///
/// # Errors
/// [`STAY_IS_OPEN`].
pub(super) async fn require_settled(tx: &mut Tx, contract: i64) -> Result<()> {
    let open = sqlx::query_scalar!(
        r#"select exists (select from contract_stay where contract_id = $1 and status = 'PENDING') as "open!""#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    if open { Err(Failure::refused(STAY_IS_OPEN).into()) } else { Ok(()) }
}

/// Which of the two comes next, from which day on, and what it costs.
async fn term(tx: &mut Tx, ctx: &Ctx, contract: i64, district: i64) -> Result<StayTerm> {
    let last = sqlx::query_scalar!(
        "select kind from contract_stay where contract_id = $1 and status = 'APPROVED' and kind <> 'END' order by from_on desc limit 1",
        contract
    )
    .fetch_optional(connection(tx))
    .await?;
    let last = last.map(|code| stored(&code, StayKind::from_code)).transpose()?;
    // What the market asks for the home itself, else what its standard says of the same.
    let row = sqlx::query!(
        r#"select c.end_on, greatest(c.end_on, c.stay_to) + 1 as "from!",
                  contract_rent_on(c.id, greatest(c.end_on, c.stay_to) + 1, c.monthly_rent_fen) as "rent!",
                  coalesce(u.market_rent_fen, round(s.market_rate::numeric * c.rent_area / 10000)::bigint) as market
           from contract c join unit u on u.id = c.unit_id left join rent_standard s on s.id = u.rent_standard_id where c.id = $1"#,
        contract
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(StayTerm {
        kind: StayKind::after(last),
        end_on: row.end_on,
        from: row.from,
        relocation_months: billing_rule(tx, district, ctx.today()).await?.relocation_months,
        rent: Money::from_fen(row.rent),
        market: row.market.map(Money::from_fen),
        today: ctx.today(),
    })
}

/// The days that can be taken back; none: none were agreed to.
async fn end(tx: &mut Tx, contract: i64) -> Result<Option<StayEnd>> {
    let row =
        sqlx::query!("select end_on, stay_to from contract where id = $1", contract).fetch_one(connection(tx)).await?;
    Ok(row.stay_to.map(|to| StayEnd { end_on: row.end_on, to }))
}

/// Enters what comes next for a household whose contract has expired, or that days of it are taken back; another agrees to it.
///
/// # Errors
/// As [`contract_stay_offer`]; complaints by field; [`Failure::Conflict`].
pub async fn contract_stay_create(ctx: &Ctx, id: ContractId, version: i32, form: &StayForm) -> Result<StayId> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    ready(&mut tx, held.id, held.status).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    require_settled(&mut tx, held.id).await?;
    let term = term(&mut tx, ctx, held.id, held.district_id).await?;
    let fields = form.check(term, end(&mut tx, held.id).await?)?;
    let (served_on, way, number) = match fields.served {
        Some((day, way, number)) => (Some(day), Some(way.code()), Some(number)),
        None => (None, None, None),
    };
    let stay = sqlx::query_scalar!(
        "insert into contract_stay (district_id, estate_id, contract_id, kind, from_on, to_on, rent_fen, market_rent_fen, served_on,
                                    served_way, doc_no, no_home, reason, maker_id, made_at)
         select district_id, estate_id, id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 from contract where id = $1
         returning id",
        held.id,
        fields.kind.code(),
        fields.from,
        fields.to,
        term.rent.fen(),
        fields.market.map(Money::fen),
        served_on,
        way,
        number,
        fields.kind == StayKind::Market,
        fields.reason,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| match error {
        sqlx::Error::Database(taken) if taken.constraint() == Some("contract_stay_open_key") => {
            Failure::refused(STAY_IS_OPEN).into()
        }
        error => Error::from(error),
    })?;
    let told = format!("{}：{}", said(fields.kind, fields.from, fields.to), fields.reason);
    history_add(&mut tx, ctx, held.id, "申请到期处置", (Some(held.status), held.status), Some(&told)).await?;
    touched(&mut tx, ctx, held.id).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(StayId(stay))
}

/// What it grants, or which days it takes back, in a line of the timeline.
fn said(kind: StayKind, from: NaiveDate, to: NaiveDate) -> String {
    match kind {
        StayKind::End => format!("{kind}，计费至{}（原截止{to}）", from.pred_opt().unwrap_or(from)),
        StayKind::Relocation | StayKind::Market => format!("{kind}至{to}"),
    }
}

/// The contract was written about.
async fn touched(tx: &mut Tx, ctx: &Ctx, contract: i64) -> Result<()> {
    sqlx::query!(
        "update contract set updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        contract,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Agrees to what another entered, or refuses it. Agreed to, the months since the end of the contract are charged at once, and what
/// was charged of days that are taken back is taken back.
///
/// # Errors
/// Without [`Permission::ContractCheck`]; [`Failure::Conflict`]; a refusal of one's own, of what was decided, of a contract that has
/// gone another way meanwhile, while the bank is asked for a bill that is to be taken back, and when the month is closed; a missing
/// opinion when it is refused.
pub async fn contract_stay_decide(
    ctx: &Ctx,
    id: StayId,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<StayStatus> {
    ctx.require(Permission::ContractCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let (held, stay) = waiting(&mut tx, id).await?;
    if stay.version != version {
        return Err(Failure::Conflict.into());
    }
    if stay.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人申请的到期处置").into());
    }
    let next = stay.status.next(approve)?;
    if approve {
        ready(&mut tx, held.id, held.status).await?;
        if !still(&mut tx, ctx, &held, &stay).await? {
            return Err(Failure::refused("租金或起止日期已变化，请驳回后重新申请").into());
        }
    }
    sqlx::query!(
        "update contract_stay set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        id.0,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    touched(&mut tx, ctx, held.id).await?;
    let label = if approve { "同意到期处置" } else { "驳回到期处置" };
    let mut told = said(stay.kind, stay.from, stay.to);
    if let Some(opinion) = &opinion {
        told = format!("{told}：{opinion}");
    }
    history_add(&mut tx, ctx, held.id, label, (Some(held.status), held.status), Some(&told)).await?;
    if approve {
        take_effect(&mut tx, ctx, &held, (id, &stay)).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// What was entered and is to be decided about.
struct Entered {
    kind: StayKind,
    from: NaiveDate,
    to: NaiveDate,
    rent: Money,
    market: Option<Money>,
    status: StayStatus,
    maker_id: i64,
    version: i32,
}

/// Locks it behind its contract.
async fn waiting(tx: &mut Tx, id: StayId) -> Result<(Held, Entered)> {
    let contract = sqlx::query_scalar!("select contract_id from contract_stay where id = $1", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let held = hold(tx, ContractId(contract)).await?;
    let row = sqlx::query!(
        "select kind, from_on, to_on, rent_fen, market_rent_fen, status, maker_id, version from contract_stay where id = $1 for update",
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    let stay = Entered {
        kind: stored(&row.kind, StayKind::from_code)?,
        from: row.from_on,
        to: row.to_on,
        rent: Money::from_fen(row.rent_fen),
        market: row.market_rent_fen.map(Money::from_fen),
        status: stored(&row.status, StayStatus::from_code)?,
        maker_id: row.maker_id,
        version: row.version,
    };
    Ok((held, stay))
}

/// Whether what was entered is still what would be entered now.
async fn still(tx: &mut Tx, ctx: &Ctx, held: &Held, stay: &Entered) -> Result<bool> {
    if stay.kind == StayKind::End {
        return Ok(end(tx, held.id).await?.is_some_and(|end| end.to == stay.to && end.end_on < stay.from));
    }
    let now = term(tx, ctx, held.id, held.district_id).await?;
    let same = (now.kind, now.from, now.rent) == (stay.kind, stay.from, stay.rent);
    Ok(same && (stay.kind == StayKind::Relocation || now.market == stay.market))
}

/// Until when somebody may stay; none: not at all.
async fn stay_to_set(tx: &mut Tx, contract: i64, day: Option<NaiveDate>) -> Result<()> {
    sqlx::query!("update contract set stay_to = $2 where id = $1", contract, day).execute(connection(tx)).await?;
    Ok(())
}

/// What was agreed to holds, or does not any more.
async fn take_effect(tx: &mut Tx, ctx: &Ctx, held: &Held, (id, stay): (StayId, &Entered)) -> Result<()> {
    if stay.kind == StayKind::End {
        return take_back(tx, ctx, held, (id, stay.from)).await;
    }
    stay_to_set(tx, held.id, Some(stay.to)).await?;
    charge(tx, ctx, (held.id, held.district_id), stay.from).await
}

/// From a day on nothing is granted any more: the plan ends before it, and what was charged from then on is taken back.
async fn take_back(tx: &mut Tx, ctx: &Ctx, held: &Held, (id, from): (StayId, NaiveDate)) -> Result<()> {
    let last_on = from.pred_opt().unwrap_or(from);
    sqlx::query!(
        "update contract_stay set status = 'WITHDRAWN', version = version + 1
         where contract_id = $1 and status = 'APPROVED' and kind <> 'END' and from_on >= $2",
        held.id,
        from
    )
    .execute(connection(tx))
    .await?;
    let left = end(tx, held.id).await?.is_some_and(|end| end.end_on < last_on);
    stay_to_set(tx, held.id, left.then_some(last_on)).await?;
    rents_end(tx, ctx, held.id, last_on, ("到期处置提前终止", &format!("stay end {id}"))).await
}

/// Charges what has begun since a day: nobody is late with what he was not asked for.
async fn charge(tx: &mut Tx, ctx: &Ctx, (contract, district): (i64, i64), from: NaiveDate) -> Result<()> {
    let rule = billing_rule(tx, district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (contract, _) = billed_read_one(tx, contract).await?;
    let mut missed = charges_until(&contract, ctx.today(), &rule, &calendar);
    missed.retain(|charge| charge.bill.from >= from);
    for charge in &mut missed {
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
    }
    post(tx, ctx, &missed, None, ctx.today()).await?;
    Ok(())
}

/// Those of a contract, the last first.
pub(super) async fn stays(tx: &mut Tx, ctx: &Ctx, contract: i64) -> Result<Vec<Stay>> {
    let me = ctx.actor_id();
    let checks = ctx.actor().may(Permission::ContractCheck);
    sqlx::query!(
        r#"select s.id, kind, from_on, rent_fen, market_rent_fen, served_on, served_way, doc_no, reason, status, maker_id,
                  user_name(maker_id) as maker, made_at, user_name(checker_id) as checker, checked_at, opinion, version,
                  -- Without the days that were taken back since.
                  case when kind = 'END' or s.status <> 'APPROVED' then to_on else least(to_on, e.last_on) end as "to_on!"
           from contract_stay s left join lateral (
               select min(x.from_on) - 1 as last_on from contract_stay x
               where x.contract_id = s.contract_id and x.kind = 'END' and x.status = 'APPROVED' and x.id > s.id
                   and x.from_on > s.from_on) e on true
           where s.contract_id = $1 order by s.id desc limit 100"#,
        contract
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        let status = stored(&row.status, StayStatus::from_code)?;
        let way = row.served_way.as_deref().map(|code| stored(code, ServedWay::from_code)).transpose()?;
        Ok(Stay {
            id: StayId(row.id),
            kind: stored(&row.kind, StayKind::from_code)?,
            from: row.from_on,
            to: row.to_on,
            rent: Money::from_fen(row.rent_fen),
            market: row.market_rent_fen.map(Money::from_fen),
            served: row.served_on.zip(way).zip(row.doc_no).map(|((day, way), number)| (day, way, number)),
            reason: row.reason,
            decidable: status == StayStatus::Pending && checks && me != Some(row.maker_id),
            status,
            maker: row.maker,
            made_at: row.made_at,
            checker: row.checker,
            checked_at: row.checked_at,
            opinion: row.opinion,
            version: row.version,
        })
    })
    .collect()
}

/// Adds that the contract `c` has expired, and nobody has said what becomes of its household (R-74): of the reminder and the list
/// behind it.
pub(crate) fn push_overdue(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and c.status = 'EXPIRED' and coalesce(c.stay_to < ").push_bind(ctx.today()).push(", true)");
    sql.push(
        " and not exists (select from contract_stay y where y.contract_id = c.id and y.status = 'PENDING')
         and not exists (select from contract n where n.prev_contract_id = c.id and n.deleted_at is null
                         and n.status in ('DRAFT', 'PENDING', 'APPROVED_SYNCING', 'SYNC_FAILED'))",
    );
}

/// Adds that what becomes of the household of `c` waits for the actor's approval: of the reminder and the list behind it.
pub(crate) fn push_stay_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and c.status = 'EXPIRED' and ").push_bind(ctx.actor().may(Permission::ContractCheck));
    sql.push(" and exists (select from contract_stay y where y.contract_id = c.id and y.status = 'PENDING' and y.maker_id <> ");
    sql.push_bind(ctx.actor().id.0).push(")");
}
