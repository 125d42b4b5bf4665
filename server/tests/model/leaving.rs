//! How a household leaves (domain.md §3.15): its rent is cut off, everything it holds pays what it owes, the rest is given back or
//! acknowledged, and the home is let again.

use super::{
    books::{Bill, End, Item, Way, last_day, month_of},
    world::{Charge, World},
};
use chrono::Months;
use domain::{
    billing::refund::RefundForm,
    dictionary::ContractStatus,
    id::{AccountId, ExitId},
    tenancy::{
        exit::{ExitForm, KeysForm},
        exit_bill::ExitBillForm,
        exit_inspection::{InspectedForm, InspectionForm},
    },
};
use sqlx::AssertSqlSafe;
use store::{
    billing::refund::{refund_create, refund_decide, refund_pay},
    tenancy::{
        contract::{SyncAnswer, contract_synced},
        exit::{
            exit_bill_decide, exit_bill_make, exit_clear, exit_create, exit_debt_acknowledge, exit_decide, exit_get,
            exit_inspect, exit_keys,
        },
    },
};

/// What a broken lock costs.
const DAMAGE: i64 = 12_050;

impl World {
    /// One of the homes without a meter is given back, if nothing of it is under way; or one that stands empty is let again.
    pub async fn leave(&mut self) {
        let home = self.homes.len() - 1 - self.dice.roll(2);
        if self.homes[home].lease.is_none() {
            self.let_home(home, month_of(self.day)).await;
            return;
        }
        let account = self.homes[home].lease.as_ref().expect("a lease").account;
        let young = self.homes[home].lease.as_ref().is_some_and(|lease| lease.start >= month_of(self.day));
        if young || self.is_batched(account) || self.till.refund_is_open(account) || self.desk.is_waiting(home) {
            return;
        }
        debug_assert!(!self.desk.has_meter(home));
        let open: Vec<usize> = (0..self.books.payments.len())
            .filter(|nth| {
                let payment = &self.books.payments[*nth];
                payment.account == account && !payment.void && !payment.verified
            })
            .collect();
        for nth in open {
            self.verify_one(nth).await;
        }
        let id = self.inspected(home).await;
        self.settle(home, account, id).await;
        self.given_back(home, account, id).await;
    }

    async fn exit_version(&mut self, id: ExitId) -> i32 {
        let entry = self.ctx("entry").await;
        exit_get(&entry, id).await.expect("the exit").row.version
    }

    /// Asked for, agreed to, inspected: the lock is broken.
    async fn inspected(&mut self, home: usize) -> ExitId {
        let contract = self.contract(home);
        let (entry, approver, operator) =
            (self.ctx("entry").await, self.ctx("approver").await, self.ctx("operator").await);
        let form = ExitForm {
            kind: "VOLUNTARY".into(),
            exit_on: self.day.to_string(),
            reason: "购买了住房".into(),
            carry: true,
            ..ExitForm::default()
        };
        self.run(&format!("home {home} is to be given back"), true, || exit_create(&entry, contract, &form)).await;
        let id = ExitId(self.number("select max(id) from exit_case").await);
        self.run("that is agreed to", true, || exit_decide(&approver, id, 1, true, "同意")).await;
        let broken = InspectedForm {
            name: "门锁".into(),
            quantity: "1".into(),
            state: "DAMAGED".into(),
            damage: "锁芯损坏".into(),
            amount: super::till::text(DAMAGE),
        };
        let sheet = InspectionForm {
            inspected_on: self.day.to_string(),
            water: "12.5".into(),
            items: vec![broken],
            signed_by: "租户".into(),
            signed: true,
            ..InspectionForm::default()
        };
        self.run("the home is inspected", true, || exit_inspect(&operator, id, 2, &sheet)).await;
        id
    }

    /// The bill of the exit, made by one and entered by another.
    async fn settle(&mut self, home: usize, account: usize, id: ExitId) {
        let (finance, second) = (self.ctx("finance").await, self.ctx("finance-2").await);
        let form = ExitBillForm { settle_on: self.day.to_string(), others: Vec::new() };
        let version = self.exit_version(id).await;
        self.run("the exit bill is made", true, || exit_bill_make(&finance, id, version, &form)).await;
        let version = self.exit_version(id).await;
        self.run("the exit bill is entered", true, || exit_bill_decide(&second, id, version, true, "")).await;
        let expected = self.cut(home, account);
        self.posted(&expected).await;
        let mut entered = self.entered().await.into_iter();
        self.fund(account, Way::Balance, &mut entered).await;
        self.fund(account, Way::Deposit, &mut entered).await;
        assert!(entered.next().is_none(), "{}", self.story("a payment too many"));
        // The sum that is signed is the one in the books.
        for debt in self.books.debts(account, self.day, |_| true) {
            if debt.accrued > 0 {
                let day = self.day;
                let bill = self.books.bill(debt.bill);
                bill.late += debt.accrued;
                bill.late_to = bill.late_to.max(Some(day));
            }
        }
    }

