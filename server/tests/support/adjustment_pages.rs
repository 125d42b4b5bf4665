//! A rent adjustment as an accountant asked for it, and the pages that show it.

use super::Site;

/// One that waits, of a contract of 阳光苑 that there is already; its maker is the accountant.
pub async fn adjustment(site: &Site, contract: i64) -> i64 {
    let id = document(site, contract).await;
    site.id(&format!(
        "insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
             new_base_fen, new_rent_fen, from_on)
         select district_id, estate_id, {id}, id, 26000, 30000, 11180, 11180, 12900, 12900, '2027-01-01'
         from contract where id = {contract} returning id"
    ))
    .await;
    id
}

/// The document alone.
pub async fn document(site: &Site, contract: i64) -> i64 {
    site.id(&format!(
        "insert into rent_adjustment (district_id, estate_id, kind, target, month, doc_no, maker_id, contracts, old_total_fen,
             new_total_fen)
         select c.district_id, c.estate_id, 'STANDARD', '阳光苑', '2027-01-01', '阳光苑发〔2026〕12号', u.id, 1, 11180, 12900
         from contract c, app_user u where c.id = {contract} and u.login = 'finance' returning id"
    ))
    .await
}

/// Address pattern, address, and texts that stand there: of the city, and of the accountant.
pub fn pages(id: i64) -> [Vec<(&'static str, String, Vec<&'static str>)>; 2] {
    let city = vec![
        (
            "/billing/adjustments",
            "/billing/adjustments".into(),
            vec!["租金调整", "阳光苑发〔2026〕12号", "待审批", "共 1 条"],
        ),
        (
            "/billing/adjustments/contracts",
            format!("/billing/adjustments/contracts?adjustment={id}"),
            vec!["租金调整明细", "111.80", "129.00", "2027-01-01"],
        ),
        (
            "/billing/adjustments/:id",
            format!("/billing/adjustments/{id}"),
            vec!["涉及合同", "129.00", "同意", "驳回", "标准调整"],
        ),
    ];
    let finance = vec![
        (
            "/billing/adjustments/new",
            "/billing/adjustments/new".into(),
            vec!["办理租金调整", "现租金标准", "生效月份", "预览", "提交审批"],
        ),
        ("/billing/adjustments/:id", format!("/billing/adjustments/{id}"), vec!["阳光苑", "撤回"]),
    ];
    [city, finance]
}
