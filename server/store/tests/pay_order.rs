//! Orders: an amount that does not change, paid once by what the payment company says, and what is refused.

mod bank;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{DateTime, Months, TimeDelta, Utc};
use domain::{
    billing::{
        pay_odd::{PayOddOutcome, PayOddReason, PayOddStatus},
        pay_order::{PayChannel, PayOrderStatus, Told},
        payment::PaymentForm,
        plan::month_of,
    },
    dictionary::PayMethod,
    failure::Failure,
    id::{AccountId, BillId},
    list::ListQuery,
    portal::view::Home,
    tenancy::contract_form::ContractForm,
    value::Money,
};
use store::{
    billing::{
        account::account_get,
        pay_order::{
            Order, Verdict, order_answered, order_close, order_create, order_get, order_of, order_paid, order_placed,
            order_press, orders_ask, pay_odd_decide, pay_odd_list, pay_odd_propose, pay_order_list,
        },
        payment::{payment_take, payment_void, receipt_get},
    },
    portal::{CodeRequest, Tenant, home_list, paid_get, paid_list, tenant_code_create, tenant_ctx, tenant_sign_in},
};

/// A household that owes the deposit and three months.
async fn household(test: &TestDatabase, nth: usize) -> (AccountId, Tenant) {
    let assignment = assigned(test, tenant(test, nth).await, vacant(test, 0).await).await;
    let start = month_of(store::ctx::china_day(Utc::now())).checked_sub_months(Months::new(2)).expect("a day");
    let form = ContractForm {
        start_on: start.to_string(),
        end_on: start.checked_add_months(Months::new(60)).and_then(|day| day.pred_opt()).expect("a day").to_string(),
        sign_on: start.to_string(),
        explained_on: start.to_string(),
        ..form(assignment)
    };
    let (_, account) = active(test, &form).await;
    (account, signed_in(test, nth).await)
}

async fn signed_in(test: &TestDatabase, nth: usize) -> Tenant {
    let now = Utc::now();
    let phone = format!("1380000120{nth}");
    let request = CodeRequest { phone: &phone, network: "192.0.2.1", captcha_id: "", captcha: "" };
    let asked = tenant_code_create(&test.database, request, now).await.expect("a code");
    let content = asked.message.expect("a message").content;
    let code: String = content.chars().filter(char::is_ascii_digit).take(6).collect();
    let secret = tenant_sign_in(&test.database, &asked.ticket, &code, "192.0.2.1", now).await.expect("a session");
    tenant_ctx(&test.database, &secret, now).await.expect("asked").expect("a tenant")
}

fn request(nth: u64) -> String {
    format!("6b0c2d1e-8f7a-4b3c-9d2e-{nth:012x}")
}

async fn home(tenant: &Tenant) -> Home {
    home_list(tenant).await.expect("homes").remove(0)
}

async fn bills(tenant: &Tenant) -> Vec<BillId> {
    home(tenant).await.bills.iter().map(|bill| bill.id).collect()
}

async fn order(tenant: &Tenant, account: AccountId, bills: &[BillId], nth: u64) -> Order {
    order_create(tenant, account, bills, PayChannel::WeChat, &request(nth)).await.expect("an order")
}

fn told(order: &Order, trade: &str, now: DateTime<Utc>) -> Told {
    Told {
        channel: order.channel,
        order_no: order.order_no.clone(),
        trade_no: trade.to_owned(),
        amount: order.amount,
        paid_at: now,
        notice_id: Some(format!("EV-{trade}")),
    }
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    Failure::from(result.expect_err("a refusal")).to_string()
}

async fn payments(test: &TestDatabase) -> i64 {
    sqlx::query_scalar("select count(*) from payment").fetch_one(&test.admin).await.expect("a number")
}

/// The account is what the ledger yields, and what is owed is what the bills say.
async fn agrees(test: &TestDatabase, account: AccountId) {
    let (balance, owed): (i64, i64) = sqlx::query_as(
        "select coalesce(sum(amount_fen * ((credit = 'BALANCE')::int - (debit = 'BALANCE')::int)), 0)::bigint,
                coalesce(sum(amount_fen * ((debit = 'RECEIVABLE')::int - (credit = 'RECEIVABLE')::int)), 0)::bigint
         from ledger_entry where account_id = $1",
    )
    .bind(account.0)
    .fetch_one(&test.admin)
    .await
    .expect("the ledger");
    let seen = account_get(&city::ctx(&test.database, "cashier").await, account).await.expect("the account");
    assert_eq!(seen.row.balance.fen(), balance);
    let rent = seen.bills.iter().filter(|bill| bill.fee_item != domain::dictionary::FeeItem::Deposit);
    assert_eq!(rent.map(|bill| bill.outstanding.fen()).sum::<i64>(), owed);
}

