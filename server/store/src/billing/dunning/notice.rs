//! 催缴通知书 (§3.8 L2): households as a notice names them, made out for one or for many at once. What was made out stays as
//! it is, so that each copy says the same.

use crate::{
    Ctx, Result,
    billing::{
        arrears::{arrears_ids, arrears_recount},
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    tenancy::paper::batch_note,
};
use chrono::{Days, NaiveDate};
use domain::{
    billing::{
        dunning_account::notice_text,
        dunning_notice::{BATCH_MAX, DunningNotice, LeftOutRow, NoticeFacts, NoticesForm, NoticesMade, Standing},
        notice::NoticeLine,
        plan::month_of,
    },
    dictionary::{ArrearsLevel, FeeItem},
    failure::Failure,
    id::AccountId,
    platform::permission::Permission,
    value::Money,
};
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};

/// A household, and its notice that is open.
pub(super) struct Household {
    account: i64,
    contract: Option<i64>,
    level: ArrearsLevel,
    periods: i32,
    amount: Money,
    paused: bool,
    /// record and number, and whether it was printed
    open: Option<(i64, String, bool)>,
    facts: NoticeFacts,
    /// days that it is given (PRM-49)
    days: u32,
}

impl Household {
    fn standing(&self) -> Standing<'_> {
        Standing {
            level: self.level,
            paused: self.paused,
            waiting: self.open.as_ref().is_some_and(|(.., printed)| *printed),
            // Of a household without a contract there is nobody who owes it.
            lessee: if self.contract.is_some() { &self.facts.lessee } else { "" },
            address: &self.facts.address,
        }
    }

    /// Whom it names, and its overdue rent.
    pub fn into_facts(self) -> NoticeFacts {
        self.facts
    }

    /// What a notice of today says.
    fn content(&self, today: NaiveDate) -> String {
        let whose = (self.facts.lessee.as_str(), self.facts.address.as_str());
        notice_text(whose, today, (self.periods.into(), self.amount), self.days)
    }
}

