//! What happens at the till: counter payments, taking back, verifying, refunds, waivers, and bills by hand.

use super::{
    books::{End, Item, Payment, Share, Way, allocate},
    world::World,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill_form::{BillForm, TakeBack},
        payment::PaymentForm,
        refund::RefundForm,
        waiver::WaiverForm,
    },
    id::{AccountId, BillId, PaymentId},
    value::Money,
};
use store::billing::{
    bill::{bill_create, bill_get, bill_reverse},
    payment::{payment_take, payment_unverify, payment_void, payments_verify, receipt_get},
    refund::{refund_create, refund_decide, refund_get, refund_pay},
    waiver::{waiver_create, waiver_decide, waiver_get},
};

#[derive(Default)]
pub struct Till {
    refunds: Vec<Refund>,
    waivers: Vec<Waiver>,
}

struct Refund {
    id: i64,
    account: usize,
    amount: i64,
    approved: bool,
}

struct Waiver {
    id: i64,
    end: End,
    /// bill, principal and late fee as they were asked for
    bills: Vec<(i64, i64, i64)>,
}

pub fn text(fen: i64) -> String {
    Money::from_fen(fen).to_string().replace(',', "")
}

impl Till {
    pub fn refund_is_open(&self, account: usize) -> bool {
        self.refunds.iter().any(|refund| refund.account == account)
    }
}

impl World {
    fn any_account(&mut self) -> usize {
        let count = self.books.accounts.len();
        self.dice.roll(count)
    }

    /// A payment at the counter, of whatever amount, of the oldest or of chosen bills, with or without 预存.
    pub async fn take(&mut self) {
        let account = self.any_account();
        let debts = self.books.debts(account, self.day, |_| true);
        let owed: i64 = debts.iter().map(|debt| debt.principal + debt.late).sum();
        let chosen: Vec<_> = match self.dice.roll(3) {
            0 if !debts.is_empty() => {
                let first = self.dice.roll(debts.len());
                debts.iter().rev().skip(first).take(2).copied().collect()
            }
            _ => Vec::new(),
        };
        let wanted = if chosen.is_empty() { &debts } else { &chosen };
        let fen = match self.dice.roll(4) {
            0 => wanted.iter().map(|debt| debt.principal + debt.late).sum::<i64>().max(1),
            1 => self.dice.fen(owed + 5_000),
            2 => self.dice.fen(20_000),
            _ => self.dice.fen(300),
        };
        let prepay = self.dice.roll(3) > 0;
        let (shares, rest) = allocate(fen, wanted, !chosen.is_empty());
        let batched = shares.iter().any(|share| self.books.bills[&share.bill].batched);
        let may = !batched && (rest == 0 || prepay) && !self.books.accounts[account].closed;
        let form = PaymentForm {
            request: self.request(),
            amount: text(fen),
            method: "CASH".into(),
            bills: chosen.iter().map(|debt| debt.bill).collect(),
            prepay,
            ..PaymentForm::default()
        };
        let cashier = self.ctx("cashier").await;
        let id = AccountId(self.books.accounts[account].id);
        let what = format!("account {account} pays {fen} of {:?}", form.bills);
        let paid = self.run(&what, may, || payment_take(&cashier, id, &form)).await;
        if let Some(PaymentId(paid)) = paid {
            self.entered().await;
            self.pay(account, Way::Counter, Some("cashier"), (paid, shares, rest), self.day);
            self.books.close(account);
            // Pressed once more it is the same payment.
            if self.dice.roll(8) == 0 {
                let again = self.run("the same once more", true, || payment_take(&cashier, id, &form)).await;
                assert_eq!(again, Some(PaymentId(paid)), "{}", self.story("another payment"));
            }
        }
    }

    /// Enters a payment in the model.
    pub fn pay(
        &mut self,
        account: usize,
        way: Way,
        by: Option<&'static str>,
        (id, shares, rest): (i64, Vec<Share>, i64),
        counted_to: NaiveDate,
    ) {
        let payment = Payment { id, account, way, by, day: self.day, shares, rest, void: false, verified: false };
        self.books.pay(payment, counted_to);
    }

    /// One of the last payments, or of those that wait to be verified.
    fn some_payment(&mut self) -> Option<usize> {
        let count = self.books.payments.len();
        (count > 0).then(|| count - 1 - self.dice.roll(count.min(12)))
    }

    async fn version(&mut self, nth: usize) -> (PaymentId, i32) {
        let id = PaymentId(self.books.payments[nth].id);
        let finance = self.ctx("finance").await;
        (id, receipt_get(&finance, id).await.expect("a receipt").row.version)
    }

