//! 试算 (dry run): whom a set of rules would reach in a month, when and why, and whom not. Nothing is written.

use super::candidate::{Candidate, Wanted, push_candidates};
use crate::{
    Ctx, Error, Result, Scope,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
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
/// scope, with the bills and levels of today and each district's own parameters.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] without a set.
pub async fn trial_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<TrialRow>> {
    ctx.require(Permission::BillRead)?;
    let set = query.filter("set").and_then(|id| id.parse::<i64>().ok());
    let Some(set) = set else { return Ok(Page::numbered(query, Vec::new(), 0)) };
    let (_, descending) = TRIAL_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let places = places_read(&mut tx, ctx, query, set).await?;
    if places.is_empty() {
        return Ok(Page::numbered(query, Vec::new(), 0));
    }
    let mut count = QueryBuilder::new("select count(*) from (");
    push_places(&mut count, ctx, &places);
    push_filter(&mut count, query);
    let total: i64 = count.build_query_scalar().fetch_one(connection(&mut tx)).await?;
    let mut sql = QueryBuilder::new("select * from (");
    push_places(&mut sql, ctx, &places);
    push_filter(&mut sql, query);
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

/// What is asked of each district where the set would hold.
async fn places_read(tx: &mut Tx, ctx: &Ctx, query: &ListQuery, set: i64) -> Result<Vec<Wanted<'static>>> {
    let row = sqlx::query!("select district_id, valid_from from dunning_rule_set where id = $1", set)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let mut sql = QueryBuilder::new("select id from organization where type = 'DISTRICT' and deleted_at is null");
    push_id(&mut sql, query, "district", "id");
    if let Some(district) = row.district_id {
        sql.push(" and id = ").push_bind(district);
    }
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => drop(sql.push(" and id = any(").push_bind(districts.clone()).push(")")),
        Scope::Estates(estates) => {
            sql.push(" and id in (select district_id from estate where id = any(")
                .push_bind(estates.clone())
                .push("))");
        }
        Scope::Nothing => drop(sql.push(" and false")),
    }
    let districts: Vec<i64> = sql.push(" order by id").build_query_scalar().fetch_all(connection(tx)).await?;
    let days = month_days(query.filter("month"), ctx.today());
    let mut places = Vec::with_capacity(districts.len());
    for district in districts {
        let rule = billing_rule(tx, district, ctx.today()).await?.arrears();
        places.push(Wanted {
            set,
            own: row.district_id.is_some(),
            valid_from: row.valid_from,
            district,
            accounts: None,
            due: days,
            level: days,
            today: ctx.today(),
            rule,
        });
    }
    Ok(places)
}

fn push_places(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, places: &[Wanted<'_>]) {
    for (nth, wanted) in places.iter().enumerate() {
        sql.push(if nth == 0 { "" } else { " union all " });
        push_candidates(sql, wanted);
        push_scope(sql, ctx, "a.district_id", "a.estate_id");
    }
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    sql.push(") x where true");
    push_code(sql, query, "outcome", "x.outcome");
    push_code(sql, query, "way", "x.way");
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
