//! What is wrong with a row, in the words of domain.md §7.0, §7.1 and §7.3: projects, estates, rent standards, and
//! what all sheets have in common. I-02 and organisations have files of their own.

use crate::support::{
    TestDatabase, city,
    sheet::{Cells, columns, complaint, import, importer, row, take, told},
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

#[tokio::test]
async fn a_good_row_of_every_sheet_goes_in() {
    let test = TestDatabase::with_city().await;
    for sheet in SheetKey::ALL {
        if sheet == SheetKey::RentAdjustment {
            crate::support::tenancy::rent_data(&test).await;
        }
        if sheet == SheetKey::MeterReading {
            crate::support::tenancy::meter_data(&test).await;
        }
        if sheet == SheetKey::Contract {
            crate::support::tenancy::lease_data(&test).await;
        }
        if sheet == SheetKey::Binding {
            // Of somebody who is there.
            let city = city::ctx(&test.database, "city").await;
            import(&city, SheetKey::Person, vec![row(SheetKey::Person, &[])]).await;
        }
        complain(&test, importer(sheet), sheet, &[(&[], "")]).await;
    }
}

#[tokio::test]
async fn every_required_column_is_missed() {
    let test = TestDatabase::with_city().await;
    for sheet in SheetKey::ALL {
        for (header, ..) in columns(sheet).into_iter().filter(|(_, required, _)| *required) {
            let expected = format!("第2行【{header}】不能为空");
            complain(
                &test,
                importer(sheet),
                sheet,
                &[(&[(header, "")], &expected), (&[(header, "\u{3000} ")], &expected)],
            )
            .await;
        }
    }
}

#[tokio::test]
async fn every_dictionary_knows_its_values() {
    let test = TestDatabase::with_city().await;
    for sheet in SheetKey::ALL {
        for (header, _, choices) in columns(sheet).into_iter().filter(|(.., choices)| !choices.is_empty()) {
            let expected = format!("【{header}】取值不在字典范围内：没有的值");
            complain(&test, importer(sheet), sheet, &[(&[(header, "没有的值")], &expected)]).await;
            for choice in choices {
                let ctx = city::ctx(&test.database, importer(sheet)).await;
                let said = complaint(&ctx, sheet, &[(header, choice)]).await;
                assert!(!said.contains("取值不在字典范围内"), "{sheet:?} {header} offers {choice}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn texts_have_the_lengths_of_the_specification() {
    let test = TestDatabase::with_city().await;
    for (sheet, header, most) in [
        (SheetKey::Project, "项目名称", 100),
        (SheetKey::Project, "项目地址", 200),
        (SheetKey::Project, "产权单位", 100),
        (SheetKey::Project, "建设单位", 100),
        (SheetKey::Project, "运营主体", 100),
        (SheetKey::Project, "立项批复文号", 50),
        (SheetKey::Project, "规划许可证号", 50),
        (SheetKey::Project, "施工许可证号", 50),
        (SheetKey::Project, "备注", 200),
        (SheetKey::Estate, "小区名称", 100),
        (SheetKey::Estate, "小区地址", 200),
        (SheetKey::Estate, "物业公司", 100),
        (SheetKey::Estate, "联系人", 30),
        (SheetKey::Building, "小区名称", 100),
        (SheetKey::Building, "小区地址", 200),
        (SheetKey::Building, "楼栋号", 20),
        (SheetKey::Building, "单元号", 10),
        (SheetKey::Building, "房号", 20),
        (SheetKey::Building, "租金标准编码", 30),
        (SheetKey::Building, "产权证号", 50),
        (SheetKey::Building, "备注", 200),
        (SheetKey::Calendar, "名称", 30),
        (SheetKey::Organization, "机构编码", 20),
        (SheetKey::Organization, "机构名称", 100),
        (SheetKey::RentStandard, "标准编码", 30),
    ] {
        let ctx = city::ctx(&test.database, importer(sheet)).await;
        let long = format!("【{header}】长度不能超过{most}");
        assert_eq!(complaint(&ctx, sheet, &[(header, &"长".repeat(most + 1))]).await, long, "{sheet:?}");
        // Exactly that long is not too long, whatever else may be wrong with it.
        assert!(!complaint(&ctx, sheet, &[(header, &"长".repeat(most))]).await.contains(&long), "{sheet:?} {header}");
    }
}

/// I-01 (§7.1).
#[tokio::test]
async fn projects() {
    let test = TestDatabase::with_city().await;
    let cases: &[(Cells, &str)] = &[
        (&[("项目名称", "甲项目")], "项目已存在"),
        (&[("项目名称", "甲项目"), ("所属区县", "乙区")], ""),
        (&[("所属区县", "810101")], ""),
        (&[("所属区县", "丁区")], "所属区县不存在"),
        (&[("所属区县", "测试市住房保障中心")], "所属区县不存在"),
        (&[("产权单位", "没有的单位")], "产权单位不存在"),
        (&[("运营主体", "没有的主体")], "运营主体不存在"),
        (&[("运营主体", "安居公司")], ""),
        (&[("计划套数", "0")], "【计划套数】应为大于0的整数"),
        (&[("计划套数", "-5")], "【计划套数】应为大于0的整数"),
        (&[("计划套数", "1.5")], "【计划套数】应为大于0的整数"),
        (&[("计划套数", "１００")], ""),
        (&[("用地面积(㎡)", "-1")], "【用地面积(㎡)】应为不小于0的数字，最多2位小数"),
        (&[("用地面积(㎡)", "0")], ""),
        (&[("总建筑面积(㎡)", "NaN")], "【总建筑面积(㎡)】应为不小于0的数字，最多2位小数"),
        (&[("总建筑面积(㎡)", "1.234")], "【总建筑面积(㎡)】应为不小于0的数字，最多2位小数"),
        (&[("开工日期", "2024/03/01")], "【开工日期】日期格式应为YYYY-MM-DD"),
        (&[("竣工日期", "2024-02-30")], "【竣工日期】日期格式应为YYYY-MM-DD"),
        (&[("交付日期", "明年")], "【交付日期】日期格式应为YYYY-MM-DD"),
        (&[("开工日期", "2024-03-01"), ("竣工日期", "2024-02-29")], "竣工日期不能早于开工日期"),
        (&[("竣工日期", "2024-03-01"), ("交付日期", "2024-02-29")], "交付日期不能早于竣工日期"),
        (&[("开工日期", "2024-03-01"), ("竣工日期", "2024-03-01"), ("交付日期", "2024-03-01")], ""),
        (&[("经度", "113.5")], "【经度】【纬度】【坐标系】须同时填写或同时为空"),
        (&[("坐标系", "WGS84")], "【经度】【纬度】【坐标系】须同时填写或同时为空"),
        (&[("经度", "113.5"), ("纬度", "34.5"), ("坐标系", "WGS84")], ""),
        (&[("经度", "114.5"), ("纬度", "34.5"), ("坐标系", "WGS84")], "坐标不在【甲区】范围内"),
        (&[("经度", "181"), ("纬度", "34.5"), ("坐标系", "WGS84")], "【经度】格式不正确"),
        (&[("经度", "113.5"), ("纬度", "91"), ("坐标系", "WGS84")], "【纬度】格式不正确"),
        (&[("经度", "113.12345678"), ("纬度", "34.5"), ("坐标系", "WGS84")], "【经度】格式不正确"),
        (&[("所属区县", "丙区"), ("经度", "1"), ("纬度", "1"), ("坐标系", "WGS84")], ""),
        (&[("街道", "东街道")], ""),
        (&[("街道", "S1"), ("社区", "一社区")], ""),
        (&[("街道", "西街道")], "街道不存在"),
        (&[("街道", "甲区管理中心")], "街道不存在"),
        (&[("街道", "东街道"), ("社区", "二社区")], "社区不存在"),
        (&[("街道", "南街道"), ("社区", "一社区")], "社区不存在"),
        (&[("社区", "一社区")], "填写【社区】时须同时填写【街道】"),
        (&[("街道", "东街道"), ("所属区县", "乙区")], "街道不存在"),
        (&[("产权单位", "暖心物业")], "产权单位不存在"),
        (&[("产权单位", "M2")], ""),
        (&[("运营主体", "OP1")], ""),
        (
            &[("所属区县", "丁区"), ("产权单位", "甲"), ("运营主体", "乙")],
            "所属区县不存在；产权单位不存在；运营主体不存在",
        ),
        (
            &[("计划套数", "0"), ("开工日期", "2024-03-01"), ("竣工日期", "2024-02-29"), ("交付日期", "2024-02-28")],
            "【计划套数】应为大于0的整数；竣工日期不能早于开工日期；交付日期不能早于竣工日期",
        ),
        (&[("开工日期", "三月"), ("竣工日期", "2024-02-29")], "【开工日期】日期格式应为YYYY-MM-DD"),
        // Several reasons are joined.
        (
            &[("产权单位", "甲"), ("运营主体", "乙"), ("项目名称", "甲项目")],
            "产权单位不存在；运营主体不存在；项目已存在",
        ),
    ];
    streets(&test).await;
    complain(&test, "city", SheetKey::Project, cases).await;
    complain(
        &test,
        "district-a",
        SheetKey::Project,
        &[(&[], ""), (&[("所属区县", "乙区")], "无权导入机构【乙区】的数据")],
    )
    .await;
}

/// A year that PostgreSQL does not know must not take the good rows of the file with it.
#[tokio::test]
async fn dates_beyond_the_calendar_are_complaints() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let rows =
        vec![row(SheetKey::Project, &[("开工日期", "0000-01-01")]), row(SheetKey::Project, &[("项目名称", "好项目")])];
    let mut import = store::import::Import::start(&ctx, SheetKey::Project, true).await.expect("started");
    let outcome = import.chunk(crate::support::sheet::numbered(rows), None).await.expect("the chunk is not lost");
    assert_eq!((outcome.succeeded, told(&outcome)), (1, vec![(2, "【开工日期】日期格式应为YYYY-MM-DD".to_owned())]));
}

#[tokio::test]
async fn a_project_is_stored_as_written() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    let cells: Cells = &[
        ("项目名称", "<script>alert('1')</script>"),
        ("备注", "a & b \" ' \\ %"),
        ("用地面积(㎡)", "1234.5"),
        ("总投资(元)", "100000000.01"),
        ("经度", "113.5"),
        ("纬度", "34.5"),
        ("坐标系", "WGS84"),
        ("开工日期", "2024-03-01"),
        ("街道", "  "),
    ];
    import(&ctx, SheetKey::Project, vec![row(SheetKey::Project, cells)]).await;
    let project = stored(&test, "project", "name like '<script%'").await;
    assert_eq!(project["name"], "<script>alert('1')</script>");
    assert_eq!(project["remark"], "a & b \" ' \\ %");
    assert_eq!(
        (&project["land_area"], &project["total_invest_fen"]),
        (&Value::from(123_450), &Value::from(10_000_000_001_i64))
    );
    assert_eq!(
        (&project["lng"], &project["map_lng"], &project["coordinate_system"]),
        (&Value::from(113.5), &Value::from(113.5), &Value::from("WGS84"))
    );
    assert_eq!((&project["start_on"], &project["street"]), (&Value::from("2024-03-01"), &Value::Null));
    assert_eq!(project["created_by"], ctx.actor().id.0);
    assert!(project["code"].as_str().is_some_and(|code| code.starts_with("XM")));
}

/// 东街道 with 一社区, and 南街道 with none, in 甲区.
async fn streets(test: &TestDatabase) {
    let place = |code, name, kind, above| {
        row(
            SheetKey::Organization,
            &[("机构编码", code), ("机构名称", name), ("类型", kind), ("上级", above), ("行政区划代码", "810101")],
        )
    };
    let rows = vec![
        place("S1", "东街道", "街道", "甲区"),
        place("S2", "南街道", "街道", "甲区"),
        place("C1", "一社区", "社区", "东街道"),
    ];
    import(&city::ctx(&test.database, "admin").await, SheetKey::Organization, rows).await;
}

#[tokio::test]
async fn a_street_is_stored_by_its_name() {
    let test = TestDatabase::with_city().await;
    streets(&test).await;
    let ctx = city::ctx(&test.database, "city").await;
    for sheet in [SheetKey::Project, SheetKey::Estate] {
        import(&ctx, sheet, vec![row(sheet, &[("街道", "S1"), ("社区", "C1")])]).await;
        let made = stored(&test, sheet.code(), "name in ('新项目', '新苑')").await;
        assert_eq!((&made["street"], &made["community"]), (&Value::from("东街道"), &Value::from("一社区")));
    }
}

/// I-03 (§7.3).
#[tokio::test]
async fn estates() {
    let test = TestDatabase::with_city().await;
    streets(&test).await;
    let cases: &[(Cells, &str)] = &[
        (&[("小区名称", "阳光苑")], "小区已存在"),
        (&[("小区名称", "阳光苑"), ("所属区县", "乙区")], ""),
        (&[("所属区县", "丁区")], "所属区县不存在"),
        (&[("物业公司", "没有的公司")], "物业公司不存在"),
        (&[("物业公司", "暖心物业"), ("运营主体", "宜居公司")], ""),
        (&[("物业公司", "安居公司")], "物业公司不存在"),
        (&[("物业公司", "PC1"), ("运营主体", "OP2"), ("街道", "东街道"), ("社区", "C1")], ""),
        (&[("街道", "西街道"), ("物业公司", "没有")], "物业公司不存在；街道不存在"),
        (&[("社区", "一社区")], "填写【社区】时须同时填写【街道】"),
        (&[("运营主体", "没有的主体")], "运营主体不存在"),
        (&[("规划户数", "-1")], "【规划户数】应为不小于0的整数"),
        (&[("规划户数", "0")], ""),
        (&[("车位数", "两百")], "【车位数】应为不小于0的整数"),
        (&[("绿化率(%)", "100.01")], "【绿化率(%)】应为0到100之间的数字，最多2位小数"),
        (&[("绿化率(%)", "-1")], "【绿化率(%)】应为0到100之间的数字，最多2位小数"),
        (&[("绿化率(%)", "100.00")], ""),
        (&[("联系电话", "12345")], "【联系电话】格式不正确"),
        (&[("联系电话", "０３７１-６３３９００００")], ""),
        (&[("纬度", "34.5")], "【经度】【纬度】【坐标系】须同时填写或同时为空"),
        (&[("经度", "112.9"), ("纬度", "34.5"), ("坐标系", "WGS84")], "坐标不在【甲区】范围内"),
    ];
    complain(&test, "city", SheetKey::Estate, cases).await;
    for login in ["district-a", "entry"] {
        let expected = if login == "entry" { "无权导入机构【甲区】的数据" } else { "" };
        complain(
            &test,
            login,
            SheetKey::Estate,
            &[(&[], expected), (&[("所属区县", "乙区")], "无权导入机构【乙区】的数据")],
        )
        .await;
    }
}

/// Who may enter estates may not entrust them: that gives sight of them away.
#[tokio::test]
async fn a_clerk_entrusts_no_estate() {
    let test = TestDatabase::with_city().await;
    // A clerk of the whole district, not of single estates.
    sqlx::query("delete from user_estate").execute(&test.admin).await.expect("cleared");
    let cases: &[(Cells, &str)] = &[
        (&[], ""),
        (&[("运营主体", "安居公司")], "运营主体由市、区县住房保障部门指定，请留空"),
        (&[("物业公司", "暖心物业")], "物业公司由市、区县住房保障部门指定，请留空"),
    ];
    complain(&test, "entry", SheetKey::Estate, cases).await;
    for (changes, _) in cases {
        complain(&test, "district-a", SheetKey::Estate, &[(*changes, "")]).await;
    }
}

/// Rent standards (E-17).
#[tokio::test]
async fn rent_standards() {
    let test = TestDatabase::with_city().await;
    let rate = "单价(元/㎡·月)";
    let cases: &[(Cells, &str)] = &[
        (&[("标准编码", "ZJ-01")], "租金标准已存在"),
        (&[("适用区县", "乙区")], ""),
        (&[("适用区县", "丁区")], "所属区县不存在"),
        (&[(rate, "0")], "【单价(元/㎡·月)】应为大于0的数字，最多4位小数"),
        (&[(rate, "-2.6")], "【单价(元/㎡·月)】应为不小于0的数字，最多4位小数"),
        (&[(rate, "2.60001")], "【单价(元/㎡·月)】应为不小于0的数字，最多4位小数"),
        (&[(rate, "300000")], "【单价(元/㎡·月)】应为不小于0的数字，最多4位小数"),
        (&[(rate, "２.６")], ""),
        (&[("失效日期", "2025-12-31")], "失效日期不能早于生效日期"),
        (&[("失效日期", "2026-01-01")], ""),
        (&[("生效日期", "20260101")], "【生效日期】日期格式应为YYYY-MM-DD"),
    ];
    complain(&test, "city", SheetKey::RentStandard, cases).await;
    let city = city::ctx(&test.database, "city").await;
    import(
        &city,
        SheetKey::RentStandard,
        vec![row(SheetKey::RentStandard, &[("适用区县", "810101"), (rate, "2.6543")])],
    )
    .await;
    let standard = stored(&test, "rent_standard", "code = 'ZJ-09'").await;
    assert_eq!(
        (&standard["unit_rate"], &standard["basis"], &standard["valid_to"]),
        (&Value::from(26_543), &Value::from("USABLE"), &Value::Null)
    );
}

/// Who may not write a noun may not import it either, nor check a file of it.
#[tokio::test]
async fn who_may_import_what() {
    let test = TestDatabase::with_city().await;
    for (login, may) in [
        ("admin", vec![SheetKey::Organization, SheetKey::User, SheetKey::Calendar]),
        (
            "city",
            vec![
                SheetKey::RentStandard,
                SheetKey::Project,
                SheetKey::Estate,
                SheetKey::Building,
                SheetKey::Room,
                SheetKey::Person,
            ],
        ),
        ("district-a", vec![SheetKey::Project, SheetKey::Estate, SheetKey::Building, SheetKey::Room]),
        (
            "operator",
            vec![
                SheetKey::Estate,
                SheetKey::Building,
                SheetKey::Room,
                SheetKey::Person,
                SheetKey::Binding,
                SheetKey::MeterReading,
            ],
        ),
        ("leader", vec![]),
        ("finance", vec![SheetKey::RentAdjustment]),
        (
            "entry",
            vec![
                SheetKey::Estate,
                SheetKey::Building,
                SheetKey::Room,
                SheetKey::Person,
                SheetKey::Binding,
                SheetKey::MeterReading,
                SheetKey::Contract,
                SheetKey::TakeOver,
            ],
        ),
    ] {
        let ctx = city::ctx(&test.database, login).await;
        for sheet in SheetKey::ALL {
            for write in [false, true] {
                let started = store::import::Import::start(&ctx, sheet, write).await;
                assert_eq!(started.is_ok(), may.contains(&sheet), "{login} {sheet:?}");
            }
        }
    }
    let operator = city::ctx(&test.database, "operator").await;
    let outcome = take(&operator, SheetKey::Building, true, vec![row(SheetKey::Building, &[])]).await;
    assert_eq!(told(&outcome), [(2, "无权导入机构【甲区】的数据".to_owned())], "an operator makes no estates");
}
