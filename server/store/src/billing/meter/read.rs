//! Meters, periods and readings as lists and pages show them.

use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        meter::{Meter, MeterNote, MeterRow, MeterShare, MeterStatus},
        meter_reading::{
            Period, PeriodRow, PeriodStatus, ReadingCharge, ReadingRecord, ReadingRow, ReadingSource, ReadingStatus,
        },
        meter_sheet::{METER_LIST, PERIOD_LIST, READING_LIST},
        run::month_parse,
    },
    dictionary::MeterType,
    failure::Failure,
    id::{AccountId, BillId, BuildingId, EstateId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::hand_over::Reading,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const METER_COLUMNS: &str = "r.id, r.meter_no, r.type, r.estate_id, e.name as estate,
     coalesce(u.address, '楼栋' || b.no, '全小区') as place, r.unit_id, r.building_id, r.share, r.multiplier, r.max_value, r.install_on,
     r.initial, (select l.closing from meter_reading l where l.meter_id = r.id and l.closing is not null
                 order by l.read_on desc, l.read_at desc, l.id desc limit 1) as last,
     (select max(l.read_on) from meter_reading l where l.meter_id = r.id) as last_on, r.smart, r.vendor_no, r.status, r.removed_on, r.remark, r.version, r.updated_at,
     user_name(r.updated_by) as updated_by";
const METER_FROM: &str = "from meter r join estate e on e.id = r.estate_id left join unit u on u.id = r.unit_id
     left join building b on b.id = r.building_id
     where true";

#[derive(sqlx::FromRow)]
struct MeterRecord {
    id: i64,
    meter_no: String,
    r#type: String,
    estate_id: i64,
    estate: String,
    place: String,
    unit_id: Option<i64>,
    building_id: Option<i64>,
    share: Option<String>,
    multiplier: i32,
    max_value: Option<i64>,
    install_on: NaiveDate,
    initial: Option<i64>,
    last: Option<i64>,
    last_on: Option<NaiveDate>,
    smart: bool,
    vendor_no: Option<String>,
    status: String,
    removed_on: Option<NaiveDate>,
    remark: Option<String>,
    version: i32,
    updated_at: DateTime<Utc>,
    updated_by: Option<String>,
}

impl TryFrom<MeterRecord> for MeterRow {
    type Error = Error;

    fn try_from(row: MeterRecord) -> Result<Self> {
        Ok(Self {
            id: row.id,
            meter_no: row.meter_no,
            meter: stored(&row.r#type, MeterType::from_code)?,
            estate_id: EstateId(row.estate_id),
            estate: row.estate,
            place: row.place,
            unit_id: row.unit_id.map(UnitId),
            building_id: row.building_id.map(BuildingId),
            share: row.share.map(|share| stored(&share, MeterShare::from_code)).transpose()?,
            multiplier: row.multiplier.into(),
            max: row.max_value.map(Reading),
            install_on: row.install_on,
            initial: row.initial.map(Reading),
            last: row.last.map(Reading),
            last_on: row.last_on,
            smart: row.smart,
            vendor_no: row.vendor_no,
            status: stored(&row.status, MeterStatus::from_code)?,
            removed_on: row.removed_on,
            remark: row.remark,
            version: row.version,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        })
    }
}

/// A page of meters in scope.
///
/// # Errors
/// Without [`Permission::MeterRead`].
pub async fn meter_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<MeterRow>> {
    ctx.require(Permission::MeterRead)?;
    let (sort, descending) = METER_LIST.sort(query);
    let page = SmallList {
        columns: METER_COLUMNS,
        from: METER_FROM,
        searched: &["r.meter_no", "e.name", "u.address", "u.code"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "meter", "r.type");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "share", "r.share");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_id(sql, query, "unit", "r.unit_id");
        },
        order: if sort == "install_on" { "r.install_on" } else { "r.meter_no" },
        descending,
        tie: "r.id",
    }
    .page::<MeterRecord>(ctx, query)
    .await?;
    page.try_map(MeterRow::try_from)
}

