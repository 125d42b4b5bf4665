//! I-02 建筑信息 (domain.md §7.2): one row makes estate, building, unit, room and history.

use crate::support::{
    TestDatabase, city,
    sheet::{Cells, complaint, import, numbered, row, take, told},
};
use domain::import::SheetKey;
use serde_json::Value;
use store::{Ctx, import::Import};

const SHEET: SheetKey = SheetKey::Building;

async fn stored(test: &TestDatabase, table: &str, condition: &str) -> Value {
    let sql = format!("select to_jsonb(t) from {table} t where {condition}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&test.admin)
        .await
        .unwrap_or_else(|error| panic!("{table} {condition}: {error}"))
}

async fn count(test: &TestDatabase, what: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
        .fetch_one(&test.admin)
        .await
        .expect("a count")
}

/// The cells that differ from a good row of a new building, and the complaint about them.
const ABOUT_ONE_ROW: &[(Cells, &str)] = &[
    (&[("项目名称", "没有的项目")], "项目【没有的项目】不存在，请先导入项目"),
    (&[("项目名称", "乙项目")], "项目【乙项目】不存在，请先导入项目"),
    (&[("所属区县", "丁区")], "所属区县不存在"),
    (&[("地上层数", "0")], "【地上层数】应为1至60之间的整数"),
    (&[("地上层数", "61")], "【地上层数】应为1至60之间的整数"),
    (&[("地上层数", "60"), ("楼层", "60")], ""),
    (&[("地上层数", "3"), ("楼层", "4")], "【楼层】不能大于地上层数"),
    (&[("楼层", "0")], "【楼层】不能为0层"),
    (&[("楼层", "-4")], "【楼层】应为-3至60之间的整数"),
    (&[("楼层", "61")], "【楼层】应为-3至60之间的整数"),
    (&[("楼层", "1.0")], "【楼层】应为-3至60之间的整数"),
    (&[("楼层", "－３")], ""),
    (&[("建筑面积(㎡)", "-57")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("建筑面积(㎡)", "0")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("建筑面积(㎡)", "NaN")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("建筑面积(㎡)", "1e2")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("建筑面积(㎡)", "57.001")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("建筑面积(㎡)", "300.01")], "【建筑面积(㎡)】不能大于300"),
    (&[("建筑面积(㎡)", "300"), ("使用面积(㎡)", "300.00")], ""),
    (&[("建筑面积(㎡)", "５７．５")], ""),
    (&[("使用面积(㎡)", "57.01")], "使用面积不能大于建筑面积"),
    (&[("使用面积(㎡)", "+43")], "【使用面积(㎡)】应为大于0的数字，最多2位小数"),
    (&[("套内面积(㎡)", "57.01")], "套内面积不能大于建筑面积"),
    (&[("住房管理单位", "没有的中心")], "住房管理单位【没有的中心】不存在"),
    (&[("租金标准编码", "")], "第2行【租金标准编码】不能为空"),
    (&[("租金标准编码", ""), ("住房类别", "廉租房")], "第2行【租金标准编码】不能为空"),
    (&[("租金标准编码", ""), ("住房类别", "人才房")], ""),
    (&[("租金标准编码", ""), ("状态", "已售")], ""),
    (&[("租金标准编码", ""), ("项目名称", "甲经适项目")], ""),
    (&[("租金标准编码", "ZJ-00")], "租金标准【ZJ-00】不存在或不在有效期内"),
    (&[("租金标准编码", "ZJ-02")], "租金标准【ZJ-02】不存在或不在有效期内"),
    (&[("租金标准编码", "ZJ-03")], "租金标准【ZJ-03】不存在或不在有效期内"),
    (&[("不动产单元号", "410105001001GB00001F0001000")], "【不动产单元号】应为28位"),
    (&[("不动产单元号", "410105001001GB00001F00010001")], ""),
    (&[("状态", "已锁定")], "【状态】取值不在字典范围内：已锁定"),
    (&[("状态", "空置")], ""),
    (&[("楼栋经度", "113.5"), ("楼栋纬度", "34.5")], "【经度】【纬度】【坐标系】须同时填写或同时为空"),
    (&[("楼栋经度", "113.5"), ("楼栋纬度", "35.1"), ("坐标系", "WGS84")], "坐标不在【甲区】范围内"),
    (&[("楼栋经度", "113.5"), ("楼栋纬度", "34.5"), ("坐标系", "WGS84")], ""),
    // All that is wrong is told at once, but nothing about what could not be read.
    (
        &[("户型", "豪宅"), ("使用面积(㎡)", "58"), ("地上层数", "3"), ("楼层", "4")],
        "【户型】取值不在字典范围内：豪宅；使用面积不能大于建筑面积；【楼层】不能大于地上层数",
    ),
    (&[("建筑面积(㎡)", "-1"), ("使用面积(㎡)", "43")], "【建筑面积(㎡)】应为大于0的数字，最多2位小数"),
    (
        &[("楼栋经度", "x"), ("楼栋纬度", "34.5"), ("坐标系", "WGS84"), ("套内面积(㎡)", "58")],
        "【楼栋经度】格式不正确；套内面积不能大于建筑面积",
    ),
    (
        &[("项目名称", "没有"), ("住房管理单位", "没有"), ("租金标准编码", "没有")],
        "项目【没有】不存在，请先导入项目；住房管理单位【没有】不存在；租金标准【没有】不存在或不在有效期内",
    ),
    (
        &[("小区名称", "阳光苑"), ("住房管理单位", "没有"), ("租金标准编码", "")],
        "住房管理单位【没有】不存在；第2行【租金标准编码】不能为空；小区已存在但地址不一致",
    ),
    // Only what may look after housing does: a property company does not.
    (&[("住房管理单位", "暖心物业")], "住房管理单位【暖心物业】不存在"),
    (&[("住房管理单位", "安居公司")], ""),
    (&[("住房管理单位", "甲区")], ""),
];

/// A new flat of the building that the small city has already.
const KNOWN: Cells = &[("小区名称", "阳光苑"), ("小区地址", "光明路1号"), ("楼栋号", "1号楼"), ("房号", "901")];

#[tokio::test]
async fn every_rule_about_one_row() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "city").await;
    for (changes, expected) in ABOUT_ONE_ROW {
        assert_eq!(complaint(&ctx, SHEET, changes).await, *expected, "{changes:?}");
    }
    let district = city::ctx(&test.database, "district-a").await;
    let elsewhere: Cells = &[("所属区县", "乙区"), ("项目名称", "乙项目")];
    assert_eq!(complaint(&district, SHEET, elsewhere).await, "无权导入机构【乙区】的数据");
}

