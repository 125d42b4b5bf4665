//! Bills by hand: a temporary one (S1-7.3 新增), another due day (编辑, L11), and taking a posted one back (domain.md §3.6 L10, L11).
//!
//! Both ways of taking back make a counter-bill of the negative amount and the counter-transfers, so that every sum over
//! bills or transfers comes to nothing; they differ in what is said of the bill. 作废 (VOID) is for one that was posted in
//! error and of which nothing was ever paid; 冲销 (REVERSED) is for one that is replaced by another. Money that was paid
//! must have been given back before either.

use super::status;
use crate::{
    Ctx, Result,
    billing::{
        arrears::arrears_recount,
        ledger::{refusal, reverse_bills},
        payment::hold,
        post::{Charge, post},
        rule::graces,
    },
    ctx::{Tx, connection},
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill_form::{BillEdit, BillFields, BillForm, TakeBack, kind_of},
        plan::{PlannedBill, PlannedLine},
    },
    dictionary::BillStatus,
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId},
    platform::permission::Permission,
};

/// Charges a household by hand: the bill is a receivable at once. The same request again finds the first bill.
///
/// # Errors
/// Complaints by field; without [`Permission::BillWrite`]; a refusal for a closed account or month.
pub async fn bill_create(ctx: &Ctx, account: AccountId, form: &BillForm) -> Result<BillId> {
    ctx.require(Permission::BillWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, account).await?;
    if let Some(known) = known(&mut tx, account, &fields).await? {
        return Ok(known);
    }
    let home = sqlx::query!(
        r#"select a.unit_id, a.status, (select c.id from contract c where c.account_id = a.id order by c.id desc limit 1) as contract
           from account a where a.id = $1"#,
        account.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if home.status != "ON" {
        return Err(Failure::refused("账户已销户，不能新增账单").into());
    }
    let charge = Charge {
        district: held.district_id,
        estate: held.estate_id,
        unit: home.unit_id,
        account: held.id,
        contract: home.contract,
        kind: kind_of(fields.fee_item),
        fee_item: fields.fee_item,
        bill: planned(&fields, ctx.today()),
    };
    let posted = post(&mut tx, ctx, &[charge], None, ctx.today()).await?;
    let id = posted.ids.first().copied().ok_or(Failure::NotFound)?;
    sqlx::query!(
        "update bill set request_id = $2::text::uuid, remark = $3 where id = $1",
        id,
        fields.request,
        fields.remark
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(BillId(id))
}

/// The bill that the same request has made already.
async fn known(tx: &mut Tx, account: AccountId, fields: &BillFields) -> Result<Option<BillId>> {
    let row =
        sqlx::query!("select id, account_id, amount_fen from bill where request_id = $1::text::uuid", fields.request)
            .fetch_optional(connection(tx))
            .await?;
    match row {
        None => Ok(None),
        Some(row) if row.account_id == account.0 && row.amount_fen == fields.amount.fen() => Ok(Some(BillId(row.id))),
        Some(_) => Err(Failure::refused("页面已过期，请刷新后再录入").into()),
    }
}

/// No period and no rent month: the day of its making.
fn planned(fields: &BillFields, today: NaiveDate) -> PlannedBill {
    let amount = fields.amount;
    let line = PlannedLine { from: today, to: today, days: 1, of: 1, monthly: amount, full: amount, payable: amount };
    PlannedBill { from: today, to: today, months: 0, due_on: fields.due_on, lines: vec![line] }
}

/// Changes when a posted bill is due and what is remarked of it (L11); its timeline says what was, what is, and why.
///
/// # Errors
/// Without [`Permission::BillWrite`]; complaints by field; a refusal for a counter-bill and, about the due day, for one that
/// nobody has to pay any more or that the bank is asked for; [`Failure::Conflict`].
pub async fn bill_update(ctx: &Ctx, id: BillId, version: i32, form: &BillEdit) -> Result<()> {
    ctx.require(Permission::BillWrite)?;
    let mut tx = ctx.begin().await?;
    let account = account_of(&mut tx, id).await?;
    hold(&mut tx, AccountId(account)).await?;
    let bill = locked(&mut tx, ctx, id, version).await?;
    if bill.counter {
        return Err(Failure::refused("红字账单不能修改").into());
    }
    let change = form.check(bill.due_on, ctx.today())?;
    let mut said = Vec::new();
    if change.due_on != bill.due_on {
        if !bill.status.is_unpaid() {
            return Err(FieldErrors::from(("due_on", "账单已缴清或已办结，不能修改到期日")).into());
        }
        if bill.in_batch {
            return Err(FieldErrors::from(("due_on", "该账单正在银行扣款中，请于回盘后再改")).into());
        }
        said.push(format!("到期日：{} → {}", bill.due_on, change.due_on));
    }
    if change.remark != bill.remark {
        let word = |remark: &Option<String>| remark.clone().unwrap_or_else(|| "无".to_owned());
        said.push(format!("备注：{} → {}", word(&bill.remark), word(&change.remark)));
    }
    if said.is_empty() {
        return Err(FieldErrors::from(("due_on", "到期日和备注均未修改")).into());
    }
    sqlx::query!(
        "update bill set due_on = $2, remark = $3, version = version + 1 where id = $1",
        id.0,
        change.due_on,
        change.remark
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, reason)
         select district_id, estate_id, id, $2, $3, '编辑', $4 from bill where id = $1",
        id.0,
        ctx.now(),
        ctx.actor_id(),
        format!("{}（{}）", change.reason, said.join("；")),
    )
    .execute(connection(&mut tx))
    .await?;
    arrears_recount(&mut tx, ctx, &[account]).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

pub(super) async fn account_of(tx: &mut Tx, id: BillId) -> Result<i64> {
    let account = sqlx::query_scalar!("select account_id from bill where id = $1", id.0);
    Ok(account.fetch_optional(connection(tx)).await?.ok_or(Failure::NotFound)?)
}

/// Takes a posted bill back (L10, L11): what nobody has paid is owed no more.
///
/// # Errors
/// Without [`Permission::BillWrite`]; complaints about the reason; a refusal for one that was paid, that is decided already
/// or that takes back another itself, and when the month is closed; [`Failure::Conflict`].
pub async fn bill_reverse(ctx: &Ctx, id: BillId, version: i32, how: TakeBack, reason: &str) -> Result<()> {
    ctx.require(Permission::BillWrite)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let account = account_of(&mut tx, id).await?;
    hold(&mut tx, AccountId(account)).await?;
    let decision = decide(&mut tx, ctx, id, version, how).await?;
    let counter = counter_bill(&mut tx, ctx, id, decision, &reason).await?;
    reverse_bills(&mut tx, ctx, &[id.0], &reason).await?;
    sqlx::query!("update bill set decision = $2, version = version + 1 where id = $1", id.0, decision.code())
        .execute(connection(&mut tx))
        .await
        .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, $4, amount_fen, $5 from bill where id = any($1) order by id",
        &Vec::from_iter([Some(id.0), counter].into_iter().flatten()),
        ctx.now(),
        ctx.actor_id(),
        how.event().label(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    arrears_recount(&mut tx, ctx, &[account]).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// What the bill becomes.
async fn decide(tx: &mut Tx, ctx: &Ctx, id: BillId, version: i32, how: TakeBack) -> Result<BillStatus> {
    let bill = locked(tx, ctx, id, version).await?;
    let event = how.event();
    if bill.counter {
        return Err(Failure::refused(format!("红字账单不能{event}")).into());
    }
    if bill.paid {
        return Err(Failure::refused(format!("已收款账单不能{event}，请先办理退费")).into());
    }
    Ok(bill.status.next(event).map_err(Failure::from)?)
}

/// A posted bill whose row is locked, as it stands today.
pub(super) struct Locked {
    pub status: BillStatus,
    due_on: NaiveDate,
    remark: Option<String>,
    /// something was paid of it
    paid: bool,
    /// the bank is asked for it
    in_batch: bool,
    /// it takes back another
    pub counter: bool,
}

/// Locks a bill that nobody changed since it was read; its account is locked before it.
pub(super) async fn locked(tx: &mut Tx, ctx: &Ctx, id: BillId, version: i32) -> Result<Locked> {
    let bill = sqlx::query!(
        r#"select district_id, decision, due_on, remark, amount_fen + late_fee_fen as "amount!", paid_fen + late_paid_fen as "paid!",
                  verified_fen, reverses_id, in_batch, version
           from bill where id = $1 for update"#,
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    if bill.version != version {
        return Err(Failure::Conflict.into());
    }
    let grace = graces(tx, ctx.today()).await?.of(bill.district_id);
    let money = (bill.amount, bill.paid, bill.verified_fen);
    Ok(Locked {
        status: status(bill.decision.as_deref(), bill.due_on, money, grace, ctx.today())?,
        due_on: bill.due_on,
        remark: bill.remark,
        paid: bill.paid > 0,
        in_batch: bill.in_batch.is_some(),
        counter: bill.reverses_id.is_some(),
    })
}

/// The counter-bill of one bill; one that came to nothing has none.
pub(in crate::billing) async fn counter_bill(
    tx: &mut Tx,
    ctx: &Ctx,
    id: BillId,
    decision: BillStatus,
    reason: &str,
) -> Result<Option<i64>> {
    Ok(counter_bills(tx, ctx, &[id.0], decision, reason).await?.pop())
}

/// The bills of the negative amounts, line by line, with the late fees that were charged.
pub(in crate::billing) async fn counter_bills(
    tx: &mut Tx,
    ctx: &Ctx,
    ids: &[i64],
    decision: BillStatus,
    reason: &str,
) -> Result<Vec<i64>> {
    let counters = sqlx::query_scalar!(
        "insert into bill (district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to,
                           months, due_on, amount_fen, reduction_fen, decision, reverses_id, posted_at, posted_by, remark)
         select district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from, period_to,
                0, due_on, -(amount_fen + late_fee_fen), -reduction_fen, $2, id, $3, $4, $5
         from bill where id = any($1) and amount_fen + late_fee_fen > 0 order by id
         returning id",
        ids,
        decision.code(),
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "insert into bill_line (bill_id, seq, district_id, estate_id, fee_item, period_from, period_to, days, formula, amount_fen)
         select k.id, l.seq, l.district_id, l.estate_id, l.fee_item, l.period_from, l.period_to, l.days, l.formula, -l.amount_fen
         from bill k join bill_line l on l.bill_id = k.reverses_id where k.id = any($1)
         union all
         select k.id, 1 + coalesce((select max(seq) from bill_line where bill_id = b.id), 0)::smallint, b.district_id, b.estate_id, 'LATE',
                null, null, null, '滞纳金', -b.late_fee_fen
         from bill k join bill b on b.id = k.reverses_id where k.id = any($1) and b.late_fee_fen > 0",
        &counters
    )
    .execute(connection(tx))
    .await?;
    Ok(counters)
}
