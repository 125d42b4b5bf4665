//! Homes that are being let in 阳光苑, and the pages that show them.

use super::{Site, city};
use domain::{
    id::{AssignmentId, ContractId, PersonId, UnitId},
    person::PersonForm,
    tenancy::{assignment::AssignmentForm, contract_form::ContractForm},
};
use store::{
    person::person_create,
    platform::user::{NewUser, user_create},
    tenancy::{
        assignment::{assignment_create, assignment_decide},
        contract::contract_create,
    },
};

/// Who draws up contracts for the whole of 甲区; the small city's clerk looks after another estate.
pub const CLERK: &str = "clerk-a";

/// A tenant whom 甲区 keeps; `nth` tells one from the other.
pub async fn tenant(site: &Site, nth: u8) -> PersonId {
    let form = PersonForm {
        name: format!("待租户{nth}"),
        person_type: "TENANT".into(),
        organization: site.id("select id from organization where code = '810101'").await.to_string(),
        id_type: "PASSPORT".into(),
        id_number: format!("T100000{nth}"),
        phone: format!("1390000000{nth}"),
        bank_name: "测试银行".into(),
        bank_no: super::tenancy::BANK.into(),
        ..PersonForm::default()
    };
    person_create(&city::ctx(&site.test.database, "city").await, &form).await.expect("a person")
}

/// A vacant home of 阳光苑, those first that others do not take: neither the first one nor those that are made for them.
pub async fn vacant(site: &Site) -> UnitId {
    let free = "select u.id from unit u join estate e on e.id = u.estate_id
                where e.name = '阳光苑' and u.status = 'VACANT' and u.room_no < '800'
                  and not exists (select from assignment a where a.unit_id = u.id) order by u.id desc limit 1";
    UnitId(site.id(free).await)
}

/// The city proposes a home for a person.
pub async fn proposed(site: &Site, nth: u8) -> AssignmentId {
    let form = AssignmentForm {
        person: tenant(site, nth).await.to_string(),
        unit: vacant(site).await.to_string(),
        reason: "特殊困难".into(),
        document_no: String::new(),
    };
    assignment_create(&city::ctx(&site.test.database, "city").await, &form).await.expect("an assignment")
}

/// The same, confirmed by the district.
pub async fn confirmed(site: &Site, nth: u8) -> AssignmentId {
    let id = proposed(site, nth).await;
    let district = city::ctx(&site.test.database, "district-a").await;
    // Without the working days of the year there is no last day for signing; others look at a calendar that is empty.
    let known = "insert into holiday (date, kind, name)
                 select make_date(extract(year from now())::int + n, 1, 1), 'REST', '暂录' from generate_series(0, 1) as n
                 on conflict do nothing";
    sqlx::query(known).execute(&site.test.admin).await.expect("a calendar");
    assignment_decide(&district, id, 1, true, "").await.expect("a confirmation");
    sqlx::query("delete from holiday where name = '暂录'").execute(&site.test.admin).await.expect("an empty calendar");
    id
}

/// The clerk, and a contract of his.
pub async fn contract(site: &Site, form: &ContractForm, submit: bool) -> ContractId {
    let user = NewUser {
        login: CLERK,
        name: "测试录入员",
        organization_code: "810101",
        roles: &["ENTRY"],
        password: city::PASSWORD.into(),
        must_change_password: false,
        demo: false,
    };
    user_create(&site.test.database, user).await.expect("the clerk");
    contract_create(&city::ctx(&site.test.database, CLERK).await, form, submit).await.expect("a contract")
}

/// What the pages are about: an assignment that waits, one that is to be signed, and a contract that waits.
pub struct Tenancy {
    pub proposed: AssignmentId,
    pub confirmed: AssignmentId,
    pub contract: ContractId,
}