#[tokio::test]
async fn every_rule_about_what_is_there_already() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let cases: &[(Cells, &str)] = &[
        (&[], ""),
        (&[("小区地址", "光明路2号")], "小区已存在但地址不一致"),
        (&[("项目名称", "甲经适项目")], "楼栋已绑定项目【甲项目】"),
        (&[("楼层", "7")], "【楼层】不能大于地上层数"),
        (&[("楼层", "7"), ("地上层数", "9")], "【楼层】不能大于地上层数"),
        (&[("房号", "101")], "阳光苑1号楼1101已存在，不能重复导入"),
        (&[("房号", "１０１")], "阳光苑1号楼1101已存在，不能重复导入"),
        (&[("房号", "101"), ("单元号", "3")], ""),
    ];
    for (changes, expected) in cases {
        let cells: Vec<(&str, &str)> = KNOWN.iter().chain(*changes).copied().collect();
        assert_eq!(complaint(&ctx, SHEET, &cells).await, *expected, "{changes:?}");
    }
}

#[tokio::test]
async fn a_row_makes_everything_below_its_project() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let cells: Cells = &[
        ("小区名称", "<b>新&苑</b>"),
        ("楼栋号", "甲1号楼"),
        ("地上层数", "18"),
        ("楼栋经度", "113.25"),
        ("楼栋纬度", "34.25"),
        ("坐标系", "WGS84"),
        ("建筑结构", "钢筋混凝土"),
        ("单元号", "03"),
        ("楼层", "4"),
        ("房号", "0401"),
        ("朝向", "南"),
        ("装修", "简装"),
        ("备注", "首套"),
    ];
    import(&ctx, SHEET, vec![row(SHEET, cells)]).await;
    let estate = stored(&test, "estate", "name = '<b>新&苑</b>'").await;
    assert_eq!((&estate["address"], &estate["created_by"]), (&Value::from("新路1号"), &Value::from(ctx.actor().id.0)));
    let building = stored(&test, "building", &format!("estate_id = {}", estate["id"])).await;
    assert_eq!(
        (&building["no"], &building["floors_up"], &building["structure"]),
        (&Value::from("甲1号楼"), &Value::from(18), &Value::from("RC"))
    );
    assert_eq!(
        (&building["map_lng"], &building["entrances"], &building["district_id"]),
        (&Value::from(113.25), &Value::from(1), &estate["district_id"])
    );
    let unit = stored(&test, "unit", &format!("building_id = {}", building["id"])).await;
    assert_eq!(unit["code"], format!("{}-001-0001", estate["code"].as_str().expect("a code")));
    assert_eq!(unit["address"], "甲1号楼03单元0401室");
    assert_eq!(
        (&unit["status"], &unit["category"], &unit["building_area"]),
        (&Value::from("VACANT"), &Value::from("PRH"), &Value::from(5700))
    );
    assert_eq!(unit["vacant_since"], ctx.today().to_string());
    let room = stored(&test, "room", &format!("unit_id = {}", unit["id"])).await;
    assert_eq!(
        (&room["name"], &room["type"], &room["area"]),
        (&Value::from("0401"), &Value::from("SUITE"), &Value::from(5700))
    );
    let history = stored(&test, "unit_history", &format!("unit_id = {}", unit["id"])).await;
    assert_eq!(
        (&history["event"], &history["to_status"], &history["actor_id"]),
        (&Value::from("导入"), &Value::from("VACANT"), &Value::from(ctx.actor().id.0))
    );
    assert_eq!(count(&test, &format!("change where building_id = {}", building["id"])).await, 1);
}

