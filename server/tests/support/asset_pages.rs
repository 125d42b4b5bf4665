//! The pages of asset cards, and what each of them shows.

use super::Site;

/// A registered master card of 甲项目 with a sub card in 阳光苑, and its count sheet.
pub async fn cards(site: &Site) -> (i64, i64, i64) {
    let units = super::asset::units(&site.test).await;
    let (card, parts) = super::asset::registered(&site.test, &[(units[0], "60,000")]).await;
    let maker = super::city::ctx(&site.test.database, "district-a").await;
    let form = domain::housing::asset_count::AssetCountForm {
        title: "甲区盘点".into(),
        planned_on: "2026-12-01".into(),
        subject: format!("master:{card}"),
    };
    let count = store::housing::asset_count::asset_count_create(&maker, &form).await.expect("a sheet");
    (card.0, parts[0].0, count.0)
}

/// Address pattern, address, and texts that stand there.
pub fn pages(card: i64, part: i64, count: i64) -> Vec<(&'static str, String, Vec<&'static str>)> {
    vec![
        ("/assets/:noun", "/assets/masters".into(), vec!["ZC-001", "阳光苑住宅", "180,000.00", "共 1 条"]),
        ("/assets/:noun", "/assets/subs".into(), vec!["ZK-000", "60,000.00", "共 1 条"]),
        ("/assets/:noun", "/assets/changes".into(), vec!["登记", "已通过", "ZC-001"]),
        ("/assets/:noun", "/assets/depreciation".into(), vec!["折旧计提", "暂无计提记录"]),
        ("/assets/:noun", "/assets/counts".into(), vec!["甲区盘点", "盘点中"]),
        ("/assets/:noun/new", "/assets/masters/new".into(), vec!["新增资产主卡片", "A01010500 住宅", "甲项目"]),
        ("/assets/:noun/new", "/assets/counts/new".into(), vec!["新增盘点单", "盘点范围"]),
        (
            "/assets/:noun/:id",
            format!("/assets/masters/{}", card),
            vec!["ZC-001", "已登记", "120,000.00", "1811 保障性住房", "50年"],
        ),
        ("/assets/:noun/:id", format!("/assets/masters/{}?tab=subs", card), vec!["ZK-000", "XQ000001-001-0001"]),
        (
            "/assets/:noun/:id",
            format!("/assets/masters/{}?tab=changes", card),
            vec!["登记", "记-0001", "测试district-a", "测试city"],
        ),
        (
            "/assets/:noun/:id",
            format!("/assets/masters/{}?tab=depreciation", card),
            vec!["月折旧额 300.00 元", "尚未计提折旧"],
        ),
        ("/assets/:noun/:id", format!("/assets/subs/{}", part), vec!["ZK-000", "1号楼1单元101室", "60,000.00"]),
        (
            "/assets/:noun/:id/:action",
            format!("/assets/masters/{}/print", card),
            vec!["公共租赁住房资产主卡片", "人民币壹拾捌万元整", "记-0001"],
        ),
        (
            "/assets/:noun/:id/:action",
            format!("/assets/subs/{}/print", part),
            vec!["公共租赁住房资产子卡片", "人民币陆万元整"],
        ),
        ("/assets/:noun/:id/edit", format!("/assets/masters/{}/edit", card), vec!["编辑资产主卡片"]),
        (
            "/assets/:noun/:id/new-sub",
            format!("/assets/masters/{}/new-sub", card),
            vec!["新增资产子卡片", "120,000.00"],
        ),
        ("/assets/:noun/:id/:action", format!("/assets/masters/{}/change", card), vec!["申请资产变更", "批准文号"]),
        ("/assets/:noun/:id/:action", format!("/assets/subs/{}/dispose", part), vec!["申请资产处置", "60,000.00"]),
        (
            "/assets/:noun/:id/:action",
            format!("/assets/counts/{}/sheet", count),
            vec!["甲区盘点", "ZK-000", "结束盘点"],
        ),
    ]
}
