//! What the database says of money is what the model says: bills, accounts, what a counter would collect, every subject of the
//! ledger, and the levels above the household.

use super::{
    books::{Account, Bill, End, Item},
    world::World,
};
use domain::{billing::ledger::LevelSum, id::AccountId, list::ListQuery};
use store::billing::{account::account_get, book::account_levels};

impl World {
    /// Everything that the database says of money is what the model says.
    pub async fn check(&mut self) {
        self.check_bills().await;
        self.check_accounts().await;
        self.check_subjects().await;
        self.check_levels().await;
    }

    async fn check_bills(&self) {
        type Row = (i64, i64, i64, i64, i64, i64, Option<String>, bool);
        let rows: Vec<Row> = sqlx::query_as(
            "select id, amount_fen, paid_fen, late_fee_fen, late_paid_fen, verified_fen, decision, in_batch is not null
             from bill where reverses_id is null order by id",
        )
        .fetch_all(&self.test.admin)
        .await
        .expect("bills");
        let told: Vec<Row> = self.books.bills.values().map(bill_row).collect();
        for (row, told) in rows.iter().zip(&told) {
            assert_eq!(
                row,
                told,
                "{}",
                self.story("a bill (id, amount, paid, late, late paid, verified, decision, batched)")
            );
        }
        assert_eq!(rows.len(), told.len(), "{}", self.story("the number of bills"));
        let counters =
            self.number("select coalesce(sum(amount_fen), 0)::bigint from bill where reverses_id is not null").await;
        let reversed = self.books.bills.values().filter(|bill| matches!(bill.end, End::Reversed | End::Void));
        let reversed: i64 = reversed.map(|bill| bill.amount + bill.late).sum();
        assert_eq!(counters, -reversed, "{}", self.story("counter-bills"));
    }

    async fn check_accounts(&mut self) {
        let payments = self.number("select count(*) from payment").await;
        assert_eq!(payments, self.books.payments.len() as i64, "{}", self.story("the number of payments"));
        let rows: Vec<(i64, i64, i64, bool)> =
            sqlx::query_as("select id, balance_fen, deposit_fen, status = 'OFF' from account order by id")
                .fetch_all(&self.test.admin)
                .await
                .expect("accounts");
        let of = |account: &Account| (account.id, account.balance, account.deposit, account.closed);
        let mut told: Vec<_> = self.books.accounts.iter().map(of).collect();
        told.sort_unstable();
        assert_eq!(rows, told, "{}", self.story("accounts (id, balance, deposit, closed)"));
        assert!(told.iter().all(|(_, balance, deposit, _)| *balance >= 0 && *deposit >= 0), "{}", self.story("a debt"));
        // What a counter would collect today, late fees and all.
        let cashier = self.ctx("cashier").await;
        for (place, account) in self.books.accounts.iter().enumerate() {
            let seen = account_get(&cashier, AccountId(account.id)).await.expect("the account");
            let owed: Vec<_> =
                seen.debts.iter().map(|debt| (debt.bill, debt.principal.fen(), debt.late_fee.fen())).collect();
            let debts = self.books.debts(place, self.day, |_| true);
            let debts: Vec<_> = debts.iter().map(|debt| (debt.bill, debt.principal, debt.late)).collect();
            assert_eq!(owed, debts, "{}", self.story("what is owed today (bill, principal, late fee)"));
            let open: i64 = self.books.bills.values().filter(|bill| bill.account == place).map(Bill::open).sum();
            assert_eq!(seen.row.outstanding.fen(), open, "{}", self.story("what is outstanding"));
        }
    }

    /// Every subject of the ledger, so debits equal credits.
    async fn check_subjects(&self) {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select subject, sum(fen)::bigint from (
                 select debit as subject, amount_fen as fen from ledger_entry
                 union all select credit, -amount_fen from ledger_entry) t group by 1 having sum(fen) <> 0 order by 1",
        )
        .fetch_all(&self.test.admin)
        .await
        .expect("the ledger");
        let books = &self.books;
        let charged = books
            .bills
            .values()
            .filter(|bill| bill.item != Item::Deposit && !matches!(bill.end, End::Reversed | End::Void));
        let charged: i64 = charged.map(|bill| bill.amount + bill.late).sum();
        let open: i64 = books.bills.values().filter(|bill| bill.item != Item::Deposit).map(Bill::open).sum();
        let held = |of: fn(&Account) -> i64| books.accounts.iter().map(of).sum::<i64>();
        let told = [
            ("BAD_DEBT", books.written_off),
            ("BALANCE", -held(|account| account.balance)),
            ("BANK", books.bank),
            ("CASH", books.drawer),
            ("CLEARING", books.company),
            ("DEPOSIT", -held(|account| account.deposit)),
            ("INCOME", -charged),
            ("RECEIVABLE", open),
            ("WAIVER", books.waived),
        ];
        let told: Vec<(String, i64)> =
            told.into_iter().filter(|(_, fen)| *fen != 0).map(|(subject, fen)| (subject.to_owned(), fen)).collect();
        assert_eq!(rows, told, "{}", self.story("the subjects of the ledger"));
        assert_eq!(told.iter().map(|(_, fen)| fen).sum::<i64>(), 0, "{}", self.story("debits and credits"));
    }

    /// Project and door are the sums of their households.
    async fn check_levels(&mut self) {
        let finance = self.ctx("finance").await;
        let projects = account_levels(&finance, &ListQuery::default()).await.expect("projects");
        let told = (
            self.books.accounts.iter().map(|account| account.balance).sum::<i64>(),
            self.books.accounts.iter().map(|account| account.deposit).sum::<i64>(),
            self.books.bills.values().map(Bill::open).sum::<i64>(),
        );
        let of = |sum: &LevelSum| (sum.balance.fen(), sum.deposit.fen(), sum.outstanding.fen());
        assert_eq!(of(&projects.sum), told, "{}", self.story("projects (balance, deposit, outstanding)"));
        for project in &projects.page.rows {
            let filter = [("project".to_owned(), project.id.to_string())].into();
            let query = ListQuery { filter, size: 100, ..ListQuery::default() };
            let doors = account_levels(&finance, &query).await.expect("doors");
            assert_eq!(of(&doors.sum), of(&project.sum), "{}", self.story("doors"));
            let each = |of: fn(&LevelSum) -> i64| doors.page.rows.iter().map(|door| of(&door.sum)).sum::<i64>();
            let summed =
                (each(|sum| sum.balance.fen()), each(|sum| sum.deposit.fen()), each(|sum| sum.outstanding.fen()));
            assert_eq!(summed, of(&project.sum), "{}", self.story("each door"));
        }
    }
}

fn bill_row(bill: &Bill) -> (i64, i64, i64, i64, i64, i64, Option<String>, bool) {
    let decision = match bill.end {
        End::Open => None,
        End::Waived => Some("WAIVED"),
        End::Written => Some("WRITTEN_OFF"),
        End::Reversed => Some("REVERSED"),
        End::Void => Some("VOID"),
    };
    let decision = decision.map(ToOwned::to_owned);
    (bill.id, bill.amount, bill.paid, bill.late, bill.late_paid, bill.verified, decision, bill.batched)
}