/// Nobody said how high it is: the highest storey seen so far, also in a later file.
#[tokio::test]
async fn a_building_grows_with_its_storeys() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let floors = || async { stored(&test, "building", "no = '1'").await["floors_up"].as_i64() };
    let on = |floor: &str, room: &str| row(SHEET, &[("楼层", floor), ("房号", room)]);
    import(&ctx, SHEET, vec![on("-2", "B1"), on("3", "301"), on("2", "201")]).await;
    assert_eq!(floors().await, Some(3));
    import(&ctx, SHEET, vec![on("7", "701")]).await;
    assert_eq!(floors().await, Some(7));
    import(&ctx, SHEET, vec![row(SHEET, &[("楼层", "1"), ("房号", "101"), ("单元号", "2")])]).await;
    assert_eq!((floors().await, stored(&test, "building", "no = '1'").await["entrances"].as_i64()), (Some(7), Some(2)));
}

/// Who knows how high a building is may come late, and is believed if the storeys seen so far fit under the roof.
#[tokio::test]
async fn the_height_of_a_building_may_follow() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let height = || async {
        let building = stored(&test, "building", "no = '1'").await;
        (building["floors_up"].as_i64(), building["floors_given"].as_bool())
    };
    let on =
        |floors: &str, floor: &str, room: &str| row(SHEET, &[("地上层数", floors), ("楼层", floor), ("房号", room)]);
    import(&ctx, SHEET, vec![on("", "5", "501")]).await;
    assert_eq!(height().await, (Some(5), Some(false)));
    let low = take(&ctx, SHEET, true, vec![on("4", "1", "101")]).await;
    assert_eq!(told(&low), [(2, "【地上层数】不能小于该楼栋已有的最高楼层5".to_owned())]);
    assert_eq!(height().await, (Some(5), Some(false)));
    // Said in a later file, and from then on it holds, also for the rows below.
    let outcome = take(&ctx, SHEET, true, vec![on("9", "1", "101"), on("", "10", "1001"), on("", "9", "901")]).await;
    assert_eq!((outcome.succeeded, told(&outcome)), (2, vec![(3, "【楼层】不能大于地上层数".to_owned())]));
    assert_eq!(height().await, (Some(9), Some(true)));

    // Said in a later row of the file that brings the building, in one chunk or in several.
    for size in [10, 1] {
        let rows = vec![
            row(SHEET, &[("小区名称", &format!("苑{size}")), ("楼层", "3")]),
            row(SHEET, &[("小区名称", &format!("苑{size}")), ("楼层", "1"), ("房号", "102"), ("地上层数", "3")]),
            row(SHEET, &[("小区名称", &format!("苑{size}")), ("楼层", "4"), ("房号", "401")]),
        ];
        assert_eq!(chunks(ctx.clone(), rows, size).await, (2, 1));
        let building =
            stored(&test, "building", &format!("estate_id = (select id from estate where name = '苑{size}')")).await;
        assert_eq!((building["floors_up"].as_i64(), building["floors_given"].as_bool()), (Some(3), Some(true)));
    }
}

