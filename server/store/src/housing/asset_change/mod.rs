//! Requests about asset cards and their decisions (domain.md §3.19 T1–T4): asked for by one person, decided by another.
//!
//! Whoever writes takes the row of the master card first; so two requests about one master card come one after the other.

mod apply;
mod list;

pub use list::asset_change_list;
pub(super) use list::changes_of;
pub(crate) use list::{push_change_scope, push_turn};

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::message::message_send,
};
use domain::{
    dictionary::{AssetStatus, AssetUse},
    failure::{Failure, FieldErrors},
    housing::asset_change::{
        AssetChangeFields, AssetChangeForm, AssetDecisionForm, AssetEvent, ChangeKind, ChangeState, ChangeValues,
    },
    id::{AssetChangeId, AssetMasterId, AssetSubId},
    platform::{message::Notice, permission::Permission},
    value::{Area, Money},
};
use sqlx::types::Json;

/// A master card whose row is locked.
struct Master {
    id: i64,
    district_id: i64,
    status: AssetStatus,
    version: i32,
    values: ChangeValues,
    allocated: i64,
    subs_booked: i64,
    own_accum: i64,
    /// months that are left, if it is depreciated at all
    months: Option<i32>,
}

async fn master_lock(tx: &mut Tx, id: AssetMasterId) -> Result<Master> {
    let row = sqlx::query!("select * from asset_master where id = $1 and deleted_at is null for update", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(Master {
        id: row.id,
        district_id: row.district_id,
        status: stored(&row.status, AssetStatus::from_code)?,
        version: row.version,
        values: ChangeValues {
            original: Money::from_fen(row.original_fen),
            fiscal_part: row.fiscal_fen.map(Money::from_fen),
            area: Area::from_hundredths(row.total_area),
            use_status: stored(&row.use_status, AssetUse::from_code)?,
        },
        allocated: row.allocated_fen,
        subs_booked: row.subs_booked_fen,
        own_accum: row.own_accum_fen,
        months: (row.dep_method == "STRAIGHT").then_some(row.life_years * 12 - row.months_done),
    })
}

/// A sub card whose row is locked, behind that of its master card.
struct Sub {
    id: i64,
    estate_id: i64,
    status: AssetStatus,
    version: i32,
    values: ChangeValues,
    accum: i64,
}

async fn sub_lock(tx: &mut Tx, id: AssetSubId) -> Result<(Master, Sub)> {
    let master = sqlx::query_scalar!("select master_id from asset_sub where id = $1 and deleted_at is null", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let master = master_lock(tx, AssetMasterId(master)).await?;
    let row = sqlx::query!("select * from asset_sub where id = $1 for update", id.0).fetch_one(connection(tx)).await?;
    let sub = Sub {
        id: row.id,
        estate_id: row.estate_id,
        status: stored(&row.status, AssetStatus::from_code)?,
        version: row.version,
        values: ChangeValues {
            original: Money::from_fen(row.original_fen),
            fiscal_part: None,
            area: Area::from_hundredths(row.building_area.into()),
            use_status: stored(&row.use_status, AssetUse::from_code)?,
        },
        accum: row.accum_fen,
    };
    Ok((master, sub))
}

/// Submits a draft with its draft sub cards, or the new sub cards of a registered master card (T1).
///
/// # Errors
/// A refusal when there is nothing to submit or something waits already; [`Failure::Conflict`].
pub async fn asset_submit(ctx: &Ctx, id: AssetMasterId, version: i32) -> Result<AssetChangeId> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let master = master_lock(&mut tx, id).await?;
    if master.version != version {
        return Err(Failure::Conflict.into());
    }
    let drafts = sqlx::query!(
        r#"select count(*) as "count!", coalesce(array_agg(distinct a.id) filter (where a.id is not null), '{}') as "authors!"
           from asset_sub s cross join lateral (values (s.created_by), (s.edited_by)) a (id)
           where s.master_id = $1 and s.status = 'DRAFT' and s.deleted_at is null"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let mut authors = drafts.authors;
    match master.status {
        AssetStatus::Registered | AssetStatus::Changed if drafts.count > 0 => {}
        AssetStatus::Registered | AssetStatus::Changed => {
            return Err(Failure::refused("没有待提交的子卡片，请先新增子卡片").into());
        }
        status => {
            let next = status.next(AssetEvent::Submit).map_err(Failure::from)?;
            let own = sqlx::query!(
                "update asset_master set status = $2, version = version + 1, updated_by = $3, updated_at = $4 where id = $1
                 returning created_by, edited_by",
                id.0,
                next.code(),
                ctx.actor().id.0,
                ctx.now(),
            )
            .fetch_one(connection(&mut tx))
            .await?;
            authors.extend([own.created_by, own.edited_by].into_iter().flatten());
        }
    }
    authors.sort_unstable();
    authors.dedup();
    let change = change_insert(&mut tx, ctx, &master, None, ChangeKind::Register, None, &authors).await?;
    sqlx::query!(
        "update asset_sub set status = 'PENDING', registered_with = $2, version = version + 1, updated_by = $3, updated_at = $4
         where master_id = $1 and status = 'DRAFT' and deleted_at is null",
        id.0,
        change.0,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(change)
}

async fn change_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    master: &Master,
    sub: Option<&Sub>,
    kind: ChangeKind,
    asked: Option<(ChangeValues, AssetChangeFields)>,
    authors: &[i64],
) -> Result<AssetChangeId> {
    let (before, asked) = asked.unzip();
    // Read before the request itself touched the card.
    let card = sub.map_or(master.status, |sub| sub.status);
    let card = (kind == ChangeKind::Dispose).then_some(card.code());
    let id = sqlx::query_scalar!(
        "insert into asset_change (district_id, estate_id, master_id, sub_id, kind, before, after, reason, document_no, maker_id,
                author_ids, made_at, card_status)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        master.district_id,
        sub.map(|sub| sub.estate_id),
        master.id,
        sub.map(|sub| sub.id),
        kind.code(),
        before.map(Json) as _,
        asked.as_ref().map(|asked| Json(asked.after)) as _,
        asked.as_ref().map(|asked| &asked.reason),
        asked.as_ref().map(|asked| &asked.document_no),
        ctx.actor().id.0,
        authors,
        ctx.now(),
        card,
    )
    .fetch_one(connection(tx))
    .await
    .map_err(|error| refused(error.into()))?;
    Ok(AssetChangeId(id))
}

/// Constraints that are no field of a form, as sentences.
fn refused(error: Error) -> Error {
    let Error::Database(sqlx::Error::Database(database)) = &error else { return error };
    let sentence = match database.constraint().unwrap_or_default() {
        "asset_change_open_key" => "该卡片已有待审核的事项，请等待审核后再提交",
        "asset_change_checker_check" | "asset_master_checker_check" => OWN,
        "asset_master_allocation_check" => "子卡片原值合计超过主卡片",
        "asset_master_accum_check" | "asset_sub_accum_check" => "变更后的原值不能小于累计折旧",
        _ => return error,
    };
    Failure::refused(sentence).into()
}

const OWN: &str = "不能审核本人提交或编辑的事项，请由其他审核人办理";

/// Asks for a change or a disposal of a master card (T3, T4).
///
/// # Errors
/// Complaints by field; the state machine's refusal; [`Failure::Conflict`].
pub async fn asset_master_request(
    ctx: &Ctx,
    id: AssetMasterId,
    version: i32,
    kind: ChangeKind,
    form: &AssetChangeForm,
) -> Result<AssetChangeId> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let master = master_lock(&mut tx, id).await?;
    if master.version != version {
        return Err(Failure::Conflict.into());
    }
    let next = master.status.next(request_event(kind)?).map_err(Failure::from)?;
    let fields = form.check(kind, master.values, true)?;
    if fields.after.original.fen() < master.allocated {
        return Err(FieldErrors::from(("original", "子卡片原值合计超过主卡片")).into());
    }
    if kind == ChangeKind::Dispose {
        apply::disposal_check(&mut tx, id.0, None).await?;
        apply::status_set(&mut tx, ctx, "asset_master", id.0, next).await?;
    }
    let change = change_insert(&mut tx, ctx, &master, None, kind, Some((master.values, fields)), &[]).await?;
    tx.commit().await?;
    Ok(change)
}

