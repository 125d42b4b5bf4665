//! The reference: what bills, payments and accounts come to, in plain integers and without a database. It is written from
//! domain.md §3.5 to §3.7, §3.15, §4.1 to §4.5 and §4.10, and calls no rule of the product.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use std::collections::BTreeMap;

/// Of the principal and a day, in millionths, and the days that cost nothing: what [`super::world`] sets as PRM-43.
const DAILY: i64 = 500;
const GRACE: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    Deposit,
    Rent,
    Damage,
    Other,
}

/// What a person decided about a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    Waived,
    Written,
    Reversed,
    Void,
}

#[derive(Clone, Debug)]
pub struct Bill {
    pub id: i64,
    pub account: usize,
    pub item: Item,
    /// of a rent bill: whose contract it is
    pub lease: Option<i64>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub due: NaiveDate,
    pub amount: i64,
    pub paid: i64,
    pub late: i64,
    pub late_paid: i64,
    pub late_to: Option<NaiveDate>,
    pub verified: i64,
    pub end: End,
    /// a batch has collected it
    pub batched: bool,
}

/// What is owed of a bill on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    pub bill: i64,
    pub item: Item,
    pub due: NaiveDate,
    pub principal: i64,
    pub late: i64,
    /// of the late fee, what is charged only with the payment
    pub accrued: i64,
}

/// What a payment pays of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub bill: i64,
    pub principal: i64,
    pub late: i64,
    pub accrued: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Counter,
    Phone,
    Debit,
    Balance,
    Deposit,
}

#[derive(Clone, Debug)]
pub struct Payment {
    pub id: i64,
    pub account: usize,
    pub way: Way,
    /// nobody: the bank, or the payer's own telephone
    pub by: Option<&'static str>,
    pub day: NaiveDate,
    pub shares: Vec<Share>,
    pub rest: i64,
    pub void: bool,
    pub verified: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Account {
    pub id: i64,
    pub balance: i64,
    pub deposit: i64,
    /// nobody lives there under it any more, and nothing was open
    pub closed: bool,
    /// its household lives there
    pub lived_in: bool,
    pub home: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Books {
    pub accounts: Vec<Account>,
    pub bills: BTreeMap<i64, Bill>,
    pub payments: Vec<Payment>,
    /// what came in by each way less what was given back, and what was forgiven
    pub drawer: i64,
    pub bank: i64,
    pub company: i64,
    pub waived: i64,
    pub written_off: i64,
}

/// Half up, of something that is not negative.
pub fn rounded(numerator: i64, denominator: i64) -> i64 {
    (numerator * 2 + denominator) / (denominator * 2)
}

fn late_days(due: NaiveDate, day: NaiveDate) -> i64 {
    (day - (due + Days::new(GRACE))).num_days().max(0)
}

impl Bill {
    pub fn is_open(&self) -> bool {
        self.end == End::Open && self.amount + self.late > self.paid + self.late_paid
    }

    /// What is owed and was charged.
    pub fn open(&self) -> i64 {
        if self.end == End::Open { self.amount + self.late - self.paid - self.late_paid } else { 0 }
    }

    /// What a day adds to the late fee (§4.5): of the principal that stands, behind the days that were counted, up to the bill's
    /// own amount in all.
    fn accrued(&self, day: NaiveDate) -> i64 {
        if self.item != Item::Rent {
            return 0;
        }
        let principal = self.amount - self.paid;
        let days = (late_days(self.due, day) - self.late_to.map_or(0, |to| late_days(self.due, to))).max(0);
        let fee = rounded(principal * DAILY * days, 1_000_000).min(principal);
        fee.min((self.amount - self.late).max(0))
    }

    fn debt(&self, day: NaiveDate) -> Debt {
        let accrued = self.accrued(day);
        let late = self.late - self.late_paid + accrued;
        Debt { bill: self.id, item: self.item, due: self.due, principal: self.amount - self.paid, late, accrued }
    }
}

/// By their due day and number, or as they are given; the principal of each before its late fee (§4.10).
pub fn allocate(money: i64, debts: &[Debt], as_given: bool) -> (Vec<Share>, i64) {
    let mut sorted = debts.to_vec();
    if !as_given {
        sorted.sort_by_key(|debt| (debt.due, debt.bill));
    }
    let (mut left, mut shares) = (money, Vec::new());
    for debt in sorted {
        let principal = debt.principal.min(left);
        let late = debt.late.min(left - principal);
        left -= principal + late;
        if principal + late > 0 {
            shares.push(Share { bill: debt.bill, principal, late, accrued: debt.accrued });
        }
    }
    (shares, left)
}

pub fn sum(shares: &[Share]) -> i64 {
    shares.iter().map(|share| share.principal + share.late).sum()
}

/// §3.15: a balance pays rent, then the others, then damage; a deposit pays damage first.
pub fn leaving_order(debts: &mut [Debt], by_deposit: bool) {
    debts.sort_by_key(|debt| {
        let rank = match (debt.item, by_deposit) {
            (Item::Damage, true) => 0,
            (Item::Rent, _) => 1,
            (Item::Damage, false) => 3,
            _ => 2,
        };
        (rank, debt.due, debt.bill)
    });
}

pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).expect("every month has one")
}

pub fn last_day(month: NaiveDate) -> NaiveDate {
    month_of(month) + Months::new(1) - Days::new(1)
}

impl Books {
    pub fn bill(&mut self, id: i64) -> &mut Bill {
        self.bills.get_mut(&id).expect("a bill of the model")
    }

