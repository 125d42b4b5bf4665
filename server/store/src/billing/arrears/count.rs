//! Counting households anew, set by set.

use crate::{
    Ctx, Result,
    billing::{dunning::dunning_settle, rule::billing_rule},
    ctx::{Tx, connection},
    error::stored,
    live::{Shade, colors_add},
};
use domain::{
    billing::arrears::{Arrears, ArrearsRule, RentDue},
    dictionary::ArrearsLevel,
    value::Money,
};
use std::collections::{BTreeMap, HashMap, btree_map::Entry};

/// A household as it was counted last. Its row is locked.
struct Household {
    account: i64,
    district: i64,
    estate: i64,
    building: i64,
    unit: i64,
    level: ArrearsLevel,
    /// where a broken plan of instalments leads back to, kept until the level may rise again
    returns_to: Option<ArrearsLevel>,
    /// nobody is dunned now (暂停催缴): no level rises
    paused: bool,
    /// periods and fen
    before: (i32, i64),
    shown: bool,
}

impl Household {
    /// The level after a count: a broken plan of instalments leads back to the one before it, and while nobody is dunned none
    /// rises (§3.8).
    fn standing(&self, rule: &ArrearsRule, arrears: &Arrears) -> ArrearsLevel {
        let before = self.returns_to.map_or(self.level, |level| level.max(self.level));
        let level = rule.standing(before, arrears);
        if self.paused { level.min(self.level) } else { level }
    }
}

/// The rent of a household from its oldest unpaid bill on, and the contract of the newest.
#[derive(Default)]
struct Rent {
    dues: Vec<RentDue>,
    contract: Option<i64>,
}

/// What is written back, column by column.
#[derive(Default)]
struct Counted {
    accounts: Vec<i64>,
    contracts: Vec<Option<i64>>,
    levels: Vec<&'static str>,
    periods: Vec<i32>,
    consecutive: Vec<i32>,
    amounts: Vec<i64>,
    since: Vec<Option<chrono::NaiveDate>>,
    paused: Vec<bool>,
    /// the level before, where it has changed
    from: Vec<Option<&'static str>>,
}

/// Counts these accounts as of today; whoever pays, voids, charges or takes back calls it at the end of the same transaction
/// (domain.md §3.6 L4, L5). Boards hear of every unit that is shown otherwise now; the caller announces it after the commit.
///
/// The rows of the accounts are locked before their bills are read: of two transactions that change one household the later
/// counts what the earlier has left.
pub(crate) async fn arrears_recount(tx: &mut Tx, ctx: &Ctx, accounts: &[i64]) -> Result<()> {
    if accounts.is_empty() {
        return Ok(());
    }
    let households = households_hold(tx, ctx, accounts).await?;
    // Each once, however often it was named.
    let accounts: Vec<i64> = households.iter().map(|household| household.account).collect();
    let mut rents = rents_read(tx, ctx, &accounts).await?;
    let rules = rules_read(tx, ctx, &households).await?;
    let (mut counted, mut shades) = (Counted::default(), Vec::new());
    for household in &households {
        let rent = rents.remove(&household.account).unwrap_or_default();
        let rule = rules[&household.district];
        let arrears = rule.count(&rent.dues, ctx.today());
        let level = household.standing(&rule, &arrears);
        let seen = (counted.push(household, &arrears, level, rent.contract), arrears.amount.fen());
        if household.shown && (seen != household.before || level != household.level) {
            let Household { district, estate, building, unit, .. } = *household;
            shades.push(Shade { district, estate, building, unit, color: level.color() });
        }
    }
    counted.write(tx, ctx).await?;
    let minor = rules.values().map(|rule| rule.minor).min().unwrap_or_default();
    dunning_settle(tx, ctx, &accounts, minor).await?;
    colors_add(tx, &shades).await
}

async fn households_hold(tx: &mut Tx, ctx: &Ctx, accounts: &[i64]) -> Result<Vec<Household>> {
    let rows = sqlx::query!(
        r#"select account_id, district_id, estate_id, building_id, unit_id, level, periods, amount_fen, shown, returns_to,
                  exists (select from dunning_pause p where p.account_id = arrears.account_id and p.status = 'ACTIVE'
                          and p.until >= $2) as "paused!"
           from arrears where account_id = any($1) order by account_id for update"#,
        accounts,
        ctx.today(),
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Household {
                account: row.account_id,
                district: row.district_id,
                estate: row.estate_id,
                building: row.building_id,
                unit: row.unit_id,
                level: stored(&row.level, ArrearsLevel::from_code)?,
                returns_to: row.returns_to.map(|code| stored(&code, ArrearsLevel::from_code)).transpose()?,
                paused: row.paused,
                before: (row.periods, row.amount_fen),
                shown: row.shown,
            })
        })
        .collect()
}

