//! The pages of charging and collecting, and what each of them shows.

use super::{Site, city};
use domain::{
    billing::{bill_form::BillForm, payment::PaymentForm},
    id::{AccountId, BillId, PaymentId},
};
use store::billing::{bill::bill_create, payment::payment_take};

/// The account of a person in a home of 阳光苑 that somebody lives in already: how it came to that is tenancy's business.
pub async fn account(site: &Site, person: i64) -> AccountId {
    let open = format!(
        "insert into account (district_id, estate_id, building_id, unit_id, person_id, opened_on)
         select u.district_id, u.estate_id, u.building_id, u.id, {person}, current_date
         from unit u join estate e on e.id = u.estate_id
         where e.name = '阳光苑' and u.status = 'OCCUPIED' order by u.id limit 1 returning id"
    );
    AccountId(site.id(&open).await)
}

fn request(nth: u32) -> String {
    format!("5b0c2d1e-8f7a-4b3c-9d2e-{nth:012}")
}

/// What an accountant charges for a broken lock.
pub fn lock(nth: u32, due_on: chrono::NaiveDate) -> BillForm {
    BillForm {
        request: request(nth),
        fee_item: "DAMAGE".into(),
        amount: "120.50".into(),
        due_on: due_on.to_string(),
        remark: "门锁".into(),
    }
}

/// Cash over the counter.
pub fn cash(nth: u32, amount: &str) -> PaymentForm {
    PaymentForm { request: request(nth), amount: amount.into(), method: "CASH".into(), ..PaymentForm::default() }
}

/// A household with a broken lock, half of which is paid.
pub async fn household(site: &Site, person: i64) -> (AccountId, BillId, PaymentId) {
    let account = account(site, person).await;
    let database = &site.test.database;
    let (finance, cashier) = (city::ctx(database, "finance").await, city::ctx(database, "cashier").await);
    let bill = bill_create(&finance, account, &lock(1, finance.today())).await.expect("a bill");
    let payment = payment_take(&cashier, account, &cash(2, "60.25")).await.expect("a payment");
    assert_eq!(odd(site, account).await, ODD);
    (account, bill, payment)
}

/// Number of the first order, and of the first money that came by telephone and that no order asked for.
pub const ODD: i64 = 1;

/// A payment company has money of an account that its order did not ask for.
pub async fn odd(site: &Site, account: AccountId) -> i64 {
    let kept = format!(
        "with asked as (
             insert into pay_order (district_id, estate_id, account_id, person_id, order_no, request_id, channel, amount_fen, bill_ids,
                                    subject, status, made_at, expires_at, closed_at)
             select a.district_id, a.estate_id, a.id, a.person_id, 'ZF1', gen_random_uuid(), 'WECHAT', 90, array[b.id], '测试', 'CLOSED',
                    now(), now(), now()
             from account a join bill b on b.account_id = a.id where a.id = {account} order by b.id limit 1 returning *),
         noted as (
             insert into pay_order_event (district_id, estate_id, order_id, at, event, channel)
             select district_id, estate_id, id, now(), '下单', channel from asked)
         insert into pay_odd (district_id, estate_id, account_id, order_id, channel, trade_no, order_no, amount_fen, paid_at, reason,
                              found_at)
         select district_id, estate_id, account_id, id, channel, '4200001', order_no, 100, now(), 'SECOND', now() from asked
         returning id"
    );
    site.id(&kept).await
}

/// Address pattern, address, and texts that stand there, for an account of the city.
pub fn pages(account: AccountId, bill: BillId, payment: PaymentId) -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        ("/billing/accounts", "/billing/accounts".into(), vec!["租金管理", "甲区租户", "A****67", "60.25", "共 1 条"]),
        (
            "/billing/accounts/:id",
            format!("/billing/accounts/{account}"),
            vec!["甲区租户", "未缴账单", "损坏赔偿", "部分缴", "最近缴费记录", "60.25"],
        ),
        (
            "/billing/accounts/:id/new-bill",
            format!("/billing/accounts/{account}/new-bill"),
            vec!["新增账单", "费项", "到期日", "method=\"post\" novalidate"],
        ),
        ("/billing/bills", "/billing/bills".into(), vec!["甲区租户", "损坏赔偿", "剩余天数", "共 1 条"]),
        ("/billing/bills", "/billing/bills?status=PAID".into(), vec!["没有符合条件的记录"]),
        (
            "/billing/bills/:id",
            format!("/billing/bills/{bill}"),
            vec!["损坏赔偿120.50元", "应收款", "租金及其他收入", "库存现金", "转应收", "门锁", "部分缴"],
        ),
        (
            "/billing/bills/:id/edit",
            format!("/billing/bills/{bill}/edit"),
            vec!["编辑账单", "修改原因", "甲区租户", "method=\"post\" novalidate"],
        ),
        ("/billing/payments", "/billing/payments".into(), vec!["甲区租户", "现金", "未核销", "共 1 条"]),
        ("/billing/records", "/billing/records".into(), vec!["缴退记录", "甲区租户", "交租金", "现金", "共 1 条"]),
        ("/billing/records", "/billing/records?flow=OUT".into(), vec!["没有符合条件的记录"]),
        ("/billing/pay-orders", "/billing/pay-orders".into(), vec!["手机支付", "ZF1", "甲区租户", "已关闭", "共 1 条"]),
        (
            "/billing/pay-orders/:id",
            format!("/billing/pay-orders/{ODD}"),
            vec!["支付订单 ZF1", "甲区租户", "办理记录", "下单"],
        ),
        (
            "/billing/pay-odds",
            "/billing/pay-odds".into(),
            vec!["待核实到账", "4200001", "重复支付", "甲区租户", "共 1 条"],
        ),
        (
            "/billing/pay-odds/:id",
            format!("/billing/pay-odds/{ODD}"),
            vec!["待核实到账 重复支付", "到账金额(元)", "1.00", "待处理"],
        ),
        ("/billing/payments/verify", "/billing/payments/verify".into(), vec!["请先在缴费记录中勾选要核销的收款"]),
        (
            "/billing/payments/:id",
            format!("/billing/payments/{payment}"),
            vec!["收款收据", "人民币陆拾元零贰角伍分", "¥60.25", "测试cashier"],
        ),
        ("/billing/runs", "/billing/runs".into(), vec!["生成账单", "暂无生成记录"]),
    ]
}
