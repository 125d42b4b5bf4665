//! Asking for a waiver: what is open of an account, and the document with its bills.

use super::history_add;
use crate::{
    Ctx, Error, Result,
    billing::payment::hold,
    ctx::{Tx, connection},
    error::stored,
};
use domain::{
    billing::{
        bill_status::BillEvent,
        waiver::{IS_DEPOSIT, WaivedBill, WaiverForm, WaiverOffer},
    },
    dictionary::FeeItem,
    failure::Failure,
    id::{AccountId, BillId},
    platform::permission::Permission,
    value::Money,
};

/// What of an account can be asked for: its open bills but deposits.
///
/// # Errors
/// Without [`Permission::WaiverWrite`]; [`Failure::NotFound`] outside the scope.
pub async fn waiver_offer(ctx: &Ctx, account: AccountId) -> Result<WaiverOffer> {
    ctx.require(Permission::WaiverWrite)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select coalesce((select c.lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1), p.name, '') as "lessee!",
                  e.name || ' ' || u.address as "address!"
           from account a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id left join person p on p.id = a.person_id
           where a.id = $1"#,
        account.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let bills = sqlx::query!(
        r#"select id, bill_no as "bill_no!", fee_item, period_from, period_to, due_on, amount_fen - paid_fen as "principal!",
                  late_fee_fen - late_paid_fen as "late_fee!"
           from bill b where account_id = $1 and decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen
               and fee_item <> 'DEPOSIT' and not exists (select from waiver_bill w where w.bill_id = b.id and w.live)
           order by due_on, id"#,
        account.0
    )
    .fetch_all(connection(&mut tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(WaivedBill {
            id: BillId(row.id),
            bill_no: row.bill_no,
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            from: row.period_from,
            to: row.period_to,
            due_on: row.due_on,
            principal: Money::from_fen(row.principal),
            late_fee: Money::from_fen(row.late_fee),
        })
    })
    .collect::<Result<Vec<_>>>()?;
    tx.commit().await?;
    Ok(WaiverOffer { account_id: account, lessee: row.lessee, address: row.address, bills })
}

/// A bill of which something is open.
pub(super) struct Open {
    pub id: i64,
    pub bill_no: String,
    pub fee_item: FeeItem,
    pub principal: Money,
    /// charged so far; what would accrue is never charged of a bill that is forgiven
    pub late_fee: Money,
}

