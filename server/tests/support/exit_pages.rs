//! A household of 阳光苑 that leaves, and the pages that show it.

use super::{
    Site, city,
    move_in_pages::{MoveIn, move_in},
    tenancy_pages::{CLERK, Pages},
};
use domain::{
    id::{ContractId, ExitId},
    platform::setting::code,
    tenancy::{
        exit::ExitForm,
        exit_bill::ExitBillForm,
        exit_inspection::{InspectedForm, InspectionForm},
    },
};
use store::{
    platform::setting::setting_put,
    tenancy::exit::{exit_bill_make, exit_create, exit_decide, exit_inspect},
};

pub fn today() -> String {
    store::ctx::china_day(chrono::Utc::now()).to_string()
}

/// A request as a clerk fills it in.
pub fn request() -> ExitForm {
    ExitForm {
        kind: "VOLUNTARY".into(),
        exit_on: today(),
        reason: "购买了住房".into(),
        carry: true,
        ..ExitForm::default()
    }
}

/// A sheet on which the bed is broken.
pub fn sheet() -> InspectionForm {
    let bed = InspectedForm {
        name: "床".into(),
        quantity: "2".into(),
        state: "DAMAGED".into(),
        damage: "床板断裂".into(),
        amount: "88.80".into(),
    };
    InspectionForm {
        inspected_on: today(),
        water: "20".into(),
        items: vec![bed],
        signed_by: "待租户5".into(),
        signed: true,
        ..InspectionForm::default()
    }
}

pub fn bill() -> ExitBillForm {
    ExitBillForm { settle_on: today(), others: Vec::new() }
}

/// Asked for by the clerk.
pub async fn asked(site: &Site, contract: ContractId) -> ExitId {
    let clerk = city::ctx(&site.test.database, CLERK).await;
    exit_create(&clerk, contract, &request()).await.expect("an exit")
}

/// One that waits for the second person of finance, and a contract that has expired and could end.
pub struct Leaving {
    pub exit: ExitId,
    pub running: ContractId,
}

pub async fn leaving(site: &Site) -> Leaving {
    // Renewals have their whole term for it.
    setting_put(&site.test.database, code::RENEWAL_WINDOW, "1830/0").await.expect("a parameter");
    let MoveIn { waiting, done, .. } = move_in(site).await;
    let contract = site.id(&format!("select contract_id from hand_over where id = {done}")).await;
    let exit = asked(site, ContractId(contract)).await;
    let ctx = |login: &'static str| city::ctx(&site.test.database, login);
    exit_decide(&ctx("approver").await, exit, 1, true, "同意").await.expect("it is agreed to");
    exit_inspect(&ctx("operator").await, exit, 2, &sheet()).await.expect("it is inspected");
    exit_bill_make(&ctx("finance").await, exit, 3, &bill()).await.expect("a bill");
    let over = format!("update contract set status = 'EXPIRED', expired_on = current_date where id = {waiting}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(over)).execute(&site.test.admin).await.expect("its term is over");
    Leaving { exit, running: waiting }
}

/// For the city, the clerk, the operator, and finance.
pub fn pages(at: &Leaving) -> [Pages; 4] {
    let exit = format!("/tenancy/exits/{}", at.exit);
    let city: Pages = vec![
        (
            "/tenancy/exits",
            "/tenancy/exits".into(),
            vec!["退租管理", "待租户5", "结算中", "自愿退出", "共 1 条", "待我办理"],
        ),
        ("/tenancy/exits", "/tenancy/exits?status=APPLIED".into(), vec!["没有符合条件的记录"]),
        (
            "/tenancy/exits/:id",
            exit.clone(),
            vec!["退租 TZ", "购买了住房", "床板断裂", "88.80", "水 20.00", "注销待同步", "测试approver"],
        ),
        (
            "/tenancy/exits/:id",
            format!("{exit}?tab=bill"),
            vec!["费用合计", "损坏赔偿", "床×2：床板断裂", "待复核", "测试finance"],
        ),
        ("/tenancy/exits/:id", format!("{exit}?tab=sheet"), vec!["退租账单复核通过后才能打印结算单"]),
        (
            "/tenancy/exits/:id",
            format!("{exit}?tab=history"),
            vec!["办理记录", "申请退租", "同意退租", "登记验房", "制作退租账单"],
        ),
        ("/tenancy/exits/:id", format!("{exit}?tab=files"), vec!["附件"]),
    ];
    let clerk: Pages = vec![
        ("/tenancy/exits/new", "/tenancy/exits/new".into(), vec!["请在合同页面申请退租"]),
        (
            "/tenancy/exits/new",
            format!("/tenancy/exits/new?contract={}", at.running),
            vec!["申请退租", "待租户4", "欠租金额", "转入退租账单", "提交审批", "method=\"post\" novalidate"],
        ),
        (
            "/tenancy/contracts/:id",
            format!("/tenancy/contracts/{}", at.running),
            vec!["申请退租", "/tenancy/exits/new?contract=", "续签", "已到期", "/stay"],
        ),
        (
            "/tenancy/contracts/:id/file",
            format!("/tenancy/contracts/{}/file", at.running),
            vec!["登记备案", "待租户4", "备案期限", "第十七条", "method=\"post\" novalidate"],
        ),
        (
            "/tenancy/contracts/:id/stay",
            format!("/tenancy/contracts/{}/stay", at.running),
            vec!["到期处置", "待租户4", "搬迁期", "第七百三十四条", "异议送达日期", "method=\"post\" novalidate"],
        ),
        (
            "/tenancy/contracts/:id/renew",
            format!("/tenancy/contracts/{}/renew", at.running),
            vec!["续签租赁合同", "原合同", "待租户4", "现核定月租金", "保存草稿", "method=\"post\" novalidate"],
        ),
    ];
    let operator: Pages = vec![(
        "/tenancy/exits/:id/:action",
        format!("{exit}/keys"),
        vec!["登记交还钥匙", "结清或退款审批后，由运营主体登记交还钥匙"],
    )];
    let finance: Pages = vec![
        (
            "/tenancy/exits/:id/:action",
            format!("{exit}/bill"),
            vec!["制作退租账单", "床×2：床板断裂", "添加费用", "提交复核", "押金抵扣"],
        ),
        ("/tenancy/exits/:id", exit, vec!["重新制作退租账单"]),
    ];
    [city, clerk, operator, finance]
}
