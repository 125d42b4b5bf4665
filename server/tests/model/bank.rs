//! Deduction batches: made, given up, sent, answered and entered; one at a time.

use super::{
    books::{Debt, Share, Way, allocate},
    world::World,
};
use crate::support::tenancy::batch_form;
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc};
use domain::{
    dictionary::{BankFileKind, DeductionStatus},
    id::{DeductionBatchId, DeductionItemId},
    value::Money,
};
use store::{
    Database,
    billing::{
        bank::Received,
        deduction::{
            deduction_check, deduction_close, deduction_create, deduction_discard, deduction_get,
            deduction_item_cancel, deduction_send, deductions_build, deductions_post,
            request::{RequestLine, deduction_request_lines, deduction_request_next, deduction_request_sent},
            response::{ResponseLine, response_begin, response_lines, response_reconcile},
        },
    },
};

#[derive(Default)]
pub struct Bank {
    batch: Option<Batch>,
    /// the day before which an account is not asked again, as its last item has it
    retry: Vec<(usize, NaiveDate)>,
    batches: usize,
    /// what the bank has answered already
    answered: Option<(String, String, Vec<ResponseLine>)>,
}

struct Batch {
    id: DeductionBatchId,
    made: NaiveDate,
    items: Vec<Item>,
    sent: bool,
}

struct Item {
    account: usize,
    parts: Vec<Debt>,
    cancelled: bool,
}

impl Item {
    fn due(&self) -> i64 {
        self.parts.iter().map(|part| part.principal + part.late).sum()
    }
}

/// PRM-46 as it is: the 15th, the 20th, the 25th; the next one behind a day.
fn next_try(day: NaiveDate) -> NaiveDate {
    let of_month = |month: NaiveDate| [15, 20, 25].map(|wanted| month.with_day(wanted).expect("a day"));
    let next = day + Months::new(1);
    of_month(day).into_iter().chain(of_month(next)).find(|wanted| *wanted > day).expect("in the next month")
}

impl World {
    /// Whatever comes next in the life of a batch.
    pub async fn batch(&mut self) {
        match &self.desk.bank.batch {
            None => self.batch_make().await,
            Some(batch) if batch.sent => self.batch_answer().await,
            Some(_) => match self.dice.roll(6) {
                0 => self.batch_discard().await,
                1 => self.item_cancel().await,
                _ => self.batch_send().await,
            },
        }
    }

    async fn batch_make(&mut self) {
        let due_by = self.day + Days::new(self.dice.roll(21) as u64);
        let finance = self.ctx("finance").await;
        let form = batch_form(self.district, due_by);
        let (now, database) = (self.now(), self.test.database.clone());
        // Whoever was cut off presses again and gets the same batch, which the server goes on building.
        let make = async || -> store::Result<DeductionBatchId> {
            let id = deduction_create(&finance, &form).await?;
            deductions_build(&database, now).await.map(|_| id)
        };
        let made = self.run(&format!("a batch of what is due by {due_by}"), true, make).await;
        let Some(id) = made else { panic!("{}", self.story("no batch")) };
        let entered = self.entered().await;
        let mut by_balance = entered.into_iter();
        let mut items = Vec::new();
        for account in self.asked(due_by) {
            let debts = self.books.debts(account, self.day, |bill| bill.due <= due_by && !bill.batched);
            let (shares, _) = allocate(self.books.accounts[account].balance, &debts, false);
            let mut parts = debts;
            if !shares.is_empty() {
                let next = by_balance.next();
                let Some((payment, whose)) = next else { panic!("{}", self.story("the balance did not pay")) };
                assert_eq!(whose, account, "{}", self.story("somebody else's balance paid"));
                parts = left_of(&parts, &shares);
                let day = self.day;
                self.pay(account, Way::Balance, Some("finance"), (payment, shares, 0), day);
            }
            if !parts.is_empty() {
                for part in &parts {
                    self.books.bill(part.bill).batched = true;
                }
                items.push(Item { account, parts, cancelled: false });
            }
        }
        assert!(by_balance.next().is_none(), "{}", self.story("a balance paid that should not"));
        // What is asked of no one any more waits for no day either.
        for item in &items {
            self.desk.bank.retry.retain(|(account, _)| *account != item.account);
        }
        let row = deduction_get(&finance, id).await.expect("the batch").row;
        let told: (i32, i64) = (i32::try_from(items.len()).expect("few"), items.iter().map(Item::due).sum());
        assert_eq!((row.items, row.amount.fen()), told, "{}", self.story("the batch asks for something else"));
        self.desk.bank.batch = Some(Batch { id, made: self.day, items, sent: false });
    }

