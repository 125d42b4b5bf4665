//! What a decision does to the cards.

use super::{Master, Sub};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    housing::{asset_master::life_load, unit::area_column},
};
use domain::{
    dictionary::AssetStatus,
    failure::Failure,
    housing::asset_change::{AssetEvent, ChangeValues},
    value::Money,
};
use sqlx::AssertSqlSafe;

/// The request that was decided, with its locked cards.
pub(super) struct Case<'a> {
    pub ctx: &'a Ctx,
    pub change: i64,
    pub master: &'a Master,
    pub sub: Option<&'a Sub>,
    /// what the card was when its disposal was asked for
    pub was: Option<AssetStatus>,
}

/// Sets the status of one card of `asset_master` or `asset_sub`.
pub(super) async fn status_set(tx: &mut Tx, ctx: &Ctx, table: &str, id: i64, status: AssetStatus) -> Result<()> {
    let statement = format!(
        "update {table} set status = $2, version = version + 1, updated_by = $3, updated_at = $4 where id = $1"
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(id)
        .bind(status.code())
        .bind(ctx.actor().id.0)
        .bind(ctx.now())
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// The months to come share what is left (§4.13); for the part of a master card without sub cards.
async fn own_monthly_set(tx: &mut Tx, master: i64) -> Result<()> {
    sqlx::query!(
        "update asset_master set own_monthly_fen = case when dep_method = 'NONE' then 0
            else asset_monthly(original_fen - subs_booked_fen, residual_rate, own_accum_fen, life_years * 12 - months_done) end
         where id = $1",
        master
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// T2: the master card, if it waits, and the sub cards that were submitted with it come into the books.
pub(super) async fn register(tx: &mut Tx, case: &Case<'_>, voucher: &str) -> Result<()> {
    let (ctx, master) = (case.ctx, case.master);
    if master.status == AssetStatus::Pending {
        let next = master.status.next(AssetEvent::Register).map_err(Failure::from)?;
        let life = life_load(tx, Some(master.district_id), ctx.today()).await?;
        let row = sqlx::query!(
            "update asset_master set status = $2, registered_by = $3, voucher_no = $4, booked_on = coalesce(booked_on, $5),
                    dep_from = date_trunc('month', coalesce(booked_on, $5))::date, residual_rate = $6, version = version + 1,
                    updated_by = $3, updated_at = $7
             where id = $1 returning dep_from, months_done, dep_method",
            master.id,
            next.code(),
            ctx.actor().id.0,
            voucher,
            ctx.today(),
            life.residual_rate,
            ctx.now(),
        )
        .fetch_one(connection(tx))
        .await?;
        // R-53: an asset is depreciated from the month of its entry; months that have run already were without it.
        let missed = sqlx::query_scalar!(
            r#"select count(*)::integer as "count!" from asset_depreciation_run
               where district_id = $1 and period >= $2 and reverses_id is null and not reversed"#,
            master.district_id,
            row.dep_from
        )
        .fetch_one(connection(tx))
        .await?;
        if row.dep_method == "STRAIGHT" && row.months_done < missed {
            return Err(Failure::refused(format!(
                "入账日期以来已有{missed}个月计提过折旧，卡片的已提折旧月数只有{}，请退回后修改入账日期或补填累计折旧",
                row.months_done
            ))
            .into());
        }
    }
    subs_register(tx, case).await?;
    own_monthly_set(tx, master.id).await
}

/// New sub cards take over their share of what the part without sub cards was depreciated: by running sums, so that
/// the shares add up exactly and nothing remains when they take all of it.
async fn subs_register(tx: &mut Tx, case: &Case<'_>) -> Result<()> {
    let master = case.master;
    let own = master.values.original.fen() - master.subs_booked;
    sqlx::query!(
        "update asset_master set own_accum_fen = own_accum_fen - floor(own_accum_fen::numeric
            * (select coalesce(sum(original_fen), 0) from asset_sub where registered_with = $2 and status = 'PENDING')
            / greatest($3::bigint, 1))::bigint
         where id = $1",
        master.id,
        case.change,
        own,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "with part as (
             select id, original_fen, sum(original_fen) over (order by id) as upto
             from asset_sub where registered_with = $2 and status = 'PENDING'),
         share as (
             select id, (floor($4::bigint::numeric * upto / greatest($3::bigint, 1))
                         - floor($4::bigint::numeric * (upto - original_fen) / greatest($3::bigint, 1)))::bigint as accum
             from part)
         update asset_sub s set status = 'REGISTERED', accum_fen = least(share.accum, s.original_fen), version = s.version + 1,
                updated_by = $5, updated_at = $6,
                monthly_fen = case when m.dep_method = 'NONE' then 0
                    else asset_monthly(s.original_fen, m.residual_rate, share.accum, m.life_years * 12 - m.months_done) end
         from share, asset_master m where s.id = share.id and m.id = $1",
        master.id,
        case.change,
        own,
        master.own_accum,
        case.ctx.actor().id.0,
        case.ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// A returned registration is a draft again.
pub(super) async fn give_back(tx: &mut Tx, case: &Case<'_>) -> Result<()> {
    if case.master.status == AssetStatus::Pending {
        let next = case.master.status.next(AssetEvent::Return).map_err(Failure::from)?;
        status_set(tx, case.ctx, "asset_master", case.master.id, next).await?;
    }
    sqlx::query!(
        "update asset_sub set status = 'DRAFT', registered_with = null, version = version + 1, updated_by = $2, updated_at = $3
         where registered_with = $1 and status = 'PENDING'",
        case.change,
        case.ctx.actor().id.0,
        case.ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// T3: the new values hold, and the months that are left share what is left.
pub(super) async fn change(tx: &mut Tx, case: &Case<'_>, after: ChangeValues) -> Result<()> {
    let before = case.sub.map_or(case.master.values, |sub| sub.values);
    if case.master.months == Some(0) && after.original != before.original {
        return Err(Failure::refused("已提足折旧的卡片不能变更原值").into());
    }
    match case.sub {
        Some(sub) => sub_change(tx, case, sub, after).await?,
        None => {
            let next = case.master.status.next(AssetEvent::Change).map_err(Failure::from)?;
            sqlx::query!(
                "update asset_master set original_fen = $2, fiscal_fen = $3, total_area = $4, use_status = $5, status = $6,
                        version = version + 1, updated_by = $7, updated_at = $8 where id = $1",
                case.master.id,
                after.original.fen(),
                after.fiscal_part.map(Money::fen),
                after.area.hundredths(),
                after.use_status.code(),
                next.code(),
                case.ctx.actor().id.0,
                case.ctx.now(),
            )
            .execute(connection(tx))
            .await?;
        }
    }
    own_monthly_set(tx, case.master.id).await
}

/// What a sub card gains in value comes out of the part without sub cards, with its share of the depreciation; what
/// it loses goes back there. The master card's value and net value stay.
async fn sub_change(tx: &mut Tx, case: &Case<'_>, sub: &Sub, after: ChangeValues) -> Result<()> {
    let master = case.master;
    let next = sub.status.next(AssetEvent::Change).map_err(Failure::from)?;
    let added = after.original.fen() - sub.values.original.fen();
    let own = master.values.original.fen() - master.subs_booked;
    let share = |accum: i64, part: i64, whole: i64| -> i64 {
        if whole <= 0 { 0 } else { (i128::from(accum) * i128::from(part) / i128::from(whole)) as i64 }
    };
    if added > own {
        return Err(Failure::refused("子卡片原值合计超过主卡片").into());
    }
    let moved = if added >= 0 {
        share(master.own_accum, added, own)
    } else {
        -share(sub.accum, -added, sub.values.original.fen())
    };
    let own_accum = master.own_accum - moved;
    // The part gives before the card takes, and takes after the card gave: no sum is ever too large.
    if moved >= 0 {
        own_accum_set(tx, master.id, own_accum).await?;
    }
    sqlx::query!(
        "update asset_sub s set original_fen = $2, building_area = $3, use_status = $4, status = $5, accum_fen = $6,
                monthly_fen = case when m.dep_method = 'NONE' then 0
                    else asset_monthly($2, m.residual_rate, $6, m.life_years * 12 - m.months_done) end,
                usable_area = case when s.usable_area <= $3 then s.usable_area end,
                version = s.version + 1, updated_by = $7, updated_at = $8
         from asset_master m where s.id = $1 and m.id = s.master_id",
        sub.id,
        after.original.fen(),
        area_column(after.area),
        after.use_status.code(),
        next.code(),
        sub.accum + moved,
        case.ctx.actor().id.0,
        case.ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    if moved < 0 {
        own_accum_set(tx, master.id, own_accum).await?;
    }
    Ok(())
}

async fn own_accum_set(tx: &mut Tx, master: i64, accum: i64) -> Result<()> {
    sqlx::query!("update asset_master set own_accum_fen = $2 where id = $1", master, accum)
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// Whether a card may be disposed of: its units are VACANT or OFFSHELF, and nothing about its sub cards is open.
pub(super) async fn disposal_check(tx: &mut Tx, master: i64, sub: Option<i64>) -> Result<()> {
    // The units stay as they are until the decision is written.
    let units = sqlx::query!(
        "select u.status from asset_sub s join unit u on u.id = s.unit_id
         where s.master_id = $1 and ($2::bigint is null or s.id = $2) and s.status <> 'DISPOSED' and s.deleted_at is null
         for share of u",
        master,
        sub
    )
    .fetch_all(connection(tx))
    .await?;
    let used = units.iter().filter(|unit| !matches!(unit.status.as_str(), "VACANT" | "OFFSHELF")).count();
    if used > 0 {
        return Err(Failure::refused(format!("有{used}套房源未空置或注销，不能处置")).into());
    }
    if sub.is_none() {
        let open = sqlx::query_scalar!(
            r#"select count(*) as "count!" from asset_sub where master_id = $1 and deleted_at is null
               and (status in ('DRAFT', 'PENDING', 'DISPOSAL_PENDING')
                    or exists (select from asset_change c where c.sub_id = asset_sub.id and c.state = 'PENDING'))"#,
            master
        )
        .fetch_one(connection(tx))
        .await?;
        if open > 0 {
            return Err(Failure::refused(format!("有{open}张子卡片未登记或有待审核事项，请先办结")).into());
        }
    }
    Ok(())
}

/// T4: the card leaves the books today (it is depreciated for the last time this month), or stays what it was.
pub(super) async fn dispose(tx: &mut Tx, case: &Case<'_>, approve: bool) -> Result<()> {
    let (ctx, master) = (case.ctx, case.master);
    let event = match (approve, case.was) {
        (true, _) => AssetEvent::Dispose,
        (false, Some(AssetStatus::Changed)) => AssetEvent::RefuseDisposalOfChanged,
        (false, _) => AssetEvent::RefuseDisposal,
    };
    let status = case.sub.map_or(master.status, |sub| sub.status).next(event).map_err(Failure::from)?;
    let (table, id) = case.sub.map_or(("asset_master", master.id), |sub| ("asset_sub", sub.id));
    if !approve {
        return status_set(tx, ctx, table, id, status).await;
    }
    disposal_check_open(tx, case).await?;
    if let Some(sub) = case.sub {
        sqlx::query!(
            "update asset_sub set status = 'DISPOSED', disposed_on = $2, left_master = true, version = version + 1, updated_by = $3,
                    updated_at = $4 where id = $1",
            sub.id,
            ctx.today(),
            ctx.actor().id.0,
            ctx.now(),
        )
        .execute(connection(tx))
        .await?;
        // Value, area and count of the master card go down by those of the card that left.
        sqlx::query!(
            "update asset_master set original_fen = original_fen - $2, fiscal_fen = least(fiscal_fen, original_fen - $2),
                    total_area = greatest(total_area - $3, 0), units_count = greatest(units_count - 1, 0), status = 'CHANGED',
                    version = version + 1, updated_by = $4, updated_at = $5 where id = $1",
            master.id,
            sub.values.original.fen(),
            sub.values.area.hundredths(),
            ctx.actor().id.0,
            ctx.now(),
        )
        .execute(connection(tx))
        .await?;
        return Ok(());
    }
    sqlx::query!(
        "update asset_sub set status = 'DISPOSED', disposed_on = $2, version = version + 1, updated_by = $3, updated_at = $4
         where master_id = $1 and status in ('REGISTERED', 'CHANGED')",
        master.id,
        ctx.today(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update asset_master set status = 'DISPOSED', disposed_on = $2, version = version + 1, updated_by = $3, updated_at = $4
         where id = $1",
        master.id,
        ctx.today(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Between request and decision somebody may have moved in.
async fn disposal_check_open(tx: &mut Tx, case: &Case<'_>) -> Result<()> {
    disposal_check(tx, case.master.id, case.sub.map(|sub| sub.id)).await
}
