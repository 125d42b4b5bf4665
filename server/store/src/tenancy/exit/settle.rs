//! 退租账单 and what follows from it (X8, X9; S1-7.4): made by one of finance, agreed to by another and only then entered;
//! then the household pays or is paid, and the case goes on.

use super::{Held, hold, inspect, moved, read::bill_load};
use crate::{
    Ctx, Result,
    billing::{
        exit_bill::{Leaving, Sheet, exit_enter, exit_funds, exit_sheet},
        meter::{exit_readings_bill, exit_readings_offer},
    },
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ExitBillStatus, ExitLineKind, ExitStatus, FeeItem, MeterType},
    failure::{Failure, FieldErrors},
    id::ExitId,
    platform::permission::Permission,
    tenancy::{
        exit::ExitEvent,
        exit_bill::{BOOKS_CHANGED, ExitBillForm, ExitBillLine, ExitBillOffer, OtherForm},
        exit_inspection::InspectedItem,
    },
    value::Money,
};

/// What is told once the bill is entered.
const IS_ENTERED: &str = "退租账单已入账，不能修改";
/// What is told before there is a sheet.
const NOT_INSPECTED: &str = "尚未登记验房，不能结算";

fn leaving(held: &Held, settle_on: NaiveDate) -> Leaving {
    Leaving { exit: held.id, contract: held.contract.id, account: held.account, exit_on: held.exit_on, settle_on }
}

/// What the books and the inspection say, without what is added by hand.
async fn computed(tx: &mut Tx, ctx: &Ctx, held: &Held, settle_on: NaiveDate) -> Result<Sheet> {
    let inspection = inspect::inspection(tx, held.id).await?.ok_or_else(|| Failure::refused(NOT_INSPECTED))?;
    let mut sheet = exit_sheet(tx, ctx, leaving(held, settle_on)).await?;
    sheet.lines.extend(inspection.items.iter().filter(|item| item.amount > Money::ZERO).map(damage));
    Ok(sheet)
}

/// The day of the sheet, without which an exit is not settled.
fn inspected_day(held: &Held) -> Result<NaiveDate> {
    held.inspected_on.ok_or_else(|| Failure::refused(NOT_INSPECTED).into())
}

fn damage(item: &InspectedItem) -> ExitBillLine {
    let said = item.damage.as_deref().unwrap_or(item.state.label());
    ExitBillLine {
        kind: ExitLineKind::Damage,
        fee_item: FeeItem::Damage,
        bill: None,
        from: None,
        to: None,
        amount: item.amount,
        note: format!("{}×{}：{said}", item.name, item.quantity),
    }
}

