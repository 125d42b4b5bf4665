//! Asset sub cards (E-16, S1-4.4).

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    housing::{asset_change::changes_of, unit::area_column},
    list::{SmallList, push_code, push_id, push_scope},
    platform::numbering::{CITY, number_take},
};
use domain::{
    dictionary::{AssetStatus, AssetUse, CountResult, LayoutType, NumberKind, UnitCondition},
    failure::{Failure, FieldErrors},
    housing::{
        asset_change::AssetEvent,
        asset_sheet::ASSET_SUB_LIST,
        asset_sub::{AssetSub, AssetSubFields, AssetSubForm, AssetSubRow},
    },
    id::{AssetMasterId, AssetSubId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Area, Money},
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    card_no: String,
    master_id: i64,
    master_no: String,
    unit_id: i64,
    unit_code: String,
    location: String,
    building_area: i32,
    original_fen: i64,
    accum_fen: i64,
    use_status: String,
    status: String,
}

impl TryFrom<Record> for AssetSubRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: AssetSubId(record.id),
            card_no: record.card_no,
            master_id: AssetMasterId(record.master_id),
            master_no: record.master_no,
            unit_id: UnitId(record.unit_id),
            unit_code: record.unit_code,
            location: record.location,
            building_area: Area::from_hundredths(record.building_area.into()),
            original: Money::from_fen(record.original_fen),
            accumulated: Money::from_fen(record.accum_fen),
            use_status: stored(&record.use_status, AssetUse::from_code)?,
            status: stored(&record.status, AssetStatus::from_code)?,
        })
    }
}

