//! Asset master cards (E-15, S1-4.3).

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    housing::asset_change::changes_of,
    list::{SmallList, push_code, push_id},
    platform::{
        attachment::attachments_delete,
        numbering::{CITY, number_take},
    },
};
use chrono::NaiveDate;
use domain::{
    dictionary::{
        AcquireMode, AssetClass, AssetStatus, AssetUse, AttachmentOwner, DepreciationMethod, HousingCategory,
        LedgerSubject, NumberKind, Structure, TitleForm, ValueType,
    },
    failure::{Failure, FieldErrors},
    housing::{
        asset_change::AssetEvent,
        asset_depreciation::DepreciationLife,
        asset_master::{AssetChoices, AssetMaster, AssetMasterFields, AssetMasterForm, AssetMasterRow, ProjectChoice},
        asset_sheet::ASSET_MASTER_LIST,
    },
    id::{AssetMasterId, ProjectId},
    list::{ListQuery, Page},
    platform::{permission::Permission, setting::code},
    value::{Area, Money},
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    card_no: String,
    asset_name: String,
    project_id: i64,
    project: String,
    owner: String,
    acquire_mode: String,
    acquired_on: NaiveDate,
    original_fen: i64,
    accum_fen: i64,
    total_area: i64,
    units_count: i32,
    use_status: String,
    status: String,
}

impl TryFrom<Record> for AssetMasterRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: AssetMasterId(record.id),
            card_no: record.card_no,
            asset_name: record.asset_name,
            project_id: ProjectId(record.project_id),
            project: record.project,
            owner: record.owner,
            acquire_mode: stored(&record.acquire_mode, AcquireMode::from_code)?,
            acquired_on: record.acquired_on,
            original: Money::from_fen(record.original_fen),
            accumulated: Money::from_fen(record.accum_fen),
            total_area: Area::from_hundredths(record.total_area),
            units_count: record.units_count,
            use_status: stored(&record.use_status, AssetUse::from_code)?,
            status: stored(&record.status, AssetStatus::from_code)?,
        })
    }
}