/// The lines that are proposed, and what the account holds; `settle_on`: the day up to which late fees are counted, else
/// that of the bill that was made, else today.
///
/// # Errors
/// A day that cannot be; without [`Permission::ExitBillWrite`]; [`Failure::NotFound`] outside the scope; a refusal in another status, and of what
/// stands against a settlement.
pub async fn exit_bill_offer(ctx: &Ctx, id: ExitId, settle_on: Option<NaiveDate>) -> Result<ExitBillOffer> {
    ctx.require(Permission::ExitBillWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.status.next(ExitEvent::Settle)?;
    if held.is_entered() {
        return Err(Failure::refused(IS_ENTERED).into());
    }
    let row = sqlx::query!(
        r#"select x.exit_no as "exit_no!", c.lessee_name, c.end_on, c.stay_to, e.name || ' ' || c.address as "place!" from exit_case x
           join contract c on c.id = x.contract_id join estate e on e.id = x.estate_id where x.id = $1"#,
        held.id
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let inspected_on = inspected_day(&held)?;
    let settle_on = match settle_on {
        Some(day) => ExitBillForm { settle_on: day.to_string(), ..ExitBillForm::default() }
            .settle_day(inspected_on, ctx.today())
            .map_err(|complaint| FieldErrors::from(("settle_on", complaint.text())))?,
        // The sheet may have been signed anew since.
        None => held.bill.as_ref().map_or(ctx.today(), |bill| bill.settle_on.max(inspected_on)),
    };
    let measured = exit_readings_offer(&mut tx, ctx, held.id).await?;
    let mut sheet = computed(&mut tx, ctx, &held, settle_on).await?;
    sheet.lines.extend(measured);
    let before = bill_load(&mut tx, held.id).await?;
    let by_hand = before.iter().flat_map(|bill| &bill.lines).filter(|line| line.kind == ExitLineKind::Other);
    let offer = ExitBillOffer {
        exit_no: row.exit_no,
        lessee: row.lessee_name,
        place: row.place,
        exit_on: held.exit_on,
        end_on: row.end_on,
        stay_to: row.stay_to,
        inspected_on,
        settle_on,
        lines: sheet.lines,
        balance: sheet.balance,
        deposit: sheet.deposit,
        others: by_hand.map(OtherForm::from).collect(),
        version: held.version,
        today: ctx.today(),
    };
    tx.commit().await?;
    Ok(offer)
}

/// Makes the bill, or makes it anew until it is entered (X8). Nothing of it is entered yet but what his meters measured, which
/// is owed like any other bill.
///
/// # Errors
/// As [`exit_bill_offer`]; complaints by field, also of a charge by hand for what a meter measures; [`Failure::Conflict`].
pub async fn exit_bill_make(ctx: &Ctx, id: ExitId, version: i32, form: &ExitBillForm) -> Result<()> {
    ctx.require(Permission::ExitBillWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    held.status.next(ExitEvent::Settle)?;
    if held.is_entered() {
        return Err(Failure::refused(IS_ENTERED).into());
    }
    let (settle_on, others) = form.check(inspected_day(&held)?, ctx.today())?;
    unmetered(&mut tx, &held, &others).await?;
    exit_readings_bill(&mut tx, ctx, held.id).await?;
    let mut sheet = computed(&mut tx, ctx, &held, settle_on).await?;
    sheet.lines.extend(others);
    let charges: Money = sheet.lines.iter().map(|line| line.amount).sum();
    let bill = sqlx::query_scalar!(
        "insert into exit_bill (district_id, estate_id, exit_id, account_id, settle_on, charges_fen, balance_fen, deposit_fen, maker_id, made_at)
         select district_id, estate_id, id, account_id, $2, $3, $4, $5, $6, $7 from exit_case where id = $1
         on conflict (exit_id) do update set settle_on = excluded.settle_on, charges_fen = excluded.charges_fen,
             balance_fen = excluded.balance_fen, deposit_fen = excluded.deposit_fen, maker_id = excluded.maker_id,
             made_at = excluded.made_at, status = 'PENDING', checker_id = null, checked_at = null, opinion = null,
             version = exit_bill.version + 1
         returning id",
        held.id,
        settle_on,
        charges.fen(),
        sheet.balance.fen(),
        sheet.deposit.fen(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    lines_write(&mut tx, bill, &sheet.lines).await?;
    moved(&mut tx, ctx, &held, ExitEvent::Settle, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses charges by hand for what a registered meter of the home measures, and the property fee that the contract asks for up to
/// the exit: the household would pay twice.
async fn unmetered(tx: &mut Tx, held: &Held, others: &[ExitBillLine]) -> Result<()> {
    let meters =
        sqlx::query_scalar!("select type from meter where unit_id = $1 and status = 'ON'", held.contract.unit_id)
            .fetch_all(connection(tx))
            .await?;
    for meter in meters {
        let item = stored(&meter, MeterType::from_code)?.fee_item();
        if others.iter().any(|line| line.fee_item == item) {
            let sentence = format!("该房间有在用的表具，{item}按读数出账，不能另行录入");
            return Err(FieldErrors::from(("others", sentence.as_str())).into());
        }
    }
    let planned = sqlx::query_scalar!(
        r#"select property_fee_fen is not null and $2 <= greatest(end_on, stay_to) as "planned!" from contract where id = $1"#,
        held.contract.id,
        held.exit_on
    )
    .fetch_one(connection(tx))
    .await?;
    if planned && others.iter().any(|line| line.fee_item == FeeItem::Property) {
        return Err(FieldErrors::from(("others", "合同约定了物业费，已按合同结算至退租日，不能另行录入")).into());
    }
    Ok(())
}

async fn lines_write(tx: &mut Tx, bill: i64, lines: &[ExitBillLine]) -> Result<()> {
    sqlx::query!("delete from exit_bill_line where exit_bill_id = $1", bill).execute(connection(tx)).await?;
    let kinds: Vec<&str> = lines.iter().map(|line| line.kind.code()).collect();
    let items: Vec<&str> = lines.iter().map(|line| line.fee_item.code()).collect();
    let bills: Vec<Option<i64>> = lines.iter().map(|line| line.bill.map(|bill| bill.0)).collect();
    let from: Vec<Option<NaiveDate>> = lines.iter().map(|line| line.from).collect();
    let to: Vec<Option<NaiveDate>> = lines.iter().map(|line| line.to).collect();
    let amounts: Vec<i64> = lines.iter().map(|line| line.amount.fen()).collect();
    let notes: Vec<&str> = lines.iter().map(|line| line.note.as_str()).collect();
    sqlx::query!(
        "insert into exit_bill_line (exit_bill_id, seq, district_id, estate_id, kind, fee_item, bill_id, period_from, period_to, amount_fen,
                                     note)
         select b.id, l.seq, b.district_id, b.estate_id, l.kind, l.item, l.bill, l.period_from, l.period_to, l.amount, l.note
         from unnest($2::text[], $3::text[], $4::bigint[], $5::date[], $6::date[], $7::bigint[], $8::text[]) with ordinality
              as l (kind, item, bill, period_from, period_to, amount, note, seq)
         join exit_bill b on b.id = $1",
        bill,
        &kinds as &[&str],
        &items as &[&str],
        &bills as &[Option<i64>],
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &amounts,
        &notes as &[&str],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Agrees to a bill, which is entered at once, or sends it back. The books must say what they said when it was made.
///
/// # Errors
/// Without [`Permission::ExitBillCheck`]; [`Failure::Conflict`]; a refusal of one's own, of one that is no more what the books
/// say, and when the month is closed; a missing opinion when it is sent back.
pub async fn exit_bill_decide(ctx: &Ctx, id: ExitId, version: i32, approve: bool, opinion: &str) -> Result<ExitStatus> {
    ctx.require(Permission::ExitBillCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    let waiting = held.bill.as_ref().filter(|bill| bill.status == ExitBillStatus::Pending);
    let Some(waiting) = waiting.filter(|_| held.status == ExitStatus::Settlement) else {
        return Err(Failure::refused("没有待复核的退租账单，请刷新").into());
    };
    if waiting.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能复核本人制作的退租账单").into());
    }
    if approve {
        enter(&mut tx, ctx, &held, waiting.settle_on).await?;
    }
    let status = if approve { ExitBillStatus::Approved } else { ExitBillStatus::Refused };
    sqlx::query!(
        "update exit_bill set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        waiting.id,
        status.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    let label = if approve { "退租账单复核通过" } else { "退租账单退回" };
    super::history_add(&mut tx, ctx, held.id, label, (Some(held.status), held.status), opinion.as_deref()).await?;
    let funds = exit_funds(&mut tx, held.account).await?;
    // With nothing left on either side nobody has to come once more.
    let next = if approve && funds.outstanding + funds.balance + funds.deposit == Money::ZERO {
        moved(&mut tx, ctx, &held, ExitEvent::Clear, None).await?
    } else {
        sqlx::query!("update exit_case set version = version + 1 where id = $1", held.id)
            .execute(connection(&mut tx))
            .await?;
        held.status
    };
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Enters the bill if it still says what the books and the inspection say.
async fn enter(tx: &mut Tx, ctx: &Ctx, held: &Held, settle_on: NaiveDate) -> Result<()> {
    let bill = bill_load(tx, held.id).await?.ok_or(Failure::NotFound)?;
    let mut sheet = computed(tx, ctx, held, settle_on).await?;
    sheet.lines.extend(bill.lines.iter().filter(|line| line.kind == ExitLineKind::Other).cloned());
    if (&sheet.lines, sheet.balance, sheet.deposit) != (&bill.lines, bill.balance, bill.deposit) {
        return Err(Failure::refused(BOOKS_CHANGED).into());
    }
    exit_enter(tx, ctx, leaving(held, settle_on), &bill.lines).await
}

/// The household owes nothing and has nothing to get, or what it gets was agreed to (X9).
///
/// # Errors
/// Without [`Permission::RefundWrite`]; [`Failure::Conflict`]; a refusal of what is still open.
pub async fn exit_clear(ctx: &Ctx, id: ExitId, version: i32) -> Result<ExitStatus> {
    ctx.require(Permission::RefundWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    held.status.next(ExitEvent::Clear)?;
    require_entered(&held)?;
    let funds = exit_funds(&mut tx, held.account).await?;
    if funds.outstanding > Money::ZERO {
        let sentence = format!("存在欠费{}元，请先收款，或由财务负责人确认欠款", funds.outstanding);
        return Err(Failure::refused(sentence).into());
    }
    let left = funds.balance + funds.deposit;
    if left > funds.refunding {
        let sentence = format!("应退{}元尚未办理退费审批，请先申请退费", left - funds.refunding);
        return Err(Failure::refused(sentence).into());
    }
    let event = if left > Money::ZERO { ExitEvent::AwaitRefund } else { ExitEvent::Clear };
    let next = moved(&mut tx, ctx, &held, event, None).await?;
    tx.commit().await?;
    Ok(next)
}

/// The household leaves with a debt that it has acknowledged (X9): the head of finance notes it, and the case goes on; the
/// debt stays in the books.
///
/// # Errors
/// Without [`Permission::RefundCheck`]; [`Failure::Conflict`]; a missing reason; a refusal when nothing is owed, and for the
/// maker of the bill.
pub async fn exit_debt_acknowledge(ctx: &Ctx, id: ExitId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::RefundCheck)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    held.seen(version)?;
    held.status.next(ExitEvent::Clear)?;
    require_entered(&held)?;
    if held.bill.as_ref().is_some_and(|bill| bill.maker_id == ctx.actor().id.0) {
        return Err(Failure::refused("不能确认本人制作的退租账单的欠款").into());
    }
    let funds = exit_funds(&mut tx, held.account).await?;
    if funds.outstanding == Money::ZERO {
        return Err(Failure::refused("没有未缴的费用，无须确认欠款").into());
    }
    sqlx::query!(
        "update exit_case set debt_fen = $2, debt_reason = $3, debt_by = $4 where id = $1",
        held.id,
        funds.outstanding.fen(),
        reason,
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    let told = format!("确认欠款{}元：{reason}", funds.outstanding);
    moved(&mut tx, ctx, &held, ExitEvent::Clear, Some(&told)).await?;
    tx.commit().await?;
    Ok(())
}

fn require_entered(held: &Held) -> Result<()> {
    if held.is_entered() { Ok(()) } else { Err(Failure::refused("退租账单尚未复核入账").into()) }
}
