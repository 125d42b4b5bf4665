//! What households have to pay up to a month, for their notices (E-106). It reads only: nothing is charged by it.

use super::debt::owed;
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        late_fee::Charged,
        notice::{NOTICES_MAX, Notice, NoticeLine},
    },
    dictionary::FeeItem,
    value::Money,
};
use std::collections::BTreeMap;

/// Whose notices are wanted.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    Account(i64),
    Estate(i64),
}

/// The households that owe something of a month or of one before, by address; one more than fits into a file tells that there
/// are more. All of them lie in one estate.
pub(crate) async fn notices(tx: &mut Tx, ctx: &Ctx, whose: Whose, month: NaiveDate) -> Result<Vec<Notice>> {
    let (account, estate) = match whose {
        Whose::Account(id) => (Some(id), None),
        Whose::Estate(id) => (None, Some(id)),
    };
    let households = sqlx::query!(
        r#"select a.id, a.district_id, a.account_no as "account_no!", a.balance_fen, coalesce(c.lessee_name, p.name, '') as "lessee!",
                  m.name as manager, e.name as estate, u.address
           from account a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id
           join organization m on m.id = u.mgmt_unit_id left join person p on p.id = a.person_id
           left join lateral (select lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
           where ($1::bigint is null or a.id = $1) and ($2::bigint is null or a.estate_id = $2)
             and exists (select from bill b where b.account_id = a.id and b.month <= $3 and b.decision is null
                             and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen)
           order by u.address collate natural_order, a.id limit $4"#,
        account,
        estate,
        month,
        i64::try_from(NOTICES_MAX).unwrap_or(i64::MAX) + 1,
    )
    .fetch_all(connection(tx))
    .await?;
    let Some(district) = households.first().map(|first| first.district_id) else { return Ok(Vec::new()) };
    let rule = billing_rule(tx, district, ctx.today()).await?;
    let ids: Vec<i64> = households.iter().map(|household| household.id).collect();
    let bills = sqlx::query!(
        "select id, account_id, fee_item, month, due_on, amount_fen, paid_fen, late_fee_fen, late_paid_fen, late_to from bill
         where account_id = any($1) and month <= $2 and decision is null
           and amount_fen + late_fee_fen > paid_fen + late_paid_fen
         order by due_on, id",
        &ids,
        month
    )
    .fetch_all(connection(tx))
    .await?;
    let mut lines: BTreeMap<i64, Vec<NoticeLine>> = BTreeMap::new();
    for bill in bills {
        let amount = Money::from_fen(bill.amount_fen);
        let charged = Charged {
            due_on: bill.due_on,
            amount,
            principal: amount - Money::from_fen(bill.paid_fen),
            late_fee: Money::from_fen(bill.late_fee_fen),
            to: bill.late_to,
        };
        let fee_item = stored(&bill.fee_item, FeeItem::from_code)?;
        let debt = owed(bill.id, fee_item, &charged, Money::from_fen(bill.late_paid_fen), &rule, ctx.today()).debt;
        lines.entry(bill.account_id).or_default().push(NoticeLine {
            fee_item,
            month: bill.month,
            due_on: bill.due_on,
            principal: debt.principal,
            late_fee: debt.late_fee,
        });
    }
    let notice = |lines: Vec<NoticeLine>, at: usize| {
        let household = &households[at];
        Notice {
            account_no: household.account_no.clone(),
            lessee: household.lessee.clone(),
            manager: household.manager.clone(),
            estate: household.estate.clone(),
            address: household.address.clone(),
            balance: Money::from_fen(household.balance_fen),
            lines,
        }
    };
    Ok(ids.iter().enumerate().filter_map(|(at, id)| lines.remove(id).map(|lines| notice(lines, at))).collect())
}