/// A page of master cards in scope.
///
/// # Errors
/// Without [`Permission::AssetRead`].
pub async fn asset_master_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AssetMasterRow>> {
    ctx.require(Permission::AssetRead)?;
    let (sort, descending) = ASSET_MASTER_LIST.sort(query);
    let order = match sort {
        "asset_name" => "m.asset_name collate natural_order",
        "acquired_on" => "m.acquired_on",
        "original" => "m.original_fen",
        "total_area" => "m.total_area",
        "units_count" => "m.units_count",
        _ => "m.card_no collate natural_order",
    };
    let page = SmallList {
        columns: "m.id, m.card_no, m.asset_name, m.project_id, p.name as project, m.owner, m.acquire_mode, m.acquired_on,
                  m.original_fen, m.own_accum_fen + m.subs_accum_fen as accum_fen, m.total_area, m.units_count, m.use_status, m.status",
        from: "from asset_master m join project p on p.id = m.project_id where m.deleted_at is null",
        searched: &["m.card_no", "m.asset_name", "m.asset_code", "m.location"],
        filter: &|sql| {
            match ctx.scope() {
                Scope::City { .. } => {}
                Scope::Districts(districts) => {
                    sql.push(" and m.district_id = any(").push_bind(districts.clone()).push(")");
                }
                Scope::Estates(estates) => {
                    sql.push(" and m.project_id in (select b.project_id from building b where b.estate_id = any(");
                    sql.push_bind(estates.clone()).push("))");
                }
                Scope::Nothing => {
                    sql.push(" and false");
                }
            }
            push_id(sql, query, "district", "m.district_id");
            push_id(sql, query, "project", "m.project_id");
            push_code(sql, query, "status", "m.status");
            push_code(sql, query, "use_status", "m.use_status");
            push_code(sql, query, "acquire_mode", "m.acquire_mode");
            push_code(sql, query, "class", "m.class_code");
        },
        order,
        descending,
        tie: "m.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(AssetMasterRow::try_from)
}

/// One master card with its history.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn asset_master_get(ctx: &Ctx, id: AssetMasterId) -> Result<AssetMaster> {
    ctx.require(Permission::AssetRead)?;
    let mut tx = ctx.begin().await?;
    let card = master_load(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(card)
}

pub(super) async fn master_load(tx: &mut Tx, ctx: &Ctx, id: AssetMasterId) -> Result<AssetMaster> {
    let row = sqlx::query!(
        r#"select m.*, d.name as district, p.name as project, user_name(m.updated_by) as updated_by_name,
                  (select count(*) from asset_sub s where s.master_id = m.id and s.status = 'DRAFT' and s.deleted_at is null)
                      as "drafts!"
           from asset_master m join organization d on d.id = m.district_id join project p on p.id = m.project_id
           where m.id = $1 and m.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok(AssetMaster {
        id,
        card_no: row.card_no,
        asset_code: row.asset_code,
        asset_name: row.asset_name,
        class: stored(&row.class_code, AssetClass::from_code)?,
        category: stored(&row.category, HousingCategory::from_code)?,
        district: row.district,
        project_id: ProjectId(row.project_id),
        project: row.project,
        owner: row.owner,
        manager: row.manager,
        using_unit: row.using_unit,
        acquire_mode: stored(&row.acquire_mode, AcquireMode::from_code)?,
        acquired_on: row.acquired_on,
        booked_on: row.booked_on,
        voucher_no: row.voucher_no,
        value_type: stored(&row.value_type, ValueType::from_code)?,
        original: Money::from_fen(row.original_fen),
        fiscal_part: row.fiscal_fen.map(Money::from_fen),
        accumulated: Money::from_fen(row.own_accum_fen + row.subs_accum_fen),
        allocated: Money::from_fen(row.allocated_fen),
        sub_cards: row.sub_cards.into(),
        sub_drafts: row.drafts,
        sub_net: Money::from_fen(row.subs_booked_fen - row.subs_accum_fen),
        method: stored(&row.dep_method, DepreciationMethod::from_code)?,
        life_years: row.life_years,
        months_done: row.months_done,
        monthly: Money::from_fen(row.own_monthly_fen + row.subs_monthly_fen),
        structure: row.structure.as_deref().map(|code| stored(code, Structure::from_code)).transpose()?,
        total_area: Area::from_hundredths(row.total_area),
        units_count: row.units_count,
        land_area: row.land_area.map(Area::from_hundredths),
        land_right_type: row.land_right_type,
        title_form: row.title_form.as_deref().map(|code| stored(code, TitleForm::from_code)).transpose()?,
        cert_no: row.cert_no,
        cert_on: row.cert_on,
        location: row.location,
        use_status: stored(&row.use_status, AssetUse::from_code)?,
        rent_income_year: row.rent_income_year_fen.map(Money::from_fen),
        subject: stored(&row.ledger_subject, LedgerSubject::from_code)?,
        status: stored(&row.status, AssetStatus::from_code)?,
        disposed_on: row.disposed_on,
        remark: row.remark,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
        changes: changes_of(tx, ctx, id, None).await?,
    })
}

/// What the form offers: the projects of the scope.
///
/// # Errors
/// Without [`Permission::AssetWrite`].
pub async fn asset_choices_get(ctx: &Ctx) -> Result<AssetChoices> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let projects = sqlx::query!(
        "select p.id, p.name, p.category, p.address, w.name as owner from project p join organization w on w.id = p.owner_unit_id
         where p.deleted_at is null order by p.name collate natural_order"
    )
    .fetch_all(connection(&mut tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ProjectChoice {
            id: row.id,
            name: row.name,
            owner: row.owner,
            address: row.address,
            category: stored(&row.category, HousingCategory::from_code)?,
        })
    })
    .collect::<Result<_>>()?;
    tx.commit().await?;
    Ok(AssetChoices { projects, today: ctx.today() })
}

