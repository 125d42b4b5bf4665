//! How units stand with their rent (缴费四色, domain.md §1.3, S0-6): what the boards of an estate and a building colour by,
//! and what the map adds up. Sums come from the kept counters, read in one statement with those of the stock: a unit that is
//! let meanwhile is in both or in neither.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    dictionary::{ArrearsLevel, HousingCategory, PayColor, UnitStatus},
    failure::Failure,
    id::{BuildingId, EstateId, UnitId},
    insight::{
        StatusCounts,
        pay::{PayCounts, UnitHousehold, UnitPay},
    },
    person::masked_name,
    platform::permission::Permission,
    value::Money,
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::HashMap;

/// The units of a building by payment colour. Who lives there and what they owe is for who may see bills.
///
/// # Errors
/// Without [`Permission::BuildingRead`]; [`Failure::NotFound`] outside the scope.
pub async fn building_pay_get(ctx: &Ctx, id: BuildingId) -> Result<Vec<UnitPay>> {
    ctx.require(Permission::BuildingRead)?;
    let mut tx = ctx.begin().await?;
    sqlx::query_scalar!("select 1 from building where id = $1 and deleted_at is null", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let rows = sqlx::query!(
        r#"select u.id, u.status, r.level as "level?", r.periods as "periods?", r.amount_fen as "amount_fen?",
                  coalesce(c.lessee_name, '') as "lessee!"
           from unit u left join arrears r on r.unit_id = u.id and r.shown
           left join lateral (
               select lessee_name from contract c where $2 and c.account_id = r.account_id order by c.id desc limit 1) c on true
           where u.building_id = $1 and u.deleted_at is null order by u.position_key"#,
        id.0,
        ctx.actor().may(Permission::BillRead),
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let told = ctx.actor().may(Permission::BillRead);
    rows.into_iter()
        .map(|row| {
            let level = row.level.as_deref().map(|code| stored(code, ArrearsLevel::from_code)).transpose()?;
            let rented = stored(&row.status, UnitStatus::from_code)?.is_rented();
            Ok(UnitPay {
                id: UnitId(row.id),
                color: level.map_or(PayColor::Grey, ArrearsLevel::color),
                booked: level.is_some() || !rented,
                household: level.filter(|_| told).map(|_| UnitHousehold {
                    lessee: masked_name(&row.lessee),
                    periods: row.periods.unwrap_or_default().into(),
                    amount: Money::from_fen(row.amount_fen.unwrap_or_default()),
                }),
            })
        })
        .collect()
}

/// The buildings of an estate by payment colour.
///
/// # Errors
/// Without [`Permission::BuildingRead`].
pub async fn estate_pay_get(ctx: &Ctx, id: EstateId) -> Result<Vec<(BuildingId, PayCounts)>> {
    ctx.require(Permission::BuildingRead)?;
    let mut tx = ctx.begin().await?;
    let places = Places { by: "building_id", within: Some(("estate_id", &[id.0])) };
    let counted = places_counted(&mut tx, places, None, true).await?;
    tx.commit().await?;
    let pay = |(building, (_, pay)): (i64, (StatusCounts, Option<PayCounts>))| Some((BuildingId(building), pay?));
    Ok(counted.into_iter().filter_map(pay).collect())
}

/// Units of a place by status, or accounts that colour a unit there by level.
#[derive(FromRow)]
struct Tally {
    id: i64,
    status: Option<String>,
    level: Option<String>,
    units: i64,
}

/// By place: units by status and, where it was asked for, by payment colour.
pub(super) type Counted = HashMap<i64, (StatusCounts, Option<PayCounts>)>;

/// Which places are counted: one for each value of a column, of all rows or of those with these values in another.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub by: &'static str,
    pub within: Option<(&'static str, &'a [i64])>,
}

/// Adds the counters up by place, of one category or of all.
pub(super) async fn places_counted(
    tx: &mut Tx,
    places: Places<'_>,
    category: Option<HousingCategory>,
    pay: bool,
) -> Result<Counted> {
    let mut sql = QueryBuilder::<Postgres>::new("");
    let narrow = |sql: &mut QueryBuilder<Postgres>| {
        if let Some((column, ids)) = places.within {
            sql.push(format!(" and {column} = any(")).push_bind(ids.to_vec()).push(")");
        }
        if let Some(category) = category {
            sql.push(" and category = ").push_bind(category.code());
        }
    };
    sql.push(format!(
        "select {} as id, status, null::text as level, sum(units)::bigint as units from building_tally where units > 0",
        places.by
    ));
    narrow(&mut sql);
    sql.push(" group by 1, 2");
    if pay {
        sql.push(format!(
            " union all select {}, null, level, sum(accounts)::bigint from building_arrears_tally where shown and accounts > 0",
            places.by
        ));
        narrow(&mut sql);
        sql.push(" group by 1, 3");
    }
    counted(sql.build_query_as().fetch_all(connection(tx)).await?, pay)
}

fn counted(tallies: Vec<Tally>, pay: bool) -> Result<Counted> {
    let mut found: HashMap<i64, (StatusCounts, Vec<(ArrearsLevel, i64)>)> = HashMap::new();
    for tally in tallies {
        let (stock, booked) = found.entry(tally.id).or_default();
        if let Some(status) = &tally.status {
            stock.add(stored(status, UnitStatus::from_code)?, tally.units);
        }
        if let Some(level) = &tally.level {
            booked.push((stored(level, ArrearsLevel::from_code)?, tally.units));
        }
    }
    let place = |(id, (stock, booked))| (id, (stock, pay.then(|| PayCounts::of_stock(&stock, booked))));
    Ok(found.into_iter().map(place).collect())
}