/// The rent bills of which a count depends: those that are due, from the oldest on of which something is open. A bill that
/// was paid, waived or written off between two others parts their run, and so does one that a plan of instalments holds; one
/// that was voided or reversed is none.
///
/// `offset 0` keeps each account's bills a look into an index: while a first monthly run fills the table nobody has counted it,
/// and the whole of it would be read for every portion.
async fn rents_read(tx: &mut Tx, ctx: &Ctx, accounts: &[i64]) -> Result<HashMap<i64, Rent>> {
    let rows = sqlx::query!(
        r#"select b.account_id, b.contract_id, b.due_on, b.months,
                  case when b.decision is null and not exists (
                           select from instalment_bill ib join instalment i on i.id = ib.instalment_id
                           where ib.bill_id = b.id and i.status = 'ACTIVE')
                      then b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen else 0 end as "outstanding!"
           from unnest($1::bigint[]) as w (id)
           cross join lateral (
               select min(o.due_on) as day from bill o
               where o.account_id = w.id and o.kind = 'RENT' and o.decision is null
                 and o.amount_fen + o.late_fee_fen > o.paid_fen + o.late_paid_fen) oldest
           cross join lateral (
               select * from bill b
               where b.account_id = w.id and b.due_on >= oldest.day and b.due_on < $2 and b.kind = 'RENT' and b.reverses_id is null
                 and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))
               offset 0) b
           order by b.account_id, b.due_on, b.id"#,
        accounts,
        ctx.today(),
    )
    .fetch_all(connection(tx))
    .await?;
    let mut rents: HashMap<i64, Rent> = HashMap::new();
    for row in rows {
        let rent = rents.entry(row.account_id).or_default();
        rent.contract = row.contract_id.or(rent.contract);
        rent.dues.push(RentDue {
            due_on: row.due_on,
            periods: row.months.into(),
            outstanding: Money::from_fen(row.outstanding),
        });
    }
    Ok(rents)
}

/// What counts as arrears in each of their districts.
async fn rules_read(tx: &mut Tx, ctx: &Ctx, households: &[Household]) -> Result<BTreeMap<i64, ArrearsRule>> {
    let mut rules = BTreeMap::new();
    for household in households {
        if let Entry::Vacant(vacant) = rules.entry(household.district) {
            vacant.insert(billing_rule(tx, household.district, ctx.today()).await?.arrears());
        }
    }
    Ok(rules)
}

impl Counted {
    /// Adds one; answers its periods.
    fn push(&mut self, household: &Household, arrears: &Arrears, level: ArrearsLevel, contract: Option<i64>) -> i32 {
        let small = |periods: i64| i32::try_from(periods).unwrap_or(i32::MAX);
        self.accounts.push(household.account);
        self.contracts.push(contract);
        self.levels.push(level.code());
        self.periods.push(small(arrears.periods));
        self.consecutive.push(small(arrears.consecutive));
        self.amounts.push(arrears.amount.fen());
        self.since.push(arrears.since);
        self.paused.push(household.paused);
        self.from.push((level != household.level).then(|| household.level.code()));
        small(arrears.periods)
    }

    async fn write(&self, tx: &mut Tx, ctx: &Ctx) -> Result<()> {
        sqlx::query!(
            "update arrears r
             set contract_id = coalesce(n.contract, r.contract_id), level = n.level, periods = n.periods,
                 consecutive = n.consecutive, amount_fen = n.amount, since = n.since, counted_on = $8,
                 returns_to = case when n.paused then r.returns_to end
             from unnest($1::bigint[], $2::bigint[], $3::text[], $4::integer[], $5::integer[], $6::bigint[], $7::date[], $9::boolean[])
                  as n (account, contract, level, periods, consecutive, amount, since, paused)
             where r.account_id = n.account",
            &self.accounts,
            &self.contracts as &[Option<i64>],
            &self.levels as &[&str],
            &self.periods,
            &self.consecutive,
            &self.amounts,
            &self.since as &[Option<chrono::NaiveDate>],
            ctx.today(),
            &self.paused,
        )
        .execute(connection(tx))
        .await?;
        if self.from.iter().all(Option::is_none) {
            return Ok(());
        }
        sqlx::query!(
            "insert into arrears_history (district_id, estate_id, account_id, at, actor_id, from_level, to_level, periods, amount_fen)
             select r.district_id, r.estate_id, r.account_id, $1, $2, n.level, r.level, r.periods, r.amount_fen
             from unnest($3::bigint[], $4::text[]) as n (account, level) join arrears r on r.account_id = n.account
             where n.level is not null order by r.account_id",
            ctx.now(),
            ctx.actor_id(),
            &self.accounts,
            &self.from as &[Option<&str>],
        )
        .execute(connection(tx))
        .await?;
        Ok(())
    }
}
