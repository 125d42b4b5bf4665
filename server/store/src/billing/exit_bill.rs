//! 退租账单 in the books (E-53, S1-7.4): what follows from them when it is made, and what is entered once another person has
//! agreed. Nothing here is changed in place: what was charged too much is reversed, what is still owed is charged, and the
//! balance and the deposit pay by transfers of their own.

use super::{
    arrears::arrears_recount,
    bill::counter_bill,
    debt::{OpenBill, open_bills},
    fund::{Pays, fund_pays, request_id},
    ledger::{Transfer, refusal, reverse_bills, transfer},
    payment::{Held, hold},
    post::{Charge, post},
    rent_cut::{Cut, Standing, cut},
    rule::billing_rule,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    tenancy::contract::terms::{Billed, billed_read_one},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill_form::kind_of,
        bill_status::BillEvent,
        ledger::Subject,
        plan::{PlannedBill, PlannedLine},
        rule::BillingRule,
    },
    dictionary::{BillKind, BillStatus, ExitLineKind, FeeItem, PayMethod},
    failure::Failure,
    id::{AccountId, BillId},
    tenancy::{
        exit::ExitFunds,
        exit_bill::{ExitBillLine, PostedRent},
    },
    value::Money,
};
use std::collections::HashMap;

/// Who leaves: the contract, its account, the day of the exit and of the settlement.
#[derive(Clone, Copy)]
pub(crate) struct Leaving {
    pub exit: i64,
    pub contract: i64,
    pub account: i64,
    pub exit_on: NaiveDate,
    pub settle_on: NaiveDate,
}

/// What the books say of somebody who leaves.
pub(crate) struct Sheet {
    pub lines: Vec<ExitBillLine>,
    pub balance: Money,
    pub deposit: Money,
}