/// Locks the bills of a locked account.
///
/// # Errors
/// A refusal of one of another account, of a deposit, of one of which nothing is open, and while the bank is asked for it or
/// it is paid by instalments.
pub(super) async fn open_hold(tx: &mut Tx, account: i64, bills: &[i64], event: BillEvent) -> Result<Vec<Open>> {
    let rows = sqlx::query!(
        r#"select id, bill_no as "bill_no!", fee_item, decision, amount_fen - paid_fen as "principal!", in_batch,
                  late_fee_fen - late_paid_fen as "late_fee!", amount_fen,
                  exists (select from instalment_bill p join instalment i on i.id = p.instalment_id
                          where p.bill_id = b.id and i.status in ('PENDING', 'ACTIVE')) as "planned!"
           from bill b where id = any($1) and account_id = $2 order by id for update of b"#,
        bills,
        account
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.len() < bills.len() {
        return Err(Failure::refused("所选账单不属于同一账户，请刷新后重新选择").into());
    }
    let mut open = Vec::with_capacity(rows.len());
    for row in rows {
        let fee_item = stored(&row.fee_item, FeeItem::from_code)?;
        if fee_item == FeeItem::Deposit {
            return Err(Failure::refused(IS_DEPOSIT).into());
        }
        if row.decision.is_some() || row.amount_fen < 0 || row.principal + row.late_fee <= 0 {
            return Err(Failure::refused(format!("账单{}没有未缴金额，不能{event}", row.bill_no)).into());
        }
        if row.in_batch.is_some() {
            return Err(Failure::refused(format!("账单{}正在银行扣款中，请于回盘后再办理", row.bill_no)).into());
        }
        if row.planned {
            return Err(Failure::refused(format!("账单{}已列入分期还款，请先办结分期", row.bill_no)).into());
        }
        let (principal, late_fee) = (Money::from_fen(row.principal), Money::from_fen(row.late_fee));
        open.push(Open { id: row.id, bill_no: row.bill_no, fee_item, principal, late_fee });
    }
    Ok(open)
}

/// Asks for a waiver of bills of one account. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; a refusal of bills of which nothing is open; without [`Permission::WaiverWrite`].
pub async fn waiver_create(ctx: &Ctx, account: AccountId, form: &WaiverForm) -> Result<i64> {
    ctx.require(Permission::WaiverWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, account).await?;
    let known = sqlx::query!("select id, maker_id from waiver where request_id = $1::text::uuid", fields.request)
        .fetch_optional(connection(&mut tx))
        .await?;
    match known {
        Some(row) if row.maker_id == ctx.actor().id.0 => return Ok(row.id),
        Some(_) => return Err(Failure::refused("页面已过期，请刷新后再办理").into()),
        None => {}
    }
    let ids: Vec<i64> = fields.bills.iter().map(|bill| bill.0).collect();
    let open = open_hold(&mut tx, held.id, &ids, fields.kind.event()).await?;
    let amount: Money = open.iter().map(|bill| bill.principal + bill.late_fee).sum();
    let id = sqlx::query_scalar!(
        "insert into waiver (district_id, estate_id, request_id, account_id, kind, doc_no, reason, amount_fen, maker_id, made_at)
         values ($1, $2, $3::text::uuid, $4, $5, $6, $7, $8, $9, $10) returning id",
        held.district_id,
        held.estate_id,
        fields.request,
        held.id,
        fields.kind.code(),
        fields.doc_no,
        fields.reason,
        amount.fen(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("waiver_request_key", "doc_no", "页面已过期，请刷新后再办理")]))?;
    bills_write(&mut tx, id, &open).await?;
    history_add(&mut tx, ctx, id, "提交", Some(&fields.reason)).await?;
    tx.commit().await?;
    Ok(id)
}

async fn bills_write(tx: &mut Tx, waiver: i64, open: &[Open]) -> Result<()> {
    let ids: Vec<i64> = open.iter().map(|bill| bill.id).collect();
    let principals: Vec<i64> = open.iter().map(|bill| bill.principal.fen()).collect();
    let late_fees: Vec<i64> = open.iter().map(|bill| bill.late_fee.fen()).collect();
    sqlx::query!(
        "insert into waiver_bill (waiver_id, bill_id, district_id, estate_id, principal_fen, late_fee_fen)
         select w.id, t.bill, w.district_id, w.estate_id, t.principal, t.late_fee
         from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as t (bill, principal, late_fee) join waiver w on w.id = $1",
        waiver,
        &ids,
        &principals,
        &late_fees,
    )
    .execute(connection(tx))
    .await
    .map_err(|error| Error::from(error).or_field(&[("waiver_bill_live_key", "bills", "所选账单已申请减免或核销")]))?;
    Ok(())
}

/// The bills of a document that is agreed to, with what they came to.
pub(super) async fn bills_settle(tx: &mut Tx, waiver: i64, open: &[Open]) -> Result<()> {
    let ids: Vec<i64> = open.iter().map(|bill| bill.id).collect();
    let principals: Vec<i64> = open.iter().map(|bill| bill.principal.fen()).collect();
    let late_fees: Vec<i64> = open.iter().map(|bill| bill.late_fee.fen()).collect();
    sqlx::query!(
        "update waiver_bill w set principal_fen = t.principal, late_fee_fen = t.late_fee
         from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as t (bill, principal, late_fee)
         where w.waiver_id = $1 and w.bill_id = t.bill",
        waiver,
        &ids,
        &principals,
        &late_fees,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
