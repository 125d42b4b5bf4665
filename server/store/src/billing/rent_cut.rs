//! The rent of a contract, its property fee, and what the market asks above the rent (R-26), cut off behind a day: of an exit, and where days behind the
//! end of the contract are taken back. What was charged too much is reversed, and what is left of a month is charged anew.

use super::{
    arrears::arrears_recount,
    debt::open_bills,
    exit_bill::take_back,
    fund::{Pays, fund_pays, request_id},
    payment::hold,
    post::{Charge, post, rolled},
    rule::billing_rule,
};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::contract::terms::{Billed, billed_read_one},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill_form::kind_of,
        plan::{PlannedBill, Terms},
    },
    dictionary::{BillStatus, DayBase, FeeItem, PayMethod},
    failure::Failure,
    id::{AccountId, BillId},
    tenancy::exit_bill::{PostedRent, RentCut, rent_cut},
    value::Money,
};

/// A bill of a period that stands.
pub(super) struct Standing {
    pub item: FeeItem,
    pub rent: PostedRent,
    /// it was waived, written off or given back: it stays so
    pub decided: bool,
}

/// What is taken back, and what is charged instead.
pub(super) struct Cut {
    pub reversed: Vec<(FeeItem, PostedRent)>,
    pub charged: Vec<(FeeItem, PlannedBill)>,
}

/// Cuts off behind a day what stands of a contract.
pub(super) fn cut(contract: &Billed, base: DayBase, last_on: NaiveDate, standing: &[Standing]) -> Cut {
    let mut whole = Cut { reversed: Vec::new(), charged: Vec::new() };
    let mut of = |item: FeeItem, terms: Option<&Terms>| {
        let own: Vec<&Standing> = standing.iter().filter(|bill| bill.item == item).collect();
        let posted: Vec<PostedRent> = own.iter().map(|bill| bill.rent.clone()).collect();
        let cut = match terms {
            Some(terms) => rent_cut(terms, last_on, &posted),
            // Nothing of it was agreed to, or not any more.
            None => RentCut { reversed: (0..posted.len()).collect(), charged: Vec::new() },
        };
        let back = cut.reversed.iter().map(|place| own[*place]);
        // What was waived or written off was decided about, and stays so.
        let (stay, go): (Vec<&Standing>, Vec<&Standing>) = back.partition(|bill| bill.decided);
        whole.reversed.extend(go.into_iter().map(|bill| (item, bill.rent.clone())));
        let anew = cut.charged.into_iter().filter(|bill| stay.iter().all(|kept| kept.rent.from != bill.from));
        whole.charged.extend(anew.map(|bill| (item, bill)));
    };
    let plans = contract.plans(base);
    for (item, terms) in &plans {
        of(*item, Some(terms));
    }
    if plans.iter().all(|(item, _)| *item != FeeItem::MarketDifference) {
        of(FeeItem::MarketDifference, None);
    }
    whole
}

