//! Reading the ledger: transfers, the trial balance of a month, closing it, and the sums of the two upper levels of accounts
//! (三级账户: project, door, household).

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::{
    billing::{
        ledger::{
            ENTRY_LIST, EntryRow, LedgerMonth, LevelPage, LevelRow, LevelSum, PeriodForm, Subject, TrialLine,
            parse_month,
        },
        plan::month_of,
    },
    dictionary::FeeItem,
    failure::Failure,
    id::{AccountId, BillId, OrganizationId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};

const COLUMNS: &str =
    "l.id, l.booked_on, l.at, l.account_id, a.account_no, coalesce(c.lessee_name, '') as lessee, l.debit, l.credit, l.fee_item,
     l.amount_fen, l.reason, l.bill_id, b.bill_no, l.payment_id, p.receipt_no, l.shift_id,
     user_name(l.actor_id) as actor";
const FROM: &str =
    "from ledger_entry l left join account a on a.id = l.account_id left join bill b on b.id = l.bill_id
     left join payment p on p.id = l.payment_id
     left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
     where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    booked_on: NaiveDate,
    at: DateTime<Utc>,
    account_id: Option<i64>,
    account_no: Option<String>,
    lessee: String,
    debit: String,
    credit: String,
    fee_item: String,
    amount_fen: i64,
    reason: String,
    bill_id: Option<i64>,
    bill_no: Option<String>,
    payment_id: Option<i64>,
    receipt_no: Option<String>,
    shift_id: Option<i64>,
    actor: Option<String>,
}

impl TryFrom<Record> for EntryRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            booked_on: record.booked_on,
            at: record.at,
            account: record.account_id.zip(record.account_no),
            lessee: record.lessee,
            debit: stored(&record.debit, Subject::from_code)?,
            credit: stored(&record.credit, Subject::from_code)?,
            fee_item: stored(&record.fee_item, FeeItem::from_code)?,
            amount: Money::from_fen(record.amount_fen),
            reason: record.reason,
            bill: record.bill_id.map(BillId).zip(record.bill_no),
            payment: record.payment_id.map(PaymentId).zip(record.receipt_no),
            shift: record.shift_id,
            actor: record.actor,
            balance: None,
        })
    }
}

/// A page of transfers in scope.
///
/// # Errors
/// Without [`Permission::LedgerRead`].
pub async fn entry_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<EntryRow>> {
    ctx.require(Permission::LedgerRead)?;
    let (_, descending) = ENTRY_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["a.account_no", "c.lessee_name", "b.bill_no", "p.receipt_no"],
        filter: &|sql| {
            push_scope(sql, ctx, "l.district_id", "l.estate_id");
            push_code(sql, query, "debit", "l.debit");
            push_code(sql, query, "credit", "l.credit");
            push_code(sql, query, "fee_item", "l.fee_item");
            push_id(sql, query, "district", "l.district_id");
            push_id(sql, query, "account", "l.account_id");
            push_id(sql, query, "shift", "l.shift_id");
            if let Some(month) = query.filter("month") {
                let month = parse_month(month).unwrap_or_default();
                sql.push(" and l.booked_on >= ").push_bind(month);
                sql.push(" and l.booked_on < ").push_bind(next(month));
            }
        },
        order: "l.booked_on",
        descending,
        tie: "l.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(EntryRow::try_from)
}

/// Everything that ever moved on a household's account, oldest first, with its balance behind each (账户流水, E-45): any
/// balance explained down to its entries.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn account_entries(ctx: &Ctx, id: AccountId) -> Result<Vec<EntryRow>> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!(r#"select exists (select from account where id = $1) as "known!""#, id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    if !known {
        return Err(Failure::NotFound.into());
    }
    let statement = format!("select {COLUMNS} {FROM} and l.account_id = $1 order by l.id");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(id.0).fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let mut balance = Money::ZERO;
    records
        .into_iter()
        .map(|record| {
            let mut row = EntryRow::try_from(record)?;
            if row.credit == Subject::Balance {
                balance = balance + row.amount;
            }
            if row.debit == Subject::Balance {
                balance = balance - row.amount;
            }
            row.balance = Some(balance);
            Ok(row)
        })
        .collect()
}

fn next(month: NaiveDate) -> NaiveDate {
    month.checked_add_months(Months::new(1)).unwrap_or(month)
}

/// The trial balance of a month of a district, and what stands against closing it.
///
/// # Errors
/// Without [`Permission::LedgerRead`]; complaints by field; [`Failure::NotFound`] for a district out of scope.
pub async fn ledger_month(ctx: &Ctx, form: &PeriodForm) -> Result<LedgerMonth> {
    ctx.require(Permission::LedgerRead)?;
    let (district, month) = form.check()?;
    if !ctx.sees_district(district.0) {
        return Err(Failure::NotFound.into());
    }
    let mut tx = ctx.begin().await?;
    let month = month_load(&mut tx, ctx, district, month).await?;
    tx.commit().await?;
    Ok(month)
}

