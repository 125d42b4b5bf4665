//! 分期还款 (INSTALMENT, §3.8): a plan for the overdue rent of a household, confirmed by a second person. It moves no money:
//! bills are paid as ever, and whether the plan is kept follows from what is left of them.

use super::{rest::push_turn, settle::dunning_drop};
use crate::{
    Ctx, Error, Result,
    billing::{arrears::arrears_recount, rule::billing_rule},
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    billing::instalment::{
        INSTALMENT_LIST, InstalmentForm, InstalmentLine, InstalmentRow, InstalmentStatus, instalment_stands,
    },
    dictionary::ArrearsLevel,
    failure::Failure,
    id::AccountId,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "i.id, i.account_id, coalesce(c.lessee_name, '') as lessee, u.address, i.debt_fen, i.reason, i.status, i.level_before, i.maker_id,
     (select left_fen from instalment_paid(i.id)) as outstanding_fen,
     user_name(i.maker_id) as maker, i.made_at, user_name(i.checker_id) as checker, i.checked_at, i.opinion, i.ended_on, i.version";
const FROM: &str = "from instalment i join account a on a.id = i.account_id join unit u on u.id = a.unit_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    lessee: String,
    address: String,
    debt_fen: i64,
    outstanding_fen: i64,
    reason: String,
    status: String,
    level_before: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    ended_on: Option<NaiveDate>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<InstalmentRow> {
        let status = stored(&self.status, InstalmentStatus::from_code)?;
        Ok(InstalmentRow {
            id: self.id,
            account_id: AccountId(self.account_id),
            lessee: self.lessee,
            address: self.address,
            debt: Money::from_fen(self.debt_fen),
            outstanding: Money::from_fen(self.outstanding_fen),
            reason: self.reason,
            status,
            level_before: stored(&self.level_before, ArrearsLevel::from_code)?,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            ended_on: self.ended_on,
            version: self.version,
            decidable: status == InstalmentStatus::Pending
                && self.maker_id != ctx.actor().id.0
                && ctx.actor().may(Permission::DunningCheck),
        })
    }
}

/// Adds that the plan `i` waits for the actor: the condition of the filter, and of home.
pub(crate) fn push_instalment_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    push_turn(sql, ctx, "i");
}

/// A page of plans.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn instalment_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<InstalmentRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = INSTALMENT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "u.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "i.district_id", "i.estate_id");
            push_code(sql, query, "status", "i.status");
            push_id(sql, query, "district", "i.district_id");
            if query.filter("turn").is_some() {
                push_instalment_turn(sql, ctx);
            }
        },
        order: "i.made_at",
        descending,
        tie: "i.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One plan with its lines.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn instalment_get(ctx: &Ctx, id: i64) -> Result<(InstalmentRow, Vec<InstalmentLine>)> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and i.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let lines = lines_read(&mut tx, id).await?;
    tx.commit().await?;
    Ok((record.read(ctx)?, lines))
}

/// The plan of an account that waits or runs.
pub(super) async fn instalment_of(tx: &mut Tx, ctx: &Ctx, account: i64) -> Result<Option<InstalmentRow>> {
    let statement = format!("select {COLUMNS} {FROM} and i.account_id = $1 and i.status in ('PENDING', 'ACTIVE')");
    let record: Option<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_optional(connection(tx)).await?;
    record.map(|record| record.read(ctx)).transpose()
}

async fn lines_read(tx: &mut Tx, id: i64) -> Result<Vec<InstalmentLine>> {
    let rows = sqlx::query!("select due_on, amount_fen from instalment_line where instalment_id = $1 order by seq", id)
        .fetch_all(connection(tx))
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| InstalmentLine { due_on: row.due_on, amount: Money::from_fen(row.amount_fen) })
        .collect())
}

/// An overdue rent bill.
pub(super) struct OverdueBill {
    pub id: i64,
    pub outstanding_fen: i64,
    pub paid_fen: i64,
}

