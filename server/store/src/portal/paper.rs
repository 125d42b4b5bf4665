//! A tenant's contracts (S4-2.2) and receipts (S4-2.3, S0-13).

use super::Tenant;
use crate::{Error, Result, ctx::connection, error::stored};
use chrono::{DateTime, Utc};
use domain::{
    billing::refund::RefundKind,
    dictionary::{ContractStatus, DeductFail, DeductStatus, FeeItem, PayMethod, PaymentStatus, Relation},
    failure::Failure,
    id::{ContractId, PaymentId},
    portal::view::{Debit, Paid, PaidBack, PaidLine, PaidReceipt, SHOWN, TenantContract},
    value::{Area, Money},
};

/// The contracts of a tenant that were signed, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn contract_list(tenant: &Tenant) -> Result<Vec<TenantContract>> {
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        r#"select c.id, c.contract_no as "contract_no!", c.status, o.name as lessor, c.lessee_name, c.id_number_mask, c.phone_mask,
                  c.address, c.building_area, c.usable_area,
                  contract_rent_on(c.id, $2, c.monthly_rent_fen) as "rent_fen!", c.property_fee_fen, c.deposit_fen,
                  c.start_on, c.end_on, c.due_day,
                  c.bank_name, c.bank_no_mask
           from contract c join organization o on o.id = c.lessor_id
           where c.person_id = any($1) and c.contract_no is not null and c.deleted_at is null and c.account_id is not null
           order by c.start_on desc, c.id desc limit $3"#,
        &tenant.persons,
        tenant.today(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let residents = sqlx::query!(
        "select contract_id, name, relation from contract_resident where contract_id = any($1) order by name",
        &ids
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            let mine = residents.iter().filter(|resident| resident.contract_id == row.id);
            Ok(TenantContract {
                id: ContractId(row.id),
                contract_no: row.contract_no,
                status: stored(&row.status, ContractStatus::from_code)?,
                lessor: row.lessor,
                lessee: row.lessee_name,
                id_number_mask: row.id_number_mask,
                phone_mask: row.phone_mask,
                address: row.address,
                building_area: area(row.building_area)?,
                usable_area: area(row.usable_area)?,
                monthly_rent: Money::from_fen(row.rent_fen),
                property_fee: row.property_fee_fen.map(Money::from_fen),
                deposit: Money::from_fen(row.deposit_fen),
                start_on: row.start_on,
                end_on: row.end_on,
                due_day: row.due_day,
                bank_name: row.bank_name,
                bank_no_mask: row.bank_no_mask,
                residents: mine
                    .map(|resident| (resident.name.clone(), Relation::from_code(&resident.relation)))
                    .collect(),
            })
        })
        .collect()
}

fn area(hundredths: i32) -> Result<Area> {
    Area::try_from(i64::from(hundredths)).map_err(|_| Error::Broken(format!("an area is stored as {hundredths}")))
}

struct Record {
    id: i64,
    receipt_no: String,
    method: String,
    amount_fen: i64,
    paid_at: DateTime<Utc>,
    status: String,
}

impl TryFrom<Record> for Paid {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: PaymentId(record.id),
            receipt_no: record.receipt_no,
            method: stored(&record.method, PayMethod::from_code)?,
            amount: Money::from_fen(record.amount_fen),
            paid_at: record.paid_at,
            status: stored(&record.status, PaymentStatus::from_code)?,
        })
    }
}

/// The newest payments of a tenant.
///
/// # Errors
/// When the database fails.
pub async fn paid_list(tenant: &Tenant) -> Result<Vec<Paid>> {
    let mut tx = tenant.begin().await?;
    let records = sqlx::query_as!(
        Record,
        "select id, receipt_no, method, amount_fen, paid_at, status from payment where account_id = any($1)
         order by paid_at desc, id desc limit $2",
        &tenant.accounts(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    records.into_iter().map(Paid::try_from).collect()
}

/// What was paid back to a tenant, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn paid_back_list(tenant: &Tenant) -> Result<Vec<PaidBack>> {
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        r#"select kind, amount_fen, paid_at as "paid_at!", bank_no_mask from refund where account_id = any($1) and paid_at is not null
           order by paid_at desc, id desc limit $2"#,
        &tenant.accounts(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(PaidBack {
                kind: stored(&row.kind, RefundKind::from_code)?,
                amount: Money::from_fen(row.amount_fen),
                paid_at: row.paid_at,
                bank_no_mask: row.bank_no_mask,
            })
        })
        .collect()
}

/// The newest direct debits of a tenant that the bank was asked for (S0-12).
///
/// # Errors
/// When the database fails.
pub async fn debit_list(tenant: &Tenant) -> Result<Vec<Debit>> {
    let mut tx = tenant.begin().await?;
    let rows = sqlx::query!(
        "select month, due_fen, deducted_fen, status, fail_reason, deducted_at from deduction_item
         where account_id = any($1) and status not in ('WAIT', 'CANCELLED') order by id desc limit $2",
        &tenant.accounts(),
        SHOWN
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(Debit {
                month: row.month,
                due: Money::from_fen(row.due_fen),
                deducted: Money::from_fen(row.deducted_fen),
                status: stored(&row.status, DeductStatus::from_code)?,
                failed: row.fail_reason.map(|reason| stored(&reason, DeductFail::from_code)).transpose()?,
                deducted_at: row.deducted_at,
            })
        })
        .collect()
}

/// A receipt with what it paid.
///
/// # Errors
/// [`Failure::NotFound`] for a payment of somebody else.
pub async fn paid_get(tenant: &Tenant, id: PaymentId) -> Result<PaidReceipt> {
    let mut tx = tenant.begin().await?;
    let row = sqlx::query!(
        "select id, account_id, receipt_no, method, amount_fen, paid_at, status, payer, bank_serial, void_reason from payment
         where id = $1 and account_id = any($2)",
        id.0,
        &tenant.accounts()
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let lines = sqlx::query!(
        r#"select b.bill_no as "bill_no!", b.fee_item, b.period_from, b.period_to, s.principal_fen, s.late_fee_fen
           from payment_share s join bill b on b.id = s.bill_id where s.payment_id = $1 order by b.due_on, b.id"#,
        id.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let lines = lines
        .into_iter()
        .map(|line| {
            Ok(PaidLine {
                bill_no: line.bill_no,
                fee_item: stored(&line.fee_item, FeeItem::from_code)?,
                from: line.period_from,
                to: line.period_to,
                principal: Money::from_fen(line.principal_fen),
                late_fee: Money::from_fen(line.late_fee_fen),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let paid: Money = lines.iter().map(|line| line.principal + line.late_fee).sum();
    Ok(PaidReceipt {
        payer: row.payer,
        address: tenant.address(row.account_id),
        bank_serial: row.bank_serial,
        void_reason: row.void_reason,
        to_balance: Money::from_fen(row.amount_fen) - paid,
        lines,
        row: Paid::try_from(Record {
            id: row.id,
            receipt_no: row.receipt_no,
            method: row.method,
            amount_fen: row.amount_fen,
            paid_at: row.paid_at,
            status: row.status,
        })?,
    })
}
