//! A rent reduction and a waiver as an accountant asked for them, and the pages that show them.

use super::Site;

/// A reduction of a contract of 阳光苑.
pub async fn reduction(site: &Site, contract: i64) -> i64 {
    site.id(&format!(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, from_on, to_on,
             doc_no, full_fen, payable_fen, maker_id)
         select c.district_id, c.estate_id, gen_random_uuid(), c.id, 'DIBAO', 10, 5000, '2027-01-01', '2027-12-31',
             '阳光苑发〔2026〕9号', 11180, 1118, u.id
         from contract c, app_user u where c.id = {contract} and u.login = 'finance' returning id"
    ))
    .await
}

/// A waiver of an account of 阳光苑; its bills are left out.
pub async fn waiver(site: &Site, account: i64) -> i64 {
    site.id(&format!(
        "insert into waiver (district_id, estate_id, request_id, account_id, kind, doc_no, reason, amount_fen, maker_id)
         select a.district_id, a.estate_id, gen_random_uuid(), a.id, 'WAIVE', '阳光苑发〔2026〕10号', '特困家庭', 11180, u.id
         from account a, app_user u where a.id = {account} and u.login = 'finance' returning id"
    ))
    .await
}

/// Address pattern, address, and texts that stand there: of the city, and of the accountant.
pub fn pages(reduction: i64, waiver: i64, account: i64) -> [Vec<(&'static str, String, Vec<&'static str>)>; 2] {
    let city = vec![
        (
            "/billing/reductions",
            "/billing/reductions".into(),
            vec!["租金核减", "阳光苑发〔2026〕9号", "100.62", "共 1 条"],
        ),
        (
            "/billing/reductions/:id",
            format!("/billing/reductions/{reduction}"),
            vec!["核减信息", "111.80", "核减额(元)", "100.62", "11.18", "同意", "驳回"],
        ),
        (
            "/billing/reductions/:id/stop",
            format!("/billing/reductions/{reduction}/stop"),
            vec!["提前终止", "最后核减月份", "2027-12-31"],
        ),
        ("/billing/waivers", "/billing/waivers".into(), vec!["减免核销", "阳光苑发〔2026〕10号", "111.80", "共 1 条"]),
        (
            "/billing/waivers/:id",
            format!("/billing/waivers/{waiver}"),
            vec!["减免信息", "特困家庭", "涉及账单", "没有账单"],
        ),
    ];
    let finance = vec![
        (
            "/billing/reductions/new",
            "/billing/reductions/new".into(),
            vec!["办理租金核减", "缴纳比例", "试算", "提交审批"],
        ),
        ("/billing/reductions/:id", format!("/billing/reductions/{reduction}"), vec!["撤回"]),
        (
            "/billing/accounts/:id/waive",
            format!("/billing/accounts/{account}/waive"),
            vec!["申请减免核销", "没有可减免的未缴账单"],
        ),
        ("/billing/waivers/:id", format!("/billing/waivers/{waiver}"), vec!["撤回"]),
    ];
    [city, finance]
}
