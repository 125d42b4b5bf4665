//! Writing a batch that was agreed to, in portions that are each one transaction: accounts, contracts, opening bills and the
//! ledger's opening entries. Every row is written or told why not; a portion that was saved is never written again.

use super::decide::{digest, obstacle};
use crate::{
    Ctx, Result,
    billing::{Charge, ledger_refusal, post, post_opening, rule::billing_rule, run::charges_until},
    ctx::{Tx, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::contract::terms::billed_read_many,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        ledger::Subject,
        plan::{PlannedBill, PlannedLine},
    },
    dictionary::{BillKind, FeeItem},
    failure::Failure,
    tenancy::take_over::{OpeningBill, TakeOverEvent, TakeOverStatus, opening_bills},
    value::Money,
};

/// Contracts in one transaction.
const PORTION: i64 = 1_000;

/// A batch whose row is locked.
struct Batch {
    id: i64,
    district: i64,
    cutoff_on: NaiveDate,
    digest: Option<String>,
    status: TakeOverStatus,
    counts: (i32, i32),
}

async fn hold(tx: &mut Tx, id: i64) -> Result<Batch> {
    let row = sqlx::query!(
        "select district_id, cutoff_on, digest, status, written_rows, failed_rows from take_over where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok(Batch {
        id,
        district: row.district_id,
        cutoff_on: row.cutoff_on,
        digest: row.digest,
        status: stored(&row.status, TakeOverStatus::from_code)?,
        counts: (row.written_rows, row.failed_rows),
    })
}

/// Whether there is a batch to write: agreed to, as it was agreed to, with its month open. Of one that has ended another way only
/// rows are left that wait to be free.
///
/// # Errors
/// A refusal when it is not what was agreed to, or cannot be entered.
pub(super) async fn is_to_write(ctx: &Ctx, id: i64) -> Result<bool> {
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, id).await?;
    if batch.status != TakeOverStatus::Approved {
        let left = sqlx::query_scalar!(
            r#"select exists (select from take_over_row where take_over_id = $1 and state = 'STAGED') as "left!""#,
            id
        )
        .fetch_one(connection(&mut tx))
        .await?;
        return Ok(batch.status == TakeOverStatus::Done && !left);
    }
    if batch.digest != Some(digest(&mut tx, id).await?) {
        return Err(Failure::refused("接管数据与审批时的摘要不符，不能接管").into());
    }
    Ok(true)
}

/// Writes the next rows; answers how many are decided now, and nothing when none is left.
pub(super) async fn portion(ctx: &Ctx, id: i64) -> Result<Option<i32>> {
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, id).await?;
    if batch.status != TakeOverStatus::Approved {
        return Ok(None);
    }
    if let Some(sentence) = obstacle(&mut tx, id).await? {
        return Err(Failure::refused(sentence).into());
    }
    let rows = sqlx::query_scalar!(
        "select id from take_over_row where take_over_id = $1 and state = 'STAGED' order by id limit $2 for update",
        id,
        PORTION
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    // Whoever works with contracts takes the home first.
    sqlx::query!(
        "select id from unit where id in (select unit_id from take_over_row where id = any($1)) order by id for update",
        &rows
    )
    .fetch_all(connection(&mut tx))
    .await?;
    fail(&mut tx, &rows).await?;
    accounts_open(&mut tx, &batch, &rows).await?;
    let contracts = contracts_insert(&mut tx, ctx, &batch, &rows).await?;
    residents_follow(&mut tx, &contracts).await?;
    funds_enter(&mut tx, ctx, &batch, &rows).await?;
    arrears_enter(&mut tx, ctx, &batch, &rows).await?;
    bills_since(&mut tx, ctx, &batch, &contracts).await?;
    let done = count(&mut tx, id, &rows, &contracts).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(Some(done))
}

