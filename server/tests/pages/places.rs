//! Where the pages of the small city are.

use crate::support::{self, Site};
use domain::id::{AccountId, BillId, PaymentId};

/// Where things are in the small city.
pub struct Places {
    pub sun: i64,
    pub star: i64,
    pub building: i64,
    pub other_building: i64,
    pub unit: i64,
    pub other_unit: i64,
    pub room: i64,
    pub standard: i64,
    pub operator: i64,
    pub project: i64,
    pub district: i64,
    pub person: i64,
    pub job: String,
    pub card: i64,
    pub part: i64,
    pub count: i64,
    pub tenancy: support::tenancy_pages::Tenancy,
    pub household: (AccountId, BillId, PaymentId),
    pub books: (i64, i64),
    pub deduction: support::deduction_pages::Batch,
}

pub async fn places(site: &Site) -> Places {
    let estate = async |name: &str| site.id(&format!("select id from estate where name = '{name}'")).await;
    let (sun, star) = (estate("阳光苑").await, estate("星光苑").await);
    let of = async |table: &str, estate: i64| {
        site.id(&format!("select min(id) from {table} where estate_id = {estate}")).await
    };
    let ctx = support::city::ctx(&site.test.database, "district-a").await;
    let (card, part, count) = support::asset_pages::cards(site).await;
    let person = {
        let form = domain::person::PersonForm {
            name: "甲区租户".into(),
            person_type: "TENANT".into(),
            organization: site.id("select id from organization where code = '810101'").await.to_string(),
            id_type: "PASSPORT".into(),
            id_number: "A1234567".into(),
            phone: "13800000000".into(),
            ..Default::default()
        };
        let city = support::city::ctx(&site.test.database, "city").await;
        let person = store::person::person_create(&city, &form).await.expect("a person").0;
        while store::search::search_refresh(&site.test.database).await.expect("indexed") > 0 {}
        person
    };
    let household = support::billing_pages::household(site, person).await;
    let tenancy = support::tenancy_pages::tenancy(site).await;
    Places {
        tenancy,
        card,
        part,
        count,
        sun,
        star,
        building: of("building", sun).await,
        other_building: of("building", star).await,
        unit: of("unit", sun).await,
        other_unit: of("unit", star).await,
        room: of("room", sun).await,
        standard: site.id("select id from rent_standard where code = 'ZJ-01'").await,
        operator: site.id("select id from operator where code = 'OP1'").await,
        project: site.id("select id from project where name = '甲项目'").await,
        district: site.id("select id from organization where code = '810101'").await,
        person,
        books: support::book_pages::books(site, household.0).await,
        deduction: support::deduction_pages::batch(site, household.0, "CREATED").await,
        household,
        job: store::import::job::job_note(&ctx, domain::import::SheetKey::Estate, "小区.xlsx", "00")
            .await
            .expect("a job")
            .id,
    }
}