    /// The rent behind the day is taken back, what stands not charged is charged, no deposit is asked for any more, and the
    /// damage is. Answers the bills that are made.
    fn cut(&mut self, home: usize, account: usize) -> Vec<Charge> {
        let (day, lease) = (self.day, self.homes[home].lease.clone().expect("a lease"));
        let of_lease =
            |bill: &&Bill| bill.lease == Some(lease.contract) && !matches!(bill.end, End::Reversed | End::Void);
        let posted: Vec<Bill> = self.books.bills.values().filter(of_lease).cloned().collect();
        let deposits: Vec<i64> = {
            let of = |bill: &&Bill| bill.account == account && bill.item == Item::Deposit && bill.is_open();
            self.books.bills.values().filter(of).map(|bill| bill.id).collect()
        };
        let stays = |bill: &Bill| bill.to <= day;
        let mut expected = Vec::new();
        let mut month = lease.start;
        while month <= day {
            let known = posted.iter().any(|bill| bill.from == month && (stays(bill) || bill.end != End::Open));
            if !known {
                let to = last_day(month).min(day);
                let rent = lease.rent_until(month, to);
                expected.push((account, Item::Rent, Some(lease.contract), month, to, rent));
            }
            month = month + Months::new(1);
        }
        for bill in posted.iter().filter(|bill| !stays(bill) && bill.end == End::Open) {
            self.books.take_back(bill.id, End::Reversed);
        }
        for deposit in deposits {
            self.books.take_back(deposit, End::Reversed);
        }
        expected.push((account, Item::Damage, None, day, day, DAMAGE));
        expected
    }

    /// What is left goes back or is acknowledged; then the keys, the bank, and the home is free.
    async fn given_back(&mut self, home: usize, account: usize, id: ExitId) {
        let open: i64 = self.books.bills.values().filter(|bill| bill.account == account).map(Bill::open).sum();
        let (balance, deposit) = (self.books.accounts[account].balance, self.books.accounts[account].deposit);
        let (cashier, head) = (self.ctx("cashier").await, self.ctx("finhead").await);
        if open > 0 {
            let version = self.exit_version(id).await;
            self.run(&format!("a debt of {open} is acknowledged"), true, || {
                exit_debt_acknowledge(&head, id, version, "已签")
            })
            .await;
        } else if balance + deposit > 0 {
            let mut refunds = Vec::new();
            for (kind, fen) in
                [("REFUND_DEP", deposit), ("REFUND_BAL", balance)].into_iter().filter(|(_, fen)| *fen > 0)
            {
                let form = RefundForm {
                    request: self.request(),
                    kind: kind.into(),
                    amount: super::till::text(fen),
                    reason: "退租结算".into(),
                };
                let of = AccountId(self.books.accounts[account].id);
                let made = self
                    .run(&format!("{fen} of {kind} is asked for"), true, || refund_create(&cashier, of, &form))
                    .await;
                let refund = made.expect("a refund");
                self.run("it is agreed to", true, || refund_decide(&head, refund, 1, true, "")).await;
                refunds.push((refund, fen, kind == "REFUND_DEP"));
            }
            let version = self.exit_version(id).await;
            self.run("the exit is cleared", true, || exit_clear(&cashier, id, version)).await;
            for (refund, fen, of_deposit) in refunds {
                self.run(&format!("{fen} is given back"), true, || refund_pay(&cashier, refund, 2, true, "0001")).await;
                let held = &mut self.books.accounts[account];
                if of_deposit {
                    held.deposit -= fen
                } else {
                    held.balance -= fen
                }
                self.books.bank -= fen;
            }
        }
        let operator = self.ctx("operator").await;
        let keys = KeysForm { keys: "2".into(), cards: "0".into(), on: self.day.to_string() };
        let version = self.exit_version(id).await;
        self.run("the keys are back", true, || exit_keys(&operator, id, version, &keys)).await;
        let number = self.homes[home].lease.as_ref().expect("a lease").number.clone();
        let (now, database) = (self.now(), self.test.database.clone());
        let gone = || contract_synced(&database, &number, SyncAnswer::Cancelled, now);
        let status = self.run("the bank forgets the contract", true, gone).await;
        assert_eq!(status, Some(ContractStatus::Terminated), "{}", self.story("it is not over"));
        self.homes[home].lease = None;
        self.books.accounts[account].lived_in = false;
        self.books.close(account);
        let repaired = format!(
            "update unit set status = 'VACANT', vacant_since = current_date where id = {}",
            self.homes[home].unit
        );
        sqlx::query(AssertSqlSafe(repaired)).execute(&self.test.admin).await.expect("repaired");
        self.desk.exits += 1;
    }
}