/// Money of an order that nobody knows is seen by those who look after the whole city.
async fn of_the_city(test: &TestDatabase) {
    let moved = "update app_user set organization_id = (select id from organization where code = 'CITY')
                 where login in ('cashier', 'finhead')";
    sqlx::query(moved).execute(&test.admin).await.expect("moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_once_however_often_it_is_told() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let owed = home(&tenant).await.owed();
    let order = order(&tenant, account, &all, 1).await;
    assert_eq!((order.amount, order.status), (owed, PayOrderStatus::New));
    let again = order_create(&tenant, account, &all, PayChannel::WeChat, &request(1)).await.expect("the same");
    assert_eq!(again.id, order.id, "the same form begins one payment");
    order_placed(&test.database, order.id, "http://127.0.0.1:1/h5", now).await.expect("placed");
    let seen = order_get(&tenant, &order.order_no).await.expect("the order");
    assert_eq!((seen.status, seen.pay_url.as_deref()), (PayOrderStatus::Paying, Some("http://127.0.0.1:1/h5")));
    let told = told(&order, "4200001", now);
    let (one, two) = tokio::join!(order_paid(&test.database, &told, now), order_paid(&test.database, &told, now));
    let mut verdicts = [one.expect("entered"), two.expect("known")];
    verdicts.sort_by_key(|verdict| *verdict == Verdict::Known);
    assert_eq!(verdicts, [Verdict::Entered, Verdict::Known], "of two at once one enters");
    assert_eq!(order_paid(&test.database, &told, now + TimeDelta::days(1)).await.expect("known"), Verdict::Known);
    assert_eq!(payments(&test).await, 1);
    let seen = order_get(&tenant, &order.order_no).await.expect("the order");
    let payment = seen.payment_id.expect("a payment");
    assert_eq!((seen.status, seen.pay_url), (PayOrderStatus::Paid, None));
    let receipt = receipt_get(&city::ctx(&test.database, "cashier").await, payment).await.expect("a receipt");
    assert_eq!((receipt.row.method, receipt.row.amount, receipt.to_balance), (PayMethod::WeChat, owed, Money::ZERO));
    assert_eq!(receipt.bank_serial.as_deref(), Some("4200001"));
    assert_eq!(receipt.lines.len(), all.len());
    assert_eq!(paid_list(&tenant).await.expect("payments").len(), 1);
    assert_eq!(paid_get(&tenant, payment).await.expect("the receipt").lines.len(), all.len());
    assert!(home(&tenant).await.bills.is_empty());
    agrees(&test, account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_elsewhere_meanwhile_goes_to_the_balance() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..2], 1).await;
    order_placed(&test.database, order.id, "http://127.0.0.1:1/h5", now).await.expect("placed");
    assert!(order_close(&test.database, order.id, "超时未支付", None, now).await.expect("closed"));
    assert!(!order_close(&test.database, order.id, "超时未支付", None, now).await.expect("once"));
    let cashier = city::ctx(&test.database, "cashier").await;
    let first = home(&tenant).await.bills[0].clone();
    let form = PaymentForm {
        request: request(2),
        amount: first.debt.total().to_string().replace(',', ""),
        method: "CASH".into(),
        bills: vec![first.id.0],
        ..PaymentForm::default()
    };
    payment_take(&cashier, account, &form).await.expect("at the counter");
    // The notice comes late, behind the closing.
    assert_eq!(
        order_paid(&test.database, &told(&order, "4200001", now), now).await.expect("entered"),
        Verdict::Entered
    );
    let seen = account_get(&cashier, account).await.expect("the account");
    assert_eq!(seen.row.balance, first.debt.total());
    assert_eq!(seen.bills.len(), all.len() - 2);
    let seen = order_get(&tenant, &order.order_no).await.expect("the order");
    assert_eq!((seen.status, seen.message), (PayOrderStatus::Paid, None));
    agrees(&test, account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_orders_waits_in_the_pool_and_blocks_nobody() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..1], 1).await;
    order_placed(&test.database, order.id, "http://127.0.0.1:1/h5", now).await.expect("placed");
    let right = told(&order, "4200001", now);
    let paid = async |told: &Told| order_paid(&test.database, told, now).await.expect("heard");
    let stranger = Told { order_no: "ZF00000000000000".into(), trade_no: "4200009".into(), ..right.clone() };
    assert_eq!(paid(&stranger).await, Verdict::Odd);
    let short = Told { amount: Money::from_fen(right.amount.fen() - 1), trade_no: "4200008".into(), ..right.clone() };
    let short = Told { notice_id: Some("EV-8".into()), ..short };
    assert_eq!((paid(&short).await, paid(&short).await), (Verdict::Odd, Verdict::Odd), "told twice, kept once");
    let seen = order_get(&tenant, &order.order_no).await.expect("the order");
    assert_eq!(seen.status, PayOrderStatus::Closed, "the home can pay otherwise");
    assert!(seen.message.is_some_and(|said| said.contains("金额不符") && said.contains("请勿重复支付")));
    assert_eq!(payments(&test).await, 0);
    // Its own money comes after all, and somebody else's trade on top of it.
    assert_eq!(paid(&right).await, Verdict::Entered);
    let twice = Told { trade_no: "4200002".into(), notice_id: Some("EV-2".into()), ..right.clone() };
    assert_eq!(paid(&twice).await, Verdict::Odd);
    assert_eq!(payments(&test).await, 1);
    of_the_city(&test).await;
    let city = city::ctx(&test.database, "cashier").await;
    let kept = pay_odd_list(&city, &ListQuery::default()).await.expect("the pool").rows;
    let mut kept: Vec<_> = kept.iter().map(|odd| (odd.trade_no.as_str(), odd.reason, odd.amount)).collect();
    kept.sort_by_key(|(trade, ..)| trade.to_string());
    let amount = right.amount;
    assert_eq!(
        kept,
        [
            ("4200002", PayOddReason::Second, amount),
            ("4200008", PayOddReason::Amount, short.amount),
            ("4200009", PayOddReason::Unknown, amount)
        ]
    );
    let next =
        order_create(&tenant, account, &all[1..2], PayChannel::WeChat, &request(2)).await.expect("the next order");
    assert!(
        orders_ask(&test.database, 10, now + TimeDelta::days(4))
            .await
            .expect("asked")
            .iter()
            .all(|asked| asked.order.id == next.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_settled_by_two() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..1], 1).await;
    let right = told(&order, "4200001", now);
    let short = Told { amount: Money::from_fen(right.amount.fen() - 1), ..right.clone() };
    let stranger = Told { order_no: "ZF00000000000000".into(), trade_no: "4200009".into(), notice_id: None, ..right };
    for told in [&short, &stranger] {
        assert_eq!(order_paid(&test.database, told, now).await.expect("heard"), Verdict::Odd);
    }
    of_the_city(&test).await;
    let (cashier, head) = (city::ctx(&test.database, "cashier").await, city::ctx(&test.database, "finhead").await);
    let pool = async || {
        let mut rows = pay_odd_list(&cashier, &ListQuery::default()).await.expect("the pool").rows;
        rows.sort_by_key(|odd| odd.id);
        rows
    };
    let [known, unknown] = &pool().await[..] else { panic!("two") };
    let to_balance = async |id, version, account_no: &str| {
        pay_odd_propose(&cashier, id, version, PayOddOutcome::Balance, account_no, "").await
    };
    to_balance(known.id, known.version, "").await.expect("proposed");
    assert!(matches!(
        to_balance(unknown.id, unknown.version, "X").await.map_err(Failure::from),
        Err(Failure::Invalid(_))
    ));
    assert!(pay_odd_decide(&cashier, known.id, known.version + 1, true, "").await.is_err(), "not by who proposed it");
    pay_odd_decide(&head, known.id, known.version + 1, false, "金额再核对").await.expect("refused");
    to_balance(known.id, known.version + 2, "").await.expect("proposed again");
    pay_odd_decide(&head, known.id, known.version + 3, true, "").await.expect("agreed");
    assert!(pay_odd_decide(&head, known.id, known.version + 4, true, "").await.is_err(), "once");
    let returned = PayOddOutcome::Returned;
    let silent = pay_odd_propose(&cashier, unknown.id, unknown.version, returned, "", "").await;
    assert!(silent.is_err(), "what was given back has a number");
    pay_odd_propose(&cashier, unknown.id, unknown.version, returned, "", "退款单号5001").await.expect("proposed");
    pay_odd_decide(&head, unknown.id, unknown.version + 1, true, "").await.expect("agreed");
    let rows = pool().await;
    assert!(rows.iter().all(|odd| odd.status == PayOddStatus::Done));
    assert_eq!((rows[0].payment_id.is_some(), rows[1].payment_id.is_some()), (true, false));
    let seen = account_get(&cashier, account).await.expect("the account");
    assert_eq!((seen.row.balance, payments(&test).await), (short.amount, 1));
    agrees(&test, account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_payment_cannot_be_voided_at_a_counter() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..1], 1).await;
    order_paid(&test.database, &told(&order, "4200001", now), now).await.expect("entered");
    let payment = order_get(&tenant, &order.order_no).await.expect("the order").payment_id.expect("a payment");
    let cashier = city::ctx(&test.database, "cashier").await;
    let row = receipt_get(&cashier, payment).await.expect("a receipt").row;
    assert!(row.online);
    let void = payment_void(&cashier, payment, row.version, "误收").await;
    assert_eq!(refusal(void), "手机支付等线上收款不能作废，请办理退费");
    let forced = sqlx::query("update payment set status = 'VOID', voided_at = now(), void_reason = 'x' where id = $1")
        .bind(payment.0)
        .execute(&test.admin)
        .await;
    assert!(forced.is_err_and(|error| error.to_string().contains("payment_online_check")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_left_opens_for_late_money_and_closes_with_the_last_debt() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all, 1).await;
    for left in [
        "update contract set status = 'TERMINATED'",
        "update bill set paid_fen = amount_fen, late_paid_fen = late_fee_fen",
        "update account set status = 'OFF', closed_on = current_date, deposit_fen = 0",
    ] {
        sqlx::query(left).execute(&test.admin).await.expect("everything was settled elsewhere");
    }
    order_paid(&test.database, &told(&order, "4200001", now), now).await.expect("entered");
    let status: String = sqlx::query_scalar("select status from account where id = $1")
        .bind(account.0)
        .fetch_one(&test.admin)
        .await
        .expect("the account");
    assert_eq!(status, "ON", "its balance can be given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_of_open_bills_of_the_own_home() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (other, neighbour) = household(&test, 1).await;
    let all = bills(&tenant).await;
    let create = |account, bills: Vec<BillId>, nth: u64| {
        let tenant = tenant.clone();
        async move { order_create(&tenant, account, &bills, PayChannel::Alipay, &request(nth)).await }
    };
    assert_eq!(refusal(create(account, vec![], 1).await), "请选择要缴的账单");
    assert_eq!(refusal(create(other, all.clone(), 1).await), "该房间不属于您");
    let theirs = bills(&neighbour).await;
    assert_eq!(refusal(create(account, vec![all[0], theirs[0]], 1).await), "所选账单已缴清或已变更，请刷新后重新选择");
    let strange = order_create(&tenant, account, &all, PayChannel::Alipay, "1").await;
    assert_eq!(refusal(strange), "页面已过期，请刷新后重试");
    sqlx::query(
        "with batch as (insert into deduction_batch (district_id, batch_no, due_by, month, maker_id, made_at)
             select district_id, 'DK1', '2026-01-15', '2026-01-01', 1, now() from account where id = $2 returning id)
         update bill set in_batch = batch.id from batch where bill.id = $1",
    )
    .bind(all[1].0)
    .bind(account.0)
    .execute(&test.admin)
    .await
    .expect("the bank is being asked for it");
    assert_eq!(refusal(create(account, vec![all[0], all[1]], 1).await), "该账单正在银行扣款中，请于回盘后再缴");
    let order = create(account, vec![all[0]], 1).await.expect("an order");
    assert_eq!(refusal(create(account, vec![all[2]], 2).await), "您有一笔支付尚未完成，请先完成支付或取消");
    assert_eq!(home(&tenant).await.paying.as_deref(), Some(order.order_no.as_str()));
    assert!(matches!(order_get(&neighbour, &order.order_no).await.map_err(Failure::from), Err(Failure::NotFound)));
    assert!(matches!(order_of(&neighbour, &order.order_no).await.map_err(Failure::from), Err(Failure::NotFound)));
    // What the request made is its tenant's alone: the same id of somebody else finds nothing of it.
    let mine = order_create(&neighbour, other, &theirs[..1], PayChannel::Alipay, &request(1)).await;
    assert!(mine.is_err(), "an id of a request comes once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_asked_about_and_given_up_at_its_end() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..1], 1).await;
    let due = |seconds| orders_ask(&test.database, 10, now + TimeDelta::seconds(seconds));
    assert!(due(20).await.expect("asked").is_empty());
    let asked = due(40).await.expect("asked");
    assert_eq!(asked.iter().map(|asked| (asked.order.id, asked.over)).collect::<Vec<_>>(), [(order.id, false)]);
    assert!(due(41).await.expect("asked").is_empty(), "whoever takes it moves the next question");
    let over = due(30 * 60 + 61).await.expect("asked");
    assert_eq!(over.iter().map(|asked| (asked.over, asked.stale)).collect::<Vec<_>>(), [(true, false)]);
    let stale = due(90 * 60 + 1).await.expect("asked");
    assert_eq!(stale.iter().map(|asked| asked.stale).collect::<Vec<_>>(), [true]);
    assert!(order_close(&test.database, order.id, "超时未支付", None, now).await.expect("closed"));
    assert!(due(24 * 3600).await.expect("asked").is_empty());
    let seen = order_get(&tenant, &order.order_no).await.expect("the order");
    assert_eq!((seen.status, seen.message.as_deref()), (PayOrderStatus::Closed, Some("超时未支付")));
    let events: Vec<String> = sqlx::query_scalar("select event from pay_order_event order by id")
        .fetch_all(&test.admin)
        .await
        .expect("events");
    assert_eq!(events, ["下单", "关闭"]);
}

/// The company is away: what has ended stands in nobody's way, and is asked about on.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_ended_does_not_block_the_next_one() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let first = order(&tenant, account, &all[..1], 1).await;
    let past =
        "update pay_order set made_at = made_at - interval '2 hours', expires_at = expires_at - interval '2 hours'";
    sqlx::query(past).execute(&test.admin).await.expect("it ended");
    assert_eq!(home(&tenant).await.paying, None);
    let second = order(&tenant, account, &all[..1], 2).await;
    assert_ne!(first.id, second.id);
    let seen = order_get(&tenant, &first.order_no).await.expect("the order");
    assert_eq!((seen.status, seen.message.as_deref()), (PayOrderStatus::Closed, Some("超时未支付")));
    let asked = orders_ask(&test.database, 10, now + TimeDelta::hours(7)).await.expect("asked");
    assert!(asked.iter().any(|asked| asked.order.id == first.id), "its money may have been taken all the same");
    order_answered(&test.database, first.id, now).await.expect("answered");
    let asked = orders_ask(&test.database, 10, now + TimeDelta::hours(20)).await.expect("asked");
    assert!(asked.iter().all(|asked| asked.order.id == second.id), "the company has said its last word");
}

