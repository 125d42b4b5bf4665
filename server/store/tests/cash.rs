//! A shift's cash on its way to the bank (S4-1.11): seen there by somebody else than its cashier, moved once, and what is missing
//! or too much told.

use crate::support::{
    TestDatabase, city,
    tenancy::{active, assigned, form, tenant, vacant},
};
use chrono::Datelike as _;
use domain::{
    billing::{
        ledger::{PeriodForm, Subject},
        payment::PaymentForm,
        shift::{ShiftBankForm, ShiftCloseForm, ShiftRow},
    },
    dictionary::FeeItem,
    failure::{Failure, FieldErrors},
    id::{AccountId, PaymentId},
    list::ListQuery,
    value::Money,
};
use store::{
    Ctx,
    billing::{
        account::account_get,
        book::{account_entries, entry_list, ledger_month},
        cash::{shift_bank, shift_return},
        payment::{payment_take, payment_void},
        shift::{shift_close, shift_get, shift_hand_in, shift_list, shift_open, shift_open_get},
    },
    insight::reminder::reminder_list,
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn plain(amount: Money) -> String {
    amount.to_string().replace(',', "")
}

fn banked(amount: Money, note: &str) -> ShiftBankForm {
    ShiftBankForm { amount: plain(amount), note: note.into() }
}

/// A cashier, an accountant, and a household that owes a deposit and a rent.
struct Desk {
    test: TestDatabase,
    cashier: Ctx,
    finance: Ctx,
    account: AccountId,
}

impl Desk {
    async fn open() -> Self {
        let test = TestDatabase::with_city().await;
        let (_, account) =
            active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
        let cashier = city::ctx(&test.database, "cashier").await;
        let finance = city::ctx(&test.database, "finance").await;
        Self { test, cashier, finance, account }
    }

    async fn pay(&self, nth: u32, amount: Money, method: &str) -> PaymentId {
        let form = PaymentForm {
            request: format!("00000000-0000-4000-8000-{nth:012x}"),
            amount: plain(amount),
            method: method.into(),
            bank_serial: if method == "CASH" { String::new() } else { "0001".into() },
            prepay: true,
            ..PaymentForm::default()
        };
        payment_take(&self.cashier, self.account, &form).await.expect("a payment")
    }

    /// The open shift, closed with so much more or less than there should be, and handed in.
    async fn handed_in(&self, more: i64) -> ShiftRow {
        let row = shift_open_get(&self.cashier).await.expect("the shift").expect("it is open").row;
        let counted = row.system_cash + Money::from_fen(more);
        let explanation = if more == 0 { String::new() } else { "找零差错".into() };
        let close = ShiftCloseForm { counted_cash: plain(counted), explanation };
        shift_close(&self.cashier, row.id, row.version, &close).await.expect("it is closed");
        shift_hand_in(&self.cashier, row.id, row.version + 1, "JK0001").await.expect("it is handed in");
        shift_get(&self.finance, row.id).await.expect("the shift").row
    }

    /// What stands on the debit side of a subject, less what stands on the other.
    async fn subject(&self, subject: Subject) -> i64 {
        let sum =
            "select coalesce(sum(amount_fen * ((debit = $1)::int - (credit = $1)::int)), 0)::bigint from ledger_entry";
        sqlx::query_scalar(sum).bind(subject.code()).fetch_one(&self.test.admin).await.expect("the ledger")
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.test.admin).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Every month balances, and tallies say what the ledger does.
    async fn agrees(&self) {
        let today = self.finance.today();
        let period = PeriodForm {
            district: self.finance.actor().organization_id.to_string(),
            month: format!("{}-{:02}", today.year(), today.month()),
        };
        let month = ledger_month(&self.finance, &period).await.expect("the month");
        let (debit, credit) = month.sums();
        assert_eq!(debit, credit);
        let closing = |is: bool| -> Money {
            month.lines.iter().filter(|line| line.subject.is_debit() == is).map(|line| line.closing()).sum()
        };
        assert_eq!(closing(true), closing(false), "{:?}", month.lines);
        assert!(month.obstacles.iter().all(|text| !text.contains("与分录不符")), "{:?}", month.obstacles);
        for subject in ["CASH", "BANK", "CASH_DIFF"] {
            let sum = |table: &str| {
                format!(
                    "select coalesce(sum(amount_fen * ((debit = '{subject}')::int - (credit = '{subject}')::int)), 0)::bigint
                     from {table}"
                )
            };
            let (of_entries, of_tallies): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "select ({}), ({})",
                sum("ledger_entry"),
                sum("ledger_tally")
            )))
            .fetch_one(&self.test.admin)
            .await
            .expect("sums");
            assert_eq!(of_entries, of_tallies, "{subject}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_is_moved_by_who_has_seen_it_at_the_bank_and_once() {
    let desk = Desk::open().await;
    let opened = shift_open(&desk.cashier, "100").await.expect("a shift");
    let owed = account_get(&desk.cashier, desk.account).await.expect("the account").row.outstanding;
    let taken = owed + Money::from_fen(5_000);
    desk.pay(1, taken, "CASH").await;
    let void = desk.pay(2, Money::from_fen(700), "CASH").await;
    payment_void(&desk.cashier, void, 1, "录错").await.expect("it is voided");
    desk.pay(3, Money::from_fen(900), "POS").await;
    let shift = desk.handed_in(-100).await;
    let due = taken - Money::from_fen(100);
    assert_eq!((shift.id, shift.taken(), shift.due(), shift.state()), (opened, taken, due, "已交款"));
    assert_eq!((desk.subject(Subject::Cash).await, desk.subject(Subject::Bank).await), (taken.fen(), 900), "not yet");
    // It waits for the accountant, and the list behind the reminder says the same.
    let waiting = reminder_list(&desk.finance).await.expect("reminders");
    let waiting = waiting.into_iter().find(|line| line.label == "待确认入账的交款").expect("it waits");
    assert_eq!((waiting.count, waiting.link.as_str()), (1, "/billing/shifts?state=HANDED_IN"));
    for (state, count) in [("OPEN", 0), ("CLOSED", 0), ("HANDED_IN", 1), ("BANKED", 0), ("X", 0)] {
        let page = shift_list(&desk.finance, &ListQuery::from_params([("state", state)])).await.expect("a page");
        assert_eq!(page.total, count, "{state}");
    }
    let seen = shift_get(&desk.finance, shift.id).await.expect("the shift");
    // 日结: by what was paid, and by how.
    let items: Vec<_> = seen.items.iter().map(|item| (item.fee_item, item.amount.fen())).collect();
    let rent = owed.fen() - 100_000;
    let mut paid = vec![(Some(FeeItem::Deposit), 100_000), (Some(FeeItem::Rent), rent), (None, 5_900)];
    paid.sort_by_key(|(_, fen)| std::cmp::Reverse(*fen));
    assert_eq!(items, paid);
    let by_method: Money = seen.totals.iter().map(|total| total.amount).sum();
    assert_eq!(by_method, seen.items.iter().map(|item| item.amount).sum::<Money>());
    assert!(seen.bankable && !shift_get(&desk.cashier, shift.id).await.expect("the shift").bankable);
    // Not by who took it, not in another district, and not a number that nobody explains.
    assert_eq!(failure(shift_bank(&desk.cashier, shift.id, shift.version, &banked(due, "")).await), Failure::Forbidden);
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert!(matches!(
        failure(shift_bank(&other, shift.id, shift.version, &banked(due, "")).await),
        Failure::Forbidden | Failure::NotFound
    ));
    assert_eq!(
        failure(shift_bank(&desk.finance, shift.id, shift.version, &banked(due - Money::from_fen(1), "")).await),
        complaint("note", &format!("入账金额与应交现金{due}元不符，请填写说明"))
    );
    // A slip that is wrong goes back to its cashier.
    assert_eq!(
        failure(shift_return(&desk.finance, shift.id, shift.version, " ").await),
        complaint("opinion", "请填写原因")
    );
    shift_return(&desk.finance, shift.id, shift.version, "回单号不符").await.expect("it goes back");
    let back = shift_get(&desk.cashier, shift.id).await.expect("the shift").row;
    assert_eq!((back.state(), back.returned_reason.as_deref()), ("已结", Some("回单号不符")));
    assert_eq!(refusal(shift_bank(&desk.finance, shift.id, back.version, &banked(due, "")).await), "该班次尚未交款");
    shift_hand_in(&desk.cashier, shift.id, back.version, "JK0002").await.expect("it is handed in");
    let version = back.version + 1;
    assert_eq!(failure(shift_bank(&desk.finance, shift.id, 1, &banked(due, "")).await), Failure::Conflict);
    // Pressed twice at once, it is moved once.
    let form = banked(due, "");
    let twice = tokio::join!(
        shift_bank(&desk.finance, shift.id, version, &form),
        shift_bank(&desk.finance, shift.id, version, &form)
    );
    let (done, refused): (Vec<_>, Vec<_>) = [twice.0, twice.1].into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 1));
    assert_eq!(refusal(refused.into_iter().next().expect("one")), "该班次的交款已确认入账");
    assert_eq!(refusal(shift_return(&desk.finance, shift.id, version + 1, "迟了").await), "该班次的交款已确认入账");
    let told = [Subject::Cash, Subject::Bank, Subject::CashDifference];
    let mut sums = Vec::new();
    for subject in told {
        sums.push(desk.subject(subject).await);
    }
    assert_eq!(sums, [0, due.fen() + 900, 100]);
    desk.agrees().await;
    let row = shift_get(&desk.finance, shift.id).await.expect("the shift").row;
    assert_eq!((row.state(), row.banked, row.banked_by.as_deref()), ("已入账", Some(due), Some("测试finance")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_moved_is_no_households_and_cannot_be_moved_again() {
    let desk = Desk::open().await;
    let owed = account_get(&desk.cashier, desk.account).await.expect("the account").row.outstanding;
    desk.pay(1, owed + Money::from_fen(5_000), "CASH").await;
    let before = account_entries(&desk.finance, desk.account).await.expect("entries").len();
    let shift = desk.handed_in(0).await;
    let more = shift.due() + Money::from_fen(50);
    shift_bank(&desk.finance, shift.id, shift.version, &banked(more, "银行多记0.50元")).await.expect("confirmed");
    assert_eq!((desk.subject(Subject::Cash).await, desk.subject(Subject::CashDifference).await), (0, -50));
    assert_eq!(desk.subject(Subject::Bank).await, more.fen());
    desk.agrees().await;
    assert_eq!(account_entries(&desk.finance, desk.account).await.expect("entries").len(), before);
    let query = ListQuery::from_params([("shift", shift.id.to_string().as_str())]);
    let rows = entry_list(&desk.finance, &query).await.expect("entries").rows;
    // Deposit, rent and what is kept ahead are booked under two fee items, and what is too much once.
    let mut told: Vec<_> = rows.iter().map(|row| (row.reason.as_str(), row.account.is_none(), row.shift)).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("现金交存银行", true, Some(shift.id)),
            ("现金交存银行", true, Some(shift.id)),
            ("现金长款", true, Some(shift.id))
        ]
    );
    let other = city::ctx(&desk.test.database, "district-b").await;
    assert_eq!(entry_list(&other, &query).await.expect("entries").total, 0);
    for (change, constraint) in [
        (
            "insert into ledger_entry (district_id, estate_id, shift_id, booked_on, debit, credit, fee_item, amount_fen, reason)
             select district_id, estate_id, shift_id, booked_on, debit, credit, fee_item, 1, reason from ledger_entry
             where shift_id is not null order by id limit 1",
            "ledger_entry_shift_key",
        ),
        (
            "insert into ledger_entry (district_id, estate_id, booked_on, debit, credit, fee_item, amount_fen, reason)
             select district_id, estate_id, booked_on, debit, credit, fee_item, 1, reason from ledger_entry limit 1",
            "ledger_entry_owner_check",
        ),
        (
            "insert into ledger_entry (district_id, estate_id, shift_id, booked_on, debit, credit, fee_item, amount_fen, reason)
             select district_id, estate_id, shift_id, booked_on, 'BANK', 'INCOME', fee_item, 1, reason from ledger_entry
             where shift_id is not null limit 1",
            "ledger_entry_shift_check",
        ),
        ("update cashier_shift set banked_by = cashier_id", "cashier_shift_eyes_check"),
        ("update cashier_shift set handed_in_at = null, bank_slip_no = null", "cashier_shift_banked_check"),
    ] {
        let error = sqlx::query(change).execute(&desk.test.admin).await.expect_err(constraint).to_string();
        assert!(error.contains(constraint), "{constraint}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_without_cash_moves_none() {
    let desk = Desk::open().await;
    desk.pay(1, Money::from_fen(900), "POS").await;
    let shift = desk.handed_in(0).await;
    assert_eq!((shift.taken(), shift.due()), (Money::ZERO, Money::ZERO));
    let some = banked(Money::from_fen(100), "多出");
    assert_eq!(
        failure(shift_bank(&desk.finance, shift.id, shift.version, &some).await),
        complaint("amount", "该班次没有收取现金，入账金额应为0")
    );
    shift_bank(&desk.finance, shift.id, shift.version, &banked(Money::ZERO, "")).await.expect("confirmed");
    assert_eq!(desk.number("select count(*) from ledger_entry where shift_id is not null").await, 0);
    assert_eq!(shift_get(&desk.finance, shift.id).await.expect("the shift").row.state(), "已入账");
    desk.agrees().await;
}

/// The drawer's count and the ledger have it from two places: who sees a part of the ledger only would leave the rest in it.
#[tokio::test(flavor = "multi_thread")]
async fn who_sees_a_part_of_a_shift_moves_nothing() {
    let desk = Desk::open().await;
    desk.pay(1, Money::from_fen(900), "CASH").await;
    let shift = desk.handed_in(0).await;
    // As if the household's estate were another district's.
    for change in [
        "alter table ledger_entry disable trigger ledger_refuse",
        "update ledger_entry set district_id = (select id from organization where code = '810102') where payment_id is not null",
        "alter table ledger_entry enable trigger ledger_refuse",
    ] {
        sqlx::query(change).execute(&desk.test.admin).await.expect(change);
    }
    let form = banked(shift.due(), "");
    assert_eq!(
        refusal(shift_bank(&desk.finance, shift.id, shift.version, &form).await),
        "该班次有您数据范围以外的收款，请由其区县的财务确认"
    );
    assert_eq!(desk.number("select count(*) from ledger_entry where shift_id is not null").await, 0);
}
