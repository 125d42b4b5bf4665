//! What waits about a household ends with its debt, in the transaction of the payment (S4-3.16): reminders and tasks are
//! cancelled, and what a text message says of the amount is put right while something is left.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::sms::Templates,
};
use domain::{
    billing::sms::{Channel, SmsKind},
    value::Money,
};
use sqlx::types::Json;
use std::collections::BTreeMap;

/// Why a record was cancelled.
const PAID: &str = "已缴清";

/// Looks at what waits about these accounts, which were counted anew in this transaction: their rows of `arrears` are locked,
/// and behind them first records and then messages.
pub(crate) async fn dunning_settle(tx: &mut Tx, ctx: &Ctx, accounts: &[i64], minor: Money) -> Result<()> {
    let ended = sqlx::query!(
        r#"update dunning_record k
         set status = 'CANCELLED', done_at = $2, version = k.version + 1,
             result = case when k.bill_id is null and r.level <> 'L0' then '欠费等级已下降'
                           when exists (select from instalment i where i.account_id = k.account_id and i.status = 'ACTIVE'
                                        and (k.bill_id is null or exists (select from instalment_bill ib
                                             where ib.instalment_id = i.id and ib.bill_id = k.bill_id))) then '分期还款'
                           else $4 end
         from arrears r
         where k.account_id = any($1) and k.status = 'OPEN' and r.account_id = k.account_id and k.way <> 'LAWSUIT'
             and case
                 when k.bill_id is not null then not exists (
                     select from bill b where b.id = k.bill_id and b.decision is null
                         and b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen > $3
                         and not exists (select from instalment_bill ib join instalment i on i.id = ib.instalment_id
                                         where ib.bill_id = b.id and i.status = 'ACTIVE'))
                 when k.rule_id is not null then r.level < k.level
                 else r.level = 'L0'
             end
         returning k.id, k.result as "result!""#,
        accounts,
        ctx.now(),
        minor.fen(),
        PAID,
    )
    .fetch_all(connection(tx))
    .await?;
    let ids: Vec<i64> = ended.iter().map(|row| row.id).collect();
    let why: Vec<String> = ended.into_iter().map(|row| row.result).collect();
    messages_cancel(tx, &ids, &why).await?;
    reword(tx, ctx, accounts).await
}

/// Cancels what waits to be sent of records, each for its reason.
async fn messages_cancel(tx: &mut Tx, records: &[i64], why: &[String]) -> Result<()> {
    if !records.is_empty() {
        sqlx::query!(
            "update sms s set status = 'CANCELLED', message = n.why from unnest($1::bigint[], $2::text[]) as n (record, why)
             where s.dunning_id = n.record and s.status = 'QUEUED'",
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
    records_cancel(tx, ctx, account, why, false).await
}

/// Ends the text messages that wait about an account. What is on its way to the carrier is past that.
pub(crate) async fn dunning_sms_drop(tx: &mut Tx, ctx: &Ctx, account: i64, why: &str) -> Result<()> {
    records_cancel(tx, ctx, account, why, true).await
}

async fn records_cancel(tx: &mut Tx, ctx: &Ctx, account: i64, why: &str, sms: bool) -> Result<()> {
    let ended = sqlx::query_scalar!(
        "update dunning_record k set status = 'CANCELLED', done_at = $2, result = $3, version = k.version + 1
         where k.account_id = $1 and k.status = 'OPEN' and (not $4 or k.way in ('SMS', 'VOICE')) and k.way <> 'LAWSUIT' returning k.id",
        account,
        ctx.now(),
        why,
        sms,
    )
    .fetch_all(connection(tx))
    .await?;
    let why = vec![why.to_owned(); ended.len()];
    messages_cancel(tx, &ended, &why).await
}

/// Puts the amount right in what waits to be sent; what its template does not say any more is not sent.
async fn reword(tx: &mut Tx, ctx: &Ctx, accounts: &[i64]) -> Result<()> {
    let rows = sqlx::query!(
        r#"select s.id, k.id as dunning_id, s.template, s.channel, s.params as "params: Json<BTreeMap<String, String>>",
                  owed.fen as "fen!", r.periods
           from dunning_record k join sms s on s.dunning_id = k.id and s.status = 'QUEUED' join arrears r on r.account_id = k.account_id
           left join dunning_rule l on l.id = k.rule_id
           cross join lateral (select case when k.bill_id is null then r.amount_fen
               else dunning_owed(k.account_id, k.bill_id, k.due_on, l.days) end as fen) owed
           where k.account_id = any($1) and k.status = 'OPEN' and (owed.fen <> k.amount_fen or k.bill_id is null and r.periods <> k.periods)
           order by k.id for update of k, s"#,
        accounts
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let templates = Templates::load(tx).await?;
    let mut off = Vec::new();
    for row in rows {
        let kind = stored(&row.template, SmsKind::from_code)?;
        let mut params = row.params.0;
        params.insert("金额".to_owned(), Money::from_fen(row.fen).to_string());
        if params.contains_key("月数") {
            params.insert("月数".to_owned(), row.periods.to_string());
        }
        let known = kind.placeholders().iter().map(|(name, _)| *name);
        let filled: Vec<_> = known.filter_map(|name| Some((name, params.get(name)?.clone()))).collect();
        let Some((sign, content)) = templates.text(kind, &filled) else {
            off.push(row.dunning_id);
            continue;
        };
        let done = sqlx::query!(
            "update sms set content = $2, sign = $3, parts = $4, params = $5 where id = $1 and status = 'QUEUED'",
            row.id,
            content,
            sign,
            stored(&row.channel, Channel::from_code)?.parts(&sign, &content),
            Json(&params) as _,
        )
        .execute(connection(tx))
        .await?;
        // What was taken by the sender meanwhile stays what was said.
        if done.rows_affected() > 0 {
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
    }
    templates_off(tx, ctx, &off).await
}

/// Cancels records whose template was switched off, which would say a wrong amount.
async fn templates_off(tx: &mut Tx, ctx: &Ctx, records: &[i64]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let why = "短信模板已停用";
    sqlx::query!(
        "update dunning_record set status = 'CANCELLED', done_at = $2, result = $3, version = version + 1 where id = any($1)",
        records,
        ctx.now(),
        why
    )
    .execute(connection(tx))
    .await?;
    messages_cancel(tx, records, &vec![why.to_owned(); records.len()]).await
}
