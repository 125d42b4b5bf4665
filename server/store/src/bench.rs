//! What `server bench` compares the platform with: the SQL that a good engineer would write by hand for
//! the same answer, and the least work that brings the same rows into a database. Queries of the time of
//! running, because their tables exist during a benchmark only. Nothing of the running platform calls this.

pub mod arrears;
pub mod billing;
pub mod deduction;
pub mod portal;

use crate::{
    Ctx, Database, Error, Result, Scope,
    ctx::{Tx, connection},
    housing::unit::position_key,
    platform::cipher::Kind,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, FromRow, postgres::PgConnectOptions};
use std::{
    fmt::Write as _,
    str::FromStr as _,
    time::{Duration, Instant},
};

/// A page of the unit list.
#[derive(Clone, Debug)]
pub enum BarePage {
    First,
    /// the first page of the vacant ones
    Vacant,
    /// from this code on
    From(String),
}

/// A connection of the application role on which the scope is set already: what is left of a list when
/// everything but its one query is taken away. No count, no opening or closing of a transaction.
pub struct Bare {
    tx: Tx,
    districts: Vec<i64>,
    city: bool,
}

/// The columns of the list, read like the list reads them.
#[derive(FromRow)]
#[expect(dead_code, reason = "decoding is part of a query's cost; what is decoded here goes nowhere")]
struct BareRow {
    id: i64,
    code: String,
    estate_id: i64,
    estate: String,
    building_id: i64,
    address: String,
    district: String,
    mgmt_unit: String,
    category: String,
    layout: String,
    building_area: i32,
    usable_area: i32,
    status: String,
    updated_at: chrono::DateTime<chrono::Utc>,
}

const BARE_COLUMNS: &str =
    "select u.id, u.code, u.estate_id, e.name as estate, u.building_id, u.address, d.name as district,
    m.name as mgmt_unit, u.category, u.layout, u.building_area, u.usable_area, u.status, u.updated_at";
const BARE_NAMES: &str = "join estate e on e.id = u.estate_id join organization d on d.id = u.district_id
    join organization m on m.id = u.mgmt_unit_id";

impl Bare {
    /// Opens it with the eyes of this actor, who must see districts.
    ///
    /// # Errors
    /// When the database fails, or the actor sees no district.
    pub async fn open(ctx: &Ctx) -> Result<Self> {
        let (districts, city) = match ctx.scope() {
            Scope::City { districts } => (districts.clone(), true),
            Scope::Districts(districts) => (districts.clone(), false),
            Scope::Estates(_) | Scope::Nothing => {
                return Err(Error::Broken("a benchmark needs an actor with districts".into()));
            }
        };
        Ok(Self { tx: ctx.begin().await?, districts, city })
    }

    /// Fetches the first 20 rows of a page and the one that tells whether there are more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn units(&mut self, page: &BarePage) -> Result<usize> {
        let condition = match page {
            BarePage::First => "",
            BarePage::Vacant => "and u.status = 'VACANT'",
            BarePage::From(_) => "and u.code >= $2",
        };
        // The whole city is walked district by district: no index leads over all of them in order.
        let sql = if self.city {
            format!(
                "{BARE_COLUMNS} from (select u.* from unnest($1::bigint[]) as w (id) cross join lateral (
                    select * from unit u where u.district_id = w.id and u.deleted_at is null {condition} order by u.code limit 21) u
                 order by u.code limit 21) u {BARE_NAMES} order by u.code"
            )
        } else {
            format!(
                "{BARE_COLUMNS} from unit u {BARE_NAMES} where u.district_id = $1 and u.deleted_at is null {condition} order by u.code limit 21"
            )
        };
        let mut query = sqlx::query_as::<_, BareRow>(AssertSqlSafe(sql));
        query = if self.city { query.bind(&self.districts) } else { query.bind(self.districts[0]) };
        if let BarePage::From(code) = page {
            query = query.bind(code);
        }
        Ok(query.fetch_all(connection(&mut self.tx)).await?.len())
    }
}

/// The code of the unit in the middle of what the actor sees.
///
/// # Errors
/// When the database fails.
pub async fn unit_middle(ctx: &Ctx) -> Result<String> {
    let mut bare = Bare::open(ctx).await?;
    let sql = "select code from unit where district_id = any($1) and deleted_at is null order by code
               offset (select count(*) / 2 from unit where district_id = any($1) and deleted_at is null) limit 1";
    Ok(sqlx::query_scalar(sql).bind(&bare.districts).fetch_one(connection(&mut bare.tx)).await?)
}