/// The households of accounts in scope, by estate and address, as they stand after the last count.
pub(super) async fn households(tx: &mut Tx, ctx: &Ctx, accounts: &[i64]) -> Result<Vec<Household>> {
    let rows = sqlx::query!(
        r#"select a.id, a.account_no as "account_no!", a.district_id, c.id as "contract?", coalesce(c.lessee_name, p.name, '') as "lessee!",
                  m.name as manager, e.name as estate, u.address, r.level as "level?", r.periods as "periods?", r.amount_fen as "amount_fen?",
                  exists (select from dunning_pause s where s.account_id = a.id and s.status = 'ACTIVE' and s.until >= $2) as "paused!",
                  k.id as "record?", k.notice_no, k.printed_on is not null as "printed!"
           from account a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id join organization m on m.id = u.mgmt_unit_id
           left join arrears r on r.account_id = a.id left join person p on p.id = a.person_id
           left join lateral (select id, lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
           left join lateral (select id, notice_no, printed_on from dunning_record k
                              where k.account_id = a.id and k.status = 'OPEN' and k.way = 'WRITTEN'
                              order by k.printed_on nulls last, k.id desc limit 1) k on true
           where a.id = any($1) order by e.name collate natural_order, u.address collate natural_order, a.id"#,
        accounts,
        ctx.today(),
    )
    .fetch_all(connection(tx))
    .await?;
    let mut lines = HashMap::new();
    let mut days = HashMap::new();
    for district in rows.iter().map(|row| row.district_id).collect::<BTreeSet<_>>() {
        let of: Vec<i64> = rows.iter().filter(|row| row.district_id == district).map(|row| row.id).collect();
        let rule = billing_rule(tx, district, ctx.today()).await?;
        let (grace, minor) = (rule.arrears().grace, rule.arrears().minor);
        let before = ctx.today().checked_sub_days(Days::new(grace.into())).unwrap_or(ctx.today());
        lines.extend(lines_read(tx, &of, before, minor).await?);
        days.insert(district, rule.notice_days);
    }
    rows.into_iter()
        .map(|row| {
            let level = row.level.map(|code| stored(&code, ArrearsLevel::from_code)).transpose()?;
            let open = row.record.map(|id| (id, row.notice_no.unwrap_or_default(), row.printed));
            Ok(Household {
                account: row.id,
                contract: row.contract,
                level: level.unwrap_or(ArrearsLevel::L0),
                periods: row.periods.unwrap_or_default(),
                amount: Money::from_fen(row.amount_fen.unwrap_or_default()),
                paused: row.paused,
                open,
                facts: NoticeFacts {
                    lessee: row.lessee,
                    account_no: row.account_no,
                    manager: row.manager,
                    estate: row.estate,
                    address: row.address,
                    lines: lines.remove(&row.id).unwrap_or_default(),
                },
                days: days.get(&row.district_id).copied().unwrap_or_default(),
            })
        })
        .collect()
}

/// The overdue rent of accounts of one district, as a count of arrears sees it.
async fn lines_read(
    tx: &mut Tx,
    accounts: &[i64],
    before: NaiveDate,
    minor: Money,
) -> Result<HashMap<i64, Vec<NoticeLine>>> {
    let rows = sqlx::query!(
        r#"select b.account_id, b.fee_item, b.month, b.due_on, b.amount_fen - b.paid_fen as "principal_fen!",
                  b.late_fee_fen - b.late_paid_fen as "late_fen!"
           from bill b
           where b.account_id = any($1) and b.kind = 'RENT' and b.decision is null and b.reverses_id is null and b.due_on < $2
               and b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen > $3
               and not exists (select from instalment_bill ib join instalment i on i.id = ib.instalment_id
                               where ib.bill_id = b.id and i.status = 'ACTIVE')
           order by b.due_on, b.id"#,
        accounts,
        before,
        minor.fen(),
    )
    .fetch_all(connection(tx))
    .await?;
    let mut lines: HashMap<i64, Vec<NoticeLine>> = HashMap::new();
    for row in rows {
        lines.entry(row.account_id).or_default().push(NoticeLine {
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            month: row.month,
            due_on: row.due_on,
            principal: Money::from_fen(row.principal_fen),
            late_fee: Money::from_fen(row.late_fen),
        });
    }
    Ok(lines)
}

/// Makes notices out, which are printed today: one that the rules made states what is owed today, and one that was made by hand
/// what its maker wrote.
pub(super) async fn make_out(tx: &mut Tx, ctx: &Ctx, notices: &[(i64, &Household)]) -> Result<()> {
    let column = |of: fn(&Household) -> i64| notices.iter().map(|(_, household)| of(household)).collect::<Vec<_>>();
    sqlx::query!(
        "update dunning_record k
         set printed_on = $1, version = k.version + 1, notice = n.notice,
             periods = case when k.rule_id is null then k.periods else n.periods end,
             amount_fen = case when k.rule_id is null then k.amount_fen else n.amount end,
             content = case when k.rule_id is null then k.content else n.content end
         from unnest($2::bigint[], $3::jsonb[], $4::integer[], $5::bigint[], $6::text[]) as n (record, notice, periods, amount, content)
         where k.id = n.record and k.printed_on is null",
        ctx.today(),
        &notices.iter().map(|(record, _)| *record).collect::<Vec<_>>(),
        &notices.iter().map(|(_, household)| Json(&household.facts)).collect::<Vec<_>>() as _,
        &notices.iter().map(|(_, household)| household.periods).collect::<Vec<_>>(),
        &column(|household| household.amount.fen()),
        &notices.iter().map(|(_, household)| household.content(ctx.today())).collect::<Vec<_>>(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Prints the notices of many households as one file: of each that owes two months or more, with a number, a record that
/// waits for its service and a line in the log of prints. Who cannot get one is named and left out. Asked for again, it finds
/// that the notices wait already.
///
/// # Errors
/// Without [`Permission::DunningWrite`]; a refusal for more than [`BATCH_MAX`] households and without a template.
pub async fn dunning_notices_print(ctx: &Ctx, form: &NoticesForm) -> Result<NoticesMade> {
    ctx.require(Permission::DunningWrite)?;
    let accounts = match &form.list {
        Some(query) => arrears_ids(ctx, query, BATCH_MAX + 1).await?,
        None => form.accounts.iter().map(|account| account.0).collect(),
    };
    let accounts: Vec<i64> = accounts.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    if accounts.len() > BATCH_MAX {
        return Err(Failure::refused(format!("一次最多打印{BATCH_MAX}户的通知书，请缩小筛选范围后分批打印")).into());
    }
    if accounts.is_empty() {
        return Err(Failure::refused("没有符合条件的欠费租户").into());
    }
    let mut tx = ctx.begin().await?;
    // Counts them as of today and holds them: whoever pays meanwhile does so behind.
    arrears_recount(&mut tx, ctx, &accounts).await?;
    let households = households(&mut tx, ctx, &accounts).await?;
    let mut made = NoticesMade::default();
    let mut wanted = Vec::new();
    for household in &households {
        match household.standing().left_out() {
            None => wanted.push(household),
            Some(why) => made.left_out.push(LeftOutRow {
                account_id: AccountId(household.account),
                lessee: household.facts.lessee.clone(),
                address: format!("{}{}", household.facts.estate, household.facts.address),
                why,
                notice: household.open.as_ref().map(|(id, number, _)| (number.clone(), *id)),
            }),
        }
    }
    if !wanted.is_empty() {
        let fresh = records_insert(&mut tx, ctx, &wanted).await?;
        let record = |household: &Household| match &household.open {
            Some((id, ..)) => Some(*id),
            None => fresh.get(&household.account).copied(),
        };
        let notices: Vec<(i64, &Household)> =
            wanted.iter().filter_map(|household| Some((record(household)?, *household))).collect();
        make_out(&mut tx, ctx, &notices).await?;
        let records: Vec<i64> = notices.iter().map(|(record, _)| *record).collect();
        made.batch = Some(batch_note(&mut tx, ctx, &records).await?);
        made.printed = records.len();
    }
    tx.commit().await?;
    Ok(made)
}

/// Opens a record for each household that has none; answers them by account.
async fn records_insert(tx: &mut Tx, ctx: &Ctx, households: &[&Household]) -> Result<HashMap<i64, i64>> {
    let fresh: Vec<&&Household> = households.iter().filter(|household| household.open.is_none()).collect();
    let rows = sqlx::query!(
        "insert into dunning_record (district_id, estate_id, account_id, contract_id, month, way, level, periods, amount_fen, due_on,
                                     content, at, actor_id)
         select r.district_id, r.estate_id, r.account_id, n.contract, $1, 'WRITTEN', r.level, r.periods, r.amount_fen, r.since, n.content,
                $2, $3
         from unnest($4::bigint[], $5::bigint[], $6::text[]) as n (account, contract, content) join arrears r on r.account_id = n.account
         returning id, account_id",
        month_of(ctx.today()),
        ctx.now(),
        ctx.actor_id(),
        &fresh.iter().map(|household| household.account).collect::<Vec<_>>(),
        &fresh.iter().filter_map(|household| household.contract).collect::<Vec<_>>(),
        &fresh.iter().map(|household| household.content(ctx.today())).collect::<Vec<_>>(),
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.id)).collect())
}

/// A record as its paper needs it.
pub(crate) struct NoticeRecord {
    pub id: i64,
    pub district_id: i64,
    pub estate_id: i64,
    /// none: it was not printed yet
    pub notice: Option<DunningNotice>,
}

/// 催缴通知书 of records in scope, as they were made out.
pub(crate) async fn notices_read(tx: &mut Tx, records: &[i64]) -> Result<Vec<NoticeRecord>> {
    let rows = sqlx::query!(
        r#"select k.id, k.district_id, k.estate_id, k.notice_no as "number!", k.content, k.periods, k.amount_fen, k.due_on, k.printed_on,
                  k.notice as "notice: Json<NoticeFacts>", c.lessee_name, a.account_no as "account_no!", m.name as manager,
                  e.name as estate, u.address
           from dunning_record k join contract c on c.id = k.contract_id join account a on a.id = k.account_id
           join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id join organization m on m.id = u.mgmt_unit_id
           where k.id = any($1) and k.way = 'WRITTEN' and (k.printed_on is not null or k.status <> 'CANCELLED')"#,
        records
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            // Before there was a paper of it, nothing was kept but its text.
            let facts = row.notice.map_or_else(
                || NoticeFacts {
                    lessee: row.lessee_name.clone(),
                    account_no: row.account_no.clone(),
                    manager: row.manager.clone(),
                    estate: row.estate.clone(),
                    address: row.address.clone(),
                    lines: Vec::new(),
                },
                |kept| kept.0,
            );
            let notice = row.printed_on.map(|printed_on| DunningNotice {
                number: row.number,
                content: row.content,
                periods: row.periods.into(),
                amount: Money::from_fen(row.amount_fen),
                since: row.due_on,
                printed_on,
                facts,
            });
            NoticeRecord { id: row.id, district_id: row.district_id, estate_id: row.estate_id, notice }
        })
        .collect())
}
