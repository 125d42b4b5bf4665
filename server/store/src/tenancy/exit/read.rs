//! Exits as lists and pages show them.

use super::{
    close::bank_forgot,
    inspect::{inspection, then},
};
use crate::{
    Ctx, Error, Result,
    billing::exit_bill::exit_funds,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    tenancy::contract::TRIES,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{ContractStatus, ExitBillStatus, ExitLineKind, ExitStatus, ExitType, FeeItem},
    failure::Failure,
    id::{AccountId, BillId, ContractId, ExitId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    tenancy::{
        exit::{Exit, ExitEvent, ExitFunds, ExitLine, ExitRow, ExitTurns, KeysBack},
        exit_bill::{ExitBill, ExitBillLine},
        exit_sheet::EXIT_LIST,
    },
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "x.id, x.exit_no, x.contract_id, c.contract_no, x.account_id, c.lessee_name, x.unit_id, e.name as estate, u.address, x.type as kind,
     x.exit_on, x.status, b.total_fen, user_name(x.maker_id) as maker, x.made_at, x.version";
const FROM: &str =
    "from exit_case x join contract c on c.id = x.contract_id join unit u on u.id = x.unit_id join estate e on e.id = x.estate_id
     left join exit_bill b on b.exit_id = x.id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    exit_no: String,
    contract_id: i64,
    contract_no: Option<String>,
    account_id: i64,
    lessee_name: String,
    unit_id: i64,
    estate: String,
    address: String,
    kind: String,
    exit_on: NaiveDate,
    status: String,
    total_fen: Option<i64>,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    version: i32,
}

impl TryFrom<Record> for ExitRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: ExitId(record.id),
            exit_no: record.exit_no,
            contract_id: ContractId(record.contract_id),
            contract_no: record.contract_no,
            account_id: AccountId(record.account_id),
            lessee: record.lessee_name,
            unit_id: UnitId(record.unit_id),
            estate: record.estate,
            address: record.address,
            kind: stored(&record.kind, ExitType::from_code)?,
            exit_on: record.exit_on,
            status: stored(&record.status, ExitStatus::from_code)?,
            total: record.total_fen.map(Money::from_fen),
            maker: record.maker,
            made_at: record.made_at,
            version: record.version,
        })
    }
}

/// Adds that the exit `x` waits for the actor: his right's turn, and not his own work (domain.md §6.4). Of the reminder and
/// the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let (actor, me) = (ctx.actor(), ctx.actor().id.0);
    sql.push(" and x.status not in ('CLOSED', 'REVOKED') and (false");
    if actor.may(Permission::ContractCheck) {
        sql.push(" or x.status = 'APPLIED' and x.maker_id <> ").push_bind(me);
    }
    if actor.may(Permission::ExitInspect) {
        sql.push(" or x.status = 'ACCEPTED' or x.status in ('PAID', 'REFUND_PENDING') and x.exit_on <= ")
            .push_bind(ctx.today());
    }
    if actor.may(Permission::ExitBillWrite) {
        sql.push(
            " or x.status = 'INSPECTION' or x.status = 'SETTLEMENT' and exists (
                 select from exit_bill o where o.exit_id = x.id and o.status = 'REFUSED')",
        );
    }
    if actor.may(Permission::ExitBillCheck) {
        sql.push(
            " or x.status = 'SETTLEMENT' and exists (
                 select from exit_bill o where o.exit_id = x.id and o.status = 'PENDING' and o.maker_id <> ",
        );
        sql.push_bind(me).push(")");
    }
    if actor.may(Permission::RefundWrite) {
        sql.push(
            " or x.status = 'SETTLEMENT' and exists (
                 select from exit_bill o where o.exit_id = x.id and o.status = 'APPROVED')",
        );
    }
    if actor.may(Permission::RefundCheck) {
        // A debt that is to be acknowledged.
        sql.push(
            " or x.status = 'SETTLEMENT' and exists (
                 select from exit_bill o where o.exit_id = x.id and o.status = 'APPROVED' and o.maker_id <> ",
        );
        sql.push_bind(me);
        sql.push(
            ") and exists (select from bill d where d.account_id = x.account_id and d.decision is null
                 and d.amount_fen + d.late_fee_fen > d.paid_fen + d.late_paid_fen)",
        );
    }
    if actor.may(Permission::ContractWrite) {
        // The bank refused too often.
        sql.push(" or x.status = 'KEYS_RETURNED' and exists (select from contract t where t.id = x.contract_id and t.sync_tries >= ");
        sql.push_bind(TRIES).push(")");
    }
    sql.push(")");
}

/// A page of exits in scope.
///
/// # Errors
/// Without [`Permission::ContractRead`].
pub async fn exit_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ExitRow>> {
    ctx.require(Permission::ContractRead)?;
    let (sort, descending) = EXIT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.lessee_name", "c.contract_no", "x.exit_no", "c.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "x.district_id", "x.estate_id");
            push_code(sql, query, "status", "x.status");
            push_code(sql, query, "kind", "x.type");
            push_id(sql, query, "district", "x.district_id");
            push_id(sql, query, "estate", "x.estate_id");
            push_id(sql, query, "contract", "x.contract_id");
            push_id(sql, query, "account", "x.account_id");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: match sort {
            "lessee" => "c.lessee_name collate natural_order",
            "exit_on" => "x.exit_on",
            _ => "x.made_at",
        },
        descending,
        tie: "x.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(ExitRow::try_from)
}