/// WeChat's address is dead after five minutes; another one can be had, and a button is not pressed twice at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_address_is_asked_for_again() {
    let test = TestDatabase::with_city().await;
    let (account, tenant) = household(&test, 0).await;
    let (now, all) = (Utc::now(), bills(&tenant).await);
    let order = order(&tenant, account, &all[..1], 1).await;
    let seen = async || {
        let seen = order_get(&tenant, &order.order_no).await.expect("the order");
        (seen.pay_url, seen.placeable)
    };
    assert_eq!(seen().await, (None, true));
    order_placed(&test.database, order.id, "http://127.0.0.1:1/a", now - TimeDelta::minutes(6)).await.expect("placed");
    assert_eq!(seen().await, (None, true), "six minutes old");
    order_placed(&test.database, order.id, "http://127.0.0.1:1/b", now).await.expect("placed once more");
    assert_eq!(seen().await, (Some("http://127.0.0.1:1/b".to_owned()), false));
    order_press(&tenant, &order.order_no).await.expect("pressed");
    assert_eq!(refusal(order_press(&tenant, &order.order_no).await), "操作过于频繁，请于5秒后再试");
    let page = ListQuery { q: order.order_no.clone(), ..ListQuery::default() };
    let cashier = city::ctx(&test.database, "cashier").await;
    let found = pay_order_list(&cashier, &page).await.expect("orders");
    assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [order.id], "by its number");
}