/// Takes back what was charged of a contract behind a day, whose terms end there by now, and charges what is left of the months
/// that it touches. What came in for it pays the new bills at once; the rest of it is the household's balance.
///
/// # Errors
/// A refusal while the bank is asked for one of these bills, while one is given back or paid by instalments, and when the month
/// is closed.
pub(crate) async fn rents_end(
    tx: &mut Tx,
    ctx: &Ctx,
    contract: i64,
    last_on: NaiveDate,
    (reason, request): (&str, &str),
) -> Result<()> {
    let (contract, _) = billed_read_one(tx, contract).await?;
    let rule = billing_rule(tx, contract.district_id, ctx.today()).await?;
    let account = hold(tx, AccountId(contract.account_id)).await?;
    let (standing, money) = standing_hold(tx, contract.id).await?;
    // Whether it stays is not known before the refund is decided about.
    if standing.iter().zip(&money).any(|(bill, bound)| bound.refunding && bill.rent.to > last_on) {
        return Err(Failure::refused("此期间的账单正在退款，请先办结退费").into());
    }
    let Cut { reversed, charged } = cut(&contract, rule.base, last_on, &standing);
    if reversed.is_empty() {
        return Ok(());
    }
    let paid = ready(&reversed, &money)?;
    for (_, rent) in &reversed {
        take_back(tx, ctx, account.id, BillId(rent.bill), reason).await?;
    }
    let calendar = calendar_load(tx).await?;
    // Of months that nobody charged the run will: here only what stands for one that is taken back.
    let anew = charged
        .into_iter()
        .filter(|(item, bill)| reversed.iter().any(|(of, rent)| of == item && rent.from == bill.from));
    let charges: Vec<Charge> = anew
        .map(|(item, bill)| {
            // Nobody is late with what he did not know yesterday.
            let due_on = rolled(bill.due_on, &rule, &calendar).max(ctx.today());
            Charge::of(&contract, kind_of(item), item, PlannedBill { due_on, ..bill })
        })
        .collect();
    let fresh = post(tx, ctx, &charges, None, ctx.today()).await?;
    if paid > Money::ZERO {
        let mut open = open_bills(tx, &[account.id], None, &rule, ctx.today()).await?;
        open.retain(|open| fresh.ids.contains(&open.owed.debt.bill));
        let (request, remark) = (request_id(request), reason.to_owned());
        let pays = Pays { method: PayMethod::Balance, amount: paid, request, remark, day: ctx.today() };
        fund_pays(tx, ctx, &account, &rule, &open, pays).await?;
    }
    arrears_recount(tx, ctx, &[account.id]).await
}

/// What is known of the money of a bill that stands.
struct Bound {
    bill: i64,
    paid: Money,
    /// a batch has asked the bank for it
    in_batch: bool,
    /// it is paid by instalments
    planned: bool,
    /// its money is asked back
    refunding: bool,
}

/// The bills of a contract's periods, locked behind its account.
async fn standing_hold(tx: &mut Tx, contract: i64) -> Result<(Vec<Standing>, Vec<Bound>)> {
    let rows = sqlx::query!(
        r#"select id, fee_item, period_from, period_to, decision, amount_fen + late_fee_fen as "charged!",
                  paid_fen + late_paid_fen as "paid!", in_batch,
                  exists (select from instalment_bill p join instalment i on i.id = p.instalment_id
                          where p.bill_id = b.id and i.status in ('PENDING', 'ACTIVE')) as "planned!"
           from bill b where contract_id = $1 and fee_item in ('RENT', 'PROPERTY', 'MARKET_DIFF') and months > 0 and reverses_id is null
               and (decision is null or decision not in ('VOID', 'REVERSED'))
           order by period_from, id for update of b"#,
        contract
    )
    .fetch_all(connection(tx))
    .await?;
    let bills = rows.into_iter().map(|row| {
        let item = stored(&row.fee_item, FeeItem::from_code)?;
        let (bill, from, to) = (row.id, row.period_from, row.period_to);
        let rent = PostedRent { bill, from, to, charged: Money::from_fen(row.charged) };
        let (in_batch, paid) = (row.in_batch.is_some(), Money::from_fen(row.paid));
        let refunding = row.decision.as_deref() == Some(BillStatus::Refunding.code());
        let bound = Bound { bill, paid, in_batch, planned: row.planned, refunding };
        Ok((Standing { item, rent, decided: row.decision.is_some() }, bound))
    });
    Ok(bills.collect::<Result<Vec<_>>>()?.into_iter().unzip())
}

/// Refuses where others work on a bill that is to be taken back; answers what was paid of all of them.
fn ready(reversed: &[(FeeItem, PostedRent)], money: &[Bound]) -> Result<Money> {
    let touched: Vec<&Bound> =
        money.iter().filter(|bound| reversed.iter().any(|(_, rent)| rent.bill == bound.bill)).collect();
    if touched.iter().any(|bound| bound.planned) {
        return Err(Failure::refused("此期间的账单已列入分期还款，请先办结分期").into());
    }
    if touched.iter().any(|bound| bound.in_batch) {
        return Err(Failure::refused("有账单正在银行扣款中，请于回盘后再审批").into());
    }
    Ok(touched.iter().map(|bound| bound.paid).sum())
}