/// What the account holds and owes now.
pub(crate) async fn exit_funds(tx: &mut Tx, account: i64) -> Result<ExitFunds> {
    let row = sqlx::query!(
        r#"select a.balance_fen, a.deposit_fen,
                  coalesce((select sum(b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen) from bill b
                            where b.account_id = a.id and b.decision is null
                              and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen), 0)::bigint as "outstanding!",
                  coalesce((select sum(r.amount_fen) from refund r where r.account_id = a.id and r.status = 'APPROVED' and r.bill_id is null), 0)::bigint
                      as "refunding!"
           from account a where a.id = $1"#,
        account
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(ExitFunds {
        balance: Money::from_fen(row.balance_fen),
        deposit: Money::from_fen(row.deposit_fen),
        outstanding: Money::from_fen(row.outstanding),
        refunding: Money::from_fen(row.refunding),
    })
}

/// 欠租金额: what the account owes that is due by a day.
pub(crate) async fn exit_owed(tx: &mut Tx, account: i64, day: NaiveDate) -> Result<Money> {
    let fen = sqlx::query_scalar!(
        r#"select coalesce(sum(amount_fen + late_fee_fen - paid_fen - late_paid_fen), 0)::bigint as "fen!" from bill
           where account_id = $1 and decision is null and due_on <= $2
             and amount_fen + late_fee_fen > paid_fen + late_paid_fen"#,
        account,
        day
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Money::from_fen(fen))
}

/// The lines that follow from the books, behind a lock on the account.
///
/// # Errors
/// A refusal while the bank is asked for one of its bills, while a refund is under way, and while money that was taken is
/// not verified.
pub(crate) async fn exit_sheet(tx: &mut Tx, ctx: &Ctx, leaving: Leaving) -> Result<Sheet> {
    let held = hold(tx, AccountId(leaving.account)).await?;
    ready(tx, &held).await?;
    let books = Books::read(tx, ctx, &held, leaving).await?;
    let funds = exit_funds(tx, held.id).await?;
    Ok(Sheet { lines: books.lines(), balance: funds.balance, deposit: funds.deposit })
}

/// What stands against a settlement.
async fn ready(tx: &mut Tx, held: &Held) -> Result<()> {
    let found = sqlx::query!(
        r#"select exists (select from bill where account_id = $1 and in_batch is not null) as "batch!",
                  exists (select from refund where account_id = $1 and status in ('PENDING', 'APPROVED')) as "refund!",
                  exists (select from payment where account_id = $1 and status = 'NORMAL' and verified_at is null) as "unverified!""#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    let obstacles = [
        (found.batch, "存在未完成的扣款批次，暂不能结算"),
        (found.refund, "存在未办结的退费，请办结后再结算"),
        (found.unverified, "存在未核销的收款，请核销后再结算"),
    ];
    match obstacles.into_iter().find(|(found, _)| *found) {
        Some((_, sentence)) => Err(Failure::refused(sentence).into()),
        None => Ok(()),
    }
}

/// The contract, the bills of its plans and all that is open, as a settlement reads them.
struct Books {
    contract: Billed,
    rule: BillingRule,
    open: Vec<OpenBill>,
    named: HashMap<i64, Named>,
    /// rents, property fees, and what the market asks above the rents (R-26)
    reversed: Vec<(FeeItem, PostedRent)>,
    charged: Vec<(FeeItem, PlannedBill)>,
}

/// A bill's number and period.
struct Named {
    no: String,
    from: NaiveDate,
    to: NaiveDate,
}

impl Books {
    async fn read(tx: &mut Tx, ctx: &Ctx, held: &Held, leaving: Leaving) -> Result<Self> {
        let rule = billing_rule(tx, held.district_id, ctx.today()).await?;
        let (contract, _) = billed_read_one(tx, leaving.contract).await?;
        let open = open_bills(tx, &[held.id], None, &rule, leaving.settle_on).await?;
        let rows = sqlx::query!(
            r#"select id, bill_no as "bill_no!", contract_id, fee_item, months, period_from, period_to, decision, amount_fen + late_fee_fen as "charged!"
               from bill where account_id = $1 and reverses_id is null and (decision is null or decision not in ('VOID', 'REVERSED'))
               order by period_from, id"#,
            held.id
        )
        .fetch_all(connection(tx))
        .await?;
        let mut named = HashMap::new();
        let mut rents = Vec::new();
        for row in rows {
            if row.contract_id == Some(leaving.contract) && row.months > 0 {
                let (bill, from, to) = (row.id, row.period_from, row.period_to);
                let rent = PostedRent { bill, from, to, charged: Money::from_fen(row.charged) };
                let item = stored(&row.fee_item, FeeItem::from_code)?;
                rents.push(Standing { item, rent, decided: row.decision.is_some() });
            }
            named.insert(row.id, Named { no: row.bill_no, from: row.period_from, to: row.period_to });
        }
        let Cut { reversed, charged } = cut(&contract, rule.base, leaving.exit_on, &rents);
        Ok(Self { reversed, charged, contract, rule, open, named })
    }

    fn is_reversed(&self, bill: i64) -> bool {
        self.reversed.iter().any(|(_, rent)| rent.bill == bill)
    }

    /// Of each bill with its number: what is open, what is taken back, and what is charged instead.
    fn lines(&self) -> Vec<ExitBillLine> {
        let mut lines = Vec::new();
        let mut taken_back = Vec::new();
        for open in &self.open {
            let (debt, accrued) = (open.owed.debt, open.owed.accrued);
            // Of one that is taken back nothing more accrues.
            let gone = self.is_reversed(debt.bill) || open.owed.fee_item == FeeItem::Deposit;
            let amount = if gone { debt.total() - accrued } else { debt.total() };
            let late = debt.late_fee - if gone { accrued } else { Money::ZERO };
            let late = if late > Money::ZERO { format!("，含滞纳金{late}元") } else { String::new() };
            lines.push(self.line(ExitLineKind::Owed, open.owed.fee_item, debt.bill, amount, &late));
            if open.owed.fee_item == FeeItem::Deposit {
                let amount = Money::ZERO - amount;
                taken_back.push(self.line(
                    ExitLineKind::Reverse,
                    FeeItem::Deposit,
                    debt.bill,
                    amount,
                    "，未缴押金不再收取",
                ));
            }
        }
        for (item, rent) in &self.reversed {
            let amount = Money::ZERO - rent.charged;
            taken_back.push(self.line(ExitLineKind::Reverse, *item, rent.bill, amount, ""));
        }
        lines.extend(taken_back);
        lines.extend(self.charged.iter().map(|(item, bill)| ExitBillLine {
            kind: if *item == FeeItem::Property { ExitLineKind::Property } else { ExitLineKind::Rent },
            fee_item: *item,
            bill: None,
            from: Some(bill.from),
            to: Some(bill.to),
            amount: bill.amount(),
            note: format!("{item}结算至退租日"),
        }));
        lines
    }

    fn line(&self, kind: ExitLineKind, fee_item: FeeItem, bill: i64, amount: Money, more: &str) -> ExitBillLine {
        let named = self.named.get(&bill);
        ExitBillLine {
            kind,
            fee_item,
            bill: Some(BillId(bill)),
            from: named.map(|named| named.from),
            to: named.map(|named| named.to),
            amount,
            note: format!("账单{}{more}", named.map_or("", |named| &named.no)),
        }
    }
}

/// Enters what was agreed to: bills that are taken back and charged, then balance and deposit pay what they can. `lines` are
/// those of the bill, which the caller has held against [`exit_sheet`].
///
/// # Errors
/// A refusal when the month is closed.
pub(crate) async fn exit_enter(tx: &mut Tx, ctx: &Ctx, leaving: Leaving, lines: &[ExitBillLine]) -> Result<()> {
    let held = hold(tx, AccountId(leaving.account)).await?;
    let books = Books::read(tx, ctx, &held, leaving).await?;
    for line in lines.iter().filter(|line| line.kind == ExitLineKind::Reverse) {
        if let Some(bill) = line.bill {
            take_back(tx, ctx, held.id, bill, "退租结算").await?;
        }
    }
    let today = ctx.today();
    // Nobody is late with what he did not know yesterday.
    let rents = books.charged.iter().map(|(item, bill)| (*item, PlannedBill { due_on: today, ..bill.clone() }));
    let mut charges: Vec<Charge> =
        rents.map(|(item, bill)| Charge::of(&books.contract, kind_of(item), item, bill)).collect();
    let mut notes = vec![None; charges.len()];
    for line in lines.iter().filter(|line| matches!(line.kind, ExitLineKind::Damage | ExitLineKind::Other)) {
        let kind = if line.kind == ExitLineKind::Damage { BillKind::Exit } else { kind_of(line.fee_item) };
        charges.push(Charge::of(&books.contract, kind, line.fee_item, once(line.amount, today)));
        notes.push(Some(line.note.clone()));
    }
    let posted = post(tx, ctx, &charges, None, today).await?;
    sqlx::query!(
        "update bill b set remark = n.note from unnest($1::bigint[], $2::text[]) as n (id, note) where b.id = n.id and n.note is not null",
        &posted.ids,
        &notes as &[Option<String>],
    )
    .execute(connection(tx))
    .await?;
    for method in [PayMethod::Balance, PayMethod::DepositOffset] {
        offset(tx, ctx, &held, leaving, &books.rule, method).await?;
    }
    late_fees_charge(tx, ctx, &held, leaving.settle_on, &books.rule).await?;
    arrears_recount(tx, ctx, &[held.id]).await
}

/// Charges the late fees of what is still open up to a day: the sum that is signed and acknowledged is the one in the books.
async fn late_fees_charge(tx: &mut Tx, ctx: &Ctx, held: &Held, day: NaiveDate, rule: &BillingRule) -> Result<()> {
    const REASON: &str = "计收滞纳金";
    let open = open_bills(tx, &[held.id], None, rule, day).await?;
    let late: Vec<_> = open.iter().map(|open| &open.owed).filter(|owed| owed.accrued > Money::ZERO).collect();
    if late.is_empty() {
        return Ok(());
    }
    let charge = |bill: i64, amount: Money| Transfer {
        account: held.id,
        debit: Subject::Receivable,
        credit: Subject::Income,
        fee_item: FeeItem::Late,
        amount,
        reason: REASON,
        bill: Some(bill),
        payment: None,
    };
    let transfers: Vec<Transfer<'_>> = late.iter().map(|owed| charge(owed.debt.bill, owed.accrued)).collect();
    sqlx::query!(
        "with charged as (
             update bill b set late_fee_fen = b.late_fee_fen + s.accrued, late_to = greatest(b.late_to, $3), version = b.version + 1
             from unnest($1::bigint[], $2::bigint[]) as s (bill, accrued) where b.id = s.bill
             returning b.district_id, b.estate_id, b.id, s.accrued)
         insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen)
         select district_id, estate_id, id, $4, $5, $6, accrued from charged order by id",
        &late.iter().map(|owed| owed.debt.bill).collect::<Vec<_>>(),
        &late.iter().map(|owed| owed.accrued.fen()).collect::<Vec<_>>(),
        day,
        ctx.now(),
        ctx.actor_id(),
        REASON,
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    transfer(tx, ctx, ctx.today(), &transfers).await
}