    pub async fn void(&mut self) {
        let Some(nth) = self.some_payment() else { return };
        let may = self.books.voidable(&self.books.payments[nth], self.day);
        let (id, version) = self.version(nth).await;
        let cashier = self.ctx("cashier").await;
        self.run(&format!("payment {id} is voided"), may, || payment_void(&cashier, id, version, "录错")).await;
        if may {
            self.books.void(nth);
        }
    }

    pub async fn verify(&mut self) {
        let Some(nth) = self.some_payment() else { return };
        self.verify_one(nth).await;
    }

    /// By somebody else than took it.
    pub async fn verify_one(&mut self, nth: usize) {
        let payment = &self.books.payments[nth];
        let may = !payment.void && !payment.verified;
        let (id, by) = (PaymentId(payment.id), if payment.by == Some("finance") { "finance-2" } else { "finance" });
        let ctx = self.ctx(by).await;
        self.run(&format!("payment {id} is verified"), may, || payments_verify(&ctx, std::slice::from_ref(&id))).await;
        if may {
            self.books.verify(nth, true);
        }
    }

    pub async fn unverify(&mut self) {
        let Some(nth) = self.some_payment() else { return };
        let may = self.books.payments[nth].verified;
        let (id, version) = self.version(nth).await;
        let head = self.ctx("finhead").await;
        self.run(&format!("payment {id} is no longer verified"), may, || payment_unverify(&head, id, version, "误核"))
            .await;
        if may {
            self.books.verify(nth, false);
        }
    }

    /// Of an account: asked for, agreed to or not, and paid out or not.
    pub async fn refund(&mut self) {
        if !self.till.refunds.is_empty() && self.dice.roll(3) > 0 {
            return self.refund_go_on().await;
        }
        let account = self.any_account();
        let asked: i64 =
            self.till.refunds.iter().filter(|refund| refund.account == account).map(|refund| refund.amount).sum();
        let left = self.books.accounts[account].balance - asked;
        let amount = self.dice.fen(left + 50);
        let cashier = self.ctx("cashier").await;
        let form = RefundForm {
            request: self.request(),
            kind: "REFUND_BAL".into(),
            amount: text(amount),
            reason: "多缴退回".into(),
        };
        let id = AccountId(self.books.accounts[account].id);
        let what = format!("account {account} asks for {amount} back");
        if let Some(id) = self.run(&what, amount <= left, || refund_create(&cashier, id, &form)).await {
            self.till.refunds.push(Refund { id, account, amount, approved: false });
        }
    }

    async fn refund_go_on(&mut self) {
        let nth = self.dice.roll(self.till.refunds.len());
        let refund = &self.till.refunds[nth];
        let (id, account, amount, approved) = (refund.id, refund.account, refund.amount, refund.approved);
        let (cashier, head) = (self.ctx("cashier").await, self.ctx("finhead").await);
        let version = refund_get(&head, id).await.expect("the refund").version;
        let yes = self.dice.roll(4) > 0;
        if !approved {
            let what = format!("refund {id} is {}", if yes { "agreed to" } else { "refused" });
            self.run(&what, true, || refund_decide(&head, id, version, yes, "材料不全")).await;
            if yes {
                self.till.refunds[nth].approved = true;
            } else {
                self.till.refunds.remove(nth);
            }
            return;
        }
        let may = !yes || self.books.accounts[account].balance >= amount;
        let what = format!("refund {id} of {amount} is {}", if yes { "paid" } else { "not paid" });
        self.run(&what, may, || refund_pay(&cashier, id, version, yes, "0001")).await;
        if may {
            self.till.refunds.remove(nth);
            if yes {
                self.books.accounts[account].balance -= amount;
                self.books.bank -= amount;
                self.books.close(account);
            }
        }
    }

