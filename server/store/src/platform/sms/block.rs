//! 短信黑名单 (S0-19): households that are sent nothing; put there by one person, let off by another.

use crate::{
    Ctx, Error, Result,
    billing::dunning::dunning_sms_drop,
    ctx::connection,
    list::{SmallList, push_id, push_scope},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, Utc};
use domain::{
    billing::sms_sheet::{SMS_BLOCK_LIST, SmsBlockRow},
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    lessee: String,
    address: String,
    phone_mask: String,
    reason: String,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
}

impl From<Record> for SmsBlockRow {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            account_id: AccountId(record.account_id),
            lessee: record.lessee,
            address: record.address,
            phone_mask: record.phone_mask,
            reason: record.reason,
            maker: record.maker,
            made_at: record.made_at,
            ended_at: record.ended_at,
            end_reason: record.end_reason,
        }
    }
}

/// A page of the black list.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn sms_block_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<SmsBlockRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SMS_BLOCK_LIST.sort(query);
    let page = SmallList {
        columns: "b.id, b.account_id, coalesce(c.lessee_name, '') as lessee, u.address, coalesce(p.phone_mask, c.phone_mask, '') as phone_mask,
            b.reason, user_name(b.maker_id) as maker, b.made_at, b.ended_at, b.end_reason",
        from: "from sms_block b join account a on a.id = b.account_id join unit u on u.id = a.unit_id
            left join person p on p.id = a.person_id left join lateral (select lessee_name, phone_mask from contract c where c.account_id = a.id order by c.id desc limit 1) c
                on true where true",
        searched: &["c.lessee_name", "u.address", "b.reason"],
        filter: &|sql| {
            push_scope(sql, ctx, "b.district_id", "b.estate_id");
            push_id(sql, query, "district", "b.district_id");
            sql.push(match query.filter("state") {
                Some("OPEN") => " and b.ended_at is null",
                Some("ENDED") => " and b.ended_at is not null",
                _ => "",
            });
        },
        order: "b.made_at",
        descending,
        tie: "b.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| Ok(record.into()))
}

/// Puts a household on the black list; what waits for it is not sent any more.
///
/// # Errors
/// Without [`Permission::DunningWrite`]; a missing reason; a refusal when it is there already.
pub async fn sms_block_create(ctx: &Ctx, account: AccountId, reason: &str) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    // Behind a run that makes messages, and before the next.
    sqlx::query!("select id from arrears where account_id = $1 for update", account.0)
        .fetch_optional(connection(&mut tx))
        .await?;
    let id = sqlx::query_scalar!(
        "insert into sms_block (district_id, estate_id, account_id, reason, made_at, maker_id)
         select district_id, estate_id, id, $2, $3, $4 from account where id = $1 returning id",
        account.0,
        reason,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_optional(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("sms_block_key", "opinion", "该承租人已在短信黑名单中")]))?
    .ok_or(Failure::NotFound)?;
    dunning_sms_drop(&mut tx, ctx, account.0, "已列入短信黑名单").await?;
    tx.commit().await?;
    Ok(id)
}

/// Lets a household off the black list.
///
/// # Errors
/// Without [`Permission::DunningCheck`]; a missing reason; a refusal to who put it there, and when it is off already.
pub async fn sms_block_end(ctx: &Ctx, id: i64, reason: &str) -> Result<()> {
    ctx.require(Permission::DunningCheck)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select maker_id, ended_at from sms_block where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.ended_at.is_some() {
        return Err(Failure::refused("该承租人已移出短信黑名单，请刷新").into());
    }
    if row.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能移除本人列入的黑名单").into());
    }
    sqlx::query!(
        "update sms_block set ended_at = $2, ended_by = $3, end_reason = $4 where id = $1",
        id,
        ctx.now(),
        ctx.actor().id.0,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
