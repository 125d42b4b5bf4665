//! The daily run (S0-19, S4-3.16): pauses and plans that have ended, and then everybody whom the rules reach today. Records
//! are made once per rule, household and month, so it may run as often as it likes.

use super::{
    candidate::{Candidate, Wanted, push_candidates},
    instalment::instalments_follow,
    pause::pauses_follow,
};
use crate::{
    Ctx, Database, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    platform::sms::{NewSms, Templates, sms_enqueue},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    billing::{
        dunning::{CATCH_UP_DAYS, DunningWay},
        dunning_account::{notice_text, task_text},
        plan::month_of,
        sms::{Channel, SmsKind},
    },
    value::Money,
};
use sqlx::QueryBuilder;
use std::collections::HashMap;

/// Households that are looked at in one transaction.
const PORTION: i64 = 2_000;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// records that were made
    pub made: u64,
    /// pauses and plans that came to an end
    pub ended: u64,
}

/// Runs for today.
///
/// # Errors
/// When the database fails; what was made by then stays.
pub async fn dunning_run(database: &Database, now: DateTime<Utc>) -> Result<Ran> {
    let ctx = Ctx::server(database, now);
    let ended = pauses_follow(&ctx).await? + instalments_follow(&ctx).await?;
    let mut tx = ctx.begin().await?;
    // The set in force in each district: its own, else, or when it went back to it, the city's.
    let places = sqlx::query!(
        r#"select d.id as "district!", s.id as "set!", s.valid_from as "valid_from!" from organization d
           left join lateral (
               select o.follows from dunning_rule_set o
               where o.status = 'PUBLISHED' and o.valid_from <= $1 and o.district_id = d.id order by o.valid_from desc limit 1) o on true
           cross join lateral (
               select s.id, s.valid_from from dunning_rule_set s
               where s.status = 'PUBLISHED' and s.valid_from <= $1
                   and s.district_id is not distinct from case when not o.follows then d.id end
               order by s.valid_from desc limit 1) s
           where d.type = 'DISTRICT' and d.deleted_at is null order by d.id"#,
        ctx.today()
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut made = 0;
    for place in places {
        made += district_run(&ctx, place.district, place.set, place.valid_from).await?;
    }
    Ok(Ran { made, ended })
}

/// Goes along the households of a district, each portion in a transaction of its own.
async fn district_run(ctx: &Ctx, district: i64, set: i64, valid_from: NaiveDate) -> Result<u64> {
    let (mut made, mut after) = (0, 0);
    loop {
        let mut tx = ctx.begin().await?;
        let rule = billing_rule(&mut tx, district, ctx.today()).await?;
        let accounts = sqlx::query_scalar!(
            "select account_id from arrears where district_id = $1 and account_id > $2 order by account_id limit $3",
            district,
            after,
            PORTION
        )
        .fetch_all(connection(&mut tx))
        .await?;
        let Some(last) = accounts.last() else { return Ok(made) };
        after = *last;
        let today = ctx.today();
        let missed = Days::new(CATCH_UP_DAYS.unsigned_abs().into());
        let wanted = Wanted {
            set,
            // Which set holds here is known.
            own: true,
            valid_from,
            district,
            accounts: Some(&accounts),
            due: (today.checked_sub_days(missed).unwrap_or(today), today),
            level: (month_of(today), today),
            today,
            rule: rule.arrears(),
        };
        let mut sql = QueryBuilder::new("select distinct x.account_id from (");
        push_candidates(&mut sql, &wanted);
        sql.push(") x where x.outcome = 'CONTACT'");
        let reached: Vec<i64> = sql.build_query_scalar().fetch_all(connection(&mut tx)).await?;
        if reached.is_empty() {
            continue;
        }
        // Whoever pays meanwhile counts behind these locks, and then finds what was made; what was paid before is seen now.
        sqlx::query!("select id from arrears where account_id = any($1) order by account_id for update", &reached)
            .fetch_all(connection(&mut tx))
            .await?;
        let mut sql = QueryBuilder::new("select * from (");
        push_candidates(&mut sql, &Wanted { accounts: Some(&reached), ..wanted });
        sql.push(") x where x.outcome = 'CONTACT' order by x.account_id, x.rule_id");
        let candidates: Vec<Candidate> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
        made += records_make(&mut tx, ctx, &candidates, rule.notice_days).await?;
        tx.commit().await?;
    }
}

/// What a text message about a household says.
fn params(row: &Candidate, kind: SmsKind) -> Vec<(&'static str, String)> {
    let value = |name: &str| match name {
        "承租人" => row.lessee.clone(),
        "地址" => row.address.clone(),
        "金额" => Money::from_fen(row.amount_fen).to_string(),
        "到期日" => row.due_on.map(|day| day.to_string()).unwrap_or_default(),
        "月数" => row.periods.to_string(),
        _ => String::new(),
    };
    kind.placeholders().iter().map(|(name, _)| (*name, value(name))).collect()
}

async fn records_make(tx: &mut Tx, ctx: &Ctx, rows: &[Candidate], notice_days: u32) -> Result<u64> {
    let templates = Templates::load(tx).await?;
    let mut contents = Vec::with_capacity(rows.len());
    let mut messages = Vec::new();
    for row in rows {
        let amount = Money::from_fen(row.amount_fen);
        let content = match stored(&row.way, DunningWay::from_code)? {
            way @ (DunningWay::Sms | DunningWay::Voice) => {
                let code = row.template.as_deref().unwrap_or_default();
                let kind = stored(code, SmsKind::from_code)?;
                let params = params(row, kind);
                let content = templates.text(kind, &params).map(|(_, content)| content).unwrap_or_default();
                messages.push((row.rule_id, row.account_id, way.channel().unwrap_or(Channel::Sms), kind, params));
                content
            }
            DunningWay::Written => {
                let owed = (row.periods.into(), amount);
                notice_text((&row.lessee, &row.address), ctx.today(), owed, notice_days)
            }
            DunningWay::Phone | DunningWay::Visit | DunningWay::Lawsuit => task_text(row.periods.into(), amount),
        };
        contents.push(content);
    }
    let column = |of: fn(&Candidate) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    let made = sqlx::query!(
        r#"insert into dunning_record (district_id, estate_id, account_id, contract_id, bill_id, rule_id, month, way, level, periods,
                                      amount_fen, due_on, content, at)
           select a.district_id, a.estate_id, a.id, n.contract, n.bill, n.rule, date_trunc('month', n.day)::date, n.way, r.level,
                  r.periods, n.amount, n.due, n.content, $1
           from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::date[], $7::text[], $8::bigint[], $9::date[],
                       $10::text[]) as n (account, contract, bill, rule, day, way, amount, due, content)
           join account a on a.id = n.account join arrears r on r.account_id = a.id
           on conflict (rule_id, account_id, month) do nothing returning id, rule_id as "rule_id!", account_id, contract_id"#,
        ctx.now(),
        &column(|row| row.account_id),
        &column(|row| row.contract_id),
        &rows.iter().map(|row| row.bill_id).collect::<Vec<_>>() as &[Option<i64>],
        &column(|row| row.rule_id),
        &rows.iter().map(|row| row.day).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.way.clone()).collect::<Vec<_>>(),
        &column(|row| row.amount_fen),
        &rows.iter().map(|row| row.due_on).collect::<Vec<_>>() as &[Option<NaiveDate>],
        &contents,
    )
    .fetch_all(connection(tx))
    .await?;
    let records: HashMap<_, _> = made.iter().map(|record| ((record.rule_id, record.account_id), record)).collect();
    let mut out = Vec::new();
    for (rule, account, channel, kind, params) in messages {
        if let Some(record) = records.get(&(rule, account)) {
            let (contract, told_key) = (record.contract_id, format!("DUNNING:{}", record.id));
            out.push(NewSms { account, contract, dunning: Some(record.id), channel, kind, told_key, params });
        }
    }
    sms_enqueue(tx, ctx, &templates, &out).await?;
    Ok(made.len() as u64)
}