    /// What is owed on a day, the oldest first.
    pub fn debts(&self, account: usize, day: NaiveDate, wanted: impl Fn(&Bill) -> bool) -> Vec<Debt> {
        let open = self.bills.values().filter(|bill| bill.account == account && bill.is_open() && wanted(bill));
        let mut debts: Vec<Debt> = open.map(|bill| bill.debt(day)).collect();
        debts.sort_by_key(|debt| (debt.due, debt.bill));
        debts
    }

    /// Money comes in, or goes over from the balance or the deposit; late fees were counted to a day.
    pub fn pay(&mut self, payment: Payment, counted_to: NaiveDate) {
        let amount = sum(&payment.shares) + payment.rest;
        match payment.way {
            Way::Counter => self.drawer += amount,
            Way::Phone => self.company += amount,
            Way::Debit => self.bank += amount,
            Way::Balance => self.accounts[payment.account].balance -= amount,
            Way::Deposit => self.accounts[payment.account].deposit -= amount,
        }
        self.accounts[payment.account].balance += payment.rest;
        for share in &payment.shares {
            let bill = self.bill(share.bill);
            bill.paid += share.principal;
            bill.late += share.accrued;
            bill.late_paid += share.late;
            bill.late_to = bill.late_to.max(Some(counted_to));
            bill.batched = false;
            if bill.item == Item::Deposit {
                self.accounts[payment.account].deposit += share.principal;
            }
        }
        self.payments.push(payment);
    }

    /// Whether a payment can be taken back on a day; what stands against it is a rule of §3.6.
    pub fn voidable(&self, payment: &Payment, day: NaiveDate) -> bool {
        let account = &self.accounts[payment.account];
        let of_bill = |share: &Share| {
            let bill = &self.bills[&share.bill];
            bill.end == End::Open && !bill.batched
        };
        let deposit: i64 = payment
            .shares
            .iter()
            .filter(|share| self.bills[&share.bill].item == Item::Deposit)
            .map(|s| s.principal)
            .sum();
        payment.way == Way::Counter
            && !payment.void
            && !payment.verified
            && payment.day == day
            && payment.shares.iter().all(of_bill)
            && account.balance >= payment.rest
            && account.deposit >= deposit
    }

    pub fn void(&mut self, nth: usize) {
        let payment = self.payments[nth].clone();
        self.payments[nth].void = true;
        self.drawer -= sum(&payment.shares) + payment.rest;
        self.accounts[payment.account].balance -= payment.rest;
        self.reopen(payment.account);
        for share in &payment.shares {
            let bill = self.bill(share.bill);
            bill.paid -= share.principal;
            bill.late_paid -= share.late;
            if bill.item == Item::Deposit {
                self.accounts[payment.account].deposit -= share.principal;
            }
        }
    }

    /// What was paid of a bill that was reversed since is no bill's any more.
    pub fn verify(&mut self, nth: usize, verified: bool) {
        self.payments[nth].verified = verified;
        for share in self.payments[nth].shares.clone() {
            let bill = self.bill(share.bill);
            if bill.end != End::Reversed {
                bill.verified += (share.principal + share.late) * if verified { 1 } else { -1 };
            }
        }
    }

    /// Takes a bill back; what was paid of it is balance, and a deposit that was paid stays one. Answers what it was.
    pub fn take_back(&mut self, id: i64, end: End) -> i64 {
        let bill = self.bill(id);
        let paid = if bill.item == Item::Deposit { 0 } else { bill.paid + bill.late_paid };
        (bill.paid, bill.late_paid, bill.verified, bill.end) = (0, 0, 0, end);
        let account = bill.account;
        self.accounts[account].balance += paid;
        paid
    }

    /// A closed account opens again, unless its household has another one by now.
    pub fn reopen(&mut self, account: usize) {
        let (id, home) = (self.accounts[account].id, self.accounts[account].home);
        if !self.accounts.iter().any(|other| other.home == home && other.id != id && !other.closed) {
            self.accounts[account].closed = false;
        }
    }

    /// The last debt of a household that has left closes its account.
    pub fn close(&mut self, account: usize) {
        let open = self.bills.values().any(|bill| bill.account == account && bill.is_open());
        let held = &mut self.accounts[account];
        held.closed |= !held.lived_in && !open && held.balance == 0 && held.deposit == 0;
    }
}

/// A contract: what it costs in which month.
#[derive(Clone, Debug)]
pub struct Lease {
    pub contract: i64,
    pub number: String,
    pub account: usize,
    pub start: NaiveDate,
    /// in hundredths of a square metre
    pub area: i64,
    /// from a day on, in ten-thousandths of a yuan
    pub rates: Vec<(NaiveDate, i64)>,
    pub offs: Vec<Off>,
}

/// A reduction: percent of the standard area's rent that is paid, from a day to a day.
#[derive(Clone, Copy, Debug)]
pub struct Off {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub percent: i64,
    pub area: i64,
}

impl Lease {
    pub fn rate(&self, month: NaiveDate) -> i64 {
        self.rates.iter().rev().find(|(from, _)| *from <= month).map_or(0, |(_, rate)| *rate)
    }

    /// §4.2, §4.3.
    pub fn rent(&self, month: NaiveDate) -> i64 {
        let rate = self.rate(month);
        let full = rounded(self.area * rate, 10_000);
        let Some(off) = self.offs.iter().find(|off| off.from <= month && month <= off.to) else { return full };
        let base = self.area.min(off.area);
        let payable = rounded(base * rate * off.percent, 1_000_000) + rounded((self.area - base) * rate, 10_000);
        payable.min(full)
    }

    /// The rent of a month until a day of it (§4.4).
    pub fn rent_until(&self, month: NaiveDate, day: NaiveDate) -> i64 {
        let (days, of) = (i64::from(day.day()), i64::from(last_day(month).day()));
        if days >= of { self.rent(month) } else { rounded(self.rent(month) * days, of) }
    }
}