async fn execute(test: &TestDatabase, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&test.admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Every district has its centre of one name; each row means its own.
#[tokio::test]
async fn of_organizations_of_one_name_the_near_one_is_meant() {
    let test = TestDatabase::with_city().await;
    execute(
        &test,
        "insert into organization (code, name, type, parent_id, district_id, division_code)
         select x.code, x.name, x.type, d.id, d.district_id, d.division_code
         from (values ('A1', '公房中心', 'MGMT_UNIT', '810101'), ('B1', '公房中心', 'MGMT_UNIT', '810102'),
                      ('C1', '公房中心', 'MGMT_UNIT', '810103'), ('Z1', '公房中心', 'STREET', 'CITY'),
                      ('B2', '二所', 'MGMT_UNIT', '810102'), ('C2', '二所', 'MGMT_UNIT', '810103'),
                      ('B3', '三所', 'MGMT_UNIT', '810102'), ('Z3', '三所', 'MGMT_UNIT', 'CITY'),
                      ('A4', '四所', 'BANK', '810101'), ('B4', '四所', 'MGMT_UNIT', '810102')) as x (code, name, type, above)
         join organization d on d.code = x.above",
    )
    .await;
    let ctx = city::ctx(&test.database, "city").await;
    for (district, project, name, expected) in [
        ("甲区", "甲项目", "公房中心", "A1"),
        ("乙区", "乙项目", "公房中心", "B1"),
        ("甲区", "甲项目", "C1", "C1"),
        ("甲区", "甲项目", "三所", "Z3"),
        ("甲区", "甲项目", "四所", "B4"),
    ] {
        let cells: Cells =
            &[("所属区县", district), ("项目名称", project), ("住房管理单位", name), ("小区名称", expected)];
        import(&ctx, SHEET, vec![row(SHEET, cells)]).await;
        let unit = format!(
            "id = (select mgmt_unit_id from unit u join estate e on e.id = u.estate_id where e.name = '{expected}')"
        );
        assert_eq!(stored(&test, "organization", &unit).await["code"], expected, "{district} {name}");
    }
    let ambiguous = "【住房管理单位】有多个同名机构，请填写机构编码";
    assert_eq!(complaint(&ctx, SHEET, &[("住房管理单位", "二所")]).await, ambiguous);
    assert_eq!(complaint(&ctx, SHEET, &[("住房管理单位", "C2")]).await, "");
}

#[tokio::test]
async fn a_rent_standard_holds_in_its_district() {
    let test = TestDatabase::with_city().await;
    execute(
        &test,
        "insert into rent_standard (code, name, district_id, unit_rate, basis, doc_no, valid_from)
         select 'ZJ-' || name, name, id, 100, 'USABLE', '1', '2020-01-01' from organization where code in ('810101', '810102')",
    )
    .await;
    let ctx = city::ctx(&test.database, "city").await;
    assert_eq!(complaint(&ctx, SHEET, &[("租金标准编码", "ZJ-甲区")]).await, "");
    assert_eq!(complaint(&ctx, SHEET, &[("租金标准编码", "ZJ-乙区")]).await, "租金标准【ZJ-乙区】不适用于【甲区】");
}

/// An operator, or a clerk with some estates, fills them; new estates and those of others are not for them.
#[tokio::test]
async fn who_looks_after_estates_imports_into_them() {
    let test = TestDatabase::with_city().await;
    for (login, own, other) in [("operator", "阳光苑", "月光苑"), ("entry", "月光苑", "阳光苑")] {
        let ctx = city::ctx(&test.database, login).await;
        let flat = |estate: &str, building: &str| {
            row(SHEET, &[("小区名称", estate), ("小区地址", "光明路1号"), ("楼栋号", building), ("房号", "901")])
        };
        let rows = vec![
            flat(own, "1号楼"),
            flat(own, "新楼"),
            flat(own, "1号楼"),
            flat(other, "1号楼"),
            flat("新苑", "1号楼"),
            flat("星光苑", "2号楼"),
        ];
        let forbidden = |row_no| (row_no, "无权导入机构【甲区】的数据".to_owned());
        for write in [false, true] {
            let outcome = take(&ctx, SHEET, write, rows.clone()).await;
            let expected = vec![(4, "文件内第2行与第4行重复".to_owned()), forbidden(5), forbidden(6), forbidden(7)];
            assert_eq!((outcome.succeeded, told(&outcome)), (2, expected), "{login}, write: {write}");
        }
        let there = format!("unit u join estate e on e.id = u.estate_id where e.name = '{own}' and u.room_no = '901'");
        assert_eq!(count(&test, &there).await, 2, "{login}");
    }
    // Counted for the districts as well, of which they see nothing.
    let tallied: i64 = sqlx::query_scalar("select sum(units)::bigint from district_tally")
        .fetch_one(&test.admin)
        .await
        .expect("a sum");
    assert_eq!(tallied, city::UNITS + 4);
}

/// The first row of a building says where it stands and what it is made of.
#[tokio::test]
async fn the_first_row_of_a_building_wins() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let first: Cells =
        &[("房号", "101"), ("楼栋经度", "113.25"), ("楼栋纬度", "34.25"), ("坐标系", "WGS84"), ("建筑结构", "砖混")];
    let second: Cells =
        &[("房号", "102"), ("楼栋经度", "113.75"), ("楼栋纬度", "34.75"), ("坐标系", "WGS84"), ("建筑结构", "钢结构")];
    import(&ctx, SHEET, vec![row(SHEET, first), row(SHEET, second)]).await;
    let building = stored(&test, "building", "no = '1'").await;
    assert_eq!((&building["lng"], &building["structure"]), (&Value::from(113.25), &Value::from("BRICK_CONC")));
}

