//! Hand-overs as lists, forms and pages show them.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_id},
    tenancy::binding::rooms_load,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    change::Change,
    dictionary::{ContractStatus, ItemState, MeterType, Relation},
    failure::Failure,
    id::{ContractId, HandOverId, PersonId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        hand_over::{
            HandOver, HandOverLine, HandOverOffer, HandOverRow, HandedOver, Item, Occupant, Reading, may_hand_over,
        },
        hand_over_sheet::{DONE, HAND_OVER_LIST, WAITING},
    },
};
use sqlx::{Postgres, QueryBuilder, types::Json};

const COLUMNS: &str =
    "c.id as contract_id, c.contract_no, c.lessee_name, c.unit_id, e.name as estate, u.address, c.start_on, h.id, h.handed_on,
     h.keys, h.signed_by, user_name(h.created_by) as clerk";
const FROM: &str =
    "from contract c join unit u on u.id = c.unit_id join estate e on e.id = c.estate_id left join hand_over h on h.contract_id = c.id
     where c.deleted_at is null";

#[derive(sqlx::FromRow)]
struct Record {
    contract_id: i64,
    contract_no: Option<String>,
    lessee_name: String,
    unit_id: i64,
    estate: String,
    address: String,
    start_on: NaiveDate,
    id: Option<i64>,
    handed_on: Option<NaiveDate>,
    keys: Option<i16>,
    signed_by: Option<String>,
    clerk: Option<String>,
}

impl From<Record> for HandOverRow {
    fn from(record: Record) -> Self {
        let done = match (record.id, record.handed_on, record.keys, record.signed_by) {
            (Some(id), Some(handed_on), Some(keys), Some(signed_by)) => {
                Some(HandedOver { id: HandOverId(id), handed_on, keys: keys.into(), signed_by, clerk: record.clerk })
            }
            _ => None,
        };
        Self {
            contract_id: ContractId(record.contract_id),
            contract_no: record.contract_no,
            lessee: record.lessee_name,
            unit_id: UnitId(record.unit_id),
            estate: record.estate,
            address: record.address,
            start_on: record.start_on,
            done,
        }
    }
}

/// What waits for its hand-over: a contract in force whose home nobody has moved into, or whose home another household still has
/// (R-19). (One that was taken over, or that renews another, has its people in the home already.) Of `c` the contract, `u` its
/// home.
pub(crate) fn push_waiting(sql: &mut QueryBuilder<Postgres>) {
    // By the few homes that are SIGNED and the few contracts that came by a swap: an index has each.
    sql.push(
        " and u.deleted_at is null and c.status = 'ACTIVE' and c.deleted_at is null and c.id in (
         select x.id from contract x join unit w on w.id = x.unit_id where w.status = 'SIGNED' and w.deleted_at is null
         union all select id from contract where swapped and status = 'ACTIVE')",
    );
    sql.push(" and not exists (select from hand_over w where w.contract_id = c.id)");
}

/// A page of hand-overs in scope, done or to be done.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn hand_over_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<HandOverRow>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = HAND_OVER_LIST.sort(query);
    let order = match sort {
        "lessee" => "c.lessee_name collate natural_order",
        "handed_on" => "h.handed_on",
        _ => "c.start_on",
    };
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "c.contract_no", "c.address"],
        filter: &|sql| {
            push_id(sql, query, "district", "c.district_id");
            push_id(sql, query, "estate", "c.estate_id");
            push_id(sql, query, "contract", "c.id");
            match query.filter("state") {
                Some(WAITING) => push_waiting(sql),
                Some(DONE) => drop(sql.push(" and h.id is not null")),
                _ => {
                    sql.push(" and (h.id is not null or (true");
                    push_waiting(sql);
                    sql.push("))");
                }
            }
        },
        order,
        descending,
        tie: "c.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    Ok(page.map(HandOverRow::from))
}

