//! Taking a unit off the shelf (注销, §3.27 U9): asked for by one person of the city, done when another agrees.

use super::{Moved, unit_moved};
use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    platform::approval::{Change, Request, approval_submit, outdated},
};
use domain::{
    dictionary::{ApprovalKind, OffshelfGround, UnitStatus},
    failure::Failure,
    housing::{
        unit_offshelf::{OffshelfForm, OffshelfTies},
        unit_status::UnitEvent,
    },
    id::{ApprovalId, UnitId},
    platform::{approval::ChangeLine, permission::Permission},
};

/// Asks that a unit goes OFFSHELF. Requests name no district, so the city alone asks and agrees.
///
/// # Errors
/// Without [`Permission::UnitOffshelfWrite`] or the city's scope; complaints by field; the refusal of the state machine or of
/// what hangs on the unit; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn unit_offshelf_request(ctx: &Ctx, id: UnitId, version: i32, form: &OffshelfForm) -> Result<ApprovalId> {
    ctx.require(Permission::UnitOffshelfWrite)?;
    if !matches!(ctx.scope(), Scope::City { .. }) {
        return Err(Failure::Forbidden.into());
    }
    let fields = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    let unit = sqlx::query!(
        "select u.code, e.name || u.address as address, u.status, u.version from unit u join estate e on e.id = u.estate_id
         where u.id = $1 and u.deleted_at is null",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if unit.version != version {
        return Err(Failure::Conflict.into());
    }
    let from = stored(&unit.status, UnitStatus::from_code)?;
    let to = from.next(UnitEvent::Deregister).map_err(Failure::from)?;
    if let Some(sentence) = ties(&mut tx, id).await?.refusal() {
        return Err(Failure::refused(sentence).into());
    }
    let lines = [
        ("房源状态", Some(from.label().to_owned()), Some(to.label().to_owned())),
        ("注销原因", None, Some(fields.ground.label().to_owned())),
        ("文号", None, Some(fields.document.clone())),
    ];
    let request = Request {
        kind: ApprovalKind::UnitOffshelf,
        subject: format!("房源注销：{} {}", unit.code, unit.address.unwrap_or_default()),
        subject_key: unit.code,
        lines: lines.into_iter().filter_map(|(label, before, after)| ChangeLine::of(label, before, after)).collect(),
        change: Change::UnitOffshelf { unit: id, version, ground: fields.ground, document: fields.document },
        reason: fields.reason,
    };
    let request = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(request)
}

/// Does what a request asks for, of the unit as it was when it was asked for.
pub(crate) async fn unit_offshelf_apply(
    tx: &mut Tx,
    ctx: &Ctx,
    id: UnitId,
    version: i32,
    (ground, document): (OffshelfGround, &str),
) -> Result<()> {
    let present = sqlx::query_scalar!("select version from unit where id = $1 and deleted_at is null for update", id.0)
        .fetch_optional(connection(tx))
        .await?;
    if present != Some(version) {
        return Err(outdated());
    }
    if let Some(sentence) = ties(tx, id).await?.refusal() {
        return Err(Failure::refused(sentence).into());
    }
    let moved = Moved { event: UnitEvent::Deregister, reason: Some(ground.label()) };
    unit_moved(tx, ctx, id, moved, Some(document)).await?;
    Ok(())
}

async fn ties(tx: &mut Tx, id: UnitId) -> Result<OffshelfTies> {
    Ok(sqlx::query_as!(
        OffshelfTies,
        r#"select exists (select from assignment a where a.unit_id = $1 and a.status in ('PENDING', 'CONFIRMED')) as "assignment!",
                  exists (select from contract c where c.unit_id = $1 and c.deleted_at is null
                            and c.status not in ('REJECTED', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID')) as "contract!",
                  exists (select from meter m where m.unit_id = $1 and m.status = 'ON') as "meter!""#,
        id.0
    )
    .fetch_one(connection(tx))
    .await?)
}
