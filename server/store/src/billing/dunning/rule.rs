//! 催缴规则 (S0-19): sets of lines that hold from a day on, in a district or the whole city; published by somebody else than
//! who made them, and never changed afterwards.

use super::rest::push_turn;
use crate::{
    Ctx, Error, Result, Scope,
    ctx::connection,
    error::stored,
    list::{SmallList, push_code, push_id},
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        dunning::{Anchor, DunningWay, Rule, RuleSet, RuleSetEvent, RuleSetForm, RuleSetStatus},
        dunning_sheet::{RULE_SET_LIST, RuleSetRow},
        sms::SmsKind,
    },
    failure::{Failure, FieldErrors},
    housing::choice::Choice,
    list::{ListQuery, Page},
    platform::permission::Permission,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "s.id, d.name as district, s.valid_from, s.status, s.follows, (select count(*) from dunning_rule l where l.set_id = s.id) as lines,
     s.reason, user_name(s.maker_id) as maker, s.made_at, user_name(s.checker_id) as checker, s.checked_at, s.version,
     s.maker_id, s.opinion, s.district_id";
const FROM: &str = "from dunning_rule_set s left join organization d on d.id = s.district_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    district: Option<String>,
    valid_from: NaiveDate,
    status: String,
    follows: bool,
    lines: i64,
    reason: String,
    maker: Option<String>,
    made_at: DateTime<Utc>,
    checker: Option<String>,
    checked_at: Option<DateTime<Utc>>,
    version: i32,
    maker_id: i64,
    opinion: Option<String>,
    district_id: Option<i64>,
}

impl TryFrom<Record> for RuleSetRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            district: record.district,
            valid_from: record.valid_from,
            status: stored(&record.status, RuleSetStatus::from_code)?,
            follows: record.follows,
            lines: record.lines,
            reason: record.reason,
            maker: record.maker,
            made_at: record.made_at,
            checker: record.checker,
            checked_at: record.checked_at,
            version: record.version,
        })
    }
}

/// Who works with the rules: whoever sees bills, and who only checks.
fn readable(ctx: &Ctx) -> Result<()> {
    if ctx.actor().may(Permission::DunningCheck) { Ok(()) } else { ctx.require(Permission::BillRead) }
}

/// Whether the actor may set rules of a district, or of the whole city (none).
fn sees_place(ctx: &Ctx, district: Option<i64>) -> bool {
    match district {
        Some(district) => ctx.sees_district(district),
        None => matches!(ctx.scope(), Scope::City { .. }),
    }
}

/// Adds that the set `s` waits for the actor, where he may decide: the condition of the filter, and of home.
pub(crate) fn push_rule_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    push_turn(sql, ctx, "s");
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => {
            sql.push(" and s.district_id = any(").push_bind(districts.clone()).push(")");
        }
        Scope::Estates(_) | Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// A page of sets of rules; they are no secret, and everybody sees those of the others.
///
/// # Errors
/// Without [`Permission::BillRead`] or [`Permission::DunningCheck`].
pub async fn rule_set_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RuleSetRow>> {
    readable(ctx)?;
    let (_, descending) = RULE_SET_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["s.reason", "d.name"],
        filter: &|sql| {
            if query.filter("status").is_none() {
                sql.push(" and s.status <> 'VOID'");
            }
            push_code(sql, query, "status", "s.status");
            push_id(sql, query, "district", "s.district_id");
            if query.filter("turn").is_some() {
                push_rule_turn(sql, ctx);
            }
        },
        order: "s.valid_from",
        descending,
        tie: "s.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(RuleSetRow::try_from)
}