/// Pages that the system administrator opens, and the city does not.
pub async fn administration(site: &Site) -> Vec<(&'static str, String, Vec<&'static str>)> {
    let user = site.id("select id from app_user where login = 'finance'").await;
    let role = site.id("select id from role where code = 'STREET'").await;
    let admin = support::city::ctx(&site.test.database, "admin").await;
    let grant = domain::platform::user_form::GrantForm {
        organization: site.id("select id from organization where code = '810101'").await.to_string(),
        roles: vec![role.to_string()],
        districts: Vec::new(),
        estates: Vec::new(),
        reason: "借调窗口".into(),
    };
    let request =
        store::platform::user::user_grant_request(&admin, domain::id::UserId(user), 1, &grant).await.expect("asked");
    let workflow = site.id("select id from workflow where kind = 'USER_GRANT'").await;
    vec![
        (
            "/platform/users",
            "/platform/users?q=finance".into(),
            vec!["finance", "测试finance", "财务会计", "共 1 条", "新增用户"],
        ),
        (
            "/platform/users/:id",
            format!("/platform/users/{user}"),
            vec!["finance", "有待复核的授权变更", "登录会话", "强制下线"],
        ),
        (
            "/platform/users/:id",
            "/platform/users/new".into(),
            vec!["新增用户", "所属机构", "变更原因", "method=\"post\" novalidate"],
        ),
        (
            "/platform/users/:id/:action",
            format!("/platform/users/{user}/edit"),
            vec!["编辑用户", "finance", "有效期起"],
        ),
        (
            "/platform/users/:id/:action",
            format!("/platform/users/{user}/grant"),
            vec!["变更授权", "负责楼盘", "阳光苑"],
        ),
        ("/platform/roles", "/platform/roles".into(), vec!["街道/镇住保窗口", "STREET", "系统内置"]),
        ("/platform/roles/:id", format!("/platform/roles/{role}"), vec!["查看房源", "公租房房源"]),
        ("/platform/roles/:id/:action", format!("/platform/roles/{role}/edit"), vec!["编辑角色", "变更原因"]),
        ("/platform/approvals", "/platform/approvals".into(), vec!["用户：finance", "待复核", "测试admin"]),
        (
            "/platform/approvals/:id",
            format!("/platform/approvals/{request}"),
            vec!["财务会计", "街道/镇住保窗口", "借调窗口", "撤回", "流转", "还需1人办理", "按流程第1版办理"],
        ),
        (
            "/platform/workflows",
            "/platform/workflows?status=ON".into(),
            vec!["流程定义", "用户授权", "共 6 条", "启用"],
        ),
        (
            "/platform/workflows/:id",
            format!("/platform/workflows/{workflow}"),
            vec!["用户授权 第1版", "5个工作日", "历次版本", "制定新版本"],
        ),
        (
            "/platform/workflows/:id/:action",
            format!("/platform/workflows/{workflow}/edit"),
            vec!["制定新版本", "节点1名称", "增加节点", "method=\"post\" novalidate"],
        ),
        (
            "/platform/dictionaries",
            "/platform/dictionaries?q=户型".into(),
            vec!["数据字典", "D-04", "共 2 条", "新增字典"],
        ),
        (
            "/platform/dictionaries/:id",
            "/platform/dictionaries/D-04".into(),
            vec!["户型", "STUDIO", "一居室", "系统内置字典", "导出字典项"],
        ),
        ("/platform/organizations/:id", "/platform/organizations/tree".into(), vec!["机构树", "甲区", "<details"]),
        (
            "/platform/organizations/:id",
            "/platform/organizations/new?parent=810101".into(),
            vec!["新增机构", "method=\"post\" novalidate", "行政区划代码"],
        ),
        ("/platform/organizations/:id", "/platform/organizations/1?edit=1".into(), vec!["编辑", "留空不修改"]),
        (
            "/platform/dictionaries/:id",
            "/platform/dictionaries/new".into(),
            vec!["新增字典", "method=\"post\" novalidate"],
        ),
        (
            "/platform/calendar",
            "/platform/calendar?year=2026".into(),
            vec!["2026年", "12月", "2026-10-01 工作日", "本年尚未录入", "工作日期限试算"],
        ),
        ("/platform/numbers", "/platform/numbers".into(), vec!["编码规则", "ZC000001", "PD + 年 + 4位流水，每年重置"]),
        (
            "/platform/menus",
            "/platform/menus".into(),
            vec!["菜单管理", "/housing/units", "housing:unit:read", "新增菜单"],
        ),
        ("/platform/jobs", "/platform/jobs".into(), vec!["任务监控", "计划任务", "导入小区数据", "测试district-a"]),
        ("/platform/plans", "/platform/plans".into(), vec!["操作日志存证", "每2秒", "立即运行"]),
        ("/platform/messages", "/platform/messages".into(), vec!["暂无消息"]),
        ("/platform/message-templates", "/platform/message-templates".into(), vec!["任务完成", "站内消息", "{结果}"]),
        (
            "/platform/message-templates/:id",
            "/platform/message-templates/JOB_FAILED".into(),
            vec!["可用占位符：{任务}、{原因}", "预览："],
        ),
        ("/platform/parameters", "/platform/parameters".into(), vec!["地图坐标系", "PRM-07", "WGS84"]),
        ("/platform/parameters/:id", "/platform/parameters/PRM-07".into(), vec!["历次取值"]),
    ]
}
