//! Tallies are what bills and ledger say, whatever happens to money, melted or not, and after a first fill.

use super::{lines, number, report, run, total};
use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::Utc;
use domain::{
    billing::{
        bill_form::TakeBack,
        payment::PaymentForm,
        refund::RefundForm,
        waiver::{WaiverForm, WaiverStatus},
    },
    id::{AccountId, BillId},
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        bill::bill_reverse,
        payment::{payment_take, payment_void, payments_verify},
        refund::{refund_create, refund_decide, refund_pay},
        waiver::{waiver_create, waiver_decide},
    },
    insight::figure::figures_follow,
};

/// What a tally says and what it is made of, by everything that it tells apart.
async fn tallies_agree(test: &TestDatabase) {
    let bills = "select district_id, estate_id, due_on, fee_item, sum(bills)::bigint as bills, sum(charged_fen)::bigint as charged,
            sum(reduction_fen)::bigint, sum(paid_fen)::bigint, sum(verified_fen)::bigint, sum(open_fen)::bigint as open
        from bill_tally group by 1, 2, 3, 4 having sum(bills) <> 0 or sum(charged_fen) <> 0";
    let billed = "select district_id, estate_id, due_on, item, sum(n)::bigint, sum(case decision when 'WAIVED' then paid else charged end)::bigint,
            sum(case decision when 'WAIVED' then 0 else reduction end)::bigint, sum(paid)::bigint, sum(verified)::bigint,
            sum(case when decision is null then charged - paid else 0 end)::bigint
        from (select *, fee_item as item, 1 as n, amount_fen as charged, reduction_fen as reduction, paid_fen as paid,
                  least(verified_fen, paid_fen) as verified from bill
              union all
              select *, 'LATE', 0, late_fee_fen, 0, late_paid_fen, greatest(verified_fen - paid_fen, 0) from bill where late_fee_fen > 0) b
        where reverses_id is null and coalesce(decision, '') not in ('VOID', 'REVERSED') and fee_item <> 'DEPOSIT' group by 1, 2, 3, 4";
    let told = "district_id, estate_id, booked_on, debit, credit, fee_item, method, cashier_id, old";
    let moved = format!(
        "select {told}, sum(receipts)::bigint, sum(amount_fen)::bigint from ledger_tally group by 1, 2, 3, 4, 5, 6, 7, 8, 9"
    );
    let booked = "select l.district_id, l.estate_id, l.booked_on, l.debit, l.credit, l.fee_item, coalesce(p.method, ''), p.cashier_id,
            coalesce(l.payment_id is not null and b.due_on < date_trunc('month', l.booked_on), false),
            sum(case when l.id = (select min(id) from ledger_entry f where f.payment_id = l.payment_id
                                      and (f.reverses_id is null) = (l.reverses_id is null))
                     then case when l.reverses_id is null then 1 else -1 end else 0 end)::bigint,
            sum(l.amount_fen)::bigint
        from ledger_entry l left join payment p on p.id = l.payment_id left join bill b on b.id = l.bill_id
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9";
    // What is melted stands in its month as well.
    let months = "select district_id, estate_id, month, debit, credit, fee_item, amount_fen from ledger_month";
    let melted = "select district_id, estate_id, date_trunc('month', booked_on)::date, debit, credit, fee_item, sum(amount_fen)::bigint
        from ledger_tally where not loose group by 1, 2, 3, 4, 5, 6";
    for (kept, counted) in [(bills, billed), (moved.as_str(), booked), (months, melted)] {
        for (one, other) in [(kept, counted), (counted, kept)] {
            assert_eq!(number(test, &format!("select count(*) from ({one} except {other}) d")).await, 0, "{one}");
        }
    }
    let receipts =
        "select coalesce(sum(receipts), 0)::bigint from ledger_tally where debit = 'CASH' or credit = 'CASH'";
    let valid = "select count(*) from payment where status = 'NORMAL' and method = 'CASH'";
    assert_eq!(number(test, receipts).await, number(test, valid).await, "receipts");
    // What bills say is open is what the ledger says is owed.
    let open = "select coalesce(sum(open_fen), 0)::bigint from bill_tally";
    let owed = "select coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint from ledger_entry";
    assert_eq!(number(test, open).await, number(test, owed).await, "bills and ledger");
}

