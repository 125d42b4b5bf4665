//! 试算 (dry run): whom a set of rules would reach in a month, when and why, and whom not. Nothing is written.

use super::candidate::{Candidate, Wanted, push_candidates};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::connection,
    error::stored,
    list::{contains_pattern, push_code, push_id, push_scope},
};
use chrono::{Months, NaiveDate};
use domain::{
    billing::{
        dunning::{Anchor, DunningWay, TrialOutcome},
        dunning_sheet::{TRIAL_LIST, TrialRow},
        plan::month_of,
        sms::SmsKind,
    },
    failure::Failure,
    form::date,
    id::AccountId,
    list::{ListQuery, Page, Position},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

impl TryFrom<Candidate> for TrialRow {
    type Error = Error;

    fn try_from(row: Candidate) -> Result<Self> {
        Ok(Self {
            account_id: AccountId(row.account_id),
            account_no: row.account_no,
            lessee: row.lessee,
            district: row.district,
            estate: row.estate,
            address: row.address,
            phone_mask: row.phone_mask,
            anchor: stored(&row.anchor, Anchor::from_code)?,
            days: row.days,
            way: stored(&row.way, DunningWay::from_code)?,
            template: row.template.map(|code| stored(&code, SmsKind::from_code)).transpose()?,
            day: row.day,
            due_on: row.due_on,
            periods: row.periods.into(),
            amount: Money::from_fen(row.amount_fen),
            outcome: stored(&row.outcome, TrialOutcome::from_code)?,
        })
    }
}

/// First and last day of a month as an address names it (`2026-11`); of this one, when it names none.
fn month_days(text: Option<&str>, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = text.and_then(|text| date(&format!("{}-01", text.trim())).ok()).unwrap_or_else(|| month_of(today));
    let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(first);
    (first, last)
}

/// A page of what the set of rules in the filter `set` would do in the month of the filter `month`, for the households in
/// scope, with the bills and levels of today.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] without a set.
pub async fn trial_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TrialRow>> {
    ctx.require(Permission::BillRead)?;
    let set = query.filter("set").and_then(|id| id.parse::<i64>().ok());
    let Some(set) = set else { return Ok(Page::numbered(query, Vec::new(), 0)) };
    let (_, descending) = TRIAL_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select district_id from dunning_rule_set where id = $1", set)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let days = month_days(query.filter("month"), ctx.today());
    // No district has the id 0: the city's own rule.
    let rule = billing_rule(&mut tx, row.district_id.unwrap_or_default(), ctx.today()).await?.arrears();
    let wanted = Wanted {
        set,
        set_district: row.district_id,
        district: row.district_id,
        accounts: None,
        due: days,
        level: days,
        today: ctx.today(),
        rule,
    };
    let mut count = QueryBuilder::new("select count(*) from (");
    push_candidates(&mut count, &wanted);
    push_filter(&mut count, ctx, query);
    let total: i64 = count.build_query_scalar().fetch_one(connection(&mut tx)).await?;
    let mut sql = QueryBuilder::new("select * from (");
    push_candidates(&mut sql, &wanted);
    push_filter(&mut sql, ctx, query);
    let direction = if descending { "desc" } else { "asc" };
    sql.push(format!(" order by x.day {direction}, x.account_id, x.rule_id limit "));
    sql.push_bind(i64::from(query.size) + 1).push(" offset ").push_bind(query.offset());
    let rows: Vec<Candidate> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let mut asked = query.clone();
    if !matches!(asked.at, Position::Page(_)) {
        asked.at = Position::Page(1);
    }
    Page::numbered(&asked, rows, total).try_map(TrialRow::try_from)
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, query: &ListQuery) {
    push_scope(sql, ctx, "a.district_id", "a.estate_id");
    sql.push(") x where true");
    push_code(sql, query, "outcome", "x.outcome");
    push_code(sql, query, "way", "x.way");
    push_id(sql, query, "district", "x.district_id");
    for word in query.q.split_whitespace() {
        let pattern = contains_pattern(word);
        sql.push(" and (x.lessee ilike ").push_bind(pattern.clone()).push(" or x.account_no ilike ");
        sql.push_bind(pattern.clone()).push(" or x.address ilike ").push_bind(pattern).push(")");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let today = day("2026-11-28");
        assert_eq!(month_days(Some("2026-02"), today), (day("2026-02-01"), day("2026-02-28")));
        assert_eq!(month_days(None, today), (day("2026-11-01"), day("2026-11-30")));
        assert_eq!(month_days(Some("x"), today), (day("2026-11-01"), day("2026-11-30")));
    }
}