    /// 减免 and 坏账核销 of one or two bills: asked for now, decided about some other time.
    pub async fn waive(&mut self) {
        if !self.till.waivers.is_empty() && self.dice.roll(2) > 0 {
            return self.waiver_decided().await;
        }
        let account = self.any_account();
        let waiting: Vec<i64> =
            self.till.waivers.iter().flat_map(|waiver| &waiver.bills).map(|(bill, ..)| *bill).collect();
        let open =
            self.books.debts(account, self.day, |bill| bill.item != Item::Deposit && !waiting.contains(&bill.id));
        if open.is_empty() {
            return;
        }
        let count = 1 + self.dice.roll(2);
        let bills: Vec<i64> = open.iter().rev().take(count).map(|debt| debt.bill).collect();
        let may = bills.iter().all(|bill| !self.books.bills[bill].batched);
        let write_off = self.dice.roll(2) == 0;
        let form = WaiverForm {
            request: self.request(),
            kind: if write_off { "WRITE_OFF" } else { "WAIVE" }.into(),
            bills: bills.iter().map(i64::to_string).collect(),
            doc_no: "测发〔2026〕1号".into(),
            reason: "测试".into(),
        };
        let finance = self.ctx("finance").await;
        let id = AccountId(self.books.accounts[account].id);
        let what = format!("bills {bills:?} are to be {}", if write_off { "written off" } else { "waived" });
        if let Some(id) = self.run(&what, may, || waiver_create(&finance, id, &form)).await {
            let of = |bill: &i64| {
                let bill = &self.books.bills[bill];
                (bill.id, bill.amount - bill.paid, bill.late - bill.late_paid)
            };
            let bills = bills.iter().map(of).collect();
            let end = if write_off { End::Written } else { End::Waived };
            self.till.waivers.push(Waiver { id, end, bills });
        }
    }

    async fn waiver_decided(&mut self) {
        let nth = self.dice.roll(self.till.waivers.len());
        let waiver = &self.till.waivers[nth];
        let (id, end) = (waiver.id, waiver.end);
        let yes = self.dice.roll(5) > 0;
        let unchanged = waiver.bills.iter().all(|(bill, principal, late)| {
            let bill = &self.books.bills[bill];
            let (owed, fee) = (bill.amount - bill.paid, bill.late - bill.late_paid);
            bill.is_open() && !bill.batched && owed <= *principal && fee <= *late && owed + fee > 0
        });
        let bills: Vec<i64> = waiver.bills.iter().map(|(bill, ..)| *bill).collect();
        let leader = self.ctx("leader").await;
        let version = waiver_get(&leader, id).await.expect("the document").row.version;
        let what = format!("document {id} about {bills:?} is {}", if yes { "agreed to" } else { "refused" });
        self.run(&what, !yes || unchanged, || waiver_decide(&leader, id, version, yes, "同意")).await;
        if yes && !unchanged {
            let what = format!("document {id} is refused, since the bills changed");
            self.run(&what, true, || waiver_decide(&leader, id, version, false, "已变化")).await;
        }
        self.till.waivers.remove(nth);
        if yes && unchanged {
            for bill in bills {
                let bill = self.books.bill(bill);
                let forgiven = bill.open();
                bill.end = end;
                if end == End::Written { self.books.written_off += forgiven } else { self.books.waived += forgiven }
            }
        }
    }

    /// A bill by hand.
    pub async fn charge(&mut self) {
        let account = self.any_account();
        let may = !self.books.accounts[account].closed;
        let (item, amount) = (["PROPERTY", "DAMAGE", "DEPOSIT"][self.dice.roll(3)], self.dice.fen(30_000));
        let due = self.day + chrono::Days::new(self.dice.roll(20) as u64);
        let form = BillForm {
            request: self.request(),
            fee_item: item.into(),
            amount: text(amount),
            due_on: due.to_string(),
            remark: String::new(),
        };
        let finance = self.ctx("finance").await;
        let id = AccountId(self.books.accounts[account].id);
        let what = format!("account {account} is charged {amount} for {item}");
        let made = self.run(&what, may, || bill_create(&finance, id, &form)).await;
        if made.is_some() {
            let kind = match item {
                "DEPOSIT" => Item::Deposit,
                "DAMAGE" => Item::Damage,
                _ => Item::Other,
            };
            self.posted(&[(account, kind, None, self.day, self.day, amount)]).await;
        }
    }

    /// A bill that nobody has paid is taken back, one of which something was paid is not.
    pub async fn reverse(&mut self) {
        let candidates: Vec<i64> =
            self.books.bills.values().filter(|bill| bill.end == End::Open).map(|bill| bill.id).collect();
        if candidates.is_empty() {
            return;
        }
        let id = candidates[candidates.len() - 1 - self.dice.roll(candidates.len().min(10))];
        let bill = &self.books.bills[&id];
        let may = bill.paid + bill.late_paid == 0 && !bill.batched;
        let finance = self.ctx("finance").await;
        let version = bill_get(&finance, BillId(id)).await.expect("the bill").version;
        let void = self.dice.roll(2) == 0;
        let how = if void { TakeBack::Void } else { TakeBack::Reverse };
        self.run(&format!("bill {id} is taken back"), may, || bill_reverse(&finance, BillId(id), version, how, "重开"))
            .await;
        if may {
            self.books.take_back(id, if void { End::Void } else { End::Reversed });
        }
    }
}
