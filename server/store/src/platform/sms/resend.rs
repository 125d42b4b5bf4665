//! 重发: messages that failed, or of which nothing was heard, are sent once more, one of them or all of a list.

use super::read::push_filter;
use crate::{
    Ctx, Error, Result,
    billing::{
        dunning::{dunning_settle, pause_refuse},
        named::{Named, words},
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    walk::Walk,
};
use domain::{
    billing::sms::{Resent, SmsStatus, resend_refusal, send_from},
    failure::Failure,
    list::ListQuery,
    platform::permission::Permission,
};
use sqlx::QueryBuilder;

/// Messages that one call sends once more.
const MOST: i64 = 200;

/// Sends a message once more that failed, or of which nothing was heard: to the number of today, with what is owed today.
/// Answers the new one.
///
/// # Errors
/// A refusal in another status, when it was resent already, of who is on the black list, whose dunning is paused, or who owes
/// nothing any more.
pub async fn sms_resend(ctx: &Ctx, id: i64) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let sent = resend(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(sent)
}

/// Sends once more what failed of a list, or of what the list holds that can be resent, the oldest first and no more than
/// [`MOST`] at a time; whoever paid meanwhile, is paused or on the black list is left out.
///
/// # Errors
/// Without [`Permission::DunningWrite`].
pub async fn sms_resend_failed(ctx: &Ctx, query: &ListQuery) -> Result<Resent> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let named = Named::read(&mut tx, ctx, words(query)).await?;
    let mut sql =
        QueryBuilder::new("select r.id from sms r where not exists (select from sms n where n.resend_of = r.id)");
    sql.push(match query.filter("status") {
        Some("SILENT") => " and r.status = 'SILENT'",
        _ => " and r.status = 'FAILED'",
    });
    named.narrow(Walk::new(ctx, query, &[])).push(&mut sql, "r");
    push_filter(&mut sql, query);
    named.push(&mut sql);
    sql.push(" order by r.id limit ").push_bind(MOST);
    let ids: Vec<i64> = sql.build_query_scalar().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let mut resent = Resent::default();
    for id in ids {
        let mut tx = ctx.begin().await?;
        match resend(&mut tx, ctx, id).await {
            Ok(_) => {
                tx.commit().await?;
                resent.sent += 1;
            }
            Err(Error::Failure(Failure::Refused(_))) => resent.left_out += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(resent)
}

/// The count of the household is locked first, then its record, then the message, as a payment does.
async fn resend(tx: &mut Tx, ctx: &Ctx, id: i64) -> Result<i64> {
    let of = sqlx::query!("select account_id, district_id, dunning_id from sms where id = $1", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    sqlx::query!("select id from arrears where account_id = $1 for update", of.account_id)
        .fetch_optional(connection(tx))
        .await?;
    let record = sqlx::query_scalar!("select status from dunning_record where id = $1 for update", of.dunning_id)
        .fetch_optional(connection(tx))
        .await?;
    let status =
        sqlx::query_scalar!("select status from sms where id = $1 for update", id).fetch_one(connection(tx)).await?;
    let status = stored(&status, SmsStatus::from_code)?;
    if !status.can_resend() {
        return Err(resend_refusal(status).into());
    }
    if record.as_deref() == Some("CANCELLED") {
        return Err(Failure::refused("催缴已取消，无需重发").into());
    }
    pause_refuse(tx, ctx, of.account_id).await?;
    // It waits again: whatever is paid from now on ends it.
    sqlx::query!(
        "update dunning_record set status = 'OPEN', done_at = null, done_by = null, result = null, version = version + 1
         where id = $1 and status = 'DONE' and way in ('SMS', 'VOICE')",
        of.dunning_id
    )
    .execute(connection(tx))
    .await?;
    let sent = sqlx::query_scalar!(
        "insert into sms (district_id, estate_id, account_id, contract_id, dunning_id, channel, template, told_key, sign, params, content,
                          phone_mask, queued_at, not_before, parts, resend_of, actor_id)
         select s.district_id, s.estate_id, s.account_id, s.contract_id, s.dunning_id, s.channel, s.template, 'RESEND:' || s.id, s.sign,
                s.params, s.content, coalesce(p.phone_mask, s.phone_mask), $2, $3, s.parts, s.id, $4
         from sms s join account a on a.id = s.account_id left join person p on p.id = a.person_id
         where s.id = $1 and not exists (select from sms_block b where b.account_id = s.account_id and b.ended_at is null)
         on conflict (resend_of) do nothing returning id",
        id,
        ctx.now(),
        send_from(ctx.now()),
        ctx.actor_id(),
    )
    .fetch_optional(connection(tx))
    .await?;
    let sent = sent.ok_or_else(|| Failure::refused("该短信已重发，或承租人在短信黑名单中"))?;
    let minor = billing_rule(tx, of.district_id, ctx.today()).await?.minor;
    dunning_settle(tx, ctx, &[of.account_id], minor).await?;
    let after = sqlx::query_scalar!("select status from sms where id = $1", sent).fetch_one(connection(tx)).await?;
    if after == SmsStatus::Cancelled.code() {
        return Err(Failure::refused("已缴清，无需重发").into());
    }
    Ok(sent)
}