/// The overdue rent bills of an account, the oldest first.
pub(super) async fn overdue_bills(tx: &mut Tx, ctx: &Ctx, account: i64, district: i64) -> Result<Vec<OverdueBill>> {
    let rule = billing_rule(tx, district, ctx.today()).await?.arrears();
    let first = ctx.today().checked_sub_days(Days::new(rule.grace.into())).unwrap_or(ctx.today());
    let bills = sqlx::query_as!(
        OverdueBill,
        r#"select id, amount_fen + late_fee_fen - paid_fen - late_paid_fen as "outstanding_fen!", paid_fen + late_paid_fen as "paid_fen!"
           from bill
           where account_id = $1 and kind = 'RENT' and decision is null and reverses_id is null and due_on < $2
               and amount_fen + late_fee_fen - paid_fen - late_paid_fen > $3
           order by due_on, id"#,
        account,
        first,
        rule.minor.fen(),
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(bills)
}

/// Asks for a plan for all overdue rent of a household. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; a refusal for a household that is not behind; [`Failure::NotFound`] outside the scope.
pub async fn instalment_create(ctx: &Ctx, account: AccountId, form: &InstalmentForm) -> Result<i64> {
    ctx.require(Permission::DunningWrite)?;
    let mut tx = ctx.begin().await?;
    let place = sqlx::query!("select district_id, estate_id from account where id = $1 for update", account.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let level = sqlx::query_scalar!("select level from arrears where account_id = $1 for update", account.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let known = sqlx::query_scalar!(
        "select id from instalment where request_id::text = $1 and account_id = $2",
        form.request,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    if level == ArrearsLevel::L0.code() {
        return Err(Failure::refused("该承租人没有欠费，无需分期").into());
    }
    let bills = overdue_bills(&mut tx, ctx, account.0, place.district_id).await?;
    let debt: Money = bills.iter().map(|bill| Money::from_fen(bill.outstanding_fen)).sum();
    let fields = form.check(debt, ctx.today())?;
    let id = sqlx::query_scalar!(
        "insert into instalment (district_id, estate_id, account_id, request_id, debt_fen, reason, level_before, maker_id, made_at)
         values ($1, $2, $3, $4::text::uuid, $5, $6, $7, $8, $9) returning id",
        place.district_id,
        place.estate_id,
        account.0,
        fields.request,
        debt.fen(),
        fields.reason,
        level,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("instalment_key", "reason", "该承租人已有分期还款"),
            ("instalment_request_key", "reason", "页面已过期，请刷新后再办理"),
        ])
    })?;
    sqlx::query!(
        "insert into instalment_line (instalment_id, seq, district_id, estate_id, due_on, amount_fen)
         select $1, l.seq::smallint, $2, $3, l.day, l.fen
         from unnest($4::date[], $5::bigint[]) with ordinality as l (day, fen, seq)",
        id,
        place.district_id,
        place.estate_id,
        &fields.lines.iter().map(|line| line.due_on).collect::<Vec<_>>(),
        &fields.lines.iter().map(|line| line.amount.fen()).collect::<Vec<_>>(),
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "insert into instalment_bill (instalment_id, bill_id, district_id, estate_id, outstanding_fen, paid_fen)
         select $1, b.id, $2, $3, b.fen, b.paid from unnest($4::bigint[], $5::bigint[], $6::bigint[]) as b (id, fen, paid)",
        id,
        place.district_id,
        place.estate_id,
        &bills.iter().map(|bill| bill.id).collect::<Vec<_>>(),
        &bills.iter().map(|bill| bill.outstanding_fen).collect::<Vec<_>>(),
        &bills.iter().map(|bill| bill.paid_fen).collect::<Vec<_>>(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(id)
}

/// Confirms a plan – its bills count as no arrears while it is kept, and what waits about the household ends – or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, when something was paid since it was asked for, when the household is not
/// behind any more, and when its first day has passed; a missing opinion when it is refused.
pub async fn instalment_decide(
    ctx: &Ctx,
    id: i64,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<InstalmentStatus> {
    ctx.require(Permission::DunningCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let account = sqlx::query_scalar!("select account_id from instalment where id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    sqlx::query!("select id from account where id = $1 for update", account).fetch_one(connection(&mut tx)).await?;
    let level = sqlx::query_scalar!("select level from arrears where account_id = $1 for update", account)
        .fetch_one(connection(&mut tx))
        .await?;
    let row = sqlx::query!(
        r#"select i.status, i.maker_id, i.version, p.paid_fen as "paid!",
                  (select min(due_on) from instalment_line l where l.instalment_id = i.id) as "first!"
           from instalment i cross join lateral instalment_paid(i.id) p where i.id = $1 for update of i"#,
        id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    if row.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能复核本人申请的分期").into());
    }
    let next = stored(&row.status, InstalmentStatus::from_code)?.decided(approve)?;
    // What is charged for paying late meanwhile changes nothing of what was agreed upon.
    let refusal = match approve {
        true if row.paid != 0 => Some("欠费金额已变化，请驳回后重新申请"),
        true if level == ArrearsLevel::L0.code() => Some("该承租人已没有欠费，请驳回"),
        true if row.first < ctx.today() => Some("首期还款日已过，请驳回后重新申请"),
        _ => None,
    };
    if let Some(refusal) = refusal {
        return Err(Failure::refused(refusal).into());
    }
    // A plan that is broken leads back to where the household stands now.
    sqlx::query!(
        "update instalment set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1,
             level_before = case when $6 then $7 else level_before end
         where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        approve,
        level,
    )
    .execute(connection(&mut tx))
    .await?;
    if approve {
        // Before the count, which would say of what waits that it was paid.
        dunning_drop(&mut tx, ctx, account, "分期还款").await?;
        arrears_recount(&mut tx, ctx, &[account]).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Looks at the plans that run: those that are paid are done, those that were not kept lead back to the level before; answers
/// how many ended.
pub(super) async fn instalments_follow(ctx: &Ctx) -> Result<u64> {
    let mut tx = ctx.begin().await?;
    let plans = sqlx::query!("select id, account_id from instalment where status = 'ACTIVE' order by id")
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let mut ended = 0;
    for plan in plans {
        let mut tx = ctx.begin().await?;
        sqlx::query!("select id from account where id = $1 for update", plan.account_id)
            .fetch_one(connection(&mut tx))
            .await?;
        let lines = lines_read(&mut tx, plan.id).await?;
        let row = sqlx::query!(
            r#"select i.status, i.level_before, p.paid_fen as "paid!", p.left_fen as "left!"
               from instalment i cross join lateral instalment_paid(i.id) p where i.id = $1 for update of i"#,
            plan.id
        )
        .fetch_one(connection(&mut tx))
        .await?;
        let (paid, left) = (Money::from_fen(row.paid), Money::from_fen(row.left));
        let stands = instalment_stands(&lines, paid, left, ctx.today());
        if row.status != InstalmentStatus::Active.code() || stands == InstalmentStatus::Active {
            continue;
        }
        sqlx::query!(
            "update instalment set status = $2, ended_on = $3, version = version + 1 where id = $1",
            plan.id,
            stands.code(),
            ctx.today(),
        )
        .execute(connection(&mut tx))
        .await?;
        if stands == InstalmentStatus::Broken {
            sqlx::query!("update arrears set returns_to = $2 where account_id = $1", plan.account_id, row.level_before)
                .execute(connection(&mut tx))
                .await?;
        }
        arrears_recount(&mut tx, ctx, &[plan.account_id]).await?;
        tx.commit().await?;
        ctx.database().announce();
        ended += 1;
    }
    Ok(ended)
}
