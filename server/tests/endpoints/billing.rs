//! Who may use which server function of charging and collecting.

use super::{
    entries::{
        Entry,
        Told::{Forbidden, Good, Hidden, NotFound, Refused},
        reads, writes,
    },
    papers::{self, PaperWorld, paper_world},
};
use crate::support::{
    Site,
    billing_pages::{account, cash, lock, odd},
    city,
};
use domain::id::AccountId;
use serde_json::{Value, json};
use store::billing::{bill::bill_create, payment::payment_take};

/// A household of 甲区 that owes something, and what it has paid.
pub struct BillingWorld {
    pub account: i64,
    district: i64,
    /// one to be read, one to be taken back
    pub bills: [i64; 2],
    /// one to be read, one to be taken back, one to be verified
    payments: [i64; 3],
    /// money of the account that no order asked for
    odd: i64,
    pub papers: PaperWorld,
}

pub async fn billing_world(site: &Site, person: i64) -> BillingWorld {
    let account = account(site, person).await;
    let database = &site.test.database;
    let (finance, cashier) = (city::ctx(database, "finance").await, city::ctx(database, "cashier").await);
    let bill = async |nth: u32| bill_create(&finance, account, &lock(nth, finance.today())).await.expect("a bill").0;
    let bills = [bill(1).await, bill(2).await];
    let payment = async |nth: u32| {
        let form = domain::billing::payment::PaymentForm { bills: vec![bills[0]], ..cash(nth, "1") };
        payment_take(&cashier, account, &form).await.expect("a payment").0
    };
    let payments = [payment(11).await, payment(12).await, payment(13).await];
    let district = site.id("select district_id from account").await;
    let odd = odd(site, account).await;
    BillingWorld { account: account.0, district, bills, payments, odd, papers: paper_world(site).await }
}

/// Finance makes bills and verifies, a cashier takes money, a district looks on.
pub fn functions(at: &BillingWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let finance = |name, arguments| Entry { right: ("finance", Good), ..writes(name, arguments, "cashier", Forbidden) };
    let cashier = |name, arguments| Entry { right: ("cashier", Good), ..writes(name, arguments, "finance", Forbidden) };
    let (account, [bill, wrong]) = (AccountId(at.account), at.bills);
    let [paid, void, verified] = at.payments;
    let today = store::ctx::china_day(chrono::Utc::now());
    let mut entries = papers::functions(&at.papers, list);
    entries.extend(vec![
        read("account_list", list.clone(), Hidden),
        read("account_get", json!({"id": account}), NotFound),
        read("bill_list", list.clone(), Hidden),
        // Sums, and no names.
        read("bill_totals", list.clone(), Good),
        read("bill_get", json!({"id": bill}), NotFound),
        finance("bill_create", json!({"account": account, "form": lock(21, today)})),
        finance("bill_update", json!({"id": wrong, "version": 1, "form": {"due_on": today, "remark": "阳光苑补登", "reason": "阳光苑补登"}})),
        finance("bill_reverse", json!({"id": wrong, "version": 2, "how": "Void", "reason": "阳光苑误录"})),
        // Without a reason, so that it stays paid.
        Entry {
            right: ("cashier", Refused),
            ..writes("bill_refund", json!({"id": bill, "version": 1, "reason": ""}), "finance", Forbidden)
        },
        read("payment_list", list.clone(), Hidden),
        read("pay_record_list", list.clone(), Hidden),
        read("pay_order_list", list.clone(), Hidden),
        read("pay_order_get", json!({"id": at.odd}), NotFound),
        read("pay_odd_list", list.clone(), Hidden),
        read("pay_odd_get", json!({"id": at.odd}), NotFound),
        Entry {
            right: ("cashier", Good),
            ..writes(
                "pay_odd_propose",
                json!({"id": at.odd, "version": 1, "outcome": "BALANCE", "account_no": "", "opinion": ""}),
                "finance",
                Forbidden,
            )
        },
        Entry {
            right: ("finhead", Good),
            ..writes("pay_odd_decide", json!({"id": at.odd, "version": 2, "agree": true, "opinion": ""}), "cashier", Forbidden)
        },
        cashier("payment_take", json!({"account": account, "form": cash(22, "1")})),
        cashier("payment_void", json!({"id": void, "version": 1, "reason": "金额有误"})),
        finance("payments_chosen", json!({"ids": [verified]})),
        finance("payments_verify", json!({"ids": [verified]})),
        Entry {
            right: ("finhead", Good),
            ..writes("payment_unverify", json!({"id": verified, "version": 2, "reason": "票据不符"}), "finance", Forbidden)
        },
        read("receipt_get", json!({"id": paid}), NotFound),
        read("receipt_print", json!({"id": paid}), NotFound),
        read("bill_run_list", list.clone(), Good),
        finance(
            "bill_run_create",
            json!({"form": {"request": lock(23, today).request, "district": at.district.to_string(), "month": today.format("%Y-%m").to_string()}}),
        ),
    ]);
    entries
}
