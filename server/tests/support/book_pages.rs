//! The pages of the books, and what each of them shows.

use super::Site;
use domain::id::AccountId;

/// A refund that waits, and the shift of the cashier who took a payment of the account.
pub async fn books(site: &Site, account: AccountId) -> (i64, i64) {
    let refund = refund(site, account, "PENDING").await;
    (refund, site.id("select max(shift_id) from payment").await)
}

/// A refund as a cashier asked for it.
pub async fn refund(site: &Site, account: AccountId, status: &str) -> i64 {
    let checked = if status == "PENDING" { "null, null" } else { "2, now()" };
    site.id(&format!(
        "insert into refund (district_id, estate_id, account_id, request_id, kind, amount_fen, reason, bank_name, bank_holder, bank_no,
                             bank_no_mask, key_id, maker_id, status, checker_id, checked_at)
         select a.district_id, a.estate_id, a.id, gen_random_uuid(), 'REFUND_BAL', 100, '多缴退回', '测试银行', '甲区租户', '\\x00',
                '****0011', k.id, 1, '{status}', {checked}
         from account a cross join (select min(id) as id from cipher_key) k where a.id = {account} returning id"
    ))
    .await
}

/// Address pattern, address, and texts that stand there, for an account of the city.
pub fn pages(account: AccountId, (refund, shift): (i64, i64)) -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        ("/billing/ledger", "/billing/ledger".into(), vec!["总账", "科目余额表", "未结账", "暂不能结账"]),
        ("/billing/entries", "/billing/entries".into(), vec!["分录", "应收款", "库存现金"]),
        ("/billing/levels", "/billing/levels".into(), vec!["三级账户", "甲项目", "分户数", "未缴合计(元)"]),
        ("/billing/refunds", "/billing/refunds".into(), vec!["退余额", "待审批", "共 1 条"]),
        ("/billing/refunds/:id", format!("/billing/refunds/{refund}"), vec!["多缴退回", "测试银行", "****0011"]),
        ("/billing/shifts", "/billing/shifts".into(), vec!["收款班次", "测试cashier", "开班"]),
        ("/billing/shifts/:id", format!("/billing/shifts/{shift}"), vec!["应有现金", "按支付方式", "现金"]),
        (
            "/billing/accounts/:id/entries",
            format!("/billing/accounts/{account}/entries"),
            vec!["账户流水", "借方科目", "缴费"],
        ),
        (
            "/billing/accounts/:id/refund",
            format!("/billing/accounts/{account}/refund"),
            vec!["申请退费", "退费原因", "只退到合同登记的承租人账户"],
        ),
    ]
}
