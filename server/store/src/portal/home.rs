//! A tenant's homes with what is open (S4-2.1, S4-2.3), what was paid before, and what the household was told (S4-2.6).

use super::Tenant;
use crate::{Result, billing::open::open_list, ctx::connection, error::stored};
use chrono::TimeDelta;
use domain::{
    billing::pay_order::CLOSE_AFTER_SECONDS,
    dictionary::FeeItem,
    id::AccountId,
    portal::view::{Home, PastBill, SHOWN, TenantNotice},
    value::Money,
};

/// The homes of a tenant: those that are lived in, and those left behind with something open.
///
/// # Errors
/// When the database fails.
pub async fn home_list(tenant: &Tenant) -> Result<Vec<Home>> {
    let accounts = tenant.accounts();
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        "select a.id, a.balance_fen,
                (select o.order_no from pay_order o where o.account_id = a.id and o.status in ('NEW', 'PAYING')
                    -- One whose end is behind it stands in nobody's way.
                    and o.expires_at > $2) as paying
         from account a where a.id = any($1)",
        &accounts,
        tenant.now() - TimeDelta::seconds(CLOSE_AFTER_SECONDS)
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let mut open = open_list(&mut tx, &accounts, tenant.today()).await?;
    tx.commit().await?;
    let mut homes = Vec::new();
    for place in &tenant.places {
        let Some(row) = rows.iter().find(|row| row.id == place.account) else { continue };
        let bills: Vec<_> =
            open.extract_if(.., |(account, _)| *account == place.account).map(|(_, bill)| bill).collect();
        if place.open || !bills.is_empty() || row.balance_fen > 0 || row.paying.is_some() {
            homes.push(Home {
                account_id: AccountId(place.account),
                account_no: place.account_no.clone(),
                lessee: place.lessee.clone(),
                estate: place.estate.clone(),
                address: place.address.clone(),
                balance: Money::from_fen(row.balance_fen),
                bills,
                paying: row.paying.clone(),
            });
        }
    }
    Ok(homes)
}

/// The newest bills that are not open any more; what was taken back and its counter-entry are left out.
///
/// # Errors
/// When the database fails.
pub async fn bill_past_list(tenant: &Tenant) -> Result<Vec<PastBill>> {
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        r#"select account_id, bill_no as "bill_no!", fee_item, period_from, period_to, due_on, amount_fen, late_fee_fen from bill
           where account_id = any($1) and amount_fen > 0 and decision is null
             and amount_fen + late_fee_fen = paid_fen + late_paid_fen
           order by due_on desc, id desc limit $2"#,
        &tenant.accounts(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(PastBill {
                bill_no: row.bill_no,
                address: tenant.address(row.account_id),
                fee_item: stored(&row.fee_item, FeeItem::from_code)?,
                from: row.period_from,
                to: row.period_to,
                due_on: row.due_on,
                amount: Money::from_fen(row.amount_fen),
                late_fee: Money::from_fen(row.late_fee_fen),
            })
        })
        .collect()
}

/// The newest messages that were sent to the household.
///
/// # Errors
/// When the database fails.
pub async fn notice_list(tenant: &Tenant) -> Result<Vec<TenantNotice>> {
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        r#"select sent_at as "sent_at!", content from sms
           where account_id = any($1) and sent_at is not null and status <> 'CANCELLED' and resend_of is null
           order by id desc limit $2"#,
        &tenant.accounts(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|row| TenantNotice { at: row.sent_at, content: row.content }).collect())
}
