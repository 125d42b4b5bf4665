//! The days of direct debit (PRM-46): batches that nobody asks for, and two people for each.

use super::*;
use chrono::Datelike as _;
use domain::platform::setting::code;
use store::{
    billing::deduction::{deduction_list, deductions_follow},
    platform::setting::setting_put,
};

/// Noon of a day of next month, as the server counts it.
fn on(day: u32) -> DateTime<Utc> {
    let day = today().checked_add_months(Months::new(1)).and_then(|later| later.with_day(day)).expect("a day");
    day.and_hms_opt(4, 0, 0).expect("noon in China").and_utc()
}

impl Office {
    async fn follow(&self, day: u32) -> usize {
        deductions_follow(self.database(), on(day)).await.expect("followed")
    }

    /// The newest batch.
    async fn newest(&self) -> DeductionBatchId {
        DeductionBatchId(self.number("select max(id) from deduction_batch").await)
    }

    /// A household pays at the counter all that it owes.
    async fn pay_all(&self, account: AccountId) {
        let cashier = city::ctx(self.database(), "cashier").await;
        let owed = account_get(&cashier, account).await.expect("the account").row.outstanding;
        let form = PaymentForm {
            request: "00000000-0000-4000-8000-000000000a11".into(),
            amount: owed.to_string().replace(',', ""),
            method: "CASH".into(),
            ..PaymentForm::default()
        };
        payment_take(&cashier, account, &form).await.expect("a payment");
    }

    async fn batches(&self) -> i64 {
        self.number("select count(*) from deduction_batch").await
    }
}

/// How many batches wait for somebody.
async fn turn(ctx: &Ctx) -> i64 {
    let query = ListQuery { filter: [("turn".into(), "MINE".into())].into(), ..ListQuery::default() };
    deduction_list(ctx, &query).await.expect("batches").total
}

