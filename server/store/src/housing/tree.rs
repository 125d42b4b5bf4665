//! The tree beside the list of units (S1-4.2): one level at a time, in natural order, within the scope.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{contains_pattern, push_scope},
};
use domain::{
    dictionary::UnitStatus,
    housing::tree::{LEVEL_MAX, StockNode, TreeItem, TreeLevel},
    id::{BuildingId, EstateId},
    list::percent_encode,
    platform::permission::Permission,
};
use sqlx::{Postgres, QueryBuilder};

/// What lies right below a node; the estates that a word names, at the root.
///
/// # Errors
/// Without [`Permission::UnitRead`].
pub async fn stock_children(ctx: &Ctx, node: &StockNode, word: &str) -> Result<TreeLevel> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let mut items = match node {
        StockNode::Root => estates(&mut tx, ctx, word.trim()).await?,
        StockNode::Estate(estate) => buildings(&mut tx, *estate).await?,
        StockNode::Building(building) => entrances(&mut tx, *building).await?,
        StockNode::Entrance(building, entrance) => units(&mut tx, *building, entrance).await?,
    };
    tx.commit().await?;
    let more = items.len() > LEVEL_MAX;
    items.truncate(LEVEL_MAX);
    Ok(TreeLevel { items, more })
}

/// One more than fits, which tells that there are more.
const WANTED: i64 = LEVEL_MAX as i64 + 1;

async fn estates(tx: &mut Tx, ctx: &Ctx, word: &str) -> Result<Vec<TreeItem>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "select e.id, e.name, coalesce((select sum(t.units) from building_tally t where t.estate_id = e.id), 0)::bigint
         from estate e where e.deleted_at is null",
    );
    push_scope(&mut sql, ctx, "e.district_id", "e.id");
    if !word.is_empty() {
        sql.push(" and e.name ilike ").push_bind(contains_pattern(word));
    }
    sql.push(" order by e.name collate natural_order, e.id limit ").push_bind(WANTED);
    let rows: Vec<(i64, String, i64)> = sql.build_query_as().fetch_all(connection(tx)).await?;
    let item = |(id, label, units)| TreeItem {
        label,
        node: Some(StockNode::Estate(EstateId(id))),
        href: format!("/housing/units?estate={id}"),
        status: None,
        units: Some(units),
    };
    Ok(rows.into_iter().map(item).collect())
}

async fn buildings(tx: &mut Tx, estate: EstateId) -> Result<Vec<TreeItem>> {
    let rows = sqlx::query!(
        r#"select b.id, b.no, coalesce((select sum(t.units) from building_tally t where t.building_id = b.id), 0)::bigint as "units!"
           from building b where b.estate_id = $1 and b.deleted_at is null order by b.no_key limit $2"#,
        estate.0,
        WANTED
    )
    .fetch_all(connection(tx))
    .await?;
    let item = |id, label, units| TreeItem {
        label,
        node: Some(StockNode::Building(BuildingId(id))),
        href: format!("/housing/units?building={id}"),
        status: None,
        units: Some(units),
    };
    Ok(rows.into_iter().map(|row| item(row.id, row.no, row.units)).collect())
}

async fn entrances(tx: &mut Tx, building: BuildingId) -> Result<Vec<TreeItem>> {
    let rows = sqlx::query!(
        r#"select entrance, count(*) as "units!" from unit where building_id = $1 and deleted_at is null
           group by entrance order by min(position_key) limit $2"#,
        building.0,
        WANTED
    )
    .fetch_all(connection(tx))
    .await?;
    let item = |entrance: String, units| TreeItem {
        label: if entrance.ends_with("单元") { entrance.clone() } else { format!("{entrance}单元") },
        href: format!("/housing/units?building={building}&entrance={}", percent_encode(&entrance)),
        node: Some(StockNode::Entrance(building, entrance)),
        status: None,
        units: Some(units),
    };
    Ok(rows.into_iter().map(|row| item(row.entrance, row.units)).collect())
}

async fn units(tx: &mut Tx, building: BuildingId, entrance: &str) -> Result<Vec<TreeItem>> {
    let rows = sqlx::query!(
        "select id, room_no, status from unit where building_id = $1 and entrance = $2 and deleted_at is null
         order by position_key limit $3",
        building.0,
        entrance,
        WANTED
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TreeItem {
                label: row.room_no,
                node: None,
                href: format!("/housing/units/{}", row.id),
                status: Some(stored(&row.status, UnitStatus::from_code)?),
                units: None,
            })
        })
        .collect()
}