async fn pay(ctx: &Ctx, account: AccountId, nth: u32, amount: Money) -> domain::id::PaymentId {
    let form = PaymentForm {
        request: format!("00000000-0000-4000-8000-{nth:012x}"),
        amount: amount.to_string().replace(',', ""),
        method: "CASH".into(),
        prepay: true,
        ..PaymentForm::default()
    };
    payment_take(ctx, account, &form).await.expect("a payment")
}

/// One household's money through everything that happens to it; the tables agree behind every step, melted or not.
#[tokio::test(flavor = "multi_thread")]
async fn tallies_follow_whatever_happens_to_money() {
    let test = TestDatabase::with_city().await;
    let (_, account) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let head = city::ctx(&test.database, "finhead").await;
    tallies_agree(&test).await;
    let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
    let first = pay(&cashier, account, 1, Money::from_fen(5_000)).await;
    tallies_agree(&test).await;
    let version =
        i32::try_from(number(&test, &format!("select version::bigint from payment where id = {first}")).await);
    payment_void(&cashier, first, version.expect("small"), "错收").await.expect("it is taken back");
    tallies_agree(&test).await;
    figures_follow(&test.database, Utc::now()).await.expect("counted");
    tallies_agree(&test).await;
    let second = pay(&cashier, account, 2, owed + Money::from_fen(5_000)).await;
    payments_verify(&finance, &[second]).await.expect("it is verified");
    tallies_agree(&test).await;
    let refund = RefundForm {
        request: "00000000-0000-4000-9000-000000000001".into(),
        kind: "REFUND_BAL".into(),
        amount: "30".into(),
        reason: "多缴退回".into(),
    };
    let refund = refund_create(&cashier, account, &refund).await.expect("a refund");
    refund_decide(&head, refund, 1, true, "").await.expect("it is agreed to");
    refund_pay(&cashier, refund, 2, true, "0001").await.expect("it is paid");
    tallies_agree(&test).await;
    reports_agree(&test, owed).await;
    figures_follow(&test.database, Utc::now()).await.expect("counted");
    assert_eq!(number(&test, "select count(*) from bill_tally where loose").await, 0);
    assert_eq!(number(&test, "select count(*) from ledger_tally where loose").await, 0);
    tallies_agree(&test).await;
    reports_agree(&test, owed).await;
    filled_is_as_kept(&test).await;
    reports_agree(&test, owed).await;
}

/// A database that was there before its tallies: what a migration fills in is what triggers would have written.
async fn filled_is_as_kept(test: &TestDatabase) {
    run(test, "select money_tally_fill()").await;
    tallies_agree(test).await;
    let loose =
        "select (select count(*) from bill_tally where loose) + (select count(*) from ledger_tally where loose)";
    assert_eq!(number(test, loose).await, 0);
}

async fn household(test: &TestDatabase, nth: usize) -> AccountId {
    active(test, &form(assigned(test, tenant(test, nth).await, vacant(test, 0).await).await)).await.1
}

/// The first rent bill of a household, and its amount.
async fn rent_bill(test: &TestDatabase, account: AccountId) -> (i64, i64) {
    let of = format!("from bill where account_id = {account} and fee_item = 'RENT' and decision is null");
    let bill = number(test, &format!("select min(id) {of}")).await;
    (bill, number(test, &format!("select amount_fen {of} and id = {bill}")).await)
}

async fn forgive(test: &TestDatabase, account: AccountId, kind: &str, bill: i64) {
    let waiver = WaiverForm {
        request: format!("00000000-0000-4000-a000-{bill:012x}"),
        kind: kind.into(),
        bills: vec![bill.to_string()],
        doc_no: "测发1号".into(),
        reason: "特困家庭".into(),
    };
    let id = waiver_create(&city::ctx(&test.database, "finance").await, account, &waiver).await.expect("asked for");
    let decided = waiver_decide(&city::ctx(&test.database, "finhead").await, id, 1, true, "").await;
    assert_eq!(decided.expect("agreed to"), WaiverStatus::Approved);
}