/// PRM-70 in force on a day: that of the district, else the city's.
pub(super) async fn life_load(tx: &mut Tx, district: Option<i64>, day: NaiveDate) -> Result<DepreciationLife> {
    let value = sqlx::query_scalar!(
        "select value from parameter where code = $1 and (district_id is null or district_id = $2) and valid_from <= $3
         order by district_id nulls last, valid_from desc limit 1",
        code::DEPRECIATION_LIFE,
        district,
        day,
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(value) = value else { return Ok(DepreciationLife::default()) };
    DepreciationLife::parse(&value).map_err(|_| Error::Broken(format!("PRM-70 is stored as {value:?}")))
}

/// The district of a project in scope, which will be the card's.
async fn project_district(tx: &mut Tx, project: ProjectId) -> Result<i64> {
    sqlx::query_scalar!("select district_id from project where id = $1 and deleted_at is null", project.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or_else(|| FieldErrors::from(("project", "项目不存在，或不在您的管辖范围内")).into())
}

/// The fields of a form, by the lives that hold where its project lies.
async fn checked(tx: &mut Tx, ctx: &Ctx, form: &AssetMasterForm) -> Result<(i64, AssetMasterFields)> {
    // Before the project is known to exist, its form must be one, by the lives below which none may go.
    let project = form.check(ctx.today(), DepreciationLife::default())?.project_id;
    let district = project_district(tx, project).await?;
    let life = life_load(tx, Some(district), ctx.today()).await?;
    Ok((district, form.check(ctx.today(), life)?))
}

/// Enters a master card as a draft. Without a number of its own it gets the next one (S1-9.10).
///
/// # Errors
/// Complaints by field.
pub async fn asset_master_create(ctx: &Ctx, form: &AssetMasterForm) -> Result<AssetMasterId> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let (district, mut fields) = checked(&mut tx, ctx, form).await?;
    let typed = !fields.card_no.is_empty();
    let id = loop {
        if !typed {
            fields.card_no = number_take(&mut tx, NumberKind::AssetMaster, CITY, ctx.today()).await?;
        }
        match master_insert(&mut tx, ctx, district, &fields).await? {
            Some(id) => break id,
            None if typed => return Err(FieldErrors::from(("card_no", "卡片编号已存在")).into()),
            // Somebody typed that very number once: the next one.
            None => {}
        }
    };
    tx.commit().await?;
    Ok(AssetMasterId(id))
}

/// Writes a draft; none when its number is another card's, in whatever district that lies.
async fn master_insert(tx: &mut Tx, ctx: &Ctx, district: i64, fields: &AssetMasterFields) -> Result<Option<i64>> {
    let id = sqlx::query_scalar!(
        "insert into asset_master (district_id, project_id, card_no, asset_code, asset_name, class_code, category, owner, manager,
                using_unit, acquire_mode, acquired_on, booked_on, value_type, original_fen, fiscal_fen, dep_method, life_years,
                months_done, own_accum_fen, structure, total_area, units_count, land_area, land_right_type, title_form, cert_no,
                cert_on, location, use_status, rent_income_year_fen, ledger_subject, remark, created_by, edited_by, updated_by,
                created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                $26, $27, $28, $29, $30, $31, $32, $33, $34, $34, $34, $35, $35)
         on conflict (card_no) where deleted_at is null do nothing returning id",
        district,
        fields.project_id.0,
        fields.card_no,
        fields.asset_code,
        fields.asset_name,
        fields.class.code(),
        fields.category.code(),
        fields.owner,
        fields.manager,
        fields.using_unit,
        fields.acquire_mode.code(),
        fields.acquired_on,
        fields.booked_on,
        fields.value_type.code(),
        fields.original.fen(),
        fields.fiscal_part.map(Money::fen),
        fields.method.code(),
        fields.life_years,
        fields.months_done,
        fields.accumulated.fen(),
        fields.structure.map(Structure::code),
        fields.total_area.hundredths(),
        fields.units_count,
        fields.land_area.map(Area::hundredths),
        fields.land_right_type,
        fields.title_form.map(TitleForm::code),
        fields.cert_no,
        fields.cert_on,
        fields.location,
        fields.use_status.code(),
        fields.rent_income_year.map(Money::fen),
        fields.subject.code(),
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(tx))
    .await
    .map_err(constraints)?;
    Ok(id)
}

/// The status of a card that nobody else changed since `version` was read; locks its row.
async fn master_lock(tx: &mut Tx, id: AssetMasterId, version: i32) -> Result<AssetStatus> {
    let row =
        sqlx::query!("select status, version from asset_master where id = $1 and deleted_at is null for update", id.0)
            .fetch_optional(connection(tx))
            .await?
            .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    stored(&row.status, AssetStatus::from_code)
}