    /// The accounts that a batch asks for, in the order of their ids.
    fn asked(&self, due_by: NaiveDate) -> Vec<usize> {
        let living = self.homes.iter().filter_map(|home| home.lease.as_ref()).map(|lease| lease.account);
        let mut accounts: Vec<usize> = living
            .filter(|account| {
                let due = self.books.debts(*account, self.day, |bill| bill.due <= due_by && !bill.batched);
                let waits = self.desk.bank.retry.iter().any(|(whose, day)| whose == account && *day > due_by);
                !due.is_empty() && !waits && !self.phone.is_paying(*account, self.day)
            })
            .collect();
        accounts.sort_unstable_by_key(|account| self.books.accounts[*account].id);
        accounts
    }

    async fn batch_version(&mut self) -> (DeductionBatchId, i32) {
        let id = self.desk.bank.batch.as_ref().expect("a batch").id;
        let second = self.ctx("finance-2").await;
        (id, deduction_get(&second, id).await.expect("the batch").version)
    }

    fn free(&mut self, accounts: &[usize]) {
        let Some(batch) = &mut self.desk.bank.batch else { return };
        for item in batch.items.iter_mut().filter(|item| accounts.contains(&item.account) && !item.cancelled) {
            item.cancelled = true;
            for part in &item.parts {
                self.books.bills.get_mut(&part.bill).expect("a bill").batched = false;
            }
        }
    }

    async fn batch_discard(&mut self) {
        let (id, version) = self.batch_version().await;
        let finance = self.ctx("finance").await;
        self.run("the batch is given up", true, || deduction_discard(&finance, id, version, "重做")).await;
        let all: Vec<usize> =
            self.desk.bank.batch.iter().flat_map(|batch| &batch.items).map(|item| item.account).collect();
        self.free(&all);
        self.desk.bank.batch = None;
    }

    async fn item_cancel(&mut self) {
        let batch = self.desk.bank.batch.as_ref().expect("a batch");
        let id = batch.id;
        let waiting: Vec<usize> = batch.items.iter().filter(|item| !item.cancelled).map(|item| item.account).collect();
        if waiting.is_empty() {
            return;
        }
        let account = waiting[self.dice.roll(waiting.len())];
        let query = format!(
            "select id from deduction_item where batch_id = {id} and account_id = {}",
            self.books.accounts[account].id
        );
        let item = DeductionItemId(self.number(&query).await);
        let finance = self.ctx("finance").await;
        let what = format!("account {account} is taken out of the batch");
        self.run(&what, true, || deduction_item_cancel(&finance, item)).await;
        self.free(&[account]);
    }

    /// An order's money has come: what nothing was sent of is taken out (§3.7).
    pub fn items_paid_elsewhere(&mut self, account: usize, bills: &[i64]) {
        let unsent = self.desk.bank.batch.as_ref().filter(|batch| !batch.sent);
        let asked = unsent.is_some_and(|batch| {
            let of_it = |item: &&Item| item.account == account && !item.cancelled;
            batch.items.iter().filter(of_it).any(|item| item.parts.iter().any(|part| bills.contains(&part.bill)))
        });
        if asked {
            self.free(&[account]);
        }
    }

    /// Checked, released, and passed on to the bank as the gateway does.
    async fn batch_send(&mut self) {
        let (id, version) = self.batch_version().await;
        let batch = self.desk.bank.batch.as_ref().expect("a batch");
        if batch.items.iter().all(|item| item.cancelled) {
            return self.batch_discard().await;
        }
        let second = self.ctx("finance-2").await;
        self.run("the batch is checked", true, || deduction_check(&second, id, version, "")).await;
        let (id, version) = self.batch_version().await;
        self.run("the batch is released", true, || deduction_send(&second, id, version)).await;
        let (now, database) = (self.now(), self.test.database.clone());
        let request = deduction_request_next(&database, now).await.expect("asked").expect("a request");
        self.run("the batch is sent", true, || deduction_request_sent(&database, &request, "x.txt", "aa", now)).await;
        self.desk.bank.batch.as_mut().expect("a batch").sent = true;
    }