/// Asks for a change or a disposal of a sub card.
///
/// # Errors
/// As [`asset_master_request`].
pub async fn asset_sub_request(
    ctx: &Ctx,
    id: AssetSubId,
    version: i32,
    kind: ChangeKind,
    form: &AssetChangeForm,
) -> Result<AssetChangeId> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let (master, sub) = sub_lock(&mut tx, id).await?;
    if sub.version != version {
        return Err(Failure::Conflict.into());
    }
    if master.status == AssetStatus::DisposalPending {
        return Err(Failure::refused("主卡片正在办理处置，不能变更或处置子卡片").into());
    }
    let next = sub.status.next(request_event(kind)?).map_err(Failure::from)?;
    let fields = form.check(kind, sub.values, false)?;
    let added = fields.after.original.fen() - sub.values.original.fen();
    if master.allocated + added > master.values.original.fen() {
        return Err(FieldErrors::from(("original", "子卡片原值合计超过主卡片")).into());
    }
    if kind == ChangeKind::Dispose {
        apply::disposal_check(&mut tx, master.id, Some(id.0)).await?;
        apply::status_set(&mut tx, ctx, "asset_sub", id.0, next).await?;
    }
    let change = change_insert(&mut tx, ctx, &master, Some(&sub), kind, Some((sub.values, fields)), &[]).await?;
    tx.commit().await?;
    Ok(change)
}

