//! Orders of tenants on their own telephones: made, given up, paid in time, late or again.

use super::{
    books::{Way, allocate, sum},
    world::World,
};
use chrono::NaiveDate;
use domain::{
    billing::pay_order::{PayChannel, Told},
    id::{AccountId, BillId},
};
use store::{
    billing::pay_order::{Order, Verdict, order_close, order_create, order_paid},
    portal::{CodeRequest, Tenant, tenant_code_create, tenant_ctx, tenant_sign_in},
};

#[derive(Default)]
pub struct Phone {
    orders: Vec<PhoneOrder>,
    /// who signed in when, with what
    sessions: Vec<(usize, NaiveDate, String)>,
}

struct PhoneOrder {
    order: Order,
    account: usize,
    bills: Vec<i64>,
    made: NaiveDate,
    open: bool,
    trade: Option<String>,
}

impl Phone {
    /// Whether somebody is about to pay for an account.
    pub fn is_paying(&self, account: usize, day: NaiveDate) -> bool {
        self.orders.iter().any(|order| order.account == account && order.open && order.made == day)
    }
}

impl World {
    /// Somebody who lives there, at the own telephone.
    async fn tenant(&mut self, person: usize) -> Tenant {
        let (day, phone, now) = (self.day, format!("1380000120{person}"), self.now());
        let database = &self.test.database;
        if !self.phone.sessions.iter().any(|(who, on, _)| (*who, *on) == (person, day)) {
            let request = CodeRequest { phone: &phone, network: "192.0.2.1", captcha_id: "", captcha: "" };
            let asked = tenant_code_create(database, request, now).await.expect("a code");
            let content = asked.message.expect("a message").content;
            let code: String = content.chars().filter(char::is_ascii_digit).take(6).collect();
            let secret = tenant_sign_in(database, &asked.ticket, &code, "192.0.2.1", now).await.expect("a session");
            self.phone.sessions.retain(|(_, on, _)| *on == day);
            self.phone.sessions.push((person, day, secret));
        }
        let known = self.phone.sessions.iter().find(|(who, ..)| *who == person).expect("a session");
        tenant_ctx(database, &known.2, now).await.expect("asked").expect("a tenant")
    }

    /// A tenant chooses what to pay.
    pub async fn order(&mut self) {
        let living: Vec<usize> = (0..self.homes.len()).filter(|home| self.homes[*home].lease.is_some()).collect();
        if living.is_empty() {
            return;
        }
        let home = living[self.dice.roll(living.len())];
        let account = self.homes[home].lease.as_ref().expect("a lease").account;
        let debts = self.books.debts(account, self.day, |_| true);
        if debts.is_empty() {
            return;
        }
        let (first, count) = (self.dice.roll(debts.len()), 1 + self.dice.roll(3));
        let chosen: Vec<_> = debts.iter().skip(first).take(count).collect();
        let bills: Vec<i64> = chosen.iter().map(|debt| debt.bill).collect();
        let may = !self.phone.is_paying(account, self.day) && bills.iter().all(|bill| !self.books.bills[bill].batched);
        let tenant = self.tenant(self.homes[home].person).await;
        let id = AccountId(self.books.accounts[account].id);
        let wanted: Vec<BillId> = bills.iter().copied().map(BillId).collect();
        let request = self.request();
        let what = format!("account {account} orders to pay {bills:?} by telephone");
        let made = self.run(&what, may, || order_create(&tenant, id, &wanted, PayChannel::WeChat, &request)).await;
        if let Some(order) = made {
            let amount: i64 = chosen.iter().map(|debt| debt.principal + debt.late).sum();
            assert_eq!(order.amount.fen(), amount, "{}", self.story("the order is of another amount"));
            for before in self.phone.orders.iter_mut().filter(|before| before.account == account) {
                before.open = false;
            }
            let (made, mut bills) = (self.day, bills);
            bills.sort_unstable();
            self.phone.orders.push(PhoneOrder { order, account, bills, made, open: true, trade: None });
        }
    }

    /// The payment company tells of an order that it was paid: in time, late, or again; or its end comes first.
    pub async fn order_told(&mut self) {
        let count = self.phone.orders.len();
        if count == 0 {
            return;
        }
        let nth = count - 1 - self.dice.roll(count.min(4));
        let (now, database) = (self.now(), self.test.database.clone());
        let (number, id, known) = {
            let order = &self.phone.orders[nth];
            (order.order.order_no.clone(), order.order.id, order.trade.clone())
        };
        if self.phone.orders[nth].open && self.dice.roll(4) == 0 {
            self.run(&format!("order {id} is given up"), true, || order_close(&database, id, "超时未支付", None, now))
                .await;
            self.phone.orders[nth].open = false;
            return;
        }
        let trade = known.clone().unwrap_or_else(|| format!("T{number}"));
        let told = Told {
            channel: PayChannel::WeChat,
            order_no: number,
            notice_id: Some(format!("EV-{trade}")),
            trade_no: trade.clone(),
            amount: self.phone.orders[nth].order.amount,
            paid_at: now,
        };
        let verdict = self.run(&format!("order {id} is paid"), true, || order_paid(&database, &told, now)).await;
        if known.is_some() {
            assert_eq!(verdict, Some(Verdict::Known), "{}", self.story("paid twice"));
            return;
        }
        self.order_entered(nth, trade).await;
    }

    async fn order_entered(&mut self, nth: usize, trade: String) {
        let order = &mut self.phone.orders[nth];
        (order.trade, order.open) = (Some(trade), false);
        let (account, bills, made, amount) = (order.account, order.bills.clone(), order.made, order.order.amount.fen());
        self.items_paid_elsewhere(account, &bills);
        let later = bills.iter().any(|bill| self.books.bills[bill].late_to.is_some_and(|to| to > made));
        let day = if later { self.day } else { made };
        let debts = self.books.debts(account, day, |bill| bills.contains(&bill.id) && !bill.batched);
        let (shares, rest) = allocate(amount, &debts, true);
        let paid = self.entered().await;
        let [(payment, _)] = paid[..] else { panic!("{}", self.story(&format!("one payment, not {paid:?}"))) };
        assert_eq!(sum(&shares) + rest, amount);
        self.pay(account, Way::Phone, None, (payment, shares, rest), day);
        if self.books.accounts[account].balance > 0 {
            self.books.reopen(account);
        }
        self.books.close(account);
    }
}