/// A charge of no period.
fn once(amount: Money, day: NaiveDate) -> PlannedBill {
    let line = PlannedLine { from: day, to: day, days: 1, of: 1, monthly: amount, full: amount, payable: amount };
    PlannedBill { from: day, to: day, months: 0, due_on: day, lines: vec![line] }
}

/// Takes a bill back. What was paid of it is the household's balance; a deposit that was paid stays a deposit.
pub(super) async fn take_back(tx: &mut Tx, ctx: &Ctx, account: i64, bill: BillId, reason: &str) -> Result<()> {
    let row = sqlx::query!(
        r#"select fee_item, paid_fen + late_paid_fen as "paid!" from bill where id = $1 and account_id = $2 and decision is null for update"#,
        bill.0,
        account
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::Conflict)?;
    let fee_item = stored(&row.fee_item, FeeItem::from_code)?;
    let counter = counter_bill(tx, ctx, bill, BillStatus::Reversed, reason).await?;
    reverse_bills(tx, ctx, &[bill.0], reason).await?;
    if fee_item != FeeItem::Deposit {
        let back = Transfer {
            account,
            debit: Subject::Receivable,
            credit: Subject::Balance,
            fee_item,
            amount: Money::from_fen(row.paid),
            reason: "冲销账单转回余额",
            bill: counter,
            payment: None,
        };
        transfer(tx, ctx, ctx.today(), &[back]).await?;
    }
    sqlx::query!(
        "update bill set decision = 'REVERSED', paid_fen = 0, late_paid_fen = 0, verified_fen = 0, version = version + 1 where id = $1",
        bill.0
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, $4, amount_fen, $5 from bill where id = any($1) order by id",
        &Vec::from_iter([Some(bill.0), counter].into_iter().flatten()),
        ctx.now(),
        ctx.actor_id(),
        BillEvent::Reverse.label(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Pays what is open out of the balance or the deposit (S1-7.4: damage, then rent, then the others by the deposit).
async fn offset(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    leaving: Leaving,
    rule: &BillingRule,
    method: PayMethod,
) -> Result<()> {
    let funds = exit_funds(tx, held.id).await?;
    let by_deposit = method == PayMethod::DepositOffset;
    let has = if by_deposit { funds.deposit } else { funds.balance };
    let open = open_bills(tx, &[held.id], None, rule, leaving.settle_on).await?;
    let pays = Pays {
        method,
        amount: has,
        request: request_id(&format!("exit {} {}", method.code(), leaving.exit)),
        remark: "退租结算".to_owned(),
        day: leaving.settle_on,
    };
    fund_pays(tx, ctx, held, rule, &open, pays).await
}
