//! Money taken by card at a counter, held against the bank's statement of the terminals (E-49, domain.md §3.7): what agrees is
//! told, and what does not is in the pool of differences.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::{NaiveDate, Utc};
use domain::{
    billing::{payment::PaymentForm, reconciliation::ReconciliationRow},
    dictionary::{BankFileKind, DifferenceKind, Resolution},
    failure::Failure,
    id::{AccountId, PaymentId},
    list::ListQuery,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        bank::{
            FILE_IS_KNOWN, Received,
            pos::pos_statement_enter,
            statement::{Reconciled, StatementLine, reconciliation_list},
        },
        deduction::{difference_list, difference_resolve},
        payment::{payment_take, payment_void},
    },
};

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    Failure::from(result.expect_err("a refusal")).to_string()
}

/// A counter with a terminal, and a household.
struct Counter {
    test: TestDatabase,
    cashier: Ctx,
    finance: Ctx,
    account: AccountId,
}

impl Counter {
    async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let (_, account) =
            active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
        let cashier = city::ctx(&test.database, "cashier").await;
        let finance = city::ctx(&test.database, "finance").await;
        Self { test, cashier, finance, account }
    }

    async fn pay(&self, nth: u32, fen: i64, method: &str, slip: &str) -> PaymentId {
        let form = PaymentForm {
            request: format!("00000000-0000-4000-8000-{nth:012x}"),
            amount: Money::from_fen(fen).to_string(),
            method: method.into(),
            bank_serial: slip.into(),
            prepay: true,
            ..PaymentForm::default()
        };
        payment_take(&self.cashier, self.account, &form).await.expect("a payment")
    }

    /// A statement of slip, terminal and fen.
    async fn statement(&self, no: &str, day: NaiveDate, lines: &[(&str, &str, i64)]) -> store::Result<Reconciled> {
        let lines: Vec<StatementLine> = (2..)
            .zip(lines)
            .map(|(line, (slip, terminal, fen))| StatementLine {
                line,
                serial: (*slip).to_owned(),
                source: (*terminal).to_owned(),
                amount: Money::from_fen(*fen),
                at: None,
            })
            .collect();
        let file = Received { kind: BankFileKind::PosStatement, name: "x.pos.txt", file_no: no, digest: no };
        pos_statement_enter(&self.test.database, &file, day, &lines, Utc::now()).await
    }

    async fn days(&self, ctx: &Ctx) -> Vec<ReconciliationRow> {
        reconciliation_list(ctx, &ListQuery::from_params([("by", "POS"), ("sort", "day")])).await.expect("days").rows
    }
}

