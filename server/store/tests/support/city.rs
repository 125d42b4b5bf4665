//! A small city with two walls in it: two districts with stock, an operator of one estate, and an account
//! for every kind of scope. Made by the same functions as a real one.
//!
//! | estate | district | operator | buildings | units |
//! |---|---|---|---|---|
//! | 阳光苑 | 甲区 | 安居公司 | 1号楼, 10号楼 | 12 + 2 |
//! | 月光苑 | 甲区 | | 1号楼 | 4 |
//! | 星光苑 | 乙区 | | 2号楼 | 6 |

use super::sheet::{import, row};
use chrono::Utc;
use domain::{import::SheetKey, platform::setting::code, value::BoundingBox};
use serde_json::json;
use store::{
    Ctx, Database,
    platform::{
        division::division_put,
        organization::city_seed,
        setting::setting_put,
        user::{NewUser, UserRef, user_create, user_ctx},
    },
};

/// The password of every account here.
pub const PASSWORD: &str = "Correct-Horse-7";
/// Units in the whole city, in 甲区, in 乙区, and in the operator's estate.
pub const UNITS: i64 = 24;
pub const UNITS_A: i64 = 18;
pub const UNITS_B: i64 = 6;
pub const UNITS_SUN: i64 = 14;

/// Login, role and organisation of the accounts.
pub const ACCOUNTS: [(&str, &str, &str); 14] = [
    ("admin", "SYS_ADMIN", "CITY"),
    ("security", "SEC_ADMIN", "CITY"),
    ("city-check", "CITY_CHECK", "CITY"),
    ("leader", "CITY_LEADER", "CITY"),
    ("city", "CITY", "CITY"),
    ("auditor", "AUDITOR", "CITY"),
    ("district-a", "DISTRICT", "810101"),
    ("district-b", "DISTRICT", "810102"),
    ("operator", "OPERATOR", "OP1"),
    // Looks after 月光苑 alone.
    ("entry", "ENTRY", "810101"),
    ("finance", "FINANCE", "810101"),
    ("approver", "PROPERTY_APPROVER", "810101"),
    ("cashier", "CASHIER", "810101"),
    ("finhead", "FIN_HEAD", "810101"),
];

/// The context of an account.
pub async fn ctx(database: &Database, login: &str) -> Ctx {
    user_ctx(database, UserRef::Login(login), Utc::now()).await.unwrap_or_else(|error| panic!("{login}: {error}"))
}

/// Fills a migrated database.
pub async fn fill(database: &Database) {
    city_seed(database, "CITY", "测试市住房保障中心", "810000").await.expect("the city");
    setting_put(database, code::MAP_SYSTEM, "WGS84").await.expect("the map's system");
    // Tests sign in with passwords alone, except those of the second factor.
    setting_put(database, code::SECOND_FACTOR, "false").await.expect("no second factor");
    for (login, role, organization) in ACCOUNTS.iter().filter(|account| account.2 == "CITY") {
        account(database, login, role, organization).await;
    }
    let admin = ctx(database, "admin").await;
    import(&admin, SheetKey::Organization, organizations()).await;
    for (login, role, organization) in ACCOUNTS.iter().filter(|account| account.2 != "CITY") {
        account(database, login, role, organization).await;
    }
    let city = ctx(database, "city").await;
    for (code, name, min_lng) in [("810101", "甲区", 113.0), ("810102", "乙区", 114.0)] {
        let bounds = BoundingBox { min_lng, min_lat: 34.0, max_lng: min_lng + 1.0, max_lat: 35.0 };
        let corners = json!([[[
            [min_lng, 34.0],
            [min_lng + 1.0, 34.0],
            [min_lng + 1.0, 35.0],
            [min_lng, 35.0],
            [min_lng, 34.0]
        ]]]);
        division_put(&city, code, name, &json!({"type": "MultiPolygon", "coordinates": corners}), bounds)
            .await
            .expect("an outline");
    }
    let city = ctx(database, "city").await;
    import(&city, SheetKey::RentStandard, rent_standards()).await;
    import(&city, SheetKey::Project, projects()).await;
    import(&city, SheetKey::Estate, estates()).await;
    import(&city, SheetKey::Building, units()).await;
    let mut owner = database.owner().begin().await.expect("the owner works");
    sqlx::query("select set_config('app.districts', '*', true), set_config('app.platform', 'on', true)")
        .execute(&mut *owner)
        .await
        .expect("a scope");
    let assigned = sqlx::query(
        "insert into user_estate select u.id, e.id from app_user u, estate e where u.login = 'entry' and e.name = '月光苑'",
    );
    assert_eq!(assigned.execute(&mut *owner).await.expect("an assignment").rows_affected(), 1);
    owner.commit().await.expect("the assignment is kept");
}

