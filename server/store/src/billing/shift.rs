//! The cashier's shift (E-107, S4-1.11): opened with the first payment or by hand, closed by a count of the drawer, and handed
//! in when its cash is on the way to the bank; what becomes of it there is `super::cash`.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_id},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, Utc};
use domain::{
    billing::shift::{SHIFT_LIST, Shift, ShiftCloseForm, ShiftItem, ShiftRow, ShiftTotal, amount},
    dictionary::{FeeItem, PayMethod},
    failure::{Failure, FieldErrors},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "s.id, user_name(s.cashier_id) as cashier, s.cashier_id, s.opened_at, s.closed_at, s.opening_cash_fen, s.counted_cash_fen,
     coalesce(s.system_cash_fen, s.opening_cash_fen + coalesce((select sum(p.amount_fen) from payment p
         where p.shift_id = s.id and p.method = 'CASH' and p.status = 'NORMAL'), 0))::bigint as system_cash_fen,
     s.explanation, s.bank_slip_no, s.handed_in_at, s.returned_reason, s.banked_fen, s.banked_at, user_name(s.banked_by) as banked_by,
     s.banked_note, s.version";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    cashier: Option<String>,
    cashier_id: i64,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    opening_cash_fen: i64,
    counted_cash_fen: Option<i64>,
    system_cash_fen: i64,
    explanation: Option<String>,
    bank_slip_no: Option<String>,
    handed_in_at: Option<DateTime<Utc>>,
    returned_reason: Option<String>,
    banked_fen: Option<i64>,
    banked_at: Option<DateTime<Utc>>,
    banked_by: Option<String>,
    banked_note: Option<String>,
    version: i32,
}

impl From<Record> for ShiftRow {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            cashier: record.cashier,
            opened_at: record.opened_at,
            closed_at: record.closed_at,
            opening_cash: Money::from_fen(record.opening_cash_fen),
            system_cash: Money::from_fen(record.system_cash_fen),
            counted_cash: record.counted_cash_fen.map(Money::from_fen),
            explanation: record.explanation,
            bank_slip_no: record.bank_slip_no,
            handed_in_at: record.handed_in_at,
            returned_reason: record.returned_reason,
            banked: record.banked_fen.map(Money::from_fen),
            banked_at: record.banked_at,
            banked_by: record.banked_by,
            banked_note: record.banked_note,
            version: record.version,
        }
    }
}

/// That the cash of the shift `s` is handed in and nobody has confirmed yet that it is at the bank: of the list, and of the
/// reminder that leads there.
pub(crate) fn push_handed_in(sql: &mut QueryBuilder<Postgres>) {
    sql.push(" and s.handed_in_at is not null and s.banked_at is null");
}

/// A page of shifts: a cashier's own, and those of the scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn shift_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ShiftRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = SHIFT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: "from cashier_shift s where true",
        searched: &["s.bank_slip_no"],
        filter: &|sql| {
            push_id(sql, query, "district", "s.district_id");
            match query.filter("state") {
                Some("OPEN") => drop(sql.push(" and s.closed_at is null")),
                Some("CLOSED") => drop(sql.push(" and s.closed_at is not null and s.handed_in_at is null")),
                Some("HANDED_IN") => push_handed_in(sql),
                Some("BANKED") => drop(sql.push(" and s.banked_at is not null")),
                Some(_) => drop(sql.push(" and false")),
                None => {}
            }
            if query.filter("open").is_some() {
                sql.push(" and s.handed_in_at is null");
            }
        },
        order: "s.opened_at",
        descending,
        tie: "s.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    Ok(page.map(ShiftRow::from))
}

/// A shift with what was taken in it.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn shift_get(ctx: &Ctx, id: i64) -> Result<Shift> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let shift = shift_load(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(shift)
}

async fn shift_load(tx: &mut Tx, ctx: &Ctx, id: i64) -> Result<Shift> {
    let statement = format!("select {COLUMNS} from cashier_shift s where s.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let totals = sqlx::query!(
        r#"select method, count(*) filter (where status = 'NORMAL') as "payments!",
                  coalesce(sum(amount_fen) filter (where status = 'NORMAL'), 0)::bigint as "amount!",
                  count(*) filter (where status = 'VOID') as "voided!",
                  coalesce(sum(amount_fen) filter (where status = 'VOID'), 0)::bigint as "voided_amount!"
           from payment where shift_id = $1 group by method order by method"#,
        id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ShiftTotal {
            method: stored(&row.method, PayMethod::from_code)?,
            payments: row.payments,
            amount: Money::from_fen(row.amount),
            voided: row.voided,
            voided_amount: Money::from_fen(row.voided_amount),
        })
    })
    .collect::<Result<Vec<_>>>()?;
    let items = items(tx, id).await?;
    let own = record.cashier_id == ctx.actor().id.0;
    let row = ShiftRow::from(record);
    let waits = row.handed_in_at.is_some() && row.banked_at.is_none();
    Ok(Shift { own, bankable: waits && !own && ctx.actor().may(Permission::PaymentVerify), row, totals, items })
}

