//! Pages of templates and prints.

use super::{hides, shows};
use crate::support::{Site, city};
use axum::http::StatusCode;
use domain::platform::print::PrintForm;
use store::tenancy::paper::print_create;

/// Address patterns that are looked at here.
pub const PATTERNS: [&str; 11] = [
    "/tenancy/templates",
    "/tenancy/templates/new",
    "/tenancy/templates/:id",
    "/tenancy/templates/:id/edit",
    "/tenancy/prints",
    "/tenancy/prints/audit",
    "/tenancy/prints/:id",
    "/tenancy/print-queue",
    "/tenancy/print-queue/selected",
    "/tenancy/print-queue/skipped",
    "/billing/notices",
];

#[tokio::test]
async fn what_is_printed_is_shown() {
    let site = Site::open().await;
    let at = super::places::places(&site).await;
    let (account, _, payment) = at.household;
    let finance = city::ctx(&site.test.database, "finance").await;
    let form = PrintForm { paper: "RECEIPT".into(), id: payment.0, ..PrintForm::default() };
    let print = print_create(&finance, &form).await.expect("a print");
    let draft = site
        .id("insert into document_template (kind, version, name, body, effective_on, maker_id, status)
             select 'CONTRACT', 2, '新版租赁合同', body, current_date + 9, (select id from app_user where login = 'city'), 'PENDING'
             from document_template where kind = 'CONTRACT' returning id")
        .await;
    let number = site.text(&format!("select receipt_no from payment where id = {payment}")).await;
    let pages = [
        (
            "city",
            "/tenancy/templates".to_owned(),
            vec!["公共租赁住房租赁合同", "缴费通知单", "V1", "新版租赁合同", "待复核", "新增版本"],
        ),
        ("city", "/tenancy/templates/new".into(), vec!["新增模板版本", "可用占位符", "textarea"]),
        ("city", "/tenancy/templates/1".into(), vec!["第四条 租金及支付", "{月租金大写}", "预览样张", "已发布"]),
        ("city", format!("/tenancy/templates/{draft}"), vec!["新版租赁合同", "待复核"]),
        ("city-check", format!("/tenancy/templates/{draft}"), vec!["发布", "退回"]),
        (
            "city",
            format!("/tenancy/templates/{draft}/edit"),
            vec!["修改 新版租赁合同 V2", "可用占位符", "第一条 当事人"],
        ),
        ("finance", "/tenancy/prints".into(), vec!["打印记录", number.as_str(), "收款收据", "首次打印", "测试finance"]),
        ("finance", "/tenancy/prints/audit".into(), vec!["编号核查", "打印次数、编号和内容均一致"]),
        ("finance", format!("/tenancy/prints/{print}"), vec![number.as_str(), "发放", "作废", "补打", "已打印"]),
        ("finance", "/tenancy/print-queue".into(), vec!["待打印", "已跳过", "收款收据"]),
        ("finance", "/tenancy/print-queue/selected?item=DUNNING-1".into(), vec!["打印文书", "已选1份", "跳过"]),
        ("finance", "/tenancy/print-queue/skipped".into(), vec!["恢复待打印", "请先勾选文书"]),
        ("finance", "/billing/notices".into(), vec!["缴费通知单", "小区", "账期", "生成PDF"]),
        ("finance", format!("/billing/notices?account={account}"), vec!["缴款人", "账期"]),
        ("finance", format!("/billing/payments/{payment}"), vec!["生成PDF"]),
        ("finance", format!("/billing/accounts/{account}"), vec!["缴费通知单"]),
    ];
    for (login, path, texts) in &pages {
        let session = site.session(login).await;
        shows(&site.get(path, Some(&session)).await, path, texts);
        let outside = site.get(path, None).await;
        assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
    }
    // The file, for whoever asked for it and nobody else.
    let file = |login| site.session(login);
    let own = site.get(&format!("/files/print/{print}"), Some(&file("finance").await)).await;
    assert_eq!((own.status, own.header("content-type")), (StatusCode::OK, "application/pdf"));
    assert!(own.body.starts_with(b"%PDF-"));
    assert_eq!(own.header("cache-control"), "no-store");
    let others = site.get(&format!("/files/print/{print}"), Some(&file("city").await)).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    // The other district sees no print of this one.
    let b = site.get("/tenancy/prints", Some(&site.session("district-b").await)).await;
    hides(&b, "/tenancy/prints", &[number.as_str()]);
}