/// Bills that are waived, written off, taken back and taken over: each leaves or enters what is owed by its own way (§4.9).
#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgiven_or_taken_back_is_told_apart() {
    let test = TestDatabase::with_city().await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let finance = city::ctx(&test.database, "finance").await;
    let (waived, other) = (household(&test, 0).await, household(&test, 1).await);
    // Of the first one's rent ten yuan were paid, behind the deposit; and it is let off something already, of which nothing is left when it is waived.
    pay(&cashier, waived, 1, Money::from_fen(100_000 + 1_000)).await;
    let (bill, whole) = rent_bill(&test, waived).await;
    run(&test, &format!("update bill set reduction_fen = 500 where id = {bill}")).await;
    tallies_agree(&test).await;
    forgive(&test, waived, "WAIVE", bill).await;
    tallies_agree(&test).await;
    let (bill, error) = rent_bill(&test, other).await;
    let version = number(&test, &format!("select version::bigint from bill where id = {bill}")).await;
    bill_reverse(&finance, BillId(bill), i32::try_from(version).expect("small"), TakeBack::Reverse, "错误")
        .await
        .expect("it is reversed");
    tallies_agree(&test).await;
    // What another system was owed, and what of it will never come.
    run(
        &test,
        &format!(
            "insert into bill (district_id, estate_id, unit_id, account_id, kind, fee_item, month, period_from, period_to, due_on, amount_fen)
             select a.district_id, a.estate_id, a.unit_id, a.id, 'RENT', 'RENT', o.month::date, o.month::date, o.month::date, o.month::date,
                 o.fen
             from account a cross join (values ('2025-01-01', 300), ('2025-02-01', 200)) as o (month, fen) where a.id = {other};
             insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id)
             select district_id, estate_id, account_id, (now() at time zone 'Asia/Shanghai')::date, 'RECEIVABLE', 'OPENING', 'RENT',
                 amount_fen, '期初结转', id
             from bill where account_id = {other} and month < '2025-03-01'"
        ),
    )
    .await;
    forgive(&test, other, "WRITE_OFF", number(&test, "select id from bill where month = '2025-02-01'").await).await;
    for _melted in [false, true] {
        tallies_agree(&test).await;
        let rent = [("item", "RENT")];
        let receivable = total(&report(&finance, "receivable", &rent).await);
        let (reversed, forgiven) = (error, whole - 1_000 + 200);
        assert_eq!(receivable, [0, whole + error + 500, reversed + forgiven, reversed, forgiven, 1_000, 300]);
        let years = [("item", "RENT"), ("start", "2020-01"), ("end", "2099-12")];
        let collection = total(&report(&finance, "collection", &years).await);
        // Receivable is what was paid of the waived one, and all of what was lost; open is only what was taken over.
        assert_eq!(collection, [1_500, 0, 1_000, 300, 3]);
        let income = total(&report(&finance, "income", &years[1..]).await);
        assert_eq!(income[..3], [1_500, 0, 1_500], "of the waived one nothing is taken off");
        figures_follow(&test.database, Utc::now()).await.expect("melted");
    }
    // What was owed before is old debt when it comes in.
    pay(&cashier, other, 2, Money::from_fen(300)).await;
    let income = total(&report(&finance, "income", &[]).await);
    assert_eq!((income[3], income[4]), (1_000, 300), "of this month, and of before");
    tallies_agree(&test).await;
    filled_is_as_kept(&test).await;
}