async fn row_load(tx: &mut Tx, condition: &'static str, id: i64) -> Result<HandOverRow> {
    let statement = format!("select {COLUMNS} {FROM} and {condition} = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(record.into())
}

/// What the form of a new hand-over shows.
///
/// # Errors
/// Without [`Permission::HandOverWrite`]; [`Failure::NotFound`] outside the scope; a refusal of a contract that is not in
/// force or was handed over.
pub async fn hand_over_offer(ctx: &Ctx, contract: ContractId) -> Result<HandOverOffer> {
    ctx.require(Permission::HandOverWrite)?;
    let mut tx = ctx.begin().await?;
    let row = row_load(&mut tx, "c.id", contract.0).await?;
    let more = sqlx::query!(
        "select c.status, case when c.swapped then c.start_on else c.sign_on end as \"sign_on!\", u.facilities from contract c join unit u on u.id = c.unit_id where c.id = $1",
        contract.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    may_hand_over(stored(&more.status, ContractStatus::from_code)?)?;
    if row.done.is_some() {
        return Err(Failure::refused(super::write::IS_DONE).into());
    }
    let offer = HandOverOffer {
        people: people_load(&mut tx, contract.0).await?,
        rooms: rooms_load(&mut tx, row.unit_id.0).await?,
        row,
        sign_on: more.sign_on,
        facilities: more.facilities,
        today: ctx.today(),
    };
    tx.commit().await?;
    Ok(offer)
}

/// The lessee, then the co-residents, as the contract names them.
pub(super) async fn people_load(tx: &mut Tx, contract: i64) -> Result<Vec<Occupant>> {
    let lessee = sqlx::query!("select person_id, lessee_name from contract where id = $1", contract)
        .fetch_one(connection(tx))
        .await?;
    let mut people =
        vec![Occupant { person_id: PersonId(lessee.person_id), name: lessee.lessee_name, relation: Relation::Oneself }];
    // Held: who is made one with another record now is named by it or by the other, and by nothing between.
    let residents = sqlx::query!(
        "select person_id, name, relation from contract_resident where contract_id = $1 order by person_id for share",
        contract
    )
    .fetch_all(connection(tx))
    .await?;
    for row in residents {
        people.push(Occupant {
            person_id: PersonId(row.person_id),
            name: row.name,
            relation: stored(&row.relation, Relation::from_code)?,
        });
    }
    Ok(people)
}

/// One hand-over.
///
/// # Errors
/// Without [`Permission::ContractRead`]; [`Failure::NotFound`] outside the scope.
pub async fn hand_over_get(ctx: &Ctx, id: HandOverId) -> Result<HandOver> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let record = load(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(record)
}

pub(super) async fn load(tx: &mut Tx, ctx: &Ctx, id: HandOverId) -> Result<HandOver> {
    let row = row_load(tx, "h.id", id.0).await?;
    let more = sqlx::query!(
        r#"select h.remark, h.version, h.created_at, h.updated_at, user_name(h.updated_by) as updated_by, c.status,
                  case when c.swapped then c.start_on else c.sign_on end as "sign_on!"
           from hand_over h join contract c on c.id = h.contract_id where h.id = $1"#,
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(HandOver {
        row,
        readings: readings(tx, id).await?,
        items: items(tx, id).await?,
        remark: more.remark,
        contract_status: stored(&more.status, ContractStatus::from_code)?,
        sign_on: more.sign_on,
        created_at: more.created_at,
        history: history(tx, id).await?,
        version: more.version,
        updated_at: more.updated_at,
        updated_by: more.updated_by,
        today: ctx.today(),
    })
}

async fn readings(tx: &mut Tx, id: HandOverId) -> Result<Vec<(MeterType, Reading)>> {
    let rows = sqlx::query!("select meter, reading from hand_over_reading where hand_over_id = $1", id.0)
        .fetch_all(connection(tx))
        .await?;
    let mut readings = rows
        .into_iter()
        .map(|row| Ok::<_, Error>((stored(&row.meter, MeterType::from_code)?, Reading(row.reading))))
        .collect::<Result<Vec<_>>>()?;
    readings.sort_by_key(|(meter, _)| *meter);
    Ok(readings)
}

async fn items(tx: &mut Tx, id: HandOverId) -> Result<Vec<Item>> {
    sqlx::query!("select name, quantity, state from hand_over_item where hand_over_id = $1 order by seq", id.0)
        .fetch_all(connection(tx))
        .await?
        .into_iter()
        .map(|row| {
            Ok(Item { name: row.name, quantity: row.quantity.into(), state: stored(&row.state, ItemState::from_code)? })
        })
        .collect()
}

async fn history(tx: &mut Tx, id: HandOverId) -> Result<Vec<HandOverLine>> {
    type Line = (DateTime<Utc>, Option<String>, String, Json<Vec<Change>>);
    let rows: Vec<Line> = sqlx::query_as(
        "select at, user_name(actor_id), event, changes from hand_over_history where hand_over_id = $1 order by id desc limit 200",
    )
    .bind(id.0)
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at, actor, event, changes)| HandOverLine { at, actor, event, changes: changes.0 })
        .collect())
}
