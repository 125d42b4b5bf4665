//! 暂停催缴 (SUSPENDED, §3.8): asked for by one, confirmed by another, over on its last day or when somebody ends it.

use super::{rest::push_turn, settle::dunning_drop};
use crate::{
    Ctx, Error, Result,
    billing::arrears::arrears_recount,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::instalment::{PAUSE_LIST, PauseForm, PauseGround, PauseRow, PauseStatus},
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str = "p.id, p.account_id, coalesce(c.lessee_name, '') as lessee, u.address, p.ground, p.reason, p.until, p.status, p.maker_id,
     user_name(p.maker_id) as maker, p.made_at, user_name(p.checker_id) as checker, p.checked_at, p.opinion, p.ended_at,
     user_name(p.ended_by) as ender, p.end_reason, p.version";
const FROM: &str = "from dunning_pause p join account a on a.id = p.account_id join unit u on u.id = a.unit_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    lessee: String,
    address: String,
    ground: String,
    reason: String,
    until: NaiveDate,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    ender: Option<String>,
    end_reason: Option<String>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<PauseRow> {
        let status = stored(&self.status, PauseStatus::from_code)?;
        Ok(PauseRow {
            id: self.id,
            account_id: AccountId(self.account_id),
            lessee: self.lessee,
            address: self.address,
            ground: stored(&self.ground, PauseGround::from_code)?,
            reason: self.reason,
            until: self.until,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            ended_at: self.ended_at,
            ender: self.ender,
            end_reason: self.end_reason,
            version: self.version,
            decidable: status == PauseStatus::Pending
                && self.maker_id != ctx.actor().id.0
                && ctx.actor().may(Permission::DunningCheck),
        })
    }
}

/// Adds that the pause `p` waits for the actor: the condition of the filter, and of home.
pub(crate) fn push_pause_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    push_turn(sql, ctx, "p");
}

/// A page of pauses.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn pause_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PauseRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAUSE_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "u.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "p.district_id", "p.estate_id");
            push_code(sql, query, "status", "p.status");
            push_id(sql, query, "district", "p.district_id");
            if query.filter("turn").is_some() {
                push_pause_turn(sql, ctx);
            }
        },
        order: "p.made_at",
        descending,
        tie: "p.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One pause.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn pause_get(ctx: &Ctx, id: i64) -> Result<PauseRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and p.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}

/// The pause of an account that waits or runs.
pub(super) async fn pause_of(tx: &mut Tx, ctx: &Ctx, account: i64) -> Result<Option<PauseRow>> {
    let statement = format!("select {COLUMNS} {FROM} and p.account_id = $1 and p.status in ('PENDING', 'ACTIVE')");
    let record: Option<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_optional(connection(tx)).await?;
    record.map(|record| record.read(ctx)).transpose()
}

/// Asks for a pause.
///
/// # Errors
/// Complaints by field; about one that waits or runs already; [`Failure::NotFound`] outside the scope.
pub async fn pause_create(ctx: &Ctx, account: AccountId, form: &PauseForm) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let id = sqlx::query_scalar!(
        "insert into dunning_pause (district_id, estate_id, account_id, ground, reason, until, maker_id, made_at)
         select district_id, estate_id, id, $2, $3, $4, $5, $6 from account where id = $1 returning id",
        account.0,
        fields.ground.code(),
        fields.reason,
        fields.until,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_optional(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("dunning_pause_key", "ground", "该承租人已有暂停催缴")]))?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    Ok(id)
}

/// A pause whose row, behind that of its household's arrears, is locked: its account, status and maker.
async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<(i64, PauseStatus, i64)> {
    let account = sqlx::query_scalar!("select account_id from dunning_pause where id = $1", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    sqlx::query!("select id from arrears where account_id = $1 for update", account).fetch_one(connection(tx)).await?;
    let row = sqlx::query!("select status, maker_id, version from dunning_pause where id = $1 for update", id)
        .fetch_one(connection(tx))
        .await?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    Ok((account, stored(&row.status, PauseStatus::from_code)?, row.maker_id))
}

/// Confirms a pause, which ends what waits about the household, or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, and when its last day has passed; a missing opinion when it is refused.
pub async fn pause_decide(ctx: &Ctx, id: i64, version: i32, approve: bool, opinion: &str) -> Result<PauseStatus> {
    ctx.require(Permission::DunningCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let (account, status, maker) = hold(&mut tx, id, version).await?;
    if maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能复核本人申请的暂停").into());
    }
    let next = status.decided(approve)?;
    let done = sqlx::query!(
        "update dunning_pause set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1
         where id = $1 and (not $6 or until >= $7)",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        approve,
        ctx.today(),
    )
    .execute(connection(&mut tx))
    .await?;
    if done.rows_affected() == 0 {
        return Err(Failure::refused("截止日期已过，请驳回后重新申请").into());
    }
    if approve {
        dunning_drop(&mut tx, ctx, account, "暂停催缴").await?;
    }
    tx.commit().await?;
    Ok(next)
}

/// Ends a pause before its day; the household stands at once where its debts put it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one that does not run; a missing reason.
pub async fn pause_end(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::DunningCheck)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let (account, status, _) = hold(&mut tx, id, version).await?;
    let next = status.ended()?;
    sqlx::query!(
        "update dunning_pause set status = $2, ended_at = $3, ended_by = $4, end_reason = $5, version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.now(),
        ctx.actor().id.0,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    arrears_recount(&mut tx, ctx, &[account]).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// Refuses to dun a household whose dunning is paused today. Its row of `arrears` is locked, as whoever pauses locks it.
pub(crate) async fn pause_refuse(tx: &mut Tx, ctx: &Ctx, account: i64) -> Result<()> {
    let until = sqlx::query_scalar!(
        "select until from dunning_pause where account_id = $1 and status = 'ACTIVE' and until >= $2",
        account,
        ctx.today()
    )
    .fetch_optional(connection(tx))
    .await?;
    match until {
        Some(until) => Err(Failure::refused(format!("该承租人暂停催缴至{until}")).into()),
        None => Ok(()),
    }
}

/// Ends the pauses whose last day has passed; answers how many.
pub(super) async fn pauses_follow(ctx: &Ctx) -> Result<u64> {
    let mut tx = ctx.begin().await?;
    let accounts = sqlx::query_scalar!(
        "select p.account_id from dunning_pause p join arrears r on r.account_id = p.account_id
         where p.status = 'ACTIVE' and p.until < $1 order by p.account_id for update of r",
        ctx.today()
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if accounts.is_empty() {
        return Ok(0);
    }
    sqlx::query!(
        "update dunning_pause set status = 'ENDED', ended_at = $2, version = version + 1 where status = 'ACTIVE' and until < $1",
        ctx.today(),
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    arrears_recount(&mut tx, ctx, &accounts).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(accounts.len() as u64)
}
