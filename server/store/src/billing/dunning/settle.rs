//! What waits about a household ends with its debt, in the transaction of the payment (S4-3.16): reminders and tasks are
//! cancelled, and what a text message says of the amount is put right while something is left.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::sms::Templates,
};
use domain::{
    billing::sms::{SmsKind, sms_parts},
    value::Money,
};
use sqlx::types::Json;
use std::collections::BTreeMap;

/// Why a record was cancelled.
const PAID: &str = "已缴清";

/// Looks at what waits about these accounts, which were counted anew in this transaction.
pub(crate) async fn dunning_settle(tx: &mut Tx, ctx: &Ctx, accounts: &[i64], minor: Money) -> Result<()> {
    let ended = sqlx::query_scalar!(
        "update dunning_record k set status = 'CANCELLED', done_at = $2, result = $4, version = k.version + 1
         from arrears r
         where k.account_id = any($1) and k.status = 'OPEN' and r.account_id = k.account_id
             and case
                 when k.bill_id is not null then not exists (
                     select from bill b where b.id = k.bill_id and b.decision is null
                         and b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen > $3)
                 when k.rule_id is not null then r.level < k.level
                 else r.level = 'L0'
             end
         returning k.id",
        accounts,
        ctx.now(),
        minor.fen(),
        PAID,
    )
    .fetch_all(connection(tx))
    .await?;
    messages_cancel(tx, &ended, PAID).await?;
    reword(tx, accounts).await
}

async fn messages_cancel(tx: &mut Tx, records: &[i64], why: &str) -> Result<()> {
    if !records.is_empty() {
        sqlx::query!(
            "update sms set status = 'CANCELLED', message = $2 where dunning_id = any($1) and status = 'QUEUED'",
            records,
            why
        )
        .execute(connection(tx))
        .await?;
    }
    Ok(())
}

/// Ends everything that waits about an account: it is not dunned any more, for now.
pub(super) async fn dunning_drop(tx: &mut Tx, ctx: &Ctx, account: i64, why: &str) -> Result<()> {
    let ended = sqlx::query_scalar!(
        "update dunning_record set status = 'CANCELLED', done_at = $2, result = $3, version = version + 1
         where account_id = $1 and status = 'OPEN' and rule_id is not null returning id",
        account,
        ctx.now(),
        why,
    )
    .fetch_all(connection(tx))
    .await?;
    messages_cancel(tx, &ended, why).await
}

/// Puts the amount right in what waits to be sent.
async fn reword(tx: &mut Tx, accounts: &[i64]) -> Result<()> {
    let rows = sqlx::query!(
        r#"select s.id, s.dunning_id as "dunning_id!", s.template, s.params as "params: Json<BTreeMap<String, String>>",
                  owed.fen as "fen!", r.periods
           from dunning_record k join sms s on s.dunning_id = k.id and s.status = 'QUEUED' join arrears r on r.account_id = k.account_id
           cross join lateral (
               select case when k.bill_id is null then r.amount_fen else (
                   select coalesce(sum(b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen), 0)::bigint from bill b
                   where b.account_id = k.account_id and b.kind = 'RENT' and b.decision is null and b.reverses_id is null
                       and b.due_on <= k.due_on and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen) end as fen) owed
           where k.account_id = any($1) and k.status = 'OPEN' and owed.fen <> k.amount_fen"#,
        accounts
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let templates = Templates::load(tx).await?;
    for row in rows {
        let kind = stored(&row.template, SmsKind::from_code)?;
        let mut params = row.params.0;
        params.insert("金额".to_owned(), Money::from_fen(row.fen).to_string());
        if params.contains_key("月数") {
            params.insert("月数".to_owned(), row.periods.to_string());
        }
        let known = kind.placeholders().iter().map(|(name, _)| *name);
        let filled: Vec<_> = known.filter_map(|name| Some((name, params.get(name)?.clone()))).collect();
        // Switched off meanwhile: what waits keeps its words.
        let Some((sign, content)) = templates.text(kind, &filled) else { continue };
        sqlx::query!(
            "update sms set content = $2, sign = $3, parts = $4, params = $5 where id = $1",
            row.id,
            content,
            sign,
            sms_parts(&sign, &content),
            Json(&params) as _,
        )
        .execute(connection(tx))
        .await?;
        sqlx::query!(
            "update dunning_record set amount_fen = $2, content = $3, periods = $4 where id = $1",
            row.dunning_id,
            row.fen,
            content,
            row.periods,
        )
        .execute(connection(tx))
        .await?;
    }
    Ok(())
}
