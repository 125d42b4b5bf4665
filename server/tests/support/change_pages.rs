//! A change of a contract and a batch of contracts that are taken over, as a clerk of 甲区 made them, and the pages that show
//! them.

use super::{Site, tenancy_pages::CLERK};

/// What the pages are about.
pub struct Changed {
    pub contract: i64,
    pub change: i64,
    pub batch: i64,
}

/// Of a contract of 阳光苑 that there is already; its clerk is the maker of both.
pub async fn changed(site: &Site, contract: i64) -> Changed {
    let change = site
        .id(&format!(
            r#"insert into contract_change (district_id, estate_id, contract_id, request_id, kind, before, after, effective_on, reason,
                   maker_id)
               select c.district_id, c.estate_id, c.id, gen_random_uuid(), 'RESIDENTS', '{{"residents": []}}',
                   '{{"residents": [{{"person_id": 1, "name": "测试同住人", "relation": "CHILD"}}]}}', '2026-12-01', '阳光苑增加同住人', u.id
               from contract c, app_user u where c.id = {contract} and u.login = '{CLERK}' returning id"#
        ))
        .await;
    let batch = site
        .id(&format!(
            "insert into take_over (district_id, estate_id, cutoff_on, file_name, maker_id)
             select c.district_id, c.estate_id, '2026-10-31', '阳光苑接管.xlsx', u.id
             from contract c, app_user u where c.id = {contract} and u.login = '{CLERK}' returning id"
        ))
        .await;
    Changed { contract, change, batch }
}

/// Address pattern, address, and texts that stand there: of the city, and of the clerk.
pub fn pages(at: &Changed) -> [Vec<(&'static str, String, Vec<&'static str>)>; 2] {
    let city = vec![
        ("/tenancy/changes", "/tenancy/changes".into(), vec!["合同变更", "变更同住人", "待提交", "共 1 条"]),
        (
            "/tenancy/changes",
            format!("/tenancy/changes?contract={}&status=PENDING", at.contract),
            vec!["没有符合条件的记录"],
        ),
        (
            "/tenancy/changes/:id",
            format!("/tenancy/changes/{}", at.change),
            vec!["变更内容", "变更前", "变更后", "测试同住人（子女）", "阳光苑增加同住人"],
        ),
        (
            "/tenancy/take-overs",
            "/tenancy/take-overs".into(),
            vec!["存量合同接管", "阳光苑接管.xlsx", "2026-10-31", "共 1 条", "待我审批"],
        ),
        (
            "/tenancy/take-overs/:id",
            format!("/tenancy/take-overs/{}", at.batch),
            vec!["核对合计", "账户余额合计(元)", "<td>—<!></td>", "没有合同", "待提交", "驳回"],
        ),
        (
            "/tenancy/take-overs/items",
            format!("/tenancy/take-overs/items?batch={}", at.batch),
            vec!["接管明细", "没有符合条件的记录"],
        ),
    ];
    let clerk = vec![
        ("/tenancy/changes/new", "/tenancy/changes/new".into(), vec!["办理合同变更", "请在履行中的合同页面办理变更"]),
        (
            "/tenancy/changes/swap",
            "/tenancy/changes/swap".into(),
            vec!["办理住房调换", "合同一", "选择两份履行中的合同后"],
        ),
        (
            "/tenancy/changes/swap",
            format!("/tenancy/changes/swap?first={}", at.contract),
            vec!["办理住房调换", "提交审批"],
        ),
        ("/tenancy/changes/:id", format!("/tenancy/changes/{}", at.change), vec!["提交审批", "撤回"]),
        ("/tenancy/take-overs/:id", format!("/tenancy/take-overs/{}", at.batch), vec!["提交审批", "作废"]),
        ("/tenancy/take-overs", "/tenancy/take-overs".into(), vec!["导入"]),
    ];
    [city, clerk]
}
