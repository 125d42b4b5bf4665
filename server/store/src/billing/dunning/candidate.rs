//! Whom a set of rules reaches, on which day, and why it does not where it does not.

use chrono::NaiveDate;
use domain::billing::{
    arrears::ArrearsRule,
    dunning::{CATCH_UP_DAYS, LEVEL_DAYS},
};
use sqlx::{Postgres, QueryBuilder};

/// The columns of [`push_candidates`].
#[derive(sqlx::FromRow)]
pub(super) struct Candidate {
    pub rule_id: i64,
    pub anchor: String,
    pub days: i16,
    pub way: String,
    pub template: Option<String>,
    pub account_id: i64,
    pub account_no: String,
    pub bill_id: Option<i64>,
    pub due_on: Option<NaiveDate>,
    pub day: NaiveDate,
    pub district: String,
    pub estate: String,
    pub address: String,
    pub contract_id: i64,
    pub lessee: String,
    pub phone_mask: String,
    pub periods: i32,
    pub amount_fen: i64,
    pub outcome: String,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub set: i64,
    /// the set is a district's own; one of the whole city leaves out districts with rules of their own
    pub own: bool,
    /// since when the set holds
    pub valid_from: NaiveDate,
    /// where
    pub district: i64,
    /// only these, of that district
    pub accounts: Option<&'a [i64]>,
    /// the days that rules by due day may fall on, and those by level
    pub due: (NaiveDate, NaiveDate),
    pub level: (NaiveDate, NaiveDate),
    pub today: NaiveDate,
    pub rule: ArrearsRule,
}

/// A rent bill of which something is open.
const OPEN: &str = "kind = 'RENT' and decision is null and reverses_id is null
    and amount_fen + late_fee_fen - paid_fen - late_paid_fen";

