//! Organisations (E-01): what is wrong with a row, whom it hangs below, who becomes an operator.

use crate::support::{
    TestDatabase, city,
    sheet::{Cells, complaint, import, row, take, told},
};
use domain::import::SheetKey;
use serde_json::Value;

/// Every case: the cells that differ from a good row, and the complaint.
async fn complain(test: &TestDatabase, login: &str, sheet: SheetKey, cases: &[(Cells<'_>, &str)]) {
    let ctx = city::ctx(&test.database, login).await;
    for (changes, expected) in cases {
        assert_eq!(complaint(&ctx, sheet, changes).await, *expected, "{login} {sheet:?} {changes:?}");
    }
}

/// The row that an import made, as JSON.
async fn stored(test: &TestDatabase, table: &str, condition: &str) -> Value {
    let sql = format!("select to_jsonb(t) from {table} t where {condition}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{table} {condition}: {error}"))
}

/// Organisations: the required fields of E-01 (§7.0).
#[tokio::test]
async fn organizations() {
    let test = TestDatabase::with_city().await;
    let company = "91990100MA0000002K";
    let cases: &[(Cells, &str)] = &[
        (&[("机构编码", "M1")], "机构编码已存在"),
        (&[("机构名称", "甲区管理中心")], "同级机构名称重复"),
        (&[("机构名称", "甲区管理中心"), ("上级", "甲区")], "同级机构名称重复"),
        (&[("机构名称", "甲区管理中心"), ("上级", "810102")], ""),
        (&[("上级", "没有的机构")], "上级机构【没有的机构】不存在"),
        (&[("上级", "")], "除市级机构外须填写【上级】"),
        (&[("类型", "运营主体")], "企业须填写【统一社会信用代码】"),
        (&[("类型", "物业公司"), ("统一社会信用代码", company)], ""),
        (&[("统一社会信用代码", "91990100MA0000002L")], "统一社会信用代码校验不通过"),
        (&[("行政区划代码", "8101")], "【行政区划代码】格式不正确"),
        (&[("行政区划代码", "８１０１０１")], ""),
        (&[("联系电话", "abc")], "【联系电话】格式不正确"),
        (&[("排序", "一")], "【排序】格式不正确"),
        (&[("状态", "停用")], ""),
        (&[("状态", "")], "第2行【状态】不能为空"),
        (&[("类型", "街道"), ("上级", "CITY")], "【上级】应为区县"),
        (&[("类型", "社区"), ("上级", "甲区")], "【上级】应为街道"),
        (&[("类型", "区县"), ("上级", "甲区")], "【上级】应为市"),
        (&[("机构编码", "M1"), ("类型", "银行"), ("上级", "没有的机构")], "企业须填写【统一社会信用代码】"),
        (&[("机构编码", "M1"), ("上级", "没有的机构")], "上级机构【没有的机构】不存在；机构编码已存在"),
        (&[("机构编码", "M1"), ("机构名称", "甲区管理中心")], "机构编码已存在；同级机构名称重复"),
    ];
    complain(&test, "admin", SheetKey::Organization, cases).await;
}

/// Two operators of one name in different places: the second is a row that fails, not a file that breaks.
#[tokio::test]
async fn a_second_operator_of_one_name_is_a_complaint() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "admin").await;
    let second = row(
        SheetKey::Organization,
        &[
            ("机构编码", "OP9"),
            ("机构名称", "安居公司"),
            ("类型", "运营主体"),
            ("上级", "810101"),
            ("统一社会信用代码", "91990100MA0000001G"),
        ],
    );
    for write in [false, true] {
        let mut import = store::import::Import::start(&ctx, SheetKey::Organization, write).await.expect("started");
        let outcome = import
            .chunk(crate::support::sheet::numbered(vec![second.clone()]), None)
            .await
            .expect("the chunk is not lost");
        assert_eq!(told(&outcome), [(2, "运营主体已存在".to_owned())], "write: {write}");
    }
}