/// One exit with all that happened.
///
/// # Errors
/// Without [`Permission::ContractRead`]; [`Failure::NotFound`] outside the scope.
pub async fn exit_get(ctx: &Ctx, id: ExitId) -> Result<Exit> {
    ctx.require(Permission::ContractRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and x.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let row = ExitRow::try_from(record)?;
    let more = sqlx::query!(
        r#"select x.reason, x.remark, x.maker_id, user_name(x.checker_id) as checker, x.checked_at, x.opinion, x.debt_fen, x.debt_reason,
                  user_name(x.debt_by) as debt_by, x.keys_returned, x.cards_returned, x.keys_on, user_name(x.keys_by) as keys_by,
                  x.revoked_reason, x.closed_at, c.status, c.sync_message, c.sync_tries, b.maker_id as "bill_maker?"
           from exit_case x join contract c on c.id = x.contract_id left join exit_bill b on b.exit_id = x.id where x.id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let bill = bill_load(&mut tx, id.0).await?;
    let funds = exit_funds(&mut tx, row.account_id.0).await?;
    let keys = more.keys_on.zip(more.keys_returned).zip(more.cards_returned);
    let exit = Exit {
        turns: turns(ctx, &row, (bill.as_ref(), funds), more.maker_id, more.bill_maker, more.sync_tries),
        reason: more.reason,
        remark: more.remark,
        contract_status: stored(&more.status, ContractStatus::from_code)?,
        sync_message: more.sync_message,
        sync_tries: more.sync_tries,
        checker: more.checker,
        checked_at: more.checked_at,
        opinion: more.opinion,
        inspection: inspection(&mut tx, id.0).await?,
        bill,
        funds,
        keys_then: then(&mut tx, row.contract_id.0).await?.keys,
        bank_forgot: bank_forgot(&mut tx, row.contract_id.0).await?,
        debt: more.debt_fen.zip(more.debt_reason).map(|(fen, reason)| (Money::from_fen(fen), reason, more.debt_by)),
        keys: keys.map(|((on, keys), cards)| KeysBack { keys: keys.into(), cards: cards.into(), on, by: more.keys_by }),
        revoked_reason: more.revoked_reason,
        closed_at: more.closed_at,
        history: history(&mut tx, id).await?,
        row,
        today: ctx.today(),
    };
    tx.commit().await?;
    Ok(exit)
}

/// What the actor may do now.
fn turns(
    ctx: &Ctx,
    row: &ExitRow,
    (bill, funds): (Option<&ExitBill>, ExitFunds),
    maker: i64,
    bill_maker: Option<i64>,
    tries: i32,
) -> ExitTurns {
    let me = ctx.actor().id.0;
    let may = |permission, event| ctx.actor().may(permission) && row.status.next(event).is_ok();
    let status = bill.map(|bill| bill.status);
    let entered = status == Some(ExitBillStatus::Approved);
    ExitTurns {
        decide: may(Permission::ContractCheck, ExitEvent::Accept) && maker != me,
        inspect: may(Permission::ExitInspect, ExitEvent::Inspect)
            && (row.status != ExitStatus::Settlement || status == Some(ExitBillStatus::Refused)),
        settle: may(Permission::ExitBillWrite, ExitEvent::Settle) && !entered,
        check: may(Permission::ExitBillCheck, ExitEvent::Clear)
            && status == Some(ExitBillStatus::Pending)
            && bill_maker != Some(me),
        clear: may(Permission::RefundWrite, ExitEvent::Clear) && entered,
        acknowledge: may(Permission::RefundCheck, ExitEvent::Clear)
            && entered
            && bill_maker != Some(me)
            && funds.outstanding > Money::ZERO,
        keys: may(Permission::ExitInspect, ExitEvent::ReturnKeys) && row.exit_on <= ctx.today(),
        tell: may(Permission::ContractWrite, ExitEvent::Close) && tries >= TRIES,
        revoke: may(Permission::ExitRevoke, ExitEvent::Revoke) && !entered,
    }
}

/// The bill of an exit, with its lines as they were made.
pub(super) async fn bill_load(tx: &mut Tx, exit: i64) -> Result<Option<ExitBill>> {
    let row = sqlx::query!(
        "select id, settle_on, balance_fen, deposit_fen, status, user_name(maker_id) as maker, made_at, user_name(checker_id) as checker,
                checked_at, opinion, version from exit_bill where exit_id = $1",
        exit
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    let lines = sqlx::query!(
        "select kind, fee_item, bill_id, period_from, period_to, amount_fen, note from exit_bill_line where exit_bill_id = $1 order by seq",
        row.id
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|line| {
        Ok(ExitBillLine {
            kind: stored(&line.kind, ExitLineKind::from_code)?,
            fee_item: stored(&line.fee_item, FeeItem::from_code)?,
            bill: line.bill_id.map(BillId),
            from: line.period_from,
            to: line.period_to,
            amount: Money::from_fen(line.amount_fen),
            note: line.note,
        })
    })
    .collect::<Result<_>>()?;
    Ok(Some(ExitBill {
        settle_on: row.settle_on,
        lines,
        balance: Money::from_fen(row.balance_fen),
        deposit: Money::from_fen(row.deposit_fen),
        status: stored(&row.status, ExitBillStatus::from_code)?,
        maker: row.maker,
        made_at: row.made_at,
        checker: row.checker,
        checked_at: row.checked_at,
        opinion: row.opinion,
        version: row.version,
    }))
}

async fn history(tx: &mut Tx, id: ExitId) -> Result<Vec<ExitLine>> {
    sqlx::query!(
        "select at, user_name(actor_id) as actor, event, from_status, to_status, reason from exit_history
         where exit_id = $1 order by id desc limit 200",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ExitLine {
            at: row.at,
            actor: row.actor,
            event: row.event,
            from: row.from_status.as_deref().map(|code| stored(code, ExitStatus::from_code)).transpose()?,
            to: stored(&row.to_status, ExitStatus::from_code)?,
            reason: row.reason,
        })
    })
    .collect()
}