/// What is added while rows are melted is neither lost nor counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn melting_and_adding_do_not_meet() {
    let test = TestDatabase::with_city().await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let account = household(&test, 0).await;
    pay(&cashier, account, 1, Money::from_fen(1_000)).await;
    // Someone has entered a payment and not committed it; the melt neither waits for it nor sees it.
    let mut open = test.admin.begin().await.expect("a transaction");
    sqlx::raw_sql(
        "update bill set paid_fen = paid_fen + 100 where id = (select min(id) from bill where fee_item = 'RENT');
         insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id)
         select district_id, estate_id, account_id, (now() at time zone 'Asia/Shanghai')::date, 'BANK', 'RECEIVABLE', 'RENT', 100, '缴费', id
         from bill where id = (select min(id) from bill where fee_item = 'RENT')",
    )
    .execute(&mut *open)
    .await
    .expect("money");
    figures_follow(&test.database, Utc::now()).await.expect("melted");
    open.commit().await.expect("committed");
    tallies_agree(&test).await;
    assert_eq!(number(&test, "select count(*) from bill_tally where loose").await, 1);
    assert!(figures_follow(&test.database, Utc::now()).await.expect("melted") >= 2);
    assert_eq!(figures_follow(&test.database, Utc::now()).await.expect("melted"), 0);
    tallies_agree(&test).await;
}

/// Reports, ledger, accounts and drawer say the same.
async fn reports_agree(test: &TestDatabase, owed: Money) {
    let finance = city::ctx(&test.database, "finance").await;
    // 收款日报: cash of today, without what was taken back.
    let receipt = total(&report(&finance, "receipt", &[("by", "cashier")]).await);
    assert_eq!((receipt[0], receipt[1], receipt[9]), (1, owed.fen() + 5_000, owed.fen() + 5_000));
    let drawer = "select sum(amount_fen)::bigint from payment where status = 'NORMAL' and method = 'CASH'";
    assert_eq!(number(test, drawer).await, receipt[1]);
    let by_item = report(&finance, "receipt", &[("by", "item")]).await;
    assert_eq!(total(&by_item)[9], receipt[9]);
    assert_eq!(lines(&report(&finance, "receipt", &[("by", "cashier")]).await)[0][0], "测试cashier");
    // 收入: net is what the city's money has grown by.
    let income = total(&report(&finance, "income", &[]).await);
    let grown = "select sum(amount_fen * ((debit in ('CASH', 'BANK', 'CLEARING'))::int - (credit in ('CASH', 'BANK', 'CLEARING'))::int))::bigint
                 from ledger_entry";
    assert_eq!(income[12], number(test, grown).await);
    assert_eq!(
        income[12],
        income[3] + income[4] + income[6] + income[7] + income[8] + income[9] + income[10] - income[11]
    );
    assert_eq!((income[7], income[9], income[11]), (100_000, 5_000, 3_000), "deposit, ahead, given back");
    assert_eq!((income[2], income[5]), (income[3], income[3]), "the rent is paid and verified");
    // 余额: the sums of the accounts.
    let by_estate = ("by", "estate");
    let balance = total(&report(&finance, "balance", &[by_estate]).await);
    let held = number(test, "select sum(balance_fen)::bigint from account").await;
    let deposits = number(test, "select sum(deposit_fen)::bigint from account").await;
    assert_eq!((balance[3], balance[7], balance[11]), (held, deposits, held + deposits));
    assert_eq!((balance[0] + balance[1] - balance[2], balance[4] + balance[5] - balance[6]), (held, deposits));
    // 应收: what is owed besides deposits.
    let receivable = total(&report(&finance, "receivable", &[]).await);
    assert_eq!(receivable[6], receivable[0] + receivable[1] - receivable[2] - receivable[5]);
    assert_eq!((receivable[1], receivable[6]), (income[2], 0));
    // A year on there is the same to begin with, whether it is melted or not.
    let later = [("start", "2099-01"), ("end", "2099-01")];
    let opening = total(&report(&finance, "balance", &[later[0], later[1], by_estate]).await);
    let both = held + deposits;
    assert_eq!(opening, [held, 0, 0, held, deposits, 0, 0, deposits, both, 0, 0, both]);
    assert_eq!(report(&finance, "receivable", &later).await.rows, [], "nothing is owed");
}