/// Writes the query: one row per rule and household.
pub(super) fn push_candidates(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted<'_>) {
    let minor = wanted.rule.minor.fen();
    sql.push(
        "select w.rule_id, w.anchor, w.days, w.way, w.template, w.account_id, a.account_no, w.bill_id, w.due_on, w.day,
            a.district_id, d.name as district, e.name as estate, u.address, c.id as contract_id, c.lessee_name as lessee,
            coalesce(p.phone_mask, c.phone_mask) as phone_mask, r.level, r.periods,
            case when w.anchor = 'DUE' then dunning_owed(w.account_id, w.bill_id, w.due_on, w.days) else r.amount_fen end as amount_fen,
            case when exists (select from dunning_record k join dunning_rule o on o.id = k.rule_id
                              where k.account_id = w.account_id and k.month = date_trunc('month', w.day)::date",
    );
    // By what it says and not by its rule: a new set repeats nothing of the month.
    sql.push(format!("{SAME}) then 'RECORDED'"));
    if !wanted.own {
        sql.push(
            " when (select not o.follows from dunning_rule_set o where o.district_id = a.district_id and o.status = 'PUBLISHED'
                    and o.valid_from <= w.day order by o.valid_from desc limit 1) then 'OTHER_RULE'",
        );
    }
    sql.push(
        " when exists (select from dunning_pause s where s.account_id = w.account_id and s.status = 'ACTIVE' and s.until >= w.day)
              then 'PAUSED'
          when exists (select from instalment_bill ib join instalment i on i.id = ib.instalment_id
                       where ib.bill_id = w.bill_id and i.status = 'ACTIVE') then 'INSTALMENT'
          when w.way in ('SMS', 'VOICE') and exists (select from sms_block b where b.account_id = w.account_id and b.ended_at is null)
              then 'BLOCKED'
          when w.way in ('SMS', 'VOICE') and coalesce(p.phone_mask, c.phone_mask) = '' then 'NO_PHONE'
          when w.way in ('SMS', 'VOICE') and not coalesce(t.enabled, false) then 'TEMPLATE_OFF'
          when w.anchor = 'DUE' and (w.day < ",
    );
    sql.push_bind(wanted.valid_from).push("::date or w.day < ");
    sql.push_bind(wanted.today).push(format!("::date - {CATCH_UP_DAYS} or (w.days <= 0 and w.due_on < "));
    sql.push_bind(wanted.today).push("::date)) then 'PAST' else 'CONTACT' end as outcome from (");
    push_due(sql, wanted, minor);
    sql.push(" union all ");
    push_level(sql, wanted, minor);
    sql.push(
        ") w join account a on a.id = w.account_id join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id
           join organization d on d.id = a.district_id join arrears r on r.account_id = a.id left join person p on p.id = a.person_id
           cross join lateral (select c.id, c.lessee_name, c.phone_mask from contract c where c.account_id = a.id
                               order by c.id desc limit 1) c
           left join sms_template t on t.code = w.template
           where a.district_id = ",
    );
    sql.push_bind(wanted.district);
}

/// That the record `k` of the rule `o` says the same as a rule does.
const SAME: &str =
    " and o.anchor = w.anchor and o.days = w.days and o.way = w.way and o.template is not distinct from w.template";

/// Adds where the row `table` lies: at the households that are asked for, or else in the district.
fn push_where(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted<'_>, table: &str) {
    match wanted.accounts {
        Some(accounts) => {
            sql.push(format!(" and {table}.account_id = any(")).push_bind(accounts.to_vec()).push(")");
        }
        None => {
            sql.push(format!(" and {table}.district_id = ")).push_bind(wanted.district);
        }
    }
}

/// Rules by due day: of each household the oldest open bill whose day falls into the window.
fn push_due(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted<'_>, minor: i64) {
    sql.push(
        "(select distinct on (l.id, b.account_id) l.id as rule_id, l.anchor, l.days, l.way, l.template, b.account_id,
             b.id as bill_id, b.due_on, b.due_on + l.days::int as day
          from dunning_rule l join bill b on b.due_on between ",
    );
    sql.push_bind(wanted.due.0).push("::date - l.days::int and ").push_bind(wanted.due.1);
    sql.push("::date - l.days::int where l.anchor = 'DUE' and l.set_id = ").push_bind(wanted.set);
    sql.push(format!(" and {OPEN} > ")).push_bind(minor);
    push_where(sql, wanted, "b");
    sql.push(" order by l.id, b.account_id, b.due_on)");
}

/// Rules by level: once a month while a household stands there; the day is that of the grace's end of the bill with which it
/// came there, or the first of the month, and a week after the last time at the earliest. A bill of several months leads there
/// before the bills behind it are due, so the day is never to come.
fn push_level(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted<'_>, minor: i64) {
    let [first, second, ..] = wanted.rule.from;
    let grace = wanted.rule.grace;
    sql.push("select w.id, w.anchor, w.days, w.way, w.template, s.account_id, null::bigint, null::date, on_day.day from dunning_rule w");
    sql.push(format!(
        " join arrears s on s.level = w.anchor
         cross join lateral (select coalesce((select o.due_on from bill o where o.account_id = s.account_id and {OPEN} > {minor}
             order by o.due_on offset (case w.anchor when 'L1' then {first} else {second} end) - 1 limit 1), s.since)
             + {grace} + 1 as day) reached
         cross join lateral (select greatest(least(reached.day, "
    ));
    sql.push_bind(wanted.today).push("::date), ").push_bind(wanted.level.0);
    sql.push(format!(
        "::date, (select max((k.at at time zone 'Asia/Shanghai')::date) + {LEVEL_DAYS} from dunning_record k
             join dunning_rule o on o.id = k.rule_id where k.account_id = s.account_id{SAME} and k.month < "
    ));
    sql.push_bind(wanted.level.0).push("::date)) as day) on_day where w.anchor <> 'DUE' and w.set_id = ");
    sql.push_bind(wanted.set).push(" and on_day.day <= ").push_bind(wanted.level.1).push("::date");
    push_where(sql, wanted, "s");
}