/// One meter with its timeline.
///
/// # Errors
/// Without [`Permission::MeterRead`]; [`Failure::NotFound`] outside the scope.
pub async fn meter_get(ctx: &Ctx, id: i64) -> Result<Meter> {
    ctx.require(Permission::MeterRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {METER_COLUMNS} {METER_FROM} and r.id = $1");
    let record: MeterRecord = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let history = sqlx::query!(
        "select at, user_name(actor_id) as actor, event, reason from meter_history where meter_id = $1 order by id desc limit 200",
        id
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let note = |at, actor, event, reason| MeterNote { at, actor, event, reason };
    let history = history.into_iter().map(|row| note(row.at, row.actor, row.event, row.reason));
    Ok(Meter { row: record.try_into()?, history: history.collect() })
}

const PERIOD_COLUMNS: &str =
    "r.id, r.estate_id, e.name as estate, r.district_id, r.type, r.month, r.from_on, r.to_on, r.status,
     (select count(*) from meter_reading l where l.period_id = r.id) as meters,
     (select count(*) from meter_reading l where l.period_id = r.id and l.status <> 'EMPTY') as read,
     (select count(*) from meter_reading l where l.period_id = r.id and l.status = 'ABNORMAL') as abnormal,
     (select coalesce(sum(c.amount_fen), 0)::bigint from meter_reading l join meter_charge c on c.reading_id = l.id
      where l.period_id = r.id and not c.taken_back) as amount,
     r.tariff, r.maker_id, user_name(r.maker_id) as maker, r.made_at, user_name(r.checker_id) as checker, r.checked_at,
     user_name(r.billed_by) as billed_by, r.billed_at, case when r.status = 'READING' then r.return_reason end as returned, r.version";
const PERIOD_FROM: &str = "from meter_period r join estate e on e.id = r.estate_id where true";

#[derive(sqlx::FromRow)]
struct PeriodRecord {
    id: i64,
    estate_id: i64,
    estate: String,
    district_id: i64,
    r#type: String,
    month: NaiveDate,
    from_on: NaiveDate,
    to_on: NaiveDate,
    status: String,
    meters: i64,
    read: i64,
    abnormal: i64,
    amount: i64,
    tariff: Option<String>,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    billed_by: Option<String>,
    billed_at: Option<DateTime<Utc>>,
    returned: Option<String>,
    version: i32,
}

impl PeriodRecord {
    fn read(self, ctx: &Ctx) -> Result<PeriodRow> {
        let status = stored(&self.status, PeriodStatus::from_code)?;
        Ok(PeriodRow {
            id: self.id,
            estate_id: EstateId(self.estate_id),
            estate: self.estate,
            meter: stored(&self.r#type, MeterType::from_code)?,
            month: self.month,
            from: self.from_on,
            to: self.to_on,
            status,
            meters: self.meters,
            read: self.read,
            abnormal: self.abnormal,
            amount: Money::from_fen(self.amount),
            tariff: self.tariff,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            billed_by: self.billed_by,
            billed_at: self.billed_at,
            returned: self.returned,
            version: self.version,
            checkable: status == PeriodStatus::Reading
                && self.maker_id != ctx.actor().id.0
                && ctx.actor().may(Permission::MeterCheck),
        })
    }
}

/// A month that a filter names; nonsense finds nothing.
fn push_month(sql: &mut QueryBuilder<Postgres>, query: &ListQuery, column: &str) {
    if let Some(text) = query.filter("month") {
        match month_parse(text) {
            Some(month) => drop(sql.push(format!(" and {column} = ")).push_bind(month)),
            None => drop(sql.push(" and false")),
        }
    }
}

/// A page of periods in scope.
///
/// # Errors
/// Without [`Permission::MeterRead`].
pub async fn meter_period_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PeriodRow>> {
    ctx.require(Permission::MeterRead)?;
    let (_, descending) = PERIOD_LIST.sort(query);
    let page = SmallList {
        columns: PERIOD_COLUMNS,
        from: PERIOD_FROM,
        searched: &["e.name"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "meter", "r.type");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_month(sql, query, "r.month");
        },
        order: "r.month",
        descending,
        tie: "r.id",
    }
    .page::<PeriodRecord>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

const READING_COLUMNS: &str = "r.id, r.period_id, r.meter_id, m.meter_no, m.type, r.source, p.month, e.name as estate,
     coalesce(u.address, '楼栋' || b.no, '全小区') as place,
     (select c.lessee_name from contract c where c.unit_id = m.unit_id and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
      order by c.id desc limit 1) as occupant,
     m.multiplier, m.max_value, r.carried, m.initial is null and r.from_on <= m.install_on as first, r.from_on, r.read_on, r.opening, r.closing,
     r.rolled, r.usage, r.tariff, r.amount_fen, r.status, r.confirm_reason,
     (select h.reason from meter_history h where h.reading_id = r.id order by h.id desc limit 1) as strange,
     coalesce(r.reader, user_name(r.reader_id)) as reader, r.version,
     (select count(*) from attachment f where f.owner = 'METER_READING' and f.owner_id = r.id and f.deleted_at is null) as photos";
const READING_FROM: &str = "from meter_reading r join meter m on m.id = r.meter_id join estate e on e.id = m.estate_id
     left join meter_period p on p.id = r.period_id left join unit u on u.id = m.unit_id left join building b on b.id = m.building_id
     where true";

#[derive(sqlx::FromRow)]
struct ReadingDb {
    id: i64,
    period_id: Option<i64>,
    meter_id: i64,
    meter_no: String,
    r#type: String,
    source: String,
    month: Option<NaiveDate>,
    estate: String,
    place: String,
    occupant: Option<String>,
    multiplier: i32,
    max_value: Option<i64>,
    carried: i64,
    first: bool,
    from_on: NaiveDate,
    read_on: Option<NaiveDate>,
    opening: Option<i64>,
    closing: Option<i64>,
    rolled: bool,
    usage: Option<i64>,
    tariff: Option<String>,
    amount_fen: Option<i64>,
    status: String,
    confirm_reason: Option<String>,
    strange: Option<String>,
    reader: Option<String>,
    version: i32,
    photos: i64,
}

impl TryFrom<ReadingDb> for ReadingRow {
    type Error = Error;

    fn try_from(row: ReadingDb) -> Result<Self> {
        let status = stored(&row.status, ReadingStatus::from_code)?;
        Ok(Self {
            id: row.id,
            period_id: row.period_id,
            meter_id: row.meter_id,
            meter_no: row.meter_no,
            meter: stored(&row.r#type, MeterType::from_code)?,
            source: stored(&row.source, ReadingSource::from_code)?,
            month: row.month,
            estate: row.estate,
            place: row.place,
            occupant: row.occupant,
            from: row.from_on,
            read_on: row.read_on,
            opening: row.opening.map(Reading),
            first: row.first,
            multiplier: row.multiplier.into(),
            max: row.max_value.map(Reading),
            carried: row.carried,
            closing: row.closing.map(Reading),
            rolled: row.rolled,
            usage: row.usage,
            tariff: row.tariff,
            amount: row.amount_fen.map(Money::from_fen),
            note: if status == ReadingStatus::Abnormal { row.strange } else { row.confirm_reason },
            status,
            reader: row.reader,
            photos: row.photos,
            version: row.version,
        })
    }
}

/// Readings on one page of a period: an estate's homes are some thousand.
const PERIOD_MAX: i64 = 5_000;

/// One period with its readings.
///
/// # Errors
/// Without [`Permission::MeterRead`]; [`Failure::NotFound`] outside the scope.
pub async fn meter_period_get(ctx: &Ctx, id: i64) -> Result<Period> {
    ctx.require(Permission::MeterRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {PERIOD_COLUMNS} {PERIOD_FROM} and r.id = $1");
    let record: PeriodRecord = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let statement = format!(
        "select {READING_COLUMNS} {READING_FROM} and r.period_id = $1
         order by b.no_key nulls last, u.code nulls last, m.meter_no limit {PERIOD_MAX}"
    );
    let readings: Vec<ReadingDb> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id).fetch_all(connection(&mut tx)).await?;
    let rule = billing_rule(&mut tx, record.district_id, ctx.today()).await?;
    tx.commit().await?;
    let row = record.read(ctx)?;
    let tariff = rule.tariff(row.meter);
    Ok(Period {
        tariff: row.tariff.clone().or_else(|| tariff.is_set().then(|| tariff.code())),
        readings: readings.into_iter().map(ReadingRow::try_from).collect::<Result<_>>()?,
        row,
    })
}

/// A page of readings in scope.
///
/// # Errors
/// Without [`Permission::MeterRead`].
pub async fn meter_reading_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ReadingRow>> {
    ctx.require(Permission::MeterRead)?;
    let (_, descending) = READING_LIST.sort(query);
    let page = SmallList {
        columns: READING_COLUMNS,
        from: READING_FROM,
        searched: &["m.meter_no", "e.name", "u.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_code(sql, query, "meter", "m.type");
            push_code(sql, query, "source", "r.source");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "meter_id", "r.meter_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_id(sql, query, "unit", "m.unit_id");
            push_month(sql, query, "p.month");
        },
        order: "r.read_on",
        descending,
        tie: "r.id",
    }
    .page::<ReadingDb>(ctx, query)
    .await?;
    page.try_map(ReadingRow::try_from)
}

/// One reading with what was charged.
///
/// # Errors
/// Without [`Permission::MeterRead`]; [`Failure::NotFound`] outside the scope.
pub async fn meter_reading_get(ctx: &Ctx, id: i64) -> Result<ReadingRecord> {
    ctx.require(Permission::MeterRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {READING_COLUMNS} {READING_FROM} and r.id = $1");
    let record: ReadingDb = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let is_last = sqlx::query_scalar!(
        r#"select not exists (select from meter_reading l where l.meter_id = r.meter_id and l.closing is not null
                              and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)) as "last!"
           from meter_reading r where r.id = $1"#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let charges = charges(&mut tx, id).await?;
    tx.commit().await?;
    Ok(ReadingRecord { row: record.try_into()?, charges, is_last })
}

async fn charges(tx: &mut Tx, reading: i64) -> Result<Vec<ReadingCharge>> {
    let rows = sqlx::query!(
        r#"select c.account_id, coalesce(k.lessee_name, '') as "lessee!", u.address, c.bill_id, b.bill_no as "bill_no?", c.amount_fen,
                  c.taken_back
           from meter_charge c join account a on a.id = c.account_id join unit u on u.id = a.unit_id
           left join bill b on b.id = c.bill_id
           left join lateral (select lessee_name from contract k where k.account_id = a.id order by k.id desc limit 1) k on true
           where c.reading_id = $1 order by c.id"#,
        reading
    )
    .fetch_all(connection(tx))
    .await?;
    let charges = rows.into_iter().map(|row| ReadingCharge {
        account_id: AccountId(row.account_id),
        lessee: row.lessee,
        address: row.address,
        bill: row.bill_id.map(BillId).zip(row.bill_no),
        amount: Money::from_fen(row.amount_fen),
        taken_back: row.taken_back,
    });
    Ok(charges.collect())
}
