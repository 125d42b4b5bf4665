//! Giving money back (E-47, S0-11): asked for by a cashier, agreed to by the head of finance, paid out by the bank and then
//! entered. Money that is asked for stays in the account until it is paid, and cannot be asked for twice.

use super::{
    account::account_close,
    bill::{refund_ended, refund_paid},
    ledger::{Transfer, transfer},
};
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        ledger::Subject,
        refund::{REFUND_LIST, RefundEvent, RefundFields, RefundForm, RefundKind, RefundRow, RefundStatus},
    },
    dictionary::FeeItem,
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.account_id, a.account_no, coalesce(c.lessee_name, '') as lessee, e.name || u.address as address, r.kind,
     r.amount_fen, r.reason, r.bank_name, r.bank_holder, r.bank_no_mask, r.status, r.maker_id, user_name(r.maker_id) as maker, r.made_at,
     user_name(r.checker_id) as checker, r.checked_at, r.opinion, r.bank_serial, r.paid_on, r.bill_id,
     (select b.bill_no from bill b where b.id = r.bill_id) as bill_no, r.version";
const FROM: &str =
    "from refund r join account a on a.id = r.account_id join unit u on u.id = a.unit_id
     join estate e on e.id = u.estate_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
     where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    account_id: i64,
    account_no: String,
    lessee: String,
    address: String,
    kind: String,
    amount_fen: i64,
    reason: String,
    bank_name: String,
    bank_holder: String,
    bank_no_mask: String,
    status: String,
    maker_id: i64,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    opinion: Option<String>,
    bank_serial: Option<String>,
    paid_on: Option<NaiveDate>,
    bill_id: Option<i64>,
    bill_no: Option<String>,
    version: i32,
}

impl Record {
    fn read(self, ctx: &Ctx) -> Result<RefundRow> {
        let status = stored(&self.status, RefundStatus::from_code)?;
        Ok(RefundRow {
            id: self.id,
            account_id: AccountId(self.account_id),
            account_no: self.account_no,
            lessee: self.lessee,
            address: self.address,
            kind: stored(&self.kind, RefundKind::from_code)?,
            amount: Money::from_fen(self.amount_fen),
            reason: self.reason,
            bank_name: self.bank_name,
            bank_holder: self.bank_holder,
            bank_no_mask: self.bank_no_mask,
            status,
            maker: self.maker,
            made_at: self.made_at,
            checker: self.checker,
            checked_at: self.checked_at,
            opinion: self.opinion,
            bank_serial: self.bank_serial,
            paid_on: self.paid_on,
            bill: self.bill_id.map(BillId).zip(self.bill_no),
            version: self.version,
            decidable: status == RefundStatus::Pending
                && self.maker_id != ctx.actor().id.0
                && ctx.actor().may(Permission::RefundCheck),
        })
    }
}

/// What waits for the actor: to be decided about, and then to be paid out. Of the reminder and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and (r.status = 'PENDING' and r.maker_id <> ").push_bind(ctx.actor().id.0);
    sql.push(" and ").push_bind(ctx.actor().may(Permission::RefundCheck));
    sql.push(" or r.status = 'APPROVED' and ").push_bind(ctx.actor().may(Permission::RefundWrite)).push(")");
}

/// A page of refunds in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn refund_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RefundRow>> {
    ctx.require(Permission::BillRead)?;
    let (sort, descending) = REFUND_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "a.account_no", "e.name", "u.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            push_code(sql, query, "status", "r.status");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "account", "r.account_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: if sort == "amount" { "r.amount_fen" } else { "r.made_at" },
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(ctx))
}

/// One refund.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn refund_get(ctx: &Ctx, id: i64) -> Result<RefundRow> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    record.read(ctx)
}

/// What of a locked account can be given back: its balance or deposit, less what is asked for already.
async fn refundable(tx: &mut Tx, account: i64) -> Result<(Money, Money)> {
    let row = sqlx::query!(
        r#"select a.balance_fen, a.deposit_fen,
                  coalesce(sum(r.amount_fen) filter (where r.kind <> 'REFUND_DEP'), 0)::bigint as "balance!",
                  coalesce(sum(r.amount_fen) filter (where r.kind = 'REFUND_DEP'), 0)::bigint as "deposit!"
           from account a left join refund r on r.account_id = a.id and r.status in ('PENDING', 'APPROVED') and r.bill_id is null
           where a.id = $1 group by a.id"#,
        account
    )
    .fetch_one(connection(tx))
    .await?;
    Ok((Money::from_fen(row.balance_fen - row.balance), Money::from_fen(row.deposit_fen - row.deposit)))
}