    /// The bank has taken all, a part, or nothing of each.
    async fn batch_answer(&mut self) {
        let (id, _) = self.batch_version().await;
        let (now, database) = (self.now(), self.test.database.clone());
        let number: String = sqlx::query_scalar("select batch_no from deduction_batch where id = $1")
            .bind(id.0)
            .fetch_one(&self.test.admin)
            .await
            .expect("its number");
        let asked = deduction_request_lines(&database, id.0, 0, 1_000, now).await.expect("lines").lines;
        let items: Vec<(usize, i64)> = {
            let batch = self.desk.bank.batch.as_ref().expect("a batch");
            batch.items.iter().filter(|item| !item.cancelled).map(|item| (item.account, item.due())).collect()
        };
        let told: Vec<i64> = asked.iter().map(|line| line.amount.fen()).collect();
        assert_eq!(told, items.iter().map(|(_, due)| *due).collect::<Vec<_>>(), "{}", self.story("the request"));
        let mut taken = Vec::new();
        let mut lines = Vec::new();
        for line in &asked {
            let due = line.amount.fen();
            let fen = match self.dice.roll(4) {
                0 => 0,
                1 if due > 1 => self.dice.fen(due - 1),
                _ => due,
            };
            taken.push(fen);
            lines.push(answer(line, fen, now));
        }
        self.desk.bank.batches += 1;
        let digest = format!("d{}", self.desk.bank.batches);
        let what = format!("the bank took {taken:?}");
        let read = self.run(&what, true, || respond(&database, &number, &digest, &lines, now)).await;
        // Cut off in the middle it is read once more from its begin, or was read to its end.
        assert!(matches!(read, None | Some(DeductionStatus::Reconciled)), "{}", self.story("it does not agree"));
        self.run("what the bank took is entered", true, || deductions_post(&database, now)).await;
        self.batch_entered(&taken).await;
        self.desk.bank.answered = Some((number, digest, lines));
        self.answer_again().await;
    }

    async fn batch_entered(&mut self, taken: &[i64]) {
        let batch = self.desk.bank.batch.take().expect("a batch");
        let mut entered = self.entered().await.into_iter();
        let items: Vec<&Item> = batch.items.iter().filter(|item| !item.cancelled).collect();
        for (item, fen) in items.into_iter().zip(taken) {
            for part in &item.parts {
                self.books.bill(part.bill).batched = false;
            }
            if *fen == 0 {
                self.desk.bank.retry.push((item.account, next_try(self.day)));
                continue;
            }
            let next = entered.next();
            let Some((payment, whose)) = next else { panic!("{}", self.story("a payment is missing")) };
            assert_eq!(whose, item.account, "{}", self.story("somebody else's payment"));
            let (shares, rest) = allocate(*fen, &item.parts, false);
            self.pay(item.account, Way::Debit, None, (payment, shares, rest), batch.made);
        }
        assert!(entered.next().is_none(), "{}", self.story("a payment too many"));
        let finance = self.ctx("finance-2").await;
        let version = deduction_get(&finance, batch.id).await.expect("the batch").version;
        self.run("the batch is closed", true, || deduction_close(&finance, batch.id, version)).await;
    }

    /// 该回盘文件已处理: the same file lies there once more.
    pub async fn answer_again(&mut self) {
        let Some((number, digest, lines)) = self.desk.bank.answered.clone() else { return };
        let (now, database) = (self.now(), self.test.database.clone());
        self.run("the same response again", false, || respond(&database, &number, &digest, &lines, now)).await;
        let posted = self.run("and entered again", true, || deductions_post(&database, now)).await;
        assert!(matches!(posted, None | Some(0)), "{}", self.story("it was entered again"));
    }

    /// Whether a batch has collected something of an account.
    pub fn is_batched(&self, account: usize) -> bool {
        self.books.bills.values().any(|bill| bill.account == account && bill.batched)
    }
}

/// What a balance has left of debts; the late fee of one that it touched is charged with it.
fn left_of(debts: &[Debt], shares: &[Share]) -> Vec<Debt> {
    let left = debts.iter().map(|debt| match shares.iter().find(|share| share.bill == debt.bill) {
        None => *debt,
        Some(share) => {
            Debt { principal: debt.principal - share.principal, late: debt.late - share.late, accrued: 0, ..*debt }
        }
    });
    left.filter(|debt| debt.principal + debt.late > 0).collect()
}

fn answer(asked: &RequestLine, fen: i64, now: DateTime<Utc>) -> ResponseLine {
    let result = match fen {
        0 => "BALANCE",
        fen if fen == asked.amount.fen() => "SUCCESS",
        _ => "PARTIAL",
    };
    ResponseLine {
        line: asked.seq + 1,
        seq: asked.seq.into(),
        due: asked.amount,
        result: result.into(),
        deducted: Money::from_fen(fen),
        serial: Some(format!("S{}", asked.seq)),
        at: Some(now),
        message: None,
    }
}

async fn respond(
    database: &Database,
    number: &str,
    digest: &str,
    lines: &[ResponseLine],
    now: DateTime<Utc>,
) -> store::Result<DeductionStatus> {
    let file = Received { kind: BankFileKind::Response, name: "y.txt", file_no: number, digest };
    let mut reading = response_begin(database, &file, number, now).await?;
    response_lines(database, &mut reading, lines, now).await?;
    response_reconcile(database, reading, now).await
}