async fn month_load(tx: &mut Tx, ctx: &Ctx, district: OrganizationId, month: NaiveDate) -> Result<LedgerMonth> {
    let name = sqlx::query_scalar!("select name from organization where id = $1", district.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let lines = trial(tx, district, month).await?;
    let closed = sqlx::query!(
        "select closed_at, user_name(closed_by) as closed_by from ledger_period where district_id = $1 and month = $2",
        district.0,
        month
    )
    .fetch_optional(connection(tx))
    .await?;
    let obstacles = if closed.is_some() { Vec::new() } else { obstacles(tx, ctx, district, month).await? };
    let (closed_at, closed_by) = closed.map_or((None, None), |row| (Some(row.closed_at), row.closed_by));
    Ok(LedgerMonth { district_id: district, district: name, month, lines, closed_at, closed_by, obstacles })
}

async fn trial(tx: &mut Tx, district: OrganizationId, month: NaiveDate) -> Result<Vec<TrialLine>> {
    let rows = sqlx::query!(
        r#"select side.subject as "subject!",
                  coalesce(sum(side.debit - side.credit) filter (where l.booked_on < $2), 0)::bigint as "before!",
                  coalesce(sum(side.debit) filter (where l.booked_on >= $2), 0)::bigint as "debit!",
                  coalesce(sum(side.credit) filter (where l.booked_on >= $2), 0)::bigint as "credit!"
           from ledger_entry l
           cross join lateral (values (l.debit, l.amount_fen, 0::bigint), (l.credit, 0::bigint, l.amount_fen))
                as side (subject, debit, credit)
           where l.district_id = $1 and l.booked_on < $3 group by 1"#,
        district.0,
        month,
        next(month),
    )
    .fetch_all(connection(tx))
    .await?;
    let mut lines = rows
        .into_iter()
        .map(|row| {
            let subject = stored(&row.subject, Subject::from_code)?;
            let opening = if subject.is_debit() { row.before } else { -row.before };
            Ok(TrialLine {
                subject,
                opening: Money::from_fen(opening),
                debit: Money::from_fen(row.debit),
                credit: Money::from_fen(row.credit),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    lines.sort_by_key(|line| line.subject);
    Ok(lines)
}

/// What stands against closing a month: it has not ended, the one before is open, receipts are not verified, a batch is to be
/// entered in it or before (§3.27), or an account is not what its transfers say.
async fn obstacles(tx: &mut Tx, ctx: &Ctx, district: OrganizationId, month: NaiveDate) -> Result<Vec<String>> {
    let found = sqlx::query!(
        r#"select exists (select from ledger_entry where district_id = $1 and booked_on < $2
                          and not exists (select from ledger_period p where p.district_id = $1
                                          and p.month = date_trunc('month', booked_on)::date)) as "earlier!",
                  (select count(*) from payment p where p.district_id = $1 and p.status = 'NORMAL' and p.verified_at is null
                   and (p.paid_at at time zone 'Asia/Shanghai')::date >= $2
                   and (p.paid_at at time zone 'Asia/Shanghai')::date < $3) as "unverified!",
                  exists (select from take_over where district_id = $1 and status in ('PENDING', 'APPROVED') and cutoff_on < $3)
                      as "taken_over!",
                  (select count(*) from account a
                   left join (select account_id,
                                     sum(amount_fen * ((credit = 'BALANCE')::int - (debit = 'BALANCE')::int)) as balance,
                                     sum(amount_fen * ((credit = 'DEPOSIT')::int - (debit = 'DEPOSIT')::int)) as deposit
                              from ledger_entry where district_id = $1 group by 1) l on l.account_id = a.id
                   where a.district_id = $1 and (a.balance_fen, a.deposit_fen)
                         is distinct from (coalesce(l.balance, 0)::bigint, coalesce(l.deposit, 0)::bigint)) as "broken!""#,
        district.0,
        month,
        next(month),
    )
    .fetch_one(connection(tx))
    .await?;
    let mut obstacles = Vec::new();
    if next(month) > ctx.today() {
        obstacles.push("该月尚未结束".to_owned());
    }
    if found.earlier {
        obstacles.push("以前月份尚未结账，请按月份顺序结账".to_owned());
    }
    if found.unverified > 0 {
        obstacles.push(format!("有{}笔收款未核销", found.unverified));
    }
    if found.taken_over {
        obstacles.push("有待审批或接管中的存量合同接管批次，请先办结".to_owned());
    }
    if found.broken > 0 {
        obstacles.push(format!("有{}个账户余额与分录不符，请联系系统管理员", found.broken));
    }
    Ok(obstacles)
}

/// Closes a month of a district (S4-1.12): from then on nothing is entered in it, by nobody.
///
/// # Errors
/// Without [`Permission::PeriodClose`]; a refusal that names what stands against it, or when it is closed.
pub async fn ledger_close(ctx: &Ctx, form: &PeriodForm) -> Result<()> {
    ctx.require(Permission::PeriodClose)?;
    let (district, month) = form.check()?;
    if !ctx.sees_district(district.0) {
        return Err(Failure::NotFound.into());
    }
    let mut tx = ctx.begin().await?;
    // Nobody enters anything between the question and the close.
    let locked = sqlx::query!(
        "select pg_advisory_xact_lock(ledger_lock_class(), id::integer) from organization where id = $1",
        district.0
    )
    .execute(connection(&mut tx))
    .await?;
    if locked.rows_affected() == 0 {
        return Err(Failure::NotFound.into());
    }
    let state = month_load(&mut tx, ctx, district, month_of(month)).await?;
    if state.closed_at.is_some() {
        return Err(Failure::refused("会计期间已结账").into());
    }
    if !state.obstacles.is_empty() {
        return Err(Failure::refused(format!("不能结账：{}", state.obstacles.join("；"))).into());
    }
    sqlx::query!(
        "insert into ledger_period (district_id, month, closed_at, closed_by) values ($1, $2, $3, $4)",
        district.0,
        state.month,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A page of the projects of the scope with the sums of their accounts (level 1), or of the doors of the one that the filter
/// `project` names (level 2), and the sum of all pages.
///
/// # Errors
/// Without [`Permission::LedgerRead`].
pub async fn account_levels(ctx: &Ctx, query: &ListQuery) -> Result<LevelPage> {
    ctx.require(Permission::LedgerRead)?;
    // What is no project has no doors.
    let project = query.filter("project").map(|id| id.parse::<i64>().unwrap_or(-1));
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        r#"with held as (
             select a.id, a.balance_fen, a.deposit_fen, case when $1::bigint is null then b.project_id else a.unit_id end as level_id
             from account a join building b on b.id = a.building_id where $1::bigint is null or b.project_id = $1),
           owed as (
             select account_id, sum(amount_fen + late_fee_fen - paid_fen - late_paid_fen) as fen from bill
             where decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen group by 1),
           level as (
             select h.level_id, max(case when $1::bigint is null then p.name else e.name || u.address end) as name,
                    count(*) as accounts, sum(h.balance_fen)::bigint as balance, sum(h.deposit_fen)::bigint as deposit,
                    coalesce(sum(o.fen), 0)::bigint as outstanding,
                    row_number() over (order by max(case when $1::bigint is null then p.name else u.position_key end), h.level_id) as place
             from held h left join owed o on o.account_id = h.id
             left join project p on $1::bigint is null and p.id = h.level_id
             left join unit u on $1::bigint is not null and u.id = h.level_id left join estate e on e.id = u.estate_id
             group by h.level_id)
           select l.level_id as "id?", l.name as "name?", l.accounts as "accounts?", l.balance as "balance?", l.deposit as "deposit?",
                  l.outstanding as "outstanding?", t.levels as "levels!", t.accounts as "all_accounts!", t.balance as "all_balance!",
                  t.deposit as "all_deposit!", t.outstanding as "all_outstanding!"
           from (select count(*) as levels, coalesce(sum(accounts), 0)::bigint as accounts, coalesce(sum(balance), 0)::bigint as balance,
                        coalesce(sum(deposit), 0)::bigint as deposit, coalesce(sum(outstanding), 0)::bigint as outstanding from level) t
           -- A page behind the last one has the sums as well.
           left join (select * from level order by place limit $2 offset $3) l on true order by l.place"#,
        project,
        i64::from(query.size) + 1,
        query.offset(),
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let sum = |accounts: i64, balance: i64, deposit: i64, outstanding: i64| LevelSum {
        accounts,
        balance: Money::from_fen(balance),
        deposit: Money::from_fen(deposit),
        outstanding: Money::from_fen(outstanding),
    };
    let first = rows.first().ok_or_else(|| Error::Broken("sums of accounts without a row".to_owned()))?;
    let all = sum(first.all_accounts, first.all_balance, first.all_deposit, first.all_outstanding);
    let total = first.levels;
    let levels = rows.into_iter().filter_map(|row| {
        let below = sum(row.accounts?, row.balance?, row.deposit?, row.outstanding?);
        Some(LevelRow { id: row.id?, name: row.name.unwrap_or_default(), door: project.is_some(), sum: below })
    });
    Ok(LevelPage { page: Page::numbered(query, levels.collect(), total), sum: all })
}