/// How many units there are.
///
/// # Errors
/// When the database fails.
pub async fn unit_count(ctx: &Ctx) -> Result<i64> {
    let mut tx = ctx.begin().await?;
    Ok(sqlx::query_scalar("select coalesce(sum(units), 0)::bigint from district_tally")
        .fetch_one(connection(&mut tx))
        .await?)
}

/// Code and id of the district that was entered first.
///
/// # Errors
/// When there is none.
pub async fn district_first(ctx: &Ctx) -> Result<(String, i64)> {
    let mut tx = ctx.begin().await?;
    let sql = "select code, id from organization where type = 'DISTRICT' order by id limit 1";
    Ok(sqlx::query_as(sql).fetch_one(connection(&mut tx)).await?)
}

/// Leaves the database as it is some minutes after a large import: statistics are known, dead rows are
/// gone, nothing is left to be written in the background. `superuser` is the address of the cluster.
///
/// # Errors
/// When the database fails.
pub async fn settle(database: &Database, superuser: &str) -> Result<()> {
    let options = PgConnectOptions::from_str(superuser)?;
    let name = database.owner().connect_options().get_database().unwrap_or("postgres").to_owned();
    let mut connection = options.database(&name).disable_statement_logging().connect().await?;
    sqlx::query("vacuum (analyze)").execute(&mut connection).await?;
    sqlx::query("checkpoint").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Switches the operation log and row-level security of every table: without them the work that they guard is measured
/// alone. Only the owner can.
///
/// # Errors
/// When the database fails.
pub async fn protection_set(database: &Database, on: bool) -> Result<()> {
    let word = if on { "enable" } else { "disable" };
    let statements: Vec<String> = sqlx::query_scalar(
        "select format('alter table %I %s row level security', relname, $1) from pg_class
         where relnamespace = current_schema()::regnamespace and relkind = 'r' and relforcerowsecurity
         union all
         select format('alter table %s %s trigger %I', tgrelid::regclass, $1, tgname) from pg_trigger
         where not tgisinternal and tgname like 'audit\\_%'",
    )
    .bind(word)
    .fetch_all(database.owner())
    .await?;
    let mut tx = database.owner().begin().await?;
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// How long it takes to seal the numbers of so many persons and to make the digests that find them.
///
/// # Errors
/// Without keys.
pub fn sealing(database: &Database, persons: u32) -> Result<Duration> {
    let ring = database.keys()?;
    let began = Instant::now();
    for number in 0..persons {
        let values = [
            (Kind::IdNumber, format!("IDCARD:990101{number:012}")),
            (Kind::Phone, format!("199{number:08}")),
            (Kind::Address, format!("基准市基准区基准路{number}号0301室")),
        ];
        for (kind, plain) in &values {
            std::hint::black_box(ring.seal(*kind, plain));
            if *kind != Kind::Address {
                std::hint::black_box(ring.indexes(*kind, plain));
            }
        }
        // A document is found with its type and without it.
        std::hint::black_box(ring.indexes(Kind::IdNumber, &values[1].1));
    }
    Ok(began.elapsed())
}

/// The version of the server.
///
/// # Errors
/// When the database fails.
pub async fn server_version(database: &Database) -> Result<String> {
    Ok(sqlx::query_scalar("select current_setting('server_version')").fetch_one(database.owner()).await?)
}

/// The tables that an import fills with a row per unit, and the audit of its statements.
const FILLED: [&str; 4] = ["unit", "room", "unit_history", "audit_log"];

/// Makes copies `floor_…` of the tables that an import fills: the same columns, checks, indexes and rows,
/// but no triggers, policies or foreign keys. Answers the highest unit id.
///
/// # Errors
/// When the database fails.
pub async fn floor_create(database: &Database) -> Result<i64> {
    let mut tx = database.owner().begin().await?;
    // The owner too is ruled by row-level security.
    sqlx::query("select set_config('app.districts', '*', true), set_config('app.platform', 'on', true)")
        .execute(&mut *tx)
        .await?;
    for table in FILLED {
        for sql in [
            format!("drop table if exists floor_{table}"),
            format!("create table floor_{table} (like {table} including all)"),
            format!("insert into floor_{table} overriding system value select * from {table}"),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
    }
    // Units of the floor bring their ids; the other tables draw them, behind those of the copied rows.
    for table in &FILLED[1..] {
        let sql = format!(
            "select setval(pg_get_serial_sequence('floor_{table}', 'id'), (select max(id) from floor_{table}))"
        );
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    let last = sqlx::query_scalar("select coalesce(max(id), 0) from unit").fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(last)
}

/// Removes the copies.
///
/// # Errors
/// When the database fails.
pub async fn floor_drop(database: &Database) -> Result<()> {
    for table in FILLED {
        sqlx::query(AssertSqlSafe(format!("drop table if exists floor_{table}"))).execute(database.owner()).await?;
    }
    Ok(())
}

/// One unit of the floor, with what a row of the workbook says.
pub struct FloorUnit<'a> {
    pub id: i64,
    pub district: i64,
    pub estate: i64,
    pub building: i64,
    pub code: &'a str,
    pub entrance: &'a str,
    pub floor: i32,
    pub room_no: &'a str,
    pub address: &'a str,
    pub mgmt_unit: i64,
    pub category: &'a str,
    pub layout: &'a str,
    pub building_area: i32,
    pub usable_area: i32,
    pub rent_standard: Option<i64>,
    pub status: &'a str,
    pub remark: &'a str,
}

/// What the floor copies, in the text form of `copy`.
#[derive(Default)]
pub struct FloorRows {
    unit: String,
    room: String,
    history: String,
    /// the lowest id of a unit
    first: i64,
}

impl FloorRows {
    /// Adds a unit, its one room and its first line of history.
    pub fn push(&mut self, unit: &FloorUnit<'_>) {
        let FloorUnit { id, district, estate, building, code, entrance, floor, room_no, address, .. } = unit;
        let FloorUnit {
            mgmt_unit, category, layout, building_area, usable_area, rent_standard, status, remark, ..
        } = unit;
        let position = position_key(entrance, *floor, room_no);
        let rent_standard = rent_standard.map_or_else(|| "\\N".to_owned(), |id| id.to_string());
        let vacant_since = if *status == "VACANT" { "2026-01-01" } else { "\\N" };
        let remark = if remark.is_empty() { "\\N" } else { remark };
        let _ = writeln!(
            self.unit,
            "{id}\t{district}\t{estate}\t{building}\t{code}\t{entrance}\t{floor}\t{room_no}\t{position}\t{address}\t{mgmt_unit}\t\
             {category}\t{layout}\t{building_area}\t{usable_area}\t{rent_standard}\t{status}\t{vacant_since}\t{remark}\t1\t1"
        );
        let _ = writeln!(self.room, "{district}\t{estate}\t{id}\t{room_no}\tSUITE\t{building_area}\t1");
        let _ = writeln!(self.history, "{district}\t{estate}\t{id}\t1\t导入\t{status}");
        self.first = if self.first == 0 { *id } else { self.first.min(*id) };
    }
}

/// The floor of an import: one transaction, one `copy` per table, and the lines of the audit that hold each unit and room.
///
/// # Errors
/// When the database fails.
pub async fn floor_copy(database: &Database, rows: FloorRows) -> Result<()> {
    let mut tx = database.owner().begin().await?;
    let tables = [
        (
            "floor_unit (id, district_id, estate_id, building_id, code, entrance, floor, room_no, position_key, address, mgmt_unit_id,
                         category, layout, building_area, usable_area, rent_standard_id, status, vacant_since, remark, created_by, updated_by)",
            rows.unit,
        ),
        ("floor_room (district_id, estate_id, unit_id, name, type, area, created_by)", rows.room),
        ("floor_unit_history (district_id, estate_id, unit_id, actor_id, event, to_status)", rows.history),
    ];
    for (target, text) in tables {
        let mut copy = tx.copy_in_raw(&format!("copy {target} from stdin")).await?;
        copy.send(text.as_bytes()).await?;
        copy.finish().await?;
    }
    for (table, unit) in [("unit", "id"), ("room", "unit_id")] {
        let sql = format!(
            "insert into floor_audit_log (actor_id, action, object_type, rows, object_ids, after)
             select 1, 'INSERT', '{table}', count(*), array_agg(id), jsonb_agg(line)
             from (select id, to_jsonb(t) as line, (row_number() over (order by id) - 1) / audit_page_rows() as page
                   from floor_{table} t where {unit} >= $1) r
             group by page"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(rows.first).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