/// A row that fails leaves nothing behind: no estate, no building, no higher roof.
#[tokio::test]
async fn a_failed_row_leaves_no_trace() {
    let test = TestDatabase::with_city().await;
    let ctx = city::ctx(&test.database, "district-a").await;
    let bad = take(&ctx, SHEET, true, vec![row(SHEET, &[("租金标准编码", "ZJ-00")])]).await;
    assert_eq!((bad.succeeded, bad.failed.len()), (0, 1));
    assert_eq!(count(&test, "estate where name = '新苑'").await, 0);

    let rows = vec![row(SHEET, &[("楼层", "1")]), row(SHEET, &[("楼层", "9")])];
    let outcome = take(&ctx, SHEET, true, rows).await;
    assert_eq!((outcome.succeeded, told(&outcome)), (1, vec![(3, "文件内第2行与第3行重复".to_owned())]));
    assert_eq!(
        stored(&test, "building", "no = '1'").await["floors_up"],
        1,
        "the ninth floor was only in the row that failed"
    );
}

async fn chunks(ctx: Ctx, rows: Vec<Vec<String>>, size: usize) -> (u32, usize) {
    let mut import = Import::start(&ctx, SHEET, true).await.expect("started");
    let (mut succeeded, mut failed) = (0, 0);
    for chunk in numbered(rows).chunks(size) {
        let outcome = import.chunk(chunk.to_vec(), None).await.expect("the chunk is taken");
        succeeded += outcome.succeeded;
        failed += outcome.failed.len();
        tokio::task::yield_now().await;
    }
    (succeeded, failed)
}

/// Two clerks import the same file at the same moment: every flat is there once, every row is counted once.
#[tokio::test]
async fn the_same_file_twice_at_once() {
    let test = TestDatabase::with_city().await;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for building in ["1", "2", "3"] {
        for door in 1..=40 {
            rows.push(row(SHEET, &[("楼栋号", building), ("房号", &format!("1{door:02}"))]));
        }
    }
    let mut backwards = rows.clone();
    backwards.reverse();
    let one = tokio::spawn(chunks(city::ctx(&test.database, "district-a").await, rows, 30));
    let other = tokio::spawn(chunks(city::ctx(&test.database, "city").await, backwards, 30));
    let (one, other) = (one.await.expect("the first ends"), other.await.expect("the second ends"));
    assert_eq!((one.0 + other.0, one.1 + other.1), (120, 120), "{one:?} {other:?}");
    assert_eq!(count(&test, "unit u join estate e on e.id = u.estate_id where e.name = '新苑'").await, 120);
    assert_eq!(count(&test, "room r join estate e on e.id = r.estate_id where e.name = '新苑'").await, 120);
    assert_eq!(count(&test, "building b join estate e on e.id = b.estate_id where e.name = '新苑'").await, 3);
}