/// One set with its lines.
///
/// # Errors
/// As [`rule_set_list`]; [`Failure::NotFound`].
pub async fn rule_set_get(ctx: &Ctx, id: i64) -> Result<RuleSet> {
    readable(ctx)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and s.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let rows = sqlx::query!("select anchor, days, way, template from dunning_rule where set_id = $1 order by seq", id)
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let rules = rows
        .into_iter()
        .map(|row| {
            Ok(Rule {
                anchor: stored(&row.anchor, Anchor::from_code)?,
                days: row.days,
                way: stored(&row.way, DunningWay::from_code)?,
                template: row.template.map(|code| stored(&code, SmsKind::from_code)).transpose()?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let own = record.maker_id == ctx.actor().id.0;
    let (opinion, district) = (record.opinion.clone(), record.district_id);
    let row = RuleSetRow::try_from(record)?;
    let decidable = row.status == RuleSetStatus::Pending
        && !own
        && ctx.actor().may(Permission::DunningCheck)
        && sees_place(ctx, district);
    Ok(RuleSet { row, rules, opinion, own, decidable })
}

/// Where the actor may set rules: the whole city (none), districts.
///
/// # Errors
/// Without [`Permission::DunningRule`].
pub async fn rule_set_places(ctx: &Ctx) -> Result<(bool, Vec<Choice>)> {
    ctx.require(Permission::DunningRule)?;
    let mut tx = ctx.begin().await?;
    let districts = sqlx::query_as!(
        Choice,
        "select id, name as label from organization where type = 'DISTRICT' and deleted_at is null and status = 'ON'
         order by division_code"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let districts = districts.into_iter().filter(|choice| ctx.sees_district(choice.id)).collect();
    Ok((sees_place(ctx, None), districts))
}

/// Makes a draft.
///
/// # Errors
/// Complaints by field; about a district outside the scope.
pub async fn rule_set_create(ctx: &Ctx, form: &RuleSetForm) -> Result<i64> {
    ctx.require(Permission::DunningRule)?;
    let fields = form.check(ctx.today())?;
    let district = fields.district.map(|district| district.0);
    if !sees_place(ctx, district) {
        return Err(FieldErrors::from(("district", "请选择本人管辖的区县")).into());
    }
    let mut tx = ctx.begin().await?;
    if let Some(district) = district {
        sqlx::query_scalar!(
            "select id from organization where id = $1 and type = 'DISTRICT' and deleted_at is null",
            district
        )
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or_else(|| FieldErrors::from(("district", "该区县不存在或已停用，请刷新后重新选择")))?;
    }
    let id = sqlx::query_scalar!(
        "insert into dunning_rule_set (district_id, valid_from, follows, reason, maker_id, made_at)
         values ($1, $2, $3, $4, $5, $6) returning id",
        district,
        fields.valid_from,
        fields.follows,
        fields.reason,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let column = |of: fn(&Rule) -> &'static str| fields.rules.iter().map(of).collect::<Vec<_>>();
    sqlx::query!(
        "insert into dunning_rule (set_id, district_id, seq, anchor, days, way, template)
         select $1, $2, l.seq::smallint, l.anchor, l.days, l.way, l.template
         from unnest($3::text[], $4::smallint[], $5::text[], $6::text[]) with ordinality as l (anchor, days, way, template, seq)",
        id,
        district,
        &column(|rule| rule.anchor.code()) as &[&str],
        &fields.rules.iter().map(|rule| rule.days).collect::<Vec<_>>(),
        &column(|rule| rule.way.code()) as &[&str],
        &fields.rules.iter().map(|rule| rule.template.map(SmsKind::code)).collect::<Vec<_>>() as &[Option<&str>],
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(id)
}

/// Submits, withdraws or discards one's own set; publishes or refuses somebody else's. One whose day has passed meanwhile
/// holds from today on.
///
/// # Errors
/// [`Failure::Conflict`]; the state machine's refusal; a refusal to the maker, outside the scope, and when that day has a set
/// already; a missing opinion when it is refused.
pub async fn rule_set_decide(
    ctx: &Ctx,
    id: i64,
    version: i32,
    event: RuleSetEvent,
    opinion: &str,
) -> Result<RuleSetStatus> {
    use RuleSetEvent as E;
    let deciding = matches!(event, E::Publish | E::Refuse);
    ctx.require(if deciding { Permission::DunningCheck } else { Permission::DunningRule })?;
    let opinion = opinion_check(opinion, event == E::Refuse)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        "select status, maker_id, district_id, valid_from, version from dunning_rule_set where id = $1 for update",
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    if !sees_place(ctx, row.district_id) {
        return Err(Failure::Forbidden.into());
    }
    let own = row.maker_id == ctx.actor().id.0;
    if deciding && own {
        return Err(Failure::refused("不能复核本人编制的规则").into());
    }
    if !deciding && !own {
        return Err(Failure::refused("只能由编制人办理").into());
    }
    let next = stored(&row.status, RuleSetStatus::from_code)?.next(event)?;
    sqlx::query!(
        "update dunning_rule_set set status = $2, version = version + 1, opinion = $3,
             checker_id = case when $4 then $5::bigint end, checked_at = case when $4 then $6::timestamptz end, valid_from = $7
         where id = $1",
        id,
        next.code(),
        opinion,
        deciding,
        ctx.actor().id.0,
        ctx.now(),
        if event == E::Publish { row.valid_from.max(ctx.today()) } else { row.valid_from },
    )
    .execute(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("dunning_rule_set_day_key", "opinion", "该日期已有生效的规则，请驳回")]))?;
    tx.commit().await?;
    Ok(next)
}