async fn account(database: &Database, login: &str, role: &str, organization: &str) {
    let user = NewUser {
        login,
        name: &format!("测试{login}"),
        organization_code: organization,
        roles: &[role],
        password: PASSWORD.to_owned(),
        must_change_password: false,
        demo: false,
    };
    assert!(user_create(database, user).await.expect("an account"), "{login}");
}

fn organizations() -> Vec<Vec<String>> {
    let district = |code, name| {
        row(
            SheetKey::Organization,
            &[("机构编码", code), ("机构名称", name), ("类型", "区县"), ("上级", "CITY"), ("行政区划代码", code)],
        )
    };
    let unit = |code, name, district| {
        row(
            SheetKey::Organization,
            &[("机构编码", code), ("机构名称", name), ("上级", district), ("行政区划代码", district)],
        )
    };
    let company = |code, name, kind, uscc| {
        row(
            SheetKey::Organization,
            &[
                ("机构编码", code),
                ("机构名称", name),
                ("类型", kind),
                ("上级", "CITY"),
                ("行政区划代码", "810000"),
                ("统一社会信用代码", uscc),
            ],
        )
    };
    vec![
        district("810101", "甲区"),
        district("810102", "乙区"),
        district("810103", "丙区"),
        unit("M1", "甲区管理中心", "810101"),
        unit("M2", "乙区管理中心", "810102"),
        company("OP1", "安居公司", "运营主体", "91990100MA0000001G"),
        company("OP2", "宜居公司", "运营主体", "91350100M000100Y43"),
        company("PC1", "暖心物业", "物业公司", "91990100MA0000002K"),
    ]
}

fn rent_standards() -> Vec<Vec<String>> {
    vec![
        row(SheetKey::RentStandard, &[("标准编码", "ZJ-01"), ("标准名称", "一号标准")]),
        row(
            SheetKey::RentStandard,
            &[("标准编码", "ZJ-02"), ("标准名称", "过期标准"), ("生效日期", "2020-01-01"), ("失效日期", "2020-12-31")],
        ),
        row(SheetKey::RentStandard, &[("标准编码", "ZJ-03"), ("标准名称", "将来标准"), ("生效日期", "2999-01-01")]),
    ]
}

fn projects() -> Vec<Vec<String>> {
    let project = |name, district, category| {
        row(SheetKey::Project, &[("项目名称", name), ("所属区县", district), ("住房类别", category)])
    };
    vec![
        project("甲项目", "甲区", "公租房"),
        project("甲经适项目", "甲区", "经适房"),
        project("乙项目", "乙区", "公租房"),
    ]
}

fn estates() -> Vec<Vec<String>> {
    let estate = |name, district, changes: &[(&str, &str)]| {
        let mut all = vec![("小区名称", name), ("所属区县", district), ("小区地址", "光明路1号")];
        all.extend(changes);
        row(SheetKey::Estate, &all)
    };
    vec![
        estate(
            "阳光苑",
            "甲区",
            &[
                ("运营主体", "安居公司"),
                ("物业公司", "暖心物业"),
                ("经度", "113.5"),
                ("纬度", "34.5"),
                ("坐标系", "WGS84"),
            ],
        ),
        estate("月光苑", "甲区", &[]),
        estate("星光苑", "乙区", &[("经度", "114.5"), ("纬度", "34.5"), ("坐标系", "WGS84")]),
    ]
}

/// Both entrances of the first building have two rooms on each of three floors; statuses are mixed.
fn units() -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut unit = |estate, building, entrance: &str, floor: u8, door: u8, status| {
        let (district, project, center) = if estate == "星光苑" {
            ("乙区", "乙项目", "乙区管理中心")
        } else {
            ("甲区", "甲项目", "甲区管理中心")
        };
        let (floor, room) = (floor.to_string(), format!("{floor}{door:02}"));
        rows.push(row(
            SheetKey::Building,
            &[
                ("项目名称", project),
                ("小区名称", estate),
                ("所属区县", district),
                ("小区地址", "光明路1号"),
                ("楼栋号", building),
                ("地上层数", "6"),
                ("单元号", entrance),
                ("楼层", &floor),
                ("房号", &room),
                ("住房管理单位", center),
                ("状态", status),
            ],
        ));
    };
    for (entrance, status) in [("1", "已入住"), ("2", "闲置房")] {
        for (floor, door) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)] {
            unit("阳光苑", "1号楼", entrance, floor, door, status);
        }
    }
    unit("阳光苑", "10号楼", "1", 1, 1, "闲置房");
    unit("阳光苑", "10号楼", "1", 1, 2, "筹建中");
    for (door, status) in [(1, "闲置房"), (2, "闲置房"), (3, "已入住"), (4, "已售")] {
        unit("月光苑", "1号楼", "1", 1, door, status);
    }
    for (floor, door) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)] {
        unit("星光苑", "2号楼", "1", floor, door, if floor == 1 { "闲置房" } else { "已入住" });
    }
    rows
}