#[tokio::test(flavor = "multi_thread")]
async fn on_its_day_a_batch_is_made_once_and_two_people_have_it_sent() {
    let office = Office::open().await;
    office.household(0).await;
    assert_eq!(office.follow(14).await, 0, "its day has not come");
    assert_eq!(office.follow(15).await, 1, "of the only district in which somebody owes");
    assert_eq!(office.follow(15).await, 0, "and once");
    let id = office.newest().await;
    let batch = office.get(id).await;
    assert_eq!((batch.row.status, batch.row.built, batch.row.items), (DeductionStatus::Created, true, 1));
    assert_eq!((batch.row.automatic, batch.row.maker.clone(), batch.row.due_by.day()), (true, None, 15));
    assert_eq!((office.batches().await, office.locked().await), (1, 4));
    office.books_hold().await;

    // It waits for either of them; the one who checks it does not send it.
    assert_eq!((turn(&office.maker).await, turn(&office.checker).await), (1, 1));
    assert_eq!(batch.events, [DeductionEvent::Check, DeductionEvent::Discard]);
    deduction_check(&office.checker, id, office.version(id).await, "").await.expect("checked");
    assert_eq!((turn(&office.maker).await, turn(&office.checker).await), (1, 0));
    assert_eq!(office.get(id).await.events, [DeductionEvent::Discard]);
    let version = office.version(id).await;
    let alone = deduction_send(&office.checker, id, version).await;
    assert_eq!(refusal(alone), "系统自动制作的代扣批次须由两人办理，复核人不能发送");
    let statement = "update deduction_batch set sender_id = checker_id, exported_at = now()";
    let done = sqlx::query(statement).execute(&office.test.admin).await;
    assert!(done.expect_err("refused").to_string().contains("deduction_batch_two_check"));
    let seen = deduction_get(&office.maker, id).await.expect("a batch");
    assert_eq!(seen.events, [DeductionEvent::Export, DeductionEvent::Discard]);
    deduction_send(&office.maker, id, version).await.expect("released");

    // What failed on the 15th is tried again on the 20th.
    let (request, lines) = office.sent().await;
    office.respond(&request.batch_no, "d1", &[line(&lines[0], "NSF", Money::ZERO)]).await.expect("read");
    deductions_post(office.database(), on(15)).await.expect("entered");
    assert_eq!(office.follow(19).await, 0);
    assert_eq!(office.follow(20).await, 1);
    let again = office.get(office.newest().await).await;
    assert_eq!((again.row.due_by.day(), again.row.items, again.row.automatic), (20, 1, true));
    office.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_for_which_somebody_made_a_batch_gets_no_other() {
    let office = Office::open().await;
    office.household(0).await;
    let by_hand = office.create(store::ctx::china_day(on(15))).await;
    // Further ahead than a batch may collect for, when the month is long and the day late.
    let Ok(by_hand) = by_hand else { return assert!(today().day() < 15) };
    assert!(!office.get(by_hand).await.row.automatic);
    deduction_discard(&office.maker, by_hand, office.version(by_hand).await, "改用柜台收款").await.expect("given up");
    assert_eq!((office.follow(15).await, office.batches().await), (0, 1), "nor when he has given it up");
    assert_eq!(office.follow(20).await, 1, "another day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_may_leave_batches_to_its_accountants() {
    let office = Office::open().await;
    office.household(0).await;
    setting_put(office.database(), code::DEDUCTION_AUTO, "false").await.expect("set");
    assert_eq!((office.follow(15).await, office.batches().await), (0, 0));
    setting_put(office.database(), code::DEDUCTION_AUTO, "true").await.expect("set");
    setting_put(office.database(), code::DEDUCTION_DAYS, "12").await.expect("set");
    assert_eq!((office.follow(15).await, office.follow(12).await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_needs_no_bank_closes_by_itself() {
    let office = Office::open().await;
    assert_eq!((office.follow(15).await, office.batches().await), (0, 0), "nobody owes anything");
    office.household(0).await;
    sqlx::query("insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason)
                 select district_id, estate_id, id, current_date, 'CASH', 'BALANCE', 'RENT', 10000000, '预存' from account")
        .execute(&office.test.admin)
        .await
        .expect("a balance");
    assert_eq!(office.follow(15).await, 1);
    let batch = office.get(office.newest().await).await;
    assert_eq!((batch.row.status, batch.row.items, batch.row.built), (DeductionStatus::Closed, 0, true));
    assert_eq!(batch.message.as_deref(), Some("没有须由银行扣款的账单，系统自动关闭"));
    assert!(batch.row.balance > Money::ZERO);
    assert_eq!((office.locked().await, turn(&office.checker).await), (0, 0));
    office.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_no_server_lived_through_is_made_up_for_once() {
    let office = Office::open().await;
    office.household(0).await;
    assert_eq!(office.follow(14).await, 0, "its day has not come");
    // Nobody ran on the 15th.
    assert_eq!(office.follow(17).await, 1);
    let batch = office.get(office.newest().await).await;
    assert_eq!((batch.row.automatic, batch.row.due_by.day(), batch.row.items), (true, 15, 1));
    assert_eq!(store::ctx::china_day(batch.row.made_at).day(), 17);
    assert_eq!((office.follow(17).await, office.follow(18).await, office.batches().await), (0, 0, 1));
    office.books_hold().await;
    // Nor when somebody has given it up.
    let id = office.newest().await;
    deduction_discard(&office.maker, id, office.version(id).await, "改用柜台收款").await.expect("given up");
    assert_eq!((office.follow(19).await, office.batches().await), (0, 1));
    assert_eq!(office.follow(20).await, 1, "the next day is a day of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_lived_through_is_not_made_up_for() {
    let office = Office::open().await;
    assert_eq!(office.follow(14).await, 0);
    assert_eq!(office.follow(15).await, 0, "nobody owes anything");
    office.household(0).await;
    assert_eq!((office.follow(16).await, office.batches().await), (0, 0), "what is owed since waits for the next day");
    // On a day that its accountants kept for themselves the server ran as well.
    setting_put(office.database(), code::DEDUCTION_AUTO, "false").await.expect("set");
    assert_eq!(office.follow(20).await, 0);
    setting_put(office.database(), code::DEDUCTION_AUTO, "true").await.expect("set");
    assert_eq!((office.follow(21).await, office.batches().await), (0, 0));
    assert_eq!(office.follow(25).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_meanwhile_is_not_asked_for() {
    let office = Office::open().await;
    let household = office.household(0).await;
    assert_eq!(office.follow(14).await, 0);
    office.pay_all(household).await;
    assert_eq!((office.follow(17).await, office.follow(18).await, office.batches().await), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_has_looked_before_no_day_was_missed() {
    let office = Office::open().await;
    office.household(0).await;
    assert_eq!((office.follow(16).await, office.batches().await), (0, 0));
    assert_eq!(office.follow(20).await, 1);
}

/// Two servers begin to run at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_make_up_for_a_day_once() {
    let office = Office::open().await;
    office.household(0).await;
    assert_eq!(office.follow(14).await, 0);
    let servers = (0..4).map(|_| {
        let database = office.database().clone();
        tokio::spawn(async move { deductions_follow(&database, on(16)).await.expect("followed") })
    });
    let servers: Vec<_> = servers.collect();
    let mut made = 0;
    for server in servers {
        made += server.await.expect("it ended");
    }
    assert_eq!((made, office.batches().await), (1, 1));
    assert_eq!(office.get(office.newest().await).await.row.items, 1);
    assert_eq!((office.follow(16).await, office.follow(17).await), (0, 0));
    office.books_hold().await;
}