#[tokio::test]
async fn organizations_hang_below_each_other() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "admin").await;
    let rows = vec![
        row(
            SheetKey::Organization,
            &[("机构编码", "810104"), ("机构名称", "丁区"), ("类型", "区县"), ("上级", "CITY")],
        ),
        row(SheetKey::Organization, &[("机构编码", "S1"), ("机构名称", "东街道"), ("类型", "街道"), ("上级", "丁区")]),
        row(SheetKey::Organization, &[("机构编码", "C1"), ("机构名称", "一社区"), ("类型", "社区"), ("上级", "S1")]),
    ];
    import(&ctx, SheetKey::Organization, rows).await;
    let district = stored(&test, "organization", "code = '810104'").await;
    assert_eq!(district["district_id"], district["id"], "a district is its own district");
    for code in ["S1", "C1"] {
        assert_eq!(
            stored(&test, "organization", &format!("code = '{code}'")).await["district_id"],
            district["id"],
            "{code}"
        );
    }
    assert_eq!(
        stored(&test, "operator", "code = 'OP1'").await["name"],
        "安居公司",
        "who runs estates is an operator with the same row"
    );
}

/// A superior of a name that several bear: the one of the row's district, or the code must say it.
#[tokio::test]
async fn the_superior_of_the_own_district_is_meant() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "admin").await;
    let place = |code, name, kind, above, division| {
        row(
            SheetKey::Organization,
            &[("机构编码", code), ("机构名称", name), ("类型", kind), ("上级", above), ("行政区划代码", division)],
        )
    };
    let rows = vec![
        place("SB", "东街道", "街道", "乙区", "810102001"),
        place("SA", "东街道", "街道", "甲区", "810101001"),
        place("CA", "一社区", "社区", "东街道", "810101001001"),
        place("CB", "一社区", "社区", "东街道", "810102001001"),
        place("CC", "三社区", "社区", "东街道", "810103001001"),
        place("CD", "四社区", "社区", "SB", "810103001001"),
    ];
    let ambiguous = vec![(6, "【上级】有多个同名机构，请填写机构编码".to_owned())];
    for write in [false, true] {
        let outcome = take(&ctx, SheetKey::Organization, write, rows.clone()).await;
        assert_eq!((outcome.succeeded, told(&outcome)), (5, ambiguous.clone()), "write: {write}");
    }
    for (code, above) in [("CA", "SA"), ("CB", "SB"), ("CD", "SB")] {
        let parent = stored(&test, "organization", &format!("code = '{code}'")).await["parent_id"].clone();
        assert_eq!(stored(&test, "organization", &format!("id = {parent}")).await["code"], above, "{code}");
    }
}

/// Only an organisation of type 运营主体 is entrusted with estates, as long as it is not switched off.
#[tokio::test]
async fn operators_are_organizations_of_that_type() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "admin").await;
    let company = |code, name, kind| {
        row(
            SheetKey::Organization,
            &[
                ("机构编码", code),
                ("机构名称", name),
                ("类型", kind),
                ("上级", "CITY"),
                ("状态", "停用"),
                ("统一社会信用代码", "91350100M000100Y43"),
            ],
        )
    };
    let rows = vec![company("E1", "新厂", "运营主体"), company("E2", "新物业", "物业公司")];
    import(&ctx, SheetKey::Organization, rows).await;
    for (code, status) in [("OP1", "ON"), ("E1", "OFF")] {
        let operator = stored(&test, "operator", &format!("code = '{code}'")).await;
        assert_eq!((&operator["type"], &operator["status"]), (&Value::from("STATE"), &Value::from(status)), "{code}");
        assert_eq!(stored(&test, "organization", &format!("code = '{code}'")).await["status"], status, "{code}");
    }
    let others: i64 = sqlx::query_scalar("select count(*) from operator where code in ('PC1', 'E2')")
        .fetch_one(&test.admin)
        .await
        .expect("counted");
    assert_eq!(others, 0, "who serves an estate does not run it");
    let city = city::ctx(&test.database, "city").await;
    assert_eq!(
        complaint(&city, SheetKey::Estate, &[("运营主体", "新厂")]).await,
        "运营主体不存在",
        "it is switched off"
    );
}