/// District known or not, books, slips, bank, lines, differences and those that are open.
fn told(row: &ReconciliationRow) -> (bool, [i64; 3], [i64; 3]) {
    (
        row.district.is_some(),
        [row.own.fen(), row.channel.fen(), row.their.fen()],
        [row.lines.into(), row.differences.into(), row.open],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cards_paid_is_at_the_bank_or_in_the_pool() {
    let counter = Counter::open().await;
    counter.pay(1, 900, "POS", "0001").await;
    let differs = counter.pay(2, 500, "POS", "0002").await;
    let void = counter.pay(3, 700, "POS", "0003").await;
    payment_void(&counter.cashier, void, 1, "刷错").await.expect("it is voided");
    counter.pay(4, 300, "POS", "0004").await;
    // Not by card: no business of the terminals.
    counter.pay(5, 400, "TRANSFER", "0005").await;
    counter.pay(6, 600, "CASH", "").await;
    let today = counter.finance.today();
    let lines = [("0001", "T1", 900), ("0002", "T1", 400), ("0003", "T2", 700), ("0005", "T2", 400)];
    let done = counter.statement("PS1", today, &lines).await.expect("reconciled");
    assert_eq!(done, Reconciled { lines: 4, differences: 4 });
    // Of the district's own, and of that of which nobody knows whose it is, which the city sees.
    use DifferenceKind as D;
    let pool = async |ctx: &Ctx| {
        let rows = difference_list(ctx, &ListQuery::default()).await.expect("the pool").rows;
        let mut rows: Vec<_> =
            rows.iter().map(|row| (row.kind, row.own.fen(), row.their.fen(), row.payment.is_some())).collect();
        rows.sort();
        rows
    };
    let district = [(D::BookOnly, 300, 0, true), (D::AmountDiffers, 500, 400, true)];
    assert_eq!(pool(&counter.finance).await, district);
    let city = city::ctx(&counter.test.database, "city").await;
    let nobodys = [(D::BankOnly, 0, 400, false), (D::BankOnly, 0, 700, false)];
    assert_eq!(pool(&city).await, [&nobodys[..], &district[..]].concat());
    assert_eq!(pool(&city::ctx(&counter.test.database, "district-b").await).await, []);
    let mut days: Vec<_> = counter.days(&city).await.iter().map(told).collect();
    days.sort();
    assert_eq!(days, [(false, [0, 0, 1_100], [2, 2, 2]), (true, [1_700, 1_700, 1_300], [2, 2, 2])]);
    // Decided by an accountant, who only notes it: the books stay as they are.
    let query = ListQuery::from_params([("kind", "AMOUNT_DIFFERS")]);
    let row = difference_list(&counter.finance, &query).await.expect("the pool").rows.remove(0);
    assert_eq!(row.payment.as_ref().map(|(id, _)| *id), Some(differs));
    assert_eq!(row.choices, [Resolution::Note]);
    assert_eq!(
        refusal(difference_resolve(&counter.cashier, row.id, row.version, Resolution::Note, "已核对").await),
        Failure::Forbidden.to_string()
    );
    difference_resolve(&counter.finance, row.id, row.version, Resolution::Note, "银行已更正").await.expect("noted");
    let seen = counter.days(&counter.finance).await;
    assert_eq!(seen.iter().map(told).collect::<Vec<_>>(), [(true, [1_700, 1_700, 1_300], [2, 2, 1])]);
    // The same file, and another one of the day.
    assert_eq!(refusal(counter.statement("PS1", today, &lines).await), FILE_IS_KNOWN);
    assert_eq!(refusal(counter.statement("PS2", today, &[]).await), format!("{today}的POS对账单已对账"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_that_comes_a_day_later_is_found_and_paid_once() {
    let counter = Counter::open().await;
    counter.pay(1, 900, "POS", "0001").await;
    // Two terminals begin their numbers anew every day.
    counter.pay(2, 500, "POS", "0002").await;
    counter.pay(3, 800, "POS", "0002").await;
    let today = counter.finance.today();
    let tomorrow = today.succ_opt().expect("a day");
    let first = [("0002", "T2", 800), ("0002", "T1", 500)];
    let done = counter.statement("PS1", today, &first).await.expect("reconciled");
    assert_eq!(done, Reconciled { lines: 2, differences: 1 }, "the first slip is missed");
    let done =
        counter.statement("PS2", tomorrow, &[("0001", "T1", 900), ("0002", "T1", 500)]).await.expect("reconciled");
    assert_eq!(done, Reconciled { lines: 2, differences: 1 }, "what is paid already is not paid again");
    let days = counter.days(&counter.finance).await;
    let told: Vec<_> = days.iter().map(told).collect();
    assert_eq!(told, [(true, [2_200, 2_200, 1_300], [2, 1, 1]), (true, [900, 900, 900], [1, 0, 0])]);
    assert!(!days[0].agrees() && days[1].agrees());
    // A day on which everything is there.
    let after = tomorrow.succ_opt().expect("a day");
    assert_eq!(counter.statement("PS3", after, &[]).await.expect("reconciled"), Reconciled::default());
    let twice = "insert into bank_statement_line (bank_file_id, line, serial, terminal_no, amount_fen, payment_id)
                 select bank_file_id, 99, serial, terminal_no, amount_fen, payment_id from bank_statement_line
                 where payment_id is not null limit 1";
    let error = sqlx::query(twice).execute(&counter.test.admin).await.expect_err("a refusal").to_string();
    assert!(error.contains("bank_statement_line_payment_key"), "{error}");
}
