//! What is open of a tenant's own accounts, as of a day. It reads only: neither charges nor locks anything.

use super::debt::owed;
use crate::{
    Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::{Days, NaiveDate};
use domain::{billing::late_fee::Charged, dictionary::FeeItem, id::BillId, portal::view::OpenBill, value::Money};
use std::collections::{HashMap, hash_map::Entry};

/// The open bills of accounts with what is owed for them today, by account and age.
pub(crate) async fn open_list(tx: &mut Tx, accounts: &[i64], today: NaiveDate) -> Result<Vec<(i64, OpenBill)>> {
    let rows = sqlx::query!(
        r#"select id, account_id, district_id, bill_no as "bill_no!", fee_item, period_from, period_to, due_on, amount_fen, paid_fen,
                  late_fee_fen, late_paid_fen, late_to, in_batch is not null as "in_batch!"
           from bill where account_id = any($1) and decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen
           order by account_id, due_on, id"#,
        accounts
    )
    .fetch_all(connection(tx))
    .await?;
    let mut rules = HashMap::new();
    let mut bills = Vec::with_capacity(rows.len());
    for row in rows {
        let rule = match rules.entry(row.district_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(billing_rule(tx, row.district_id, today).await?),
        };
        let amount = Money::from_fen(row.amount_fen);
        let charged = Charged {
            due_on: row.due_on,
            amount,
            principal: amount - Money::from_fen(row.paid_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
            to: row.late_to,
        };
        let fee_item = stored(&row.fee_item, FeeItem::from_code)?;
        let debt = owed(row.id, fee_item, &charged, Money::from_fen(row.late_paid_fen), rule, today).debt;
        let bill = OpenBill {
            id: BillId(row.id),
            bill_no: row.bill_no,
            fee_item,
            from: row.period_from,
            to: row.period_to,
            debt,
            late: row.due_on.checked_add_days(Days::new(rule.grace.into())).is_some_and(|last| last < today),
            in_batch: row.in_batch,
        };
        bills.push((row.account_id, bill));
    }
    Ok(bills)
}