/// Asks for a refund to the account that the lessee's contract names. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; [`Failure::NotFound`] outside the scope.
pub async fn refund_create(ctx: &Ctx, account: AccountId, form: &RefundForm) -> Result<i64> {
    ctx.require(Permission::RefundWrite)?;
    let mut tx = ctx.begin().await?;
    sqlx::query!("select id from account where id = $1 for update", account.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let known = sqlx::query_scalar!(
        "select id from refund where request_id::text = $1 and account_id = $2",
        form.request,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    let (balance, deposit) = refundable(&mut tx, account.0).await?;
    let fields = form.check(|kind| if kind == RefundKind::Deposit { deposit } else { balance })?;
    let running = sqlx::query_scalar!(
        r#"select exists (select from contract where account_id = $1
                          and status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING'))
                  -- 退租结算: the exit bill says what is left of the deposit.
                  and not exists (select from exit_bill b join exit_case x on x.id = b.exit_id
                          where b.account_id = $1 and b.status = 'APPROVED' and x.status not in ('CLOSED', 'REVOKED')) as "running!""#,
        account.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if fields.kind == RefundKind::Deposit && running {
        return Err(FieldErrors::from(("kind", "合同履行期间不能退押金，请在退租结算时办理")).into());
    }
    let id = refund_enter(&mut tx, ctx, account.0, &fields, None).await?;
    tx.commit().await?;
    Ok(id)
}

/// Enters a refund to the account that the lessee's contract names; `bill`: of what was paid of a bill (L9), not of a balance.
///
/// # Errors
/// A refusal of an account without a contract; a complaint about a request that was another.
pub(super) async fn refund_enter(
    tx: &mut Tx,
    ctx: &Ctx,
    account: i64,
    fields: &RefundFields,
    bill: Option<i64>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "insert into refund (district_id, estate_id, account_id, request_id, kind, amount_fen, reason, bank_name, bank_holder, bank_no,
                             bank_no_mask, key_id, maker_id, made_at, bill_id)
         select a.district_id, a.estate_id, a.id, $2::text::uuid, $3, $4, $5, c.bank_name, c.bank_holder, c.bank_no, c.bank_no_mask,
                c.key_id, $6, $7, $8
         from account a join contract c on c.account_id = a.id where a.id = $1 order by c.id desc limit 1 returning id",
        account,
        fields.request,
        fields.kind.code(),
        fields.amount.fen(),
        fields.reason,
        ctx.actor().id.0,
        ctx.now(),
        bill,
    )
    .fetch_optional(connection(tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("refund_request_key", "amount", "页面已过期，请刷新后再办理")]))?
    .ok_or_else(|| Failure::refused("该账户没有合同，无法确定收款账号"))?)
}

/// A refund whose row, behind that of its account, is locked.
struct Held {
    account: i64,
    /// of what was paid of a bill (L9)
    bill: Option<i64>,
    kind: RefundKind,
    amount: Money,
    status: RefundStatus,
    maker_id: i64,
    version: i32,
}

async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let account = sqlx::query_scalar!("select account_id from refund where id = $1", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    sqlx::query!("select id from account where id = $1 for update", account).fetch_one(connection(tx)).await?;
    let row = sqlx::query!(
        "select kind, amount_fen, status, maker_id, bill_id, version from refund where id = $1 for update",
        id
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Held {
        account,
        bill: row.bill_id,
        kind: stored(&row.kind, RefundKind::from_code)?,
        amount: Money::from_fen(row.amount_fen),
        status: stored(&row.status, RefundStatus::from_code)?,
        maker_id: row.maker_id,
        version: row.version,
    })
}

/// Agrees to a refund or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own; a missing opinion when it is refused.
pub async fn refund_decide(ctx: &Ctx, id: i64, version: i32, approve: bool, opinion: &str) -> Result<RefundStatus> {
    ctx.require(Permission::RefundCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if held.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人申请的退费").into());
    }
    let next = held.status.next(if approve { RefundEvent::Approve } else { RefundEvent::Refuse })?;
    sqlx::query!(
        "update refund set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    if let Some(bill) = held.bill.filter(|_| !approve) {
        refund_ended(&mut tx, ctx, bill, opinion.as_deref().unwrap_or_default()).await?;
    }
    tx.commit().await?;
    Ok(next)
}

/// Enters that the bank has paid a refund that was agreed to (or that it could not, with its reason): only then does the
/// money leave the account.
///
/// # Errors
/// [`Failure::Conflict`]; the state machine's refusal; a refusal when the balance was used meanwhile, and when the month is
/// closed; a missing serial or reason.
pub async fn refund_pay(ctx: &Ctx, id: i64, version: i32, paid: bool, serial: &str) -> Result<RefundStatus> {
    ctx.require(Permission::RefundWrite)?;
    let serial = opinion_check(serial, true)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    let next = held.status.next(if paid { RefundEvent::Pay } else { RefundEvent::Fail })?;
    sqlx::query!(
        "update refund set status = $2, bank_serial = $3, paid_on = $4, paid_by = $5, paid_at = $6, version = version + 1 where id = $1",
        id,
        next.code(),
        serial,
        paid.then(|| ctx.today()),
        ctx.actor().id.0,
        paid.then(|| ctx.now()),
    )
    .execute(connection(&mut tx))
    .await?;
    match held.bill {
        Some(bill) if paid => {
            refund_paid(&mut tx, ctx, held.account, bill, held.amount).await?;
            account_close(&mut tx, ctx, held.account).await?;
        }
        Some(bill) => refund_ended(&mut tx, ctx, bill, serial.as_deref().unwrap_or_default()).await?,
        None if paid => money_out(&mut tx, ctx, &held).await?,
        None => (),
    }
    tx.commit().await?;
    Ok(next)
}

/// The money of a balance or a deposit leaves the account.
async fn money_out(tx: &mut Tx, ctx: &Ctx, held: &Held) -> Result<()> {
    let (debit, fee_item) = match held.kind {
        RefundKind::Deposit => (Subject::Deposit, FeeItem::Deposit),
        RefundKind::Balance | RefundKind::Over => (Subject::Balance, FeeItem::Rent),
    };
    let back = Transfer {
        account: held.account,
        debit,
        credit: Subject::Bank,
        fee_item,
        amount: held.amount,
        reason: held.kind.label(),
        bill: None,
        payment: None,
    };
    transfer(tx, ctx, ctx.today(), &[back]).await?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen)
         select district_id, estate_id, id, $2, $3, '退押金', -$4::bigint from bill
         where account_id = $1 and fee_item = 'DEPOSIT' and $5 order by id desc limit 1",
        held.account,
        ctx.now(),
        ctx.actor().id.0,
        held.amount.fen(),
        held.kind == RefundKind::Deposit,
    )
    .execute(connection(tx))
    .await?;
    account_close(tx, ctx, held.account).await
}