pub async fn tenancy(site: &Site) -> Tenancy {
    let first = confirmed(site, 0).await;
    Tenancy {
        contract: contract(site, &super::tenancy::form(first), true).await,
        proposed: proposed(site, 1).await,
        confirmed: confirmed(site, 2).await,
    }
}

/// Address pattern, address, and texts that stand there; for the city, and for the clerk.
pub type Pages = Vec<(&'static str, String, Vec<&'static str>)>;

pub fn pages(at: &Tenancy) -> (Pages, Pages) {
    let city: Pages = vec![
        (
            "/tenancy/:noun",
            "/tenancy/assignments".into(),
            vec!["直接分配", "待租户1", "待复核", "待签约", "共 3 条", "已选房待签约", "待我复核"],
        ),
        ("/tenancy/:noun", "/tenancy/assignments?signing=OPEN&sort=checked_at".into(), vec!["待租户2", "共 1 条"]),
        ("/tenancy/:noun", "/tenancy/assignments?turn=MINE".into(), vec!["没有符合条件的记录"]),
        (
            "/tenancy/:noun",
            "/tenancy/contracts".into(),
            vec!["合同管理", "待租户0", "待审批", "111.80", "待编号", "共 1 条", "即将到期"],
        ),
        ("/tenancy/:noun", "/tenancy/contracts?ending=SOON".into(), vec!["没有符合条件的记录"]),
        (
            "/tenancy/assignments/new",
            "/tenancy/assignments/new".into(),
            vec!["办理直接分配", "method=\"post\" novalidate", "分配原因"],
        ),
        (
            "/tenancy/assignments/:id",
            format!("/tenancy/assignments/{}", at.proposed),
            vec!["直接分配：待租户1", "待复核", "特殊困难", "等待其他复核人复核", "撤销分配"],
        ),
        (
            "/tenancy/assignments/:id",
            format!("/tenancy/assignments/{}", at.confirmed),
            vec!["直接分配：待租户2", "待签约", "测试district-a", "签约截止"],
        ),
        (
            "/tenancy/contracts/:id",
            format!("/tenancy/contracts/{}", at.contract),
            vec!["合同 待编号", "待审批", "未同步", "测试录入员", "T****00", "使用面积", "使用面积 43.00㎡"],
        ),
        (
            "/tenancy/contracts/:id",
            format!("/tenancy/contracts/{}?tab=plan", at.contract),
            vec!["费用明细", "共60期", "6,708.00", "111.80"],
        ),
        (
            "/tenancy/contracts/:id",
            format!("/tenancy/contracts/{}?tab=history", at.contract),
            vec!["办理记录", "提交审批", "待提交", "待审批"],
        ),
        (
            "/tenancy/contracts/approve",
            "/tenancy/contracts/approve".into(),
            vec!["请先在待我审批的合同中勾选要审批的合同"],
        ),
        (
            "/tenancy/contracts/approve",
            format!("/tenancy/contracts/approve?contract={}.2&contract=x", at.contract),
            vec!["待租户0", "您没有审批合同的权限"],
        ),
    ];
    let clerk: Pages = vec![
        (
            "/tenancy/contracts/new",
            "/tenancy/contracts/new".into(),
            vec!["请在“直接分配”的已选房待签约中选择房源后签订"],
        ),
        (
            "/tenancy/contracts/new",
            format!("/tenancy/contracts/new?assignment={}", at.confirmed),
            vec![
                "签订租赁合同",
                "待租户2",
                "111.80",
                "保存草稿",
                "重置",
                "返回",
                "测试银行",
                "method=\"post\" novalidate",
            ],
        ),
        (
            "/tenancy/contracts/:id/edit",
            format!("/tenancy/contracts/{}/edit", at.contract),
            vec!["修改租赁合同", "待租户0", "留空使用已有账号"],
        ),
        (
            "/tenancy/assignments/:id",
            format!("/tenancy/assignments/{}", at.confirmed),
            vec!["签订", "/tenancy/contracts/new?assignment="],
        ),
    ];
    (city, clerk)
}