/// What the payments of a shift paid (日结, S4-1.11), as the ledger has it; what was voided stands there twice, and is nothing.
async fn items(tx: &mut Tx, id: i64) -> Result<Vec<ShiftItem>> {
    sqlx::query!(
        r#"select case when 'BALANCE' in (e.debit, e.credit) then null else e.fee_item end as fee_item,
                  sum(e.amount_fen * case when e.reverses_id is null then 1 else -1 end)::bigint as "fen!"
           from payment p join ledger_entry e on e.payment_id = p.id where p.shift_id = $1 group by 1
           having sum(e.amount_fen * case when e.reverses_id is null then 1 else -1 end) <> 0 order by 2 desc, 1"#,
        id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ShiftItem {
            fee_item: row.fee_item.map(|code| stored(&code, FeeItem::from_code)).transpose()?,
            amount: Money::from_fen(row.fen),
        })
    })
    .collect()
}

/// The actor's open shift, if he has one.
///
/// # Errors
/// Without [`Permission::PaymentTake`].
pub async fn shift_open_get(ctx: &Ctx) -> Result<Option<Shift>> {
    ctx.require(Permission::PaymentTake)?;
    let mut tx = ctx.begin().await?;
    let id = sqlx::query_scalar!(
        "select id from cashier_shift where cashier_id = $1 and closed_at is null",
        ctx.actor().id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let shift = match id {
        Some(id) => Some(shift_load(&mut tx, ctx, id).await?),
        None => None,
    };
    tx.commit().await?;
    Ok(shift)
}

/// Opens the actor's shift with the cash that lies in the drawer.
///
/// # Errors
/// Complaints by field; a refusal while the last one is open.
pub async fn shift_open(ctx: &Ctx, opening_cash: &str) -> Result<i64> {
    ctx.require(Permission::PaymentTake)?;
    let mut errors = FieldErrors::default();
    let Some(cash) = errors.take("opening_cash", amount(opening_cash)) else { return Err(errors.into()) };
    let mut tx = ctx.begin().await?;
    let id = insert(&mut tx, ctx, cash).await?.ok_or_else(|| Failure::refused("班次未结，不能重新开班"))?;
    tx.commit().await?;
    Ok(id)
}

/// A new shift; none when one is open.
async fn insert(tx: &mut Tx, ctx: &Ctx, cash: Money) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "insert into cashier_shift (district_id, cashier_id, opened_at, opening_cash_fen) values ($1, $2, $3, $4)
         on conflict (cashier_id) where closed_at is null do nothing returning id",
        ctx.actor().organization_id.0,
        ctx.actor().id.0,
        ctx.now(),
        cash.fen(),
    )
    .fetch_optional(connection(tx))
    .await?)
}

/// The shift into which a payment of the actor goes: his open one, or a new one that begins with an empty drawer.
pub(super) async fn shift_of(tx: &mut Tx, ctx: &Ctx) -> Result<i64> {
    let known = sqlx::query_scalar!(
        "select id from cashier_shift where cashier_id = $1 and closed_at is null for share",
        ctx.actor().id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    match insert(tx, ctx, Money::ZERO).await? {
        Some(id) => Ok(id),
        // Another payment of the same cashier was faster.
        None => sqlx::query_scalar!(
            "select id from cashier_shift where cashier_id = $1 and closed_at is null",
            ctx.actor().id.0
        )
        .fetch_one(connection(tx))
        .await
        .map_err(Error::from),
    }
}

/// Closes the actor's shift by the cash that he counted.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when another payment came in between; a refusal for another's shift.
pub async fn shift_close(ctx: &Ctx, id: i64, version: i32, form: &ShiftCloseForm) -> Result<()> {
    ctx.require(Permission::PaymentTake)?;
    let mut tx = ctx.begin().await?;
    // Payments of the shift hold its row until they are in.
    let row = sqlx::query!("select cashier_id, closed_at, version from cashier_shift where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.cashier_id != ctx.actor().id.0 {
        return Err(Failure::refused("只能结本人的班次").into());
    }
    if row.closed_at.is_some() {
        return Err(Failure::refused("班次已结").into());
    }
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    let system = shift_load(&mut tx, ctx, id).await?.row.system_cash;
    let (counted, explanation) = form.check(system)?;
    sqlx::query!(
        "update cashier_shift set closed_at = $2, counted_cash_fen = $3, system_cash_fen = $4, explanation = $5,
                version = version + 1 where id = $1",
        id,
        ctx.now(),
        counted.fen(),
        system.fen(),
        explanation,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Enters the slip with which the cash of a closed shift went to the bank (交款). The ledger moves nothing yet: that it has
/// arrived says somebody else ([`super::cash::shift_bank`]).
///
/// # Errors
/// A missing slip number; [`Failure::Conflict`]; a refusal for an open or another's shift.
pub async fn shift_hand_in(ctx: &Ctx, id: i64, version: i32, slip: &str) -> Result<()> {
    ctx.require(Permission::PaymentTake)?;
    let slip = opinion_check(slip, true)?;
    let mut tx = ctx.begin().await?;
    let changed = sqlx::query!(
        "update cashier_shift set bank_slip_no = $4, handed_in_at = $5, version = version + 1
         where id = $1 and version = $2 and cashier_id = $3 and closed_at is not null and handed_in_at is null",
        id,
        version,
        ctx.actor().id.0,
        slip,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    if changed.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}