/// Ends a batch of which every row is decided; answers how many were written, and how many not.
///
/// # Errors
/// The state machine's refusal.
pub(super) async fn finish(ctx: &Ctx, id: i64) -> Result<(i32, i32)> {
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, id).await?;
    if batch.status != TakeOverStatus::Done {
        let next = batch.status.next(TakeOverEvent::Finish)?;
        sqlx::query!(
            "update take_over set status = $2, finished_at = $3, version = version + 1 where id = $1",
            id,
            next.code(),
            ctx.now()
        )
        .execute(connection(&mut tx))
        .await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(batch.counts)
}

/// Tells rows that cannot be written any more why: what was staged weeks ago may have been overtaken.
async fn fail(tx: &mut Tx, rows: &[i64]) -> Result<()> {
    sqlx::query!(
        "update take_over_row t set state = 'FAILED', message = r.reason, id_number = null, phone = null, bank_no = null, key_id = null
         from (select t.id, case
                   when u.status <> 'OCCUPIED' or u.deleted_at is not null then '房屋状态不是已入住'
                   when exists (select from contract c where c.unit_id = t.unit_id and c.deleted_at is null
                                and c.status not in ('REJECTED', 'TERMINATED', 'EXPIRED', 'RENEWED', 'VOID'))
                       then '房源已有待审批或履行中的合同'
                   when exists (select from person p where p.id = t.person_id
                                and (p.deleted_at is not null or p.merged_into is not null)) then '承租人记录已删除或合并'
                   when person_is_housed(t.person_id) then '承租人已有待审批或履行中的合同'
                   when exists (select from contract_numbers_known(array[t.contract_no], false)) then '合同编号已存在'
               end as reason
               from take_over_row t join unit u on u.id = t.unit_id where t.id = any($1)) r
         where r.id = t.id and r.reason is not null",
        rows
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The households' accounts; one that is open already goes on.
async fn accounts_open(tx: &mut Tx, batch: &Batch, rows: &[i64]) -> Result<()> {
    sqlx::query!(
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select t.district_id, t.estate_id, u.building_id, t.unit_id, t.person_id, $2
         from take_over_row t join unit u on u.id = t.unit_id
         where t.id = any($1) and t.state = 'STAGED' order by t.unit_id
         on conflict (unit_id, person_id) where status = 'ON' do update set version = account.version + 1",
        rows,
        batch.cutoff_on,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The contracts, in force at once, or expired where the term is over and the household still there (C8): made by who brought them,
/// agreed to by who agreed to the batch. The bank knows them from the system before. What was sealed is the contracts' from now on.
async fn contracts_insert(tx: &mut Tx, ctx: &Ctx, batch: &Batch, rows: &[i64]) -> Result<Vec<i64>> {
    let contracts = sqlx::query_scalar!(
        "insert into contract (district_id, estate_id, unit_id, contract_no, account_id, lessor_id, person_id, household_id, lessee_name,
                id_number, id_number_mask, phone, phone_mask, address, layout, building_area, usable_area, category, rent_standard_id,
                unit_rate, area_basis, rent_area, base_rent_fen, reduction_fen, monthly_rent_fen, deposit_fen, start_on, end_on,
                rent_start_on, pay_cycle, first_pay_months, split, due_day, bank_name, bank_no, bank_no_mask, bank_holder,
                debit_agreement_no, sign_on, sign_mode, remark, status, submitted_at, checker_id, checked_at, opinion, digest,
                active_at, author_ids, key_id, take_over_id, taken_over_on, charged_to, expired_on, created_at, created_by, updated_at,
                updated_by)
         select t.district_id, t.estate_id, t.unit_id, t.contract_no, a.id, t.lessor_id, t.person_id, t.household_id, t.lessee_name,
                t.id_number, t.id_number_mask, t.phone, t.phone_mask, t.address, t.layout, t.building_area, t.usable_area, t.category,
                t.rent_standard_id, t.unit_rate, t.area_basis, t.rent_area, t.base_rent_fen, t.reduction_fen, t.monthly_rent_fen,
                t.contract_deposit_fen, t.start_on, t.end_on, t.start_on, t.pay_cycle, t.pay_cycle, t.split, t.due_day, t.bank_name,
                t.bank_no, t.bank_no_mask, t.bank_holder, t.debit_agreement_no, t.sign_on, 'PAPER', t.remark,
                case when t.end_on < $4 then 'EXPIRED' else 'ACTIVE' end,
                b.submitted_at, b.checker_id, b.checked_at, b.opinion, b.digest, $3, array[b.maker_id], t.key_id, b.id, b.cutoff_on,
                t.charged_to, case when t.end_on < $4 then t.end_on + 1 end, $3, b.maker_id, $3, b.checker_id
         from take_over_row t join take_over b on b.id = t.take_over_id
         join account a on a.unit_id = t.unit_id and a.person_id = t.person_id and a.status = 'ON'
         where t.id = any($1) and t.take_over_id = $2 and t.state = 'STAGED' order by t.id
         returning id",
        rows,
        batch.id,
        ctx.now(),
        ctx.today(),
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "update take_over_row t set state = 'WRITTEN', contract_id = c.id, account_id = c.account_id, id_number = null, phone = null,
                bank_no = null, key_id = null
         from contract c where c.id = any($2) and c.unit_id = t.unit_id and t.id = any($1) and t.state = 'STAGED'",
        rows,
        &contracts
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status, reason)
         select c.district_id, c.estate_id, c.id, $2, b.checker_id, '接管', null, c.status,
                b.batch_no || '，接管日' || b.cutoff_on
         from contract c join take_over b on b.id = c.take_over_id where c.id = any($1) order by c.id",
        &contracts,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    Ok(contracts)
}

/// Who lives in the homes already (I-09) does so under the contracts from now on; the co-residents among them are named there.
async fn residents_follow(tx: &mut Tx, contracts: &[i64]) -> Result<()> {
    // What two people agreed to is in force already, and held (contract_hold).
    sqlx::query!("select set_config('app.contract', 'change', true) as held").fetch_one(connection(tx)).await?;
    sqlx::query!(
        "insert into contract_resident (contract_id, person_id, district_id, estate_id, name, relation)
         select c.id, b.person_id, c.district_id, c.estate_id, b.person_name, 'OTHER'
         from contract c join binding b on b.unit_id = c.unit_id and b.to_on is null and b.relation = 'CO_RESIDENT'
         where c.id = any($1) and b.person_id <> c.person_id on conflict do nothing",
        contracts
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("select set_config('app.contract', '', true) as held").fetch_one(connection(tx)).await?;
    sqlx::query!(
        "update binding b set contract_id = c.id from contract c
         where c.id = any($1) and b.unit_id = c.unit_id and b.to_on is null and b.contract_id is null",
        contracts
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// What the households paid ahead and left as security, against the opening balance.
async fn funds_enter(tx: &mut Tx, ctx: &Ctx, batch: &Batch, rows: &[i64]) -> Result<()> {
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, at,
                                   actor_id)
         select t.district_id, t.estate_id, t.account_id, $2, $3, f.credit, f.item, f.fen, '期初结转', $6, $7
         from take_over_row t
         cross join lateral (values ($4, 'RENT', t.balance_fen), ($5, 'DEPOSIT', t.deposit_fen)) as f (credit, item, fen)
         where t.id = any($1) and t.state = 'WRITTEN' and f.fen > 0 order by t.account_id",
        rows,
        batch.cutoff_on,
        Subject::Opening.code(),
        Subject::Balance.code(),
        Subject::Deposit.code(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await
    .map_err(ledger_refusal)?;
    Ok(())
}

/// The opening bills of what is owed. Whatever late fees the old system asked for are in it, so that this one counts the days
/// behind the cut-off only: two people agreed to what is owed on it.
async fn arrears_enter(tx: &mut Tx, ctx: &Ctx, batch: &Batch, rows: &[i64]) -> Result<()> {
    let opening = opening_charges(tx, rows).await?;
    let posted = post_opening(tx, ctx, &opening, batch.cutoff_on).await?;
    sqlx::query!("update bill set late_to = $2 where id = any($1)", &posted.ids, batch.cutoff_on)
        .execute(connection(tx))
        .await?;
    Ok(())
}

async fn opening_charges(tx: &mut Tx, rows: &[i64]) -> Result<Vec<Charge>> {
    let rows = sqlx::query!(
        r#"select district_id, estate_id, unit_id, account_id as "account!", contract_id as "contract!", arrears_fen,
                  arrears_from as "from!", arrears_to as "to!", monthly_rent_fen, due_day, start_on, charged_to
           from take_over_row where id = any($1) and state = 'WRITTEN' and arrears_fen > 0 order by account_id"#,
        rows
    )
    .fetch_all(connection(tx))
    .await?;
    let charges = rows.into_iter().flat_map(|row| {
        let bills = opening_bills(
            Money::from_fen(row.arrears_fen),
            (row.from, row.to),
            Money::from_fen(row.monthly_rent_fen),
            u8::try_from(row.due_day).unwrap_or(1),
            (row.start_on, row.charged_to),
        );
        bills.into_iter().map(move |bill| Charge {
            district: row.district_id,
            estate: row.estate_id,
            unit: row.unit_id,
            account: row.account,
            contract: Some(row.contract),
            kind: BillKind::Rent,
            fee_item: FeeItem::Rent,
            bill: planned(bill),
        })
    });
    Ok(charges.collect())
}

/// An opening bill in the form of others: a month, and one line.
fn planned(bill: OpeningBill) -> PlannedBill {
    let days = u32::try_from((bill.to - bill.from).num_days() + 1).unwrap_or(1);
    let line = PlannedLine {
        from: bill.from,
        to: bill.to,
        days,
        of: days,
        monthly: bill.amount,
        full: bill.amount,
        payable: bill.amount,
    };
    PlannedBill { from: bill.from, to: bill.to, months: 1, due_on: bill.due_on, lines: vec![line] }
}

/// The bills of the periods that began since the old system charged last. Nobody is late with what he could not know.
async fn bills_since(tx: &mut Tx, ctx: &Ctx, batch: &Batch, contracts: &[i64]) -> Result<()> {
    let rule = billing_rule(tx, batch.district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let mut charges: Vec<Charge> = billed_read_many(tx, contracts)
        .await?
        .iter()
        .flat_map(|contract| charges_until(contract, ctx.today(), &rule, &calendar))
        .collect();
    for charge in &mut charges {
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
    }
    post(tx, ctx, &charges, None, ctx.today()).await?;
    Ok(())
}

/// Counts what this portion has written from what is there: the contracts' own ledger, not what was staged, so that the control
/// totals compare two different things.
async fn count(tx: &mut Tx, id: i64, rows: &[i64], contracts: &[i64]) -> Result<i32> {
    let done = sqlx::query_scalar!(
        r#"update take_over b set written_rows = written_rows + w.rows, written_balance_fen = written_balance_fen + w.balance,
                  written_deposit_fen = written_deposit_fen + w.deposit, written_arrears_fen = written_arrears_fen + w.arrears,
                  failed_rows = failed_rows + f.rows, version = b.version + 1
           from (select count(*)::integer as rows,
                        coalesce(sum(o.balance), 0)::bigint as balance, coalesce(sum(o.deposit), 0)::bigint as deposit,
                        coalesce(sum(o.arrears), 0)::bigint as arrears
                 from contract c cross join lateral (
                     select sum(e.amount_fen) filter (where e.credit = 'BALANCE') as balance,
                            sum(e.amount_fen) filter (where e.credit = 'DEPOSIT') as deposit,
                            sum(e.amount_fen) filter (where e.debit = 'RECEIVABLE') as arrears
                     from ledger_entry e where e.account_id = c.account_id and e.booked_on = c.taken_over_on
                         and e.reason = '期初结转' and 'OPENING' in (e.debit, e.credit)) o
                 where c.id = any($3)) w,
                (select count(*)::integer as rows from take_over_row where id = any($2) and state = 'FAILED') f
           where b.id = $1 returning b.written_rows + b.failed_rows as "done!""#,
        id,
        rows,
        contracts,
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(done)
}