/// A page of sub cards in scope.
///
/// # Errors
/// Without [`Permission::AssetRead`].
pub async fn asset_sub_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AssetSubRow>> {
    ctx.require(Permission::AssetRead)?;
    let (sort, descending) = ASSET_SUB_LIST.sort(query);
    let order = match sort {
        "building_area" => "s.building_area",
        "original" => "s.original_fen",
        _ => "s.card_no collate natural_order",
    };
    let page = SmallList {
        columns: "s.id, s.card_no, s.master_id, m.card_no as master_no, s.unit_id, u.code as unit_code, s.location, s.building_area,
                  s.original_fen, s.accum_fen, s.use_status, s.status",
        from: "from asset_sub s join asset_master m on m.id = s.master_id join unit u on u.id = s.unit_id where s.deleted_at is null",
        searched: &["s.card_no", "s.asset_name", "s.location", "u.code"],
        filter: &|sql| {
            push_scope(sql, ctx, "s.district_id", "s.estate_id");
            push_id(sql, query, "district", "s.district_id");
            push_id(sql, query, "master", "s.master_id");
            push_id(sql, query, "estate", "s.estate_id");
            push_code(sql, query, "status", "s.status");
            push_code(sql, query, "use_status", "s.use_status");
        },
        order,
        descending,
        tie: "s.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(AssetSubRow::try_from)
}

/// One sub card with its history.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn asset_sub_get(ctx: &Ctx, id: AssetSubId) -> Result<AssetSub> {
    ctx.require(Permission::AssetRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        "select s.*, m.card_no as master_no, m.asset_name as master_name, d.name as district, u.code as unit_code,
                e.name || ' ' || u.address as unit, user_name(s.updated_by) as updated_by_name
         from asset_sub s join asset_master m on m.id = s.master_id join organization d on d.id = s.district_id
         join unit u on u.id = s.unit_id join estate e on e.id = s.estate_id
         where s.id = $1 and s.deleted_at is null",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let changes = changes_of(&mut tx, ctx, AssetMasterId(row.master_id), Some(id)).await?;
    tx.commit().await?;
    Ok(AssetSub {
        id,
        card_no: row.card_no,
        master_id: AssetMasterId(row.master_id),
        master_no: row.master_no,
        master_name: row.master_name,
        unit_id: UnitId(row.unit_id),
        unit_code: row.unit_code,
        unit: row.unit.unwrap_or_default(),
        district: row.district,
        asset_name: row.asset_name,
        location: row.location,
        building_area: Area::from_hundredths(row.building_area.into()),
        usable_area: row.usable_area.map(|area| Area::from_hundredths(area.into())),
        layout: row.layout.as_deref().map(|code| stored(code, LayoutType::from_code)).transpose()?,
        original: Money::from_fen(row.original_fen),
        accumulated: Money::from_fen(row.accum_fen),
        monthly: Money::from_fen(row.monthly_fen),
        cert_no: row.cert_no,
        acquired_on: row.acquired_on,
        used_from: row.used_from,
        use_status: stored(&row.use_status, AssetUse::from_code)?,
        condition: row.condition.as_deref().map(|code| stored(code, UnitCondition::from_code)).transpose()?,
        counted_on: row.counted_on,
        count_result: row.count_result.as_deref().map(|code| stored(code, CountResult::from_code)).transpose()?,
        status: stored(&row.status, AssetStatus::from_code)?,
        remark: row.remark,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
        changes,
    })
}

/// Where a unit lies, if it is in scope and of the master card's project.
struct Place {
    district_id: i64,
    estate_id: i64,
}

async fn unit_place(tx: &mut Tx, master: AssetMasterId, unit: UnitId) -> Result<Place> {
    let row = sqlx::query!(
        r#"select u.district_id, u.estate_id, b.project_id = m.project_id as "own!"
           from unit u join building b on b.id = u.building_id, asset_master m
           where u.id = $1 and u.deleted_at is null and m.id = $2"#,
        unit.0,
        master.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| Error::from(FieldErrors::from(("unit", "房源不存在，或不在您的管辖范围内"))))?;
    if !row.own {
        return Err(FieldErrors::from(("unit", "该房源不属于主卡片的项目")).into());
    }
    Ok(Place { district_id: row.district_id, estate_id: row.estate_id })
}

/// A master card that can take sub cards; its row is locked, so that two writers come one after the other.
async fn master_open(tx: &mut Tx, master: AssetMasterId) -> Result<()> {
    let status = sqlx::query_scalar!(
        "select status from asset_master where id = $1 and deleted_at is null for update",
        master.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let status = stored(&status, AssetStatus::from_code)?;
    if status == AssetStatus::Draft || matches!(status, AssetStatus::Registered | AssetStatus::Changed) {
        Ok(())
    } else {
        Err(Failure::refused(format!("主卡片为“{status}”，不能维护子卡片")).into())
    }
}

/// Enters a sub card as a draft. Without a number of its own it gets the next one (S1-9.10).
///
/// # Errors
/// Complaints by field: `请选择房源`, `该房源已存在资产子卡片`, `子卡片原值合计超过主卡片`.
pub async fn asset_sub_create(ctx: &Ctx, master: AssetMasterId, form: &AssetSubForm) -> Result<AssetSubId> {
    ctx.require(Permission::AssetWrite)?;
    let mut fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    master_open(&mut tx, master).await?;
    let place = unit_place(&mut tx, master, fields.unit_id).await?;
    let typed = !fields.card_no.is_empty();
    let id = loop {
        if !typed {
            fields.card_no = number_take(&mut tx, NumberKind::AssetSub, CITY, ctx.today()).await?;
        }
        match sub_insert(&mut tx, ctx, master, &place, &fields).await? {
            Some(id) => break id,
            None if typed => return Err(FieldErrors::from(("card_no", "卡片编号已存在")).into()),
            // Somebody typed that very number once: the next one.
            None => {}
        }
    };
    tx.commit().await?;
    Ok(AssetSubId(id))
}

/// Writes a draft; none when its number is another card's, in whatever district that lies.
async fn sub_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    master: AssetMasterId,
    place: &Place,
    fields: &AssetSubFields,
) -> Result<Option<i64>> {
    let id = sqlx::query_scalar!(
        "insert into asset_sub (district_id, estate_id, master_id, unit_id, card_no, asset_name, location, building_area, usable_area,
                layout, original_fen, cert_no, acquired_on, used_from, use_status, condition, remark, created_by, edited_by,
                updated_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $18, $19, $19)
         on conflict (card_no) where deleted_at is null do nothing returning id",
        place.district_id,
        place.estate_id,
        master.0,
        fields.unit_id.0,
        fields.card_no,
        fields.asset_name,
        fields.location,
        area_column(fields.building_area),
        fields.usable_area.map(area_column),
        fields.layout.map(LayoutType::code),
        fields.original.fen(),
        fields.cert_no,
        fields.acquired_on,
        fields.used_from,
        fields.use_status.code(),
        fields.condition.map(UnitCondition::code),
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(tx))
    .await
    .map_err(constraints)?;
    Ok(id)
}

