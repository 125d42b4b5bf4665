//! Who may use which server function of the books.

use super::entries::{
    Entry,
    Told::{Forbidden, Good, Hidden, NotFound, Refused},
    reads, writes,
};
use crate::support::{Site, billing_pages::cash, book_pages::refund, city};
use domain::{billing::payment::PaymentForm, id::AccountId};
use serde_json::{Value, json};
use store::billing::payment::payment_take;

/// A household that paid ahead, and what it is to get back.
pub struct BookWorld {
    account: AccountId,
    district: i64,
    waiting: i64,
    approved: i64,
    shift: i64,
}

/// Behind the world of billing, whose account it is.
pub async fn book_world(site: &Site, account: i64, bill: i64) -> BookWorld {
    let account = AccountId(account);
    let cashier = city::ctx(&site.test.database, "cashier").await;
    let ahead = PaymentForm { bills: vec![bill], prepay: true, ..cash(31, "500") };
    payment_take(&cashier, account, &ahead).await.expect("a payment");
    BookWorld {
        account,
        district: site.id("select district_id from account").await,
        waiting: refund(site, account, "PENDING").await,
        approved: refund(site, account, "APPROVED").await,
        shift: site.id("select max(shift_id) from payment").await,
    }
}

/// Everybody who works with money reads; a cashier asks and counts, an accountant sees the cash at the bank, the head of finance
/// agrees and closes.
pub fn functions(at: &BookWorld, list: &Value) -> Vec<Entry> {
    let read = |name, arguments, elsewhere| reads(name, arguments, Forbidden, "admin", elsewhere);
    let head =
        |name, arguments, told| Entry { right: ("finhead", told), ..writes(name, arguments, "cashier", Forbidden) };
    let cashier =
        |name, arguments, told| Entry { right: ("cashier", told), ..writes(name, arguments, "finance", Forbidden) };
    let finance =
        |name, arguments, told| Entry { right: ("finance", told), ..writes(name, arguments, "cashier", Forbidden) };
    let month = store::ctx::china_day(chrono::Utc::now()).format("%Y-%m").to_string();
    let period = json!({"form": {"district": at.district.to_string(), "month": month}});
    let back = json!({"request": "00000000-0000-4000-9000-000000000001", "kind": "REFUND_BAL", "amount": "1", "reason": "多缴"});
    vec![
        read("entry_list", list.clone(), Hidden),
        read("account_entries", json!({"id": at.account}), NotFound),
        read("ledger_month_get", period.clone(), NotFound),
        // A month that has not ended.
        head("ledger_close", period, Refused),
        // Sums of the own district.
        read("account_levels", list.clone(), Good),
        read("refund_list", list.clone(), Hidden),
        read("refund_get", json!({"id": at.waiting}), NotFound),
        // Without a contract nobody knows where it goes.
        cashier("refund_create", json!({"account": at.account, "form": back}), Refused),
        head("refund_decide", json!({"id": at.waiting, "version": 1, "approve": true, "opinion": ""}), Good),
        cashier("refund_pay", json!({"id": at.approved, "version": 1, "paid": true, "serial": "0001"}), Good),
        // A drawer bears the name of its cashier only.
        read("shift_list", list.clone(), Good),
        read("shift_get", json!({"id": at.shift}), NotFound),
        // One is open.
        cashier("shift_open", json!({"opening_cash": "0"}), Refused),
        cashier(
            "shift_close",
            json!({"id": at.shift, "version": 1, "form": {"counted_cash": "0", "explanation": "测试"}}),
            Good,
        ),
        cashier("shift_hand_in", json!({"id": at.shift, "version": 2, "slip": "JK0001"}), Good),
        // Nothing of it has arrived.
        finance("shift_bank", json!({"id": at.shift, "version": 3, "form": {"amount": "0", "note": "测试"}}), Good),
        // It is confirmed by now.
        finance("shift_return", json!({"id": at.shift, "version": 4, "opinion": "测试"}), Refused),
    ]
}