fn request_event(kind: ChangeKind) -> Result<AssetEvent> {
    match kind {
        ChangeKind::Change => Ok(AssetEvent::Change),
        ChangeKind::Dispose => Ok(AssetEvent::AskDisposal),
        ChangeKind::Register => Err(Failure::refused("登记请通过“提交审核”办理").into()),
    }
}

/// Decides a request: a second person approves it with the voucher's number, or returns it with a reason (T2–T4).
///
/// # Errors
/// Complaints by field; a refusal of one's own work, of a second decision, and of what the books do not allow any more.
pub async fn asset_change_decide(ctx: &Ctx, id: AssetChangeId, form: &AssetDecisionForm) -> Result<()> {
    ctx.require(Permission::AssetCheck)?;
    let decision = form.check()?;
    let mut tx = ctx.begin().await?;
    let found = sqlx::query!("select master_id, sub_id from asset_change where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    // First the card, then the request: the order of everybody else.
    let (master, sub) = match found.sub_id {
        Some(sub) => sub_lock(&mut tx, AssetSubId(sub)).await.map(|(master, sub)| (master, Some(sub)))?,
        None => (master_lock(&mut tx, AssetMasterId(found.master_id)).await?, None),
    };
    let change = sqlx::query!(
        r#"select kind, state, after as "after: Json<ChangeValues>", maker_id, author_ids, card_status
           from asset_change where id = $1 for update"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if stored(&change.state, ChangeState::from_code)? != ChangeState::Pending {
        return Err(Failure::refused("该事项已审核，请刷新后查看").into());
    }
    let own = ctx.actor().id.0;
    if change.maker_id == own || change.author_ids.contains(&own) {
        return Err(Failure::refused(OWN).into());
    }
    let state = if decision.approve { ChangeState::Approved } else { ChangeState::Rejected };
    sqlx::query!(
        "update asset_change set state = $2, voucher_no = $3, opinion = $4, checker_id = $5, checked_at = $6 where id = $1",
        id.0,
        state.code(),
        decision.voucher_no,
        decision.opinion,
        own,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| refused(error.into()))?;
    let was = change.card_status.as_deref().map(|code| stored(code, AssetStatus::from_code)).transpose()?;
    let case = apply::Case { ctx, change: id.0, master: &master, sub: sub.as_ref(), was };
    let kind = stored(&change.kind, ChangeKind::from_code)?;
    match (kind, decision.approve) {
        (ChangeKind::Register, true) => {
            apply::register(&mut tx, &case, decision.voucher_no.as_deref().unwrap_or_default()).await
        }
        (ChangeKind::Register, false) => apply::give_back(&mut tx, &case).await,
        (ChangeKind::Change, true) => {
            let after = change.after.ok_or_else(|| Error::Broken("a change without values".to_owned()))?;
            apply::change(&mut tx, &case, after.0).await
        }
        (ChangeKind::Change, false) => Ok(()),
        (ChangeKind::Dispose, approve) => apply::dispose(&mut tx, &case, approve).await,
    }
    .map_err(refused)?;
    maker_tell(&mut tx, ctx, id, decision.opinion.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}

/// Tells the maker what was decided.
async fn maker_tell(tx: &mut Tx, ctx: &Ctx, id: AssetChangeId, opinion: Option<&str>) -> Result<()> {
    let row = sqlx::query!(
        r#"select c.kind, c.state, c.maker_id, c.master_id, c.sub_id, coalesce(s.card_no, m.card_no) as "card_no!"
           from asset_change c join asset_master m on m.id = c.master_id left join asset_sub s on s.id = c.sub_id
           where c.id = $1"#,
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    let approved = stored(&row.state, ChangeState::from_code)? == ChangeState::Approved;
    let params = [
        ("卡号", row.card_no.as_str()),
        ("事项", stored(&row.kind, ChangeKind::from_code)?.label()),
        ("复核人", ctx.actor().name.as_str()),
        ("意见", opinion.unwrap_or_default()),
    ];
    let link = match row.sub_id {
        Some(sub) => format!("/assets/subs/{sub}?tab=changes"),
        None => format!("/assets/masters/{}?tab=changes", row.master_id),
    };
    let notice = if approved { Notice::AssetApproved } else { Notice::AssetRejected };
    message_send(tx, row.maker_id, notice, &params, &link).await
}