/// Locks a draft for a change of it, behind its master card as every other writer does.
async fn draft_lock(tx: &mut Tx, id: AssetSubId, version: i32, event: AssetEvent) -> Result<AssetMasterId> {
    let master = sqlx::query_scalar!("select master_id from asset_sub where id = $1 and deleted_at is null", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    master_open(tx, AssetMasterId(master)).await?;
    let row =
        sqlx::query!("select status, version from asset_sub where id = $1 and deleted_at is null for update", id.0)
            .fetch_optional(connection(tx))
            .await?
            .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    stored(&row.status, AssetStatus::from_code)?.next(event).map_err(Failure::from)?;
    Ok(AssetMasterId(master))
}

/// Changes a draft.
///
/// # Errors
/// As [`asset_sub_create`]; a refusal once it was submitted; [`Failure::Conflict`].
pub async fn asset_sub_update(ctx: &Ctx, id: AssetSubId, version: i32, form: &AssetSubForm) -> Result<()> {
    ctx.require(Permission::AssetWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let master = draft_lock(&mut tx, id, version, AssetEvent::Edit).await?;
    if fields.card_no.is_empty() {
        return Err(FieldErrors::from(("card_no", "不能为空")).into());
    }
    let place = unit_place(&mut tx, master, fields.unit_id).await?;
    sub_write(&mut tx, ctx, id, &place, &fields).await?;
    tx.commit().await?;
    Ok(())
}

async fn sub_write(tx: &mut Tx, ctx: &Ctx, id: AssetSubId, place: &Place, fields: &AssetSubFields) -> Result<()> {
    sqlx::query!(
        "update asset_sub set district_id = $2, estate_id = $3, unit_id = $4, card_no = $5, asset_name = $6, location = $7,
                building_area = $8, usable_area = $9, layout = $10, original_fen = $11, cert_no = $12, acquired_on = $13,
                used_from = $14, use_status = $15, condition = $16, remark = $17, edited_by = $18, updated_by = $18,
                updated_at = $19, version = version + 1
         where id = $1",
        id.0,
        place.district_id,
        place.estate_id,
        fields.unit_id.0,
        fields.card_no,
        fields.asset_name,
        fields.location,
        area_column(fields.building_area),
        fields.usable_area.map(area_column),
        fields.layout.map(LayoutType::code),
        fields.original.fen(),
        fields.cert_no,
        fields.acquired_on,
        fields.used_from,
        fields.use_status.code(),
        fields.condition.map(UnitCondition::code),
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await
    .map_err(constraints)?;
    Ok(())
}

/// Marks a draft as deleted.
///
/// # Errors
/// A refusal once it was submitted; [`Failure::Conflict`].
pub async fn asset_sub_delete(ctx: &Ctx, id: AssetSubId, version: i32) -> Result<()> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    draft_lock(&mut tx, id, version, AssetEvent::Delete).await?;
    sqlx::query!(
        "update asset_sub set deleted_at = $2, updated_by = $3, updated_at = $2, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

pub(super) fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("asset_sub_card_no_key", "card_no", "卡片编号已存在"),
        ("asset_sub_unit_key", "unit", "该房源已存在资产子卡片"),
        ("asset_master_allocation_check", "original", "子卡片原值合计超过主卡片"),
    ])
}