/// Changes a draft.
///
/// # Errors
/// Complaints by field; a refusal once it was submitted; [`Failure::Conflict`].
pub async fn asset_master_update(ctx: &Ctx, id: AssetMasterId, version: i32, form: &AssetMasterForm) -> Result<()> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    master_lock(&mut tx, id, version).await?.next(AssetEvent::Edit).map_err(Failure::from)?;
    let (district, fields) = checked(&mut tx, ctx, form).await?;
    if fields.card_no.is_empty() {
        return Err(FieldErrors::from(("card_no", "不能为空")).into());
    }
    let moved = sqlx::query_scalar!(
        r#"select project_id <> $2 and sub_cards > 0 as "moved!" from asset_master where id = $1"#,
        id.0,
        fields.project_id.0
    );
    if moved.fetch_one(connection(&mut tx)).await? {
        return Err(FieldErrors::from(("project", "已有子卡片的主卡片不能改换项目，请先删除子卡片")).into());
    }
    sqlx::query!(
        "update asset_master set district_id = $2, project_id = $3, card_no = $4, asset_code = $5, asset_name = $6, class_code = $7,
                category = $8, owner = $9, manager = $10, using_unit = $11, acquire_mode = $12, acquired_on = $13, booked_on = $14,
                value_type = $15, original_fen = $16, fiscal_fen = $17, dep_method = $18, life_years = $19, months_done = $20,
                own_accum_fen = $21, structure = $22, total_area = $23, units_count = $24, land_area = $25, land_right_type = $26,
                title_form = $27, cert_no = $28, cert_on = $29, location = $30, use_status = $31, rent_income_year_fen = $32,
                ledger_subject = $33, remark = $34, edited_by = $35, updated_by = $35, updated_at = $36, version = version + 1
         where id = $1",
        id.0,
        district,
        fields.project_id.0,
        fields.card_no,
        fields.asset_code,
        fields.asset_name,
        fields.class.code(),
        fields.category.code(),
        fields.owner,
        fields.manager,
        fields.using_unit,
        fields.acquire_mode.code(),
        fields.acquired_on,
        fields.booked_on,
        fields.value_type.code(),
        fields.original.fen(),
        fields.fiscal_part.map(Money::fen),
        fields.method.code(),
        fields.life_years,
        fields.months_done,
        fields.accumulated.fen(),
        fields.structure.map(Structure::code),
        fields.total_area.hundredths(),
        fields.units_count,
        fields.land_area.map(Area::hundredths),
        fields.land_right_type,
        fields.title_form.map(TitleForm::code),
        fields.cert_no,
        fields.cert_on,
        fields.location,
        fields.use_status.code(),
        fields.rent_income_year.map(Money::fen),
        fields.subject.code(),
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(constraints)?;
    tx.commit().await?;
    Ok(())
}

/// Marks a draft as deleted (§0.5 rule 4); its sub cards go first.
///
/// # Errors
/// A refusal once it was submitted, or while it has sub cards.
pub async fn asset_master_delete(ctx: &Ctx, id: AssetMasterId, version: i32) -> Result<()> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    master_lock(&mut tx, id, version).await?.next(AssetEvent::Delete).map_err(Failure::from)?;
    let deleted = sqlx::query!(
        "update asset_master set deleted_at = $2, updated_by = $3, updated_at = $2, version = version + 1
         where id = $1 and sub_cards = 0",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if deleted.rows_affected() == 0 {
        return Err(Failure::refused("主卡片下存在子卡片，不能删除，请先删除子卡片").into());
    }
    attachments_delete(&mut tx, ctx, AttachmentOwner::AssetMaster, id.0).await?;
    tx.commit().await?;
    Ok(())
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("asset_master_card_no_key", "card_no", "卡片编号已存在"),
        ("asset_master_fiscal_check", "fiscal_part", "财政性资金不能大于账面原值"),
        ("asset_master_allocation_check", "original", "子卡片原值合计超过主卡片"),
    ])
}
